"""The outputs of each customer: profile, transitions, ticket SLAs and actions (docs/outputs.md).

The package computes what other services receive about a customer, compares it with what was emitted before,
and returns the difference. It imports `customers`, `entities`, `risk` and the packages below them.
`streams.worker` publishes the outputs.

Start with `emitter`, which calls the emitters of the four topics in turn:

- `profiles`, `transitions` and `ticket_slas` emit one topic each,
- `action_candidates` proposes actions, `action_selection` issues some of them,
- `lifecycle_history` and `order_history` replay a customer's facts in event time,
- `emitted` is the stored state, `schedule` decides which customers to check when.
"""

from models.outputs.emitted import (
    UNKNOWN_PROFILE,
    UNKNOWN_PROFILE_EMITTED,
    EmittedState,
    decode_emitted,
    encode_emitted,
)
from models.outputs.emitter import EmitResult, OutputEmitter
from models.outputs.output import Output
from models.outputs.schedule import EmitSchedule

__all__ = [
    "UNKNOWN_PROFILE",
    "UNKNOWN_PROFILE_EMITTED",
    "EmitResult",
    "EmitSchedule",
    "EmittedState",
    "Output",
    "OutputEmitter",
    "decode_emitted",
    "encode_emitted",
]
