"""Parked events at the command line, by an officer who mends, tries again, and lets go."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from consumers.connection import KafkaSettings
from consumers.rebuild import Rebuild
from consumers.worker import Worker
from ledger.domain.events import Event
from ledger.domain.events import program as pg
from ops.home import Home
from projections.database import ViewDatabase
from projections.digest import digest_of
from projections.engine import Projector
from projections.view import on
from projections.views.programs import Programs
from tests.integration.cli import ok, run
from tests.kafka_logs import KafkaLog, kafka_log

BROKEN = "living-subsidy"
OFFICER = ("--as", "zhang", "--reason", "程序无法处理,人工核对后作废")


class Shared(NamedTuple):
    """A home whose views workers feed from Kafka."""

    path: Path
    log: KafkaLog

    def work(self) -> None:
        """Relay what is new and fold it."""
        home = Home.open(self.path)
        database = ViewDatabase(home.views_url)
        self.log.relay_once(home.feed)
        topic, name = self.log.events, self.log.name
        worker = Worker(self.log.kafka, database, topic=topic, group=name, discarded=home.discarded)
        worker.run(threading.Event(), until_end=True)
        database.close()
        home.close()

    def rebuilt_the_same(self) -> bool | None:
        home = Home.open(self.path)
        database = ViewDatabase(home.views_url)
        rebuild = Rebuild(
            self.log.kafka, database, [Programs], topic=self.log.events, discarded=home.discarded
        )
        (rebuilt,) = rebuild.run()
        database.close()
        home.close()
        return rebuilt.same

    def digests(self) -> tuple[str, str]:
        """The live rows', and those of a clean fold of the store."""
        home = Home.open(self.path)
        database = ViewDatabase(home.views_url)
        with database.read() as connection:
            live = database.live(connection)["programs"]
            ours = digest_of(database, connection, Programs, live).digest
        whole = Projector("sqlite://", home.feed, [Programs], discarded=home.discarded)
        whole.catch_up()
        clean = whole.digests()["programs"].digest
        database.close()
        home.close()
        return ours, clean

    def waiting(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = ok(self.path, "dlq", "list", "--format", "json").json[
            "waiting"
        ]
        return found


@pytest.fixture
def shared(
    kafka: KafkaSettings,
    make_database: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Shared]:
    """A new home with its catalog; the view of programs cannot take in one of them."""
    monkeypatch.setenv("BENEFITS_DATABASE_URL", make_database())
    monkeypatch.setenv("BENEFITS_LANG", "en")
    whole = Programs.adopted

    @on(pg.ProgramAdopted)
    def adopted(self: Programs, position: int, event: Event[pg.ProgramAdopted]) -> None:
        whole(self, position, event)
        if event.data.program == BROKEN:
            raise ZeroDivisionError("half done")

    ok(tmp_path / "home", "init", "--store", "postgres")
    made = Shared(tmp_path / "home", kafka_log(kafka))
    with monkeypatch.context() as broken:
        broken.setattr(Programs, "adopted", adopted)
        made.work()
        assert run(made.path, "dlq", "retry", "programs", "--all").status == 1
        yield made


def test_mended_code_takes_in_what_waited(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    (waiting,) = shared.waiting()
    assert (waiting["view"], waiting["reason"]) == ("programs", "ZeroDivisionError('half done')")
    assert waiting["told"] is False  # it failed again, and no worker came by since
    assert "ZeroDivisionError" in ok(shared.path, "dlq", "list").text
    position = str(waiting["position"])
    shown = ok(shared.path, "dlq", "show", "programs", position, "--format", "json").json
    assert shown["document"]["id"] == waiting["event"]
    assert waiting["event"] in ok(shared.path, "dlq", "show", "programs", position).text
    shared.work()
    assert shared.waiting()[0]["told"] is True
    mended = vars(Programs)["adopted"].__closure__[0].cell_contents
    with monkeypatch.context() as code:
        code.setattr(Programs, "adopted", mended)
        of = ("--subject", waiting["subject"])
        retried = ok(shared.path, "dlq", "retry", "programs", *of, "--format", "json").json
        assert (retried["folded"], retried["left"]) == (waiting["waiting"], 0)
        assert "no event waits" in ok(shared.path, "dlq", "list").text
        ours, clean = shared.digests()
        assert ours == clean


def test_a_discard_is_an_officers_and_holds_in_every_rebuild(shared: Shared) -> None:
    (waiting,) = shared.waiting()
    at = ("programs", str(waiting["position"]))
    assert run(shared.path, "dlq", "discard", *at, "--as", "zhang").status == 2
    ok(shared.path, "dlq", "discard", *at, *OFFICER, "--key", "k1")
    assert "used before" in ok(shared.path, "dlq", "discard", *at, *OFFICER, "--key", "k1").err
    shared.work()
    assert shared.waiting() == []
    assert "used before" in ok(shared.path, "dlq", "discard", *at, *OFFICER, "--key", "k1").err
    again = run(shared.path, "dlq", "discard", *at, *OFFICER, "--key", "k2")
    assert (again.status, "already-exists" in again.err) == (2, True)
    assert shared.rebuilt_the_same() is True
    ours, clean = shared.digests()
    assert ours == clean
    (event,) = ok(shared.path, "events", "--type", "ParkedEventDiscarded", "--format", "json").json[
        "events"
    ]
    assert event["data"]["event"] == waiting["event"]
    assert (event["actor"], event["subject"]) == ("zhang", waiting["subject"])


def test_what_is_asked_wrongly_is_refused(shared: Shared, tmp_path: Path) -> None:
    (waiting,) = shared.waiting()
    home, at = shared.path, waiting["position"]
    behind = at + 1
    cases = {
        "parked-behind": ("discard", "programs", str(behind), *OFFICER),
        "not-found": ("discard", "programs", "999999", *OFFICER),
        "view-unknown": ("retry", "no-such-view", "--all"),
        "invalid-value": ("retry", "programs"),
        "outside-division": ("discard", "programs", str(at), *OFFICER, "--in", "220202"),
    }
    for code, arguments in cases.items():
        ended = run(home, "dlq", *arguments)
        assert (ended.status, code in ended.err) == (2, True), (code, ended.err)
    assert run(home, "dlq", "show", "programs", "999999").status == 2
    ok(tmp_path / "file", "init")
    ended = run(tmp_path / "file", "dlq", "list")
    assert (ended.status, "views-not-shared" in ended.err) == (4, True)
    assert shared.waiting() == [waiting]
