"""The connection to Kafka: TLS, SASL, and the options of every Kafka client.

The names are Kafka's own (`security.protocol`, `sasl.mechanism`), so that the settings of a managed Kafka can
be copied. Contradicting settings are an error when a command starts. An omitted setting is never guessed, so
that no credential is sent by accident.
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
from streams.config.renewed_context import renewed_context
from streams.errors import SettingsError
from streams.secret import Secret

PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")

_TLS: Final = ("tls_ca_file", "tls_cert_file", "tls_key_file", "tls_key_password")
_PASSWORD: Final = ("sasl_username", "sasl_password")
_OAUTH: Final = ("oauth_token_url", "oauth_client_id", "oauth_client_secret")
_OAUTH_OPTIONAL: Final = ("oauth_scope", "oauth_extensions", "oauth_ca_file")
_ALLOW: Final = "if the network is safe, set RETENTION_SASL_WITHOUT_TLS=true"


class KafkaConnection(Struct, frozen=True, kw_only=True):
    """The settings of the connection to Kafka.

    Attributes:
        security_protocol: one of `PROTOCOLS`.
        tls_ca_file: PEM file of the brokers' authority; None for the system's authorities.
        tls_cert_file: PEM file of the client certificate, or None.
        tls_key_file: PEM file of its key; None if the certificate's file contains the key.
        tls_key_password: password of the encrypted key, or None.
        sasl_mechanism: one of `MECHANISMS`.
        sasl_username: user for PLAIN and SCRAM.
        sasl_password: password for PLAIN and SCRAM.
        sasl_without_tls: whether credentials may be sent without TLS.
        oauth_token_url: URL of the token endpoint.
        oauth_client_id: client id at the token endpoint.
        oauth_client_secret: secret of that client.
        oauth_scope: requested scope.
        oauth_extensions: SASL extensions by name, sent to Kafka with each token.
        oauth_ca_file: PEM file of the token endpoint's authority; None for the system's authorities.
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


NAMES: Final = KafkaConnection.__struct_fields__


def check(connection: KafkaConnection, sources: Mapping[str, str]) -> None:
    """Check the settings against each other.

    Args:
        connection: settings, each of which is valid by itself.
        sources: setting -> origin of its value.

    Raises:
        SettingsError: a setting is missing, or has no effect with the others.
    """
    rules = _Rules(connection, sources)
    rules.check_tls()
    rules.check_sasl()


class _Rules:
    """Checks the rules between the settings of a connection."""

    def __init__(self, connection: KafkaConnection, sources: Mapping[str, str]) -> None:
        self._connection = connection
        self._sources = sources
        self._protocol = f"RETENTION_SECURITY_PROTOCOL={connection.security_protocol}"

    def check_tls(self) -> None:
        if not self._connection.tls:
            hint = "for TLS, set RETENTION_SECURITY_PROTOCOL to SSL or SASL_SSL"
            self._reject_unused(_TLS, self._protocol, hint)
        if self._connection.tls_cert_file is None:
            hint = "set the certificate of the key"
            self._reject_unused(("tls_key_file", "tls_key_password"), "no RETENTION_TLS_CERT_FILE", hint)

    def check_sasl(self) -> None:
        if not self._connection.sasl:
            hint = "set RETENTION_SECURITY_PROTOCOL to SASL_SSL"
            self._reject_unused(
                ("sasl_mechanism", *_PASSWORD, *_OAUTH, *_OAUTH_OPTIONAL), self._protocol, hint
            )
            return
        if not (self._connection.tls or self._connection.sasl_without_tls):
            problem = "SASL_PLAINTEXT sends credentials without encryption"
            self._reject("security_protocol", problem, f"use SASL_SSL; {_ALLOW}")
        self._require(("sasl_mechanism",), self._protocol)
        mechanism = f"RETENTION_SASL_MECHANISM={self._connection.sasl_mechanism}"
        if self._connection.sasl_mechanism == "OAUTHBEARER":
            self._require(_OAUTH, mechanism)
            self._reject_unused(_PASSWORD, mechanism, f"set {' and '.join(map(_variable, _OAUTH[1:]))}")
            self._check_token_url(self._connection.oauth_token_url or "")
        else:
            self._require(_PASSWORD, mechanism)
            hint = "it requires RETENTION_SASL_MECHANISM=OAUTHBEARER"
            self._reject_unused((*_OAUTH, *_OAUTH_OPTIONAL), mechanism, hint)

    def _check_token_url(self, url: str) -> None:
        if urlsplit(url).scheme != "https" and not self._connection.sasl_without_tls:
            problem = "would send the client secret without encryption"
            self._reject("oauth_token_url", problem, f"use https://…; {_ALLOW}")

    def _require(self, names: tuple[str, ...], what: str) -> None:
        for name in names:
            if getattr(self._connection, name) is None:
                self._reject(name, f"is missing; {what} requires it")

    def _reject_unused(self, names: tuple[str, ...], what: str, hint: str) -> None:
        for name in names:
            if getattr(self._connection, name) is not None:
                self._reject(name, f"has no effect with {what}", hint)

    def _reject(self, name: str, problem: str, hint: str = "") -> None:
        raise SettingsError(_variable(name), problem, source=self._sources.get(name, "default"), hint=hint)


def _variable(name: str) -> str:
    return f"RETENTION_{name.upper()}"


def client_options(connection: KafkaConnection, sources: Mapping[str, str]) -> dict[str, Any]:
    """Return the options of every Kafka client, under aiokafka's names. All clients share the OAuth tokens.

    Args:
        connection: settings that `check` accepts.
        sources: setting -> origin of its value.

    Raises:
        SettingsError: a file does not contain a valid certificate or key.
    """
    options: dict[str, Any] = {}
    if connection.security_protocol != "PLAINTEXT":
        options["security_protocol"] = connection.security_protocol
    if connection.tls:
        options["ssl_context"] = _tls_context(connection, sources)
    if connection.sasl:
        logging.getLogger("aiokafka.conn").addFilter(_has_no_credentials)
        options["sasl_mechanism"] = connection.sasl_mechanism
        if connection.sasl_mechanism == "OAUTHBEARER":
            options["sasl_oauth_token_provider"] = _token_provider(connection, sources)
        else:
            options["sasl_plain_username"] = connection.sasl_username
            options["sasl_plain_password"] = connection.sasl_password
    return options


def _has_no_credentials(record: logging.LogRecord) -> bool:
    """Return whether to log a record. At level DEBUG, aiokafka logs passwords and tokens."""
    values = record.args if isinstance(record.args, tuple) else ()
    return not any(
        isinstance(value, SaslAuthenticateRequest_v0 | SaslAuthenticateRequest_v1) for value in values
    )


def _tls_context(connection: KafkaConnection, sources: Mapping[str, str]) -> ssl.SSLContext:
    files = (connection.tls_ca_file, connection.tls_cert_file, connection.tls_key_file)
    return renewed_context(files, lambda: _loaded_context(connection, sources))


def _loaded_context(connection: KafkaConnection, sources: Mapping[str, str]) -> ssl.SSLContext:
    """Return a TLS context. It always verifies the host names of brokers, and no setting turns that off."""
    context = _context_trusting("tls_ca_file", connection.tls_ca_file, sources)
    if connection.tls_cert_file is not None:
        # Without a password, OpenSSL would ask the terminal for one.
        password = connection.tls_key_password or ""
        try:
            context.load_cert_chain(connection.tls_cert_file, connection.tls_key_file, password)
        except (OSError, ValueError) as error:
            name = "tls_key_file" if connection.tls_key_file else "tls_cert_file"
            problem = "is not a certificate with its key, or the key has another password"
            raise _invalid_file(name, error, problem, sources) from None
    return context


def _token_provider(connection: KafkaConnection, sources: Mapping[str, str]) -> ClientCredentials:
    return ClientCredentials(
        connection.oauth_token_url or "",
        connection.oauth_client_id or "",
        connection.oauth_client_secret or Secret(""),
        scope=connection.oauth_scope or "",
        extensions=connection.oauth_extensions,
        context=renewed_context(
            (connection.oauth_ca_file,),
            lambda: _context_trusting("oauth_ca_file", connection.oauth_ca_file, sources),
        ),
    )


def _context_trusting(name: str, path: Path | None, sources: Mapping[str, str]) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as error:
        raise _invalid_file(name, error, "contains no certificate", sources) from None


def _invalid_file(name: str, error: Exception, problem: str, sources: Mapping[str, str]) -> SettingsError:
    """Return the error for a file with invalid contents, with OpenSSL's reason if there is one."""
    if reason := getattr(error, "reason", None):
        problem = f"{problem} ({str(reason).lower().replace('_', ' ')})"
    hint = "expected a PEM file: lines between BEGIN and END, as text"
    return SettingsError(_variable(name), problem, source=sources.get(name, "default"), hint=hint)
