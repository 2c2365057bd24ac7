"""Tokens for SASL/OAUTHBEARER by OAuth 2.0 client credentials (RFC 6749, 4.4), cached and renewed."""

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
#: Share of a token's lifetime after which it is renewed, as in Kafka's Java clients. The rest is for retries.
_RENEW_AT: Final = 0.8
#: Seconds after a failure in which no client requests a token again.
_RETRY_SECONDS: Final = 1.0
#: Lifetime of a token whose response has no `expires_in`, which is optional in RFC 6749.
_DEFAULT_LIFETIME_SECONDS: Final = 300.0
#: Largest response that is read, bytes.
_MAX_RESPONSE_BYTES: Final = 1 << 20


class TokenUnavailable(KafkaConnectionError):  # type: ignore[misc] # aiokafka is not typed
    """The token endpoint returned no token. aiokafka retries, as for an unavailable Kafka."""


class ClientCredentials(AbstractTokenProvider):  # type: ignore[misc] # aiokafka is not typed
    """Tokens from a token endpoint, shared by all clients of this process and all event loops.

    Args:
        url: URL of the token endpoint.
        client_id: client id.
        client_secret: secret of the client, sent by HTTP Basic authentication.
        scope: requested scope; may be empty.
        extensions: SASL extensions, sent with each token. Confluent Cloud requires `logicalCluster`.
        context: TLS context for `https`; None for the system's authorities.
        clock: returns monotonic seconds.
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
        self._lock = threading.Lock()
        self._token = Secret("")
        self._renew_at = self._expires_at = -math.inf
        self._failure: TokenUnavailable | None = None
        self._failed_at = -math.inf

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
        with self._lock:  # concurrent callers get the same token
            if self._clock() >= self._renew_at:
                self._renew()
            # aiokafka formats the token into the request, and a formatted `Secret` is redacted.
            return "".join(self._token)

    def _renew(self) -> None:
        now = self._clock()
        try:
            self._token, lifetime = self._request_unless_failed(now)
        except TokenUnavailable as error:
            if now >= self._expires_at:
                raise
            log.warning("%s; using the current token until it expires", error)
            return
        self._renew_at, self._expires_at = now + lifetime * _RENEW_AT, now + lifetime

    def _request_unless_failed(self, now: float) -> tuple[Secret, float]:
        """Request a token. Raise the last failure if it is recent, so that clients do not wait in a row."""
        if self._failure is not None and now - self._failed_at < _RETRY_SECONDS:
            raise self._failure
        try:
            return self._request()
        except TokenUnavailable as error:
            self._failure, self._failed_at = error, self._clock()
            raise

    def _request(self) -> tuple[Secret, float]:
        form = {"grant_type": "client_credentials"} | ({"scope": self._scope} if self._scope else {})
        # RFC 6749, 2.3.1: id and secret are form-encoded, then joined.
        pair = ":".join(map(urllib.parse.quote_plus, (self._client_id, "".join(self._client_secret))))
        request = urllib.request.Request(  # noqa: S310 - the setting admits http and https only
            self._url,
            urllib.parse.urlencode(form).encode(),
            {"Authorization": f"Basic {b64encode(pair.encode()).decode()}", "Accept": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS, context=self._context) as response:  # noqa: S310
                return _token(response.read(_MAX_RESPONSE_BYTES))
        except urllib.error.HTTPError as error:
            raise TokenUnavailable(self._error_text(f"HTTP {error.code}{_reason(error)}")) from None
        except (OSError, ValueError, HTTPException) as error:
            raise TokenUnavailable(self._error_text(str(getattr(error, "reason", error)))) from None

    def _error_text(self, what: str) -> str:
        return f"no token for client {self._client_id} from the endpoint {self._url}: {what}"


def _token(content: bytes) -> tuple[Secret, float]:
    """Return the token of a response, and its lifetime in seconds."""
    response = json.loads(content)
    if not isinstance(response, dict):
        raise ValueError("the response is not a JSON object")  # noqa: TRY004 - an error of the endpoint
    token, lifetime = response.get("access_token"), response.get("expires_in", _DEFAULT_LIFETIME_SECONDS)
    if not (isinstance(token, str) and token and token.isprintable()):
        raise ValueError("the response has no access_token")
    return Secret(token), float(lifetime)


def _reason(error: urllib.error.HTTPError) -> str:
    """Return the two error fields of RFC 6749. Other fields are left out, because they may hold secrets."""
    try:
        with error:
            response = json.loads(error.read(_MAX_RESPONSE_BYTES))
        fields = [str(response[name]) for name in ("error", "error_description") if name in response]
    except (OSError, ValueError, TypeError):
        return ""
    return "".join(f", {field}" for field in fields)
