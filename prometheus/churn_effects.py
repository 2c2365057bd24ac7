"""Recording rules that divide the change of churn among strata (docs/metrics.md, "Why a number moved").

The strata are the channels of the first order, which every shop has, and the values of the segments of
customers. The values are those that were published, so an effect contains what late data restated.
"""

from typing import Any

#: Value of the label `segment` for the channels of the first order. No segment can have this name.
FIRST_CHANNEL = "first channel"
EFFECTS = "job:retention_churn_effect:ratio"
#: How far back the earlier instant is.
SPANS = ("1w", "4w")

_NOW = "now"
_WHOLE = "job, window, segment"
_CHANNEL_RATE, _CHANNEL_CUSTOMERS, _SEGMENT_CUSTOMERS = (
    f"job:retention_{name}:held"
    for name in ("channel_rate_ratio", "channel_rate_denominator", "segment_customers")
)


def rules() -> list[dict[str, Any]]:
    """Return the rules, in the order in which they build on each other."""
    strata = [rule for at in (_NOW, *SPANS) for rule in _strata(at)]
    return [*strata, *(rule for span in SPANS for rule in _effects(span))]


def _strata(at: str) -> list[dict[str, Any]]:
    """Return the rules of the weight and the churn of each stratum, and of the whole churn, at an instant.

    The past is read from the series of the exported metrics, which `retention history` can give Prometheus.
    """
    rate, customers = _at(at, _CHANNEL_RATE), _at(at, _CHANNEL_CUSTOMERS)
    start, lost = (_at(at, f'{_SEGMENT_CUSTOMERS}{{set="{name}"}}') for name in ("start", "lost"))
    lost_by_channel = f"({customers} > 0) * (1 - {rate})"
    start = f"{_as_segment(customers)}\nor\nsum without (set) ({start})"
    lost = f"{_as_segment(lost_by_channel)}\nor\nsum without (set) ({lost})"
    whole = f"sum by ({_WHOLE}) ({_name('start', at)})"
    return [
        {"record": _name("start", at), "expr": start},
        {"record": _name("lost", at), "expr": lost},
        {
            "record": _name("weight", at),
            "expr": f"{_name('start', at)} / on ({_WHOLE}) group_left () ({whole} > 0)",
        },
        {"record": _name("churn", at), "expr": f"{_name('lost', at)} / ({_name('start', at)} > 0)"},
        {"record": _name("whole", at), "expr": f"sum by ({_WHOLE}) ({_name('lost', at)}) / ({whole} > 0)"},
    ]


def _name(part: str, at: str) -> str:
    return f"job:retention_stratum_{part}:{at}"


def _at(at: str, series: str) -> str:
    return series if at == _NOW else f"last_over_time({series}[1h] offset {at})"


def _as_segment(series: str) -> str:
    """Return series by channel with the labels of a segment."""
    named = f'label_replace({series}, "value", "$1", "channel", "(.*)")'
    return f'sum without (channel) (label_replace({named}, "segment", "{FIRST_CHANNEL}", "", ""))'


def _effects(span: str) -> list[dict[str, Any]]:
    """Return the rules of the effects of each stratum on the change within a span.

    A stratum that is empty at one instant has the weight 0 there, and the churn of the other instant.
    """
    weight, churn, whole = ((_name(part, _NOW), _name(part, span)) for part in ("weight", "churn", "whole"))
    later, earlier = f"({weight[0]} or {weight[1]} * 0)", f"({weight[1]} or {weight[0]} * 0)"
    after, before = f"({churn[0]} or {churn[1]})", f"({churn[1]} or {churn[0]})"
    middle = f"({whole[0]} + {whole[1]})"
    effects = {
        "rate": f"0.5 * ({earlier} + {later})\n* ({after} - {before})",
        "mix": f"0.5 * ({later} - {earlier})\n* ({before} + {after} - on ({_WHOLE}) group_left () {middle})",
    }
    return [
        {
            "record": EFFECTS,
            "expr": f"{expr}\nand on ({_WHOLE}) {middle}",
            "labels": {"effect": name, "against": span},
        }
        for name, expr in effects.items()
    ]
