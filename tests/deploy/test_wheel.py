"""What is installed, where only the program is: everything that it reads while it runs is in the wheel."""

import os
import subprocess
import sys
import zipfile

import pytest

from tests.support.worker_process import ROOT

PRINT = """
from streams.monitoring import alerting_files
there = alerting_files.directory()
print(alerting_files.__file__, there)
print(alerting_files.thresholds()["sla"]["breach"]["urgent"], *sorted(p.name for p in there.rglob("*.*")))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A directory with the files that pip would put into site-packages."""
    built, site = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", built]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [wheel] = built.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    return site


def test_wheel_contains_rules_thresholds_and_runbook(installed, tmp_path):
    code = f"import sys; sys.path.insert(0, {str(installed)!r})\n{PRINT}"
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    where, what = done.stdout.splitlines()
    assert all(path.startswith(str(installed)) for path in where.split())
    assert what.split() == ["0.1", "alerts.yml", "recording.yml", "runbook.html", "thresholds.toml"]


def test_wheel_contains_the_live_page_and_the_schemas(installed):
    ours = {path.relative_to(ROOT) for path in (ROOT / "streams").rglob("*") if is_data(path)}
    assert {path for path in ours if not (installed / path).is_file()} == set()


def is_data(path):
    return path.is_file() and path.suffix not in {".py", ".pyc"}
