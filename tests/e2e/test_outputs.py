"""What is said of customers: once each, and the last of it true, whatever becomes of the workers."""

from tests.e2e.events import Style, anywhere, by_nothing, by_thing, duplicated, history
from tests.e2e.sayings import assert_said


async def test_what_was_said_is_not_said_again_by_the_next_worker(deploy):
    events = history(21, size=1500)
    deployment = deploy()
    await deployment.started(1)
    half = len(events) // 2
    await deployment.cluster.produce(duplicated(events[:half], 21), [Style(), Style(by_nothing, anywhere)])
    await assert_said(deployment, events[:half])
    [first] = deployment.workers
    first.kill()
    await deployment.cluster.produce(events[half:], [Style(by_thing)])
    await deployment.started(1)
    await assert_said(deployment, events)
