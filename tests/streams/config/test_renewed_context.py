"""Certificates that are renewed while clients use them, by handshakes in memory."""

import logging
import socket
import ssl

import pytest
import trustme

from streams.config.load import load
from tests.support.secured_kafka import environ


class Files:
    """The files of a client, as a secret is mounted in Kubernetes: links that are replaced together."""

    def __init__(self, directory):
        self.directory = directory
        self._count = 0

    def write(self, authority, user, key_of=None):
        """Replace the files, by those of a user; the key may be that of another user."""
        self._count += 1
        data = self.directory / f"..data_{self._count}"
        data.mkdir()
        issued = authority.issue_cert("client@shop.example", common_name=user)
        authority.cert_pem.write_to_path(str(data / "ca.crt"))
        issued.cert_chain_pems[0].write_to_path(str(data / "user.crt"))
        (key_of or issued).private_key_pem.write_to_path(str(data / "user.key"))
        for name in ("ca.crt", "user.crt", "user.key"):
            link = self.directory / f"{name}.new"
            link.symlink_to(data / name)
            link.rename(self.directory / name)

    def context(self):
        """The context of every Kafka client with these files."""
        settings = {
            "SECURITY_PROTOCOL": "SSL",
            "TLS_CA_FILE": str(self.directory / "ca.crt"),
            "TLS_CERT_FILE": str(self.directory / "user.crt"),
            "TLS_KEY_FILE": str(self.directory / "user.key"),
        }
        return load({}, environ(settings)).client_options()["ssl_context"]


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


class Broker:
    """The server's side of a handshake, with a certificate of an authority; requires one of the client."""

    def __init__(self, authority):
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(self._context)
        authority.issue_cert("kafka.example").configure_cert(self._context)

    def user_of(self, client_context):
        """Return the name in the certificate of a client that connects."""
        up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = client_context.wrap_bio(down, up, server_side=False, server_hostname="kafka.example")
        server = self._context.wrap_bio(up, down, server_side=True)
        for side in (client, server) * 3:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
        subject = dict(part for parts in server.getpeercert()["subject"] for part in parts)
        return subject["commonName"]


def test_new_connection_uses_the_renewed_certificate(files, authority):
    files.write(authority, "first")
    context, broker = files.context(), Broker(authority)
    assert broker.user_of(context) == "first"
    files.write(authority, "second")
    assert broker.user_of(context) == "second"


def test_new_connection_trusts_only_the_renewed_authority(files, authority):
    files.write(authority, "first")
    context = files.context()
    renewed = trustme.CA()
    files.write(renewed, "second")
    assert Broker(renewed).user_of(context) == "second"
    with pytest.raises(ssl.SSLCertVerificationError):
        Broker(authority).user_of(context)


def test_invalid_renewed_files_leave_the_former_in_use(files, authority, caplog):
    files.write(authority, "first")
    context, broker = files.context(), Broker(authority)
    files.write(authority, "second", key_of=authority.issue_cert("client@shop.example"))
    with caplog.at_level(logging.WARNING):
        assert [broker.user_of(context) for _ in range(3)] == ["first"] * 3
    [record] = caplog.records  # once for each change
    assert "RETENTION_TLS_KEY_FILE" in record.message
    assert "new connections use the former certificates" in record.message
    files.write(authority, "third")
    assert broker.user_of(context) == "third"


def test_missing_files_leave_the_former_in_use(files, authority):
    files.write(authority, "first")
    context = files.context()
    (files.directory / "user.key").unlink()
    assert Broker(authority).user_of(context) == "first"


def test_unchanged_files_are_not_read_again(files, authority, caplog):
    files.write(authority, "first")
    context, broker = files.context(), Broker(authority)
    with caplog.at_level(logging.INFO):
        assert broker.user_of(context) == broker.user_of(context) == "first"
    assert not caplog.records


def test_blocking_connection_uses_the_renewed_files(files, authority):
    files.write(authority, "first")
    context = files.context()
    renewed = trustme.CA()
    files.write(renewed, "second")
    with socket.socket() as plain, context.wrap_socket(plain, server_hostname="kafka.example") as wrapped:
        assert wrapped.context.get_ca_certs(binary_form=True) == [ssl.PEM_cert_to_DER_cert(pem_of(renewed))]


def pem_of(authority):
    return authority.cert_pem.bytes().decode()


def test_renewable_context_verifies_host_names(files, authority):
    files.write(authority, "first")
    context = files.context()
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED
