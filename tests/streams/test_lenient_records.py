import pytest
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchBuilderPy

from streams.lenient_records import LenientRecords


class Name(str):
    """A header's name as a producer writes it that knows no UTF-8."""

    __slots__ = ()

    def encode(self, *_):
        return b"a\xff"


@pytest.mark.parametrize("codec", [DefaultRecordBatch.CODEC_NONE, DefaultRecordBatch.CODEC_GZIP])
def test_a_header_whose_name_is_no_utf_8_is_read_with_the_bytes_replaced(codec):
    builder = _DefaultRecordBatchBuilderPy(2, codec, 0, -1, -1, -1, 1 << 20)
    builder.append(0, timestamp=7, key=b"k\xff", value=b"\xff" * 99, headers=[(Name(), b"\xff"), ("b", None)])
    builder.append(1, timestamp=8, key=None, value=None, headers=[])
    records = LenientRecords(bytes(builder.build()))
    first, second = records.next_batch()
    assert (first.offset, first.key, first.value) == (0, b"k\xff", b"\xff" * 99)
    assert first.headers == [("a\N{REPLACEMENT CHARACTER}", b"\xff"), ("b", None)]
    assert (second.offset, second.key, second.value) == (1, None, None)
    assert not records.has_next()
