"""The list of all settings: names, defaults, and the parsers of their text."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from streams.config import kafka_security
from streams.config.paths import path_of
from streams.config.server_address import bootstrap_servers, host_names, one_address
from streams.secret import Address, Secret

PREFIX: Final = "RETENTION_"
#: Suffix of a setting's name: path of the file that holds its value.
FILE: Final = "_file"
#: Each task has a producer and a transaction of its own.
MAX_PARTITIONS: Final = 1024


class Setting(Struct, frozen=True):
    """One setting.

    Attributes:
        name: name in the TOML file; with the prefix and in upper case, name of the variable.
        help: one sentence for `--help` and docs/reference/settings.md.
        default: default as text; None if unset.
        parse: returns the value of a text; raises ValueError with a description of valid texts.
        from_file: whether its value may be read from a file: a secret, or a name issued with one.
    """

    name: str
    help: str
    default: str | None
    parse: Callable[[str], Any]
    from_file: bool = False

    @property
    def switch(self) -> bool:
        """Whether the setting is true or false."""
        return self.parse is _switch

    @property
    def variable(self) -> str:
        """Name of the environment variable."""
        return PREFIX + self.name.upper()


_GROUP: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")


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


def _redis(text: str) -> Address | None:
    if not text:
        return None
    url = urlsplit(text)
    if url.scheme not in {"redis", "rediss", "unix"} or not (url.hostname or url.path):
        raise ValueError("expected redis://host:port/0, rediss://… (TLS) or unix:///path")
    return Address(text)


def _page(text: str) -> str | None:
    return _url(text) if text else None


def _directory(text: str) -> Path:
    path = path_of(text)
    # Unlike the methods of `Path`, these functions never raise: another user's directory is not readable.
    if not text or (os.path.lexists(path) and not os.path.isdir(path)):  # noqa: PTH112
        raise ValueError("expected a directory")
    return path.absolute()


def _file(text: str) -> Path | None:
    return path_of(text).absolute() if text else None


def _readable(text: str) -> Path:
    path = path_of(text).absolute()
    try:
        path.open("rb").close()
    except OSError as error:
        raise ValueError(f"expected a readable file: {error.strerror}") from None
    return path


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.upper() not in choices:
            raise ValueError(f"expected {', '.join(choices[:-1])} or {choices[-1]}")
        return text.upper()

    return parse


def _switch(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError("expected true or false")
    return text.lower() == "true"


def _url(text: str) -> str:
    url = urlsplit(text)
    if url.scheme not in {"https", "http"} or not url.hostname or url.username is not None:
        raise ValueError("expected https://host/path, without a user: credentials have settings of their own")
    return text


def _pairs(text: str) -> dict[str, str]:
    pairs = [pair.strip().partition("=") for pair in text.split(",")]
    if not all(name and value and (name + value).isprintable() for name, _, value in pairs):
        raise ValueError("expected name=value, joined by commas")
    return {name: value for name, _, value in pairs}


#: Setting name -> setting, in the order of docs/reference/settings.md.
SETTINGS: Final[Mapping[str, Setting]] = {
    setting.name: setting
    for setting in (
        Setting("broker", "Bootstrap servers of Kafka.", "127.0.0.1:9092", bootstrap_servers),
        Setting(
            "group", "Application id: consumer group and prefix of internal topics.", "retention", _group
        ),
        Setting(
            "topic_prefix",
            "Prefix of the derived topics and of the dead letters; each group needs its own.",
            "retention", _group,
        ),
        Setting(
            "partitions", "Partitions of the topics that the worker creates.", "8", _number(1, MAX_PARTITIONS)
        ),
        Setting("replication", "Replicas of the topics that the worker creates.", "1", _number(1, 32_767)),
        Setting(
            "create_topics", "Whether the worker creates missing topics: true or false.", "true", _switch
        ),
        # A killed worker's tasks wait this long; a shorter time would replace workers that are only slow.
        Setting("session_timeout", "Seconds until a silent worker is replaced.", "10", _number(1, 1800)),
        Setting("clock", "Source of `now`: wall or event.", "wall", _clock),
        Setting(
            "clock_tolerance",
            "Seconds that the clocks of a worker and of Kafka may differ; 0 turns the check off.",
            "300", _number(0, 86_400),
        ),
        Setting("host", "Address that the HTTP server binds.", "127.0.0.1", _host),
        Setting("port", "Port that the HTTP server binds; 0 for any free one.", "6066", _number(0, 65_535)),
        Setting(
            "probe_port", "Port for /live and /ready only, which responds even while the worker is busy.",
            None, _number(0, 65_535),
        ),
        Setting(
            "probe_patience", "Seconds without a turn of the event loop until /live fails at the probe port.",
            "120", _number(1, 86_400),
        ),
        Setting("advertise", "host:port at which other workers reach this one.", None, one_address),
        Setting(
            "connections_per_address",
            "HTTP connections that one client address may have open; a proxy is one address.",
            "100", _number(1, 100_000),
        ),
        Setting(
            "hosts",
            "Further host names of the live page, joined by commas; `*.example.com` for all below one.",
            "", host_names,
        ),
        Setting("token", "Bearer token that the query API requires.", None, Secret, from_file=True),
        Setting(
            "open",
            "Whether customers may be read without a token at an address that other machines reach.",
            "false", _switch,
        ),
        Setting("redis", "URL of the read model.", None, _redis, from_file=True),
        Setting("prometheus", "URL of a Prometheus whose alerts the live page shows.", None, _page),
        Setting("data_dir", "Directory of local state and the embedded Kafka.", None, _directory),
        Setting("config", "TOML file of settings, definitions, inputs and mappings.", None, _file),
        Setting("schema_registry", "URL of the schema registry of Avro and Protobuf inputs.", None, _url),
        Setting(
            "schema_registry_auth", "user:password for the schema registry.",
            None, Secret, from_file=True,
        ),
        Setting(
            "schema_registry_token", "Bearer token for the schema registry, instead of a password.",
            None, Secret, from_file=True,
        ),
        Setting(
            "schema_registry_ca_file", "Authority that certifies the schema registry (PEM).",
            None, _readable,
        ),
        Setting(
            "schema_registry_cert_file", "Client certificate for the schema registry (PEM).",
            None, _readable,
        ),
        Setting(
            "schema_registry_key_file", "Key of that certificate, unless its file holds it (PEM).",
            None, _readable,
        ),
        Setting(
            "security_protocol", "PLAINTEXT, SSL, SASL_SSL or SASL_PLAINTEXT.", "PLAINTEXT",
            _one_of(*kafka_security.PROTOCOLS),
        ),
        Setting("tls_ca_file", "Authority that certifies the brokers (PEM).", None, _readable),
        Setting("tls_cert_file", "Client certificate for the brokers (PEM).", None, _readable),
        Setting(
            "tls_key_file", "Key of the client certificate, unless its file holds it (PEM).",
            None, _readable,
        ),
        Setting("tls_key_password", "Password of the encrypted key.", None, Secret, from_file=True),
        Setting(
            "sasl_mechanism", "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER.", None,
            _one_of(*kafka_security.MECHANISMS),
        ),
        Setting("sasl_username", "User for PLAIN and SCRAM.", None, str, from_file=True),
        Setting("sasl_password", "Password for PLAIN and SCRAM.", None, Secret, from_file=True),
        Setting(
            "sasl_without_tls", "Whether credentials may be sent without TLS: true or false.",
            "false", _switch,
        ),
        Setting("oauth_token_url", "URL of the OAuth token endpoint.", None, _url),
        Setting("oauth_client_id", "OAuth client id.", None, str, from_file=True),
        Setting("oauth_client_secret", "OAuth client secret.", None, Secret, from_file=True),
        Setting("oauth_scope", "OAuth scope to request.", None, str),
        Setting("oauth_extensions", "SASL extensions, sent with each token: name=value,...", None, _pairs),
        Setting("oauth_ca_file", "Authority that certifies the token endpoint (PEM).", None, _readable),
    )
}  # fmt: skip


def reference() -> str:
    """Return docs/reference/settings.md: every setting with its default, generated from this list."""
    rows = [f"| `{one.name}` | {_default_text(one)} | {one.help} |" for one in SETTINGS.values()]
    from_file = ", ".join(f"`{one.name}`" for one in SETTINGS.values() if one.from_file)
    return "\n".join((*_REFERENCE, *rows, "", f"The settings with a `_file` form are {from_file}.", ""))


_REFERENCE: Final = (
    "# Settings",
    "",
    "<!-- Generated by `python -m docs.generate` from streams/config/schema.py. -->",
    "",
    "Each setting is a flag, a variable, or a key of the TOML file that `RETENTION_CONFIG` names.",
    "`session_timeout` is `--session-timeout` as a flag, and `RETENTION_SESSION_TIMEOUT` as a variable.",
    "Flags override variables, variables override the file, and the file overrides the defaults.",
    "A setting that is or may hold a secret can be read from a file.",
    "Add `_file` to its name, and set the path.",
    "",
    "| Setting | Default | Meaning |",
    "|---|---|---|",
)


def _default_text(setting: Setting) -> str:
    if setting.name == "data_dir":
        return "the user's cache directory"
    return f"`{setting.default}`" if setting.default else "unset"
