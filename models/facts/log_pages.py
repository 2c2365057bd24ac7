"""The row format of fact logs: the facts of one customer, in the order of arrival, in pages.

A fact is appended as it was sent between partitions, without decoding the others, so that its cost does not
depend on the customer's history. An entity id that occurs in the last 256 bytes is stored as a
back-reference. A log that would outgrow a page continues in another one, so that no number of orders, and no
long ticket, makes a row that is too large to write, or that is written as a whole for each of its facts. The
key of the first page is the customer's id. The keys of the others begin with a byte that does not occur in
UTF-8.

A page consists of:

- a prefix: the number of its facts and, in the first page, the number of pages and the length of the output
  state;
- a short hash of each fact's event id;
- in the first page, the output state: opaque bytes of the partition. If it is too long, it has a page of its
  own;
- the facts as MessagePack.
"""

from collections.abc import Iterable, MutableMapping, Sequence
from struct import Struct as Layout
from typing import Final, cast
from zlib import crc32

import msgspec

from models.facts.details import Details
from models.facts.fact import AnyClaim, Fact, encode_fact

#: Largest size of a page, bytes. A page is always written as a whole.
PAGE_BYTES: Final = 32_000
_PAGE: Final = b"\xff"
_PREFIX: Final = Layout(">IHH")  # facts, pages, bytes of the output state
_PREFIX_BYTES: Final = 8
_HASH_BYTES: Final = 2
_EMPTY: Final = _PREFIX.pack(0, 1, 0)
_FIRST: Final = _PREFIX.pack(1, 1, 0)
_NEXT: Final = _PREFIX.pack(1, 0, 0)
_ARRAY: Final = b"\xdd"  # MessagePack: the number of items follows, 32 bits
_REFERENCE: Final = b"\xcd"  # MessagePack: an integer of 16 bits follows
_REFERENCE_BYTES: Final = 3
_REFERENCE_LIMIT: Final = 1 << 16
#: A longer output state has a page of its own. The first page then has `_OWN_PAGE`, which begins no output
#: state.
_STATE_BYTES: Final = 16_000
_OWN_PAGE: Final = b"\xc1"
_STATE_PAGE: Final = 0xFFFE
#: How far back an entity id is searched, bytes: about five facts. Searching a whole page takes longer than
#: everything else.
_SEARCH_BYTES: Final = 256

Rows = MutableMapping[bytes, bytes]
#: Key of a customer, id of an event, and its fact, encoded by `encode_fact`.
LogEntry = tuple[bytes, str, bytes]


class _StoredFact(msgspec.Struct, array_like=True, gc=False):
    """A fact as stored in a page. The entity may be a back-reference: its position among the facts, bytes."""

    entity: str | int
    claim: AnyClaim
    seen: dict[str, str] | None = None
    details: Details | None = None

    @property
    def time(self) -> int:
        """Event time, microseconds since the epoch."""
        return self.claim.time


_decode: Final = msgspec.msgpack.Decoder(list[_StoredFact]).decode
_encode_text: Final = msgspec.msgpack.Encoder().encode
_decode_text: Final = msgspec.msgpack.Decoder(str).decode


def is_page(key: bytes) -> bool:
    """Return whether a key is that of a page other than the first, or of the metadata row."""
    return key.startswith(_PAGE)


def holds_facts(page: bytes) -> bool:
    """Return whether a page has facts."""
    return int.from_bytes(page[:4]) > 0


def count(first: bytes) -> int:
    """Return the number of pages of a log, given its first page."""
    return (first[4] << 8) + first[5]


def keys_of(customer: bytes, pages: int) -> list[bytes]:
    """Return the keys of the pages of a log."""
    return [customer, *(_key(customer, page) for page in range(1, pages))]


def short_hash(event_id: str) -> bytes:
    """Return the hash of an event id that pages store."""
    return (crc32(event_id.encode()) & 0xFFFF).to_bytes(_HASH_BYTES)


def may_hold(page: bytes, hashed: bytes) -> bool:
    """Return whether a page may have an event whose id has this hash. False is certain."""
    return page.find(hashed, _PREFIX_BYTES, _hashes_end(page)) >= 0


def may_mention(page: bytes, text: str) -> bool:
    """Return whether a page may have a fact about the entity with this id, or with this text in its claim.

    The first fact of a page about an entity has the id, to which later ones may refer. False is certain.
    """
    begin = _hashes_end(page) + int.from_bytes(page[6:8])
    return page.find(_encode_text(text), begin) >= 0


def read_mentions(rows: Rows, customer: bytes, texts: Sequence[str]) -> list[Fact]:
    """Return the facts of those pages of a log that may mention one of some texts, as `may_mention`."""
    pages = (rows[key] for key in keys_of(customer, count(rows[customer])))
    return [
        fact for page in pages if any(may_mention(page, text) for text in texts) for fact in _read_page(page)
    ]


def append_fast(rows: Rows, entries: Iterable[LogEntry], dirty: dict[bytes, None]) -> list[LogEntry]:
    """Append facts to logs without a row, or with a single page that has room and does not have the event.

    Nearly all facts take this path. It is one loop, because a call per fact takes longer than appending it.

    Args:
        rows: the rows of a partition.
        entries: the facts.
        dirty: receives the keys of the pages that changed.

    Returns:
        The facts that were not appended, because they may be duplicates or need another page.
    """
    others: list[LogEntry] = []
    for entry in entries:
        key, event_id, fact = entry
        hashed = (crc32(event_id.encode()) & 0xFFFF).to_bytes(_HASH_BYTES)
        page = rows.get(key)
        if page is None:
            rows[key] = _FIRST + hashed + fact
            dirty[key] = None
            continue
        number = (page[2] << 8) + page[3]  # a page has fewer than 65,536 facts
        end = _PREFIX_BYTES + _HASH_BYTES * number
        if (
            page.find(hashed, _PREFIX_BYTES, end) >= 0
            or page[5] != 1
            or page[4]
            or len(page) + _HASH_BYTES + len(fact) > PAGE_BYTES
        ):
            others.append(entry)
            continue
        rows[key] = _with_fact(page, number, end, fact, hashed)
        dirty[key] = None
    return others


def append(rows: Rows, customer: bytes, fact: bytes, hashed: bytes) -> Iterable[bytes]:
    """Append a fact to the log of a customer, and return the keys of the pages that changed.

    Args:
        rows: the rows of a partition.
        customer: key of the customer.
        fact: the fact, encoded by `encode_fact`.
        hashed: `short_hash` of its event's id.
    """
    first = rows.get(customer)
    if first is None:
        rows[customer] = _FIRST + hashed + fact
        return (customer,)
    pages = count(first)
    key = customer if pages == 1 else _key(customer, pages - 1)
    page = first if pages == 1 else rows[key]
    # A page with only an output state stays open. Otherwise it would be deleted with the output state, and
    # the facts of later pages be lost.
    if len(page) + _HASH_BYTES + len(fact) > PAGE_BYTES and holds_facts(page):
        return _start_page(rows, customer, hashed + fact)
    rows[key] = _with_fact(page, int.from_bytes(page[:4]), _hashes_end(page), fact, hashed)
    return (key,)


def read(rows: Rows, customer: bytes) -> list[Fact]:
    """Return the facts of a log, of all its pages. Empty for a customer without a row."""
    first = rows.get(customer)
    if first is None:
        return []
    pages = count(first)
    if pages == 1:
        return _read_page(first)
    return [fact for key in keys_of(customer, pages) for fact in _read_page(rows[key])]


def rewrite(rows: Rows, customer: bytes, facts: Iterable[Fact]) -> set[bytes]:
    """Replace the facts of a log, and return the keys of all old and new pages.

    The output state stays. Without one, and without facts, the row is deleted.
    """
    first = rows[customer]
    state = _state_in(first)
    keys = set(keys_of(customer, count(first)))
    for key in keys:
        del rows[key]
    for fact in facts:
        keys.update(append(rows, customer, encode_fact(fact), short_hash(fact.claim.id)))
    if state:
        _put_state(rows, customer, state)
    return keys


def output_state(rows: Rows, customer: bytes) -> bytes:
    """Return the output state of a customer, or nothing."""
    first = rows.get(customer)
    if first is None:
        return b""
    state = _state_in(first)
    return rows[_key(customer, _STATE_PAGE)] if state == _OWN_PAGE else state


def put_output_state(rows: Rows, customer: bytes, state: bytes) -> list[bytes]:
    """Replace the output state of a customer, and return the keys of the pages that changed.

    A row with neither facts nor output state is deleted.
    """
    own_page = _key(customer, _STATE_PAGE)
    changed = [customer]
    if len(state) > _STATE_BYTES:
        rows[own_page], state = state, _OWN_PAGE
        changed.append(own_page)
    elif rows.pop(own_page, None) is not None:
        changed.append(own_page)
    _put_state(rows, customer, state)
    return changed


def _state_in(first: bytes) -> bytes:
    begin = _hashes_end(first)
    return first[begin : begin + int.from_bytes(first[6:8])]


def _put_state(rows: Rows, customer: bytes, state: bytes) -> None:
    first = rows.get(customer, _EMPTY)
    begin = _hashes_end(first)
    facts = first[begin + int.from_bytes(first[6:8]) :]
    if state or facts:
        rows[customer] = b"".join((first[:6], len(state).to_bytes(2), first[8:begin], state, facts))
    else:
        rows.pop(customer, None)


def _key(customer: bytes, page: int) -> bytes:
    return _PAGE + page.to_bytes(2) + customer


def _hashes_end(page: bytes) -> int:
    return _PREFIX_BYTES + _HASH_BYTES * int.from_bytes(page[:4])


def _with_fact(page: bytes, number: int, hashes: int, fact: bytes, hashed: bytes) -> bytes:
    """Return a page with one more fact.

    Args:
        page: the page.
        number: number of its facts.
        hashes: position in the page at which its hashes end.
        fact: the encoded fact.
        hashed: `short_hash` of its event's id.
    """
    begin = hashes + (page[6] << 8) + page[7]
    head = fact[1]  # first byte of the entity
    end = head - 0x9E if head < 0xC0 else _text_end(fact, 1)  # noqa: PLR2004 - `_text_end` without the call
    if end > 1 + _REFERENCE_BYTES:
        near = len(page) - _SEARCH_BYTES
        found = page.find(fact[1:end], near if near > begin else begin) - begin  # noqa: FURB136 - max() is slow
        if 0 <= found < _REFERENCE_LIMIT:
            fact = b"".join((fact[:1], _REFERENCE, found.to_bytes(2), fact[end:]))
    return b"".join(((number + 1).to_bytes(4), page[4:hashes], hashed, page[hashes:], fact))


def _start_page(rows: Rows, customer: bytes, page: bytes) -> Iterable[bytes]:
    """Start another page with a fact and its hash, and return the keys of the pages that changed."""
    first = rows[customer]
    pages = count(first)
    key = _key(customer, pages)
    rows[customer] = b"".join((first[:4], (pages + 1).to_bytes(2), first[6:]))
    rows[key] = _NEXT + page
    return (customer, key)


def _text_end(data: bytes, at: int) -> int:
    """Return the position at which an encoded text ends that begins at `at`."""
    head = data[at]
    if head < 0xC0:  # noqa: PLR2004 - up to 31 bytes: the length is in the first byte
        return at + 1 + head - 0xA0
    if head == 0xD9:  # noqa: PLR2004 - up to 255 bytes
        return at + 2 + data[at + 1]
    return at + 3 + int.from_bytes(data[at + 1 : at + 3])


def _read_page(page: bytes) -> list[Fact]:
    facts = page[_hashes_end(page) + int.from_bytes(page[6:8]) :]
    known: dict[int, str] = {}
    entries = _decode(_ARRAY + page[:4] + facts)
    for entry in entries:
        at = entry.entity
        if type(at) is int:
            name = known.get(at)
            if name is None:
                name = known[at] = _decode_text(facts[at : _text_end(facts, at)])
            entry.entity = name
    return cast("list[Fact]", entries)
