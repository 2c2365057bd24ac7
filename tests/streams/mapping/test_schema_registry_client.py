"""Access to a registry: passwords, tokens, certificates and addresses."""

import base64
import importlib.util
import ssl

import pytest
import trustme

from streams.mapping.schema_registry import RegistryUnavailable
from streams.secret import Secret
from tests.support.registry_schemas import ROW, avro, offer_avro, reader, registry
from tests.support.registry_server import AUTH, framed


@pytest.mark.parametrize("auth", [None, "me:wrong"])
async def test_registry_auth_error_is_reported_without_the_password(server, auth):
    with pytest.raises(RegistryUnavailable, match="HTTP 401") as caught:
        await reader(server, "avro", auth).prepare([framed(7, b"")])
    assert "wrong" not in str(caught.value)


async def test_unreachable_registry_is_an_error():
    with pytest.raises(RegistryUnavailable, match="Connect call failed"):
        await registry("http://127.0.0.1:1").fetch("avro", [framed(1, b"")])


async def test_subject_of_a_reference_may_contain_slashes(server):
    offer_avro(server)
    server.schemas[7]["references"][0]["subject"] = "shop/customer"
    server.subjects["shop/customer", "3"] = server.subjects.pop(("customer", "3"))
    mapped = reader(server, "avro")
    value = framed(7, avro(ROW))
    await mapped.prepare([value])
    assert mapped.map_record(value).events


async def test_no_log_holds_the_password(server, caplog):
    caplog.set_level("DEBUG")
    offer_avro(server)
    await reader(server, "avro").prepare([framed(7, b"")])
    reported = [record.getMessage() for record in caplog.records]
    assert reported, "the server's access log at least"
    encoded = base64.b64encode(AUTH.encode()).decode()
    assert not [line for line in reported if encoded in line or "secret" in line]


async def test_bearer_token_is_sent(server):
    offer_avro(server)
    server.wants = "Bearer abc"
    values = [framed(7, avro(ROW))]
    await registry(server.url, auth=None, token=Secret("abc")).fetch("avro", values)
    with pytest.raises(RegistryUnavailable, match="HTTP 401"):
        await registry(server.url, auth=None, token=Secret("abd")).fetch("avro", values)


async def test_registry_certificate_is_checked_by_the_named_authority(server, tmp_path, monkeypatch):
    """The configured authority, or else the system's; never the authorities of a Python package."""
    if importlib.util.find_spec("certifi"):
        monkeypatch.setattr("certifi.where", lambda: pytest.fail("certifi was asked"))
    authority, path = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    offer_avro(server)
    url = await server.also_by(context)
    values = [framed(7, avro(ROW))]
    await registry(url, ca_file=path).fetch("avro", values)
    with pytest.raises(RegistryUnavailable, match="certificate verify failed"):
        await registry(url).fetch("avro", values)


async def test_client_certificate_is_presented_to_the_registry(server, tmp_path):
    authority, ours = trustme.CA(), trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    ours.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    paths = {name: tmp_path / name for name in ("ca_file", "cert_file", "key_file")}
    authority.cert_pem.write_to_path(paths["ca_file"])
    shown = ours.issue_cert("retention")
    shown.cert_chain_pems[0].write_to_path(paths["cert_file"])
    shown.private_key_pem.write_to_path(paths["key_file"])
    offer_avro(server)
    url = await server.also_by(context)
    values = [framed(7, avro(ROW))]
    await registry(url, **paths).fetch("avro", values)
    with pytest.raises(RegistryUnavailable):
        await registry(url, ca_file=paths["ca_file"]).fetch("avro", values)
