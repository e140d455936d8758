"""What a scrape of the real processes says is what happened."""

import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from prometheus_client.parser import text_string_to_metric_families

from consumers.adoption import adopt
from consumers.connection import KafkaSettings
from consumers.topics import create_topics
from consumers.worker import Worker
from consumers.worker_observer import Unobserved
from ledger.codec import decode
from ops.home import Home, opened
from ops.local.kafka import LocalBrokers
from ops.metrics import Metrics, MetricsPortUnusable
from ops.observing import LedgerMetrics, WorkerMetrics, trial_balance_fen
from ops.settings import Settings
from ops.simulation import run as simulate
from projections.database import ViewDatabase
from projections.errors import ViewUnreadable
from projections.views import ALL_VIEWS
from projections.views.funds import Funds
from tests.brittle import Brittle, suspensions
from tests.integration.test_rivals import CLERK, account, overtaken
from tests.kafka_logs import kafka_log
from tests.office import Office
from tests.view_databases import until_someone_waits

PARTITIONS = 3
WAIT_S = 120

Samples = dict[str, dict[tuple[str, ...], float]]
"""Metric name to label values (in the order of their names) to value."""


def scraped(url: str) -> Samples:
    with urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read().decode()
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


@contextmanager
def running(*arguments: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A process of the program with a page of metrics: its URL; ended by SIGTERM, with status 0."""
    command = [sys.executable, "-m", "ops.cli.main", *arguments, "--metrics-port", "0"]
    process = subprocess.Popen(
        [*command, "--lang", "en"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        yield _url(process.stderr), process
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=WAIT_S)
        assert process.returncode == 0, told
    finally:
        process.kill()
        process.wait()


def _url(told: IO[str]) -> str:
    for line in told:
        if found := re.search(r"metrics: (\S+)", line):
            return found.group(1)
    raise AssertionError("no page of metrics")


def until(url: str, true: Callable[[Samples], bool]) -> Samples:
    """The first scrape of which it is true."""
    waiting = threading.Event()
    for _ in range(WAIT_S * 4):
        samples = scraped(url)
        if true(samples):
            return samples
        waiting.wait(0.25)
    raise AssertionError(samples)


@pytest.fixture(scope="module")
def home(servers_folder: Path, make_database: Callable[[], str]) -> Iterator[tuple[Path, Metrics]]:
    """A small city with brokers and a database of its own, its log not relayed yet; and what was
    measured while it was simulated."""
    path = servers_folder / "metrics"
    LocalBrokers(path).up()
    url = make_database()
    create_topics(Settings.load(path).kafka("admin"), partitions=PARTITIONS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENEFITS_DATABASE_URL", url)
        made = Home.create(path, seed=7, scale="0.01", year=2017, store="postgres")
        metrics = Metrics()
        made.observer = LedgerMetrics(metrics)
        simulate(made, lambda *_: None)
        made.close()
        yield path, metrics
    LocalBrokers(path).down()


def test_relay_and_worker_say_what_they_did_and_how_far_they_are(
    home: tuple[Path, Metrics],
) -> None:
    path, _ = home
    with opened(path) as found_home:
        records = [record for batch in found_home.feed.read(0) for record in batch]
    end = len(records)
    with running("relay", "--home", str(path)) as (url, _):
        found = until(url, lambda s: s["benefits_relay_position"][()] == end - 1)
        assert found["benefits_sequencer_position"] == {(): end - 1}
        assert found["benefits_relay_lag_events"] == {(): 0}
        assert found["benefits_relay_events_total"] == {(): end}
        assert found["benefits_relay_bytes_total"] == {(): sum(len(raw) for _, raw in records)}
        assert found["benefits_relay_transactions_total"][()] >= end / 5_000
        began = found["benefits_relay_caught_up_timestamp_seconds"][()]
        later = until(url, lambda s: s["benefits_relay_caught_up_timestamp_seconds"][()] > began)
        assert later["benefits_sequencer_advanced_timestamp_seconds"][()] >= began
    with running("project", "--from", "kafka", "--home", str(path)) as (url, _):
        places = {(str(p), view.name) for p in range(PARTITIONS) for view in ALL_VIEWS}

        def done(samples: Samples) -> bool:
            lag = samples.get("benefits_projection_lag_events", {})
            return set(lag) == places and not any(lag.values())

        found = until(url, lambda s: done(s) and "benefits_projection_parked_events" in s)
        folded = found["benefits_projection_events_total"]
        assert sum(folded.values()) == end
        assert set(folded) == {(str(p),) for p in range(PARTITIONS)}
        assert set(found["benefits_projection_lag_seconds"].values()) == {0}
        assert found["benefits_projection_parked_events"] == {(v.name,): 0 for v in ALL_VIEWS}
        assert found["benefits_trial_balance_fen"] == {(): 0}
        assert found["benefits_projection_flush_duration_seconds_count"][()] >= PARTITIONS


def test_the_write_side_counts_events_by_type(home: tuple[Path, Metrics]) -> None:
    path, metrics = home
    with opened(path) as simulated:
        types = Counter(decode(raw).type for batch in simulated.feed.read(0) for _, raw in batch)
    server = metrics.serve(0)
    found = scraped(f"http://127.0.0.1:{server.server_port}/metrics")
    server.shutdown()
    server.server_close()
    assert found["benefits_events_appended_total"] == {(t,): n for t, n in types.items()}
    assert found["benefits_append_duration_seconds_count"][()] > 100


def test_a_decision_that_a_rival_overtook_is_counted_as_taken_anew(tmp_path: Path) -> None:
    metrics = Metrics()
    office = Office(tmp_path / "home")
    office.ledger.observer = LedgerMetrics(metrics)
    rival = office.rival()
    person = office.person(1)
    overtaken(office, lambda: rival.do(account(person, "x"), CLERK))
    office.do(account(person, "y"), CLERK)
    retries = metrics.registry.get_sample_value("benefits_transaction_retries_total")
    assert retries == 1
    rival.close()
    office.close()


def test_what_waits_is_told_by_view(kafka: KafkaSettings, make_database: Callable[[], str]) -> None:
    metrics = Metrics()
    log = kafka_log(kafka, partitions=2)
    log.relay_once(suspensions().feed())
    url = make_database().replace("postgresql://", "postgresql+psycopg://", 1)
    database = ViewDatabase(url)
    worker = Worker(
        kafka,
        database,
        [Brittle],
        topic=log.events,
        group=log.name,
        observer=WorkerMetrics(metrics, Unobserved()),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("consumers.worker.TELL_S", 0.0)
        patch.setattr("consumers.worker.TELL_WAITING_S", 0.0)
        worker.run(threading.Event(), until_end=True)
    database.close()
    waiting = metrics.registry.get_sample_value(
        "benefits_projection_parked_events", {"projection": "brittle"}
    )
    assert waiting is not None
    assert waiting > 0


def test_the_trial_balance_stays_while_a_rebuild_takes_its_table(
    make_database: Callable[[], str],
) -> None:
    """Asked between the drop and its commit, the table is gone when the answer comes."""
    url = make_database().replace("postgresql://", "postgresql+psycopg://", 1)
    database = ViewDatabase(url)
    adopt(database, {Funds.name: Funds}, 1)
    metrics = Metrics()
    observer = WorkerMetrics(metrics, Unobserved(), balance_fen=lambda: trial_balance_fen(database))
    metrics.trial_balance.set(-1)
    with ThreadPoolExecutor(1) as thread:
        with database.write() as connection:
            old = database.live(connection)[Funds.name]
            new = database.create(connection, old.view, old.version, Funds.tables, live=False)
            database.drop(connection, old)
            told = thread.submit(observer.waiting, {})
            until_someone_waits(database)
            database.make_live(connection, new)
        told.result(WAIT_S)
    assert metrics.registry.get_sample_value("benefits_trial_balance_fen") == -1
    observer.waiting({})
    assert metrics.registry.get_sample_value("benefits_trial_balance_fen") == 0
    with database.write() as connection:
        for name in new.tables.split():
            connection.exec_driver_sql(f"DROP TABLE {name}")
    with pytest.raises(ViewUnreadable):
        observer.waiting({})
    database.close()


def test_only_this_machine_is_answered_and_a_port_in_use_is_refused() -> None:
    metrics = Metrics()
    server = metrics.serve(0)
    assert server.server_address[0] == "127.0.0.1"
    with pytest.raises(MetricsPortUnusable):
        metrics.serve(server.server_port)
    server.shutdown()
    server.server_close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", server.server_port))
