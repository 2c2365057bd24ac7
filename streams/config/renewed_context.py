"""TLS contexts that follow their files: a renewed certificate is used without a restart."""

import logging
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, Self

from streams.errors import RetentionError

log = logging.getLogger(__name__)

_Version = tuple[tuple[int, int, int] | None, ...]
_ERRORS: Final = (OSError, ValueError, RetentionError)


def renewed_context(files: Iterable[Path | None], load: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """Return a context for clients that loads its files again when they have changed.

    Args:
        files: certificates and keys; None for a file that is not set.
        load: returns a context with the contents of the files, or raises if they are invalid.
    """
    present = tuple(path for path in files if path is not None)
    return _RenewedContext(present, load) if present else load()


class _RenewedContext(ssl.SSLContext):
    """Hands each new connection to a context with the present contents of the files.

    A context in use must not be changed: the consumer's thread and the event loop share it. So changed files
    make another context. Open connections keep theirs, because TLS checks certificates in the handshake only.
    """

    def __new__(cls, files: tuple[Path, ...], load: Callable[[], ssl.SSLContext]) -> Self:
        """Return a context that verifies host names, as `load` does."""
        del files, load
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, files: tuple[Path, ...], load: Callable[[], ssl.SSLContext]) -> None:
        self._files = files
        self._load = load
        self._version = _version(files)
        self._current = load()

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """Return the TLS side of a connection of asyncio."""
        return self._renewed().wrap_bio(*args, **kwargs)

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """Return the TLS side of a blocking connection."""
        return self._renewed().wrap_socket(*args, **kwargs)

    def _renewed(self) -> ssl.SSLContext:
        version = _version(
            self._files
        )  # read first: a file that changes now is noticed by the next connection
        if version != self._version:
            self._version = version
            try:
                self._current = self._load()
            except _ERRORS as error:
                log.warning("%s; new connections use the former certificates", error)
            else:
                log.info("loaded renewed certificates: %s", ", ".join(map(str, self._files)))
        return self._current


def _version(files: tuple[Path, ...]) -> _Version:
    """Return what changes with the contents of the files, also if a link to them is replaced."""
    return tuple(map(_version_of, files))


def _version_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
