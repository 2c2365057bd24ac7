"""Recording rules: the business series in the form that alerts need.

A worker may hand its series to another one at any time, and a scrape may fail. `held` bridges both: the last
value within `scrape.hold`, whatever the instance. What is concluded also needs `job:retention:trusted`.
"""

from typing import Any

from models.metrics.bounds import Z
from prometheus import churn_effects
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


def bound(ratio: str, side: str) -> str:
    """Return the recorded confidence bound of a ratio, `low` or `high`."""
    return f"job:{ratio}:{side}"


def rules() -> list[dict[str, Any]]:
    """Return all recording rules, in the order in which they build on each other."""
    recorded = [_record(held(metric), _hold("max", metric)) for metric in RECORDED]
    return [
        *recorded,
        *_bounds(),
        *_trust(),
        *_expectations(),
        *churn_effects.rules(),
        *_budgets(),
        *_pipeline(),
    ]


def _record(name: str, expr: str) -> dict[str, Any]:
    return {"record": name, "expr": expr}


def _hold(worst: str, metric: str) -> str:
    return f"{worst} without (instance) (last_over_time({metric}[{HOLD}]))"


def _bounds() -> list[dict[str, Any]]:
    """Return the rules of the bounds of the ratios that alerts use (docs/metrics.md, "Confidence bounds")."""
    rules = []
    for metric in RECORDED:
        if metric.endswith("_ratio"):
            # A share of money counts nothing, so it has no bounds.
            counted = {"basis": "orders|full"} if metric == "retention_refund_ratio" else {}
            number = held(metric.removesuffix("_ratio") + "_denominator", **counted)
            for side, sign in (("low", "-"), ("high", "+")):
                rules.append(_record(bound(metric, side), _wilson(held(metric, **counted), number, sign)))
    return rules


def _wilson(share: str, number: str, sign: str) -> str:
    """Return Wilson's bound of a ratio, as `models.metrics.bounds.wilson` computes it."""
    half = f"{Z!r} * sqrt({share} * (1 - {share}) * {number} + {Z * Z / 4!r})"
    return f"(\n{share} * {number} + {Z * Z / 2!r}\n{sign} {half}\n) / ({number} + {Z * Z!r})"


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
    rules = []
    for name, span, span_and_year in (("expected", "1w", "53w"), ("expected4w", "4w", "56w")):
        then = _churn_before(span)
        high = _wilson(then, _churn_before(span, "retention_churn_denominator"), "+")
        rules += [
            _record(f"job:retention_churn_ratio:{name}", _in_season(then, span_and_year)),
            # The past has no recorded bounds: `retention history` writes the ratio and its denominator.
            _record(f"job:retention_churn_ratio:{name}_high", _in_season(high, span_and_year)),
        ]
    return rules


def _churn_before(span: str, metric: str = "retention_churn_ratio") -> str:
    return before(span, metric, window="|".join(T["churn"]["ceiling"]))


def _in_season(then: str, span_and_year: str) -> str:
    """Return a value of an earlier week, scaled by last year's change of churn from then to now."""
    churn = T["churn"]
    year, then_of_last_year = _churn_before("52w"), _churn_before(span_and_year)
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
