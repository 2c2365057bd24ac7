"""Explain what each fact of a customer counts for, entity by entity (docs/metrics.md, "Definitions").

Each function explains the claims of one entity. The explanations follow the rules of `models.entities` and
use what it derives.
"""

from collections.abc import Iterable, Iterator

from models.customers.customer import Customer
from models.entities import feedback
from models.entities.carts import ABANDONED_AFTER_US
from models.facts import claims
from models.facts.claims import Claim, rank
from models.query.explanations import Explanation, claims_of, superseded
from models.query.responses import Use


def explain_review(customer: Customer, entity: str) -> Iterator[Explanation]:
    """Yield an explanation of each claim about one review."""
    known = customer.facts.reviews[entity]
    removed, versions = claims_of(known, claims.Removed), claims_of(known, claims.Submitted)
    if removed:
        yield Explanation(removed[0], ["feedback"], f"removes review {entity} permanently")
        yield from superseded(removed[1:], removed[0], f"review {entity} was removed by an earlier event")
        yield from superseded(versions, removed[0], f"review {entity} was removed")
        return
    uses: list[Use] = ["feedback"]
    if feedback.review_exposures(feedback.derive(known)):
        uses.append("exposure")
    yield Explanation(versions[-1], uses, "the review's latest version")
    earlier = versions[:-1]
    if versions[-1].text_unchanged and (written := [one for one in earlier if not one.text_unchanged]):
        earlier.remove(written[-1])
        yield Explanation(written[-1], ["feedback"], "the review's text, which its latest version keeps")
    yield from superseded(earlier, versions[-1], "a later version counts instead")


def explain_cart(customer: Customer, entity: str, now: int) -> Iterator[Explanation]:
    """Yield an explanation of each claim about one cart, at `now` in microseconds."""
    known = claims_of(customer.facts.carts[entity], claims.CheckoutStarted)
    ordered = min(customer.orders_of_cart(entity), default=None)
    last = known[-1]
    due = last.time + ABANDONED_AFTER_US
    if ordered is None:
        state = (
            "the cart is abandoned" if due <= now else "without an order, the cart is abandoned in an hour"
        )
    else:
        state = "an order names the cart" + (" and recovers it" if ordered >= due else "")
    yield Explanation(last, ["carts"], f"the cart's last activity; {state}")
    for claim in known[:-1]:
        if claim is known[0] and ordered is not None:
            yield Explanation(claim, ["carts"], "the cart's first activity, which starts the checkout time")
        else:
            yield Explanation(claim, [], "a later activity counts instead", last.id)


def explain_customer_facts(customer: Customer) -> Iterator[Explanation]:
    """Yield an explanation of each claim about the customer alone."""
    facts = customer.facts.customer_claims
    held = feedback.answers_that_hold(facts)
    latest = feedback.latest_nps_of(held)
    for claim in facts:
        if isinstance(claim, claims.AnswersWithdrawn):
            yield _withdrawal(claim, facts)
        elif isinstance(claim, claims.Answered):
            yield _answer(claim, latest) if claim in held else _superseded_answer(claim, facts)
        else:
            uses, reason = _CUSTOMER_FACTS[type(claim)]
            yield Explanation(claim, list(uses), reason)


def _withdrawal(claim: claims.AnswersWithdrawn, facts: Iterable[Claim]) -> Explanation:
    taken = [
        each
        for each in facts
        if isinstance(each, claims.Answered) and each.answer == claim.answer and rank(each) < rank(claim)
    ]
    if not taken:
        return Explanation(claim, [], f"withdraws answer {claim.answer}, of which no earlier event is known")
    return Explanation(claim, ["feedback"], f"withdraws answer {claim.answer}")


def _superseded_answer(claim: claims.Answered, facts: Iterable[Claim]) -> Explanation:
    """Return the explanation of an answer that a later version or a withdrawal replaces."""
    later = [
        each
        for each in facts
        if isinstance(each, claims.Answered | claims.AnswersWithdrawn)
        and each.answer == claim.answer
        and (isinstance(each, claims.AnswersWithdrawn) or each.survey == claim.survey)
    ]
    last = max(later, key=rank)
    withdrawn = isinstance(last, claims.AnswersWithdrawn)
    reason = "the answer was withdrawn" if withdrawn else "a later version of the answer counts instead"
    return Explanation(claim, [], reason, last.id)


def _answer(claim: claims.Answered, latest: claims.Answered | None) -> Explanation:
    uses: list[Use] = ["exposure"] if feedback.claim_exposures(claim) else []
    if claim.survey != feedback.NPS:
        return Explanation(claim, ["feedback", *uses], "a survey answer; every answer counts")
    if claim is not latest:
        return Explanation(
            claim, uses, "a later answer counts instead", None if latest is None else latest.id
        )
    if claim.score >= feedback.PROMOTER:
        return Explanation(claim, ["feedback", "senders"], "the latest answer: a promoter")
    detractor = claim.score <= feedback.DETRACTOR
    group = "detractor" if detractor else "passive"
    return Explanation(claim, ["feedback", *uses], f"the latest answer: a {group}")


_CUSTOMER_FACTS: dict[type[Claim], tuple[tuple[Use, ...], str]] = {
    claims.Shared: (("senders",), "recommends the shop"),
    claims.PaymentFailed: (("payment_failures",), "a payment failed"),
    claims.StockMissed: (("stockouts", "exposure"), "a wanted article was out of stock"),
    claims.Contacted: (("actions",), "an action was done"),
    claims.CustomerUpdated: ((), "attributes, by which segments divide customers"),
    claims.MergeVariant: ((), "shows a variant of an experiment"),
    claims.Acted: (
        ("actions",),
        "an action was issued, or suppressed because the customer is in the control group",
    ),
}
