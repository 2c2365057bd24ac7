"""Record batches whose headers are named in no UTF-8: some producers write any bytes as a header's name.

aiokafka raises then, at every attempt, so that one record would stop a worker for ever. Here such bytes are
replaced, as Java's consumers do. It is decoded in Python, which is slower: only once there is need.
"""

from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy


class _Bytes(bytes):
    def decode(self, encoding: str = "utf-8", _errors: str = "strict") -> str:
        return super().decode(encoding, "replace")


class _Buffer(bytearray):
    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401 - as its base
        found = super().__getitem__(key)
        return _Bytes(found) if isinstance(key, slice) else found


class _Batch(_DefaultRecordBatchPy):  # type: ignore[misc] # it is final to type checkers alone
    def _maybe_uncompress(self) -> None:
        if not self._decompressed:
            super()._maybe_uncompress()
            self._buffer: bytearray = _Buffer(self._buffer)


class LenientRecords(_MemoryRecordsPy):  # type: ignore[misc] # as above
    """What the broker sent of one partition."""

    def next_batch(self, *args: Any) -> Any:  # noqa: ANN401 - as its base
        """Give the next batch, decoded leniently; older formats have no headers."""
        content = self._next_slice
        if content is None or content[self.MAGIC_OFFSET] < 2:  # noqa: PLR2004 - the first format with headers
            return super().next_batch(*args)
        self._cache_next()
        return _Batch(content)


def install_lenient_headers() -> None:
    """Decode leniently whatever this process fetches from now on."""
    fetcher.MemoryRecords = LenientRecords
