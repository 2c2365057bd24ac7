"""Print metrics as tables: one table for each subject, one column for each window or calendar period."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.definitions.definitions import Definitions
from models.definitions.windows import SHORT_WINDOWS
from models.metrics.catalogue import Sample
from streams.printable import printable_line

#: Subject -> prefixes of its metrics' names; the first match counts.
_SUBJECTS: Final[Mapping[str, tuple[str, ...]]] = {
    "Support": (
        "retention_first_response",
        "retention_channel_first_response",
        "retention_next_response",
        "retention_resolution",
        "retention_requester_wait",
        "retention_reopened",
        "retention_transferred",
        "retention_bot_only",
        "retention_repeat_contact",
        "retention_team",
        "retention_deadline",
        "retention_opened_outside_hours",
        "retention_support_open",
        "retention_sla",
        "retention_tickets",
        "retention_oldest",
    ),
    "Refunds": ("retention_refund",),
    "Feedback": (
        "retention_nps",
        "retention_ces",
        "retention_csat",
        "retention_review",
        "retention_sentiment",
        "retention_responses",
    ),
    "Carts and deliveries": (
        "retention_cart",
        "retention_checkout",
        "retention_delivery",
        "retention_deliveries",
        "retention_on_time",
        "retention_payment",
        "retention_stockouts",
    ),
    "Customers": (
        "retention_lifecycle",
        "retention_loyalty",
        "retention_spender",
        "retention_churn_by_exposure",
    ),
    "Retention": ("retention_",),
}
_ORDER: Final = ("Retention", "Customers", "Refunds", "Support", "Feedback", "Carts and deliveries")
#: Kind of calendar periods -> subject of its table.
_PERIODS: Final = {"week": "Weeks", "month": "Months", "quarter": "Quarters", "year": "Years"}
#: Latest periods of each kind that are shown.
_SHOWN_PERIODS: Final = 4
#: Column of metrics without a window.
_NO_WINDOW: Final = "now"
#: Quantiles that are shown, both in one cell.
_QUANTILES: Final = ("0.5", "0.95")
#: Width, characters, where the output is not a terminal.
_WIDTH: Final = 180

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def print_tables(samples: Iterable[Sample], now: int, definitions: Definitions) -> None:
    """Print the samples, without rows that have no data or only zeros.

    Args:
        samples: samples of all series.
        now: instant of the samples, microseconds since the epoch.
        definitions: parameters of the definitions.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDTH)
    at = datetime.fromtimestamp(now // 1_000_000, UTC).isoformat(sep=" ").replace("+00:00", " UTC")
    console.print(
        f"As of {at}. Money in {definitions.base_currency}. In brackets: the denominator. "
        "Durations: median / 95th percentile."
    )
    columns = [_NO_WINDOW, *(window.name for window in SHORT_WINDOWS), *definitions.windows]
    shown = list(_shown(samples))
    for subject in _ORDER:
        rows = _rows(
            sample for sample in shown if _subject(sample.metric) == subject and not _is_periodic(sample)
        )
        if rows:
            console.print(_table(subject, rows, columns))
    for kind, subject in _PERIODS.items():
        of_kind = [sample for sample in shown if sample.labels.get("kind") == kind and _is_periodic(sample)]
        periods = list(dict.fromkeys(map(_column, of_kind)))[-_SHOWN_PERIODS:]
        if rows := _rows(sample for sample in of_kind if _column(sample) in periods):
            console.print(_table(subject, rows, periods))


def _is_periodic(sample: Sample) -> bool:
    return sample.metric.startswith("retention_period_")


def _column(sample: Sample) -> str:
    """Return the column of a sample: its window or its calendar period."""
    if not _is_periodic(sample):
        return sample.labels.get("window", _NO_WINDOW)
    running = " (running)" if sample.labels["basis"] == "running" else ""
    return sample.labels["period"] + running


def _shown(samples: Iterable[Sample]) -> Iterator[Sample]:
    """Drop NaN, denominators, which are shown with their ratios, and the other quantiles."""
    for sample in samples:
        is_denominator = sample.metric.endswith("_denominator")
        quantile = sample.labels.get("quantile", "0.5")
        if not (is_denominator or math.isnan(sample.value)) and quantile in _QUANTILES:
            yield sample


def _rows(samples: Iterable[Sample]) -> Mapping[str, Mapping[str, str]]:
    """Return row title -> column -> cell, in the order of the samples, without rows of zeros."""
    rows: defaultdict[str, dict[str, str]] = defaultdict(dict)
    nonzero = set()
    for sample in samples:
        title, column = _title(sample), _column(sample)
        before = rows[title].get(column)
        rows[title][column] = f"{before} / {_value(sample)}" if before else _cell(sample)
        if sample.value or sample.denominator:
            nonzero.add(title)
    return {title: cells for title, cells in rows.items() if title in nonzero}


def _table(subject: str, rows: Mapping[str, Mapping[str, str]], columns: Sequence[str]) -> Table:
    used = [column for column in columns if any(column in row for row in rows.values())]
    table = Table(
        title=subject, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
    table.add_column("", no_wrap=True)
    for column in used:
        table.add_column(column, justify="right")
    for title, row in rows.items():
        table.add_row(Text(printable_line(title)), *(row.get(column, "") for column in used))
    return table


def _subject(metric: str) -> str:
    return next(subject for subject, prefixes in _SUBJECTS.items() if metric.startswith(prefixes))


def _title(sample: Sample) -> str:
    """Return the title of a sample's row.

    Example:
        `rate, cohort` for `retention_rate_ratio{method="cohort"}`.
    """
    name = sample.metric.removeprefix("retention_").removeprefix("period_")
    for suffix in ("_ratio", "_timestamp_seconds", "_seconds"):
        name = name.removesuffix(suffix)
    labels = [
        f"{label} {value}" if value in {"yes", "no"} else value
        for label, value in sample.labels.items()
        if label not in {"window", "currency", "quantile"}
        and not (_is_periodic(sample) and label in {"kind", "period", "basis"})
    ]
    return ", ".join([name.replace("_", " "), *labels])


def _cell(sample: Sample) -> str:
    text = _value(sample)
    return text if sample.denominator is None else f"{text} [dim]({sample.denominator:,.0f})[/dim]"


def _value(sample: Sample) -> str:
    if sample.metric.endswith("_ratio"):
        return f"{sample.value:.1%}"
    if sample.metric.endswith("_timestamp_seconds"):
        return datetime.fromtimestamp(int(sample.value), UTC).strftime("%Y-%m-%d %H:%M")
    if sample.metric.endswith("_seconds"):
        return _duration(sample.value)
    whole = float(sample.value).is_integer() and "currency" not in sample.labels
    return f"{sample.value:,.0f}" if whole else f"{sample.value:,.2f}"


def _duration(seconds: float) -> str:
    """Format a duration with its two largest units."""
    if round(seconds, 1) < _MINUTE:
        return f"{seconds:.1f}s"
    minutes = round(seconds / _MINUTE)
    if minutes < _HOUR // _MINUTE:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, _HOUR // _MINUTE)
    if hours < 2 * _DAY // _HOUR:
        return f"{hours}h{minutes:02}m"
    return f"{hours // 24}d{hours % 24:02}h"
