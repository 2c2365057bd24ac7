"""Whole tasks are distributed over the workers, and as few as possible move."""

from collections import Counter

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from hypothesis import given
from hypothesis import strategies as st

from streams.config.load import load
from streams.faust_engine.app import FaustApp
from streams.faust_engine.assignor import TaskAssignor, assign_tasks

MEMBERS = st.sets(st.sampled_from("abcdefgh"), min_size=1, max_size=8)


def previous_of(owner, members):
    return {member: [task for task, its in owner.items() if its == member] for member in members}


def loads(owner, members):
    counts = Counter(owner.values())
    return [counts[member] for member in members]


@given(
    count=st.integers(1, 40),
    previous=st.dictionaries(
        st.sampled_from("abcdefgh"), st.lists(st.integers(0, 50), max_size=60), min_size=1, max_size=8
    ),
)
def test_every_task_has_one_owner_and_loads_are_balanced(count, previous):
    """Two members may claim one task, or tasks that no longer exist."""
    owner = assign_tasks(count, previous)
    assert owner.keys() == set(range(count))
    assert set(owner.values()) <= previous.keys()
    assert max(loads(owner, previous)) - min(loads(owner, previous)) <= 1


@given(count=st.integers(1, 40), before=MEMBERS, after=MEMBERS)
def test_no_more_tasks_move_than_balance_requires(count, before, after):
    first = assign_tasks(count, {member: [] for member in before})
    second = assign_tasks(count, previous_of(first, after))
    moved = sum(first[task] != second[task] for task in range(count))
    share, extra = divmod(count, len(after))
    held = sorted((len(tasks) for tasks in previous_of(first, after).values()), reverse=True)
    # The members that hold most keep one more than the share.
    kept = sum(min(had, share + (place < extra)) for place, had in enumerate(held))
    assert moved == count - kept


@given(count=st.integers(1, 40), members=MEMBERS)
def test_unchanged_members_keep_their_tasks(count, members):
    owner = assign_tasks(count, {member: [] for member in members})
    assert assign_tasks(count, previous_of(owner, members)) == owner


def test_surplus_members_have_no_task():
    owner = assign_tasks(2, {"a": [], "b": [], "c": []})
    assert sorted(loads(owner, "abc")) == [0, 1, 1]


def metadata(assignor, topics, owned=()):
    """Return the subscription that a member sends to the leader of the group: its topics and its tasks."""
    assignor._assignment.actives = {"retention-facts": list(owned)} if owned else {}
    subscription = assignor.metadata(topics)
    return ConsumerProtocolMemberMetadata(0, sorted(topics), subscription.user_data)


def assigned_by(leader, partitions, members):
    cluster = ClusterMetadata()
    cluster.partitions_for_topic = lambda topic: set(range(partitions[topic]))
    assignment = leader.assign(cluster, members)
    return {
        member: {topic: sorted(parts) for topic, parts in given.assignment}
        for member, given in assignment.items()
        if isinstance(given, ConsumerProtocolMemberAssignment)
    }


def test_task_is_assigned_whole_across_partition_counts():
    app = FaustApp(load({"partitions": 4}, {}))
    assignor = TaskAssignor(app)
    partitions = {"orders": 6, "reviews": 1, "retention-facts": 4, "retention-partials": 1}
    members = {
        "a": metadata(assignor, partitions.keys(), owned=[1, 3]),
        "b": metadata(assignor, partitions.keys(), owned=[0, 2]),
    }
    assert assigned_by(TaskAssignor(app), partitions, members) == {
        "a": {"orders": [1, 3, 5], "retention-facts": [1, 3]},
        "b": {"orders": [0, 2, 4], "retention-facts": [0, 2], "retention-partials": [0], "reviews": [0]},
    }


def test_member_without_a_new_topic_is_not_assigned_it():
    app = FaustApp(load({"partitions": 2}, {}))
    assignor = TaskAssignor(app)
    partitions = {"shop-eu": 2, "shop-us": 2, "retention-facts": 2}
    members = {
        "old": metadata(assignor, ["shop-eu", "retention-facts"], owned=[0]),
        "new": metadata(assignor, partitions.keys(), owned=[1]),
    }
    assert assigned_by(TaskAssignor(app), partitions, members) == {
        "old": {"shop-eu": [0], "retention-facts": [0]},
        "new": {"shop-eu": [1], "shop-us": [1], "retention-facts": [1]},
    }


def test_assignment_holds_the_address_of_each_owner():
    apps = {name: FaustApp(load({"partitions": 3, "port": port}, {})) for name, port in (("a", 1), ("b", 2))}
    members = {name: metadata(TaskAssignor(app), {"retention-facts"}) for name, app in apps.items()}
    cluster = ClusterMetadata()
    cluster.partitions_for_topic = lambda _: {0, 1, 2}
    assignments = TaskAssignor(apps["a"]).assign(cluster, members)
    for name, app in apps.items():
        assignor = TaskAssignor(app)
        assignor.on_assignment(assignments[name])
        owners = assignor.owners()
        assert {task for task, address in owners.items() if address == app.address} == {
            task for _, tasks in assignments[name].assignment for task in tasks
        }
        assert sorted(owners) == [0, 1, 2]
