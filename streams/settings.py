"""The settings, read and validated once, when a command starts.

Flags come first, then the environment (`RETENTION_*`), then the TOML file that `RETENTION_CONFIG` names, then
the defaults. In the file, settings have their names in lower case beside the definitions
(`streams.config_file`).
Every error names the setting, where its value came from, and what would be valid.
"""

import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from models.definitions import Definitions
from streams import config_file
from streams.errors import SettingsError

PREFIX: Final = "RETENTION_"
#: In the environment, but no settings: how errors are shown.
_NOT_SETTINGS: Final = frozenset({"RETENTION_DEBUG"})
#: Tasks are cheap, but each has a producer and a transaction of its own.
MAX_PARTITIONS: Final = 1024

Clock = Literal["wall", "event"]


class Settings(Struct, frozen=True, kw_only=True):
    """What a command runs with.

    Attributes:
        broker: bootstrap servers, `host:port` joined by commas.
        group: application id: consumer group, prefix of internal topics and transactional ids.
        partitions: number of tasks, and partitions of the topics it creates.
        replication: replicas of the topics it creates.
        session_timeout: seconds after which a silent worker's tasks are given to another.
        clock: what `now` follows.
        host: address to listen on.
        port: port to listen on; 0 takes any free one.
        redis: URL of the read model; none: there is none.
        data_dir: local state and the embedded Kafka.
        config: the TOML file.
        definitions: the parameters of the metrics.
        sources: setting -> where its value came from, for `retention doctor`.
    """

    broker: str
    group: str
    partitions: int
    replication: int
    session_timeout: int
    clock: Clock
    host: str
    port: int
    redis: str | None
    data_dir: Path
    config: Path | None
    definitions: Definitions
    sources: Mapping[str, str]

    def client_options(self) -> dict[str, Any]:
        """Give what every Kafka client is made with (aiokafka's names)."""
        return {"bootstrap_servers": self.broker}


class Setting(Struct, frozen=True):
    """One setting: how it is read, and what is said about it.

    Attributes:
        name: as in the file; upper-case with the prefix, in the environment.
        help: for the flag.
        default: as text, or none.
        parse: makes a value of the text; raises ValueError with what would be valid.
    """

    name: str
    help: str
    default: str | None
    parse: Callable[[str], Any]

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.name.upper()


_SERVER: Final = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?")
_GROUP: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")


def _broker(text: str) -> str:
    servers = []
    for server in text.split(","):
        match = _SERVER.fullmatch(server.strip())
        if match is None or not 1 <= int(match["port"] or 9092) <= 65_535:  # noqa: PLR2004
            raise ValueError("expected bootstrap servers such as 127.0.0.1:9092,kafka-2:9092")
        servers.append(f"{match['host']}:{match['port'] or 9092}")
    return ",".join(servers)


def _group(text: str) -> str:
    if _GROUP.fullmatch(text) is None or text in {".", ".."}:
        raise ValueError(
            "expected 1 to 200 letters, digits, dots, dashes or underscores: it is part of topic names"
        )
    return text


def _number(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and lowest <= int(text[:9]) <= highest):
            raise ValueError(f"expected a whole number from {lowest} to {highest}")
        return int(text)

    return parse


def _clock(text: str) -> str:
    if text not in {"wall", "event"}:
        raise ValueError("expected wall or event")
    return text


def _host(text: str) -> str:
    if not text or any(character.isspace() or character in "/," for character in text):
        raise ValueError("expected one address, such as 127.0.0.1 or 0.0.0.0")
    return text


def _redis(text: str) -> str | None:
    if not text:
        return None
    url = urlsplit(text)
    if url.scheme not in {"redis", "rediss", "unix"} or not (url.hostname or url.path):
        raise ValueError("expected redis://host:port/0, rediss://… (TLS) or unix:///path")
    return text


def _directory(text: str) -> Path:
    path = Path(text).expanduser()
    if not text or (path.exists() and not path.is_dir()):
        raise ValueError("expected a directory")
    return path.absolute()


def _file(text: str) -> Path | None:
    return Path(text).expanduser().absolute() if text else None


def _cache_dir() -> str:
    if sys.platform == "darwin":
        return "~/Library/Caches/retention"
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "retention")  # noqa: PTH118 - text


#: In the order of docs/operating.md.
SETTINGS: Final[Mapping[str, Setting]] = {
    setting.name: setting
    for setting in (
        Setting("broker", "Kafka's bootstrap servers.", "127.0.0.1:9092", _broker),
        Setting(
            "group", "Application id: consumer group and prefix of internal topics.", "retention", _group
        ),
        Setting("partitions", "Partitions of the topics it creates.", "8", _number(1, MAX_PARTITIONS)),
        Setting("replication", "Replicas of the topics it creates.", "1", _number(1, 32_767)),
        # A killed worker's tasks wait this long; a shorter one would give up on workers that are only slow.
        Setting("session_timeout", "Seconds until a silent worker is replaced.", "10", _number(1, 1800)),
        Setting("clock", "What `now` follows: wall or event.", "wall", _clock),
        Setting("host", "Address that /metrics listens on.", "127.0.0.1", _host),
        Setting("port", "Port that /metrics listens on; 0 for any free one.", "6066", _number(0, 65_535)),
        Setting("redis", "URL of the read model.", None, _redis),
        Setting("data_dir", "Local state and the embedded Kafka.", None, _directory),
        Setting("config", "The TOML file of settings and definitions.", None, _file),
    )
}


def load(flags: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings.

    Args:
        flags: setting -> value, as given on the command line; None: not given.
        environ: the environment; the process's own if left out.

    Raises:
        SettingsError: one is not valid, or the file cannot be read.
    """
    environ = os.environ if environ is None else environ
    given = _given(flags or {}, environ)
    config: Path | None = _parse(SETTINGS["config"], *given["config"]) if "config" in given else None
    document = config_file.read(config) if config else {}
    sources: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name, setting in SETTINGS.items():
        if name not in given and name in document and name != "config":
            given[name] = (config_file.text(name, document[name], config), f"in {config}")
        text, sources[name] = given.get(name, (_default(setting), "default"))
        values[name] = None if text is None else _parse(setting, text, sources[name])
    definitions = config_file.definitions(document, known=SETTINGS.keys() - {"config"}, path=config)
    return Settings(**values, definitions=definitions, sources=sources)


def _given(flags: Mapping[str, object], environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Setting -> (text, source), of what flags and the environment say; an empty variable is not set."""
    given = {}
    for name, setting in SETTINGS.items():
        if (flag := flags.get(name)) is not None:
            given[name] = (str(flag), f"flag --{name.replace('_', '-')}")
        elif variable := environ.get(setting.variable):
            given[name] = (variable, f"environment {setting.variable}")
    return given


def _default(setting: Setting) -> str | None:
    return _cache_dir() if setting.name == "data_dir" else setting.default


def _parse(setting: Setting, text: str, source: str) -> Any:  # noqa: ANN401 - as the setting's parser gives it
    try:
        return setting.parse(text)
    except ValueError as error:
        raise SettingsError(
            setting.variable, f"{redact(text)!r} is not valid", source=source, hint=str(error)
        ) from None


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Give the variables that look like settings and are none: misspelt ones, most likely."""
    known = {setting.variable for setting in SETTINGS.values()} | _NOT_SETTINGS
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in known)


def redact(text: str) -> str:
    """Hide the password of a URL."""
    return re.sub(r"(?<=://)([^@/\s]*:)[^@/\s]*@", r"\1***@", text)
