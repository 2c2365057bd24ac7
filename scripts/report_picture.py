"""Take the picture of a report for the guide: simulate a shop, report a month, and open it in Chromium.

Run: python scripts/report_picture.py docs/report.png
Requires the programs chromium and chromedriver. The same release makes the same picture.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

_SHOP = ("--customers", "3000", "--scenario", "bad-autumn", "--since", "2026-10-01", "--end", "2026-11-04")
_NOW = "2026-11-04T06:00:00Z"
_CONFIGURATION = '[periods]\nzone = "Europe/Berlin"\nkinds = ["month"]\n'
_WIDTH, _SCALE = 800, 1.25


def main(path: Path) -> None:
    """Save a picture of the beginning of a report."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        events, configuration, page = (directory / file for file in ("shop.jsonl.gz", "r.toml", "month.html"))
        configuration.write_text(_CONFIGURATION)
        _retention("simulate", *_SHOP, "--out", str(events))
        source = ("--input", str(events), "--now", _NOW, "--config", str(configuration))
        _retention("report", *source, "--period", "month", "--format", "html", "--output", str(page))
        _save_screenshot(page, path, directory / "profile")


def _retention(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "streams.cli", *arguments], check=True)  # noqa: S603 - our own program


def _save_screenshot(page: Path, path: Path, profile: Path) -> None:
    options = webdriver.ChromeOptions()
    for flag in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        size = {"width": _WIDTH, "height": 800, "deviceScaleFactor": _SCALE, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        driver.get(page.as_uri())
        end = driver.execute_script(
            "return [...document.querySelectorAll('.half')].pop().getBoundingClientRect().bottom"
        )
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size | {"height": round(end) - 4})
        driver.save_screenshot(str(path))
    finally:
        driver.quit()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
