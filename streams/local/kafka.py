"""A real Kafka for one machine: started, waited for and ended by the process that wants it.

One KRaft node, broker and controller in one, on 127.0.0.1. Its data stays in a directory of its own, which
one process at a time may use. See `streams.local.kafka_runtime` for where the jars and Java come from.
"""

import asyncio
import atexit
import base64
import contextlib
import errno
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from streams.errors import BrokerError, PortInUse
from streams.local.kafka_runtime import KAFKA_VERSION, java_command

START_SECONDS = 60.0
STOP_SECONDS = 15.0
# Below the ephemeral ranges, so that no outgoing connection takes the port while the broker restarts.
PORT_RANGE = range(20_000, 32_000)
NODE_ID = 1

# One broker cannot replicate, and a machine of one user need not wait for others to join a group.
DEFAULT_SETTINGS: Mapping[str, str] = {
    "num.partitions": "8",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "message.max.bytes": str(16 << 20),
    "replica.fetch.max.bytes": str(16 << 20),
    "fetch.max.bytes": str(64 << 20),
    "socket.request.max.bytes": str(128 << 20),
    "log.cleaner.dedupe.buffer.size": str(32 << 20),
    "log.retention.ms": "-1",
    "num.network.threads": "2",
    "num.io.threads": "4",
}

# Linux kills the child when the thread that started it ends, so that even `kill -9` of the parent leaves no
# Kafka behind. Set between fork and exec by a launcher, because a `preexec_fn` may deadlock beside threads.
_LAUNCHER = """
import ctypes, os, signal, sys
parent = int(sys.argv[1])
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


class EmbeddedKafka:
    """One Kafka broker at `host:port`, with its data in `data_dir`.

    `port` 0 takes a free one, which then stays over restarts. `settings` overrides or adds broker properties,
    even the wiring: a broker of a larger cluster (which then needs the others' `cluster_id`), or one with
    further listeners. `fresh` forgets at the first start what an earlier one has left. `scram` are users, by
    name and password, that are known to a new directory from the beginning.
    A sync and an async context manager; everything else blocks.
    """

    def __init__(
        self,
        data_dir: Path | str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        settings: Mapping[str, str] | None = None,
        jvm_flags: tuple[str, ...] = (),
        fresh: bool = False,
        cluster_id: str | None = None,
        scram: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir = Path(data_dir).absolute()
        self.host = host
        self.port = port
        self.settings = {**DEFAULT_SETTINGS, **(settings or {})}
        self.log = self.data_dir / "kafka.log"
        self._jvm_flags = jvm_flags
        self._fresh = fresh
        self._cluster_id = cluster_id or base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        self._scram = scram or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None

    @property
    def bootstrap(self) -> str:
        """What clients call `bootstrap.servers`."""
        return f"{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        """The broker's process id; raises `BrokerError` when it does not run."""
        if self._process is None:
            raise BrokerError("the embedded Kafka is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the broker's process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self, timeout: float = START_SECONDS) -> None:
        """Format the directory if it is new, start, and return once the broker answers (about 3 s).

        Raises `PortInUse`, or `BrokerError`: directory in use, no such address, no Java, or the log's end.
        """
        self._acquire()
        try:
            self._launch(java_command(*self._jvm_flags))
            self._wait(timeout)
        except BaseException:
            self.kill()
            raise
        atexit.register(self.kill)

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """End it in order (SIGTERM), or after `timeout` seconds at once. Not running is fine."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout)
        self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL), as a power cut would. Not running is fine."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        atexit.unregister(self.kill)

    def restart(self, timeout: float = START_SECONDS) -> None:
        """Stop and start on the same data and port."""
        self.stop()
        self.start(timeout)

    def wait(self) -> int:
        """Block until the broker ends by itself; its return code."""
        return self._process.wait() if self._process is not None else 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)

    def _acquire(self) -> None:
        """Take the directory's lock, which the broker inherits: it stays taken while either process lives."""
        if self.running:
            raise BrokerError(f"the embedded Kafka at {self.bootstrap} is running already")
        self.data_dir.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise BrokerError(
                f"{self.data_dir} is in use by another embedded Kafka", "stop it, or choose another directory"
            ) from error
        self._lock = lock
        if self._fresh:
            self._fresh = False
            shutil.rmtree(self.data_dir / "log", ignore_errors=True)

    def _launch(self, java: list[str]) -> None:
        if self.port == 0:
            self.port = free_port(self.host)
        _demand(self.host, self.port)
        config = self.data_dir / "kraft.properties"
        config.write_text(self._properties())
        self._format(java, config)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.previous"))
        self._spawn([*java, "kafka.Kafka", str(config)])

    def _properties(self) -> str:
        controller = f"{self.host}:{free_port(self.host)}"
        wiring = {
            "process.roles": "broker,controller",
            "node.id": str(NODE_ID),
            # A static quorum: a dynamic one would keep the controller's port in its data.
            "controller.quorum.voters": f"{NODE_ID}@{controller}",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{controller}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": str(self.data_dir / "log"),
        }
        return "".join(f"{name}={value}\n" for name, value in {**wiring, **self.settings}.items())

    def _format(self, java: list[str], config: Path) -> None:
        if (self.data_dir / "log" / "meta.properties").exists():
            return
        # An id may begin with a dash, which as an argument of its own would be taken for an option.
        command = [*java, "kafka.tools.StorageTool", "format", f"--cluster-id={self._cluster_id}"]
        for name, password in self._scram.items():
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
                command += ["--add-scram", f"{mechanism}=[name={name},password={password}]"]
        command += ["-c", str(config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise BrokerError(f"the embedded Kafka could not format {self.data_dir / 'log'}", said)

    def _spawn(self, command: list[str]) -> None:
        """Start it from a thread that lives as long as it: the parent-death signal follows the thread."""
        started = threading.Event()

        def supervise() -> None:
            try:
                with self.log.open("wb") as log:
                    self._process = subprocess.Popen(  # noqa: S603 - our own
                        die_with_parent(command),
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                        pass_fds=() if self._lock is None else (self._lock,),
                    )
            finally:
                started.set()
            self._process.wait()

        threading.Thread(target=supervise, name="embedded-kafka", daemon=True).start()
        started.wait()

    def _wait(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not _answers(self.host, self.port):
            if not self.running:
                raise BrokerError("the embedded Kafka ended while starting", self.last_lines())
            if time.monotonic() > deadline:
                raise BrokerError(
                    f"the embedded Kafka did not answer within {timeout:g} s", self.last_lines()
                )
            time.sleep(0.05)

    def last_lines(self, count: int = 15) -> str:
        """The end of the broker's own log, for a message."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([f"the last lines of {self.log}:", *lines[-count:]])


def die_with_parent(command: list[str]) -> list[str]:
    """A command that ends with the thread that starts it, even when that is killed (on Linux)."""
    return [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *command]


def free_port(host: str = "127.0.0.1") -> int:
    """A port on `host` that nobody listens on, outside the ephemeral range."""
    start = int.from_bytes(os.urandom(4)) % len(PORT_RANGE)
    for offset in range(len(PORT_RANGE)):
        port = PORT_RANGE[(start + offset) % len(PORT_RANGE)]
        if is_free(host, port):
            return port
    raise BrokerError(f"no free port on {host}")


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens on `port` of `host`."""
    try:
        _bind(host, port)
    except OSError:
        return False
    return True


def _bind(host: str, port: int) -> None:
    with socket.socket() as probe:
        # As Java does: a port whose last connections are in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def _demand(host: str, port: int) -> None:
    try:
        _bind(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            hint = "stop what listens there, or choose another port"
            raise PortInUse(host, port, hint) from None
        problem = f"Kafka cannot listen at {host}:{port}: {error.strerror}"
        raise BrokerError(problem, "expected an address of this machine, such as 127.0.0.1:9092") from None


def _answers(host: str, port: int) -> bool:
    """Whether a Metadata request (v1, of no topics) names a broker: clients are served only then."""
    request = struct.pack(">hhihi", 3, 1, 0, -1, 0)
    head = struct.Struct(">iii")  # of the reply: its size, the correlation id, the number of brokers
    try:
        with socket.create_connection((host, port), timeout=1) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            reply = connection.recv(head.size, socket.MSG_WAITALL)
    except OSError:
        return False
    return len(reply) == head.size and head.unpack(reply)[2] > 0


async def run(host: str, port: int, data_dir: Path, announce: Callable[[str], None] = print) -> None:
    """`retention broker`: one Kafka in the foreground, until SIGINT or SIGTERM (docs/architecture.md).

    `announce` is called with each line meant for the person in front. Raises as `EmbeddedKafka.start` does,
    and `BrokerError` when the broker ends by itself.
    """
    announce(f"Starting Kafka {KAFKA_VERSION} (fetched once, 43 MB, if this machine has not had it yet) ...")
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with EmbeddedKafka(data_dir, host=host, port=port) as kafka:
        announce(f"Kafka is ready at {kafka.bootstrap}, its data in {kafka.data_dir}. Stop it with Ctrl-C.")
        while not stopped.is_set():
            if not kafka.running:
                raise BrokerError("the embedded Kafka ended by itself", kafka.last_lines())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), 0.5)
        announce("Stopping Kafka ...")
