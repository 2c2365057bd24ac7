"""Decode records whose header names are not valid UTF-8.

Some producers write arbitrary bytes as a header name. aiokafka then raises at every attempt, so that one
record would stop a worker for ever. Here invalid bytes are replaced, as Java's consumers do. This decoder is
the one in pure Python, which is slower. Install it only when a header needs it.
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


class _Batch(_DefaultRecordBatchPy):  # type: ignore[misc] # it is final to type checkers only
    def _maybe_uncompress(self) -> None:
        if not self._decompressed:
            super()._maybe_uncompress()
            self._buffer: bytearray = _Buffer(self._buffer)


class LenientRecords(_MemoryRecordsPy):  # type: ignore[misc] # it is final to type checkers only
    """The record batches of one partition in a fetch response."""

    def next_batch(self, *args: Any) -> Any:  # noqa: ANN401 - as its base
        """Return the next batch, with a lenient decoder. Batches of older formats have no headers."""
        content = self._next_slice
        if content is None or content[self.MAGIC_OFFSET] < 2:  # noqa: PLR2004 - the first format with headers
            return super().next_batch(*args)
        self._cache_next()
        return _Batch(content)


def install_lenient_headers() -> None:
    """Decode everything that this process fetches from now on with `LenientRecords`."""
    fetcher.MemoryRecords = LenientRecords
