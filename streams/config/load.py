"""All settings, read and validated once, when a command starts.

Flags override the environment (`RETENTION_*`), the environment overrides the TOML file that
`RETENTION_CONFIG` names, and the file overrides the defaults. In the file, settings have their names in lower
case, beside the definitions (`streams.config.toml_file`), the inputs (`streams.config.inputs`) and the
mappings (`streams.mapping`). A setting that is, or may hold, a secret can be read from a file of its own:
wherever such a setting is accepted, its name with `_file` is accepted too, as Docker's and Kubernetes'
secrets need. Every error names the setting, the origin of its value, and what would be valid.
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
from streams.config import inputs, kafka_security, schema_registry, toml_file
from streams.config.inputs import SECTIONS, Inputs
from streams.config.kafka_security import KafkaConnection
from streams.config.paths import path_of
from streams.config.schema import FILE, PREFIX, SETTINGS, Setting
from streams.config.schema_registry import RegistryAccess
from streams.errors import IN_IMAGE, SettingsError

__all__ = ["SETTINGS", "Clock", "Settings", "load", "unknown_variables"]

#: Variables with the prefix of settings that are not settings: the form of error messages.
_NOT_SETTINGS: Final = frozenset({"RETENTION_DEBUG", IN_IMAGE})
#: Names of the variables that Kubernetes gives to pods for services whose names begin with `retention`.
_SERVICE_VARIABLE: Final = re.compile(r"\w*SERVICE_(HOST|PORT)(_\w+)?|\w*PORT_[0-9]+_(TCP|UDP|SCTP)(_\w+)?")
#: Beginnings of the values of such variables.
_SERVICE_PORT_SCHEMES: Final = ("tcp://", "udp://", "sctp://")
#: Similarity (`difflib`) from which an unknown variable counts as a misspelt setting.
_MISSPELT_SIMILARITY: Final = 0.8

#: Longest value of a setting in an error, characters.
_LONGEST_SHOWN: Final = 100

Clock = Literal["wall", "event"]


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of one command: plain data, valid, and the same for the whole run.

    Example:
        >>> settings = load({"group": "shop"}, environ={"RETENTION_PARTITIONS": "4"})
        >>> settings.group, settings.partitions, settings.port
        ('shop', 4, 6066)
        >>> settings.sources["group"], settings.sources["partitions"], settings.sources["port"]
        ('flag --group', 'environment RETENTION_PARTITIONS', 'default')

    Attributes:
        broker: bootstrap servers, `host:port` joined by commas.
        group: application id: consumer group, prefix of internal topics and transactional ids.
        topic_prefix: prefix of the derived topics and of the dead letters.
        partitions: number of tasks, and partition count of the topics that a worker creates.
        replication: replica count of the topics that a worker creates.
        create_topics: whether missing topics are created.
        session_timeout: seconds without a heartbeat after which a worker's tasks move to another worker.
        clock: source of `now`: the wall clock, or the latest event time.
        clock_tolerance: seconds that the clocks of a worker and of Kafka may differ; 0 for no check.
        host: address that the HTTP server binds.
        port: port that the HTTP server binds; 0 for any free port.
        probe_port: port of a listener for `/live` and `/ready` alone, with a thread of its own; None without.
        probe_patience: seconds without a turn of the event loop from which `/live` fails at that port.
        advertise: `host:port` at which other workers reach this worker; None for the bound address.
        connections_per_address: HTTP connections that one client address may have open.
        hosts: host names of the live page, besides those of the machine and of `advertise`.
        token: bearer token that the query API requires; None for no authentication.
        open: whether every client may read customers if no token is set.
        redis: URL of the read model; None without a read model.
        prometheus: URL of the Prometheus whose alerts the live page shows, or None.
        data_dir: directory of local state and of the embedded Kafka.
        config: path of the TOML file, or None.
        schema_registry: URL of the schema registry, or None.
        schema_registry_auth: `user:password` for the registry, or None.
        schema_registry_token: bearer token for the registry, or None.
        schema_registry_ca_file: PEM file of the registry's authority; None for the system's authorities.
        schema_registry_cert_file: PEM file of the client certificate for the registry, or None.
        schema_registry_key_file: PEM file of its key; None if the certificate's file contains the key.
        registry_access: the settings of the schema registry, checked together; None without a registry.
        inputs: topics that are read, and the mapping or kind that reads each.
        mappings: mapping name -> its TOML table, as written; `streams.mapping.mappings.build` compiles them.
        definitions: parameters of the metrics (docs/metrics.md).
        connection: settings of the connection to Kafka.
        kafka: options of every Kafka client but the bootstrap servers, under aiokafka's names.
        sources: setting -> origin of its value, as `retention doctor` prints it.
    """

    broker: str
    group: str
    topic_prefix: str
    partitions: int
    replication: int
    create_topics: bool
    session_timeout: int
    clock: Clock
    clock_tolerance: int
    host: str
    port: int
    probe_port: int | None
    probe_patience: int
    advertise: str | None
    connections_per_address: int
    hosts: tuple[str, ...]
    token: secret.Secret | None
    open: bool
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
    registry_access: RegistryAccess | None
    inputs: Inputs
    mappings: Mapping[str, Any]
    definitions: Definitions
    connection: KafkaConnection
    kafka: Mapping[str, Any]
    sources: Mapping[str, str]

    def client_options(self) -> dict[str, Any]:
        """Return the options of every Kafka client, under aiokafka's names."""
        return {"bootstrap_servers": self.broker, **self.kafka}

    def shown(self, name: str) -> str:
        """Return a setting's value as text for people: secrets are hidden."""
        value = getattr(self.connection if name in kafka_security.NAMES else self, name)
        if value is None:
            return "none"
        return str(value).lower() if isinstance(value, bool) else str(value)


def _names() -> dict[str, Setting]:
    """Return accepted name -> setting: its own name, and that with `_file` if a file may hold its value."""
    files = {name + FILE: setting for name, setting in SETTINGS.items() if setting.from_file}
    return {**SETTINGS, **files}


def load(flags: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read and validate all settings.

    Example:
        >>> load(environ={"RETENTION_BROKER": "kafka-1:9092,kafka-2"}).broker
        'kafka-1:9092,kafka-2:9092'
        >>> load(environ={"RETENTION_PORT": "no"})
        Traceback (most recent call last):
        ...
        streams.errors.SettingsError: RETENTION_PORT (environment RETENTION_PORT): 'no' is not valid; ...

    Args:
        flags: setting (or its name with `_file`) -> value from the command line; None for an omitted flag.
        environ: environment variables; those of the process by default.

    Raises:
        SettingsError: a setting is invalid or contradicts another, a file cannot be read, or a variable is a
            misspelt setting of the connection to Kafka.
    """
    environ = os.environ if environ is None else environ
    _check_variables(environ)
    given = _from_flags_and_environment(flags or {}, environ)
    config: Path | None = _parse(SETTINGS["config"], *given["config"]) if "config" in given else None
    document = toml_file.read(config) if config else {}
    given = _from_document(document, config) | given
    values, sources = _parsed(given)
    connection = KafkaConnection(**{name: values.pop(name) for name in kafka_security.NAMES})
    kafka_security.check(connection, sources)
    known = (_names().keys() - {"config"}) | SECTIONS
    return Settings(
        **values,
        registry_access=schema_registry.access(values, sources),
        inputs=inputs.read(document, config),
        mappings=_mapping_tables(document, config),
        definitions=toml_file.definitions(document, known=known, path=config),
        connection=connection,
        kafka=kafka_security.client_options(connection, sources),
        sources=sources,
    )


def _parsed(given: Mapping[str, tuple[str, str]]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return setting -> value, and setting -> origin of the value, for every setting."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name, setting in SETTINGS.items():
        text, sources[name] = given.get(name, (_default(setting), "default"))
        values[name] = None if text is None else _parse(setting, text, sources[name])
    return values, sources


def _mapping_tables(document: Mapping[str, Any], config: Path | None) -> Mapping[str, Any]:
    tables = document.get("mappings", {})
    if not isinstance(tables, dict):
        raise SettingsError("mappings", "expected a table", source=f"in {config}")
    return tables


def _from_document(document: Mapping[str, Any], config: Path | None) -> dict[str, tuple[str, str]]:
    """Return setting -> (text, origin) for the settings in the TOML file."""
    names = _names()
    return _read_files({
        name: (toml_file.text(name, document[name], config, switch=names[name].switch), f"in {config}")
        for name in (names.keys() - {"config"}) & document.keys()
    })  # fmt: skip


def _from_flags_and_environment(
    flags: Mapping[str, object], environ: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Return setting -> (text, origin) for flags and environment variables; an empty variable is unset."""
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
    return _read_files(by_variable) | _read_files(by_flag)


def _read_files(given: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Replace each `_file` entry of one origin with the content of its file, under the setting's name.

    Raises:
        SettingsError: a file cannot be read, or both a value and a file are given.
    """
    resolved = {}
    for name, (text, source) in given.items():
        setting = _names()[name]
        if setting.name == name:
            resolved[name] = (text, source)
            continue
        if setting.name in given:
            raise SettingsError(
                PREFIX + name.upper(), "excludes the setting without `_file`; set one of them", source=source
            )
        try:
            path = path_of(text)
        except ValueError as error:
            raise _invalid(PREFIX + name.upper(), text, source, error) from None
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


def _parse(setting: Setting, text: str, source: str) -> Any:  # noqa: ANN401 - the parser's type
    try:
        return setting.parse(text)
    except ValueError as error:
        raise _invalid(setting.variable, text, source, error) from None


def _invalid(variable: str, text: str, source: str, error: ValueError) -> SettingsError:
    # A wrong path may name the file of another secret.
    shown = "its content" if source.startswith("file ") else repr(_beginning(secret.redact(text)))
    return SettingsError(variable, f"{shown} is not valid", source=source, hint=str(error))


def _beginning(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def unknown_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with the prefix of settings that are not settings. Most are misspelt settings.

    Returns:
        variable -> the most similar setting's variable; empty text without a similar one.
    """
    known = {PREFIX + name.upper() for name in _names()} | _NOT_SETTINGS
    unknown = sorted(
        name
        for name, value in environ.items()
        if name.startswith(PREFIX) and name not in known and value and not _is_service_variable(name, value)
    )
    return {name: _similar_variable(name) for name in unknown}


def _is_service_variable(name: str, value: str) -> bool:
    by_name = _SERVICE_VARIABLE.fullmatch(name.removeprefix(PREFIX)) is not None
    return by_name or value.startswith(_SERVICE_PORT_SCHEMES)


def _similar_variable(name: str, similarity: float = 0.6) -> str:
    names = [known.upper() for known in _names()]
    close = difflib.get_close_matches(name.removeprefix(PREFIX).upper(), names, n=1, cutoff=similarity)
    return PREFIX + close[0] if close else ""


def _check_variables(environ: Mapping[str, str]) -> None:
    """Raise an error for a misspelt setting of the connection, which would otherwise have no effect."""
    connection = {
        PREFIX + name.upper() for name, setting in _names().items() if setting.name in kafka_security.NAMES
    }
    for name in unknown_variables(environ):
        if (similar := _similar_variable(name, _MISSPELT_SIMILARITY)) in connection:
            raise SettingsError(
                name, "unknown setting", source="environment", hint=f"did you mean {similar}?"
            )
