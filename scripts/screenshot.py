"""Takes the README's picture of the live page: runs the demo, and looks at it with a real Chromium.

Run: python scripts/screenshot.py docs/page.png (needs Debian's chromium and chromium-driver, or any other)
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

from streams.broker import free_port
from streams.demo import Demo, plan
from streams.settings import load

#: So long does the page live before it is looked at: a trend needs a past.
_LIVE_SECONDS = 120.0
_WIDTH, _SCALE = 1180, 2
#: Larger, and a README is slow to open.
_MOST_BYTES = 300_000


async def main(path: Path) -> None:
    """Run the demo, and save what its page looks like into `path`."""
    port = free_port()
    demo = Demo(load({"port": port}), plan(10_000, 1, "support-backlog", 20.0), None, Console(quiet=True))
    running = asyncio.create_task(demo.run())
    try:
        await asyncio.wait({running, asyncio.create_task(demo.live.wait())}, return_when="FIRST_COMPLETED")
        await asyncio.to_thread(_take, f"http://127.0.0.1:{port}/", path)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _take(url: str, path: Path) -> None:
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
        calm = [{"name": "prefers-reduced-motion", "value": "reduce"}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": calm})
        driver.get(url)
        while driver.execute_script("return document.getElementById('link').dataset.state") != "live":
            time.sleep(0.2)
        time.sleep(_LIVE_SECONDS)
        # Down to the end of what is beside the customers.
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
    if (size := picture.stat().st_size) > _MOST_BYTES:
        sys.exit(f"{picture} has {size:,} bytes: make it smaller")
