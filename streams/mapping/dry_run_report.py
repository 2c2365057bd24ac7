"""The report of a dry run, as `retention map check --json` prints it."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType, field

from streams.mapping.identity_joins import JoinedIdentity
from streams.mapping.places import Place


class RecordPlace(Struct, kw_only=True):
    """Where a record is: in a partition of a topic, or on a line of a file.

    Attributes:
        partition: partition; unset for a file.
        offset: offset; unset for a file.
        file: file name; unset for a topic.
        line: number of the line or row, from 1; unset for a topic.
    """

    partition: int | UnsetType = UNSET
    offset: int | UnsetType = UNSET
    file: str | UnsetType = UNSET
    line: int | UnsetType = UNSET

    @property
    def described(self) -> str:
        """The position as text."""
        if self.file is UNSET:
            return f"partition {self.partition}, offset {self.offset}"
        return f"{self.file}, line {self.line}"


class RejectedRecords(RecordPlace, kw_only=True):
    """One error, with the number of its records and the position of the first."""

    reason: str
    message: str
    records: int = 0


class UnusedFields(Struct):
    """A field that the mapping does not read."""

    path: Place
    records: int
    kind: str


class PartitionShare(Struct, kw_only=True):
    """One partition's share of the sample."""

    partition: int
    records: int = 0
    customers: int = 0
    in_place: int = 0


class Example(RecordPlace, kw_only=True, rename={"record": "came_in", "events": "became"}):
    """One record with its envelope, and its events. The JSON names are those of the first release."""

    record: Any
    events: list[dict[str, Any]]
    refused: str | None = None


class Report(Struct, kw_only=True):
    """The result of a dry run.

    Attributes:
        topic: topic of the sample, or the names of the files.
        mapping: the mapping's name, or the kind of the contract's own events.
        records: number of records in the sample.
        events: event type -> number of events.
        refused: rejected records by reason and message, the most frequent first.
        skipped: condition of `skip` or `otherwise` -> number of records that it leaves out.
        anonymous: number of records with an event that names no customer.
        unchanged: number of records with an event that lacks a field that a database did not send.
        nothing: number of records with a row that no rule applies to.
        no_row: number of records without a row: tombstones, truncated tables.
        unread: fields that the mapping does not read.
        unseen: paths of the mapping that are absent in every record.
        missing: the fields that no record has and without which there is no event; empty if there are events.
        meant: path in `unseen` -> unused field with a similar name.
        earliest: time of the first event.
        latest: time of the last event.
        partitions: share of each partition in the sample; empty for files.
        joined: identities that join implausibly many others as one customer, masked.
        scattered: number of customers in several partitions: some of their facts are forwarded.
        examples: one record for each kind of result, with shortened values.
        conflicts: kind of topic -> number of events with the id of another event and a different content.
        conflicting: kind of topic -> id of the first of these.
        other_currencies: number of order lines in another currency than their order, which do not count.
        other_currency: event id of the first of these; empty if there is none.
    """

    topic: str
    mapping: str
    records: int = 0
    events: dict[str, int] = field(default_factory=dict)
    refused: list[RejectedRecords] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    anonymous: int = 0
    unchanged: int = 0
    nothing: int = 0
    no_row: int = 0
    unread: list[UnusedFields] = field(default_factory=list)
    unseen: list[Place] = field(default_factory=list)
    missing: str = ""
    meant: dict[Place, Place] = field(default_factory=dict)
    earliest: str | None = None
    latest: str | None = None
    partitions: list[PartitionShare] = field(default_factory=list)
    joined: list[JoinedIdentity] = field(default_factory=list)
    scattered: int = 0
    examples: list[Example] = field(default_factory=list)
    conflicts: dict[str, int] = field(default_factory=dict)
    conflicting: dict[str, str] = field(default_factory=dict)
    other_currencies: int = 0
    other_currency: str = ""
