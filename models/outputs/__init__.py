"""What other services are told of each customer (docs/outputs.md)."""

from models.outputs.desk import Desk
from models.outputs.output import Output
from models.outputs.said import SOMETHING, Said, decode_said, encode_said
from models.outputs.speaker import Speaker, Speech

__all__ = ["SOMETHING", "Desk", "Output", "Said", "Speaker", "Speech", "decode_said", "encode_said"]
