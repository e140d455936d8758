"""The relay's record batches decoded for what a fold needs: offset, position, previous, value.

kafka-python makes an object of every record, with its key, headers and sizes; most of a replay
would go into that. Here its own reader of fetched partitions is kept for all that concerns whole
batches - checksums, compression, control batches, aborted transactions - and only the step from a
batch to its records is another. It stands behind a door that is not public, so it is used with the
one version of the library that it was written against; otherwise records are made as ever and
turned into the same. The tests hold both ways to the same topic.
"""

import re
from collections.abc import Iterator
from typing import Any

import kafka
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError
from kafka.record.util import decode_varint

from consumers.records import POSITION_DIGITS
from projections.partition import PartitionRecord

KNOWN_VERSION = "3.0.12"
DIRECT = kafka.__version__ == KNOWN_VERSION
"""Whether batches are decoded here."""

NOT_A_RELAYS = -2
"""Position of a record whose headers are not the relay's."""


def install(consumer: Any) -> None:
    """Let a consumer's ``poll`` give :class:`PartitionRecord` in place of its own records."""
    consumer._fetcher.PartitionRecords = _LogRecords


def log_record(record: Any) -> PartitionRecord:
    """The same of a record of kafka-python's own."""
    try:
        (first, position), (second, previous) = record.headers[:2]
        ours = first == "position" and second == "previous" and record.value is not None
        if ours and max(len(position), len(previous.lstrip(b"-"))) <= POSITION_DIGITS:
            return PartitionRecord(record.offset, int(position), int(previous), record.value)
    except (ValueError, TypeError, AttributeError):
        pass
    return PartitionRecord(record.offset, NOT_A_RELAYS, NOT_A_RELAYS, b"")


class _LogRecords(Fetcher.PartitionRecords):  # type: ignore[misc]
    """What was fetched of a partition, as the fetcher takes it record by record."""

    def _unpack_records(
        self, tp: Any, records: Any, key_deserializer: Any, value_deserializer: Any
    ) -> Iterator[PartitionRecord]:
        while (batch := records.next_batch()) is not None:
            if self.check_crcs and not batch.validate_crc():
                raise CorruptRecordError(f"{tp} at offset {batch.base_offset}: wrong checksum")
            self.leader_epoch = batch.leader_epoch
            self.bytes_read += batch.size_in_bytes
            if not self._is_hidden(batch):
                for record in decoded(batch, self.fetch_offset):
                    self.records_read += 1
                    self.next_fetch_offset = record[0] + 1
                    yield record
            self.next_fetch_offset = batch.next_offset
        self.drain()

    def _is_hidden(self, batch: Any) -> bool:
        """Whether a batch is a marker, or of a transaction that was aborted."""
        if batch.has_producer_id():
            self._consume_aborted_transactions_up_to(batch.last_offset)
            if self._contains_abort_marker(batch):
                self.aborted_producer_ids.discard(batch.producer_id)
            elif self._is_batch_aborted(batch):
                return True
        hidden: bool = batch.is_control_batch
        return hidden


def decoded(batch: Any, first_offset: int) -> list[PartitionRecord]:
    """The batch's records from ``first_offset`` on; it may begin before.

    Raises kafka-python's CorruptRecordError where lengths contradict each other.
    """
    batch._maybe_uncompress()
    data, at = bytes(batch._buffer), batch._pos
    base = batch.base_offset
    found: list[PartitionRecord] = []
    for _ in range(batch.records_count):
        begun = _BEGINNING.match(data, at)
        if begun is None:
            break
        length, delta, key_size = begun.groups()
        offset = base + _NUMBER[delta]
        if offset >= first_offset:
            found.append(_record(data, begun.end() + max(_NUMBER[key_size], 0), offset))
        at = begun.end(1) + _NUMBER[length]
        if at < begun.end():
            break
    else:
        if at == len(data):
            return found
    raise CorruptRecordError(f"lengths contradict each other in the batch at offset {base}")


def _record(data: bytes, at: int, offset: int) -> PartitionRecord:
    """What follows a record's key: the value, and the two headers that the relay puts first."""
    sized = _VARIABLE.match(data, at)
    if sized is not None:
        end = sized.end() + _NUMBER[sized[0]]
        headers = _HEADERS.match(data, end)
        if headers is not None:
            value = data[sized.end() : end]
            return PartitionRecord(offset, int(headers[1]), int(headers[2]), value)
    return PartitionRecord(offset, NOT_A_RELAYS, NOT_A_RELAYS, b"")


_SIZE = rb"[\x80-\xff]{0,4}[\x00-\x7f]"
"""An integer of 32 bits at the most, as Kafka has for lengths and for offsets within a batch."""
_TIME = rb"[\x80-\xff]{0,9}[\x00-\x7f]"
_VARIABLE = re.compile(_SIZE)
_BEGINNING = re.compile(rb"(%b).%b(%b)(%b)" % (_SIZE, _TIME, _SIZE, _SIZE), re.DOTALL)
"""A record's length, attributes, time and offset as differences, and its key's length. The time is
passed over: the event itself says it better."""
_HEADERS = re.compile(
    rb"%b\x10position%b(\d{1,19})\x10previous%b(-?\d{1,19})(?!\d)" % ((_SIZE,) * 3)
)


class _Numbers(dict[bytes, int]):
    """Zigzag variable-length integers, each worked out once: lengths and offsets within a batch."""

    def __missing__(self, varint: bytes) -> int:
        number = self[varint] = int(decode_varint(varint, 0)[0])
        return number


_NUMBER = _Numbers()
