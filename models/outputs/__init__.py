"""What other services are told of each customer (docs/outputs.md)."""

from models.outputs.emitted import SOMETHING, Said, decode_said, encode_said
from models.outputs.emitter import Speaker, Speech
from models.outputs.output import Output
from models.outputs.schedule import Desk

__all__ = ["SOMETHING", "Desk", "Output", "Said", "Speaker", "Speech", "decode_said", "encode_said"]
