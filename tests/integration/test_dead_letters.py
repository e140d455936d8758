"""What a view cannot process waits, is told, tried again or let go, and nothing is lost by it."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from consumers import dead_letter_topic
from consumers.dead_letters import Retried
from consumers.held_partition import HeldPartition
from consumers.partitions import PartitionBatch, PartitionReader
from ledger.codec import decode
from ledger.domain.errors import NotFound
from ledger.domain.events import enrollment as en
from ledger.store.errors import StoreBusy
from projections import places
from projections.errors import ProjectionFailed, ViewHoldsDiscarded
from projections.fold import Moved
from projections.partition import PartitionRecord
from tests.parking import BY_NAME, SETTLE_S, STOPPED, VIEWS, Office, mend, office

__all__ = ["office"]


def test_a_retry_after_the_code_was_mended_leaves_what_a_clean_fold_leaves(office: Office) -> None:
    office.work()
    waiting = office.letters.waiting()
    assert [(w.event.subject, w.event.view, w.count) for w in waiting] == [
        (subject, "brittle", 3) for subject in STOPPED
    ]
    assert len(office.letters.waiting(limit=2)) == 2
    assert office.steps() == {f"p{n}": 1 if n % 3 == 0 else 2 for n in range(8)}
    mend()
    one, *rest = [*office.letters.retry("brittle", "p3"), *office.letters.retry("brittle")]
    assert one == Retried("brittle", "p3", folded=3, passed_over=0, left=0)
    assert [r.subject for r in rest] == ["p0", "p6"]
    assert office.parked() == []
    assert office.digests() == office.clean()
    with pytest.raises(NotFound):
        office.letters.retry("brittle", "p3")


def test_a_retry_that_fails_again_keeps_the_order_and_says_why_now(office: Office) -> None:
    office.work()
    before = office.letters.waiting(subject="p0")[0].event
    mend(en.SubsidyGranted)
    (told,) = office.letters.retry("brittle", "p0")
    assert (told.folded, told.left, told.reason) == (2, 1, "ZeroDivisionError('SubsidyGranted')")
    (left,) = office.letters.waiting(subject="p0")
    assert left.event.position == told.position
    assert left.event.reason == told.reason
    assert left.event.parked_at > before.parked_at
    # Half an event is none: nothing of the failed one is in the rows.
    assert office.steps()["p0"] == 3
    (again,) = office.letters.retry("brittle", "p0")
    assert (again.folded, again.left) == (0, 1)
    mend()
    office.letters.retry("brittle")
    assert office.digests() == office.clean()


def test_others_are_told_of_what_waits_with_its_bytes_and_why(office: Office) -> None:
    office.work()
    told = office.records()
    parked = {e.position: e for e in office.parked()}
    assert [int(dict(r.headers)["position"]) for r in told] == sorted(parked)
    stored = dict(office.told.records)
    for record in told:
        headers = dict(record.headers)
        event = parked[int(headers["position"])]
        assert record.value == stored[event.position]
        assert record.key.decode() == event.subject
        assert headers["id"].decode() == decode(record.value).id
        assert headers["type"].decode() == decode(record.value).type
        assert int(headers["previous"]) == event.previous
        assert int(headers["partition"]) == event.partition
        assert int(headers["offset"]) == event.offset
        assert headers["view"] == b"brittle"
        assert headers["parked-at"].decode() == event.parked_at
        assert headers.get("reason", b"").decode() == (event.reason or "")
    assert sum("reason" in dict(r.headers) for r in told) == len(STOPPED)


def test_an_event_that_fails_again_is_told_again(office: Office) -> None:
    office.work()
    mend(en.SubsidyGranted)
    (told,) = office.letters.retry("brittle", "p0")
    office.work()
    headers = [dict(r.headers) for r in office.records()]
    reasons = [h.get("reason") for h in headers if int(h["position"]) == told.position]
    assert reasons == [None, b"ZeroDivisionError('SubsidyGranted')"]
    assert len(headers) == 3 * len(STOPPED) + 1


class Died(BaseException):
    """The process is gone."""


def test_a_worker_that_dies_before_it_told_leaves_that_to_the_next(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> None:
        raise Died

    with monkeypatch.context() as dying:
        dying.setattr(dead_letter_topic.DeadLetterTopic, "_sent", die)
        with pytest.raises(Died):
            office.work()
    parked = office.parked()
    assert parked
    assert office.records() == []
    office.work()
    told = {int(dict(r.headers)["position"]) for r in office.records()}
    assert {e.position for e in parked} <= told
    assert told == {e.position for e in office.parked()}


def test_brokers_that_do_not_take_dead_letters_stop_no_worker(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as away:
        away.setattr(dead_letter_topic.DeadLetterTopic, "_sent", lambda *_: False)
        office.work()
    assert len(office.parked()) == 3 * len(STOPPED)
    assert office.records() == []
    office.work()
    assert len(office.records()) == 3 * len(STOPPED)


def test_a_discarded_event_is_passed_over_live_and_in_every_rebuild(office: Office) -> None:
    office.work()
    events = [w.event for w in office.letters.waiting()]
    for event in events:
        office.discard(event)
    office.work()
    assert office.parked() == []
    assert set(office.steps().values()) == {2, 3}
    assert office.rebuild() is True
    # With code that could process it, too: what was decided stays decided.
    mend()
    assert office.rebuild() is True
    assert office.digests() == office.clean()


def test_a_discard_holds_for_one_view_and_one_event_alone(office: Office) -> None:
    office.work()
    first, *_ = office.letters.waiting()
    office.discard(first.event)
    office.work()
    assert [w.event.subject for w in office.letters.waiting()] == ["p3", "p6"]
    mend()
    office.letters.retry("brittle")
    assert office.digests() == office.clean()
    assert office.steps()["p0"] == 3
    assert office.steps()["p3"] == 4


def test_a_retry_passes_over_what_was_discarded_and_not_relayed_yet(office: Office) -> None:
    office.work()
    first, *_ = office.letters.waiting()
    office.discard(first.event)
    (told,) = office.letters.retry("brittle", first.event.subject)
    assert (told.folded, told.passed_over, told.left) == (2, 1, 0)
    mend()
    office.letters.retry("brittle")
    office.work()
    assert office.digests() == office.clean()


def test_a_fold_from_nothing_knows_what_was_discarded(office: Office) -> None:
    office.work()
    first, *_ = office.letters.waiting()
    office.discard(first.event)
    mend()
    with office.database.write() as connection:
        for generation in office.database.generations(connection):
            office.database.drop(connection, generation)
    office.work()
    assert office.parked() == []
    assert office.digests() == office.clean()


def test_a_fold_that_took_in_what_was_discarded_is_refused(office: Office) -> None:
    office.work()
    first, *_ = office.letters.waiting()
    mend()
    office.letters.retry("brittle")
    office.discard(first.event)
    with pytest.raises(ViewHoldsDiscarded):
        # As when a command discards an event that does not wait any more.
        office.work(discarded=dict)
    assert office.rebuild() is None  # the live rows stopped before the decision
    office.work()
    assert office.digests() == office.clean()


def test_a_rebuild_ends_where_something_is_discarded_meanwhile(office: Office) -> None:
    office.work()
    first, *_ = office.letters.waiting()
    office.discard(first.event)
    answers = iter([{}, office.discarded()])
    mend()
    with pytest.raises(StoreBusy, match="discarded meanwhile"):
        office.rebuild(discarded=lambda: next(answers))
    office.work()
    assert office.rebuild() is None  # p3 and p6 wait still: there is nothing to compare with


def test_a_rebuild_says_what_it_cannot_process_and_changes_nothing(office: Office) -> None:
    office.work()
    before = office.digests()
    with pytest.raises(ProjectionFailed, match="brittle: ZeroDivisionError"):
        office.rebuild()
    assert office.digests() == before


def test_a_retry_beside_a_working_worker_loses_and_doubles_nothing(office: Office) -> None:
    office.relay()
    with office.at_work():
        _until(lambda: len(office.parked()) == 3 * len(STOPPED))
        mend()
        for month in range(6, 12):
            for n in range(8):
                office.told.granted(f"p{n}", f"2017-{month:02}")
            relaying = threading.Thread(target=office.relay)
            relaying.start()
            for told in office.letters.retry("brittle"):
                assert told.left == 0
            relaying.join(SETTLE_S)
        office.worker().run(threading.Event(), until_end=True)
    office.letters.retry("brittle")
    assert office.parked() == []
    assert office.digests() == office.clean()


def test_a_discard_reaches_a_worker_at_work(office: Office) -> None:
    office.relay()
    with office.at_work():
        _until(lambda: len(office.parked()) == 3 * len(STOPPED))
        for waiting in office.letters.waiting():
            office.discard(waiting.event)
        office.relay()
        _until(lambda: office.parked() == [])
    office.work()
    assert office.digests() == office.clean()


def test_what_a_worker_holds_in_memory_is_not_written_over_a_retry(office: Office) -> None:
    office.work()
    partition = office.letters.waiting(subject="p0")[0].event.partition
    held = HeldPartition(office.database, BY_NAME, partition, {})
    office.told.granted("p0", "2017-06").granted("p0", "2017-07")
    office.relay()
    with PartitionReader(
        office.log.kafka, {partition: held.start}, topic=office.log.events
    ) as reader:
        batches: list[PartitionBatch] = []
        _until(lambda: batches.extend(reader.poll(0.5)) or any(b.records for b in batches))
    for batch in batches:
        held.apply([PartitionRecord(*r) for r in batch.records], batch.next_offset)
    mend()
    office.letters.retry("brittle", "p0")
    with pytest.raises(Moved):
        held.write()
    held.close()
    assert office.letters.waiting(subject="p0") == []
    office.letters.retry("brittle")
    office.work()
    assert office.digests() == office.clean()


def test_views_whose_rows_were_changed_are_still_folded_with_the_others(office: Office) -> None:
    office.work()
    mend()
    office.letters.retry("brittle")
    with office.database.read() as connection:
        stand = places.places(connection, office.database.live(connection).values())
    partition = next(p for p in range(3) if len({at[p].epoch for at in stand.values()}) > 1)
    held = HeldPartition(office.database, BY_NAME, partition, {})
    assert [len(fold.members) for fold in held.folds] == [len(VIEWS)]
    held.close()


def _until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + SETTLE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)
