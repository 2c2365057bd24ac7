"""Test the laws of flows: sums by another key add up to the windowed series, on any path of the events.

`tests.models.test_laws` compares the metrics made of these sums with the oracle.
"""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from models.aggregation.aggregates import channels_of, segment_windows_of
from models.customers import cache
from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.periods import PERIOD_KINDS, PeriodDefinitions
from models.definitions.segments import Segment
from models.definitions.sla_policy import SlaPolicy, SlaTargets
from models.definitions.windows import Window
from models.entities.sla import KINDS
from models.metrics.totals import Totals
from tests.models.test_laws import laws
from tests.support.drawn_histories import History, histories
from tests.support.histories import random_history
from tests.support.simulated_worker import SimulatedWorker
from tests.support.strategies import ANCHOR, CUSTOMERS, DAY, DEFINITIONS, rfc3339, times

pytestmark = pytest.mark.slow

#: Few examples, as `tests.models.test_laws` covers the same paths.
flow_laws = settings(laws, max_examples=laws.max_examples // 3)

#: Every kind of period, a segment of each subject, and targets that depend on the orders of the customer.
FLOWS = replace(
    DEFINITIONS,
    channels=("web", "chat"),
    segments=(
        Segment(name="country", field="country", values=("DE", "AT")),
        Segment(name="first", origin="first_channel", values=("web",)),
        Segment(name="referred", origin="referred"),
        Segment(name="code", origin="coupon", values=("SPRING",)),
        Segment(name="team", origin="team", values=("billing",)),
    ),
    segment_windows=("90d", "30d", "365d"),
    periods=PeriodDefinitions(zone="Asia/Kolkata", week_starts="sunday", kinds=PERIOD_KINDS),
    sla_policies=dict.fromkeys(
        PRIORITIES, SlaPolicy(next_response=3600, tiers={"silver": SlaTargets(60, 120, 600)})
    ),
)


@st.composite
def histories_with_attributes(draw: st.DrawFn) -> History:
    """Draw a history in which customers also change their country."""
    history = draw(histories(identities=True, conflicts=True))
    header = {"customer_id": st.sampled_from(CUSTOMERS), "time": times(FLOWS).map(rfc3339)}
    country = st.fixed_dictionaries({"country": st.sampled_from(["DE", "AT", "FR", None])})
    bodies = draw(st.lists(st.fixed_dictionaries(header | {"attributes": country}), max_size=8))
    for number, body in enumerate(bodies):
        step = draw(st.sampled_from(history.steps))
        event = {"id": f"update {number}", "type": "customer.updated"} | body
        step.events.insert(draw(st.integers(0, len(step.events))), event)
    return history


def delivered(history: History) -> SimulatedWorker:
    """Return a worker with `FLOWS` after a history. Half of the workers keep no customers decoded."""
    with pytest.MonkeyPatch.context() as patch:
        if history.seed % 2:
            patch.setattr(cache, "_GENERATION", 1)
        worker = SimulatedWorker(FLOWS, history.partitions, history.seed)
        for step in history.steps:
            worker.live(step)
        evaluated(worker, history.steps[-1].now)
    return worker


def evaluated(worker: SimulatedWorker, now: int):
    """Return the partial aggregates of a worker at a time."""
    worker.advance(now)
    worker.deliver_messages()
    return [part.evaluate(now) for part in worker.partitions]


def by_kind(partials) -> dict[str, Counter]:
    """Return kind -> name -> sum over all periods of the kind."""
    sums = {kind: Counter() for kind in PERIOD_KINDS}
    for partial in partials:
        for kind, periods in partial.periods.by_name().items():
            for names in periods.values():
                sums[kind].update(names)
    return sums


def series(totals: Totals, definitions: Definitions) -> dict[tuple[str, ...], int]:
    """Return the sums over all stored events that the flows divide, by the name of the flows."""
    channels = channels_of(definitions)
    found = {
        ("orders",): sum(totals.all_time("orders", channel) for channel in channels),
        ("placed",): totals.all_time("placed"),
        ("refunded",): totals.all_time("refunded_any"),
        ("csat_answers",): totals.all_time("answers", "csat"),
        ("satisfied",): totals.all_time("satisfied"),
    }
    for currency in definitions.rates:
        amount, taken = totals.all_time("amount", currency), totals.all_time("taken", currency)
        found["net", currency] = amount - taken
    for kind in KINDS:
        for name in ("decided", "breached"):
            sums = [totals.all_time(f"sla_{name}", kind, priority) for priority in PRIORITIES]
            found[name, kind] = sum(sums)
    return found


def assert_periods_add_up(partials, totals: Totals) -> None:
    expected = series(totals, FLOWS)
    for kind, sums in by_kind(partials).items():
        assert {name: sums[name] for name in expected} == expected, kind


def in_window(totals: Totals, window: Window) -> dict[tuple[str, str], int]:
    """Return the sums of a window that the flows of segments divide, by column."""

    def count(*name: str) -> int:
        return totals.sum(window.hours, *name)

    responses = totals.durations(window, *[("response_human", priority) for priority in PRIORITIES])
    found = {
        ("orders", ""): sum(count("orders", channel) for channel in channels_of(FLOWS)),
        ("placed", ""): count("placed"),
        ("refunded", ""): count("refunded_any"),
        ("promised", ""): count("delivered_promised"),
        ("on_time", ""): count("delivered_on_time"),
        ("responses", ""): responses.count,
        ("response_time", ""): round(responses.sum * 1e6),
        ("csat_answers", ""): count("answers", "csat"),
        ("satisfied", ""): count("satisfied"),
        ("nps_answers", ""): count("answers", "nps"),
        ("promoters", ""): count("promoters"),
        ("detractors", ""): count("detractors"),
    }
    for currency in FLOWS.rates:
        found["net", currency] = count("amount", currency) - count("taken", currency)
    for kind in KINDS:
        for name in ("decided", "breached"):
            found[name, kind] = sum(count(f"sla_{name}", kind, priority) for priority in PRIORITIES)
    return found


#: Measures of the segments of orders and of tickets. Those of customers have all.
MEASURES = {
    "code": ("orders", "placed", "refunded", "promised", "on_time", "net"),
    "team": ("responses", "response_time", "decided", "breached"),
}


def assert_values_add_up(totals: Totals, window: Window) -> None:
    expected = in_window(totals, window)
    for segment in FLOWS.segments:
        found = {
            column: sum(
                totals.segment_flows.sum(segment.name, value, window.name, *column)
                for value in segment.labels
            )
            for column in expected
        }
        chosen = MEASURES.get(segment.name)
        of_subject = {
            column: number if chosen is None or column[0] in chosen else 0
            for column, number in expected.items()
        }
        assert found == of_subject, (segment.name, window.name)


@flow_laws
@given(histories_with_attributes())
def test_flows_by_any_key_add_up_to_the_series(history):
    worker, now = delivered(history), history.steps[-1].now
    partials = evaluated(worker, now)
    totals = Totals(partials, FLOWS, now)
    assert_periods_add_up(partials, totals)
    for window in segment_windows_of(FLOWS):
        assert_values_add_up(totals, window)


def by_value(partial) -> dict[tuple[str, str, str, str], list[int]]:
    """Return segment, value and column -> its sum in each window, without zeros."""
    cells = partial.segment_flows
    return {
        (segment, value, *column): numbers
        for segment, values in cells.values.items()
        for value, rows in values.items()
        for column, *numbers in zip(cells.columns, *rows, strict=True)
        if any(numbers)
    }


@flow_laws
@given(histories_with_attributes())
def test_rebuilt_flows_are_the_live_ones_and_go_with_erasure(history):
    worker, now = delivered(history), history.steps[-1].now
    live = [(partial.periods.by_name(), by_value(partial)) for partial in evaluated(worker, now)]
    worker.commit()
    worker.crash(now)
    assert [(partial.periods.by_name(), by_value(partial)) for partial in evaluated(worker, now)] == live
    erase_all(worker)
    for partial in evaluated(worker, now):
        assert not any(partial.periods.by_name().values())
        assert not by_value(partial)


def erase_all(worker: SimulatedWorker) -> None:
    for number, customer in enumerate((*CUSTOMERS, "guest", "stranger")):
        erasure = {"id": f"erasure {number}", "type": "customer.erased", "time": rfc3339(ANCHOR)}
        worker.deliver(erasure | {"customer_id": customer})


def test_flows_that_left_the_horizon_leave_no_sums():
    history = random_history(1, size=300)
    worker = SimulatedWorker(FLOWS, 2)
    for step in history.steps:
        for event in step.events:
            worker.deliver(event)
    last = history.steps[-1].now
    assert all(any(partial.periods.by_name().values()) for partial in evaluated(worker, last))
    for partial in evaluated(worker, last + (FLOWS.horizon_days + 2) * DAY):
        assert not any(partial.periods.by_name().values())
