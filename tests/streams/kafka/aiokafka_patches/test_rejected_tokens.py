"""What Kafka answers to an OAUTHBEARER token."""

import pytest
from aiokafka import conn
from aiokafka.errors import SaslAuthenticationFailed

from streams.kafka.aiokafka_patches.rejected_tokens import StrictOAuthAuthenticator, install_rejected_tokens


class FixedToken:
    """A token provider."""

    async def token(self):
        return "eyJ"

    def extensions(self):
        return {"logicalCluster": "lkc-1"}


@pytest.fixture
def authenticator():
    return StrictOAuthAuthenticator(sasl_oauth_token_provider=FixedToken())


async def test_token_is_sent_with_its_extensions(authenticator):
    sent, _ = await authenticator.step(None)
    assert sent == b"n,,\x01auth=Bearer eyJ\x01logicalCluster=lkc-1\x01\x01"


async def test_empty_answer_accepts_the_token(authenticator):
    await authenticator.step(None)
    assert await authenticator.step(b"") is None


async def test_challenge_rejects_the_token(authenticator):
    await authenticator.step(None)
    with pytest.raises(SaslAuthenticationFailed, match="invalid_token"):
        await authenticator.step(b'{"status":"invalid_token"}')


def test_install_applies_to_new_connections(monkeypatch):
    monkeypatch.setattr(conn, "OAuthAuthenticator", conn.OAuthAuthenticator)
    install_rejected_tokens()
    assert conn.OAuthAuthenticator is StrictOAuthAuthenticator
