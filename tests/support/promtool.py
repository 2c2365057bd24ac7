"""Run promtool's unit tests of rules, without the rules that cannot change their results.

promtool evaluates every rule at every step, and an evaluation takes 0.15 ms even where it finds no series.
A file of unit tests has series for a few of the 80 rules.
"""

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from prometheus.thresholds import HERE
from tests.support.process_caches import PROMTOOL_ENVIRON

TESTS = HERE / "tests"

_STRING = re.compile(r'"[^"]*"')
_WORD = re.compile(r"[a-zA-Z_:][\w:]*")
#: Functions that yield a sample without a series.
_OF_NOTHING = {"absent", "absent_over_time", "vector"}
_ALERT_OF_QUERY = re.compile(r'ALERTS\{[^}]*alertname=~?"([^"]*)"')


def unit_tests(text: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run unit tests of rules, and return promtool's answer.

    Args:
        text: content of a file in `prometheus/tests`.
        directory: empty directory for the files that promtool reads.
    """
    tests = yaml.safe_load(text)
    rules = {path: yaml.safe_load((TESTS / path).read_text(encoding="utf-8")) for path in tests["rule_files"]}
    kept = relevant([group for content in rules.values() for group in content["groups"]], tests["tests"])
    path = directory / "tests" / "tests.yml"
    path.parent.mkdir()
    path.write_text(text)
    for name, content in rules.items():
        groups = [kept.pop(0) for _ in content["groups"]]
        (path.parent / name).resolve().parent.mkdir(exist_ok=True)
        (path.parent / name).write_text(yaml.safe_dump({"groups": groups}))
    command = ["promtool", "test", "rules", path]
    return subprocess.run(command, env=PROMTOOL_ENVIRON, capture_output=True, text=True, check=False)


def relevant(groups: list[dict[str, Any]], tests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the groups with the rules that can yield something of the tests' series, and the tested alerts.

    No rule reads the result of an alert. A recording rule yields nothing unless it reads an input series, a
    series that an earlier rule records, or the absence of one.
    """
    series = {_metric(one["series"]) for test in tests for one in test.get("input_series", [])}
    alerts = re.compile("|".join(_tested_alerts(tests)) or "(?!)")
    found = []
    for group in groups:
        kept = []
        for rule in group["rules"]:
            if "alert" in rule:
                kept += [rule] if alerts.fullmatch(rule["alert"]) else []
            elif _words(rule["expr"]) & (series | _OF_NOTHING):
                series.add(rule["record"])
                kept.append(rule)
        found.append(group | {"rules": kept})
    return found


def _metric(series: str) -> str:
    return series.partition("{")[0].strip()


def _words(expr: str) -> set[str]:
    """Return the names of metrics in an expression, with those of functions and labels."""
    return set(_WORD.findall(_STRING.sub("", expr)))


def _tested_alerts(tests: list[dict[str, Any]]) -> set[str]:
    """Return patterns of the names of the alerts whose state the tests expect or query."""
    expected = {each["alertname"] for test in tests for each in test.get("alert_rule_test", [])}
    queries = [each["expr"] for test in tests for each in test.get("promql_expr_test", [])]
    for query in queries:
        found = _ALERT_OF_QUERY.findall(query)
        expected.update(found if len(found) == query.count("ALERTS") else [".*"])
    return expected
