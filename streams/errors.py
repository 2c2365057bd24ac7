"""What can go wrong that a person can do something about: one line each, with a hint, and an exit code.

    RetentionError (1)
    ├── SettingsError (2)         a setting is not valid; so is a command line
    ├── BrokerUnavailable (3)     no Kafka answers
    ├── StateError (4)            what is stored and what is asked for do not go together
    │   ├── PartitionsChanged       an internal topic has another partition count
    │   ├── TopicsMissing           topics are not there, and are not to be created
    │   ├── InputsMissing           an input of somebody else's is not there
    │   └── StateTooNew             the state was written by a newer version
    ├── PortInUse (5)             another process listens there
    ├── GroupActive (6)           workers are running that have to be stopped first
    ├── AccessDenied (7)          Kafka answers, and does not let this program in, or not do what it has to
    └── BrokerError (8)           the embedded Kafka cannot be had or started

The command line prints `retention: <message>` and the hint, and exits with the code; with `RETENTION_DEBUG=1`
the traceback too. So does an `OSError` that names a path (1). Any other exception is a defect of ours, and
keeps its traceback. 9 is no error: the
command is done, but for lines of files that were refused (`streams.backfill.rejected_lines`).
"""

from collections.abc import Sequence
from typing import ClassVar


class RetentionError(Exception):
    """Something a person can mend.

    Attributes:
        message: what is wrong, in one line.
        hint: what to do about it; may be empty.
        exit_code: the process's.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.message = message
        self.hint = hint


def missing_extra(feature: str, package: str, extra: str) -> RetentionError:
    """Return the error for a feature whose optional package is not installed.

    Args:
        feature: subject of the message, such as `the embedded Kafka`.
        package: the missing package.
        extra: the extra of this distribution that installs the package.

    Example:
        >>> missing_extra("reading Parquet", "pyarrow", "parquet").message
        'reading Parquet needs pyarrow, which is not installed'
    """
    return RetentionError(
        f"{feature} needs {package}, which is not installed",
        f"install it with: pip install 'retention-streams[{extra}]'",
    )


class SettingsError(RetentionError):
    """A setting is not valid."""

    exit_code = 2

    def __init__(self, name: str, problem: str, *, source: str, hint: str = "") -> None:
        super().__init__(f"{name} ({source}): {problem}", hint)
        self.name = name
        self.source = source


class BrokerUnavailable(RetentionError):
    """No Kafka answers at the bootstrap address."""

    exit_code = 3

    def __init__(self, broker: str, reason: str = "") -> None:
        super().__init__(
            f"no Kafka answers at {broker}" + (f" ({reason})" if reason else ""),
            "start one with `retention broker` or `docker compose up`, or set RETENTION_BROKER",
        )
        self.broker = broker


class StateError(RetentionError):
    """What is stored and what is asked for do not go together."""

    exit_code = 4


class PartitionsChanged(StateError):
    """An internal topic has another partition count than the setting says.

    The count decides which task a customer belongs to: it stays what it was when the group first started.
    """

    def __init__(self, topic: str, *, expected: int, found: int) -> None:
        super().__init__(
            f"topic {topic} has {found} partitions where {expected} are expected",
            f"set RETENTION_PARTITIONS to what the group was started with, or start again from the "
            f"earliest events with `retention reset` and RETENTION_PARTITIONS={expected}",
        )
        self.topic = topic


class TopicsMissing(StateError):
    """Topics are not there, and are not to be created."""

    def __init__(self, topics: Sequence[str]) -> None:
        super().__init__(
            f"topics are missing: {', '.join(topics)}",
            "`retention doctor` prints the commands that make them",
        )
        self.topics = topics


class InputsMissing(StateError):
    """Topics that the configuration names as inputs are not there; they are somebody else's to make."""

    def __init__(self, topics: Sequence[str]) -> None:
        super().__init__(
            f"inputs are missing: {', '.join(topics)}",
            "correct [[inputs]] in the configuration, or start their producers first",
        )
        self.topics = topics


class StateTooNew(StateError):
    """The state was written by a newer version."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"the state has version {found}, and this release reads up to {known}",
            "run the newer release again, or start again from the earliest events with `retention reset`",
        )


class PortInUse(RetentionError):
    """Another process listens there."""

    exit_code = 5

    def __init__(
        self, host: str, port: int, hint: str = "set RETENTION_PORT or --port to a free one"
    ) -> None:
        super().__init__(f"port {port} of {host} is in use by another process", hint)


class GroupActive(RetentionError):
    """Workers of the group are running that have to be stopped first."""

    exit_code = 6

    def __init__(self, group: str, members: int) -> None:
        super().__init__(
            f"group {group} has {members} running worker{'s' if members != 1 else ''}",
            "stop them first; one that was killed leaves the group within its session timeout (10 s)",
        )


class AccessDenied(RetentionError):
    """Kafka answers, and does not let this program in, or not do what it has to."""

    exit_code = 7


class BrokerError(RetentionError):
    """The embedded Kafka cannot be had, formatted or started."""

    exit_code = 8
