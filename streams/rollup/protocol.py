"""Messages of an evaluation round: a tick to every task, a partial result back from each.

A worker also sends its presence to the roll-up leader, in the topic of the partial results, and
`retention periods reopen` its request.

All are MessagePack arrays, so that the order and the types of the fields are the format, and their names are
not.
"""

import zlib
from collections.abc import Sequence

import msgspec

from models.aggregation.aggregates import PartialAggregate, duration_names, window_sizes
from models.aggregation.variant_sums import Beyond
from models.contract.messages import PeriodKind
from models.definitions.definitions import Definitions
from models.metrics.catalogue import CATALOGUE
from models.metrics.segment_coverage import Uncovered
from models.partition.metadata import ClockJump


class Tick(msgspec.Struct, array_like=True):
    """Request to a task to evaluate its customers at one instant.

    Attributes:
        number: number of the round; rises by one with every tick of a leader.
        generation: generation of the consumer group. Results of another generation do not count.
        now: instant to evaluate at, microseconds since the epoch.
        settlement_round: rises when all inputs have been read, and while facts still lead to facts. The facts
            that were forwarded until then must be read too.
        reprocess_id: rises when a task has lost its state. Each new value makes all tasks read their inputs
            again from the earliest offsets.
        caught_up: whether the results of the round before rest on everything that was written when the
            partitions were assigned. Only then are outputs emitted.
        exported_number: number of the last round whose results became the metrics; 0 before the first.
        exported_at: when they became the metrics, milliseconds since the epoch.
        clock_jump: the jump of all tasks that moved the clock furthest; None without one.
        beyond: some of the experiments and variants that count as `other`.
        mappings: input topic -> hashes of the mappings by which any task has read it.
        uncovered: segments of which nearly everything is `unknown` or `other`.
    """

    number: int
    generation: int
    now: int
    settlement_round: int
    reprocess_id: int
    caught_up: bool = False
    exported_number: int = 0
    exported_at: int = 0
    clock_jump: ClockJump | None = None
    beyond: Sequence[Beyond] = ()
    mappings: dict[str, tuple[str, ...]] = {}
    uncovered: Sequence[Uncovered] = ()


class PartialResult(msgspec.Struct, array_like=True):
    """A task's response to a tick.

    Attributes:
        task: number of the task.
        number: number of the tick.
        generation: generation of the consumer group that the task belongs to.
        now: instant of the evaluation, microseconds since the epoch. It is later than the tick's if the
            task's clock was ahead.
        stream_time: largest event time that the task has seen, without those of `customer.*` events, which do
            not move the clock; microseconds since the epoch.
        inputs_read: whether the inputs have been read, and their facts forwarded, up to the ends that they
            had when the task was assigned.
        settlement_round: last settlement round whose facts have been read; 0 if none.
        reprocess_id: last reprocessing that the task has started.
        partial: the aggregates; None until the task has read its history and built them.
        schema_hash: `schema_hash` of the task's definitions.
        is_quiescent: whether the facts of the settlement round before led to no message to other tasks.
        clock_jump: the jump of the task's records that moved the clock furthest; None without one.
        mappings: input topic -> hashes of the mappings by which the task has read it.
    """

    task: int
    number: int
    generation: int
    now: int
    stream_time: int
    inputs_read: bool
    settlement_round: int
    reprocess_id: int
    partial: PartialAggregate | None
    schema_hash: int
    is_quiescent: bool = True
    clock_jump: ClockJump | None = None
    mappings: dict[str, tuple[str, ...]] = {}


class Presence(msgspec.Struct, array_like=True, tag="presence"):
    """A worker's message that it has joined the group, or that it leaves in order.

    Attributes:
        worker: id of the worker's process.
        generation: generation of the assignment that the worker has.
        leaves: whether the worker stops in order, with everything committed.
    """

    worker: str
    generation: int
    leaves: bool = False


class Reopening(msgspec.Struct, array_like=True, tag="reopening"):
    """A request to the roll-up leader to freeze the values of a closed period once more.

    It is in the topic of partial results. The leader commits its position there in the transaction with the
    effect of the request, so that each request has its effect once.

    Attributes:
        kind: kind of the period.
        period: its name.
        version: number of the version to write. A request for any other than the next one has no effect.
        because: reason of the reopening.
    """

    kind: PeriodKind
    period: str
    version: int
    because: str


def schema_hash(definitions: Definitions, inputs_digest: str = "") -> int:
    """Return a hash of the definitions of partial aggregates, which can be added if their hashes are equal.

    While a new release or configuration is rolled out, workers of both respond. The metrics keep their values
    until all workers are alike again. The inputs and their mappings count too: a sum of partial aggregates of
    two mappings would be right for neither.

    Args:
        definitions: definitions of the metrics.
        inputs_digest: `streams.mapping.mappings.Mappings.digest`.
    """
    schema = (
        PartialAggregate.__struct_fields__,
        duration_names(definitions),
        window_sizes(definitions),
        sorted(CATALOGUE),
        inputs_digest,
    )
    return zlib.crc32(msgspec.json.encode([*schema, definitions], order="deterministic"))
