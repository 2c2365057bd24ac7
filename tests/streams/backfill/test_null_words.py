"""Words that are nothing in tables, and their counts."""

import gzip
import json

import pytest

from streams.backfill.files import read
from streams.backfill.null_words import CSV_WORDS, NullCells
from streams.errors import RetentionError
from streams.mapping.mappings import load

HEADER = "type,id,time,customer_id,order_id,amount,currency,coupon\n"
MAPPING = {
    "customer_id": "customer",
    "events": [
        {
            "type": "order.placed",
            "order_id": "id",
            "time": "at",
            "amount": "amount",
            "currency": {"const": "EUR"},
            "coupon": "coupon",
        }
    ],
}


def rows_of(tmp_path, *coupons, name="events.csv"):
    lines = [f"order.placed,{n},2026-01-01T00:00:00Z,c,o{n},100,EUR,{c}\n" for n, c in enumerate(coupons)]
    path = tmp_path / name
    path.write_text(HEADER + "".join(lines))
    return str(path)


def coupons_of(files, **how):
    return [json.loads(line.content).get("coupon") for line in read(files, **how)]


@pytest.mark.parametrize("word", CSV_WORDS)
def test_word_of_a_tool_is_nothing_in_csv(tmp_path, word):
    assert coupons_of([rows_of(tmp_path, word, "SPRING")]) == [None, "SPRING"]


@pytest.mark.parametrize("word", ["NA", "Null", "none", "-", "NULLS", "nil"])
def test_word_that_may_be_a_value_stays(tmp_path, word):
    assert coupons_of([rows_of(tmp_path, word)]) == [word]


def test_counts_of_a_file_read_twice_are_those_of_one_reading(tmp_path):
    nulls = NullCells()
    file = rows_of(tmp_path, "NULL", "\\N", "NULL", "SPRING")
    for _ in range(2):
        assert coupons_of([file], nulls=nulls) == [None, None, None, "SPRING"]
    assert nulls.summary() == "3 cells read as nothing: 2 NULL, 1 \\N (--null names other words)"


def test_words_of_the_command_line_replace_all_others(tmp_path):
    nulls = NullCells(["-"])
    assert coupons_of([rows_of(tmp_path, "-", "NULL")], nulls=nulls) == [None, "NULL"]
    assert coupons_of([rows_of(tmp_path, "", "NULL")], nulls=NullCells([""])) == [None, "NULL"]


def test_words_of_the_mapping_hold_in_every_format(tmp_path):
    reader = load({"mappings": {"m": {**MAPPING, "null": ["NA"]}}}).reader("m")
    row = {"id": "1", "customer": "c", "at": "2026-01-01T00:00:00Z", "amount": 100}
    table = tmp_path / "rows.csv"
    table.write_text(
        "id,customer,at,amount,coupon\n" + "".join(f"1,c,{row['at']},100,{word}\n" for word in ("NA", "NULL"))
    )
    lines = tmp_path / "rows.jsonl"
    lines.write_text("".join(json.dumps(row | {"coupon": word}) + "\n" for word in ("NA", "NULL")))
    for file in (table, lines):
        assert coupons_of([str(file)], mapping=reader) == [None, "NULL"]


@pytest.mark.parametrize(
    "skip", [{}, {"skip": {"none": "length(keys(@)) == `0`"}}], ids=["compiled", "interpreted"]
)
def test_words_of_the_mapping_are_no_identity(skip):
    first = {"first": ["customer", {"path": "guest", "prefix": "guest:"}]}
    table = {**MAPPING, **skip, "customer_id": first, "null": ["unknown"]}
    reader = load({"mappings": {"m": table}}).reader("m")
    row = {"id": "1", "customer": "unknown", "guest": 7, "at": "2026-01-01T00:00:00Z", "amount": 100}
    [event] = reader.map_record(json.dumps(row).encode()).events
    assert event.customer_id == "guest:7"
    assert reader.map_record(json.dumps(row | {"guest": "unknown"}).encode()).anonymous


EVENT = {"type": "stock.missed", "id": "1", "time": "2026-01-01T00:00:00Z", "customer_id": "Zoë", "sku": "b"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("form", ["csv", "jsonl", "csv.gz"])
def test_encoding_and_line_ends_of_a_file_are_detected(tmp_path, encoding, end, form):
    lines = [json.dumps(EVENT, ensure_ascii=False)] * 3
    if form != "jsonl":
        lines = [",".join(EVENT), *[",".join(EVENT.values())] * 3]
    content = "".join(line + end for line in lines).encode(encoding)
    path = tmp_path / f"events.{form}"
    path.write_bytes(gzip.compress(content) if form.endswith(".gz") else content)
    found = list(read([str(path)]))
    assert [json.loads(line.content) for line in found] == [EVENT] * 3
    assert [line.number for line in found] == ([2, 3, 4] if form != "jsonl" else [1, 2, 3])


def test_large_file_of_utf16_is_read_whole(tmp_path):
    path = tmp_path / "events.csv"
    count = 5_000
    path.write_text(",".join(EVENT) + "\r\n" + (",".join(EVENT.values()) + "\r\n") * count, encoding="utf-16")
    assert sum(1 for _ in read([str(path)])) == count


def test_broken_utf16_is_an_error(tmp_path):
    path = tmp_path / "events.csv"
    path.write_bytes(f"{','.join(EVENT)}\n".encode("utf-16") + b"\x00")
    with pytest.raises(RetentionError, match="is not utf-16"):
        list(read([str(path)]))
