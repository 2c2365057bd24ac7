"""Define the row *Why it moved* of the dashboard *Retention*: what adds up to the change of churn."""

from grafana.charts import Chart, Query, recorded
from grafana.units import RATIO
from prometheus.churn_effects import EFFECTS, FIRST_CHANNEL

#: Effects that a chart shows.
_SHOWN = 10


def _chart(against: str, within: str) -> Chart:
    effects = recorded(EFFECTS, window="$window", against=against)
    largest = f"{effects} and topk({_SHOWN}, abs({effects}))"
    return Chart(
        title=f"Why it moved within {within}, $window",
        unit=RATIO,
        kind="effects",
        width=12,
        height=9,
        decimals=2,
        queries=(Query(largest, "{{segment}} {{value}}: {{effect}}", RATIO),),
        empty=f"from {within} of history on",
        means=f"What the channels of the first order ({FIRST_CHANNEL}), and the values of each segment, add to the change "
        "of churn. Rate: these customers leave more or less often than before. Mix: there are more or fewer of them. All "
        "effects of one segment add up to the change.",
        do="Follow the largest rate effect to its customers. A mix effect is no change of behaviour. Ask retention explain "
        "whether the change is more than chance, and what late data restated.",
    )


WHY = (_chart("1w", "a week"), _chart("4w", "four weeks"))
