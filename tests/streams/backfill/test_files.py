"""Event files: formats, compression, line ends and lengths, and errors that name the file."""

import gzip
import io
import json
from types import SimpleNamespace

import pyarrow as pa
import pytest
from pyarrow import parquet

from models.contract.decoding import MAX_BYTES
from streams.backfill.files import Line, read
from streams.errors import RetentionError

EVENT = {
    "id": "1",
    "type": "order.cancelled",
    "time": "2026-01-01T00:00:00Z",
    "customer_id": "c",
    "order_id": "o",
}
JSON = json.dumps(EVENT).encode()


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file and returns its name."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return write


class Progress:
    """A progress bar that records its updates."""

    def __init__(self):
        self.events, self.positions, self.finished = 0, [], []

    def update_position(self, raw):
        self.positions.append(raw.tell())

    def finish_file(self, file):
        self.finished.append(file)


def test_line_has_its_file_and_number(write):
    name = write("events.jsonl", JSON + b"\n" + JSON + b"\n")
    assert list(read([name])) == [Line(name, 1, JSON), Line(name, 2, JSON)]


def test_blank_lines_are_skipped_but_numbered(write):
    name = write("events.jsonl", b"\n  \n" + JSON + b"\r\n\n" + JSON)
    assert [(line.number, line.content) for line in read([name])] == [(3, JSON), (5, JSON)]


def test_empty_file_has_no_lines(write):
    assert list(read([write("events.jsonl", b"")])) == []


def test_files_are_read_in_their_order(write):
    names = [write("b.jsonl", JSON), write("a.jsonl", JSON)]
    assert [line.file for line in read(names)] == names


@pytest.mark.parametrize("name", ["events.jsonl", "events.jsonl.gz", "events"])
def test_gzip_is_recognised_by_content(write, name):
    assert [line.content for line in read([write(name, gzip.compress(JSON))])] == [JSON]


@pytest.mark.parametrize("name", ["events.csv", "events.CSV", "events.tsv", "events.csv.gz"])
def test_csv_is_recognised_by_name(write, name):
    text = "\n".join([",".join(EVENT), ",".join(EVENT.values())]).encode()
    content = gzip.compress(text) if name.endswith("gz") else text
    [line] = read([write(name, content)])
    assert (line.number, json.loads(line.content)) == (2, EVENT)


@pytest.mark.parametrize("name", ["events.parquet", "events.pq", "events.parquet.gz"])
def test_parquet_is_recognised_by_name(write, name):
    file = io.BytesIO()
    parquet.write_table(pa.table({key: [value] for key, value in EVENT.items()}), file)
    content = gzip.compress(file.getvalue()) if name.endswith("gz") else file.getvalue()
    [line] = read([write(name, content)])
    assert json.loads(line.content) == EVENT


def test_given_format_wins_over_the_name(write):
    name = write("events.txt", "\n".join([",".join(EVENT), ",".join(EVENT.values())]).encode())
    [line] = read([name], file_format="csv")
    assert json.loads(line.content) == EVENT


def test_standard_input_is_read(monkeypatch):
    piped = SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(gzip.compress(JSON))))
    monkeypatch.setattr("sys.stdin", piped)
    assert list(read(["-"])) == [Line("-", 1, JSON)]


def test_endless_line_is_cut_and_the_next_one_is_whole(write):
    name = write("events.jsonl", b"x" * (5 * MAX_BYTES) + b"\n" + JSON)
    first, second = read([name])
    assert MAX_BYTES < len(first.content) <= 2 * MAX_BYTES
    assert (second.number, second.content) == (2, JSON)


def test_unreadable_row_is_rejected_with_its_reason(write):
    text = ",".join(EVENT) + "\n" + ",".join([*EVENT.values(), "extra"]) + "\n"
    [line] = read([write("events.csv", text.encode())])
    assert line.rejection is not None
    assert line.rejection.reason == "invalid_field"
    assert json.loads(line.content) == [*EVENT.values(), "extra"]


def test_missing_file_is_an_error_with_its_name(tmp_path):
    with pytest.raises(RetentionError, match=r"none\.jsonl cannot be read: .*No such file"):
        list(read([str(tmp_path / "none.jsonl")]))


@pytest.mark.parametrize(("kept", "added"), [(-9, b""), (-4, b"0000")], ids=["cut", "other length"])
def test_broken_gzip_is_an_error_with_its_name(write, kept, added):
    with pytest.raises(RetentionError, match=r"events\.gz cannot be read: "):
        list(read([write("events.gz", gzip.compress(JSON)[:kept] + added)]))


def test_progress_receives_positions_and_ends(write):
    progress = Progress()
    names = [write("a.jsonl", (JSON + b"\n") * 2500), write("b.jsonl", JSON)]
    assert len(list(read(names, progress))) == 2501
    assert progress.positions == sorted(progress.positions)
    assert len(progress.positions) >= 2
    assert progress.finished == names
