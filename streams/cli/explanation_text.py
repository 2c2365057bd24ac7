"""Print why a ratio moved."""

from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.query.movement_responses import Movement, Side
from streams.printable import printable_line
from streams.secret import redact

#: Width, characters, where the output is not a terminal.
_WIDTH = 180


def print_movement(movement: Movement, worker: str) -> None:
    """Print an explanation.

    Args:
        movement: the explanation.
        worker: URL of the worker that gave it, for the lists.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDTH)
    for line in _lines(movement):
        console.print(Text(printable_line(line)))
    if movement.terms:
        console.print(_terms(movement))
    if movement.exposures:
        console.print(_exposures(movement))
    address = redact(worker).rstrip("/")
    for term in movement.terms:
        if term.list is not None:
            console.print(Text(printable_line(f"{term.stratum}: {address}{term.list}")))


def _lines(movement: Movement) -> Iterator[str]:
    labels = "".join(f", {each}" for each in (movement.sla, movement.basis) if each)
    yield f"{movement.metric} of {movement.window}{labels}"
    yield f"{movement.before.at:%Y-%m-%d %H:%M}  {_side(movement.before)}"
    yield f"{movement.after.at:%Y-%m-%d %H:%M}  {_side(movement.after)}"
    if movement.change is None:
        yield "There is no change to explain: the denominator is 0 at one of the instants."
        return
    yield f"change            {_delta(movement.change)}{_between(movement.low, movement.high, signed=True)}"
    if movement.distinguishable is False:
        yield "The change may be chance: 0 lies between its bounds. The effects are not ranked."
    if movement.largest is not None:
        one, by = movement.largest, movement.by
        found = f"the {one.effect} effect of {by} {one.stratum}: {_delta(one.value)}"
        yield printable_line(f"The largest effect is {found}.")
    if movement.caution is not None:
        yield movement.caution
    yield from _restated(movement)


def _restated(movement: Movement) -> Iterator[str]:
    found = movement.restated
    if found is None or found.difference is None:
        yield "Restated: unknown, because no value was published on that day."
        return
    yield (
        f"Restated: {_delta(found.difference)} by late data. At {found.at:%Y-%m-%d %H:%M},"
        f" {_share(found.published)} was published, and {_share(found.known_now)} is known now."
    )


def _terms(movement: Movement) -> Table:
    columns = (movement.by, "before", "weight", "now", "weight", "rate effect", "mix effect")
    table = _table("What adds up to the change", columns)
    for term in movement.terms:
        table.add_row(
            Text(printable_line(term.stratum)),
            f"{_share(term.before)} [dim]({term.before_number:,.0f})[/dim]",
            _share(term.before_weight),
            f"{_share(term.after)} [dim]({term.after_number:,.0f})[/dim]",
            _share(term.after_weight),
            _delta(term.rate_effect),
            _delta(term.mix_effect),
        )
    return table


def _exposures(movement: Movement) -> Table:
    columns = ("exposure", "before", "at most", "now", "at most")
    table = _table("What bad experiences explain at most", columns)
    for one in movement.exposures:
        table.add_row(
            one.exposure.replace("_", " "),
            f"{_share(one.before)} [dim]({one.before_number:,})[/dim]",
            _delta(one.before_most),
            f"{_share(one.after)} [dim]({one.after_number:,})[/dim]",
            _delta(one.after_most),
        )
    return table


def _table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(Text(printable_line(column)), justify="right" if index else "left")
    return table


def _side(side: Side) -> str:
    of = f"{side.numerator:,.0f} of {side.denominator:,.0f}"
    return f"{_share(side.value)} ({of}){_between(side.low, side.high)}"


def _between(low: float | None, high: float | None, *, signed: bool = False) -> str:
    if low is None or high is None:
        return ""
    form = _delta if signed else _share
    return f", with 95 % confidence between {form(low)} and {form(high)}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _delta(value: float | None) -> str:
    """Return a difference of ratios in percentage points."""
    return "-" if value is None else f"{100 * value:+.2f} points"
