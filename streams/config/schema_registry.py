"""The settings of a schema registry: address, credentials and certificates, checked together."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from streams.errors import SettingsError
from streams.secret import Secret

#: Settings that have an effect only with RETENTION_SCHEMA_REGISTRY, without their prefix.
_PARTS: Final = ("auth", "token", "ca_file", "cert_file", "key_file")
_HINT: Final = "expected a PEM file: lines between BEGIN and END, as text"


class RegistryAccess(Struct, frozen=True, kw_only=True):
    """Address and credentials of a schema registry.

    Attributes:
        url: URL of the registry.
        auth: `user:password` for HTTP Basic authentication, or None.
        token: bearer token, or None.
        ca_file: PEM file of the authority that certifies the registry; None for the system's authorities.
        cert_file: PEM file of the client certificate, or None.
        key_file: PEM file of its key; None if the certificate's file contains the key.
    """

    url: str
    auth: Secret | None = None
    token: Secret | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


def access(values: Mapping[str, Any], sources: Mapping[str, str]) -> RegistryAccess | None:
    """Return the access to the registry that the settings describe; None without a URL.

    Args:
        values: setting -> value; each is valid by itself.
        sources: setting -> origin of its value, for error messages.

    Raises:
        SettingsError: a setting has no effect, contradicts another, or names a file without a certificate.
    """
    given = {part: values[f"schema_registry_{part}"] for part in _PARTS}
    if values["schema_registry"] is None:
        for part, value in given.items():
            if value is not None:
                raise _invalid(part, "has no effect without RETENTION_SCHEMA_REGISTRY", sources)
        return None
    found = RegistryAccess(url=values["schema_registry"], **given)
    _check_credentials(found, sources)
    _check_certificates(found, sources)
    return found


def _check_credentials(access: RegistryAccess, sources: Mapping[str, str]) -> None:
    if access.auth is not None and ":" not in "".join(access.auth):
        raise _invalid("auth", "is not user:password", sources)
    if access.auth is not None and access.token is not None:
        raise _invalid("token", "excludes RETENTION_SCHEMA_REGISTRY_AUTH; set one of them", sources)
    if access.key_file is not None and access.cert_file is None:
        raise _invalid("key_file", "has no effect without RETENTION_SCHEMA_REGISTRY_CERT_FILE", sources)


def _check_certificates(access: RegistryAccess, sources: Mapping[str, str]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if access.ca_file is not None:
        try:
            context.load_verify_locations(access.ca_file)
        except (OSError, ValueError):
            raise _invalid("ca_file", "contains no certificate", sources, _HINT) from None
    if access.cert_file is not None:
        try:
            # Without a password, OpenSSL would ask the terminal for one.
            context.load_cert_chain(access.cert_file, access.key_file, password="")
        except (OSError, ValueError):
            name = "key_file" if access.key_file else "cert_file"
            problem = "is not a certificate with its key, or the key is encrypted"
            raise _invalid(name, problem, sources, _HINT) from None


def _invalid(part: str, problem: str, sources: Mapping[str, str], hint: str = "") -> SettingsError:
    name = f"schema_registry_{part}"
    return SettingsError(f"RETENTION_{name.upper()}", problem, source=sources.get(name, "default"), hint=hint)
