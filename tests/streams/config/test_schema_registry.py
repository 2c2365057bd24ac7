"""Registry settings: incompatible ones are an error at the start."""

import pytest
import trustme

from streams.config.load import load
from streams.errors import SettingsError

URL = {"RETENTION_SCHEMA_REGISTRY": "https://registry.example"}
NAME = "RETENTION_SCHEMA_REGISTRY_"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Part -> a file of that kind."""
    folder = tmp_path_factory.mktemp("registry")
    authority = trustme.CA()
    shown = authority.issue_cert("retention")
    content = {
        "ca": authority.cert_pem,
        "cert": shown.cert_chain_pems[0],
        "key": shown.private_key_pem,
        "both": shown.private_key_and_cert_chain_pem,
        "other": authority.issue_cert("other").private_key_pem,
    }
    paths = {name: folder / name for name in (*content, "none", "token")}
    for name, pem in content.items():
        pem.write_to_path(paths[name])
    paths["none"].write_text("no certificate")
    paths["token"].write_text("abc\n")
    return {name: str(path) for name, path in paths.items()}


@pytest.mark.parametrize(
    "given",
    [
        {"AUTH": "me:it's:secret"},
        {"TOKEN_FILE": "token"},
        {"CA_FILE": "ca", "CERT_FILE": "cert", "KEY_FILE": "key"},
        {"CERT_FILE": "both", "AUTH": "me:secret"},
    ],
)
def test_compatible_registry_settings_are_accepted(files, given):
    load(environ=URL | {NAME + name: files.get(value, value) for name, value in given.items()})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"AUTH": "secret"}, "AUTH (environment RETENTION_SCHEMA_REGISTRY_AUTH): is not user:password"),
        ({"AUTH": "me:secret", "TOKEN": "secret"}, "TOKEN (environment"),
        ({"KEY_FILE": "key"}, "has no effect without RETENTION_SCHEMA_REGISTRY_CERT_FILE"),
        (
            {"CA_FILE": "none"},
            "SCHEMA_REGISTRY_CA_FILE): contains no certificate",
        ),
        ({"CERT_FILE": "cert"}, "CERT_FILE (environment"),
        ({"CERT_FILE": "cert", "KEY_FILE": "other"}, "is not a certificate with its key"),
        ({"CERT_FILE": "nowhere"}, "expected a readable file"),
    ],
)
def test_incompatible_registry_settings_are_an_error(files, given, expected):
    with pytest.raises(SettingsError) as caught:
        load(environ=URL | {NAME + name: files.get(value, value) for name, value in given.items()})
    assert expected in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["AUTH", "TOKEN"])
def test_registry_settings_without_a_registry_are_an_error(name):
    with pytest.raises(SettingsError, match="has no effect without RETENTION_SCHEMA_REGISTRY"):
        load(environ={NAME + name: "me:secret"})
