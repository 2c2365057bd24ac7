"""Assign tasks to workers.

Faust's assignor groups topics by partition count and assigns each group apart. Partitions that belong
together would be split between workers where an input has another count. Here the unit is the task: partition
*q* of any topic belongs to task *q mod N*, and a task is assigned as a whole.

Members send the leader of the group the address of their query API, and the assignment tells every member the
address of each task's owner.
"""

from collections.abc import Mapping, Sequence

from aiokafka.cluster import ClusterMetadata
from faust.assignor.client_assignment import ClientAssignment
from faust.assignor.partition_assignor import (
    MemberAssignmentMapping,
    MemberMetadataMapping,
    PartitionAssignor,
)
from faust.types.assignor import HostToPartitionMap
from yarl import URL

from streams.faust_engine.types import EngineApp


def assign_tasks(count: int, previous: Mapping[str, Sequence[int]]) -> dict[int, str]:
    """Assign each task to a member. Loads differ by one at most, and members keep tasks as far as possible.

    Args:
        count: number of tasks.
        previous: member -> tasks that it owned before; at least one member.

    Returns:
        Task -> member.
    """
    members = sorted(previous)
    share, extra = divmod(count, len(members))
    owner: dict[int, str] = {}
    kept: dict[str, list[int]] = {member: [] for member in members}
    for member in members:
        for task in sorted(set(previous[member])):
            if task < count and task not in owner and len(kept[member]) < share + 1:
                owner[task] = member
                kept[member].append(task)
    # Only `extra` members may have one more than the share.
    larger = [member for member in members if len(kept[member]) > share]
    for member in larger[extra:]:
        del owner[kept[member].pop()]
    for task in range(count):
        if task not in owner:
            member = min(members, key=lambda m: (len(kept[m]), m))
            owner[task] = member
            kept[member].append(task)
    return owner


class TaskAssignor(PartitionAssignor):
    """Faust's partition assignor, which assigns whole tasks."""

    app: EngineApp

    @property
    def _url(self) -> URL:
        return URL(self.app.address)

    def owners(self) -> dict[int, str]:
        """Return the address of each task's owner, as of the last assignment."""
        facts = f"{self.app.conf.id}-facts"
        return {
            task: address
            for address, owned in self.external_topic_distribution.items()
            for task in owned.get(facts, ())
        }

    @property
    def name(self) -> str:
        """Name of the protocol. Members with another protocol cannot join by mistake."""
        return "retention-tasks"

    def _perform_assignment(
        self, cluster: ClusterMetadata, member_metadata: MemberMetadataMapping
    ) -> MemberAssignmentMapping:
        clients = {
            member: self._get_client_metadata(metadata) for member, metadata in member_metadata.items()
        }
        self._update_member_urls(clients)
        count = self.app.conf.topic_partitions
        facts = f"{self.app.conf.id}-facts"
        previous = {member: client.assignment.actives.get(facts, []) for member, client in clients.items()}
        owner = assign_tasks(count, previous)
        assignments = {member: ClientAssignment(actives={}, standbys={}) for member in clients}
        topics = {topic for metadata in member_metadata.values() for topic in metadata.subscription}
        for topic in sorted(topics):
            for partition in sorted(cluster.partitions_for_topic(topic) or ()):
                member = owner[partition % count]
                # A topic that matched a pattern after a member's start is read once the member has restarted.
                if topic in member_metadata[member].subscription:
                    assignments[member].actives.setdefault(topic, []).append(partition)
        return self._protocol_assignments(assignments, {}, self._distribution(owner, facts), {})

    def _distribution(self, owner: Mapping[int, str], facts: str) -> HostToPartitionMap:
        """Return address -> partitions of the facts topic, whose numbers are those of the tasks."""
        distribution: HostToPartitionMap = {}
        for task, member in owner.items():
            owned = distribution.setdefault(self._member_urls[member], {}).setdefault(facts, [])
            owned.append(task)
        return distribution
