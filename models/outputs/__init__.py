"""What other services are told of each customer (docs/outputs.md)."""

from models.outputs.output import Output
from models.outputs.said import Said, decode, encode
from models.outputs.speaker import Speaker, Speech

__all__ = ["Output", "Said", "Speaker", "Speech", "decode", "encode"]
