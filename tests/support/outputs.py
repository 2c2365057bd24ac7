"""Customers as they are known at some instant, and what is said of them."""

import json
from collections import defaultdict

from models.contract.decoding import decode
from models.contract.events import KINDS
from models.customers.customer import Customer
from models.customers.facts_by_entity import CustomerFacts
from models.definitions.definitions import Definitions
from models.definitions.windows import horizon_start
from models.facts.control import Referred
from models.facts.fact import Fact
from models.facts.from_events import facts_of
from models.outputs import EmittedState, OutputEmitter, decode_emitted, encode_emitted

NOTHING = encode_emitted(EmittedState())


def accounts(events, now, definitions):
    """Make the customers of all that is known at `now`: id -> account."""
    since = horizon_start(now, definitions.horizon_days)
    known, seen = defaultdict(list), set()
    for event in events:
        name = event["customer_id"], event["id"]
        if name in seen:
            continue
        seen.add(name)
        for customer, fact in facts_of(decode(KINDS[event["type"]], json.dumps(event).encode()), definitions):
            if since <= fact.time <= now:
                known[customer].append(fact)
    for customer, fact in list(_referrals(known)):
        known[customer].append(fact)
    return {customer: Customer(customer.encode(), CustomerFacts(facts)) for customer, facts in known.items()}


def _referrals(known):
    """Give what partitions would tell those who are named by others' orders."""
    for customer, facts in known.items():
        account = Customer(customer.encode(), CustomerFacts(facts))
        for entity in account.row.letters.refers if account.row.letters else ():
            order = account.order(entity)
            if order is not None and order.qualifying and order.referrer:
                said = Referred(by=customer, at=order.time, sequence=1, active=True)
                yield order.referrer, Fact(entity, said)


class Town:
    """All customers of a history, and what has been said of each."""

    def __init__(self, definitions=None):
        self.definitions = definitions or Definitions()
        self.speaker = OutputEmitter(self.definitions)
        self.said = defaultdict(lambda: NOTHING)  # as it is kept
        self.until = {}
        self.known = {}
        self.outputs = []

    def look(self, events, now, customers=None):
        """Look at all (or some) customers, and give what is said."""
        known = self.known = accounts(events, now, self.definitions)
        told = []
        for customer in customers or sorted(known.keys() | self.said.keys()):
            account = known.get(customer) or Customer(customer.encode(), CustomerFacts())
            before = decode_emitted(self.said[customer])
            speech = self.speaker.say(account, before, now)
            self.said[customer] = encode_emitted(speech.said)
            self.until[customer] = speech.until
            told += speech.outputs
        self.outputs += told
        return told
