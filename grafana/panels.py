"""Render charts as Grafana's panels, with grafana-foundation-sdk: units, words, colours and axes by rule."""

from typing import Any, Final

from grafana_foundation_sdk.builders import (
    barchart,
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.charts import CROPPED, Chart, Grid, Limit, Query
from grafana.units import MONEY, Unit, largest_bucket
from prometheus.thresholds import THRESHOLDS as T

SOURCE: Final = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
GAP: Final = 300_000.0  # milliseconds: lines connect over shorter gaps, such as a hand-over between workers
#: Columns of Prometheus' series of alerts that say nothing to a reader.
HIDDEN_COLUMNS: Final = ("Time", "__name__", "alertstate", "job", "instance", "numbers")

_RIGHT = [
    model.DynamicConfigValue(id_val="custom.axisPlacement", value="right"),
    model.DynamicConfigValue(id_val="custom.fillOpacity", value=0),
    model.DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [4, 8]}),
]


def panel(chart: Chart) -> Any:  # noqa: ANN401 - the SDK's panels have no common type with these methods
    """Return the builder of a chart's panel, without its place."""
    built: Any = _KINDS[chart.kind](chart)
    built = (
        built.title(chart.title)
        .description(chart.description())
        .datasource(SOURCE)
        .unit(chart.unit.grafana)
        .no_value(chart.empty)
        .mappings(_mappings(chart))
        .thresholds(_thresholds(chart.limit))
        .links(_links(chart))
    )
    if chart.decimals is not None:
        built.decimals(chart.decimals)
    for letter, query in zip("ABCDEFGH", chart.queries, strict=False):
        built.with_target(_target(chart, letter, query))
        if properties := _properties(chart, query):
            built.override_by_query(letter, properties)
    return built


def _target(chart: Chart, letter: str, query: Query) -> prometheus.Dataquery:
    target = prometheus.Dataquery().ref_id(letter).datasource(SOURCE).expr(query.expr)
    target.legend_format(query.legend)
    if chart.exemplars:
        target.exemplar(True)
    if chart.kind in {"table", "grid", "columns"}:
        target.format(PromQueryFormat.TABLE)
    return target.range() if chart.kind in {"timeseries", "states"} else target.instant()


def _links(chart: Chart) -> list[Any]:
    links = []
    if chart.alert:
        url = f"{T['links']['runbook']}#{chart.alert.lower()}"
        links.append(dashboard.DashboardLink(f"What to do: {chart.alert}").url(url).target_blank(True))
    if chart.opens:
        url = f"/d/{chart.opens}?${{job:queryparam}}&${{__url_time_range}}"
        links.append(dashboard.DashboardLink("Open").url(url))
    return links


def _properties(chart: Chart, query: Query) -> list[model.DynamicConfigValue]:
    """Return what differs for one query: a unit of its own, on an axis of its own, and a threshold."""
    properties = []
    if query.unit != chart.unit:
        properties.append(model.DynamicConfigValue(id_val="unit", value=query.unit.grafana))
        properties += _RIGHT if chart.kind == "timeseries" else []
    if query.limit is not None:
        steps = [{"value": step.value, "color": step.color} for step in _steps(query.limit)]
        value = {"mode": "absolute", "steps": steps}
        properties.append(model.DynamicConfigValue(id_val="thresholds", value=value))
    return properties


# Words and colours.


def _mappings(chart: Chart) -> list[Any]:
    """Return the words of a state, of a ratio over nothing, and of a quantile beyond the largest bucket."""
    mappings: list[Any] = [_undefined(chart.undefined)]
    if chart.unit.words:
        mappings.append(_words(chart.unit, chart.limit))
    bounds = {bound for query in chart.queries if (bound := largest_bucket(query.expr)) is not None}
    return [*mappings, *map(_over, bounds)]


def _undefined(text: str) -> model.SpecialValueMap:
    result = model.ValueMappingResult(text=text, color="text")
    options = model.DashboardSpecialValueMapOptions(match=model.SpecialValueMatch.NA_N, result=result)
    return model.SpecialValueMap(options=options)


def _words(unit: Unit, limit: Limit | None) -> model.ValueMap:
    colours = ("red", "green") if limit else ("orange", "green")
    return model.ValueMap(
        options={
            f"{value}": model.ValueMappingResult(text=word, color=colours[value], index=value)
            for value, word in enumerate(unit.words)
        }
    )


def _over(bound: float) -> model.RangeMap:
    text = f"over {bound:g} s" if bound < 60 else f"over {bound / 60:g} min"  # noqa: PLR2004
    result = model.ValueMappingResult(text=text)
    return model.RangeMap(options=model.DashboardRangeMapOptions(from_val=bound, result=result))


def _thresholds(limit: Limit | None) -> dashboard.ThresholdsConfig:
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(_steps(limit))


def _steps(limit: Limit | None) -> list[model.Threshold]:
    if limit is None:
        return [model.Threshold(color="green")]
    values = [(limit.value, "red"), (limit.amber, "orange")]
    if limit.bad_above:
        beyond = [model.Threshold(value=value, color=colour) for value, colour in reversed(values)]
        return [model.Threshold(color="green"), *(step for step in beyond if step.value is not None)]
    if limit.amber is None:
        return [model.Threshold(color="red"), model.Threshold(value=limit.value, color="green")]
    return [
        model.Threshold(color="red"),
        model.Threshold(value=limit.value, color="orange"),
        model.Threshold(value=limit.amber, color="green"),
    ]


def _by_threshold() -> dashboard.FieldColor:
    return dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS)


def _by_series() -> dashboard.FieldColor:
    return dashboard.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC)


# Kinds of panels.


def _legend() -> common.VizLegendOptions:
    return common.VizLegendOptions().show_legend(True).placement(common_model.LegendPlacement.BOTTOM)


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(common_model.TooltipDisplayMode.MULTI)


def _timeseries(chart: Chart) -> Any:  # noqa: ANN401
    style = (
        common_model.GraphThresholdsStyleMode.DASHED
        if chart.limit
        else common_model.GraphThresholdsStyleMode.OFF
    )
    legend = _legend().display_mode(common_model.LegendDisplayMode.TABLE).calcs(["lastNotNull", "min", "max"])
    built = (
        timeseries.Panel()
        .fill_opacity(8 if chart.from_zero else 0)
        .span_nulls(GAP)
        .legend(legend)
        .tooltip(_tooltip())
        .thresholds_style(common.GraphThresholdsStyleConfig().mode(style))
        .color_scheme(_by_series())
    )
    if not chart.from_zero:
        return built.axis_label(CROPPED.removesuffix("."))
    if chart.unit.low is not None:
        built.min(chart.unit.low)
    return built if chart.unit.high is None else built.max(chart.unit.high)


def _reduced() -> Any:  # noqa: ANN401
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def _stat(chart: Chart) -> Any:  # noqa: ANN401
    coloured = chart.limit or any(query.limit for query in chart.queries)
    colour = common_model.BigValueColorMode.VALUE if coloured else common_model.BigValueColorMode.NONE
    built = stat.Panel().reduce_options(_reduced()).graph_mode(common_model.BigValueGraphMode.NONE)
    if chart.unit == MONEY:  # the name has the currency
        built.text_mode(common_model.BigValueTextMode.VALUE_AND_NAME)
    return built.color_mode(colour).color_scheme(_by_threshold())


def _bargauge(chart: Chart) -> Any:  # noqa: ANN401
    colour = _by_threshold() if chart.limit else _by_series()
    built = bargauge.Panel().reduce_options(_reduced()).orientation(common_model.VizOrientation.HORIZONTAL)
    return built.display_mode(common_model.BarGaugeDisplayMode.BASIC).color_scheme(colour).min(0)


def _states(_chart: Chart) -> Any:  # noqa: ANN401
    legend = common.VizLegendOptions().show_legend(False)
    legend.placement(common_model.LegendPlacement.BOTTOM)
    return statetimeline.Panel().legend(legend).color_scheme(_by_threshold())


def _table(_chart: Chart) -> Any:  # noqa: ANN401
    hidden = dict.fromkeys(HIDDEN_COLUMNS, True)
    order = {name: number for number, name in enumerate(("alertname", "severity", "team", "Value"))}
    names = {"alertname": "alert", "Value": "for"}
    options = {"excludeByName": hidden, "indexByName": order, "renameByName": names}
    organized = model.DataTransformerConfig(id_val="organize", options=options)
    built = table.Panel().with_transformation(organized).color_scheme(_by_threshold())
    return built.sort_by([common.TableSortByFieldState().display_name("severity")])


def _transformed(name: str, options: dict[str, Any]) -> model.DataTransformerConfig:
    return model.DataTransformerConfig(id_val=name, options=options)


def _matrix(grid: Grid) -> list[model.DataTransformerConfig]:
    """Return the transformations of series with labels into rows and columns. The first column has the rows' names."""
    matrix = {"rowField": grid.row, "columnField": grid.column, "valueField": "Value", "emptyValue": "null"}
    corner = f"{grid.row}\\{grid.column}"
    order = {name: number for number, name in enumerate((corner, *grid.columns))}
    organized = {"indexByName": order, "excludeByName": {}, "renameByName": {corner: grid.row}}
    return [_transformed("groupingToMatrix", matrix), _transformed("organize", organized)]


def _sorted(field: str, *, descending: bool = False) -> model.DataTransformerConfig:
    return _transformed("sortBy", {"fields": {}, "sort": [{"field": field, "desc": descending}]})


def _grid_of(chart: Chart) -> Grid:
    if chart.grid is None:
        raise ValueError(f"{chart.title}: it needs rows and columns")
    return chart.grid


def _bars(x_field: str, orientation: common_model.VizOrientation) -> barchart.Panel:
    """Return bars from 0 in both directions. A bar gauge begins at its smallest value, and hides the negative ones."""
    return (
        barchart.Panel()
        .x_field(x_field)
        .orientation(orientation)
        .tooltip(_tooltip())
        .color_scheme(_by_series())
    )


def _columns(chart: Chart) -> Any:  # noqa: ANN401
    """Return bars over the rows of a grid. Labels are text, so the rows' numbers are converted and sorted."""
    grid = _grid_of(chart)
    number = {"conversions": [{"targetField": grid.row, "destinationType": "number"}]}
    steps = [*_matrix(grid), _transformed("convertFieldType", number), _sorted(grid.row)]
    axis = {"unit": "none", "custom.axisLabel": grid.row}
    plain = [model.DynamicConfigValue(id_val=name, value=value) for name, value in axis.items()]
    built = _bars(grid.row, common_model.VizOrientation.VERTICAL).transformations(steps)
    return (
        built.legend(_legend())
        .show_value(common_model.VisibilityMode.NEVER)
        .override_by_name(grid.row, plain)
    )


def _effects(_chart: Chart) -> Any:  # noqa: ANN401
    rows = _transformed("reduce", {"reducers": ["lastNotNull"], "mode": "seriesToRows"})
    built = _bars("Field", common_model.VizOrientation.HORIZONTAL)
    built.transformations([rows, _sorted("Last *", descending=True)])
    built.legend(common.VizLegendOptions().show_legend(False))
    return built.show_value(common_model.VisibilityMode.ALWAYS)


def _grid(chart: Chart) -> Any:  # noqa: ANN401
    grid = _grid_of(chart)
    cells = model.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-background"})
    plain = model.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "auto"})
    return (
        table.Panel()
        .transformations(_matrix(grid))
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.CONTINUOUS_RD_YL_GR))
        .override_by_regexp(".*", [cells])
        .override_by_name(grid.row, [plain])
        .sort_by([common.TableSortByFieldState().display_name(grid.row)])
    )


_KINDS: Final = {
    "grid": _grid,
    "columns": _columns,
    "effects": _effects,
    "timeseries": _timeseries,
    "stat": _stat,
    "bargauge": _bargauge,
    "states": _states,
    "table": _table,
}
