"""Render boards as Grafana dashboards, with grafana-foundation-sdk."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from grafana.charts import Board, Chart, Row
from grafana.panels import SOURCE, panel

TAG = "retention"
WIDTH = 24

#: Variables with a multiple choice -> the series that has their values.
MULTIPLE = {"job": "retention_worker_info", "instance": 'retention_worker_info{job=~"$job"}'}


class _Single(NamedTuple):
    """A variable with a single choice.

    Attributes:
        title: its title.
        metric: series that have the values.
        label: label of these series.
        default: the value that is chosen at first.
        name: name in queries; empty for the label's.
    """

    title: str
    metric: str
    label: str
    default: str
    name: str = ""


SINGLE = {
    "window": _Single("Window", "retention_customers", "window", "30d"),
    "response_window": _Single("Window", "retention_first_response_mean_seconds", "window", "24h"),
    "action": _Single("Action", "retention_action_return_ratio", "action", "win_back"),
    "kind": _Single("Kind", "retention_cohort_age_ratio", "kind", "by"),
    "age": _Single("Age", "retention_cohort_age_ratio", "age", "1"),
    "period_kind": _Single("Kind", "retention_period_customers", "kind", "month", "period_kind"),
    "priority": _Single("Priority", "retention_first_response_mean_seconds", "priority", "all"),
    "segment": _Single("Segment", "retention_segment_orders", "segment", "country"),
    "ticket_segment": _Single("Segment", "retention_segment_sla_breach_ratio", "segment", "country"),
    "segment_window": _Single(
        "Segments' window", "retention_segment_sla_breach_ratio", "window", "30d", "segment_window"
    ),
}


def render(board: Board, rows: Sequence[Row]) -> str:
    """Return the JSON of a dashboard; the same input gives the same bytes.

    Args:
        board: the dashboard.
        rows: the rows to show.
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


def _place(builder: dashboard.Dashboard, rows: Sequence[Row]) -> None:
    y, identifier = 0, 0
    for row in rows:
        header = dashboard.Row(row.title).collapsed(row.collapsed)
        if row.title:
            identifier += 1
            header.id(identifier).grid_pos(model.GridPos(x=0, y=y, w=WIDTH, h=1))
        placed, bottom = _placed(row.charts, y + bool(row.title), identifier + 1)
        identifier += len(placed)
        if row.collapsed:
            for each in placed:
                header.with_panel(each)
        if row.title:
            builder.with_row(header)
        if not row.collapsed:
            for each in placed:
                builder.with_panel(each)
        y = y + 1 if row.collapsed else bottom


def _placed(charts: Sequence[Chart], y: int, identifier: int) -> tuple[list[Any], int]:
    """Return the panels of a row, from left to right in as many lines as they need, and where it ends."""
    x, tallest, panels = 0, 0, []
    for number, chart in enumerate(charts, identifier):
        if x + chart.width > WIDTH:
            x, y, tallest = 0, y + tallest, 0
        position = model.GridPos(x=x, y=y, w=chart.width, h=chart.height)
        panels.append(panel(chart).id(number).grid_pos(position))
        x, tallest = x + chart.width, max(tallest, chart.height)
    return panels, y + tallest


def _variable(name: str) -> dashboard.QueryVariable:
    if name in MULTIPLE:
        series = MULTIPLE[name]
        everything = model.VariableOption(text="All", value="$__all", selected=True)
        variable = _query_variable(name, name.capitalize(), f"label_values({series}, {name})")
        return variable.multi(True).include_all(True).all_value(".+").current(everything)
    if name == "period":
        return _period()
    single = SINGLE[name]
    values = f'label_values({single.metric}{{job=~"$job"}}, {single.label})'
    variable = _query_variable(single.name or single.label, single.title, values)
    return variable.current(model.VariableOption(text=single.default, value=single.default, selected=True))


def _period() -> dashboard.QueryVariable:
    """Return the variable of the closed periods of a kind. The latest one is the first, and the default."""
    series = 'retention_period_customers{job=~"$job", kind="$period_kind", basis="as_closed"}'
    variable = _query_variable("period", "Period", f"label_values({series}, period)")
    return variable.sort(model.VariableSort.ALPHABETICAL_DESC)


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
