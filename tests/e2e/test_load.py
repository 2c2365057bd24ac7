"""Events of files and events of topics arrive together in any order, and some of them in both."""

import asyncio
import json
import os
import subprocess
import sys

from tests.support.cluster import Pace
from tests.support.events import Style, by_thing, history
from tests.support.worker_process import ROOT


async def test_history_is_loaded_while_the_topics_flow(deploy, tmp_path):
    events = history(33, size=2000)
    deployment = deploy()
    await deployment.started(1)
    pace = Pace(2)
    flowing = asyncio.create_task(
        deployment.cluster.produce(events[600:], [Style(), Style(by_thing)], pace=pace)
    )
    files = [tmp_path / "first.jsonl", tmp_path / "second.jsonl"]
    for file, some in zip(files, (events[:700], events[700:1200]), strict=True):
        file.write_text("".join(json.dumps(event) + "\n" for event in some))
    loading = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streams.cli", "load", *map(str, files),
        cwd=ROOT, env=os.environ | deployment.settings, stderr=subprocess.PIPE,
    )  # fmt: skip
    _, errors = await loading.communicate()
    assert loading.returncode == 0, errors.decode()
    assert b"1,200 events sent" in errors
    assert not flowing.done()
    pace.end()
    await flowing
    await deployment.equal(events)
