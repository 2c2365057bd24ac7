"""The errors that a user can correct: a message of one line, a hint, and an exit code.

    RetentionError (1)
    ├── MissingExtra              an optional feature is not installed
    ├── SettingsError (2)         a setting or a command line is invalid
    ├── ClockWrong                the clock of the machine differs from Kafka's
    ├── BrokerUnavailable (3)     Kafka does not respond
    ├── WorkerUnavailable (3)     no worker responds (`streams.operations.worker_api`)
    ├── StateError (4)            the stored state contradicts the settings
    │   ├── PartitionsChanged       an internal topic has another partition count
    │   ├── TopicsMissing           topics are missing and may not be created
    │   ├── InputsMissing           an input of another producer is missing
    │   ├── TopicsOwned             another group owns the derived topics
    │   └── StateTooNew             a newer version wrote the state
    ├── PortInUse (5)             another process listens on the port
    ├── GroupActive (6)           running workers must be stopped first
    ├── AccessDenied (7)          Kafka rejects the credentials or an operation
    └── BrokerError (8)           the embedded Kafka cannot be downloaded or started

The command line prints `retention: <message>` and the hint, and exits with the code. With `RETENTION_DEBUG=1`
it prints the traceback too. An `OSError` that names a path, or the state of the machine (a full disk, too
many open files), is handled in the same way, with code 1. Any other exception is a defect of this program and
keeps its traceback.

Exit code 9 is not an error: the command is done, but lines of its files were rejected
(`streams.backfill.rejected_lines`).
"""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import ClassVar, Final

#: Variable that the container image sets (Dockerfile).
IN_IMAGE: Final = "RETENTION_IN_IMAGE"
#: Errors of a disk, which name no file if writing fails instead of opening.
_DISK_ERRORS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def in_image() -> bool:
    """Return whether this process runs in the container image, in which no package can be installed."""
    return bool(os.environ.get(IN_IMAGE))


@contextmanager
def naming_full_disk(path: str | os.PathLike[str]) -> Iterator[None]:
    """Make an error of a full or broken disk name the path that is written."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno in _DISK_ERRORS:
            error.filename = os.fspath(path)
        raise


class RetentionError(Exception):
    """An error that a user can correct.

    Attributes:
        message: the problem, in one line.
        hint: the correction; may be empty.
        exit_code: exit code of the process.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.message = message
        self.hint = hint


class ClockWrong(RetentionError):
    """The clock of this machine differs too much from Kafka's."""

    def __init__(self, difference: timedelta, direction: str) -> None:
        super().__init__(
            f"the clock of this machine is {timedelta(seconds=round(difference.total_seconds()))}"
            f" {direction} Kafka's",
            "set the wrong one, by NTP for example; RETENTION_CLOCK_TOLERANCE is the accepted difference",
        )


class MissingExtra(RetentionError):
    """An optional feature is used, and its packages are not installed."""


def missing_extra(feature: str, package: str, extra: str) -> MissingExtra:
    """Return the error of a feature whose optional package is not installed.

    Example:
        >>> missing_extra("reading Parquet", "pyarrow", "parquet").message
        'reading Parquet needs pyarrow, which is not installed'

    Args:
        feature: subject of the message, such as `the embedded Kafka`.
        package: name of the missing package.
        extra: extra of this distribution that installs the package.
    """
    if in_image():
        return MissingExtra(
            f"{feature} needs {package}, which the container image does not have",
            f"run this command where you have installed it with: pip install 'retention-streams[{extra}]'",
        )
    return MissingExtra(
        f"{feature} needs {package}, which is not installed",
        f"install it with: pip install 'retention-streams[{extra}]'",
    )


class SettingsError(RetentionError):
    """A setting is invalid.

    Attributes:
        name: name of the setting, variable or TOML key.
        source: origin of its value.
    """

    exit_code = 2

    def __init__(self, name: str, problem: str, *, source: str, hint: str = "") -> None:
        super().__init__(f"{name} ({source}): {problem}", hint)
        self.name = name
        self.source = source


class BrokerUnavailable(RetentionError):
    """Kafka does not respond at the bootstrap address."""

    exit_code = 3

    def __init__(self, broker: str, reason: str = "") -> None:
        super().__init__(
            f"no Kafka responds at {broker}" + (f" ({reason})" if reason else ""),
            "start one with `retention broker` or `docker compose up`, or set RETENTION_BROKER",
        )
        self.broker = broker


class StateError(RetentionError):
    """The stored state contradicts the settings."""

    exit_code = 4


class PartitionsChanged(StateError):
    """An internal topic has another partition count than the setting.

    The count decides which task a customer belongs to, so it cannot change after the group's first start.
    """

    def __init__(self, topic: str, *, expected: int, found: int) -> None:
        super().__init__(
            f"topic {topic} has {found} partitions where {expected} are expected",
            f"set RETENTION_PARTITIONS to the group's original value, or reprocess from the "
            f"earliest events with `retention reset` and RETENTION_PARTITIONS={expected}",
        )
        self.topic = topic


class TopicsMissing(StateError):
    """Topics are missing and may not be created."""

    def __init__(self, topics: Sequence[str]) -> None:
        super().__init__(
            f"topics are missing: {', '.join(topics)}",
            "`retention doctor` prints the commands that create them",
        )
        self.topics = topics


class InputsMissing(StateError):
    """Topics that the configuration names as inputs are missing; their producers must create them."""

    def __init__(self, topics: Sequence[str]) -> None:
        super().__init__(
            f"inputs are missing: {', '.join(topics)}",
            "correct [[inputs]] in the configuration, or start their producers first",
        )
        self.topics = topics


class TopicsOwned(StateError):
    """Another group owns the derived topics; the numbers of two groups in one topic would be wrong for both.

    Attributes:
        owner: name of that group; empty if a release without marks wrote the topics.
    """

    def __init__(self, prefix: str, owner: str, group: str) -> None:
        by = f"group {owner}" if owner else f"a group other than {group}"
        super().__init__(
            f"the topics {prefix}.* belong to {by}",
            f"set RETENTION_TOPIC_PREFIX to another prefix for group {group}, such as {group};"
            " or stop the other group and delete its state with `retention reset`",
        )
        self.owner = owner


class StateTooNew(StateError):
    """A newer version of this program wrote the state."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"the state has version {found}, and this release reads up to {known}",
            "run the newer release again, or reprocess from the earliest events with `retention reset`",
        )


class PortInUse(RetentionError):
    """Another process listens on the port."""

    exit_code = 5

    def __init__(
        self, host: str, port: int, hint: str = "set RETENTION_PORT or --port to a free one"
    ) -> None:
        super().__init__(f"port {port} of {host} is in use by another process", hint)


class GroupActive(RetentionError):
    """The group has running workers, which must be stopped first."""

    exit_code = 6

    def __init__(self, group: str, members: int) -> None:
        super().__init__(
            f"group {group} has {members} running worker{'s' if members != 1 else ''}",
            "stop them first; a killed worker leaves the group after its session timeout (10 s)",
        )


class AccessDenied(RetentionError):
    """Kafka responds, but rejects the credentials or an operation."""

    exit_code = 7


class BrokerError(RetentionError):
    """The embedded Kafka cannot be downloaded, formatted or started."""

    exit_code = 8
