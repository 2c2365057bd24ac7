"""Routes and inhibitions, in a real Alertmanager."""

import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from streams.local.ports import free_port

pytestmark = pytest.mark.program("amtool", "prometheus-alertmanager|alertmanager")

#: Alertmanager considers alerts one after the other: when these are done, so are all before them.
LAST = (
    {"alertname": "RetentionNumbersStale", "team": "platform", "numbers": "suspect", "job": "last"},
    {"alertname": "RetentionSlaBreaches", "team": "support", "job": "last"},
)
CONFIG = Path(__file__).parents[2] / "prometheus" / "alertmanager.yml"


class Alertmanager:
    def __init__(self, url):
        self.url = url

    def call(self, path, body=None):
        request = urllib.request.Request(f"{self.url}{path}", headers={"Content-Type": "application/json"})
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(request, data, timeout=5) as answer:
            return json.loads(answer.read() or "null")

    def fire(self, *labels):
        """Send alerts, and then a pair of another shop of which one inhibits the other."""
        for alerts in (labels, LAST):
            self.call("/api/v2/alerts", [{"labels": {"job": "retention", **each}} for each in alerts])

    def silenced(self):
        """Names of the alerts that are inhibited, once the last ones have taken effect."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = self.call("/api/v2/alerts")
            inhibited = [alert["labels"] for alert in found if alert["status"]["inhibitedBy"]]
            names = {labels["alertname"] for labels in inhibited if labels["job"] != "last"}
            if len(names) < len(inhibited):
                return names
            time.sleep(0.1)
        raise AssertionError(found)


@pytest.fixture
def alertmanager(tmp_path):
    port = free_port()
    command = [
        shutil.which("prometheus-alertmanager") or "alertmanager",  # Debian's name, and everybody else's
        f"--config.file={CONFIG}",
        f"--storage.path={tmp_path}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, stderr=log, stdout=log) as process:
        server = Alertmanager(f"http://127.0.0.1:{port}")
        try:
            wait_for(server, process, tmp_path / "log")
            yield server
        finally:
            process.terminate()


def wait_for(server, process, log):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            server.call("/api/v2/status")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())


def test_configuration_is_valid():
    result = subprocess.run(["amtool", "check-config", CONFIG], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("severity", ["critical", "warning"])
@pytest.mark.parametrize("team", ["support", "logistics", "commerce", "platform"])
def test_each_team_receives_its_own_alerts(team, severity):
    command = ["amtool", "config", "routes", "test", f"--config.file={CONFIG}", f"--verify.receivers={team}"]
    result = subprocess.run(
        [*command, f"team={team}", f"severity={severity}"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_pipeline_alert_silences_business_alerts_of_its_job(alertmanager):
    alertmanager.fire(
        {"alertname": "RetentionNumbersStale", "team": "platform", "numbers": "suspect"},
        {"alertname": "RetentionChurnAboveCeiling", "team": "commerce", "window": "90d"},
        {"alertname": "RetentionSlaBreaches", "team": "support"},
        {"alertname": "RetentionDeliveriesOverdueRising", "team": "logistics"},
        {"alertname": "RetentionWorkerGone", "team": "platform"},
        {"alertname": "OtherShop", "team": "commerce", "job": "other"},
    )
    assert alertmanager.silenced() == {
        "RetentionChurnAboveCeiling",
        "RetentionSlaBreaches",
        "RetentionDeliveriesOverdueRising",
    }


def test_all_workers_down_silences_what_follows_from_it(alertmanager):
    alertmanager.fire(
        {"alertname": "RetentionWorkersDown", "team": "platform", "numbers": "suspect"},
        {"alertname": "RetentionNoRollupOwner", "team": "platform", "numbers": "suspect"},
        {"alertname": "RetentionWorkerGone", "team": "platform"},
        {"alertname": "RetentionTargetDown", "team": "platform"},
        {"alertname": "RetentionRecordsLost", "team": "platform"},
        {"alertname": "RetentionSlaBreaches", "team": "support"},
    )
    assert alertmanager.silenced() == {
        "RetentionNoRollupOwner",
        "RetentionWorkerGone",
        "RetentionTargetDown",
        "RetentionSlaBreaches",
    }


def test_missing_worker_silences_nothing(alertmanager):
    alertmanager.fire(
        {"alertname": "RetentionWorkerGone", "team": "platform"},
        {"alertname": "RetentionSlaBreaches", "team": "support"},
    )
    assert alertmanager.silenced() == set()


def test_more_severe_of_two_alerts_silences_the_other(alertmanager):
    alertmanager.fire(
        {"alertname": "RetentionFirstResponseBudgetBurning", "team": "support", "sla": "first_response"},
        {"alertname": "RetentionFirstResponseBudgetEroding", "team": "support", "sla": "first_response"},
        {"alertname": "RetentionResolutionBudgetEroding", "team": "support", "sla": "resolution"},
        {"alertname": "RetentionChurnAboveCeiling", "team": "commerce", "window": "90d"},
        {"alertname": "RetentionChurnRising", "team": "commerce", "window": "90d"},
    )
    assert alertmanager.silenced() == {"RetentionFirstResponseBudgetEroding", "RetentionChurnRising"}
