"""A real Prometheus with the project's rules that scrapes a test's targets; and the panels' queries."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import yaml

from prometheus.thresholds import THRESHOLDS
from streams.local.ports import free_port
from streams.local.processes import die_with_parent

ROOT = Path(__file__).parents[2]
JOB = THRESHOLDS["scrape"]["job"]
#: Grafana's own rule: four scrapes, of which two make a rate.
SCRAPE_SECONDS = 2
VARIABLES = {"__rate_interval": f"{8 * SCRAPE_SECONDS}s", "job": ".+", "instance": ".+"}

Sample = tuple[frozenset[tuple[str, str]], float]


class PrometheusServer:
    """A Prometheus process that the constructor starts and `close` ends."""

    def __init__(self, targets: list[str], directory: Path) -> None:
        self.port = free_port()
        self.log = directory / "prometheus.log"
        (directory / "rules").symlink_to(ROOT / "prometheus" / "rules")
        (directory / "prometheus.yml").write_text(yaml.safe_dump(_configuration(targets)))
        command = [
            shutil.which("prometheus") or "",
            f"--config.file={directory}/prometheus.yml",
            f"--storage.tsdb.path={directory}/data",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--enable-feature=exemplar-storage",
        ]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(die_with_parent(command), stdout=log, stderr=log)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()

    def query(self, expr: str) -> list[Sample]:
        """Return the samples of an instant query. Raise AssertionError with Prometheus' message."""
        data = self.get("/api/v1/query", query=expr)
        if data["resultType"] == "scalar":
            return [(frozenset(), float(data["result"][1]))]
        return [(frozenset(each["metric"].items()), float(each["value"][1])) for each in data["result"]]

    def get(self, path: str, **parameters: str) -> dict:
        url = f"http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            if error.code == HTTPStatus.SERVICE_UNAVAILABLE:  # it starts
                raise
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None
        assert not answer.get("warnings"), answer
        return answer["data"]

    def until(self, expr: str, patience: float = 60.0) -> list[Sample]:
        """Wait until a query returns a sample."""
        deadline = time.monotonic() + patience
        while True:
            try:
                if found := self.query(expr):
                    return found
            except OSError:
                assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, f"{expr}: nothing\n{self.log.read_text()[-2000:]}"
            time.sleep(0.2)


def _configuration(targets: list[str]) -> dict:
    """Return Compose's prometheus.yml with other targets and another scrape interval."""
    given = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())
    (job,) = [job for job in given["scrape_configs"] if job["job_name"] == JOB]
    job.pop("dns_sd_configs")
    job["static_configs"] = [{"targets": targets}]
    interval = f"{SCRAPE_SECONDS}s"
    return {
        "global": {"scrape_interval": interval, "evaluation_interval": interval},
        "rule_files": given["rule_files"],
        "scrape_configs": [job],
    }


def closed_month() -> str:
    """Return the latest month that is closed three days after its end, as Grafana chooses it."""
    over = datetime.now(UTC) - timedelta(days=3)
    return f"{over.replace(day=1) - timedelta(days=1):%Y-%m}"


#: Variable without a default -> the value that Grafana chooses: the first one of its list.
LATEST = {"period": closed_month}


def all_panels(board: dict) -> list[dict]:
    """Return the panels of a dashboard and of its collapsed rows, in the order of their places."""
    return [each for panel in board["panels"] for each in (panel, *(panel.get("panels") or []))]


def panels() -> list[tuple[str, str, dict[str, str]]]:
    """Return (dashboard and title, query, the dashboard's variables) for every target of every panel."""
    found = []
    for path in sorted((ROOT / "grafana" / "dashboards").glob("*.json")):
        board = json.loads(path.read_text(encoding="utf-8"))
        chosen = {
            each["name"]: (each.get("current") or {}).get("value") or LATEST[each["name"]]()
            for each in board["templating"]["list"]
            if each["type"] == "query" and not each["includeAll"]
        }
        found += [
            (f"{board['title']}: {panel['title']}", target["expr"], chosen)
            for panel in all_panels(board)
            for target in panel.get("targets", [])
        ]
    return found


def filled(expr: str, chosen: dict[str, str]) -> str:
    """Return the query as Grafana sends it."""
    for name, value in sorted((VARIABLES | chosen).items(), key=lambda item: -len(item[0])):
        expr = expr.replace(f"${name}", value)
    return expr
