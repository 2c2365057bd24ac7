"""The customers table: rows by partition, with a compacted changelog that is written and restored in bulk.

Faust's own table sends one record per write, waits for ever when a changelog ends in a transaction marker,
and keeps the rows of partitions that were revoked. Here a task writes its changed rows in its transaction
(`streams.worker.committer`) and restores them when it is opened (`streams.worker.task_manager`), while the
other tasks go on. After a rebalance, `streams.faust_engine.rebalance` starts the flow.
"""

import time
from typing import Any

import faust

#: A sum over all rows is used this long.
_BYTES_SECONDS = 10.0


class CustomersTable(faust.Table[bytes, bytes]):
    """Customer rows (bytes) by partition, so that a revoked partition's rows are dropped together."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._by_partition: dict[int, dict[bytes, bytes]] = {}
        self._bytes, self._bytes_until = 0, 0.0

    def new_partition(self, partition: int) -> dict[bytes, bytes]:
        """Return the empty rows of a partition that is about to be restored."""
        rows: dict[bytes, bytes] = {}
        self._by_partition[partition] = rows
        return rows

    def drop(self, partition: int) -> None:
        """Drop the rows of a revoked partition."""
        self._by_partition.pop(partition, None)

    @property
    def row_count(self) -> int:
        """Number of rows that this worker holds."""
        return sum(len(rows) for rows in self._by_partition.values())

    @property
    def byte_count(self) -> int:
        """Bytes of their keys and values, up to ten seconds old: counting takes 30 ms a million rows."""
        if time.monotonic() >= self._bytes_until:
            self._bytes = sum(
                sum(map(len, rows.keys())) + sum(map(len, rows.values()))
                for rows in self._by_partition.values()
            )
            self._bytes_until = time.monotonic() + _BYTES_SECONDS
        return self._bytes
