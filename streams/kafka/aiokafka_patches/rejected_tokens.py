"""Notice that Kafka rejects an OAUTHBEARER token.

Kafka answers an invalid token with a challenge that holds the reason (RFC 7628, 3.2.2), not with an error.
aiokafka takes the challenge for success; the connection is then closed without a reason.
"""

from typing import cast

from aiokafka import conn
from aiokafka.conn import OAuthAuthenticator
from aiokafka.errors import SaslAuthenticationFailed


class StrictOAuthAuthenticator(OAuthAuthenticator):  # type: ignore[misc] # aiokafka is not typed
    """aiokafka's authenticator, which fails when Kafka answers a token with a challenge."""

    async def step(self, payload: bytes | None) -> tuple[bytes, bool] | None:
        """Return the token to send, or None once Kafka has accepted it.

        Args:
            payload: Kafka's answer to the step before; None at the first step.

        Raises:
            SaslAuthenticationFailed: Kafka rejects the token; the message is Kafka's reason.
        """
        if payload:
            raise SaslAuthenticationFailed(payload.decode(errors="replace"))
        return cast("tuple[bytes, bool] | None", await super().step(payload))


def install_rejected_tokens() -> None:
    """Raise on rejected tokens, in every aiokafka connection that this process opens from now on."""
    conn.OAuthAuthenticator = StrictOAuthAuthenticator
