"""The connection to Kafka: TLS, SASL, and the options of every Kafka client.

The names are Kafka's own (`security.protocol`, `sasl.mechanism`), so that the settings of a managed Kafka can
be copied. Contradicting settings are an error when a command starts, and nothing is guessed: no credential is
sent because a setting was left out.
"""

import logging
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from aiokafka.protocol.admin import SaslAuthenticateRequest_v0, SaslAuthenticateRequest_v1
from msgspec import Struct

from streams.config.oauth import ClientCredentials
from streams.errors import SettingsError
from streams.secret import Secret

PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")

_TLS: Final = ("tls_ca_file", "tls_cert_file", "tls_key_file", "tls_key_password")
_PASSWORD: Final = ("sasl_username", "sasl_password")
_OAUTH: Final = ("oauth_token_url", "oauth_client_id", "oauth_client_secret")
_OAUTH_TOO: Final = ("oauth_scope", "oauth_extensions", "oauth_ca_file")
_ALLOW: Final = "where the network is safe all the same, allow it by RETENTION_SASL_WITHOUT_TLS=true"


class Connection(Struct, frozen=True, kw_only=True):
    """The settings of the connection to Kafka.

    Attributes:
        security_protocol: one of `PROTOCOLS`.
        tls_ca_file: PEM file of the brokers' authority; None for the system's authorities.
        tls_cert_file: the client's certificate, if brokers ask for one.
        tls_key_file: its key, unless the certificate's file holds it.
        tls_key_password: what the key is encrypted with.
        sasl_mechanism: one of `MECHANISMS`.
        sasl_username: for PLAIN and SCRAM.
        sasl_password: for PLAIN and SCRAM.
        sasl_without_tls: whether credentials may go over lines that are not encrypted.
        oauth_token_url: URL of the token endpoint.
        oauth_client_id: client id at the token endpoint.
        oauth_client_secret: secret of that client.
        oauth_scope: requested scope.
        oauth_extensions: `name=value`, joined by commas; sent to Kafka with each token.
        oauth_ca_file: who certifies the token endpoint; none: the system's authorities.
    """

    security_protocol: str = "PLAINTEXT"
    tls_ca_file: Path | None = None
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    tls_key_password: Secret | None = None
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: Secret | None = None
    sasl_without_tls: bool = False
    oauth_token_url: str | None = None
    oauth_client_id: str | None = None
    oauth_client_secret: Secret | None = None
    oauth_scope: str | None = None
    oauth_extensions: Mapping[str, str] | None = None
    oauth_ca_file: Path | None = None

    @property
    def tls(self) -> bool:
        """Whether connections are encrypted, and brokers authenticated by certificate."""
        return self.security_protocol in {"SSL", "SASL_SSL"}

    @property
    def sasl(self) -> bool:
        """Whether credentials are sent."""
        return self.security_protocol in {"SASL_PLAINTEXT", "SASL_SSL"}


NAMES: Final = Connection.__struct_fields__


def check(connection: Connection, sources: Mapping[str, str]) -> None:
    """Check the settings against each other.

    Args:
        connection: each setting valid by itself.
        sources: setting -> where its value came from.

    Raises:
        SettingsError: names the setting that is missing, or that would be without effect.
    """
    rules = _Rules(connection, sources)
    rules.check_tls()
    rules.check_sasl()


class _Rules:
    """The rules between settings."""

    def __init__(self, connection: Connection, sources: Mapping[str, str]) -> None:
        self._of = connection
        self._sources = sources
        self._protocol = f"RETENTION_SECURITY_PROTOCOL={connection.security_protocol}"

    def check_tls(self) -> None:
        if not self._of.tls:
            hint = "for TLS, set RETENTION_SECURITY_PROTOCOL to SSL, or with SASL to SASL_SSL"
            self._useless(_TLS, self._protocol, hint)
        if self._of.tls_cert_file is None:
            hint = "a key belongs to a certificate"
            self._useless(("tls_key_file", "tls_key_password"), "no RETENTION_TLS_CERT_FILE", hint)

    def check_sasl(self) -> None:
        if not self._of.sasl:
            hint = "set RETENTION_SECURITY_PROTOCOL to SASL_SSL"
            self._useless(("sasl_mechanism", *_PASSWORD, *_OAUTH, *_OAUTH_TOO), self._protocol, hint)
            return
        if not (self._of.tls or self._of.sasl_without_tls):
            problem = "SASL_PLAINTEXT sends credentials over lines that are not encrypted"
            self._refuse("security_protocol", problem, f"use SASL_SSL; {_ALLOW}")
        self._need(("sasl_mechanism",), self._protocol)
        mechanism = f"RETENTION_SASL_MECHANISM={self._of.sasl_mechanism}"
        if self._of.sasl_mechanism == "OAUTHBEARER":
            self._need(_OAUTH, mechanism)
            self._useless(_PASSWORD, mechanism, f"it wants {' and '.join(map(_variable, _OAUTH[1:]))}")
            self._check_token_url(self._of.oauth_token_url or "")
        else:
            self._need(_PASSWORD, mechanism)
            hint = "it goes with RETENTION_SASL_MECHANISM=OAUTHBEARER"
            self._useless((*_OAUTH, *_OAUTH_TOO), mechanism, hint)

    def _check_token_url(self, url: str) -> None:
        if urlsplit(url).scheme != "https" and not self._of.sasl_without_tls:
            problem = "would send the client's secret over a line that is not encrypted"
            self._refuse("oauth_token_url", problem, f"use https://…; {_ALLOW}")

    def _need(self, names: tuple[str, ...], what: str) -> None:
        for name in names:
            if getattr(self._of, name) is None:
                self._refuse(name, f"is not set, and {what} needs it")

    def _useless(self, names: tuple[str, ...], what: str, hint: str) -> None:
        for name in names:
            if getattr(self._of, name) is not None:
                self._refuse(name, f"has no effect with {what}", hint)

    def _refuse(self, name: str, problem: str, hint: str = "") -> None:
        raise SettingsError(_variable(name), problem, source=self._sources.get(name, "default"), hint=hint)


def _variable(name: str) -> str:
    return f"RETENTION_{name.upper()}"


def client_options(connection: Connection, sources: Mapping[str, str]) -> dict[str, Any]:
    """Return the options of every Kafka client, under aiokafka's names. Clients share the tokens in them.

    Raises:
        SettingsError: a file does not hold a valid certificate or key.
    """
    options: dict[str, Any] = {}
    if connection.security_protocol != "PLAINTEXT":
        options["security_protocol"] = connection.security_protocol
    if connection.tls:
        options["ssl_context"] = _context(connection, sources)
    if connection.sasl:
        logging.getLogger("aiokafka.conn").addFilter(_keep_credentials)
        options["sasl_mechanism"] = connection.sasl_mechanism
        if connection.sasl_mechanism == "OAUTHBEARER":
            options["sasl_oauth_token_provider"] = _tokens(connection, sources)
        else:
            options["sasl_plain_username"] = connection.sasl_username
            options["sasl_plain_password"] = connection.sasl_password
    return options


def _keep_credentials(record: logging.LogRecord) -> bool:
    """Keep out of the log what aiokafka would write there at level DEBUG: PLAIN's password, and tokens."""
    values = record.args if isinstance(record.args, tuple) else ()
    return not any(isinstance(v, SaslAuthenticateRequest_v0 | SaslAuthenticateRequest_v1) for v in values)


def _context(connection: Connection, sources: Mapping[str, str]) -> ssl.SSLContext:
    """Brokers have to prove that they have the name by which they are called; there is no way around."""
    context = _trusting("tls_ca_file", connection.tls_ca_file, sources)
    if connection.tls_cert_file is not None:
        # Without a password, OpenSSL would ask the terminal for one.
        password = connection.tls_key_password or ""
        try:
            context.load_cert_chain(connection.tls_cert_file, connection.tls_key_file, password)
        except (OSError, ValueError) as error:
            name = "tls_key_file" if connection.tls_key_file else "tls_cert_file"
            otherwise = "is no certificate with its key, or the key has another password"
            raise _unusable(name, error, otherwise, sources) from None
    return context


def _tokens(connection: Connection, sources: Mapping[str, str]) -> ClientCredentials:
    return ClientCredentials(
        connection.oauth_token_url or "",
        connection.oauth_client_id or "",
        connection.oauth_client_secret or Secret(""),
        scope=connection.oauth_scope or "",
        extensions=connection.oauth_extensions,
        context=_trusting("oauth_ca_file", connection.oauth_ca_file, sources),
    )


def _trusting(name: str, path: Path | None, sources: Mapping[str, str]) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as error:
        raise _unusable(name, error, "holds no certificate", sources) from None


def _unusable(name: str, error: Exception, otherwise: str, sources: Mapping[str, str]) -> SettingsError:
    """Return the error for a readable file with unusable contents, with OpenSSL's reason if there is one."""
    reason = getattr(error, "reason", None)
    problem = f"{otherwise} ({str(reason).lower().replace('_', ' ')})" if reason else otherwise
    hint = "expected a PEM file: lines between BEGIN and END, as text"
    return SettingsError(_variable(name), problem, source=sources.get(name, "default"), hint=hint)
