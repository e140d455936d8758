"""The relay's record batches decoded for what a fold needs: offset, position, previous, value.

kafka-python makes an object of every record, with its key, headers and sizes; most of a replay
would go into that. Here its own reader of fetched partitions is kept for all that concerns whole
batches - checksums, compression, control batches, aborted transactions - and only the step from a
batch to its records is another. It stands behind a door that is not public, so it is used with the
one version of the library that it was written against; otherwise records are made as ever and
turned into the same. The tests hold both ways to the same topic.
"""

from collections.abc import Iterator
from typing import Any

import kafka
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError
from kafka.record.util import decode_varint

from projections.partition import PartitionRecord

KNOWN_VERSION = "3.0.12"
DIRECT = kafka.__version__ == KNOWN_VERSION
"""Whether batches are decoded here."""

NOT_A_RELAYS = -2
"""Position of a record whose headers are not the relay's."""
_POSITION = b"\x10position"
_PREVIOUS = b"\x10previous"


def install(consumer: Any) -> None:
    """Let a consumer's ``poll`` give :class:`PartitionRecord` in place of its own records."""
    consumer._fetcher.PartitionRecords = _LogRecords


def log_record(record: Any) -> PartitionRecord:
    """The same of a record of kafka-python's own."""
    try:
        (first, position), (second, previous) = record.headers[:2]
        if first == "position" and second == "previous" and record.value is not None:
            return PartitionRecord(record.offset, int(position), int(previous), record.value)
    except (ValueError, TypeError):
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

    A record is its length, a byte of attributes, the time and the offset as differences, then key,
    value and headers, each after its length. Raises kafka-python's CorruptRecordError where
    lengths contradict each other.
    """
    batch._maybe_uncompress()
    data, at = bytes(batch._buffer), batch._pos
    base = batch.base_offset
    found: list[PartitionRecord] = []
    try:
        for _ in range(batch.records_count):
            length, at = _number(data, at)
            end, at = at + length, at + 1
            while data[at] > 0x7F:  # the time: the event itself says it better
                at += 1
            delta, at = _number(data, at + 1)
            if base + delta >= first_offset:
                size, at = _number(data, at)
                found.append(_record(data, at + max(size, 0), base + delta))
            at = end
    except (IndexError, ValueError):
        at = -1
    if at != len(data):
        raise CorruptRecordError(f"lengths contradict each other in the batch at offset {base}")
    return found


def _record(data: bytes, at: int, offset: int) -> PartitionRecord:
    """What follows a record's key: the value, and the two headers that the relay puts first."""
    size, at = _number(data, at)
    value = data[at : at + size] if size >= 0 else None
    at += max(size, 0)
    if value is not None and data.startswith(_POSITION, at + 1):
        size, at = _number(data, at + 1 + len(_POSITION))
        position, at = data[at : at + size], at + size
        if data.startswith(_PREVIOUS, at):
            size, at = _number(data, at + len(_PREVIOUS))
            try:
                return PartitionRecord(offset, int(position), int(data[at : at + size]), value)
            except ValueError:
                pass
    return PartitionRecord(offset, NOT_A_RELAYS, NOT_A_RELAYS, b"")


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A zigzag variable-length integer, and where it ends; most have one byte or two."""
    low = data[at]
    if low < 0x80:
        return (low >> 1) ^ -(low & 1), at + 1
    high = data[at + 1]
    if high < 0x80:
        low = low & 0x7F | high << 7
        return (low >> 1) ^ -(low & 1), at + 2
    number, end = decode_varint(data, at)
    return int(number), int(end)
