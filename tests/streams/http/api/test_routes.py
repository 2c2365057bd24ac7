"""Every route but the document needs the token."""

import pytest

from tests.support.api_worker import Worker, get


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Bearer s3cret", 200),
        ("bearer s3cret", 200),
        ("Bearer S3cret", 401),
        ("Bearer", 401),
        ("Basic s3cret", 401),
        ("s3cret", 401),
        ("", 401),
    ],
)
async def test_request_needs_the_token(authorization, status):
    async with Worker().served("s3cret") as session:
        for path in ("/customers", "/customers/customer%2001", "/tickets", "/orders?overdue"):
            assert (await get(session, path, Authorization=authorization))[0] == status
        assert (await get(session, "/openapi.json"))[0] == 200
        assert (await get(session, "/nothing"))[0] == 404
        _, headers, _ = await get(session, "/%63ustomers")
        assert headers["WWW-Authenticate"] == "Bearer"
