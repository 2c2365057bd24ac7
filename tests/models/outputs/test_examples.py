"""The examples in docs/outputs.md are emitted for its events."""

import json
import re
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from models.contract.decoding import to_us
from models.definitions.action_policy import ACTIONS, ActionPolicy
from models.definitions.definitions import Definitions
from tests.support.outputs import EmitHarness

TEXT = (Path(__file__).parents[3] / "docs" / "outputs.md").read_text()
[EVENTS] = re.findall(r"```jsonl\n(.*?)```", TEXT, re.DOTALL)
EXAMPLES = re.findall(r"```outputs (\S+) (\S+)\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize(("kind", "now", "lines"), EXAMPLES, ids=[kind for kind, _, _ in EXAMPLES])
def test_documented_example_is_emitted(kind, now, lines):
    events = [json.loads(line) for line in EVENTS.splitlines()]
    outputs = EmitHarness().emit(events, to_us(datetime.fromisoformat(now)))
    emitted = [msgspec.to_builtins(output.value) for output in outputs if output.type == kind]
    assert [line for line in map(json.loads, lines.splitlines()) if line not in emitted] == []


def test_every_action_and_setting_is_documented():
    assert [name for name in ACTIONS if f"| `{name}` |" not in TEXT] == []
    [table] = re.findall(r"\[actions\]\n(.*?)\n\n", TEXT, re.DOTALL)
    documented = {line.split(" =")[0] for line in table.splitlines()}
    assert documented == set(ActionPolicy.__struct_fields__) - {"expiry"}
    for name, seconds in Definitions().actions.expiry.items():
        [row] = re.findall(rf"\| `{name}` \|.*", TEXT)
        assert f"| {seconds // 86_400} d |" in row
