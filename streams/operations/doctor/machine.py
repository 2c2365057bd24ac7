"""Check this machine: environment variables, the data directory, the port, and who may read customers."""

import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from streams.config.load import Settings, unknown_variables
from streams.config.missing_token import missing_token_of
from streams.operations.doctor.finding import Finding

#: Local state is small, but the embedded Kafka keeps all events.
_LOW_DISK_BYTES: Final = 1 << 30
#: 16 random characters of base64 have 96 bits.
_SHORT_TOKEN: Final = 16


def findings(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the findings that need no connection.

    Args:
        settings: the data directory and the port.
        environ: environment variables.
    """
    for name, meant in unknown_variables(environ).items():
        advice = f"did you mean {meant}?" if meant else "correct its name, or remove it"
        yield Finding("warn", f"the variable {name} is not a setting", advice)
    yield _data_dir(settings.data_dir)
    yield _port(settings.host, settings.port)
    if settings.token is not None and len(settings.token) < _SHORT_TOKEN:
        yield Finding(
            "warn",
            f"the token has only {len(settings.token)} characters",
            "who receives a signed request of a worker can guess it; make one with `openssl rand -hex 32`",
        )
    yield _access(settings)


def _data_dir(path: Path) -> Finding:
    nearest = next(parent for parent in (path, *path.parents) if parent.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        return Finding("fail", f"{nearest} is not writable", "set RETENTION_DATA_DIR to a writable directory")
    free = shutil.disk_usage(nearest).free
    what = f"{path} has {free / 1e9:,.1f} GB free"
    if free < _LOW_DISK_BYTES:
        return Finding("warn", what, "free some space: a full disk stops the embedded Kafka")
    return Finding("ok", what)


def _port(host: str, port: int) -> Finding:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        return Finding(
            "warn",
            f"cannot bind port {port} of {host}: {error.strerror}",
            "a running worker uses its port; set another RETENTION_PORT for a second one on this machine",
        )
    return Finding("ok", f"port {port} of {host} is free")


def _access(settings: Settings) -> Finding:
    missing_token = missing_token_of(settings)
    if missing_token is not None:
        return Finding("warn", missing_token.what, missing_token.advice)
    who = "this machine" if settings.token is None else "clients with the token"
    return Finding("ok", f"customers, tickets and orders can be read by {who} only")
