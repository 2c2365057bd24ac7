"""The proofs between workers: the contents of a signature, and its validity."""

import re

import pytest

from streams.http.worker_proof import MAX_AGE_SECONDS, ProofError, WorkerProof, WorkerRequest
from streams.secret import Secret

REQUEST = WorkerRequest("http://10.0.0.7:6066", "GET", "/customers?limit=5", "3")


class Clock:
    def __init__(self):
        self.now = 1_764_324_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def proof(clock):
    return WorkerProof(Secret("s3cret"), "shop", clock)


def test_signed_request_is_accepted_once(proof):
    signed = proof.sign(REQUEST)
    assert proof.check(signed.authorization, REQUEST) == signed.nonce
    with pytest.raises(ProofError, match="arrived before"):
        proof.check(signed.authorization, REQUEST)


def test_proof_does_not_contain_the_token(proof):
    assert "s3cret" not in proof.sign(REQUEST).authorization


@pytest.mark.parametrize(
    "changed",
    [
        {"address": "http://10.0.0.8:6066"},
        {"method": "POST"},
        {"target": "/customers?limit=1000"},
        {"target": "/tickets?limit=5"},
        {"task": "4"},
        {"client": "192.0.2.8"},
        {"body": b"{}"},
    ],
)
def test_changed_request_is_refused(proof, changed):
    signed = proof.sign(REQUEST)
    with pytest.raises(ProofError, match="signature is wrong"):
        proof.check(signed.authorization, REQUEST._replace(**changed))


@pytest.mark.parametrize("seconds", [-MAX_AGE_SECONDS - 1, MAX_AGE_SECONDS + 1, 86_400])
def test_request_of_another_time_is_refused(proof, clock, seconds):
    signed = proof.sign(REQUEST)
    clock.now += seconds
    with pytest.raises(ProofError, match=f"clocks of two workers differ by {abs(seconds):,.0f} s") as caught:
        proof.check(signed.authorization, REQUEST)
    assert caught.value.nonce == signed.nonce  # a worker of the group, so that the refusal is signed


@pytest.mark.parametrize("part", ["time=[0-9]{10}", "nonce=[0-9a-f]{32}", "signature=[0-9a-f]{64}"])
def test_changed_part_of_a_proof_is_refused(proof, clock, part):
    one = proof.sign(REQUEST).authorization
    clock.now += 1
    other = proof.sign(REQUEST).authorization
    with pytest.raises(ProofError, match="signature is wrong"):
        proof.check(re.sub(part, re.search(part, other)[0], one), REQUEST)


@pytest.mark.parametrize(("token", "group"), [("S3cret", "shop"), ("s3cret", "other")])
def test_other_token_or_group_is_refused(proof, clock, token, group):
    with pytest.raises(ProofError):
        proof.check(WorkerProof(Secret(token), group, clock).sign(REQUEST).authorization, REQUEST)


@pytest.mark.parametrize(
    "authorization",
    ["", "Retention-HMAC-SHA256 ", "Retention-HMAC-SHA256 time=1,nonce=2,signature=3", "Bearer s3cret"],
)
def test_unreadable_proof_is_refused(proof, authorization):
    with pytest.raises(ProofError, match="cannot be read"):
        proof.check(authorization, REQUEST)


def test_used_nonces_are_dropped_once_they_have_expired(proof, clock):
    for _ in range(100):
        proof.check(proof.sign(REQUEST).authorization, REQUEST)
        clock.now += 2 * MAX_AGE_SECONDS + 1
    assert len(proof._used) <= 2


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (404, {"Content-Type": "application/json"}, b"{}"),
        (200, {"Content-Type": "text/html"}, b"{}"),
        (200, {"Content-Type": "application/json", "Location": "/customers/eve"}, b"{}"),
        (200, {"Content-Type": "application/json"}, b"{ }"),
    ],
)
def test_changed_answer_is_refused(proof, status, headers, body):
    nonce = proof.sign(REQUEST).nonce
    right = (200, {"Content-Type": "application/json"}, b"{}")
    signature = proof.sign_answer(nonce, *right)
    assert proof.is_answer(signature, nonce, *right)
    assert not proof.is_answer(signature, nonce, status, headers, body)
    assert not proof.is_answer(signature, "0" * 32, *right)  # the answer to another request
    assert not proof.is_answer("", nonce, *right)
