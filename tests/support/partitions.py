"""Run one partition with facts written by hand."""

from datetime import UTC, datetime

from hypothesis import settings

from models.definitions.definitions import Definitions
from models.facts import claims
from models.facts.fact import Fact
from models.metrics.catalogue import compute
from models.partition import standalone
from models.partition.partition import Partition

# A slow example on a busy machine is not a failure.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
#: A Thursday at 10:00 UTC.
NOW = int(datetime(2026, 3, 5, 10, tzinfo=UTC).timestamp()) * SECOND


class Shop:
    """A partition without Kafka, and its clock."""

    def __init__(self, definitions=None, rows=None):
        self.definitions = definitions or Definitions()
        self.rows = {} if rows is None else rows
        self.partition = Partition(self.definitions, self.rows)
        self.now = NOW
        self.partition.advance(self.now)
        self._ids = iter(range(10**6))

    def process(self, claim_type, entity, at, *payload, customer="ada", event_id=None, seen=None):
        """Process a fact, and return whether its event is new."""
        claim = claim_type(at, event_id or f"e{next(self._ids)}", *payload)
        return self.partition.process_one(customer, Fact(entity, claim, seen))

    def order(self, entity, at, amount=1000, currency="USD", channel="web", **rest):
        """Process a placed order, and return whether its event is new."""
        keep = {key: rest.pop(key) for key in ("customer", "event_id", "seen") if key in rest}
        optional = [rest.get(key) for key in ("promised", "cart", "referrer")]
        return self.process(claims.Placed, entity, at, amount, currency, channel, *optional, **keep)

    def samples(self, now=None):
        """Return the samples: (metric, *label values by label name) -> sample."""
        self.now = max(self.now, now or 0)
        partial = self.partition.evaluate(self.now)
        samples = compute([partial], self.definitions, self.now)
        return {(s.metric, *(s.labels[name] for name in sorted(s.labels))): s for s in samples}

    def value(self, metric, *labels, now=None):
        """Return the value of one sample; its labels in the order of their names."""
        return self.samples(now)[metric, *labels].value

    def restart(self):
        """Restore a new partition from the rows that changed until now."""
        self.rows.update({key: row for key, row in self.partition.take_changes().items() if row is not None})
        self.partition = Partition(self.definitions, dict(self.rows))
        self.partition.resume(self.now)
        standalone.build_aggregates(self.partition, self.now)
