"""Draw the live view of the demo in a terminal: the scenario, the alerts, the metrics and the pipeline."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from streams.demo.story import AS_OF, Story
from streams.http.live_page.firing_alerts import Alert
from streams.monitoring.scrape import Scrape
from streams.simulator.live import Progress

#: Text of a metric without data.
_NO_DATA = "-"

_WINDOWS = ("7d", "30d", "90d", "365d")
#: It has series if support has hours.
_SUPPORT_OPEN = "retention_support_open"
_RESPONSE_WINDOWS = ("1h", "24h", "7d", "30d")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_PRIORITIES = ("urgent", "high", "normal", "low")
_SEVERITY = {"critical": "bold white on red", "warning": "black on yellow"}
#: Minimum columns of the wide layout; a narrower terminal shows fewer columns.
_WIDE = 78
#: Maximum number of listed alerts: more would fill the screen.
_MAX_ALERTS = 4


class Picture(Struct, kw_only=True):
    """The state of the demo at one moment.

    Attributes:
        url: address of the worker.
        story: the scenario.
        progress: progress of the simulated shop; None before its first event.
        scrape: metrics of the worker; None before the first scrape.
        earlier: metrics of about 20 s before, from which latencies are computed.
        prometheus: address of the Prometheus; empty without one.
        firing: firing alerts; None if no Prometheus answers.
        hints: hints about further views, one line each.
    """

    url: str
    story: Story
    progress: Progress | None = None
    scrape: Scrape | None = None
    earlier: Scrape | None = None
    prometheus: str = ""
    firing: Sequence[Alert] | None = None
    hints: Sequence[str] = ()


def render(picture: Picture, console: Console) -> RenderableType:
    """Return the view, with as many parts as the console has lines for, the most important ones first.

    Args:
        picture: the state of the demo.
        console: the terminal.
    """
    wide = console.width >= _WIDE
    parts: list[tuple[int, RenderableType]] = [(0, _headline(picture, wide=wide))]
    scrape = picture.scrape
    if scrape is not None:
        if any(picture.story.so_far(scrape)):
            parts.append((1, _story(picture.story, scrape)))
        if picture.firing is not None:
            parts.append((2, _alerts(picture.firing, picture.prometheus)))
        parts += [
            (3, _retention(scrape, wide=wide)),
            (5, Columns([_responses(scrape), _feedback(scrape)], padding=(0, 4))),
            (4, _pipeline(scrape, picture.earlier)),
        ]
    parts += [(6, Text(hint, style="dim")) for hint in picture.hints]
    return Group(*_fitting(parts, console))


def _fitting(parts: Sequence[tuple[int, RenderableType]], console: Console) -> list[RenderableType]:
    """Return the parts that fit into a terminal, in their order; all of them if there is no terminal."""
    if not console.is_terminal:
        return [part for _, part in parts]
    left = console.size.height - 1
    kept = set()
    for index in sorted(range(len(parts)), key=lambda index: parts[index][0]):
        lines = len(console.render_lines(parts[index][1]))
        if lines <= left:
            kept.add(index)
            left -= lines
    return [part for index, (_, part) in enumerate(parts) if index in kept]


def _headline(picture: Picture, *, wide: bool) -> RenderableType:
    progress = picture.progress
    where = Text.assemble(
        "Open ", (f"{picture.url}/", "bold cyan"), "  Stop with Ctrl-C", style="dim",
    )  # fmt: skip
    if progress is None:
        return Group(Text("The shop opens …", style="bold"), where)
    if progress.live:
        return Group(Text(f"Live: {progress.sent:,} events sent so far", style="bold green"), where)
    day = datetime.fromtimestamp(progress.at, UTC).strftime("%-d %b %Y")
    if picture.story.events and progress.at >= picture.story.opens:
        title, began = "The last weeks, fast", picture.story.opens
    else:
        title, began = "History", progress.start
    line = Table.grid(padding=(0, 1))
    line.add_row(
        Text(title, style="bold"),
        *([ProgressBar(progress.end - began, progress.at - began, width=24)] if wide else []),
        f"{day}, {progress.sent:,} events",
    )
    return Group(line, where)


def _grid(*columns: str) -> Table:
    """Return a table without rules, which a terminal of 80 by 24 has no room for."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    return table


def _story(story: Story, scrape: Scrape) -> RenderableType:
    happened = [
        Text.assemble(
            (datetime.fromtimestamp(event.at, UTC).strftime("%-d %b"), "bold yellow"),
            f"  {event.description}",
        )
        for event in story.so_far(scrape)
    ]
    table = _grid("effect", "before", "now")
    before = _effects(story.before or Scrape({}))
    for (name, then), (_, now) in zip(before, _effects(scrape), strict=True):
        table.add_row(name, then, Text(now, "bold"))
    return Group(*happened, table, _why(scrape))


def _effects(scrape: Scrape) -> list[tuple[str, str]]:
    """Return the metrics that the scenario affects, in the order in which they react."""
    waiting = sum(scrape.value("retention_tickets_unanswered", by="human", priority=p) for p in _PRIORITIES)
    late = scrape.value("retention_sla_breach_ratio", window="7d", sla="first_human_response", priority="all")
    return [
        ("tickets without a human response", _count(waiting)),
        ("first response too late, 7 days", _share(late)),
        ("delivered on time, 7 days", _share(scrape.value("retention_on_time_delivery_ratio", window="7d"))),
        ("net promoter score (NPS), 30 days", _number(scrape.value("retention_nps", window="30d"), 0)),
        ("churn, 30 days", _share(scrape.value("retention_churn_ratio", window="30d"))),
    ]


def _why(scrape: Scrape) -> Text:
    """Return the churn of customers with a bad experience, and of those without one."""

    def lost(exposure: str) -> str:
        labels = {"window": "30d", "exposure": exposure}
        among = scrape.value("retention_churn_by_exposure_denominator", **labels)
        return f"{_share(scrape.value('retention_churn_by_exposure_ratio', **labels))} of {_count(among)}"

    return Text.assemble(
        ("causes: ", "bold"), "churn after a slow response ", (lost("slow_response"), "bold"),
        ", a late parcel ", (lost("late_delivery"), "bold"), ", without trouble ", lost("none"),
    )  # fmt: skip


def _alerts(firing: Sequence[Alert], prometheus: str) -> RenderableType:
    """Return one line for each alert, and the description of the first one."""
    page = (f"{prometheus}/alerts", "cyan")
    if not firing:
        return Text.assemble("No alert is firing: ", page, style="dim")
    table = Table.grid(padding=(0, 1))
    for alert in firing[:_MAX_ALERTS]:
        badge = Text(f" {alert.severity} ", _SEVERITY.get(alert.severity, ""))
        table.add_row(badge, Text(alert.summary, "bold", no_wrap=True, overflow="ellipsis"))
    more = len(firing) - _MAX_ALERTS
    remaining = f"and {more} more: " if more > 0 else ""
    first = firing[0]
    return Group(
        table,
        Text.assemble(f"The first, for {first.team}: {first.description} ", remaining, page, style="dim"),
    )


def _retention(scrape: Scrape, *, wide: bool) -> RenderableType:
    sets = {"before": "start", "kept": "retained", "lost": "lost", "back": "reactivated", "new": "new"}
    methods = ("cohort", "textbook") if wide else ("cohort",)
    shown = sets if wide else ("lost",)
    table = _grid("window", *("retention", "textbook")[: len(methods)], "churn", *shown)
    for window in _WINDOWS:
        rates = (_share(scrape.value("retention_rate_ratio", window=window, method=name)) for name in methods)
        people = (scrape.value("retention_customers", window=window, set=sets[name]) for name in shown)
        table.add_row(
            window,
            *(Text(rate, "" if number else "bold green") for number, rate in enumerate(rates)),
            Text(_share(scrape.value("retention_churn_ratio", window=window)), "bold red"),
            *map(_count, people),
        )
    return table


def _responses(scrape: Scrape) -> RenderableType:
    clock = "business" if any(name == _SUPPORT_OPEN for name, _ in scrape.series) else "calendar"
    title = "open hours" if clock == "business" else "human"
    table = _grid(title, "response, median", "90 %", "resolved, median")
    for window in _RESPONSE_WINDOWS:
        labels = {"window": window, "clock": clock, "priority": "all"}
        table.add_row(
            window,
            *(
                _duration(scrape.value("retention_first_response_seconds", by="human", quantile=q, **labels))
                for q in ("0.5", "0.9")
            ),
            _duration(scrape.value("retention_resolution_seconds", kind="first", quantile="0.5", **labels)),
        )
    return table


def _feedback(scrape: Scrape) -> RenderableType:
    table = _grid("", "NPS", "rating", "refunds")
    for window in _WINDOWS:
        table.add_row(
            window,
            _number(scrape.value("retention_nps", window=window), 0),
            _number(scrape.value("retention_review_rating", window=window), 2),
            _share(scrape.value("retention_refund_ratio", window=window, basis="orders")),
        )
    return table


def _pipeline(scrape: Scrape, earlier: Scrape | None) -> RenderableType:
    as_of = scrape.value(AS_OF)
    caught_up = scrape.value("retention_caught_up") == 1
    p99 = scrape.quantile("retention_worker_event_to_metric_seconds", 0.99, earlier)
    return Text.assemble(
        ("caught up" if caught_up else "catching up", "green" if caught_up else "yellow"),
        f"  as of {_moment(as_of)}{_latency(p99)}"
        f"  rejected {_count(scrape.total('retention_worker_dead_letters_total'))}",
        style="dim",
    )


def _latency(bound: float) -> str:
    """Return the latency of recent events as text: an upper bound, from a histogram."""
    if math.isnan(bound):
        return ""
    return "  99 % counted after minutes" if math.isinf(bound) else f"  99 % counted within {bound:g} s"


def _share(value: float) -> str:
    return _NO_DATA if math.isnan(value) else f"{value:.1%}"


def _count(value: float) -> str:
    return _NO_DATA if math.isnan(value) else f"{value:,.0f}"


def _number(value: float, digits: int) -> str:
    return _NO_DATA if math.isnan(value) else f"{value:.{digits}f}"


def _moment(seconds: float) -> str:
    if math.isnan(seconds):
        return _NO_DATA
    return datetime.fromtimestamp(seconds, UTC).strftime("%-d %b %H:%M:%S UTC")


def _duration(seconds: float) -> str:
    if math.isnan(seconds):
        return _NO_DATA
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.1f} h" if seconds < 2 * _DAY else f"{seconds / _DAY:.1f} d"
