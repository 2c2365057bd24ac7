"""Each condition of each alert about the shop: with all of them it fires, without any of them it does not.

Each case is a job of its own, so that one run of promtool shows them all.
"""

from dataclasses import dataclass, field

import pytest
import yaml

from prometheus.thresholds import HERE
from prometheus.thresholds import THRESHOLDS as T
from tests.support.promtool import unit_tests

#: Six hours a step: four weeks of a past, then what has changed, for three more.
STEP, PAST, LATER = "6h", 112, 3
NOW = f"{(PAST + 2) * 6}h"
TRUSTED = {
    "retention_as_of_timestamp_seconds{}": f"0+21600x{PAST + LATER}",
    "retention_caught_up{}": 1,
}
UNTRUSTED = {
    "it is not caught up": {"retention_caught_up{}": 0},
    "its numbers are old": {"retention_as_of_timestamp_seconds{}": f"-181+21600x{PAST + LATER}"},
}


@dataclass
class Edge:
    """Series that make an alert fire, and changes of the first ones that prevent it."""

    fires: dict[str, dict]
    quiet: dict[str, dict] = field(default_factory=dict)

    def cases(self):
        """(name, series, whether it fires) of each."""
        first = next(iter(self.fires.values()))
        for name, series in self.fires.items():
            yield name, TRUSTED | series, True
        for name, change in (self.quiet | UNTRUSTED).items():
            yield name, TRUSTED | first | change, False


def since(change: int, before: float, after: float) -> str:
    """A series that changed so many steps ago."""
    return f"{before}x{PAST - change - 1} {after}x{change + LATER}"


def churn(window: str, before: float, now: float, *, customers: int = 2000, change: int = 0) -> dict:
    return {
        f'retention_churn_ratio{{window="{window}"}}': since(change, before, now),
        f'retention_churn_denominator{{window="{window}"}}': customers,
    }


def burning(sla: str, **windows: tuple[float, int]) -> dict:
    """How fast the budget burns, and over how many decisions, by window (`hour`, `day`, `week`, `month`)."""
    names = {"hour": "1h", "day": "24h", "week": "7d", "month": "30d"}
    budget = 1 - T["slo"]["objective"][sla]
    labels = {name: f'{{sla="{sla}", priority="all", window="{names[name]}"}}' for name in names}
    rates = {name: windows.get(name, (0.0, 20)) for name in names}
    return {
        f"retention_sla_breach_ratio{labels[name]}": round(rate * budget, 6)
        for name, (rate, _) in rates.items()
    } | {f"retention_sla_breach_denominator{labels[name]}": number for name, (_, number) in rates.items()}


def budget_burning(sla: str) -> Edge:
    return Edge(
        {
            "an hour": burning(sla, hour=(9.2, 20)),
            "a day, and still": burning(sla, day=(6.2, 20), hour=(6.2, 1)),
        },
        {
            "an hour, but slower": burning(sla, hour=(8.8, 20)),
            "an hour of few tickets": burning(sla, hour=(9.2, 19)),
            "a day, but slower": burning(sla, day=(5.8, 20), hour=(8.8, 20)),
            "a day of few tickets": burning(sla, day=(9.2, 19), hour=(8.8, 20)),
            "a day, and no longer": burning(sla, day=(9.2, 20), hour=(5.8, 20)),
            "a week": burning(sla, week=(9.2, 20), month=(9.2, 20)),
        },
    )


def budget_eroding(sla: str) -> Edge:
    return Edge(
        {
            "a week, and still": burning(sla, week=(2.1, 20), day=(2.1, 1)),
            "a month, and still": burning(sla, month=(1.1, 20), week=(1.1, 1)),
        },
        {
            "a week, but slower": burning(sla, week=(1.9, 20), day=(9.0, 20)),
            "a week of few tickets": burning(sla, week=(2.1, 19), day=(9.0, 20)),
            "a week, and no longer": burning(sla, week=(9.0, 20), day=(1.9, 20)),
            "a month, but slower": burning(sla, month=(0.9, 20), week=(1.9, 20)),
            "a month of few tickets": burning(sla, month=(1.1, 19), week=(1.9, 20)),
            "a month, and no longer": burning(sla, month=(9.0, 20), week=(0.9, 20)),
            "a day": burning(sla, day=(9.0, 20), hour=(9.0, 20)),
        },
    )


def breached(priority: str, share: float, *, decided: int = 20, window: str = "24h") -> dict:
    labels = f'{{sla="promise", priority="{priority}", window="{window}"}}'
    return {
        f"retention_sla_breach_ratio{labels}": share,
        f"retention_sla_breach_denominator{labels}": decided,
    }


def recommends(
    before: float, now: float, *, window: str = "30d", answers: int = 100, kind: str = "nps"
) -> dict:
    return {
        f'retention_nps{{window="{window}"}}': since(0, before, now),
        f'retention_responses{{window="{window}", kind="nps"}}': 0,
        f'retention_responses{{window="{window}", kind="{kind}"}}': answers,
    }


def refunded(
    before: float, now: float, *, orders: int = 500, window: str = "30d", basis: str = "orders"
) -> dict:
    labels = f'{{window="{window}", basis="{basis}"}}'
    return {
        f"retention_refund_ratio{labels}": since(0, before, now),
        f"retention_refund_denominator{labels}": orders,
    }


def abandoned(before: float, now: float, *, carts: int = 200, window: str = "7d") -> dict:
    return {
        f'retention_cart_abandonment_ratio{{window="{window}"}}': since(0, before, now),
        f'retention_cart_abandonment_denominator{{window="{window}"}}': carts,
    }


def failed(before: int, more: int, *, window: str = "7d") -> dict:
    """So many more each six hours."""
    name = f'retention_payment_failures{{window="{window}", payment_method="card"}}'
    return {name: f"{before}x{PAST - 1} {before}+{more}x{LATER}"}


def overdue(before: int, now: int) -> dict:
    return {"retention_deliveries_overdue{}": since(0, before, now)}


EDGES = {
    "RetentionChurnRising": Edge(
        {
            "a week": churn("30d", 0.50, 0.56),
            "a week, of the year": churn("365d", 0.20, 0.23),
            "four weeks": churn("90d", 0.50, 0.56, change=40),
            "four weeks, by three points": churn("90d", 0.25, 0.28, change=40),
        },
        {
            "less than a tenth": churn("30d", 0.50, 0.54, customers=9999),
            "less than two points": churn("30d", 0.10, 0.115, customers=9999),
            "few customers": churn("30d", 0.50, 0.56, customers=499),
            "four weeks, less than a tenth": churn("30d", 0.50, 0.54, change=40),
            "four weeks, less than two points": churn("30d", 0.10, 0.115, change=40),
            "four weeks, few customers": churn("30d", 0.50, 0.56, customers=499, change=40),
            "a window nobody watches": churn("30d", 0.50, 0.50) | churn("7d", 0.50, 0.99, customers=9999),
        },
    ),
    "RetentionChurnAboveCeiling": Edge(
        {
            window: churn(window, ceiling + 0.01, ceiling + 0.01, customers=20_000)
            for window, ceiling in T["churn"]["ceiling"].items()
        },
        {
            f"below the ceiling of {window}": churn("30d", 0.1, 0.1)
            | churn(window, ceiling - 0.01, ceiling - 0.01)
            for window, ceiling in T["churn"]["ceiling"].items()
        }
        | {
            "few customers": churn("30d", 0.9, 0.9, customers=20),
            "a window nobody watches": churn("30d", 0.1, 0.1) | churn("7d", 0.99, 0.99, customers=9999),
        },
    ),
    "RetentionNpsFalling": Edge(
        {"by eleven": recommends(50, 39)},
        {
            "by nine": recommends(50, 41),
            "few answers": recommends(50, 39, answers=99),
            "few answers among many reviews": recommends(50, 39, kind="review"),
            "another window": recommends(50, 50) | recommends(50, 10, window="7d"),
        },
    ),
    "RetentionRefundsRising": Edge(
        {"by a third": refunded(0.10, 0.13), "by a point and a half": refunded(0.04, 0.055)},
        {
            "by a fifth": refunded(0.10, 0.12),
            "by less than a point": refunded(0.03, 0.039),
            "few orders": refunded(0.10, 0.13, orders=499),
            "another window": refunded(0.10, 0.10) | refunded(0.10, 0.90, window="7d"),
            "another basis": refunded(0.10, 0.10) | refunded(0.10, 0.90, basis="value"),
        },
    ),
    "RetentionCartAbandonmentRising": Edge(
        {"by a seventh": abandoned(0.50, 0.57)},
        {
            "by less than a tenth": abandoned(0.60, 0.655),
            "by less than five points": abandoned(0.30, 0.34),
            "few carts": abandoned(0.50, 0.57, carts=199),
            "another window": abandoned(0.50, 0.50) | abandoned(0.50, 0.90, window="30d"),
        },
    ),
    "RetentionPaymentsFailing": Edge(
        {"many more": failed(100, 60)},
        {
            "few more": failed(20, 29),
            "less than a quarter more": failed(400, 90),
            "another window": failed(100, 0) | failed(100, 60, window="30d"),
        },
    ),
    "RetentionDeliveriesOverdueRising": Edge(
        {"half as many again": overdue(20, 31)},
        {"hardly more": overdue(20, 29), "a handful": overdue(5, 24)},
    ),
    "RetentionSlaBreaches": Edge(
        {priority: breached(priority, share + 0.01) for priority, share in T["sla"]["breach"].items()},
        {
            f"less, of {priority}": breached("urgent", 0.0) | breached(priority, share - 0.01)
            for priority, share in T["sla"]["breach"].items()
        }
        | {
            "few decisions": breached("urgent", 0.9, decided=19),
            "all of them": breached("urgent", 0.0) | breached("all", 0.9),
        }
        | {
            f"another window, of {priority}": breached("urgent", 0.0) | breached(priority, 0.9, window="1h")
            for priority in T["sla"]["breach"]
        },
    ),
} | {
    f"Retention{camel}Budget{name}": edge(sla)
    for camel, sla in (
        ("FirstResponse", "first_response"),
        ("FirstHumanResponse", "first_human_response"),
        ("NextResponse", "next_response"),
        ("Resolution", "resolution"),
    )
    for name, edge in (("Burning", budget_burning), ("Eroding", budget_eroding))
}


def test_every_business_alert_has_a_case():
    rules = yaml.safe_load((HERE / "rules" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    business = next(group["rules"] for group in rules if group["name"] == "retention-business")
    assert EDGES.keys() == {rule["alert"] for rule in business}


@pytest.mark.program("promtool")
def test_alert_fires_only_if_all_its_conditions_hold(tmp_path):
    inputs, expectations = [], []
    for alert, edge in EDGES.items():
        firing = []
        for name, series, fires in edge.cases():
            job = f"{alert}: {name}"
            firing += [{"labels": f'{{job="{job}"}}', "value": 1}] if fires else []
            for key, value in series.items():
                labelled = key.replace("{", f'{{job="{job}", ' if key[-2] != "{" else f'{{job="{job}"')
                values = value if isinstance(value, str) else f"{value}x{PAST + LATER}"
                inputs.append({"series": labelled, "values": values})
        expr = f'count by (job) (ALERTS{{alertname="{alert}", alertstate="firing", job=~"{alert}:.*"}})'
        expectations.append({"expr": expr, "eval_time": NOW, "exp_samples": firing})
    case = {"interval": STEP, "input_series": inputs, "promql_expr_test": expectations}
    rules = ["../rules/recording.yml", "../rules/alerts.yml"]
    groups = ["retention-recording", "retention-business", "retention-pipeline"]
    tests = {"rule_files": rules, "group_eval_order": groups, "evaluation_interval": STEP, "tests": [case]}
    result = unit_tests(yaml.safe_dump(tests), tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
