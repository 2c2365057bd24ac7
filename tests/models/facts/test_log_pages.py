"""Rows as logs: whatever is appended is read back, page by page, and known again."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.facts import claims, log_pages
from models.facts.fact import Fact, encode_fact

#: Ids that lengthen and shorten the ways to encode a text, and that hold one another.
IDS = st.one_of(
    st.sampled_from(["", "a", "o1", "o12", "order-0000000001", "x" * 31, "x" * 32, "ü" * 128, "\x00\xff"]),
    st.text(max_size=12),
)
TIMES = st.integers(0, 1 << 51)
STATES = st.binary(max_size=3000).map(msgspec.msgpack.encode)


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    entity, event_id, time = draw(IDS), draw(IDS), draw(TIMES)
    claim = draw(
        st.sampled_from(
            [
                claims.Delivered(time, event_id),
                claims.Replied(time, event_id, claims.AGENT, True, time),
                claims.Placed(time, event_id, 1 << 40, "EUR", "web", None, entity, event_id),
                claims.StockMissed(time, event_id),
            ]
        )
    )
    return Fact(entity, claim, draw(st.none() | st.dictionaries(IDS, IDS, max_size=2)))


def alike(found: Fact) -> Fact:
    return Fact(found.entity, found.claim, found.seen)


def log(rows: dict[bytes, bytes], known: list[Fact], customer: bytes = b"ada") -> None:
    for fact in known:
        event_id, encoded = fact.claim.id, encode_fact(fact)
        if log_pages.append_fast(rows, [(customer, event_id, encoded)], {}):
            log_pages.append(rows, customer, encoded, log_pages.short_hash(event_id))


@pytest.fixture(params=[log_pages.PAGE_BYTES, 300, 40])
def page_bytes(request, monkeypatch):
    monkeypatch.setattr(log_pages, "PAGE_BYTES", request.param)


@pytest.mark.slow
@pytest.mark.usefixtures("page_bytes")
@given(known=st.lists(facts(), min_size=1, max_size=30), state=STATES)
def test_log_is_read_back_after_any_writes(known, state):
    rows: dict[bytes, bytes] = {}
    log(rows, known[:1])
    log_pages.put_output_state(rows, b"ada", state)
    log(rows, known[1:])
    assert [alike(fact) for fact in log_pages.read(rows, b"ada")] == known
    assert log_pages.output_state(rows, b"ada") == state
    kept = known[::2]
    before = set(rows)
    assert log_pages.rewrite(rows, b"ada", kept) == before | set(rows)
    assert [alike(fact) for fact in log_pages.read(rows, b"ada")] == kept
    assert log_pages.output_state(rows, b"ada") == state
    log_pages.put_output_state(rows, b"ada", b"")
    log_pages.rewrite(rows, b"ada", [])
    assert rows == {}


@pytest.mark.slow
@given(known=st.lists(facts(), min_size=1, max_size=30))
def test_page_may_hold_each_of_its_events(known):
    rows: dict[bytes, bytes] = {}
    log(rows, known)
    for fact in known:
        assert log_pages.may_hold(rows[b"ada"], log_pages.short_hash(fact.claim.id))
        again = (b"ada", fact.claim.id, encode_fact(fact))
        assert log_pages.append_fast(rows, [again], {}) == [again]


def test_entity_id_is_stored_as_a_back_reference():
    rows: dict[bytes, bytes] = {}
    log(rows, [Fact("an order with a long id", claims.Shipped(number, str(number))) for number in range(4)])
    assert rows[b"ada"].count(b"an order with a long id") == 1


def test_full_page_is_followed_by_another(monkeypatch):
    monkeypatch.setattr(log_pages, "PAGE_BYTES", 200)
    rows: dict[bytes, bytes] = {}
    log(rows, [Fact("o", claims.Shipped(number, str(number))) for number in range(100)])
    assert max(map(len, rows.values())) <= 200
    assert len(rows) == log_pages.count(rows[b"ada"])


def test_facts_after_an_output_state_stay_without_it(monkeypatch):
    monkeypatch.setattr(log_pages, "PAGE_BYTES", 40)
    fact = Fact("", claims.StockMissed(1, "e"))
    rows: dict[bytes, bytes] = {}
    log(rows, [fact])
    log_pages.put_output_state(rows, b"ada", b"much to say " * 5)
    log_pages.rewrite(rows, b"ada", [])
    log(rows, [fact])
    log_pages.put_output_state(rows, b"ada", b"")
    assert [alike(found) for found in log_pages.read(rows, b"ada")] == [fact]
