"""Units, axes and words of all panels, by rule: each number has one unit, wherever it is shown."""

import json
import re

import pytest

from grafana import generate
from grafana.charts import CROPPED, PAST, Chart, Query
from grafana.units import COUNT, DATE, EASE, LARGEST_BUCKET, MONEY, RATING, RATIO, SECONDS, unit_of
from tests.support.prometheus_server import all_panels

CHARTS = [chart for board in generate.BOARDS for row in generate.shown(board) for chart in row.charts]
PANELS = {
    f"{board['title']}: {panel['title']}": panel
    for content in generate.files().values()
    for board in [json.loads(content)]
    for panel in all_panels(board)
    if panel["type"] != "row"
}
STATES = {
    "retention_caught_up",
    "retention_support_open",
    "retention_worker_caught_up",
    "retention_worker_read_model_up",
}


def panels_that(condition):
    """Return the names of the panels for which a condition holds."""
    return [name for name, panel in PANELS.items() if condition(panel)]


def defaults(panel):
    return panel["fieldConfig"]["defaults"]


def expressions(panel):
    return " ".join(target["expr"] for target in panel["targets"])


def overrides(panel, identifier):
    """Query -> an overridden property."""
    return {
        one["matcher"]["options"]: each["value"]
        for one in panel["fieldConfig"]["overrides"]
        for each in one["properties"]
        if each["id"] == identifier
    }


def mappings(panel, kind):
    """Return the options of the value mappings of a kind."""
    return [each["options"] for each in defaults(panel)["mappings"] if each["type"] == kind]


def test_one_axis_has_one_unit():
    for chart in CHARTS:
        others = {query.unit for query in chart.queries} - {chart.unit, DATE}
        assert len(others) <= (chart.kind == "timeseries"), chart.title


def test_other_unit_has_an_axis_of_its_own():
    lines = [panel for panel in PANELS.values() if panel["type"] == "timeseries"]
    assert any(overrides(panel, "unit") for panel in lines)
    for panel in lines:
        assert overrides(panel, "unit").keys() == overrides(panel, "custom.axisPlacement").keys()


def test_chart_of_two_scales_is_refused():
    rating, ease, sentiment = (
        Query(f"retention_{name}", name) for name in ("review_rating", "ces", "sentiment")
    )
    with pytest.raises(ValueError, match="ease, 1 to 7"):
        Chart(title="Both", unit=RATING, kind="stat", queries=(rating, ease), do="")
    with pytest.raises(ValueError, match="sentiment"):
        Chart(title="All", unit=RATING, queries=(rating, ease, sentiment), do="")


def test_money_without_its_currency_is_refused():
    with pytest.raises(ValueError, match="no currency"):
        Chart(title="Sales", unit=MONEY, queries=(Query("retention_net_revenue", "sales"),), do="")


def test_money_has_its_currency():
    money = [query for chart in CHARTS for query in chart.queries if query.unit == MONEY]
    assert len(money) > 8
    assert all("{{currency}}" in query.legend for query in money)


def test_money_in_large_digits_shows_its_currency():
    large = panels_that(
        lambda panel: panel["type"] == "stat" and "currency" in panel["targets"][0]["legendFormat"]
    )
    assert len(large) > 2
    assert {PANELS[name]["options"]["textMode"] for name in large} == {"value_and_name"}


def test_ratios_begin_at_zero_or_are_marked():
    ratios = panels_that(
        lambda panel: panel["type"] == "timeseries" and defaults(panel)["unit"] == RATIO.grafana
    )
    assert len(ratios) > 15
    for name in ratios:
        cropped, label = (
            CROPPED in PANELS[name]["description"],
            defaults(PANELS[name])["custom"].get("axisLabel"),
        )
        assert defaults(PANELS[name]).get("min") == (None if cropped else 0), name
        assert cropped == (label == CROPPED.removesuffix(".")), name


def test_other_axes_begin_where_their_unit_does():
    for chart in CHARTS:
        if chart.kind == "timeseries" and chart.from_zero:
            [shown] = {
                (defaults(panel).get("min"), defaults(panel).get("max"))
                for panel in PANELS.values()
                if (panel["title"], panel["description"]) == (chart.title, chart.description())
            }
            assert shown == (chart.unit.low, chart.unit.high), chart.title


def test_quantiles_beyond_the_largest_bucket_are_over_it():
    for name, panel in PANELS.items():
        histograms = re.findall(r"histogram_quantile.*?(retention_\w+)_bucket", expressions(panel))
        found = mappings(panel, "range")
        assert [each["from"] for each in found] == [LARGEST_BUCKET[one] for one in set(histograms)], name
        assert all(each["to"] is None for each in found)


def test_texts_beyond_the_largest_buckets():
    texts = {
        name: options["result"]["text"]
        for name, panel in PANELS.items()
        for options in mappings(panel, "range")
    }
    assert texts == {
        "Pipeline: Event-to-metric latency": "over 5 min",
        "Pipeline: Transaction time": "over 5 s",
    }


def test_states_are_words():
    shown = panels_that(lambda panel: STATES & {*re.findall(r"\bretention_\w+", expressions(panel))})
    assert shown == panels_that(lambda panel: mappings(panel, "value"))
    for name in shown:
        [words] = mappings(PANELS[name], "value")
        assert words.keys() == {"0", "1"}
        assert all(re.fullmatch(r"[a-z ]+", result["text"]) for result in words.values())
        assert PANELS[name]["type"] in {"stat", "state-timeline"}


def test_empty_comparison_names_the_instant_of_the_first_one():
    for name, panel in PANELS.items():
        ages = set(re.findall(r" offset (\w+)", expressions(panel)))
        if panel["type"] == "timeseries":
            assert (PAST in panel["description"]) == (bool(ages) or ":expected" in expressions(panel)), name
        elif ages:
            begins = [target for target in panel["targets"] if "timestamp(" in target["expr"]]
            assert {re.search(r"\[(\w+):", target["expr"])[1] for target in begins} == ages, name
            units = overrides(panel, "unit")
            assert {units[target["refId"]] for target in begins} == {DATE.grafana}, name


@pytest.mark.parametrize(
    ("expr", "unit"),
    [
        ('max without (instance) (retention_churn_ratio{window="30d"})', RATIO),
        ("max without (instance) (retention_churn_denominator)", COUNT),
        ('job:retention_churn_ratio:expected4w{job=~"$job"}', RATIO),
        ("max without (instance) (retention_first_response_mean_seconds)", SECONDS),
        ("max without (instance) (retention_ces)", EASE),
        ("count by (job, version) (retention_worker_info)", COUNT),
    ],
)
def test_unit_follows_from_the_query(expr, unit):
    assert unit_of(expr) == unit
