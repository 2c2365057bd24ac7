"""Map a vendor's records with a bundled mapping: to events, and to the numbers of `retention compute`."""

import json
from pathlib import Path

import msgspec

from streams.mapping.mappings import load

CASES = Path(__file__).parents[1] / "data" / "cases"
VENDORS = Path(__file__).parents[1] / "data" / "vendors"


def read(path):
    """Return the records of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def changed(record, **changes):
    """Return a record with other values; `a__b` is `b` of the object `a`."""
    record = json.loads(json.dumps(record))
    for name, value in changes.items():
        *path, last = name.split("__")
        place = record
        for step in path:
            place = place[step]
        place[last] = value
    return record


def mapped(mapping, *records):
    """Return the events of records as dictionaries, without unset fields. Fail if a record is invalid."""
    reader = load({}).reader(mapping)
    found = []
    for record in records:
        result = reader.map_record(json.dumps(record).encode())
        assert result.errors == []
        found += [
            {name: value for name, value in msgspec.to_builtins(event).items() if value is not None}
            for event in result.events
        ]
    return found


def conflicting(events):
    """Return the ids that events of different content share. A merge has no content but its customers."""
    found = {}
    for event in events:
        if event["type"] != "customer.merged":
            found.setdefault((event["customer_id"], event["id"]), []).append(event)
    return [key for key, same in found.items() if any(event != same[0] for event in same)]


def types(events):
    """Return the types of events."""
    return [event["type"] for event in events]


def skipped(mapping, record):
    """Return the name of the condition that skips a record; None if the record is mapped."""
    return load({}).reader(mapping).map_record(json.dumps(record).encode()).skipped


class Numbers:
    """The series of `retention compute --json`."""

    def __init__(self, output):
        self._rows = [json.loads(line) for line in output.splitlines()]

    def __call__(self, metric, **labels):
        """Return the value of the only series of a metric with these labels."""
        [value] = [row["value"] for row in self._having(metric, labels)]
        return value

    def fraction(self, metric, **labels):
        """Return numerator and denominator of the only ratio of a metric with these labels."""
        [row] = self._having(metric, labels)
        return row["numerator"], row["denominator"]

    def _having(self, metric, labels):
        return [
            row
            for row in self._rows
            if row["metric"] == f"retention_{metric}" and labels.items() <= row["labels"].items()
        ]

    def orders(self):
        """Return the number of orders and their net revenue, of 30 days."""
        return self("orders", window="30d"), self("net_revenue", window="30d", currency="USD")


def orderings(records):
    """Return records in three orders of delivery: numbers must not depend on it."""
    records = list(records)
    return [records, records[::-1], records[1:] + records[:1]]
