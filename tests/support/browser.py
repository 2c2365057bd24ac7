"""A real headless Chromium."""

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service

_AXE = Path(__file__).parent / "axe" / "axe.min.js"
_FLAGS = (
    "--headless",
    "--no-sandbox",  # the sandbox does not run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
_PATIENCE = 40.0


class Browser:
    """One browser with one page. Its start takes 3 CPU seconds, a new tab a tenth of one."""

    def __init__(self, profile: Path) -> None:
        driver = shutil.which("chromedriver")
        assert driver, "no chromedriver: apt-get install chromium chromium-driver"
        options = webdriver.ChromeOptions()
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(driver))
        self.size(1280, 900)

    def close(self) -> None:
        self.driver.quit()

    def renew(self) -> None:
        """Continue in a new tab, without the size, preferences, storage and messages of earlier pages."""
        former = self.driver.current_window_handle
        self.driver.switch_to.new_window("tab")
        tab = self.driver.current_window_handle
        self.driver.switch_to.window(former)
        self.driver.close()
        self.driver.switch_to.window(tab)
        self.driver.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})
        self.messages()
        self.size(1280, 900)

    def size(self, width: int, height: int, scale: float = 1) -> None:
        """Set the page size in CSS pixels; a width below 500 emulates a phone."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, **features: str) -> None:
        """Emulate preferences of the user's system, such as `color_scheme="dark"`."""
        chosen = [
            {"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in features.items()
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": chosen})

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def text(self, selector: str) -> str:
        return str(self.run("return document.querySelector(arguments[0]).textContent", selector))

    def until(self, condition: Callable[[], Any], what: str, patience: float = _PATIENCE) -> Any:
        """Poll until a condition is true, and return its value."""
        deadline = time.monotonic() + patience
        while True:
            try:
                if found := condition():
                    return found
            except StaleElementReferenceException:
                pass
            assert time.monotonic() < deadline, f"timed out: {what}"
            time.sleep(0.1)

    def messages(self) -> list[str]:
        """Return the console's messages: errors, and violations of the content security policy."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]

    def violations(self) -> list[str]:
        """Return the violations of WCAG 2.2 AA and of best practices that axe finds."""
        self.run(_AXE.read_text())
        results: Mapping[str, Any] = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, { resultTypes: ['violations'] }).then(done)"
        )
        return [
            f"{violation['id']}: {node['target']} {node['failureSummary']}"
            for violation in results["violations"]
            for node in violation["nodes"]
        ]
