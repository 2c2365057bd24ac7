"""Notice files that are read as JSON lines and are something else."""

from typing import Final

_SEPARATORS: Final = (b",", b";", b"\t", b"|")
#: First bytes of a file -> what the file is.
_MAGIC: Final = {
    b"PAR1": "is Parquet: --format parquet",
    b"PK\x03\x04": "is a spreadsheet or a ZIP archive: export it as CSV, or unpack it",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd: decompress it, or use gzip",
    b"BZh": "is compressed with bzip2: decompress it, or use gzip",
    b"\xfd7zXZ": "is compressed with xz: decompress it, or use gzip",
}


class LineSniffer:
    """The first line of a file, and whether any line may be a JSON object.

    Args:
        file: file name.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._first = b""
        self._objects = False

    def add(self, line: bytes) -> None:
        """Add a line that is not blank, without spaces around it."""
        self._first = self._first or line
        if not self._objects:
            # A JSON text may hold an object, too.
            self._objects = (line[:1] == b"{" and line[-1:] == b"}") or line[:2] == b'"{'

    def finding(self) -> str:
        """Return what the file is instead of JSON lines; empty if it has an object."""
        if not self._first:
            return f"{self._file} is empty"
        if self._objects:
            return ""
        found = next((what for magic, what in _MAGIC.items() if self._first.startswith(magic)), None)
        return f"{self._file} {found or self._text_finding()}"

    def _text_finding(self) -> str:
        if self._first[:1] in {b"{", b"["}:
            return "is JSON, but not one object a line: convert it with `jq -c '.[]?'` or `jq -c .`"
        if any(separator in self._first for separator in _SEPARATORS):
            return "has no line with a JSON object and looks like a table: --format csv"
        return "has no line with a JSON object"
