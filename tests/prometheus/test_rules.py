"""The rules, against Prometheus' own tools. Missing tools fail: nothing here may pass unseen."""

import re
import subprocess
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from models.definitions.definitions import Definitions
from models.query.parameters import CustomerQuery, OrderQuery, TicketQuery
from prometheus import generate
from prometheus.alerting import DASHBOARDS
from prometheus.thresholds import THRESHOLDS
from streams.http.api import parameters
from tests.support.generated_files import outdated
from tests.support.process_caches import PROMTOOL_ENVIRON
from tests.support.promtool import TESTS, relevant, unit_tests

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "prometheus"
TEAMS = {"support", "logistics", "commerce", "platform"}


def run(*command):
    return subprocess.run(
        command, cwd=PROMETHEUS, env=PROMTOOL_ENVIRON, capture_output=True, text=True, check=False
    )


def load(name):
    return yaml.safe_load((PROMETHEUS / name).read_text(encoding="utf-8"))


ALERTS = {rule["alert"]: rule for group in load("rules/alerts.yml")["groups"] for rule in group["rules"]}
UNIT_TESTS = sorted(path.name for path in TESTS.glob("*.yml"))


def verdicts():
    """(alert, whether it is expected to fire) of every unit test."""
    for name in UNIT_TESTS:
        for test in load(f"tests/{name}")["tests"]:
            for case in test.get("alert_rule_test", []):
                yield case["alertname"], bool(case["exp_alerts"])


def test_generated_files_are_current():
    assert outdated(generate.files()) == [], "run `make generate`"


@pytest.mark.parametrize("name", UNIT_TESTS)
@pytest.mark.program("promtool")
def test_promtool_unit_tests_pass(name, tmp_path):
    result = unit_tests((TESTS / name).read_text(encoding="utf-8"), tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_rules_without_series_are_left_out_of_unit_tests():
    rules = [
        {"record": "held", "expr": "max(last_over_time(churn[3m]))"},
        {"record": "high", "expr": 'held{of="orders"} + 1'},
        {"record": "other", "expr": 'orders{of="churn"}'},
        {"record": "none", "expr": "absent(orders)"},
        {"alert": "Rising", "expr": "high > 1"},
        {"alert": "Falling", "expr": "high < 1"},
        {"alert": "Silent", "expr": "none"},
    ]
    tests = [
        {
            "input_series": [{"series": 'churn{window="30d"}', "values": "1x3"}],
            "alert_rule_test": [{"alertname": "Rising"}],
            "promql_expr_test": [{"expr": 'ALERTS{alertstate="firing", alertname=~"Si.*"}'}],
        }
    ]
    [group] = relevant([{"name": "all", "rules": rules}], tests)
    assert [rule.get("record") or rule["alert"] for rule in group["rules"]] == [
        *("held", "high", "none"),
        *("Rising", "Silent"),
    ]


def test_every_threshold_is_used():
    code = "".join(
        path.read_text() for name in ("prometheus", "grafana") for path in (ROOT / name).glob("*.py")
    )
    for section, values in THRESHOLDS.items():
        for name in values:
            assert f'["{name}"]' in code or f"['{name}']" in code, f"{section}.{name}"


@pytest.mark.program("promtool")
def test_configuration_is_valid():
    result = run("promtool", "check", "config", "prometheus.yml")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_is_shown_to_fire_and_to_be_quiet(alert):
    assert {fires for name, fires in verdicts() if name == alert} == {True, False}


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_team_severity_and_links(alert):
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["labels"]["team"] in TEAMS
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url", "dashboard_url"}
    assert re.search(r"/d/([a-z-]+)", rule["annotations"]["dashboard_url"])[1] in DASHBOARDS.values()


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_its_section_in_the_runbook(alert):
    runbook = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {alert}\n(.*?)(?=^## |\Z)", runbook, re.MULTILINE | re.DOTALL)
    assert section, alert
    for part in ("**Means.**", "**See.**", "**Do.**"):
        assert part in section[1]
    anchor = ALERTS[alert]["annotations"]["runbook_url"].partition("#")[2]
    assert f'id="{anchor}"' in (PROMETHEUS / "user" / "runbook.html").read_text(encoding="utf-8")


def test_every_alert_section_of_the_runbook_has_its_alert():
    headings = re.findall(
        r"^## (Retention\w+)$", (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert headings == list(ALERTS)


def test_queries_of_the_runbook_are_valid_requests():
    runbook = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    lists = {"/customers": CustomerQuery, "/tickets": TicketQuery, "/orders": OrderQuery}
    urls = [urlsplit(url) for url in re.findall(r"curl '?(http\S+?)['`\s]", runbook)]
    assert lists.keys() <= {url.path for url in urls} <= {*lists, "/customers/CUSTOMER/why", "/ready"}
    for url in urls:
        assert url.netloc == "127.0.0.1:6066"
        if url.query:
            query = parse_qsl(url.query, keep_blank_values=True)
            parameters.read(lists[url.path], query, Definitions())  # refuses what nobody would answer


@pytest.mark.parametrize("alert", ALERTS)
def test_only_business_alerts_require_fresh_numbers(alert):
    business = ALERTS[alert]["labels"]["team"] != "platform"
    assert ("job:retention:trusted == 1" in ALERTS[alert]["expr"]) is business


def test_rules_do_not_depend_on_the_exporting_worker():
    for group in load("rules/recording.yml")["groups"]:
        for rule in group["rules"]:
            if re.search(r"(?<!job:)\bretention_(?!worker)", rule["expr"]):
                assert "without (instance)" in rule["expr"], rule["record"]
