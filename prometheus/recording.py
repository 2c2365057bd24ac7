"""Recording rules: the business series in the form that alerts need.

A worker may hand its series to another one at any time, and a scrape may fail. `held` bridges both: the last
value within `scrape.hold`, whatever the instance. What is concluded also needs `job:retention:trusted`.
"""

from typing import Any

from prometheus.thresholds import THRESHOLDS as T
from streams.backfill.openmetrics import RECORDED

HOLD: str = T["scrape"]["hold"]
JOB: str = T["scrape"]["job"]
TRUSTED = "job:retention:trusted"


def held(metric: str, **labels: str) -> str:
    """Return the recorded series that bridges a missed scrape and a hand-over; `a|b` selects either value."""
    matchers = [f'{name}{"=~" if "|" in value else "="}"{value}"' for name, value in labels.items()]
    return f"job:{metric}:held" + (f"{{{', '.join(matchers)}}}" if matchers else "")


def before(span: str, metric: str, **labels: str) -> str:
    """Return the same series `span` ago, also if that minute was missed."""
    return f"last_over_time({held(metric, **labels)}[1h] offset {span})"


def rules() -> list[dict[str, Any]]:
    """Return all recording rules, in the order in which they build on each other."""
    recorded = [_record(held(metric), _hold("max", metric)) for metric in RECORDED]
    return [*recorded, *_trust(), *_expectations(), *_budgets(), *_pipeline()]


def _record(name: str, expr: str) -> dict[str, Any]:
    return {"record": name, "expr": expr}


def _hold(worst: str, metric: str) -> str:
    return f"{worst} without (instance) (last_over_time({metric}[{HOLD}]))"


def _trust() -> list[dict[str, Any]]:
    # The smallest: while two workers disagree on being caught up, no number may page anyone.
    caught_up = "job:retention_caught_up:least"
    as_of = held("retention_as_of_timestamp_seconds")
    return [
        _record(caught_up, _hold("min", "retention_caught_up")),
        _record(
            TRUSTED,
            f"(time() - {as_of} < bool {T['trust']['fresh_seconds']})\n* on (job) ({caught_up} == bool 1)",
        ),
    ]


def _expectations() -> list[dict[str, Any]]:
    # A window changes only slightly in a week, so a slow rise shows over four weeks.
    return [
        _record("job:retention_churn_ratio:expected", _expected("1w", "53w")),
        _record("job:retention_churn_ratio:expected4w", _expected("4w", "56w")),
    ]


def _expected(span: str, span_and_year: str) -> str:
    """Return churn `span` ago, scaled by last year's change from then to now."""
    churn = T["churn"]
    watched = "|".join(churn["ceiling"])
    then, year, then_of_last_year = (
        before(back, "retention_churn_ratio", window=watched) for back in (span, "52w", span_and_year)
    )
    season = f"clamp({year} / {then_of_last_year} > 0, {churn['season_least']}, {churn['season_most']})"
    # Without a last year, the earlier value alone is expected.
    return f"{then}\n* {season}\nor\n{then}"


def _budgets() -> list[dict[str, Any]]:
    burns = [
        f"{held('retention_sla_breach_ratio', priority='all', sla=sla)} / {1 - objective:.4g}"
        for sla, objective in T["slo"]["objective"].items()
    ]
    return [_record("job:retention_sla_budget_burn:rate", "\nor\n".join(burns))]


def _pipeline() -> list[dict[str, Any]]:
    lag = "max by (job, topic, partition) (retention_worker_lag_records)"
    return [
        _record("job:retention_workers:up", f'sum by (job) (up{{job="{JOB}"}})'),
        _record(held("retention_workers_expected"), _hold("max", "retention_workers_expected")),
        _record("job:retention_worker_lag_records:sum", f"sum by (job, topic) ({lag})"),
        _record(
            "job:retention_worker_events:rate30m",
            "sum by (job, topic) (rate(retention_worker_events_total[30m]))",
        ),
        _record(
            "job:retention_worker_events:rate1d",
            "sum by (job, topic) (rate(retention_worker_events_total[1d] offset 30m))",
        ),
    ]
