"""Incremental updates of the aggregates: what one claim more, or one less, changes.

Each kind of entity has one updater. Its central operation replaces the claims of an entity: a new claim and
an expired claim are handled alike. The updater retracts what the entity contributed before, and applies what
it contributes now. It compares the two first, since most claims change no number.

The contribution of an entity may depend on the clock, as with a breached SLA or an abandoned cart. The
aggregates always hold the contribution as of the partition's clock, and a timer is set for the time at which
it changes.

Start at `dispatch.Updates`.
"""

from models.partition.updates.dispatch import Updates

__all__ = ["Updates"]
