"""Take the README's screenshot of the live page: run the demo and open it in Chromium.

Run: python scripts/screenshot.py docs/page.png
Requires the programs chromium, chromedriver and prometheus.
"""

import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from streams.config.load import load
from streams.demo import Demo, configured, plan
from streams.local.ports import free_port

#: Limit until the first alert is on the page, and the delay in which further alerts appear.
_ALERT_TIMEOUT_SECONDS = 900.0
_SETTLE_SECONDS = 15.0
_WIDTH, _SCALE = 1120, 1.25
#: A larger file makes the README slow to load.
_MAX_BYTES = 350_000


async def main(path: Path) -> None:
    """Run the demo and save a screenshot of its page to `path`."""
    port = free_port()
    settings = configured(load({"port": port}))
    shop = plan(
        settings.definitions, customers=8_000, seed=1, scenario="bad-autumn", rate=1.0, story_seconds=100.0
    )
    demo = Demo(settings, shop, None, Console(quiet=True))
    running = asyncio.create_task(demo.run())
    try:
        await asyncio.wait({running, asyncio.create_task(demo.numbers.wait())}, return_when="FIRST_COMPLETED")
        await asyncio.to_thread(_save_screenshot, f"http://127.0.0.1:{port}/", path)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _save_screenshot(url: str, path: Path) -> None:
    options = webdriver.ChromeOptions()
    profile = tempfile.mkdtemp()
    for flag in (
        *(
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--hide-scrollbars",
        ),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        f"--user-data-dir={profile}",
    ):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        size = {"width": _WIDTH, "height": 800, "deviceScaleFactor": _SCALE, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        reduced = [{"name": "prefers-reduced-motion", "value": "reduce"}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": reduced})
        driver.get(url)
        deadline = time.monotonic() + _ALERT_TIMEOUT_SECONDS
        while not driver.execute_script("return document.querySelectorAll('.alerts li').length"):
            if time.monotonic() > deadline:
                sys.exit(f"no alert fired within {_ALERT_TIMEOUT_SECONDS:g} s")
            time.sleep(0.5)
        time.sleep(_SETTLE_SECONDS)
        # A window with a first response on every day of the story.
        driver.execute_script("document.querySelector('#support-windows input[value=\"7d\"]').click()")
        # The picture ends below the panel of the customers.
        end = driver.execute_script("return document.getElementById('flow').getBoundingClientRect().bottom")
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size | {"height": round(end) + 16})
        time.sleep(1)
        driver.save_screenshot(str(path))
    finally:
        driver.quit()
        shutil.rmtree(profile, ignore_errors=True)


if __name__ == "__main__":
    picture = Path(sys.argv[1])
    asyncio.run(main(picture))
    if (size := picture.stat().st_size) > _MAX_BYTES:
        sys.exit(f"{picture} has {size:,} bytes; the limit is {_MAX_BYTES:,}")
