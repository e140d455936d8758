"""A record batch of any bytes is read or refused, and nothing else."""

from dataclasses import dataclass

from hypothesis import example, given
from hypothesis import strategies as st
from kafka.errors import CorruptRecordError

from consumers import values
from consumers.batches import encoded
from tests.golden.test_golden import LINES


@dataclass
class Batch:
    """What the decoder asks of kafka-python's batch."""

    _buffer: bytes
    records_count: int
    base_offset: int = 0
    _pos: int = 0

    def _maybe_uncompress(self) -> None:
        """It never was."""


(OURS,) = encoded(list(enumerate(LINES[:3])), [-1], 1 << 20)
BYTES = b"".join(OURS.parts)
anything = st.lists(
    st.sampled_from([b"\x00", b"\x01", b"\x80", b"\xff"]) | st.binary(max_size=3), max_size=40
).map(b"".join)


def reads(raw: bytes, count: int) -> None:
    try:
        found = values.decoded(Batch(raw, count), 0)
    except CorruptRecordError:
        return
    assert len(found) == count


@example(b"\x80" * 12 + b"\x00" * 4, 1)
@example(b"\xfe" + b"\xff" * 8 + b"\x01" + b"\x00" * 4, 2)
@given(anything, st.integers(0, 4))
def test_any_bytes_are_read_or_refused(raw: bytes, count: int) -> None:
    reads(raw, count)


@given(st.integers(0, len(BYTES) - 1), anything)
def test_a_relays_batch_with_other_bytes_in_it_is_read_or_refused(at: int, other: bytes) -> None:
    reads(BYTES, OURS.count)
    reads(BYTES[:at] + other + BYTES[at + len(other) :], OURS.count)
