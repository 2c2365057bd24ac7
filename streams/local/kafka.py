"""Run a real Kafka on this machine, as a child of this process.

It is one KRaft node, broker and controller in one, on 127.0.0.1. Its data are in a directory that one process
at a time may use, and no other user can read. `streams.local.kafka_runtime` provides Java and the jars.
"""

import asyncio
import atexit
import base64
import contextlib
import errno
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from streams.errors import BrokerError, PortInUse, naming_full_disk
from streams.local.kafka_runtime import java_command
from streams.local.ports import bind, free_port
from streams.local.private_directory import PRIVATE_UMASK, make_private
from streams.local.processes import die_with_parent

START_SECONDS = 60.0
STOP_SECONDS = 15.0
NODE_ID = 1

# One broker cannot replicate, and a group on one machine need not wait for further members.
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


class EmbeddedKafka:
    """One Kafka broker, with its data in a directory. A synchronous and an asynchronous context manager.

    Methods block; in a coroutine, use `async with`.

    Args:
        data_dir: directory of the data, the configuration and the log.
        host: address of this machine.
        port: port of the broker; 0 takes a free one, which is kept over restarts.
        settings: broker properties, which override the defaults. They may change the listeners, or make the
            node a broker of a larger cluster, which then needs the `cluster_id` of the other nodes.
        jvm_flags: further flags of Java.
        fresh: whether to delete the data of an earlier broker at the first start.
        cluster_id: id of the cluster; None draws one.
        scram: user -> password; SCRAM users that a new directory has from the beginning.

    Attributes:
        data_dir: absolute path of the directory.
        host: address of the broker.
        port: port of the broker; 0 before the first start if it was 0.
        settings: broker properties.
        log: path of the broker's log.

    Example:
        >>> with EmbeddedKafka("/tmp/kafka") as kafka:
        ...     producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
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
        """Address of the broker, `host:port`, for `bootstrap.servers`."""
        return f"{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        """Process id of the broker.

        Raises:
            BrokerError: the broker is not running.
        """
        if self._process is None:
            raise BrokerError("the embedded Kafka is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process of the broker is running."""
        return self._process is not None and self._process.poll() is None

    def start(self, timeout: float = START_SECONDS) -> None:
        """Start the broker, and return when it answers (about 3 s). A new directory is formatted first.

        Args:
            timeout: maximum time until the broker answers, seconds.

        Raises:
            PortInUse: another process uses the port.
            BrokerError: the directory is in use, the address does not belong to this machine, Java or the
            jars are
                missing, or the broker stopped or did not answer in time.
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
        """Stop the broker (SIGTERM); kill it after the timeout. A stopped broker stays stopped.

        Args:
            timeout: maximum time to stop, seconds.
        """
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout)
        self.kill()

    def kill(self) -> None:
        """Kill the broker (SIGKILL), like a power failure. A stopped broker stays stopped."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        atexit.unregister(self.kill)

    def restart(self, timeout: float = START_SECONDS) -> None:
        """Stop the broker, and start it with the same data and port."""
        self.stop()
        self.start(timeout)

    def wait(self) -> int:
        """Block until the broker stops by itself, and return its exit code."""
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
        """Lock the directory. The broker inherits the lock, so it is held while either process is running."""
        if self.running:
            raise BrokerError(f"the embedded Kafka at {self.bootstrap} is running already")
        make_private(self.data_dir)
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
        _require_free(self.host, self.port)
        config = self.data_dir / "kraft.properties"
        with naming_full_disk(config):
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
            # A static quorum: a dynamic one stores the controller's port in its data.
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
        # With `=`, because an id may begin with a dash and would look like an option.
        command = [*java, "kafka.tools.StorageTool", "format", f"--cluster-id={self._cluster_id}"]
        for name, password in self._scram.items():
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
                command += ["--add-scram", f"{mechanism}=[name={name},password={password}]"]
        command += ["-c", str(config)]
        done = subprocess.run(  # noqa: S603 - a fixed command
            command, capture_output=True, text=True, check=False, umask=PRIVATE_UMASK
        )
        if done.returncode:
            output = (done.stderr or done.stdout).strip()
            raise BrokerError(f"the embedded Kafka could not format {self.data_dir / 'log'}", output)

    def _spawn(self, command: list[str]) -> None:
        """Start the broker from a thread that waits for it: the parent-death signal follows the thread."""
        started = threading.Event()

        def supervise() -> None:
            try:
                with self.log.open("wb") as log:
                    self._process = subprocess.Popen(  # noqa: S603 - a fixed command
                        die_with_parent(command),
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                        umask=PRIVATE_UMASK,
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
                raise BrokerError("the embedded Kafka stopped while starting", self.last_lines())
            if time.monotonic() > deadline:
                raise BrokerError(
                    f"the embedded Kafka did not answer within {timeout:g} s", self.last_lines()
                )
            time.sleep(0.05)

    def last_lines(self, count: int = 15) -> str:
        """Return the last lines of the broker's log, for an error message.

        Args:
            count: number of lines.
        """
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([f"the last lines of {self.log}:", *lines[-count:]])


def _require_free(host: str, port: int) -> None:
    try:
        bind(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            hint = "stop the process that uses it, or choose another port"
            raise PortInUse(host, port, hint) from None
        problem = f"Kafka cannot listen at {host}:{port}: {error.strerror}"
        raise BrokerError(problem, "expected an address of this machine, such as 127.0.0.1:9092") from None


def _answers(host: str, port: int) -> bool:
    """Return whether a Metadata request (v1, without topics) returns a broker: clients are served then."""
    request = struct.pack(">hhihi", 3, 1, 0, -1, 0)
    head = struct.Struct(">iii")  # of the reply: its size, the correlation id, the number of brokers
    try:
        with socket.create_connection((host, port), timeout=1) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            reply = connection.recv(head.size, socket.MSG_WAITALL)
    except OSError:
        return False
    return len(reply) == head.size and head.unpack(reply)[2] > 0
