"""Which identities are one customer, and the events that made them so (docs/api.md, "Identities")."""

from collections.abc import Iterable, Mapping, Sequence

from models.contract.decoding import to_us
from models.facts.claims import MergeVariant
from models.facts.control import Merge
from models.facts.fact import Fact
from models.identity.links import reassigned
from models.identity.merge_registry import Component
from models.outputs.ids import to_datetime
from models.query.explain_facts import Explanation
from models.query.responses import Identities, MergeSeen

#: Merges by the ids that what they say has among their customer's facts.
Made = Mapping[str, MergeSeen]


def identities_of(identity: str, component: Component | None) -> Identities:
    """Give who an identity is one with, from what the registry knows of it; None: with nobody."""
    if component is None:
        return Identities(identity, [], [])
    name = component.canonical_id
    merges = sorted(component.merges, key=lambda merge: (merge.at, merge.event, merge.customer))
    return Identities(name, sorted(component.members - {name}), [_seen(merge) for merge in merges])


def _seen(merge: Merge) -> MergeSeen:
    return MergeSeen(merge.event, to_datetime(merge.at), merge.customer, merge.into)


def made_of(merges: Iterable[MergeSeen], customer: str) -> Made:
    """Give the merges that made a customer."""
    return {
        reassigned(_fact(merge, merge.id), merge.customer_id, customer).claim.id: merge for merge in merges
    }


def _fact(merge: MergeSeen, claim_id: str, seen: dict[str, str] | None = None) -> Fact:
    return Fact("", MergeVariant(to_us(merge.time), claim_id), seen)


def mixed(facts: Sequence[Fact], made: Made) -> list[Fact]:
    """Give a customer's facts and merges, each once: among the facts are those that showed a variant."""
    shown = {fact.claim.id: fact.seen for fact in facts if type(fact.claim) is MergeVariant}
    others = [fact for fact in facts if type(fact.claim) is not MergeVariant or fact.claim.id not in made]
    return [*others, *(_fact(merge, name, shown.get(name)) for name, merge in made.items())]


def merge_of(fact: Fact, made: Made) -> MergeSeen | None:
    """Give the merge that a fact is."""
    return made.get(fact.claim.id) if type(fact.claim) is MergeVariant else None


def verdict_on(fact: Fact, merge: MergeSeen) -> Explanation:
    """Say what a merge counts for."""
    return Explanation(fact.claim, ["merged"], f"makes {merge.customer_id} and {merge.into} one customer")
