"""Relay and workers beside the bare clients of kafka-python, on a real broker and PostgreSQL.

The bare clients get everything for nothing: records made ready beforehand, and nothing done with
what is read. Kafka's own performance tools run beside them, for scale.
"""

import multiprocessing
import re
import subprocess
import threading
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from rich.console import Console

from consumers.batches import made_records, send_each
from consumers.connection import KafkaSettings
from consumers.kafka_feed import KafkaFeed
from consumers.offsets import end_offsets
from consumers.partitions import consumer_options
from consumers.records import EventRecord
from consumers.relay import Limits, Relay
from consumers.topics import EVENTS, RELAY, TOPICS, create_topics
from consumers.transactions import fencing_producer
from consumers.worker import Worker
from consumers.worker_observer import Unobserved
from ledger.domain.errors import LedgerError
from ops.bench.measure import ROUNDS, Measured, alternating, peak_mb, timed
from ops.cli.signals import stopped_at_the_end
from ops.home import Home
from ops.local.described import LocalPostgres, database_url, read_description
from ops.local.java import kafka_runtime
from ops.local.kafka import LocalBrokers
from ops.local.postgres import LocalDatabase
from ops.local.postgres_logins import SUPER_USER
from ops.settings import Settings
from projections.database import ViewDatabase
from projections.places import Place

PARTITIONS = 6
TOOL_RECORD_BYTES = 600
WAIT_S = 900


class Topics:
    """A log's own topics on the broker."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self.kafka = kafka
        self.name = f"bench-{uuid.uuid4().hex}"
        own = [replace(topic, name=f"{self.name}.{topic.name}") for topic in TOPICS]
        create_topics(kafka, partitions=PARTITIONS, topics=own)
        self.events, self.state = f"{self.name}.{EVENTS}", f"{self.name}.{RELAY}"


def measured(home: Home, folder: Path, console: Console) -> list[Measured]:
    """Everything, on servers that are started here and stopped again."""
    place = folder / "servers"
    place.mkdir()
    brokers, database = LocalBrokers(place), LocalDatabase(place)
    with stopped_at_the_end() as started:
        started.callback(brokers.down)
        brokers.up()
        started.callback(database.down)
        database.up()
        kafka = Settings.load(place).kafka("admin")
        topics, relay = _relay(home, kafka)
        made = [relay, _feed(home, topics), *_workers(topics, place, console)]
        console.print(_tools(topics, home.feed.end()))
        return made


def _relay(home: Home, kafka: KafkaSettings) -> tuple[Topics, Measured]:
    """The relay, reading the store, beside a producer that sends records made before."""
    records = [record for batch in home.feed.read(0) for record in batch]
    ready = made_records(records, [-1] * PARTITIONS)
    made: list[Topics] = []

    def ours() -> int:
        topics = made[-1]
        relay = Relay(home.feed, kafka, topics.name, events=topics.events, state=topics.state)
        relay.run(threading.Event(), once=True)
        return len(records)

    def bare() -> int:
        return _send_bare(kafka, Topics(kafka).events, ready)

    rates = alternating(ours, bare, lambda _: made.append(Topics(kafka)))
    name = "转发到Kafka / the relay"
    return made[-1], Measured(name, *rates, "KafkaProducer, same settings", 0.8)


def _send_bare(kafka: KafkaSettings, topic: str, ready: list[EventRecord]) -> int:
    producer = fencing_producer(kafka, f"bench-{uuid.uuid4().hex}")
    size = Limits().events
    for start in range(0, len(ready), size):
        producer.begin_transaction()
        send_each(producer, topic, ready[start : start + size])
        producer.commit_transaction()
    producer.close()
    return len(ready)


def _poll_bare(topics: Topics) -> int:
    """Every record of the topic through ``poll``, and nothing done with it."""
    from kafka import KafkaConsumer, TopicPartition

    ends = end_offsets(topics.kafka, topics.events)
    consumer = KafkaConsumer(**consumer_options(topics.kafka))
    parts = [TopicPartition(topics.events, p) for p in ends]
    consumer.assign(parts)
    consumer.seek_to_beginning()
    count, deadline = 0, time.monotonic() + WAIT_S
    while any(consumer.position(p) < ends[p.partition] for p in parts):
        assert time.monotonic() < deadline
        count += sum(map(len, consumer.poll(500).values()))
    consumer.close()
    return count


def _feed(home: Home, topics: Topics) -> Measured:
    """The whole log in position order, beside a bare loop."""

    def ours() -> int:
        feed = KafkaFeed(topics.kafka, topic=topics.events)
        return sum(len(batch) for batch in feed.read(0))

    assert ours() == home.feed.end()
    rates = alternating(ours, lambda: _poll_bare(topics))
    return Measured("按序读出Kafka / the Kafka feed", *rates, "KafkaConsumer.poll", 0.8)


class _Told(NamedTuple):
    """What a worker process says at its end."""

    events: int
    began: float
    ended: float
    peak_mb: float


class _Times(Unobserved):
    """When a worker wrote first and last, and how much."""

    def __init__(self) -> None:
        self.events = 0
        self.began = 0.0
        self.ended = 0.0

    def assigned(self, partitions: Any) -> None:
        if partitions and not self.began:
            self.began = time.time()

    def flushed(self, partition: int, events: int, place: Place, seconds: float) -> None:
        self.events += events
        self.ended = time.time()

    def parked(self, event: Any) -> None:
        raise AssertionError(event)

    def interrupted(self, error: LedgerError, delay_s: float) -> None:
        raise AssertionError(error)


def _worker(kafka: KafkaSettings, url: str, topic: str) -> _Told:
    """What one process does."""
    times, database = _Times(), ViewDatabase(url)
    group = topic
    Worker(kafka, database, topic=topic, group=group, observer=times).run(
        threading.Event(), until_end=True
    )
    database.close()
    return _Told(times.events, times.began, times.ended, peak_mb())


def _rebuilt(topics: Topics, url: str, workers: int) -> tuple[float, float]:
    """Events a second of so many worker processes on empty views, and the largest one's memory."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        working = [pool.submit(_worker, topics.kafka, url, topics.events) for _ in range(workers)]
        found = [worker.result(WAIT_S) for worker in working]
    took_s = max(f.ended for f in found) - min(f.began for f in found if f.began)
    return sum(f.events for f in found) / took_s, max(f.peak_mb for f in found)


def _workers(topics: Topics, place: Path, console: Console) -> list[Measured]:
    """All views from Kafka by one worker and by two, beside a bare loop that folds nothing."""
    one: list[float] = []
    two: list[float] = []
    bare: list[float] = []
    largest_mb = 0.0
    for _ in range(ROUNDS):
        bare.append(timed(lambda: _poll_bare(topics)))
        for rates, workers in ((one, 1), (two, 2)):
            rate, peak = _rebuilt(topics, _new_database(place), workers)
            rates.append(rate)
            largest_mb = max(largest_mb, peak)
    console.print(f"the largest worker process took {largest_mb:,.0f} MB")
    alone = median(one)
    folded = "由Kafka重建视图 / all views, one worker"
    return [
        Measured(folded, alone, median(bare), "KafkaConsumer.poll", 0.8),
        Measured("两个工作进程 / all views, two workers", median(two), alone, "one worker", 1.6),
    ]


def _new_database(place: Path) -> str:
    """The URL of views in a database of their own."""
    import psycopg
    from psycopg import sql

    folder = LocalDatabase(place).folder
    known = read_description(folder, LocalPostgres)
    assert known is not None
    name = f"views-{uuid.uuid4().hex}"
    admin = database_url(folder, known, SUPER_USER, "postgres").get_secret_value()
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = database_url(folder, known, SUPER_USER, name).get_secret_value()
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _tools(topics: Topics, events: int) -> str:
    """What Kafka's own performance tools do on this machine, in their own words."""
    runtime = kafka_runtime()
    bootstrap = ",".join(topics.kafka.bootstrap)
    scratch = Topics(topics.kafka).events
    produce = runtime.command(
        "org.apache.kafka.tools.ProducerPerformance",
        *("--topic", scratch, "--num-records", str(events), "--throughput", "-1"),
        *("--record-size", str(TOOL_RECORD_BYTES), "--bootstrap-server", bootstrap),
        *("--producer-props", "acks=all", "compression.type=lz4", "batch.size=262144"),
    )
    consume = runtime.command(
        "org.apache.kafka.tools.ConsumerPerformance",
        *("--topic", topics.events, "--messages", str(events), "--bootstrap-server", bootstrap),
    )
    said = [_said(runtime.env, command) for command in (produce, consume)]
    written = re.findall(r"([\d.]+) records/sec", said[0])
    read = said[1].strip().splitlines()[-1].split(",")
    return (
        f"Kafka's own tools: ProducerPerformance {float(written[-1]):,.0f}/s, "
        f"ConsumerPerformance {float(read[5]):,.0f}/s"
    )


def _said(env: Any, command: list[str]) -> str:
    done = subprocess.run(
        command, env=dict(env), capture_output=True, text=True, timeout=WAIT_S, check=True
    )
    return done.stdout
