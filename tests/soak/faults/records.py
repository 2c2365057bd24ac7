"""Hostile records: invalid ones in every input topic, and junk where workers write their dead letters."""

import asyncio
import json
import random
from typing import Any

from tests.soak.installation import Installation
from tests.soak.traffic import FIRST_SCHEMA, NESTED, NO_SCHEMA, NULLS
from tests.support.cluster import INPUTS
from tests.support.events import Record, order
from tests.support.registry_server import framed

DEAD_LETTERS = "retention.dead-letters"
MIB = 1 << 20
GOOD = order("hostile", "customer", 1_700_000_000_000_000)
_HEADERS = (
    (),
    (("trace", b"\x00\xff"), ("trace", b"again"), ("empty", b""), ("null", None)),
    (("retention.error.reason", b"\xff\xfe"), ("retention.error.offset", b"seven")),
    (("ce_specversion", b"9.9"), ("ce_id", b"\xff"), ("content-type", b"application/cloudevents+json")),
    tuple((f"header-{number}", b"x" * 100) for number in range(300)),
)


def _with(**fields: Any) -> bytes:
    return json.dumps(GOOD | fields).encode()


#: Name -> value. No input topic accepts any of them as an event.
VALUES: dict[str, bytes | None] = {
    "no JSON": b"\xff\xfe garbage \x00",
    "JSON cut off": b'{"id": "1", "type": "order.pla',
    "empty": b"",
    "null": None,
    "a scalar": b"17",
    "a list": b"[1, 2]",
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "many keys": json.dumps({f"key-{number}": number for number in range(20_000)}).encode(),
    "NaN": b'{"id": "1", "amount": NaN}',
    "a huge number": b'{"id": "1", "type": "order.placed", "amount": 1' + b"0" * 5000 + b"}",
    "a lone surrogate": b'{"id": "\\ud800", "type": "order.placed"}',
    "an amount as text": _with(amount="12"),
    "a negative amount": _with(amount=-1),
    "a fraction": _with(amount=1.5),
    "a customer without name": _with(customer_id=""),
    "a number as customer": _with(customer_id=7),
    "a time without date": _with(time="yesterday"),
    "a time without zone": _with(time="2024-01-01T00:00:00"),
    "a time to come": _with(time="2099-01-01T00:00:00Z"),
    "a currency unknown": _with(currency="XXX"),
    "a type unknown": _with(type="order.teleported"),
    "a line break in a type": _with(type="order.placed\n2026-01-01 ERROR forged line"),
}
#: Records that are larger than events may be. They are rare, as the broker keeps them and their copies.
LARGE: dict[str, bytes | None] = {
    "a long text": b'{"text": "' + b"x" * (2 * MIB) + b'"}',
    "a record of 4 MiB": b"y" * (4 * MIB),
}
_LARGE_SHARE = 0.02
#: Records in Confluent's framing that no mapping can read.
FRAMES = {
    "no framing": b"\x05hello",
    "a frame cut off": b"\0\0\0",
    "an unknown schema": framed(9_999, b"\x00\x00"),
    "no content": framed(FIRST_SCHEMA, b""),
    "an endless varint": framed(FIRST_SCHEMA, b"\xff" * 10_000),
    "records in records": framed(NESTED, b"\x02" * 5_000 + b"\x00"),
    "30 million nulls": framed(NULLS, b"\x80\x8e\xce\x1c\x00"),
    "a schema that is none": framed(NO_SCHEMA, b"\x00"),
    "a text of 2^60 bytes": framed(FIRST_SCHEMA, b"\xfe\xff\xff\xff\xff\xff\xff\xff\x1f"),
}


async def send_hostile(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Send invalid records to all inputs, each to become one dead letter, and junk dead letters."""
    number = rng.randint(60, 200)
    installation.report.log(f"{number} hostile records, and junk dead letters, in {seconds:.1f} s")
    sent = []
    for _ in range(number):
        sent.append(await installation.traffic.send_record(_invalid(installation, rng)))
        await asyncio.sleep(seconds / number)
    for _ in range(5):
        await (await installation.traffic.send_record(_junk(rng)))
    for acknowledged in await asyncio.gather(*sent):
        installation.hostile.add((acknowledged.topic, acknowledged.partition, acknowledged.offset))


def _invalid(installation: Installation, rng: random.Random) -> Record:
    headers = rng.choice(_HEADERS)
    if rng.random() < 0.2:
        return Record("returns", rng.choice([*FRAMES.values()]), b"key", rng.randrange(3), headers)
    topic = rng.choice(INPUTS)
    key = rng.choice([None, b"", b"key", b"\xff" * 300])
    values = LARGE if rng.random() < _LARGE_SHARE else VALUES
    return Record(topic, rng.choice([*values.values()]), key, installation.traffic.partition(topic), headers)


def _junk(rng: random.Random) -> Record:
    value = rng.choice([*VALUES.values()])
    names = ("reason", "message", "topic", "partition", "offset", "time")
    headers = [
        (f"retention.error.{name}", rng.choice([None, b"", b"\xff\xfe", b"-1", b"orders", b"9" * 400]))
        for name in rng.sample(names, rng.randrange(len(names) + 1))
    ]
    return Record(DEAD_LETTERS, value, rng.choice([None, b"key"]), None, tuple(headers))
