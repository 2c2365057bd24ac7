"""Each setting: its names, its default, and what is made of its text."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from streams.config import kafka_security
from streams.secret import Address, Secret

PREFIX: Final = "RETENTION_"
#: At the end of a setting's name: the file that holds its value.
FILE: Final = "_file"
#: Tasks are cheap, but each has a producer and a transaction of its own.
MAX_PARTITIONS: Final = 1024


class Setting(Struct, frozen=True):
    """One setting: how it is read, and what is said about it.

    Attributes:
        name: as in the file; upper-case with the prefix, in the environment.
        help: for the flag.
        default: as text, or none.
        parse: makes a value of the text; raises ValueError with what would be valid.
        from_file: whether a file may be named that holds it: a secret, or what is handed out beside one.
    """

    name: str
    help: str
    default: str | None
    parse: Callable[[str], Any]
    from_file: bool = False

    @property
    def switch(self) -> bool:
        """Whether it is true or false."""
        return self.parse is _switch

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


def _address(text: str) -> str:
    match = _SERVER.fullmatch(text)
    if match is None or not 1 <= int(match["port"] or 0) <= 65_535:  # noqa: PLR2004
        raise ValueError("expected host:port, such as 10.0.0.7:6066")
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
    path = Path(text).expanduser()
    if not text or (path.exists() and not path.is_dir()):
        raise ValueError("expected a directory")
    return path.absolute()


def _file(text: str) -> Path | None:
    return Path(text).expanduser().absolute() if text else None


def _readable(text: str) -> Path:
    path = Path(text).expanduser().absolute()
    try:
        path.open("rb").close()
    except OSError as error:
        raise ValueError(f"expected a file that can be read: {error.strerror}") from None
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
        Setting("create_topics", "Whether it creates missing topics: true or false.", "true", _switch),
        # A killed worker's tasks wait this long; a shorter one would give up on workers that are only slow.
        Setting("session_timeout", "Seconds until a silent worker is replaced.", "10", _number(1, 1800)),
        Setting("clock", "What `now` follows: wall or event.", "wall", _clock),
        Setting("host", "Address that /metrics listens on.", "127.0.0.1", _host),
        Setting("port", "Port that /metrics listens on; 0 for any free one.", "6066", _number(0, 65_535)),
        Setting("advertise", "host:port at which other workers reach this one.", None, _address),
        Setting("token", "Who asks about customers has to know it.", None, Secret, from_file=True),
        Setting("redis", "URL of the read model.", None, _redis, from_file=True),
        Setting("prometheus", "URL of a Prometheus: its alerts are on the live page.", None, _page),
        Setting("data_dir", "Local state and the embedded Kafka.", None, _directory),
        Setting("config", "The TOML file of settings, definitions, inputs and mappings.", None, _file),
        Setting("schema_registry", "The schema registry of Avro and Protobuf inputs.", None, _url),
        Setting("schema_registry_auth", "What it asks for: user:password.", None, Secret, from_file=True),
        Setting("schema_registry_token", "Instead: a bearer token.", None, Secret, from_file=True),
        Setting("schema_registry_ca_file", "Who certifies it (PEM).", None, _readable),
        Setting("schema_registry_cert_file", "The certificate shown to it (PEM).", None, _readable),
        Setting("schema_registry_key_file", "Its key, if not in the same file (PEM).", None, _readable),
        Setting(
            "security_protocol", "PLAINTEXT, SSL, SASL_SSL or SASL_PLAINTEXT.", "PLAINTEXT",
            _one_of(*kafka_security.PROTOCOLS),
        ),
        Setting("tls_ca_file", "Who certifies the brokers (PEM).", None, _readable),
        Setting("tls_cert_file", "The client's certificate (PEM).", None, _readable),
        Setting("tls_key_file", "Its key, if not in the same file (PEM).", None, _readable),
        Setting("tls_key_password", "What the key is encrypted with.", None, Secret, from_file=True),
        Setting(
            "sasl_mechanism", "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER.", None,
            _one_of(*kafka_security.MECHANISMS),
        ),
        Setting("sasl_username", "For PLAIN and SCRAM.", None, str, from_file=True),
        Setting("sasl_password", "For PLAIN and SCRAM.", None, Secret, from_file=True),
        Setting("sasl_without_tls", "Allow credentials on lines without TLS.", "false", _switch),
        Setting("oauth_token_url", "The token endpoint.", None, _url),
        Setting("oauth_client_id", "The client that asks for tokens.", None, str, from_file=True),
        Setting("oauth_client_secret", "Its secret.", None, Secret, from_file=True),
        Setting("oauth_scope", "What it asks for.", None, str),
        Setting("oauth_extensions", "Sent with each token: name=value,...", None, _pairs),
        Setting("oauth_ca_file", "Who certifies the token endpoint (PEM).", None, _readable),
    )
}  # fmt: skip
