"""Connection settings: combinations, missing settings, and secrets that are never printed."""

import json
import logging

import pytest

from streams.cli.group import run
from streams.config.load import load, unknown_variables
from streams.errors import SettingsError
from streams.secret import Secret
from tests.support.secured_kafka import Certificates, environ

SCRAM = {
    "SECURITY_PROTOCOL": "SASL_SSL",
    "SASL_MECHANISM": "SCRAM-SHA-512",
    "SASL_USERNAME": "shop",
    "SASL_PASSWORD": "geheim",
}
OAUTH = {
    "SECURITY_PROTOCOL": "SASL_SSL",
    "SASL_MECHANISM": "OAUTHBEARER",
    "OAUTH_TOKEN_URL": "https://id.example/token",
    "OAUTH_CLIENT_ID": "shop",
    "OAUTH_CLIENT_SECRET": "geheim",
}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def error_of(**settings):
    with pytest.raises(SettingsError) as caught:
        load({}, environ(settings))
    assert "geheim" not in str(caught.value)
    return str(caught.value)


def test_default_connection_is_plaintext_without_credentials():
    assert load({}, {}).client_options() == {"bootstrap_servers": "127.0.0.1:9092"}


def test_every_client_gets_the_security_options():
    options = load({}, environ(SCRAM)).client_options()
    assert options.pop("ssl_context").check_hostname
    assert "".join(options.pop("sasl_plain_password")) == "geheim"
    assert options == {
        "bootstrap_servers": "127.0.0.1:9092",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "shop",
    }


def test_tokens_are_shared_by_all_clients():
    settings = load({}, environ(OAUTH))
    first, second = settings.client_options(), settings.client_options()
    assert first["sasl_oauth_token_provider"] is second["sasl_oauth_token_provider"]
    assert "sasl_plain_password" not in first


@pytest.mark.parametrize(
    ("settings", "name", "expected"),
    [
        ({"SECURITY_PROTOCOL": "TLS"}, "SECURITY_PROTOCOL", "'TLS' is not valid; expected PLAINTEXT, SSL,"),
        ({"TLS_CA_FILE": "/nowhere/ca.pem"}, "TLS_CA_FILE", "a readable file: No such file or directory"),
        ({"TLS_CA_FILE": __file__}, "TLS_CA_FILE", "no effect with RETENTION_SECURITY_PROTOCOL=PLAINTEXT"),
        ({"SECURITY_PROTOCOL": "SSL", "TLS_CA_FILE": __file__}, "TLS_CA_FILE", "contains no certificate"),
        ({"SECURITY_PROTOCOL": "SSL", "TLS_CERT_FILE": __file__}, "TLS_CERT_FILE", "is not a certificate"),
        ({"SECURITY_PROTOCOL": "SSL", "TLS_KEY_FILE": __file__}, "TLS_KEY_FILE", "set the certificate"),
        ({"SASL_USERNAME": "shop"}, "SASL_USERNAME", "set RETENTION_SECURITY_PROTOCOL to SASL_SSL"),
        (SCRAM | {"SECURITY_PROTOCOL": "SSL"}, "SASL_MECHANISM", "no effect"),
        (SCRAM | {"SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, "SECURITY_PROTOCOL", "SASL_WITHOUT_TLS=true"),
        (SCRAM | {"SASL_WITHOUT_TLS": "yes"}, "SASL_WITHOUT_TLS", "expected true or false"),
        (SCRAM | {"SASL_MECHANISM": "GSSAPI"}, "SASL_MECHANISM", "or OAUTHBEARER"),
        (SCRAM | {"SASL_MECHANISM": ""}, "SASL_MECHANISM", "is missing"),
        (SCRAM | {"SASL_USERNAME": ""}, "SASL_USERNAME", "is missing"),
        (SCRAM | {"SASL_PASSWORD": ""}, "SASL_PASSWORD", "is missing"),
        (SCRAM | {"OAUTH_SCOPE": "kafka"}, "OAUTH_SCOPE", "requires RETENTION_SASL_MECHANISM=OAUTHBEARER"),
        (OAUTH | {"OAUTH_TOKEN_URL": ""}, "OAUTH_TOKEN_URL", "is missing"),
        (OAUTH | {"OAUTH_TOKEN_URL": "id.example"}, "OAUTH_TOKEN_URL", "expected https://"),
        (OAUTH | {"OAUTH_TOKEN_URL": "https://u:geheim@id.example/"}, "OAUTH_TOKEN_URL", "without a user"),
        (OAUTH | {"OAUTH_TOKEN_URL": "http://id.example/"}, "OAUTH_TOKEN_URL", "without encryption"),
        (OAUTH | {"OAUTH_EXTENSIONS": "lkc-1"}, "OAUTH_EXTENSIONS", "name=value"),
        (OAUTH | {"SASL_PASSWORD": "geheim"}, "SASL_PASSWORD", "RETENTION_OAUTH_CLIENT_SECRET"),
        ({"CREATE_TOPICS": "no"}, "CREATE_TOPICS", "expected true or false"),
    ],
)  # fmt: skip
def test_incompatible_security_settings_are_named(settings, name, expected):
    reported = error_of(**settings)
    assert reported.startswith(f"RETENTION_{name} (")
    assert expected in reported


def test_client_certificate_with_an_encrypted_key_is_loaded(certificates):
    tls = {"SECURITY_PROTOCOL": "SSL", "TLS_CA_FILE": certificates.ca}
    load({}, environ(tls | {"TLS_CERT_FILE": certificates.client, "TLS_KEY_FILE": certificates.client}))
    load({}, environ(tls | {"TLS_CERT_FILE": certificates.locked, "TLS_KEY_PASSWORD": "key-geheim"}))
    wrong = tls | {"TLS_CERT_FILE": certificates.locked}
    assert "the key has another password" in error_of(**wrong)
    assert "the key has another password" in error_of(**wrong, TLS_KEY_PASSWORD="geheim-")
    mismatched = tls | {"TLS_CERT_FILE": certificates.client, "TLS_KEY_FILE": certificates.broker}
    assert "key values mismatch" in error_of(**mismatched)


@pytest.mark.parametrize("place", ["environment", "flag", "file"])
def test_secret_is_read_from_a_file(tmp_path, place):
    path = tmp_path / "password"
    path.write_text("geheim \n")
    given = {name: value for name, value in SCRAM.items() if name != "SASL_PASSWORD"}
    flags, variables = {}, environ(given)
    if place == "environment":
        variables["RETENTION_SASL_PASSWORD_FILE"] = str(path)
    elif place == "flag":
        flags["sasl_password_file"] = str(path)
    else:
        config = tmp_path / "retention.toml"
        config.write_text(f"sasl_password_file = {json.dumps(str(path))}\n")
        variables["RETENTION_CONFIG"] = str(config)
    settings = load(flags, variables)
    assert "".join(settings.connection.sasl_password) == "geheim "
    assert str(path) in settings.sources["sasl_password"]
    assert unknown_variables(variables) == {}


def test_flag_wins_over_environment_for_value_and_file(tmp_path):
    path = tmp_path / "password"
    path.write_text("filed")
    flagged = load({"sasl_password_file": str(path)}, environ(SCRAM))
    assert "".join(flagged.connection.sasl_password) == "filed"


@pytest.mark.parametrize(
    ("content", "expected"), [(None, "No such file"), (b"\n", "holds nothing"), (b"\xff\xfe", "is not UTF-8")]
)
def test_unusable_secret_file_is_named(tmp_path, content, expected):
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
    given = {name: value for name, value in SCRAM.items() if name != "SASL_PASSWORD"}
    reported = error_of(**given, SASL_PASSWORD_FILE=path)
    assert reported.startswith("RETENTION_SASL_PASSWORD_FILE (environment RETENTION_SASL_PASSWORD_FILE): ")
    assert expected in reported


def test_value_and_file_together_are_an_error(tmp_path):
    path = tmp_path / "password"
    path.write_text("geheim")
    assert "excludes the setting without `_file`" in error_of(**SCRAM, SASL_PASSWORD_FILE=path)


def test_secrets_appear_in_no_text(tmp_path):
    settings = load({}, environ(SCRAM))
    options = settings.client_options()
    shown = [
        repr(settings),
        str(settings),
        repr(options),
        f"{options}",
        f"{options['sasl_plain_password']}",
    ]
    shown += [settings.shown(name) for name in ("sasl_password", "sasl_username", "tls_key_password")]
    assert not any("geheim" in text for text in shown)
    assert settings.shown("sasl_password") == "***"
    assert settings.shown("sasl_username") == "shop"
    assert settings.shown("tls_key_password") == "none"
    path = tmp_path / "redis"
    path.write_text("http://:geheim@nowhere")
    assert "its content is not valid" in error_of(REDIS_FILE=path)


def test_secret_is_sent_in_full_and_hidden_in_text(caplog):
    secret = Secret("geheim")
    assert secret.encode() == b"geheim"
    assert "\0".join(iter(["u", secret])) == "u\0geheim"
    logging.getLogger(__name__).warning("%s %r", secret, secret)
    assert caplog.messages == ["*** '***'"]


def test_kafka_flags_configure_clients_and_secrets_are_in_files(tmp_path, capsys):
    path = tmp_path / "password"
    path.write_text("geheim")
    flags = ["--security-protocol=SASL_SSL", "--sasl-mechanism=PLAIN", "--sasl-username=me"]
    assert run(["doctor", "--setup=json", *flags, f"--sasl-password-file={path}"]) == 0
    assert {acl["principal"] for acl in json.loads(capsys.readouterr().out)["acls"]} == {"User:me"}
    assert run(["doctor", "--setup=json", *flags, "--sasl-password=geheim"]) == 2
    assert "No such option" in capsys.readouterr().err


def test_demo_with_its_own_kafka_uses_no_credentials(monkeypatch, tmp_path, capsys):
    for name, value in environ(SCRAM | {"DATA_DIR": tmp_path}).items():
        monkeypatch.setenv(name, value)
    assert run(["demo"]) == 2
    assert "RETENTION_SECURITY_PROTOCOL (environment" in capsys.readouterr().err
    assert not (tmp_path / "demo" / "kafka").exists()
