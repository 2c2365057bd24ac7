"""Rows of customers, as the changelog keeps them: a log of the facts known of one, in the order they came.

A fact is appended as it was sent between partitions, without looking at the others: it costs the same
whatever the customer's history, and nothing has to be decoded for it. An entity's id is not written again
soon after; a number says where it stands. A log that would outgrow a page goes on in another one, so that no
number of orders, nor a conversation however long, makes a row that cannot be written, or is written whole for
each of its facts. The first page has the customer's id as its key; the others' begin with a byte that no
UTF-8 has.

A page is a prefix (the number of its facts; in the first page the number of pages and the length of a note),
a short hash of each fact's event id, the note, which is the partition's to use, and the facts as MessagePack.
A note that is too long for it has a page of its own.
"""

from collections.abc import Iterable, MutableMapping
from struct import Struct as Layout
from typing import Final, cast
from zlib import crc32

import msgspec

from models.facts.fact import AnyClaim, Fact, encode_fact

#: A page that would outgrow this is closed, and another one begun: whole pages are written.
PAGE_BYTES: Final = 32_000
_PAGE: Final = b"\xff"
_PREFIX: Final = Layout(">IHH")  # facts, pages, bytes of the note
_PREFIX_BYTES: Final = 8
_HASH_BYTES: Final = 2
_EMPTY: Final = _PREFIX.pack(0, 1, 0)
_FIRST: Final = _PREFIX.pack(1, 1, 0)
_NEXT: Final = _PREFIX.pack(1, 0, 0)
_ARRAY: Final = b"\xdd"  # of MessagePack: a number of items in 32 bits follows
_REFERENCE: Final = b"\xcd"  # an integer of 16 bits follows
_REFERENCE_BYTES: Final = 3
_FARTHEST: Final = 1 << 16
#: A longer note has a page of its own, and the first page this byte, with which no note begins.
_NOTE_BYTES: Final = 16_000
_ELSEWHERE: Final = b"\xc1"
_NOTE_PAGE: Final = 0xFFFE
#: How far back an entity's id is looked for: about five facts. Looking through a whole page takes longer than
#: all of the rest.
_NEAR: Final = 256

Rows = MutableMapping[bytes, bytes]
#: A customer's key, the id of an event, and its fact, as `facts.encode` gives it.
LogEntry = tuple[bytes, str, bytes]


class _StoredFact(msgspec.Struct, array_like=True, gc=False):
    """A fact as it stands in a page: its entity may be told by where it stands already."""

    entity: str | int
    claim: AnyClaim
    seen: dict[str, str] | None = None

    @property
    def time(self) -> int:
        """When it happened, in microseconds since the epoch."""
        return self.claim.time


_decode: Final = msgspec.msgpack.Decoder(list[_StoredFact]).decode
_decode_text: Final = msgspec.msgpack.Decoder(str).decode


def is_page(key: bytes) -> bool:
    """Whether a row's key is that of a page other than the first (or of the meta row)."""
    return key.startswith(_PAGE)


def holds_facts(page: bytes) -> bool:
    """Whether there is any fact in a page."""
    return int.from_bytes(page[:4]) > 0


def count(first: bytes) -> int:
    """Give the number of pages that a customer's first one tells of."""
    return (first[4] << 8) + first[5]


def keys_of(customer: bytes, pages: int) -> list[bytes]:
    """Give the keys of a customer's rows."""
    return [customer, *(_key(customer, page) for page in range(1, pages))]


def short_hash(event_id: str) -> bytes:
    """Give what a page knows an event's id by."""
    return (crc32(event_id.encode()) & 0xFFFF).to_bytes(_HASH_BYTES)


def may_hold(page: bytes, hashed: bytes) -> bool:
    """Whether a page may hold an event whose id has this short hash: False is certain."""
    return page.find(hashed, _PREFIX_BYTES, _hashes_end(page)) >= 0


def append_fast(rows: Rows, entries: Iterable[LogEntry], touched: dict[bytes, None]) -> list[LogEntry]:
    """Add facts to the logs of customers without a row, or with one page that has room and not the event.

    It is what nearly every fact comes to. One loop, since a call for each fact takes longer than to add it.

    Args:
        rows: of a partition.
        entries: the facts.
        touched: takes the keys of the pages that changed.

    Returns:
        Those that need a closer look.
    """
    others: list[LogEntry] = []
    for entry in entries:
        key, event_id, fact = entry
        hashed = (crc32(event_id.encode()) & 0xFFFF).to_bytes(_HASH_BYTES)
        page = rows.get(key)
        if page is None:
            rows[key] = _FIRST + hashed + fact
            touched[key] = None
            continue
        number = (page[2] << 8) + page[3]  # a page holds no 65,536 facts
        end = _PREFIX_BYTES + _HASH_BYTES * number
        if (
            page.find(hashed, _PREFIX_BYTES, end) >= 0
            or page[5] != 1
            or page[4]
            or len(page) + _HASH_BYTES + len(fact) > PAGE_BYTES
        ):
            others.append(entry)
            continue
        rows[key] = _extended(page, number, end, fact, hashed)
        touched[key] = None
    return others


def append(rows: Rows, customer: bytes, fact: bytes, hashed: bytes) -> Iterable[bytes]:
    """Add an encoded fact to a customer's log, and give the keys of the pages that changed.

    Args:
        rows: of a partition.
        customer: the key of the customer's first page.
        fact: as `facts.encode` gives it.
        hashed: the `short_hash` of its event's id.
    """
    first = rows.get(customer)
    if first is None:
        rows[customer] = _FIRST + hashed + fact
        return (customer,)
    pages = count(first)
    key = customer if pages == 1 else _key(customer, pages - 1)
    page = first if pages == 1 else rows[key]
    # One that holds only a note is not closed: it would go with the note, and the facts behind it be lost.
    if len(page) + _HASH_BYTES + len(fact) > PAGE_BYTES and holds_facts(page):
        return _begin(rows, customer, hashed + fact)
    rows[key] = _extended(page, int.from_bytes(page[:4]), _hashes_end(page), fact, hashed)
    return (key,)


def read(rows: Rows, customer: bytes) -> list[Fact]:
    """Give the facts of a customer's log, of all pages; none of one without a row."""
    first = rows.get(customer)
    if first is None:
        return []
    pages = count(first)
    if pages == 1:
        return _read_page(first)
    return [fact for key in keys_of(customer, pages) for fact in _read_page(rows[key])]


def rewrite(rows: Rows, customer: bytes, facts: Iterable[Fact]) -> set[bytes]:
    """Put a log of these facts in the place of a customer's, and give the keys of all pages concerned.

    The note stays; without one, and without facts, there is no row any more.
    """
    first = rows[customer]
    noted = _note(first)
    concerned = set(keys_of(customer, count(first)))
    for key in concerned:
        del rows[key]
    for fact in facts:
        concerned.update(append(rows, customer, encode_fact(fact), short_hash(fact.claim.id)))
    if noted:
        _put_note(rows, customer, noted)
    return concerned


def output_state(rows: Rows, customer: bytes) -> bytes:
    """Give a customer's note; an empty one if there is none."""
    first = rows.get(customer)
    if first is None:
        return b""
    noted = _note(first)
    return rows[_key(customer, _NOTE_PAGE)] if noted == _ELSEWHERE else noted


def put_output_state(rows: Rows, customer: bytes, noted: bytes) -> list[bytes]:
    """Put a note in the place of a customer's, and give the keys of the pages that changed.

    A row without facts is gone with its note.
    """
    apart = _key(customer, _NOTE_PAGE)
    changed = [customer]
    if len(noted) > _NOTE_BYTES:
        rows[apart], noted = noted, _ELSEWHERE
        changed.append(apart)
    elif rows.pop(apart, None) is not None:
        changed.append(apart)
    _put_note(rows, customer, noted)
    return changed


def _note(first: bytes) -> bytes:
    begin = _hashes_end(first)
    return first[begin : begin + int.from_bytes(first[6:8])]


def _put_note(rows: Rows, customer: bytes, noted: bytes) -> None:
    first = rows.get(customer, _EMPTY)
    begin = _hashes_end(first)
    facts = first[begin + int.from_bytes(first[6:8]) :]
    if noted or facts:
        rows[customer] = b"".join((first[:6], len(noted).to_bytes(2), first[8:begin], noted, facts))
    else:
        rows.pop(customer, None)


def _key(customer: bytes, page: int) -> bytes:
    return _PAGE + page.to_bytes(2) + customer


def _hashes_end(page: bytes) -> int:
    return _PREFIX_BYTES + _HASH_BYTES * int.from_bytes(page[:4])


def _extended(page: bytes, number: int, hashes: int, fact: bytes, hashed: bytes) -> bytes:
    """Give a page, of that many facts, whose hashes end there, with one more fact."""
    begin = hashes + (page[6] << 8) + page[7]
    head = fact[1]  # of the entity
    end = head - 0x9E if head < 0xC0 else _text_end(fact, 1)  # noqa: PLR2004 - as there, without the call
    if end > 1 + _REFERENCE_BYTES:
        near = len(page) - _NEAR
        found = page.find(fact[1:end], near if near > begin else begin) - begin  # noqa: FURB136 - max() is slow
        if 0 <= found < _FARTHEST:
            fact = b"".join((fact[:1], _REFERENCE, found.to_bytes(2), fact[end:]))
    return b"".join(((number + 1).to_bytes(4), page[4:hashes], hashed, page[hashes:], fact))


def _begin(rows: Rows, customer: bytes, page: bytes) -> Iterable[bytes]:
    """Begin another page."""
    first = rows[customer]
    pages = count(first)
    key = _key(customer, pages)
    rows[customer] = b"".join((first[:4], (pages + 1).to_bytes(2), first[6:]))
    rows[key] = _NEXT + page
    return (customer, key)


def _text_end(data: bytes, at: int) -> int:
    """Give where an encoded text ends that begins at `at`."""
    head = data[at]
    if head < 0xC0:  # noqa: PLR2004 - of up to 31 bytes: the length is in the head
        return at + 1 + head - 0xA0
    if head == 0xD9:  # noqa: PLR2004 - of up to 255
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
