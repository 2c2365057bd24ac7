"""Start workers as forks of a process that has imported the worker's modules already.

These imports take about 2 CPU seconds in each process, and the tests start more than a hundred workers. A
fork is a process of its own, with its own environment, files, signals and exit code. Run as a program, this
module is the process that forks.
"""

import atexit
import ctypes
import inspect
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_READ_BYTES = 1 << 16


class ForkedProcess:
    """A process that a `Launcher` started, with the methods of `subprocess.Popen` that the tests use."""

    def __init__(self, launcher: "Launcher", pid: int) -> None:
        self.pid = pid
        self._launcher = launcher

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None before `poll` or `wait` has seen the end."""
        return self._launcher.exit_codes.get(self.pid)

    def poll(self) -> int | None:
        """Return the exit code; None while the process runs."""
        self._launcher.receive(0.0)
        return self.returncode

    def wait(self) -> int:
        """Wait until the process ends, and return its exit code."""
        while (code := self.poll()) is None:
            self._launcher.receive(1.0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL, unless the process has ended."""
        self.send_signal(signal.SIGKILL)


class Launcher:
    """The process that forks workers; it is started once for each process of the suite, by its first worker.

    Attributes:
        exit_codes: process id -> exit code, of the processes that have ended.
    """

    def __init__(self) -> None:
        self.exit_codes: dict[int, int] = {}
        self._started: list[int] = []
        self._received = b""
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.worker_launcher"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches the tests, which end the workers
        )
        atexit.register(self._process.kill)

    def start(self, environ: Mapping[str, str], log: Path) -> ForkedProcess:
        """Start `retention worker`.

        Args:
            environ: its environment. With `CLOCK_FILE`, the number in that file is added to its wall clock,
                nanoseconds.
            log: file of its standard output and error.
        """
        log.write_bytes(b"")  # a test may read it before the worker opens it
        request = json.dumps({"environ": dict(environ), "log": str(log)}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(request + b"\n")
        self._process.stdin.flush()
        while not self._started:
            self.receive(1.0)
        return ForkedProcess(self, self._started.pop())

    def receive(self, seconds: float) -> None:
        """Wait for started and ended processes, at most `seconds`, and store their ids and exit codes."""
        assert self._process.stdout is not None
        out = self._process.stdout.fileno()
        with self._lock:
            if not select.select([out], [], [], seconds)[0]:
                return
            received = os.read(out, _READ_BYTES)
            assert received, "the launcher of workers has ended"
            *lines, self._received = (self._received + received).split(b"\n")
            for line in lines:
                pid, *code = map(int, line.split())
                if code:
                    self.exit_codes[pid] = code[0]
                else:
                    self._started.append(pid)


_launchers: list[Launcher] = []


def launcher() -> Launcher:
    """Return the launcher of this process."""
    if not _launchers:
        _launchers.append(Launcher())
    return _launchers[0]


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _serve() -> None:
    """Fork a child for each request, and report each end. Return in the child, ready to run the worker."""
    _die_with_parent()
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker.fileno())
    received = b""
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            woken.recv(_READ_BYTES)
            _report_ends()
        if 0 in ready:
            read = os.read(0, _READ_BYTES)
            if not read:
                sys.exit()
            *requests, received = (received + read).split(b"\n")
            for request in requests:
                if (pid := os.fork()) == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    woken.close()
                    waker.close()
                    _become_worker(**json.loads(request))
                    return
                os.write(1, b"%d\n" % pid)


def _report_ends() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        os.write(1, b"%d %d\n" % (pid, os.waitstatus_to_exitcode(status)))


def _become_worker(environ: Mapping[str, str], log: str) -> None:
    _die_with_parent()
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["retention", "worker"]
    null, out = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY)
    for source, target in ((null, 0), (out, 1), (out, 2)):
        os.dup2(source, target)
    os.close(null)
    os.close(out)
    if (shift := os.environ.pop("CLOCK_FILE", None)) is not None:
        _shift_clock(Path(shift))


def _shift_clock(file: Path) -> None:
    """Add the nanoseconds in a file to the wall clock, whenever it is read."""
    real = time.time_ns
    time.time_ns = lambda: real() + int(file.read_text())


def _run() -> Any:
    # The modules of the worker, imported once for all forks.
    import streams.cli.worker  # noqa: F401, PLC0415
    from streams.cli import main  # noqa: PLC0415

    inspect.getmodule(sys._getframe())  # finds each module's file, once: Faust's decorators ask for them
    _serve()
    return main()


if __name__ == "__main__":
    _run()
