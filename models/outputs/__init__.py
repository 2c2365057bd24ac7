"""What other services are told of each customer (docs/outputs.md)."""

from models.outputs.emitted import UNKNOWN_PROFILE_EMITTED, EmittedState, decode_emitted, encode_emitted
from models.outputs.emitter import EmitResult, OutputEmitter
from models.outputs.output import Output
from models.outputs.schedule import EmitSchedule

__all__ = [
    "UNKNOWN_PROFILE_EMITTED",
    "EmitResult",
    "EmitSchedule",
    "EmittedState",
    "Output",
    "OutputEmitter",
    "decode_emitted",
    "encode_emitted",
]
