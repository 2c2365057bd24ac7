"""Rows of customers, as the changelog keeps them: one a customer, unless it would outgrow a Kafka message.

A larger one is split into pages, each claim in the page that its event id hashes to, so that no number of
orders, nor a conversation however long, makes a row that cannot be written. The first page has the
customer's id as its key; the others' begin with a byte that no UTF-8 has.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from zlib import crc32

from models.customer import Row

#: A page that outgrows this is split. Brokers take records of 1 MB; a page is written whole when one
#: claim in it changes, so smaller is cheaper, and larger means fewer keys.
PAGE_BYTES: Final = 200_000
_PAGE: Final = b"\xff"


def is_page(key: bytes) -> bool:
    """Whether a row's key is that of a page other than the first (or of the meta row)."""
    return key.startswith(_PAGE)


def keys_of(customer: bytes, pages: int) -> list[bytes]:
    """Give the keys of a customer's rows."""
    return [customer, *(_PAGE + page.to_bytes(2) + customer for page in range(1, pages))]


def encode(customer: bytes, row: Row) -> dict[bytes, bytes]:
    """Give a customer's rows: key -> value, all of their pages."""
    if row.pages == 1:
        value = row.encode()
        if len(value) <= PAGE_BYTES:
            return {customer: value}
        row.pages = 2
    values = [page.encode() for page in _split(row)]
    while max(map(len, values)) > PAGE_BYTES and row.pages < 1 << 15:
        row.pages *= 2
        values = [page.encode() for page in _split(row)]
    return dict(zip(keys_of(customer, row.pages), values, strict=True))


def decode(customer: bytes, rows: Mapping[bytes, bytes]) -> Row:
    """Give a customer's claims, of all pages.

    Raises:
        KeyError: the customer has no row.
    """
    row = Row.decode(rows[customer])
    for key in keys_of(customer, row.pages)[1:]:
        value = rows.get(key)
        if value is not None:
            _join(row, Row.decode(value))
    return row


def _split(row: Row) -> list[Row]:
    pages = [Row(row.pages, row.earliest) for _ in range(row.pages)]
    pages[0].known, pages[0].met = row.known, row.met
    for index, section in enumerate(row.sections()):
        for entity, page, claim in _placed(section, row.pages):
            pages[page].sections()[index].setdefault(entity, []).append(claim)
    for experiment, seen in row.seen.items():
        for claim in seen:  # an event may have shown many
            pages[_page(claim.id + experiment, row.pages)].seen.setdefault(experiment, []).append(claim)
    for loose in row.loose:
        pages[_page(loose.id, row.pages)].loose.append(loose)
    for fact in row.waiting:
        pages[_page(fact.claim.id, row.pages)].waiting.append(fact)
    return pages


def _placed(section: Mapping[str, Iterable[Any]], pages: int) -> Iterator[tuple[str, int, Any]]:
    for entity, claims in section.items():
        for claim in claims:
            yield entity, _page(claim.id, pages), claim


def _page(event_id: str, pages: int) -> int:
    return crc32(event_id.encode()) % pages


def _join(row: Row, page: Row) -> None:
    for section, more in zip((*row.sections(), row.seen), (*page.sections(), page.seen), strict=True):
        for entity, claims in more.items():
            section.setdefault(entity, []).extend(claims)
    row.loose.extend(page.loose)
    row.waiting.extend(page.waiting)
