"""Read text files of other encodings and line ends as UTF-8 with line feeds.

Excel's "Unicode text" and SQL Server's `bcp -w` write UTF-16, old programs of the Macintosh end lines with a
carriage return alone.
"""

import codecs
import gzip
import io
from typing import IO, Final, cast

from streams.errors import RetentionError

#: First bytes of a file -> its encoding. The marks of UTF-32 begin like those of UTF-16.
_BYTE_ORDERS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK_BYTES: Final = 64 << 10
#: Bytes whose zeros identify UTF-16 without a mark.
_INSPECTED_BYTES: Final = 64


def as_utf8(content: io.BufferedReader | gzip.GzipFile) -> IO[bytes]:
    """Return a file as UTF-8 with line feeds; the file itself if it is so already.

    The encoding is detected by the mark at the beginning, or by the zeros of UTF-16, and the line ends by the
    first bytes.

    Args:
        content: the file, at its beginning.
    """
    start = content.peek(_CHUNK_BYTES)
    encoding = next((name for mark, name in _BYTE_ORDERS if start.startswith(mark)), _without_mark(start))
    text = start.decode(encoding or "latin-1", errors="ignore")
    ends_in_returns = "\n" not in text and "\r" in text[:-1]
    if encoding is None and not ends_in_returns:
        return cast("IO[bytes]", content)
    raw = _Transcoded(cast("IO[bytes]", content), encoding, ends_in_returns=ends_in_returns)
    return io.BufferedReader(raw, _CHUNK_BYTES)


def _without_mark(start: bytes) -> str | None:
    """Return the UTF-16 encoding of a file without a mark; None for any other encoding."""
    inspected = start[: min(_INSPECTED_BYTES, len(start) & ~1)]
    if not any(inspected[1::2]) and all(inspected[::2]) and inspected:
        return "utf-16-le"
    if not any(inspected[::2]) and all(inspected[1::2]) and inspected:
        return "utf-16-be"
    return None


class _Transcoded(io.RawIOBase):
    """A file, converted while it is read.

    Args:
        content: the file.
        encoding: its encoding; None keeps its bytes.
        ends_in_returns: whether its lines end with a carriage return alone.
    """

    def __init__(self, content: IO[bytes], encoding: str | None, *, ends_in_returns: bool) -> None:
        self._content = content
        self._encoding = encoding
        self._decoder = None if encoding is None else codecs.getincrementaldecoder(encoding)()
        self._ends_in_returns = ends_in_returns
        self._pending = b""

    def readable(self) -> bool:
        """Return whether it can be read, which it always can."""
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        """Read the next bytes into a buffer, and return how many; 0 at the end."""
        while not self._pending:
            chunk = self._content.read(_CHUNK_BYTES)
            self._pending = self._converted(chunk)
            if not chunk:
                break
        count = min(len(buffer), len(self._pending))
        buffer[:count] = self._pending[:count]
        self._pending = self._pending[count:]
        return count

    def _converted(self, chunk: bytes) -> bytes:
        if self._decoder is not None:
            try:
                chunk = self._decoder.decode(chunk, final=not chunk).encode()
            except UnicodeError as error:
                raise RetentionError(f"a file is not {self._encoding}, as it begins: {error}") from None
        return chunk.replace(b"\r", b"\n") if self._ends_in_returns else chunk
