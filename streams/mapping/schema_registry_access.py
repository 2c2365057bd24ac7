"""How a schema registry is reached: what it wants to see of us, and whom we trust to certify it."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from streams.errors import SettingsError
from streams.secret import Secret

_HINT: Final = "expected a PEM file: lines between BEGIN and END, as text"


class Access(Struct, frozen=True, kw_only=True):
    """How a schema registry is reached.

    Attributes:
        url: where it is.
        auth: `user:password`, or none.
        token: a bearer token, or none.
        ca_file: who certifies it; none: the system's authorities.
        cert_file: our own certificate, if it asks for one.
        key_file: its key, unless the certificate's file holds it.
    """

    url: str
    auth: Secret | None = None
    token: Secret | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def options(self) -> dict[str, Any]:
        """Give what the client of registries is made with (its names)."""
        options: dict[str, Any] = {"url": self.url, "max.retries": 0}  # `fetch_patiently` tries, and says so
        if authorities := self.ca_file or _system_authorities():
            options["ssl.ca.location"] = str(authorities)  # without it: those of a Python package
        if self.cert_file is not None:
            # Without a password, OpenSSL would ask the terminal for one.
            options |= {"ssl.certificate.location": str(self.cert_file), "ssl.key.password": ""}
            if self.key_file is not None:
                options["ssl.key.location"] = str(self.key_file)
        if self.auth is not None:
            options["basic.auth.user.info"] = "".join(self.auth)
        if self.token is not None:
            options |= {
                "bearer.auth.credentials.source": "STATIC_TOKEN",
                "bearer.auth.token": "".join(self.token),
                "bearer.auth.logical.cluster": "",  # only Confluent's cloud has some
            }
        return options


def _system_authorities() -> str | None:
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath


def check(access: Access, sources: Mapping[str, str]) -> None:
    """Refuse what does not go together, and files that hold something else.

    Args:
        access: each setting valid by itself.
        sources: setting -> where its value came from.

    Raises:
        SettingsError: it names the setting.
    """
    if access.auth is not None and ":" not in "".join(access.auth):
        raise _wrong("auth", "is not user:password", sources)
    if access.auth is not None and access.token is not None:
        raise _wrong("token", "is given, and so is RETENTION_SCHEMA_REGISTRY_AUTH", sources)
    if access.key_file is not None and access.cert_file is None:
        raise _wrong("key_file", "has no effect without RETENTION_SCHEMA_REGISTRY_CERT_FILE", sources)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if access.ca_file is not None:
        try:
            context.load_verify_locations(access.ca_file)
        except (OSError, ValueError):
            raise _wrong("ca_file", "holds no certificate", sources, _HINT) from None
    if access.cert_file is not None:
        try:
            context.load_cert_chain(access.cert_file, access.key_file, password="")
        except (OSError, ValueError):
            name = "key_file" if access.key_file else "cert_file"
            problem = "is no certificate with its key, or the key is encrypted"
            raise _wrong(name, problem, sources, _HINT) from None


def _wrong(part: str, problem: str, sources: Mapping[str, str], hint: str = "") -> SettingsError:
    name = f"schema_registry_{part}"
    return SettingsError(f"RETENTION_{name.upper()}", problem, source=sources.get(name, "default"), hint=hint)
