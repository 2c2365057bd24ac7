"""Tokens: asked for over HTTP, kept, shared, renewed before they expire."""

import asyncio
import time
from urllib.parse import quote_plus

import pytest

from streams.config.oauth import ClientCredentials, TokenUnavailable
from streams.secret import Secret
from tests.support.secured_kafka import USER, TokenIssuer


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def issuer(tmp_path):
    return TokenIssuer(tmp_path)


@pytest.fixture
def url(issuer):
    with issuer.serving() as url:
        yield url


def tokens(url, clock=time.monotonic, secret="client-secret-42", **options):
    return ClientCredentials(url, USER, Secret(secret), clock=clock, **options)


async def test_token_request_follows_the_standard(issuer, url):
    token = await tokens(url, scope="kafka metrics").token()
    assert type(token) is str
    assert token.count(".") == 2
    [(_, form)] = issuer.requests
    assert form == {"grant_type": ["client_credentials"], "scope": ["kafka metrics"]}


async def test_token_is_reused_for_four_fifths_of_its_lifetime(issuer, url):
    clock = Clock()
    provider = tokens(url, clock)
    issuer.life = 100
    first = await provider.token()
    clock.now = 79
    assert await provider.token() == first
    assert len(issuer.requests) == 1
    clock.now = 81
    await provider.token()
    assert len(issuer.requests) == 2


async def test_concurrent_clients_share_one_token_request(issuer, url):
    provider = tokens(url)
    found = await asyncio.gather(*(provider.token() for _ in range(20)))
    # The consumer lives on a loop of its own, in another thread.
    found.append(await asyncio.to_thread(asyncio.run, provider.token()))
    assert len(set(found)) == len(issuer.requests) == 1


async def test_token_is_kept_until_expiry_without_an_endpoint(issuer, url, caplog):
    clock = Clock()
    provider = tokens(url, clock)
    issuer.life = 100
    first = await provider.token()
    issuer.fails = True
    clock.now = 99
    assert await provider.token() == first
    assert "HTTP 503; using the current token until it expires" in caplog.text
    clock.now = 101
    with pytest.raises(TokenUnavailable, match="HTTP 503"):
        await provider.token()
    issuer.fails = False
    with pytest.raises(TokenUnavailable):  # requested a moment ago
        await provider.token()
    clock.now = 103
    assert await provider.token()


async def test_token_error_hides_the_secret(url):
    with pytest.raises(TokenUnavailable) as caught:
        await tokens(url, secret="wrong-geheim").token()
    assert str(caught.value).endswith(": HTTP 401, invalid_client, who is that?")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ([], "the response is not a JSON object"),
        ({}, "the response has no access_token"),
        ({"access_token": "a\nb"}, "the response has no access_token"),
        ({"access_token": "a", "expires_in": "soon"}, "could not convert"),
    ],
)
async def test_invalid_token_response_is_an_error(issuer, url, answer, expected):
    issuer.answer = lambda _: (200, answer)
    with pytest.raises(TokenUnavailable, match=expected):
        await tokens(url).token()


async def test_unreachable_endpoint_is_an_error():
    with pytest.raises(TokenUnavailable, match="Connection refused"):
        await tokens("http://127.0.0.1:1/token").token()


async def test_secret_with_a_colon_is_sent_unchanged(issuer, url):
    issuer.answer = lambda authorization: (200, {"access_token": authorization.split()[1]})
    import base64  # noqa: PLC0415

    basic = base64.b64decode(await tokens(url, secret="a:b+c d").token()).decode()
    assert basic == f"{USER}:{quote_plus('a:b+c d')}"
