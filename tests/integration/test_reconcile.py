"""Store and topic compared, event by event: every kind of damage is found and named."""

from collections.abc import Callable
from typing import Any

import pytest
from kafka import KafkaAdminClient, TopicPartition

from tests.kafka_logs import PARTITIONS, KafkaLog, log, records_of, told, write

__all__ = ["log"]


class TestReconciling:
    """Every kind of damage is found, and named."""

    @pytest.fixture
    def found(self, log: KafkaLog) -> Callable[..., list[tuple[str, int]]]:
        def found(damage: Callable[[list[Any]], list[Any]]) -> list[tuple[str, int]]:
            records = records_of(told(60).records, PARTITIONS)
            write(log.kafka, log.events, damage(records))
            return [(f.kind, f.position) for f in log.findings(told(60).feed())]

        return found

    def test_nothing(self, found: Callable[..., Any]) -> None:
        assert found(lambda r: r) == []

    def test_missing(self, found: Callable[..., Any]) -> None:
        assert found(lambda r: r[:20] + r[23:]) == [("missing", p) for p in (20, 21, 22)]

    def test_missing_at_the_end(self, found: Callable[..., Any]) -> None:
        assert found(lambda r: r[:58]) == [("missing", 58), ("missing", 59)]

    def test_twice(self, found: Callable[..., Any]) -> None:
        assert found(lambda r: [*r[:20], r[19], *r[20:]]) == [("extra", 19)]

    def test_beyond_the_end(self, found: Callable[..., Any]) -> None:
        more = records_of(told(61).records, PARTITIONS)[60:]
        assert found(lambda r: r + more) == [("extra", 60)]

    def test_changed(self, found: Callable[..., Any]) -> None:
        other = told(60).records[20][1].replace(b"clerk-1", b"clerk-2")
        assert found(lambda r: [*r[:20], r[20]._replace(value=other), *r[21:]]) == [("changed", 20)]

    def test_out_of_order(self, found: Callable[..., Any]) -> None:
        def later(records: list[Any]) -> list[Any]:
            return [*records[:20], *records[21:], records[20]]

        assert found(later) == [("out-of-order", 20)]

    def test_wrong_partition(self, found: Callable[..., Any]) -> None:
        def moved(records: list[Any]) -> list[Any]:
            elsewhere = (records[20].partition + 1) % PARTITIONS
            return [*records[:20], records[20]._replace(partition=elsewhere), *records[21:]]

        assert sorted(found(moved)) == [("missing", 20), ("wrong-partition", 20)]

    def test_wrong_key_time_and_headers(self, found: Callable[..., Any]) -> None:
        def wrong(records: list[Any]) -> list[Any]:
            said = [("position", b"22"), *records[22].headers[2:]]
            return [
                *records[:20],
                records[20]._replace(key=b"p999"),
                records[21]._replace(timestamp_ms=1),
                records[22]._replace(headers=said),
                *records[23:],
            ]

        assert sorted(found(wrong)) == [
            ("wrong-headers", 22),
            ("wrong-key", 20),
            ("wrong-time", 21),
        ]

    def test_foreign(self, found: Callable[..., Any]) -> None:
        def with_foreign(records: list[Any]) -> list[Any]:
            foreign = records[20]._replace(value=b"{}", headers=[])
            return [*records[:20], foreign, *records[20:]]

        assert found(with_foreign) == [("extra", -1)]

    def test_a_position_that_no_log_reaches(self, found: Callable[..., Any]) -> None:
        def absurd(records: list[Any]) -> list[Any]:
            headers = [("position", b"9" * 5_000), *records[20].headers[1:]]
            return [*records[:20], records[20]._replace(headers=headers), *records[21:]]

        assert sorted(found(absurd)) == [("extra", -1), ("missing", 20)]

    def test_deleted_from_the_beginning(self, log: KafkaLog) -> None:
        records = records_of(told(60).records, PARTITIONS)
        write(log.kafka, log.events, records)
        gone = [int(dict(r.headers)["position"]) for r in records if r.partition == 1][:5]
        with KafkaAdminClient(**log.kafka.options()) as admin:
            admin.delete_records({TopicPartition(log.events, 1): 5})
        findings = log.findings(told(60).feed())
        assert [(f.kind, f.position) for f in findings] == [("missing", p) for p in gone]
