"""Tokens for SASL/OAUTHBEARER, by OAuth 2.0's client credentials (RFC 6749, 4.4): kept, renewed in time."""

import asyncio
import json
import logging
import math
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Final

from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaConnectionError

from streams.secret import Secret

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS: Final = 5.0
#: A token is renewed at this share of its life, as Kafka's own clients do: what is left is for a second try.
_RENEW_AT: Final = 0.8
#: So long after a refusal nobody asks again.
_AGAIN_SECONDS: Final = 1.0
#: What is said of a token's life is optional in the standard; so long it is taken to live then.
_LIFE_SECONDS: Final = 300.0
_LARGEST_ANSWER: Final = 1 << 20


class TokenUnavailable(KafkaConnectionError):  # type: ignore[misc] # aiokafka is not typed
    """The token endpoint returned no token. aiokafka retries, as for an unavailable Kafka."""


class ClientCredentials(AbstractTokenProvider):  # type: ignore[misc] # aiokafka is not typed
    """Tokens from a token endpoint, shared by all clients of this process, whichever loop they run on.

    Args:
        url: URL of the token endpoint.
        client_id: client id.
        client_secret: secret of the client, sent by HTTP Basic authentication.
        scope: requested scope; may be empty.
        extensions: sent to Kafka with each token (Confluent Cloud wants `logicalCluster`).
        context: for `https`; None: the system's authorities.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        client_secret: Secret,
        *,
        scope: str = "",
        extensions: Mapping[str, str] | None = None,
        context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._client_id = client_id
        self._client_secret = client_secret
        self._scope = scope
        self._extensions = dict(extensions or {})
        self._context = context
        self._clock = clock
        self._asking = threading.Lock()
        self._token = Secret("")
        self._renew_at = self._expires_at = -math.inf
        self._refused: TokenUnavailable | None = None
        self._refused_at = -math.inf

    async def token(self) -> str:
        """Return a token that has not expired.

        Raises:
            TokenUnavailable: the endpoint returns no token.
        """
        return await asyncio.to_thread(self._current)

    def extensions(self) -> dict[str, str]:
        """Return the SASL extensions."""
        return self._extensions

    def _current(self) -> str:
        with self._asking:  # concurrent callers get the same token
            if self._clock() >= self._renew_at:
                self._renew()
            # What builds the request formats it, and is to have it as it is.
            return "".join(self._token)

    def _renew(self) -> None:
        asked = self._clock()
        try:
            self._token, life = self._ask_again(asked)
        except TokenUnavailable as error:
            if asked >= self._expires_at:
                raise
            log.warning("%s: the one at hand is used while it lives", error)
            return
        self._renew_at, self._expires_at = asked + life * _RENEW_AT, asked + life

    def _ask_again(self, now: float) -> tuple[Secret, float]:
        """Ask, unless that was in vain a moment ago: of many clients that wait, not each waits for itself."""
        if self._refused is not None and now - self._refused_at < _AGAIN_SECONDS:
            raise self._refused
        try:
            return self._ask()
        except TokenUnavailable as error:
            self._refused, self._refused_at = error, self._clock()
            raise

    def _ask(self) -> tuple[Secret, float]:
        form = {"grant_type": "client_credentials"} | ({"scope": self._scope} if self._scope else {})
        # Both are form-encoded before they are joined: RFC 6749, 2.3.1.
        pair = ":".join(map(urllib.parse.quote_plus, (self._client_id, "".join(self._client_secret))))
        request = urllib.request.Request(  # noqa: S310 - the setting admits http and https only
            self._url,
            urllib.parse.urlencode(form).encode(),
            {"Authorization": f"Basic {b64encode(pair.encode()).decode()}", "Accept": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS, context=self._context) as answer:  # noqa: S310
                return _token(answer.read(_LARGEST_ANSWER))
        except urllib.error.HTTPError as error:
            raise TokenUnavailable(self._error_text(f"HTTP {error.code}{_reason(error)}")) from None
        except (OSError, ValueError, HTTPException) as error:
            raise TokenUnavailable(self._error_text(str(getattr(error, "reason", error)))) from None

    def _error_text(self, what: str) -> str:
        return f"the token endpoint {self._url} gives client {self._client_id} no token: {what}"


def _token(content: bytes) -> tuple[Secret, float]:
    """Read an answer: the token, and the seconds that it lives."""
    answer = json.loads(content)
    if not isinstance(answer, dict):
        raise ValueError("its answer is no JSON object")  # noqa: TRY004 - not the caller's mistake
    token, life = answer.get("access_token"), answer.get("expires_in", _LIFE_SECONDS)
    if not (isinstance(token, str) and token and token.isprintable()):
        raise ValueError("its answer has no access_token")
    return Secret(token), float(life)


def _reason(error: urllib.error.HTTPError) -> str:
    """Return the two error fields of RFC 6749. Other fields are left out, because they may hold secrets."""
    try:
        with error:
            answer = json.loads(error.read(_LARGEST_ANSWER))
        fields = [str(answer[name]) for name in ("error", "error_description") if name in answer]
    except (OSError, ValueError, TypeError):
        return ""
    return "".join(f", {field}" for field in fields)
