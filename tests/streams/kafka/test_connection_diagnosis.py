"""Kafka lets us in by each of its doors; where it does not, one line says which part was refused."""

import contextlib
import logging

import pytest

from streams.config.load import load
from streams.errors import AccessDenied, BrokerUnavailable
from streams.kafka import admin
from tests.support.secured_kafka import SECRETS, environ


async def enter(settings):
    async with admin.connect(load({}, environ(settings))) as client:
        return await client.describe_cluster()


@pytest.fixture
def ways(secured_kafka):
    with secured_kafka.tokens.serving() as url:
        ways = secured_kafka.ways_in()
        ways["oauth"]["OAUTH_TOKEN_URL"] = url
        yield ways


@pytest.mark.parametrize("way", ["plain", "scram-256", "scram-512", "mtls", "oauth"])
async def test_every_security_protocol_connects(ways, way):
    assert (await enter(ways[way]))["brokers"]


def _without(settings, *names):
    return {name: value for name, value in settings.items() if name not in names}


def _certified(ways):
    return {"TLS_CERT_FILE": ways["mtls"]["TLS_CERT_FILE"]}


CASES = {
    "a wrong password": (
        lambda ways, _: ways["scram-512"] | {"SASL_PASSWORD": "wrong-geheim"},
        "refuses user shop by SCRAM-SHA-512: Authentication failed",
    ),
    "a wrong password, PLAIN": (
        lambda ways, _: ways["plain"] | {"SASL_PASSWORD": "wrong-geheim"},
        "refuses user shop by PLAIN: Authentication failed: Invalid username or password",
    ),
    "an unknown authority": (
        lambda ways, kafka: ways["plain"] | {"TLS_CA_FILE": kafka.certificates.foreign_ca},
        "is not trusted: unable to get local issuer certificate",
    ),
    "the system's authorities only": (
        lambda ways, _: _without(ways["plain"], "TLS_CA_FILE"),
        "set RETENTION_TLS_CA_FILE",
    ),
    "another name": (
        lambda ways, kafka: ways["mtls"] | {"BROKER": kafka.address("OTHER")},
        "has a certificate for another name: IP address mismatch",
    ),
    "no certificate of ours": (
        lambda ways, _: _without(ways["mtls"], "TLS_CERT_FILE"),
        "certificate required; it may want a certificate of ours: RETENTION_TLS_CERT_FILE",
    ),
    "TLS where none is spoken": (
        lambda ways, kafka: ways["mtls"] | {"BROKER": kafka.bootstrap},
        "closed the connection without an answer; RETENTION_SECURITY_PROTOCOL is SSL",
    ),
    "no TLS where it is": (
        lambda _, kafka: {"BROKER": kafka.address("SCRAM")},
        "closed the connection without an answer; RETENTION_SECURITY_PROTOCOL is PLAINTEXT",
    ),
    "no SASL where it is wanted": (
        lambda ways, kafka: ways["mtls"] | {"BROKER": kafka.address("SCRAM")},
        "closed the connection without an answer; RETENTION_SECURITY_PROTOCOL is SSL",
    ),
    "SASL where there is none": (
        lambda ways, kafka: ways["plain"] | {"BROKER": kafka.address("MTLS")} | _certified(ways),
        "expects no SASL",
    ),
    "a mechanism that is not offered": (
        lambda ways, kafka: ways["scram-512"] | {"BROKER": kafka.address("OAUTH")},
        "does not take SCRAM-SHA-512; see RETENTION_SASL_MECHANISM",
    ),
    "a wrong client secret": (
        lambda ways, _: ways["oauth"] | {"OAUTH_CLIENT_SECRET": "wrong-geheim"},
        "no token for client shop from the endpoint",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
async def test_refused_connection_is_explained_in_a_line(ways, secured_kafka, case):
    make, expected = CASES[case]
    with pytest.raises(AccessDenied) as caught:
        await enter(make(ways, secured_kafka))
    assert expected in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_token_refused_by_kafka_is_explained(ways, secured_kafka, monkeypatch):
    """aiokafka alone takes the refusal for a welcome."""
    monkeypatch.setattr(secured_kafka.tokens, "life", -3600)
    with pytest.raises(AccessDenied, match=r'refuses the token: {"status":"invalid_token"}'):
        await enter(ways["oauth"])


@pytest.mark.parametrize("way", ["plain", "oauth"])
async def test_no_log_holds_credentials_at_any_level(ways, caplog, monkeypatch, way):
    # Also where the program has made its libraries quieter, in a test before.
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="aiokafka"):
        monkeypatch.setattr(admin, "_quiet", contextlib.nullcontext)
        await enter(ways[way])
    assert "ApiVersionRequest" in caplog.text
    assert not any(secret in caplog.text for secret in (*SECRETS, "Bearer ey"))


async def test_unreachable_broker_is_not_a_refusal(ways):
    with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1 refuses connections on port 1"):
        await enter(ways["scram-512"] | {"BROKER": "127.0.0.1:1"})


@pytest.mark.parametrize(
    ("broker", "reason"),
    [
        ("127.0.0.1:1", "127.0.0.1 refuses connections on port 1"),
        ("nowhere.invalid:9092", "the host name nowhere.invalid is unknown"),
        ("127.0.0.1:1,[::1]:1", "127.0.0.1 refuses connections on port 1, [::1]"),
    ],
)
async def test_unavailable_broker_names_wrong_part_of_address(broker, reason):
    with pytest.raises(BrokerUnavailable) as caught:
        await enter({"BROKER": broker})
    assert f"no Kafka responds at {broker} ({reason}" in caught.value.message
