"""Alerts about the shop: for support, logistics and commerce."""

from prometheus.alerting import Alert, beyond_chance, rising, trusted
from prometheus.churn_effects import EFFECTS
from prometheus.recording import before, bound, held
from prometheus.thresholds import THRESHOLDS as T

Pair = tuple[str, float, str, float | None]  # long window, its burn rate, short window, its burn rate
WINDOW_VARIABLE = "?var-window={{ $labels.window }}"
BURN = "{{ printf `%.2g` $value }}"
SLA = "{{ reReplaceAll `_` ` ` $labels.sla }}"


def alerts() -> list[Alert]:
    """Return all alerts about the shop."""
    return [*_churn(), _nps(), _refunds(), _carts(), _payments(), _deliveries(), *_budgets(), _breaches()]


def _churn() -> list[Alert]:
    churn = T["churn"]
    expected = "job:retention_churn_ratio:expected"
    above = "\nor\n".join(
        f'{bound("retention_churn_ratio", "low")}{{window="{window}"}} > {ceiling:g}'
        for window, ceiling in churn["ceiling"].items()
    )
    return [
        Alert(
            name="RetentionChurnRising",
            expr=trusted(f"{_more_leave(expected)}\nor\n{_more_leave(f'{expected}4w')}"),
            hold=churn["for"],
            severity="warning",
            team="commerce",
            summary="More customers are leaving than before",
            description="{{ $value | humanizePercentage }} of the customers of the previous "
            "{{ $labels.window }} did not order in the last {{ $labels.window }}: "
            "clearly more than a week or four weeks before, and more than the season explains."
            + _largest_effect(),
            dashboard="promises and causes",
            variables=WINDOW_VARIABLE,
        ),
        Alert(
            name="RetentionChurnAboveCeiling",
            expr=trusted(f"{held('retention_churn_ratio')}\nand (\n{above}\n)"),
            hold=churn["for"],
            severity="critical",
            team="commerce",
            summary="Churn is above its ceiling",
            description="{{ $value | humanizePercentage }} of the customers of the previous "
            "{{ $labels.window }} did not order in the last {{ $labels.window }}: "
            "more than the shop's absolute limit, also if some of it is chance.",
            dashboard="retention",
            variables=WINDOW_VARIABLE,
        ),
    ]


def _largest_effect() -> str:
    """Return a sentence with the effect that adds most to churn; nothing without a past."""
    series = f"topk(1, 100 * {EFFECTS}{{job='%s', window='%s'}})"
    return (
        f'{{{{ with printf "{series}" $labels.job $labels.window | query }}}}{{{{ with first . }}}}'
        " The largest effect since {{ .Labels.against }} ago is the {{ .Labels.effect }} effect of"
        " {{ .Labels.segment }} {{ .Labels.value }}: {{ .Value | printf `%+.1f` }} points.{{ end }}{{ end }}"
    )


def _more_leave(expected: str) -> str:
    churn, now = T["churn"], held("retention_churn_ratio")
    rise = rising(now, expected, churn["rise_factor"], churn["rise_points"])
    return f"{rise}\nand {beyond_chance(now, bound('retention_churn_ratio', 'low'), expected)}"


def _nps() -> Alert:
    nps, metric = T["nps"], "retention_nps"
    now, then = held(metric, window=nps["window"]), before("1w", metric, window=nps["window"])
    enough = f"and on (job, window) {held('retention_responses', kind='nps')} >= {nps['minimum_answers']}"
    return Alert(
        name="RetentionNpsFalling",
        expr=trusted(f"{now} < {then} - {nps['fall_points']:g}\n{enough}"),
        hold=nps["for"],
        severity="warning",
        team="commerce",
        summary="Customers recommend the shop clearly less than a week ago",
        description=f"The net promoter score of {{{{ $labels.window }}}} is {{{{ $value | humanize }}}}, "
        f"more than {nps['fall_points']:g} points below a week before.",
        dashboard="retention",
        variables=WINDOW_VARIABLE,
    )


def _refunds() -> Alert:
    refunds = T["refunds"]
    select = {"window": refunds["window"], "basis": "orders"}
    now, then = held("retention_refund_ratio", **select), before("1w", "retention_refund_ratio", **select)
    enough = f"and {held('retention_refund_denominator')} >= {refunds['minimum_orders']}"
    return Alert(
        name="RetentionRefundsRising",
        expr=trusted(f"{rising(now, then, refunds['rise_factor'], refunds['rise_points'])}\n{enough}"),
        hold=refunds["for"],
        severity="warning",
        team="commerce",
        summary="More orders are refunded than a week ago",
        description="{{ $value | humanizePercentage }} of the orders of {{ $labels.window }} have a refund, "
        f"over {refunds['rise_factor']:g} times the share of a week before.",
        dashboard="promises and causes",
        variables=WINDOW_VARIABLE,
    )


def _carts() -> Alert:
    carts = T["carts"]
    metric = "retention_cart_abandonment_ratio"
    now, then = held(metric, window=carts["window"]), before("1w", metric, window=carts["window"])
    enough = f"and {held('retention_cart_abandonment_denominator')} >= {carts['minimum_carts']}"
    return Alert(
        name="RetentionCartAbandonmentRising",
        expr=trusted(f"{rising(now, then, carts['rise_factor'], carts['rise_points'])}\n{enough}"),
        hold=carts["for"],
        severity="warning",
        team="commerce",
        summary="More carts are abandoned than a week ago",
        description="{{ $value | humanizePercentage }} of the carts of {{ $labels.window }} were abandoned, "
        f"over {carts['rise_factor']:g} times the share of a week before.",
        dashboard="promises and causes",
        variables=WINDOW_VARIABLE,
    )


def _payments() -> Alert:
    payments = T["payments"]
    metric = "retention_payment_failures"
    now = held(metric, window=payments["window"])
    then = before(payments["span"], metric, window=payments["window"])
    more = f"{now} - {then}"
    above = f"{more} > {payments['minimum_failures']}\nand {more} > {payments['rise_share']:g} * {then}"
    return Alert(
        name="RetentionPaymentsFailing",
        expr=trusted(above),
        hold=payments["for"],
        severity="critical",
        team="commerce",
        summary="Payments by {{ $labels.payment_method }} are failing",
        description="{{ $value | humanize }} more payments by {{ $labels.payment_method }} failed "
        f"in the last {payments['span']} than in the same hours a week before.",
        dashboard="promises and causes",
        variables="?var-window={{ $labels.window }}",
    )


def _deliveries() -> Alert:
    deliveries = T["deliveries"]
    now, then = held("retention_deliveries_overdue"), before("1w", "retention_deliveries_overdue")
    many = f"{now} >= {deliveries['minimum_overdue']}\nand {now} > {deliveries['rise_factor']:g} * {then}"
    return Alert(
        name="RetentionDeliveriesOverdueRising",
        expr=trusted(many),
        hold=deliveries["for"],
        severity="warning",
        team="logistics",
        summary="More promised deliveries are overdue than a week ago",
        description="{{ $value | humanize }} orders are past their promised date and not delivered, "
        f"over {deliveries['rise_factor']:g} times as many as a week before.",
        dashboard="promises and causes",
    )


def _budgets() -> list[Alert]:
    names = {
        "first_response": "FirstResponse",
        "first_human_response": "FirstHumanResponse",
        "next_response": "NextResponse",
        "resolution": "Resolution",
    }
    return [
        alert
        for sla, camel in names.items()
        for alert in (_budget_fast(sla, f"Retention{camel}BudgetBurning"),
                      _budget_slow(sla, f"Retention{camel}BudgetEroding"))
    ]  # fmt: skip


def _judged(sla: str) -> str:
    """Return what a target is about, in the plural."""
    return "customers' replies" if sla == "next_response" else "tickets"


def _burn(sla: str, window: str, rate: float) -> str:
    return f'job:retention_sla_budget_burn:rate{{sla="{sla}", window="{window}"}} > {rate:g}'


def _enough(sla: str, window: str) -> str:
    decisions = held("retention_sla_breach_denominator", sla=sla, priority="all", window=window)
    return f"{decisions} >= {T['slo']['minimum_decisions']}"


def _either(sla: str, pairs: list[Pair]) -> str:
    """Return the condition that the budget burns in a long window and, given a rate, still in a short one."""
    parts = []
    for long, rate, short, short_rate in pairs:
        still = "" if short_rate is None else f"\nand ignoring (window) {_burn(sla, short, short_rate)}"
        parts.append(f"{_burn(sla, long, rate)}\nand {_enough(sla, long)}{still}")
    joined = "\nor\n".join(parts)
    return trusted(f"max without (window, priority) (\n{joined}\n)")


def _budget_fast(sla: str, name: str) -> Alert:
    slo, words = T["slo"], sla.replace("_", " ")
    # The hour, which slides by the minute, is the shortest window: it serves as long and short window.
    pairs: list[Pair] = [
        ("1h", slo["fast_hour"], "1h", None),
        ("24h", slo["fast_day"], "1h", slo["fast_day"]),
    ]
    return Alert(
        name=name,
        expr=_either(sla, pairs),
        hold=slo["fast_for"],
        severity="critical",
        team="support",
        summary=f"The {words} target is missed so often that the month's budget will be gone within days",
        description=f"The error budget of {words} burns {BURN} times as fast as it may; "
        f"{slo['objective'][sla]:.0%} of the {_judged(sla)} must be within the target.",
        dashboard="support now",
    )


def _budget_slow(sla: str, name: str) -> Alert:
    slo, words = T["slo"], sla.replace("_", " ")
    week, month = slo["slow_week"], slo["slow_month"]
    pairs: list[Pair] = [("7d", week, "24h", week), ("30d", month, "7d", month)]
    return Alert(
        name=name,
        expr=_either(sla, pairs),
        hold=slo["slow_for"],
        severity="warning",
        team="support",
        summary=f"The {words} target is missed more often than the month's budget allows",
        description=f"The error budget of {words} burns {BURN} times as fast as it may, "
        f"for days; {slo['objective'][sla]:.0%} of the {_judged(sla)} must be within the target.",
        dashboard="response times",
    )


def _breaches() -> Alert:
    sla = T["sla"]
    above = "\nor\n".join(
        f"{held('retention_sla_breach_ratio', window='24h', priority=priority)} > {share:g}"
        for priority, share in sla["breach"].items()
    )
    enough = f"and {held('retention_sla_breach_denominator')} >= {sla['minimum_decisions']}"
    return Alert(
        name="RetentionSlaBreaches",
        expr=trusted(f"({above})\n{enough}"),
        hold=sla["for"],
        severity="warning",
        team="support",
        summary=f"Too many {{{{ $labels.priority }}}} tickets miss their {SLA} target",
        description="{{ $value | humanizePercentage }} of the {{ $labels.priority }} tickets decided within "
        f"{{{{ $labels.window }}}} missed their {SLA} target.",
        dashboard="support now",
        variables="?var-priority={{ $labels.priority }}",
    )
