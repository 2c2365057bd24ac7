"""The outputs of a partition's customers, and the emitted state."""

from collections.abc import Iterable

from models.definitions.definitions import Definitions
from models.facts.fact import Fact, encode_fact
from models.facts.fact_log import FactLog
from models.outputs import (
    UNKNOWN_PROFILE,
    UNKNOWN_PROFILE_EMITTED,
    EmittedState,
    Output,
    OutputEmitter,
    decode_emitted,
    encode_emitted,
)
from models.partition.customers import PartitionCustomers
from models.partition.metadata import PartitionMetadata


class PartitionOutputs:
    """Emits the outputs of a partition's customers.

    Args:
        definitions: the shop's definitions.
        fact_log: the rows, which hold the emitted state of each customer.
        customers: the partition's customers.
        metadata: holds the clock.
    """

    def __init__(
        self,
        definitions: Definitions,
        fact_log: FactLog,
        customers: PartitionCustomers,
        metadata: PartitionMetadata,
    ) -> None:
        self._emitter = OutputEmitter(definitions)
        self._fact_log = fact_log
        self._customers = customers
        self._metadata = metadata
        # While all profiles are emitted again: keys of the customers that are left, and the id of the new
        # topic.
        self._again: set[bytes] = set()
        self._new_topic = ""

    def due(self, limit: int) -> list[bytes]:
        """Return the keys of up to `limit` customers to check for outputs; none in bootstrap mode."""
        if not self._customers.is_live:
            return []
        keys = self._customers.schedule.next_due(self._metadata.now, limit)
        if self._new_topic and not keys:
            self._metadata.profile_topic, self._new_topic = self._new_topic, ""
        return keys

    def emit(self, key: bytes) -> list[Output]:
        """Return the new outputs of a customer, and store the emitted state."""
        if key not in self._fact_log.rows:
            return []
        customer = self._customers.peek(key)
        before = self._emitted(key)
        result = self._emitter.emit(customer, before, self._metadata.now)
        self._fact_log.put_output_state(key, encode_emitted(result.emitted) if result.emitted else b"")
        for claim in result.actions:
            fact = Fact("", claim)
            known = self._fact_log.append(((key, claim.id, encode_fact(fact)),))
            if known.differing:  # an event of the customer has the id of the action
                self._customers.add_contents(key, [fact])
            elif not known.duplicates:
                self._customers.apply(customer, fact)
        self._customers.schedule.schedule(key, result.next_check)
        return result.outputs

    def _emitted(self, key: bytes) -> EmittedState:
        """Return the emitted state of a customer; without the profile if that is emitted again."""
        state = self._fact_log.output_state(key)
        emitted = decode_emitted(state) if state else EmittedState()
        if key in self._again:
            self._again.discard(key)
            emitted.profile = emitted.profile and UNKNOWN_PROFILE
        return emitted

    def follow_profile_topic(self, topic_id: str) -> bool:
        """Emit every profile again if the last ones are in a topic with another id.

        The metadata names the new topic once all profiles are emitted again, so a restart begins anew.

        Returns:
            Whether the emission begins with this call.
        """
        known = self._metadata.profile_topic or topic_id
        self._metadata.profile_topic = known
        if topic_id in {known, self._new_topic}:
            return False
        self._new_topic = topic_id
        self._again = set(self._fact_log.customers())
        for key in self._again:
            self._customers.schedule.mark_dirty(key)
        return True

    def restore_published(self, keys: Iterable[bytes]) -> None:
        """Record that profiles of these customers were published before the state was lost."""
        for key in keys:
            self._fact_log.restore_output_state(key, encode_emitted(UNKNOWN_PROFILE_EMITTED))
