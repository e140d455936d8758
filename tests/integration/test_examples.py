"""Examples of downstream systems: whatever kills them, nothing is lost or doubled in the target."""

import csv
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from consumers.connection import KafkaSettings
from consumers.examples import bank_feeder, warehouse_loader
from ledger.codec import decode
from ledger.domain.events import enrollment as en
from ledger.domain.events import payrun as pr
from ledger.domain.postings import postings
from ops.home import Home, opened
from tests.histories import CITY, History, history
from tests.kafka_logs import KafkaLog, kafka_log

WAIT_S = 120


@pytest.fixture(scope="module")
def home(city: Path) -> Iterator[Home]:
    """A small city's year."""
    with opened(city) as home:
        yield home


@pytest.fixture(scope="module")
def log(home: Home, kafka: KafkaSettings) -> KafkaLog:
    """The city's log on Kafka."""
    made = kafka_log(kafka, partitions=4)
    made.relay_once(home.feed, limits=None)
    return made


@pytest.fixture(scope="module")
def events(home: Home) -> list[Any]:
    return [decode(raw) for batch in home.feed.read(0) for _, raw in batch]


def arguments(log: KafkaLog, *more: str) -> list[str]:
    bootstrap = ",".join(log.kafka.bootstrap)
    return ["--bootstrap", bootstrap, "--topic", log.events, "--until-end", *more]


def killed(module: str, place: str, which: int, given: list[str]) -> None:
    """Run an example up to a place, where it kills itself."""
    command = [sys.executable, "-m", "tests.dying_consumer", module, place, str(which), *given]
    ended = subprocess.run(command, timeout=WAIT_S, check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()


def issued(events: list[Any]) -> dict[str, list[list[str]]]:
    """The lines of every file that should be there, by the file's name."""
    files: dict[str, list[list[str]]] = defaultdict(list)
    runs = {e.stream for e in events if isinstance(e.data, pr.PayRunIssued)}
    for e in events:
        alone = isinstance(e.data, en.PaymentInstructed)
        if not alone and not isinstance(e.data, en.SubsidyGranted):
            continue
        batch = e.id.replace("/", "-") if alone else e.data.payrun
        if alone or batch in runs:
            d = e.data
            amount = f"{Decimal(d.amount_fen) / 100:.2f}"
            files[batch].append([e.id, e.subject, d.account or "", d.program, d.month, amount])
    return dict(files)


def found(folder: Path) -> dict[str, list[list[str]]]:
    assert not list(folder.glob("*.partial"))
    read = {}
    for file in folder.glob("*.csv"):
        header, *rows = csv.reader(file.read_text().splitlines())
        assert tuple(header) == bank_feeder.HEADER
        read[file.stem] = rows
    return read


def test_every_payment_is_in_one_file_however_often_the_feeder_dies(
    log: KafkaLog, events: list[Any], tmp_path: Path
) -> None:
    module, folder = "consumers.examples.bank_feeder", tmp_path / "bank"
    where = ["--database", str(tmp_path / "feeder.sqlite"), "--out", str(folder)]
    given = arguments(log, *where, "--batch-events", "400")
    for place, which in (
        ("saved", 3),
        ("committed", 5),
        ("file", 1),
        ("named", 2),
        ("file", 7),
        ("saved", 8),
        ("named", 1),
    ):
        killed(module, place, which, given)
    assert bank_feeder.main(given) == 0
    assert found(folder) == issued(events)
    assert len(issued(events)) > 12
    names = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert bank_feeder.main(given) == 0
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == names


def test_no_file_is_written_of_a_run_that_does_not_add_up(
    kafka: KafkaSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_of(h: History, month: str, total_fen: int) -> None:
        h.granted("p1", month).granted("p2", month)
        data = pr.PayRunIssued(
            program="living-subsidy",
            month=month,
            count=2,
            total_fen=total_fen,
            by_division={CITY: total_fen},
            fund="city-subsidy",
            lines="0" * 64,
        )
        h.event(data, f"payrun-{month}", division=CITY)

    log, told = kafka_log(kafka), history()
    run_of(told, "2017-01", 14_000)
    run_of(told, "2017-02", 13_999)
    log.relay_once(told.feed())
    where = ["--database", str(tmp_path / "feeder.sqlite"), "--out", str(tmp_path / "bank")]
    assert bank_feeder.main(arguments(log, *where)) == 3
    assert "payments-disagree" in capsys.readouterr().err
    assert set(found(tmp_path / "bank")) <= {"payrun-2017-01"}


def warehouse(url: str) -> dict[str, Any]:
    """What is in the warehouse, in a form that both databases give alike."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        event, posting = warehouse_loader.FACT_EVENT, warehouse_loader.FACT_POSTING
        columns = sa.select(event.c.position, event.c.id, event.c.type)
        events_ = [tuple(r) for r in connection.execute(columns.order_by(event.c.position))]
        legs = connection.execute(
            sa.select(posting.c.position, posting.c.leg, posting.c.account, posting.c.amount_fen)
        )
        sums = connection.execute(sa.select(sa.func.sum(posting.c.amount_fen))).scalar()
        types = set(connection.execute(sa.select(warehouse_loader.DIM_TYPE.c.type)).scalars())
        made = {"events": events_, "legs": sorted(map(tuple, legs)), "sum": sums, "types": types}
    engine.dispose()
    return made


def loaded(events: list[Any]) -> dict[str, Any]:
    """What should be in it."""
    legs = [
        (position, leg, p.account, p.amount_fen)
        for position, e in enumerate(events)
        for leg, p in enumerate(postings(e))
    ]
    rows = [(position, e.id, e.type) for position, e in enumerate(events)]
    return {"events": rows, "legs": sorted(legs), "sum": 0, "types": {e.type for e in events}}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'warehouse.sqlite'}"
    make: Callable[[], str] = request.getfixturevalue("make_database")
    return make().replace("postgresql://", "postgresql+psycopg://", 1)


def test_the_warehouse_holds_every_event_once_however_often_the_loader_dies(
    log: KafkaLog, events: list[Any], url: str
) -> None:
    module = "consumers.examples.warehouse_loader"
    given = arguments(log, "--database", url, "--batch-events", "2000")
    for place, which in (("saved", 1), ("committed", 2), ("saved", 3), ("committed", 4)):
        killed(module, place, which, given)
    assert warehouse_loader.main(given) == 0
    assert warehouse(url) == loaded(events)
    assert warehouse_loader.main(given) == 0
    assert warehouse(url) == loaded(events)


def test_a_loader_of_a_group_that_is_killed_is_replaced_by_the_others(
    log: KafkaLog, events: list[Any], make_database: Callable[[], str]
) -> None:
    url = make_database().replace("postgresql://", "postgresql+psycopg://", 1)
    group = ["--database", url, "--group", f"reader.{log.name}", "--batch-events", "1500"]
    given = arguments(log, *group)
    killed("consumers.examples.warehouse_loader", "saved", 4, given)
    command = [sys.executable, "-m", "consumers.examples.warehouse_loader", *given]
    others = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    for other in others:
        _, told = other.communicate(timeout=WAIT_S)
        assert other.returncode == 0, told.decode()
    assert warehouse(url) == loaded(events)


def test_a_division_of_the_warehouse_has_its_own_events_only(
    log: KafkaLog, events: list[Any], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'district.sqlite'}"
    assert warehouse_loader.main(arguments(log, "--database", url, "--division", "220202")) == 0
    ids = {e.id for e in events if e.division == "220202"}
    assert {id for _, id, _ in warehouse(url)["events"]} == ids
    assert 0 < len(ids) < len(events)


@pytest.mark.parametrize(
    "options",
    [
        ("--username", "reader", "--password-file", "password"),
        ("--ca-file", "authority.pem"),
        ("--security", "ssl", "--username", "reader"),
        ("--security", "sasl_plaintext", "--ca-file", "authority.pem"),
        ("--security", "sasl_ssl", "--username", "reader"),
    ],
)
def test_an_example_takes_no_lesser_connection_than_was_meant(
    options: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = ("--database", str(tmp_path / "bank.db"), "--out", str(tmp_path / "out"))
    assert bank_feeder.main(["--bootstrap", "127.0.0.1:1", *options, *own]) == 2
    assert "--security" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["bank_feeder", "warehouse_loader"])
def test_an_example_says_what_it_takes_and_ends_when_told(
    log: KafkaLog, tmp_path: Path, name: str
) -> None:
    command = [sys.executable, "-m", f"consumers.examples.{name}"]
    told = subprocess.run([*command, "--help"], check=True, capture_output=True, text=True)
    assert "--bootstrap" in told.stdout
    database = tmp_path / "target.sqlite"
    where = ["--database", str(database), "--out", str(tmp_path / "bank")]
    if name == "warehouse_loader":
        where = ["--database", f"sqlite:///{database}"]
    given = [one for one in arguments(log, *where) if one != "--until-end"]
    running = subprocess.Popen([*command, *given], stdout=subprocess.PIPE, text=True)
    ticking = threading.Event()
    for _ in range(WAIT_S * 10):
        if _saved(database):
            break
        ticking.wait(0.1)
    running.terminate()
    out, _ = running.communicate(timeout=WAIT_S)
    assert running.returncode == 0
    assert " events, " in out


@pytest.mark.parametrize(
    ("name", "where", "status", "said"),
    [
        ("warehouse_loader", ["--database", "nonsense"], 2, "not the URL of a database"),
        ("warehouse_loader", ["--database", "mysql://u:secret@h/d"], 2, "mysql is not one of"),
        ("warehouse_loader", ["--database", "sqlite:////proc/x"], 4, "unable to open"),
        ("bank_feeder", ["--database", "/proc/x", "--out", "{tmp}"], 4, "unable to open"),
        ("bank_feeder", ["--database", "{tmp}/f", "--out", "/proc/x"], 4, "/proc/x"),
    ],
)
def test_an_example_refuses_a_target_that_it_cannot_write_to(
    tmp_path: Path, name: str, where: list[str], status: int, said: str
) -> None:
    """In a line, without a traceback and without the password in a database's URL."""
    command = [sys.executable, "-m", f"consumers.examples.{name}", "--bootstrap", "localhost:1"]
    where = [one.replace("{tmp}", str(tmp_path)) for one in where]
    ended = subprocess.run([*command, *where], check=False, capture_output=True, text=True)
    assert (ended.returncode, said in ended.stderr) == (status, True), ended.stderr
    assert "Traceback" not in ended.stderr
    assert "secret" not in ended.stderr


def _saved(database: Path) -> bool:
    """Whether anything has been committed."""
    if not database.exists():
        return False
    with closing(sqlite3.connect(database)) as connection:
        try:
            query = "SELECT count(*) FROM benefits_checkpoints"
            return bool(connection.execute(query).fetchone()[0])
        except sqlite3.OperationalError:  # no table yet
            return False
