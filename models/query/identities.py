"""The ids that are one customer, and the events that merged them (docs/api.md, "Identities")."""

from collections.abc import Iterable, Mapping, Sequence

from models.contract.decoding import to_us
from models.facts.claims import MergeVariant
from models.facts.control import Merge
from models.facts.fact import Fact
from models.facts.origins import with_origin
from models.identity.merge_registry import Component
from models.outputs.ids import to_datetime
from models.query.explanations import Explanation
from models.query.responses import Identities, MergeSeen

#: Id of the claim that a merge has among the customer's facts -> the merge.
MergesByClaim = Mapping[str, MergeSeen]


def identities_of(identity: str, component: Component | None) -> Identities:
    """Return all ids of the customer that an id belongs to.

    Args:
        identity: any id of the customer.
        component: the id's component in the merge registry; None if the id was never merged.
    """
    if component is None:
        return Identities(identity, [], [])
    name = component.canonical_id
    merges = sorted(component.merges, key=lambda merge: (merge.at, merge.event, merge.customer))
    return Identities(name, sorted(component.members - {name}), [_seen(merge) for merge in merges])


def _seen(merge: Merge) -> MergeSeen:
    return MergeSeen(merge.event, to_datetime(merge.at), merge.customer, merge.into)


def merges_by_claim(merges: Iterable[MergeSeen]) -> MergesByClaim:
    """Return the merges of a customer by the id that each has as a claim among the customer's facts."""
    return {with_origin(_fact(merge, merge.id), merge.customer_id).claim.id: merge for merge in merges}


def _fact(merge: MergeSeen, claim_id: str, variants: dict[str, str] | None = None) -> Fact:
    return Fact("", MergeVariant(to_us(merge.time), claim_id), variants)


def with_merges(facts: Sequence[Fact], merges: MergesByClaim) -> list[Fact]:
    """Return a customer's facts and merges without duplicates.

    A merge is among the facts already if its event showed a variant of an experiment.
    """
    variants = {fact.claim.id: fact.seen for fact in facts if type(fact.claim) is MergeVariant}
    others = [fact for fact in facts if merge_of(fact, merges) is None]
    return [*others, *(_fact(merge, claim_id, variants.get(claim_id)) for claim_id, merge in merges.items())]


def merge_of(fact: Fact, merges: MergesByClaim) -> MergeSeen | None:
    """Return the merge that a fact stands for; None for any other fact."""
    return merges.get(fact.claim.id) if type(fact.claim) is MergeVariant else None


def explain_merge(fact: Fact, merge: MergeSeen) -> Explanation:
    """Return the explanation of a merge."""
    return Explanation(fact.claim, ["merged"], f"makes {merge.customer_id} and {merge.into} one customer")
