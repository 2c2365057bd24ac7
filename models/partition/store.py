"""The rows of a partition as a state store: load, restore, and take the changes for the changelog."""

import msgspec

from models.facts.fact_log import FactLog
from models.partition.metadata import METADATA_KEY, NO_CHANGELOG, PartitionMetadata, read_metadata


class PartitionStore:
    """The rows of a partition, and which of them have changed.

    Args:
        fact_log: the rows.

    Attributes:
        metadata: the partition's metadata, which the partition changes in place.
    """

    def __init__(self, fact_log: FactLog) -> None:
        self._fact_log = fact_log
        self.metadata = PartitionMetadata()
        self._saved = msgspec.structs.replace(self.metadata)

    @property
    def has_changes(self) -> bool:
        """Whether rows have changed since the last `take_changes`. A changed clock alone does not count."""
        return bool(self._fact_log.dirty) or self.metadata.reprocess_id != self._saved.reprocess_id

    def take_changes(self) -> dict[bytes, bytes | None]:
        """Return the rows that changed since the last call; None for a deleted row."""
        changed = self._fact_log.take_changes()
        if self.metadata != self._saved:
            self._saved = msgspec.structs.replace(self.metadata)
            encoded = msgspec.msgpack.encode(self.metadata)
            self._fact_log.rows[METADATA_KEY] = changed[METADATA_KEY] = encoded
        return changed

    def mark_all_changed(self) -> None:
        """Make `take_changes` return all rows."""
        self._fact_log.dirty.update(dict.fromkeys(self._fact_log.rows))

    def load(self, key: bytes, value: bytes | None) -> None:
        """Load a row of the changelog; None for a deleted row.

        Raises:
            StateTooNew: The row was written by a newer release.
        """
        if value is None:
            self._fact_log.rows.pop(key, None)
            return
        if key == METADATA_KEY:
            read_metadata(value)
        self._fact_log.rows[key] = value

    def restore(self) -> PartitionMetadata:
        """Restore the metadata from the rows, and return it.

        Raises:
            StateTooNew: The rows were written by a newer release.
        """
        encoded = self._fact_log.rows.get(METADATA_KEY)
        self.metadata = PartitionMetadata() if encoded is None else read_metadata(encoded)
        self._saved = msgspec.structs.replace(self.metadata)
        if encoded is None:
            # The first transaction then writes a metadata row: without one, a worker takes the state for
            # lost.
            self._saved.version = 0
            if self._fact_log.rows:  # the changelog has lost at least the metadata
                self.metadata.changelog = NO_CHANGELOG
        return self.metadata
