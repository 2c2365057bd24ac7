"""Access to the query API by a bearer token, or by a worker's proof. Other pages need neither."""

import hmac
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from streams.http.api.problem_errors import ProblemError
from streams.http.api.remote_tasks import CLIENT_HEADER, FROM_WORKER, TASK_HEADER
from streams.http.worker_proof import ANSWER_HEADER, SCHEME, ProofError, WorkerProof, WorkerRequest
from streams.secret import Secret

#: Routes that need no token: probes, metrics, the live page with its files, and the OpenAPI document.
PUBLIC_ROUTES: Final = frozenset({"/", "/stream", "/page", "/metrics", "/live", "/ready", "/openapi.json"})


def require_token(
    token: Secret | None, proof: WorkerProof | None = None, address: Callable[[], str] | None = None
) -> Middleware:
    """Return a middleware that responds with 401 to a request without the token or a worker's proof.

    It has to be the outermost one, because it signs the final response to a worker.

    Args:
        token: the expected bearer token. None admits all requests.
        proof: checks the requests of other workers. None admits only requests with the token.
        address: returns the URL at which other workers reach this one.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[FROM_WORKER] = token is None
        if token is None or is_public(request) or _has_token(request, token):
            return await handler(request)
        if proof is not None and address is not None and _claims_proof(request):
            return await _answer_worker(request, handler, proof, address())
        return _unauthorized(
            "send the header `Authorization: Bearer TOKEN` with the token of RETENTION_TOKEN"
        )

    return middleware


async def _answer_worker(
    request: web.Request, handler: Handler, proof: WorkerProof, address: str
) -> web.StreamResponse:
    """Return the signed response to a request of another worker, or 401 without a valid proof."""
    try:
        nonce = proof.check(request.headers["Authorization"], await _signed_parts(request, address))
    except ProofError as error:
        refused = _unauthorized(str(error))
        return refused if error.nonce is None else _signed(refused, proof, error.nonce)
    request[FROM_WORKER] = True
    return _signed(await handler(request), proof, nonce)


async def _signed_parts(request: web.Request, address: str) -> WorkerRequest:
    headers = request.headers
    return WorkerRequest(
        address,
        request.method,
        request.raw_path,
        headers.get(TASK_HEADER, ""),
        headers.get(CLIENT_HEADER, ""),
        await request.read(),
    )


def _signed(response: web.StreamResponse, proof: WorkerProof, nonce: str) -> web.StreamResponse:
    body = response.body if isinstance(response, web.Response) else None
    if isinstance(body, bytes):
        signature = proof.sign_answer(nonce, response.status, response.headers, body)
        response.headers[ANSWER_HEADER] = signature
    return response


def _unauthorized(detail: str) -> web.Response:
    return ProblemError(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"}).response()


def is_public(request: web.Request) -> bool:
    """Return whether a route needs no token. Unknown paths need none, so that they are answered with 404."""
    resource = request.match_info.route.resource
    return resource is None or resource.canonical in PUBLIC_ROUTES


def _claims_proof(request: web.Request) -> bool:
    return request.headers.get("Authorization", "").startswith(f"{SCHEME} ")


def _has_token(request: web.Request, token: Secret) -> bool:
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    is_equal = hmac.compare_digest(sent.strip().encode(errors="surrogateescape"), token.encode())
    return is_equal and scheme.lower() == "bearer"
