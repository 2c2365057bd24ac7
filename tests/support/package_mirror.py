"""A mirror of the locked packages over HTTPS, with a certificate of an authority of its own."""

import os
import re
import ssl
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

from streams.local.ports import free_port, is_free
from tests.support.container_engine import docker

#: Where Debian and its relatives keep the authorities that a machine trusts.
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_DOWNLOAD = """
python -m venv /tmp/pip
for file in build.txt worker.txt; do
    /tmp/pip/bin/pip download --quiet --disable-pip-version-check --no-cache-dir --require-hashes \
        --only-binary=:all: --dest /wheels -r /requirements/$file
done
"""


def download(requirements, image, directory):
    """Download the locked wheels with the Python of an image, from the index that this machine uses.

    Args:
        requirements: directory of the lock files.
        image: name of an image with Python.
        directory: directory for the wheels.
    """
    mounts = [f"{requirements}:/requirements:ro", f"{directory}:/wheels"]
    variables = [name for name in os.environ if name.startswith("PIP_INDEX")]
    if AUTHORITIES.exists():
        mounts.append(f"{AUTHORITIES}:/authorities.crt:ro")
        variables.append("PIP_CERT=/authorities.crt")
    flags = [part for mount in mounts for part in ("--volume", mount)]
    flags += [part for variable in variables for part in ("--env", variable)]
    docker("run", "--rm", "--network", "host", *flags, "--entrypoint", "sh", image, "-euc", _DOWNLOAD)


def write_index(wheels, directory):
    """Write a simple index (PEP 503) of the wheels in a directory."""
    for wheel in wheels.iterdir():
        name = re.sub(r"[-_.]+", "-", wheel.name.split("-")[0]).lower()
        project = directory / "simple" / name
        project.mkdir(parents=True, exist_ok=True)
        (project / wheel.name).hardlink_to(wheel)
        with (project / "index.html").open("a") as page:
            page.write(f'<a href="{wheel.name}">{wheel.name}</a>\n')


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def _authority(certificate, key):
    """Return the authority of an earlier run, which the cached layers of the image have, or a new one."""
    if certificate.exists() and key.exists():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    authority = trustme.CA()
    authority.cert_pem.write_to_path(certificate)
    authority.private_key_pem.write_to_path(key)
    return authority


def _port(file):
    """Return the port of an earlier run, because the address is in the cached layers too, or a free one."""
    if file.exists() and is_free("127.0.0.1", port := int(file.read_text())):
        return port
    file.write_text(str(port := free_port()))
    return port


@contextmanager
def served(directory, kept):
    """Serve a directory; yield the address and the authority's certificate (PEM).

    Args:
        directory: the directory to serve.
        kept: directory in which the authority and the port are kept for the next run.
    """
    authority = _authority(kept / "authority.pem", kept / "authority.key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", _port(kept / "port")), partial(_Quiet, directory=directory))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://localhost:{server.server_port}", authority.cert_pem.bytes()
    finally:
        server.shutdown()
        server.server_close()
