"""The settings, read and validated once, when a command starts.

Flags come first, then the environment (`RETENTION_*`), then the TOML file that `RETENTION_CONFIG` names, then
the defaults. In the file, settings have their names in lower case beside the definitions
(`streams.config.toml_file`). What is or may hold a secret can be read from a file of its own: wherever such a
setting may be given, its name with `_file` may be given instead, as Docker's and Kubernetes' secrets want it.
Every error names the setting, where its value came from, and what would be valid.
"""

import difflib
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from msgspec import Struct

from models.definitions.definitions import Definitions
from streams import secret
from streams.config import kafka_security, toml_file
from streams.config.kafka_security import Connection
from streams.config.schema import FILE, PREFIX, SETTINGS, Setting
from streams.errors import SettingsError
from streams.mapping import mappings, schema_registry_access
from streams.mapping.mappings import SECTIONS, Mappings
from streams.mapping.schema_registry import SchemaRegistry
from streams.mapping.schema_registry_access import Access

__all__ = ["SETTINGS", "Clock", "Settings", "load", "unknown_variables"]

#: In the environment, but no settings: how errors are shown.
_NOT_SETTINGS: Final = frozenset({"RETENTION_DEBUG"})
#: What Kubernetes tells pods of services whose names begin with `retention`.
_OF_SERVICES: Final = re.compile(r"\w*SERVICE_(HOST|PORT)(_\w+)?|\w*PORT_[0-9]+_(TCP|UDP|SCTP)(_\w+)?")
_OF_A_SERVICES_PORT: Final = ("tcp://", "udp://", "sctp://")
#: From this likeness on (`difflib`), a name that is none was meant to be another one.
_ALIKE: Final = 0.8

#: What is set of a schema registry, beside where it is.
_ACCESS: Final = ("auth", "token", "ca_file", "cert_file", "key_file")

Clock = Literal["wall", "event"]


class Settings(Struct, frozen=True, kw_only=True):
    """What a command runs with.

    Attributes:
        broker: bootstrap servers, `host:port` joined by commas.
        group: application id: consumer group, prefix of internal topics and transactional ids.
        partitions: number of tasks, and partitions of the topics it creates.
        replication: replicas of the topics it creates.
        create_topics: whether it creates the topics that are missing.
        session_timeout: seconds after which a silent worker's tasks are given to another.
        clock: what `now` follows.
        host: address to listen on.
        port: port to listen on; 0 takes any free one.
        advertise: host:port at which other workers reach this one; none: the address it listens on.
        token: that who asks about customers has to know; none: they are asked for none.
        redis: URL of the read model; none: there is none.
        prometheus: URL of the Prometheus whose alerts the live page shows; none: it shows none.
        data_dir: local state and the embedded Kafka.
        config: the TOML file.
        schema_registry: URL of the inputs' schemas; none: there are none.
        schema_registry_auth: user:password that it asks for.
        schema_registry_token: a bearer token that it asks for instead.
        schema_registry_ca_file: who certifies it; none: the system's authorities.
        schema_registry_cert_file: our own certificate, where it asks for one.
        schema_registry_key_file: its key, unless it is in the same file.
        mappings: which topics are read, and how their records become events.
        definitions: the parameters of the metrics.
        connection: how Kafka is reached.
        kafka: what every Kafka client is made with, but the broker's address (aiokafka's names).
        sources: setting -> where its value came from, for `retention doctor`.
    """

    broker: str
    group: str
    partitions: int
    replication: int
    create_topics: bool
    session_timeout: int
    clock: Clock
    host: str
    port: int
    advertise: str | None
    token: secret.Secret | None
    redis: str | None
    prometheus: str | None
    data_dir: Path
    config: Path | None
    schema_registry: str | None
    schema_registry_auth: secret.Secret | None
    schema_registry_token: secret.Secret | None
    schema_registry_ca_file: Path | None
    schema_registry_cert_file: Path | None
    schema_registry_key_file: Path | None
    mappings: Mappings
    definitions: Definitions
    connection: Connection
    kafka: Mapping[str, Any]
    sources: Mapping[str, str]

    def client_options(self) -> dict[str, Any]:
        """Give what every Kafka client is made with (aiokafka's names)."""
        return {"bootstrap_servers": self.broker, **self.kafka}

    def shown(self, name: str) -> str:
        """Give a setting's value as a person may see it."""
        value = getattr(self.connection if name in kafka_security.NAMES else self, name)
        if value is None:
            return "none"
        return str(value).lower() if isinstance(value, bool) else str(value)


def _names() -> dict[str, Setting]:
    """Every name by which a value can be given: the setting's, and its file's where it may be in one."""
    files = {name + FILE: setting for name, setting in SETTINGS.items() if setting.from_file}
    return {**SETTINGS, **files}


def load(flags: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings.

    Args:
        flags: setting (or its name with `_file`) -> value, as given on the command line; None: not given.
        environ: the environment; the process's own if left out.

    Raises:
        SettingsError: one is not valid, or does not go with another, or a file cannot be read; or a variable
            was meant to say how Kafka is reached.
    """
    environ = os.environ if environ is None else environ
    _check_names(environ)
    given = _given(flags or {}, environ)
    config: Path | None = _parse(SETTINGS["config"], *given["config"]) if "config" in given else None
    document = toml_file.read(config) if config else {}
    names = _names().keys() - {"config"}
    in_file = {
        name: (toml_file.text(name, document[name], config, switch=_names()[name].switch), f"in {config}")
        for name in names & document.keys()
    }
    given = _resolved(in_file) | given
    sources: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name, setting in SETTINGS.items():
        text, sources[name] = given.get(name, (_default(setting), "default"))
        values[name] = None if text is None else _parse(setting, text, sources[name])
    reached = Connection(**{name: values.pop(name) for name in kafka_security.NAMES})
    kafka_security.check(reached, sources)
    return Settings(
        **values,
        mappings=mappings.load(document, path=config, registry=_registry(values, sources)),
        definitions=toml_file.definitions(document, known=names | SECTIONS, path=config),
        connection=reached,
        kafka=kafka_security.client_options(reached, sources),
        sources=sources,
    )


def _registry(values: Mapping[str, Any], sources: Mapping[str, str]) -> SchemaRegistry | None:
    given = {part: values[f"schema_registry_{part}"] for part in _ACCESS}
    if values["schema_registry"] is None:
        for part in (part for part, value in given.items() if value is not None):
            name = f"schema_registry_{part}"
            problem = "has no effect without RETENTION_SCHEMA_REGISTRY"
            raise SettingsError(SETTINGS[name].variable, problem, source=sources[name])
        return None
    access = Access(url=values["schema_registry"], **given)
    schema_registry_access.check(access, sources)
    return SchemaRegistry(access)


def _given(flags: Mapping[str, object], environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Setting -> (text, source), of what flags and the environment say; an empty variable is not set."""
    by_flag = {
        name: (str(flag), f"flag --{name.replace('_', '-')}")
        for name in _names()
        if (flag := flags.get(name)) is not None
    }
    by_variable = {
        name: (text, f"environment {PREFIX}{name.upper()}")
        for name in _names()
        if (text := environ.get(PREFIX + name.upper()))
    }
    return _resolved(by_variable) | _resolved(by_flag)


def _resolved(given: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Read the files that are named instead of values, in one place where settings come from.

    Raises:
        SettingsError: a file cannot be read, or a value and a file are given both.
    """
    resolved = {}
    for name, (text, source) in given.items():
        setting = _names()[name]
        if setting.name == name:
            resolved[name] = (text, source)
            continue
        if setting.name in given:
            raise SettingsError(PREFIX + name.upper(), "is given, and so is its value", source=source)
        path = Path(text).expanduser()
        try:
            resolved[setting.name] = (secret.read(path), f"file {path}, by {source}")
        except ValueError as error:
            raise SettingsError(PREFIX + name.upper(), f"{path} {error}", source=source) from None
    return resolved


def _cache_dir() -> str:
    if sys.platform == "darwin":
        return "~/Library/Caches/retention"
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "retention")  # noqa: PTH118 - text


def _default(setting: Setting) -> str | None:
    return _cache_dir() if setting.name == "data_dir" else setting.default


def _parse(setting: Setting, text: str, source: str) -> Any:  # noqa: ANN401 - as the setting's parser gives it
    try:
        return setting.parse(text)
    except ValueError as error:
        # What came from a secret's file may be another secret.
        shown = "what it holds" if source.startswith("file ") else repr(secret.redact(text))
        raise SettingsError(
            setting.variable, f"{shown} is not valid", source=source, hint=str(error)
        ) from None


def unknown_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that look like settings and are none: misspelt ones, most likely.

    Returns:
        variable -> the one that may have been meant, or nothing.
    """
    known = {PREFIX + name.upper() for name in _names()} | _NOT_SETTINGS
    unknown = sorted(
        name
        for name, value in environ.items()
        if name.startswith(PREFIX) and name not in known and value and not _of_a_service(name, value)
    )
    return {name: _meant(name) for name in unknown}


def _of_a_service(name: str, value: str) -> bool:
    return bool(_OF_SERVICES.fullmatch(name.removeprefix(PREFIX))) or value.startswith(_OF_A_SERVICES_PORT)


def _meant(name: str, likeness: float = 0.6) -> str:
    names = [known.upper() for known in _names()]
    close = difflib.get_close_matches(name.removeprefix(PREFIX).upper(), names, n=1, cutoff=likeness)
    return PREFIX + close[0] if close else ""


def _check_names(environ: Mapping[str, str]) -> None:
    """Refuse a variable that was meant to say how Kafka is reached: it would be reached in another way."""
    reached = {
        PREFIX + name.upper() for name, setting in _names().items() if setting.name in kafka_security.NAMES
    }
    for name in unknown_variables(environ):
        if (meant := _meant(name, _ALIKE)) in reached:
            raise SettingsError(name, "no such setting", source="environment", hint=f"did you mean {meant}?")
