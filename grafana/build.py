"""Render boards and charts as Grafana dashboards, with grafana-foundation-sdk."""

import json
from typing import Any

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model

from grafana.charts import Board, Chart, Limit
from prometheus.thresholds import THRESHOLDS as T

SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
TAG = "retention"
GAP = 300_000.0  # milliseconds: lines connect over shorter gaps, such as a hand-over between workers
NO_DENOMINATOR = "denominator is 0"
WIDTH = 24

_OWN_AXIS = [
    model.DynamicConfigValue(id_val="unit", value="short"),
    model.DynamicConfigValue(id_val="custom.axisPlacement", value="right"),
    model.DynamicConfigValue(id_val="custom.fillOpacity", value=0),
    model.DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [4, 8]}),
]

#: Variables with a multiple choice -> the series that has their values.
MULTIPLE = {"job": "retention_worker_info", "instance": 'retention_worker_info{job=~"$job"}'}
SINGLE = {  # variables with a single choice -> title, series with the values, label of the series, default
    "window": ("Window", "retention_customers", "window", "30d"),
    "response_window": ("Window", "retention_first_response_mean_seconds", "window", "24h"),
    "action": ("Action", "retention_action_return_ratio", "action", "win_back"),
    "priority": ("Priority", "retention_first_response_mean_seconds", "priority", "all"),
}


def render(board: Board, rows: list[tuple[str, list[Chart]]]) -> str:
    """Return the JSON of a dashboard; the same input gives the same bytes.

    Args:
        board: the dashboard.
        rows: (title, charts) of each row to show.
    """
    builder = _frame(board)
    for name in ("job", *board.variables):
        builder.with_variable(_variable(name))
    if board.alerts:
        builder.annotation(_alerts(board.alerts))
    _place(builder, rows)
    encoded: dict[str, Any] = json.loads(json.dumps(builder.build(), cls=JSONEncoder))
    for annotation in encoded["annotations"].get("list", []):
        # The SDK has no fields for these settings.
        annotation.update(titleFormat="{{alertname}}", textFormat="{{severity}}, for {{team}}", step="60s")
    return json.dumps(encoded, indent=2, ensure_ascii=False) + "\n"


def _frame(board: Board) -> dashboard.Dashboard:
    others = (
        dashboard.DashboardLink("Retention dashboards").type(model.DashboardLinkType.DASHBOARDS).tags([TAG])
    )
    source = dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")
    default = model.VariableOption(text="Prometheus", value="prometheus", selected=True)
    return (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([TAG])
        .readonly()
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .refresh("1m")
        .time(board.span, "now")
        .with_variable(source.current(default))
        .link(others.as_dropdown(False).include_vars(True).keep_time(True))
    )


def _place(builder: dashboard.Dashboard, rows: list[tuple[str, list[Chart]]]) -> None:
    y, identifier = 0, 0
    for title, charts in rows:
        identifier += 1
        builder.with_row(dashboard.Row(title).id(identifier).grid_pos(model.GridPos(x=0, y=y, w=WIDTH, h=1)))
        x, y, tallest = 0, y + 1, 0
        for chart in charts:
            if x + chart.width > WIDTH:
                x, y, tallest = 0, y + tallest, 0
            identifier += 1
            position = model.GridPos(x=x, y=y, w=chart.width, h=chart.height)
            builder.with_panel(_panel(chart).id(identifier).grid_pos(position))
            x, tallest = x + chart.width, max(tallest, chart.height)
        y += tallest


def _panel(chart: Chart) -> Any:  # noqa: ANN401 - the SDK's panels have no common type with these methods
    panel: Any = {"timeseries": _timeseries, "stat": _stat, "bargauge": _bargauge}[chart.kind](chart)
    panel = (
        panel.title(chart.title)
        .description(chart.description())
        .datasource(SOURCE)
        .unit(chart.unit)
        .no_value(chart.empty)
        .mappings([_no_denominator()])
        .thresholds(_thresholds(chart.limit))
    )
    if chart.decimals is not None:
        panel.decimals(chart.decimals)
    if chart.alert:
        url = f"{T['links']['runbook']}#{chart.alert.lower()}"
        panel.links([dashboard.DashboardLink(f"What to do: {chart.alert}").url(url).target_blank(True)])
    for letter, query in zip("ABCDEFGH", chart.queries, strict=False):
        target = (
            prometheus.Dataquery()
            .ref_id(letter)
            .datasource(SOURCE)
            .expr(query.expr)
            .legend_format(query.legend)
        )
        if chart.exemplars:
            target.exemplar(True)
        panel.with_target(target.range() if chart.kind == "timeseries" else target.instant())
        if query.own_axis:
            panel.override_by_query(letter, _OWN_AXIS)
    return panel


def _timeseries(chart: Chart) -> Any:  # noqa: ANN401
    style = (
        common_model.GraphThresholdsStyleMode.DASHED
        if chart.limit
        else common_model.GraphThresholdsStyleMode.OFF
    )
    legend = common.VizLegendOptions().show_legend(True).placement(common_model.LegendPlacement.BOTTOM)
    legend.display_mode(common_model.LegendDisplayMode.TABLE).calcs(["lastNotNull", "min", "max"])
    return (
        timeseries.Panel()
        .fill_opacity(8)
        .span_nulls(GAP)
        .legend(legend)
        .tooltip(common.VizTooltipOptions().mode(common_model.TooltipDisplayMode.MULTI))
        .thresholds_style(common.GraphThresholdsStyleConfig().mode(style))
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
    )


def _reduced() -> Any:  # noqa: ANN401
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def _stat(chart: Chart) -> Any:  # noqa: ANN401
    colour = common_model.BigValueColorMode.VALUE if chart.limit else common_model.BigValueColorMode.NONE
    panel = stat.Panel().reduce_options(_reduced()).graph_mode(common_model.BigValueGraphMode.NONE)
    return panel.color_mode(colour).color_scheme(_by_threshold())


def _bargauge(chart: Chart) -> Any:  # noqa: ANN401
    colour = (
        _by_threshold()
        if chart.limit
        else dashboard.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC)
    )
    panel = bargauge.Panel().reduce_options(_reduced()).orientation(common_model.VizOrientation.HORIZONTAL)
    return panel.display_mode(common_model.BarGaugeDisplayMode.BASIC).color_scheme(colour).min(0)


def _by_threshold() -> dashboard.FieldColor:
    return dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS)


def _thresholds(limit: Limit | None) -> dashboard.ThresholdsConfig:
    base, beyond = ("green", "red") if limit is None or limit.bad_above else ("red", "green")
    steps = [model.Threshold(color=base)]
    if limit is not None:
        steps.append(model.Threshold(value=limit.value, color=beyond))
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)


def _no_denominator() -> model.SpecialValueMap:
    result = model.ValueMappingResult(text=NO_DENOMINATOR, color="text")
    options = model.DashboardSpecialValueMapOptions(match=model.SpecialValueMatch.NA_N, result=result)
    return model.SpecialValueMap(options=options)


def _variable(name: str) -> dashboard.QueryVariable:
    if name in MULTIPLE:
        series = MULTIPLE[name]
        everything = model.VariableOption(text="All", value="$__all", selected=True)
        variable = _query_variable(name, name.capitalize(), f"label_values({series}, {name})")
        return variable.multi(True).include_all(True).all_value(".+").current(everything)
    label, metric, of, current = SINGLE[name]
    variable = _query_variable(of, label, f'label_values({metric}{{job=~"$job"}}, {of})')
    return variable.current(model.VariableOption(text=current, value=current, selected=True))


def _query_variable(name: str, label: str, query: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query({"query": query, "refId": name})
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.NUMERICAL_ASC)
    )


def _alerts(names: tuple[str, ...]) -> dashboard.AnnotationQuery:
    expr = f'ALERTS{{job=~"$job", alertstate="firing", alertname=~"{"|".join(names)}"}}'
    annotation = dashboard.AnnotationQuery().name("Alerts").datasource(SOURCE).enable(True)
    return annotation.icon_color("red").expr(expr)
