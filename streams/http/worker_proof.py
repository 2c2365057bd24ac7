"""Proofs between workers: that a request, and its answer, come from a worker that has the group's token.

A worker that forwards a request signs it, and never sends the token: any member of the consumer group chooses
the address that requests for its tasks go to. The signature (HMAC-SHA256) covers everything that decides the
answer, the addressed worker and the time, so that it is of no use at another worker or later. The answer is
signed together with the request's nonce.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from streams.secret import Secret

#: Scheme of the header `Authorization` of a forwarded request.
SCHEME: Final = "Retention-HMAC-SHA256"
#: Header of the answer to a signed request.
ANSWER_HEADER: Final = "Retention-Signature"
#: Largest difference between the clocks of two workers, and age of a request, seconds.
MAX_AGE_SECONDS: Final = 60.0
#: Headers of an answer that decide what the client gets. They are signed with it.
SIGNED_HEADERS: Final = ("Content-Type", "Location")

_PROOF: Final = re.compile(r"time=([0-9]{1,12}),nonce=([0-9a-f]{32}),signature=([0-9a-f]{64})", re.ASCII)
#: Cost of the key's derivation: 16 MiB and about 50 ms, once for each worker. Whoever receives a signed
#: request can try tokens, and pays it for each.
_SCRYPT: Final = {"n": 1 << 14, "r": 8, "p": 1}

_encode: Final = msgspec.json.Encoder().encode


class WorkerRequest(NamedTuple):
    """The signed parts of a forwarded request.

    Attributes:
        address: URL of the addressed worker, without a path.
        method: HTTP method.
        target: path and query, percent-encoded as sent.
        task: number of the task, as in its header.
        client: the client that waits for the answer, as in its header.
        body: the body.
    """

    address: str
    method: str
    target: str
    task: str
    client: str = ""
    body: bytes = b""


class SignedRequest(NamedTuple):
    """A request's proof.

    Attributes:
        authorization: value of the header `Authorization`.
        nonce: number that is used once, which the answer is bound to.
    """

    authorization: str
    nonce: str


class ProofError(Exception):
    """A request that does not prove that its sender has the token.

    Attributes:
        nonce: nonce of the request if its signature is correct, and its time is not; else None. Only then is
            the sender a worker of the group.
    """

    def __init__(self, message: str, nonce: str | None = None) -> None:
        super().__init__(message)
        self.nonce = nonce


class WorkerProof:
    """Signs and checks the requests between the workers of a group, and their answers.

    Args:
        token: `RETENTION_TOKEN`, which all workers of the group share.
        group: name of the group. Groups with one token accept no requests of each other.
        clock: returns the time, seconds since the epoch.
    """

    def __init__(self, token: Secret, group: str, clock: Callable[[], float] = time.time) -> None:
        self._key = _derived_key("".join(token).encode(errors="surrogateescape"), group)
        self._clock = clock
        self._used: dict[str, float] = {}  # nonce -> its arrival; older ones first

    def sign(self, request: WorkerRequest) -> SignedRequest:
        """Return the proof of a request, which is valid once."""
        at, nonce = str(int(self._clock())), secrets.token_hex(16)
        signature = self._signature("request", at, nonce, request)
        return SignedRequest(f"{SCHEME} time={at},nonce={nonce},signature={signature}", nonce)

    def check(self, authorization: str, request: WorkerRequest) -> str:
        """Return the nonce of a request that another worker has signed.

        Args:
            authorization: value of its header `Authorization`.
            request: the request as it arrived, with this worker's own address.

        Raises:
            ProofError: the signature is wrong, the time is too far away, or the request has arrived before.
        """
        found = _PROOF.fullmatch(authorization.removeprefix(f"{SCHEME} "))
        if found is None:
            raise ProofError("the proof cannot be read")
        at, nonce, signature = found.groups()
        if not hmac.compare_digest(signature, self._signature("request", at, nonce, request)):
            raise ProofError("the signature is wrong")
        now = self._clock()
        if abs(now - int(at)) > MAX_AGE_SECONDS:
            raise ProofError(
                f"the clocks of two workers differ by {abs(now - int(at)):,.0f} s,"
                f" and {MAX_AGE_SECONDS:g} s are allowed",
                nonce,
            )
        self._use(nonce, now)
        return nonce

    def sign_answer(self, nonce: str, status: int, headers: Mapping[str, str], body: bytes) -> str:
        """Return the signature of the answer to a request.

        Args:
            nonce: nonce of the request.
            status: HTTP status.
            headers: headers of the answer, of which `SIGNED_HEADERS` are signed.
            body: the body.
        """
        signed = [headers.get(name) for name in SIGNED_HEADERS]
        return self._hmac("answer", nonce, status, signed, hashlib.sha256(body).hexdigest())

    def is_answer(
        self, signature: str, nonce: str, status: int, headers: Mapping[str, str], body: bytes
    ) -> bool:
        """Return whether a worker with the token has signed an answer to a request."""
        expected = self.sign_answer(nonce, status, headers, body)
        return hmac.compare_digest(signature.encode(errors="surrogateescape"), expected.encode())

    def _use(self, nonce: str, now: float) -> None:
        """Record a nonce as used. A signed time may be ahead, so nonces are kept for twice the maximum age.

        Raises:
            ProofError: it has been used before.
        """
        if nonce in self._used:
            raise ProofError("the request has arrived before")
        while self._used and now - next(iter(self._used.values())) > 2 * MAX_AGE_SECONDS:
            del self._used[next(iter(self._used))]
        self._used[nonce] = now

    def _signature(self, kind: str, at: str, nonce: str, request: WorkerRequest) -> str:
        content = hashlib.sha256(request.body).hexdigest()
        return self._hmac(kind, at, nonce, *request[:-1], content)

    def _hmac(self, *parts: object) -> str:
        return hmac.new(self._key, _encode(parts), hashlib.sha256).hexdigest()


@lru_cache(maxsize=8)
def _derived_key(token: bytes, group: str) -> bytes:
    return hashlib.scrypt(token, salt=b"retention worker " + group.encode(), **_SCRYPT)


def proof_of(token: Secret | None, group: str) -> WorkerProof | None:
    """Return the proofs of a group's workers; None without a token, which leaves the API open."""
    return None if token is None else WorkerProof(token, group)
