"""Diagnosis of a failed connection: retry each bootstrap server, and describe its error in one line."""

import asyncio
import socket
import ssl
from typing import Any, Final

from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from streams.config.load import Settings
from streams.config.oauth import TokenUnavailable
from streams.errors import AccessDenied, BrokerUnavailable, RetentionError

_TIMEOUT_MS: Final = 4_000
#: Both sides close TLS; an event loop that ends earlier leaves a socket open.
_TLS_CLOSE_SECONDS: Final = 0.5
#: OpenSSL's codes for a name or an address that is not in the certificate.
_NAME_MISMATCH: Final = frozenset({62, 64})


async def diagnose(settings: Settings) -> RetentionError:
    """Return the error of the first bootstrap server that responds, or why no server responds."""
    unreachable = []
    for server in settings.broker.split(","):
        error = await _connection_error(settings, server)
        if isinstance(error, RetentionError):
            return error
        unreachable.append(error)
    return BrokerUnavailable(settings.broker, ", ".join(filter(None, unreachable)))


async def _connection_error(settings: Settings, server: str) -> RetentionError | str:
    """Return the error of a server that responds, or the reason why it does not; empty if it responds now."""
    host, _, port = server.rpartition(":")
    options: dict[str, Any] = {**settings.kafka}
    connection = AIOKafkaConnection(host.strip("[]"), int(port), request_timeout_ms=_TIMEOUT_MS, **options)
    try:
        await connection.connect()
        # The first request that needs authentication.
        await connection.send(MetadataRequest([]))
    except TokenUnavailable as error:
        return AccessDenied(str(error.args[0]), "see the settings RETENTION_OAUTH_*")
    except (KafkaError, OSError, ValueError, EOFError) as error:
        return _describe(settings, server, error)
    finally:
        closed = connection.close()
        if connection._protocol is not None:  # noqa: SLF001 - without a connection, nothing closes
            await asyncio.wait([closed], timeout=_TLS_CLOSE_SECONDS)
    return ""


def _describe(settings: Settings, server: str, error: Exception) -> RetentionError | str:
    """Return the described error; as text if no server responds at the address."""
    cause = error.__cause__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _untrusted(server, cause)
    if isinstance(cause, ssl.SSLError):
        return _tls_mismatch(settings, server, cause)
    if isinstance(error, SaslAuthenticationFailed | UnsupportedSaslMechanismError | IllegalSaslStateError):
        return _not_authenticated(settings, server, error)
    if isinstance(cause, ConnectionResetError | EOFError | BrokenPipeError):
        return _closed(settings, server)
    return _unreachable(server, cause)


def _unreachable(server: str, error: BaseException) -> str:
    """Return which part of an address is wrong: its host, its port, or the network between."""
    host, _, port = server.rpartition(":")
    if isinstance(error, socket.gaierror):
        return f"the host name {host} is unknown"
    if isinstance(error, ConnectionRefusedError):
        return f"{host} refuses connections on port {port}"
    if isinstance(error, TimeoutError):
        return f"{host} does not answer on port {port}"
    detail = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return f"{host}: {detail}"


def _untrusted(server: str, error: ssl.SSLCertVerificationError) -> AccessDenied:
    if error.verify_code in _NAME_MISMATCH:
        return AccessDenied(
            f"{server} has a certificate for another name: {error.verify_message}",
            "name the brokers in RETENTION_BROKER as their certificates do",
        )
    return AccessDenied(
        f"the certificate of {server} is not trusted: {error.verify_message}",
        "set RETENTION_TLS_CA_FILE to the certificate of the authority that signed it",
    )


def _tls_mismatch(settings: Settings, server: str, error: ssl.SSLError) -> AccessDenied:
    reason = str(error.reason or error).lower().replace("_", " ")
    if "alert" in reason:
        return AccessDenied(f"{server} refuses our TLS: {reason}", _own_certificate(settings))
    return AccessDenied(
        f"{server} does not speak TLS as we do: {reason}",
        _protocol(settings),
    )


def _not_authenticated(settings: Settings, server: str, error: KafkaError) -> AccessDenied:
    connection = settings.connection
    if isinstance(error, IllegalSaslStateError):
        return AccessDenied(f"{server} expects no SASL", _protocol(settings))
    if isinstance(error, UnsupportedSaslMechanismError):
        return AccessDenied(
            f"{server} does not take {connection.sasl_mechanism}",
            "see RETENTION_SASL_MECHANISM",
        )
    if connection.sasl_mechanism == "OAUTHBEARER":
        return AccessDenied(f"{server} refuses the token: {_message(error)}", "see Kafka's own log for why")
    return AccessDenied(
        f"{server} refuses user {connection.sasl_username} by {connection.sasl_mechanism}: {_message(error)}",
        "see RETENTION_SASL_USERNAME and RETENTION_SASL_PASSWORD",
    )


def _message(error: KafkaError) -> str:
    return str(error.args[0]) if error.args else type(error).__name__


def _closed(settings: Settings, server: str) -> AccessDenied:
    hint = _protocol(settings)
    if settings.connection.tls:
        hint += f"; {_own_certificate(settings)}"
    return AccessDenied(f"{server} closed the connection without an answer", hint)


def _protocol(settings: Settings) -> str:
    protocol = settings.connection.security_protocol
    return f"RETENTION_SECURITY_PROTOCOL is {protocol}: the listener of that port may expect another"


def _own_certificate(settings: Settings) -> str:
    if settings.connection.tls_cert_file is None:
        return "it may want a certificate of ours: RETENTION_TLS_CERT_FILE"
    return "see RETENTION_TLS_CERT_FILE: it may trust another authority"
