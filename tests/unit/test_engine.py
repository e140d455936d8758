"""The projector catches up with a feed: exactly once in effect, whatever dies."""

from collections.abc import Iterator, Sequence

import pytest

from ledger.log.errors import FeedGap
from ledger.log.feed import Record
from projections.errors import ProjectionFailed
from tests.feed_conformance import FeedConformance, MakeFeed
from tests.histories import RATE, ListFeed, history
from tests.projecting import Open, a_year, opened, plain_digests

__all__ = ["opened"]


class TestListFeed(FeedConformance):
    @pytest.fixture
    def make_feed(self) -> MakeFeed:
        return lambda events: ListFeed(list(enumerate(events)), batch=4)


def test_catching_up_reaches_the_end_and_goes_on_from_there(opened: Open) -> None:
    told = history().enrolled("p1")
    views = opened(told)
    assert views.catch_up() == 3
    assert views.catch_up() == 3
    told.granted("p1", "2017-01")
    assert views.catch_up() == 4
    assert [r.granted_fen for r in views.rows("balances")] == [RATE]


def test_another_process_goes_on_from_the_stored_position(opened: Open) -> None:
    told = history().enrolled("p1").granted("p1", "2017-01")
    opened(told).catch_up()
    told.settled("p1", "2017-01").granted("p1", "2017-02")
    again = opened(told)
    again.catch_up()
    (balance,) = again.rows("balances")
    assert (balance.granted_fen, balance.settled_fen, balance.grants) == (2 * RATE, RATE, 2)


def test_two_projectors_by_turns_count_everything_once(opened: Open) -> None:
    told = history().enrolled("p1")
    one, two = opened(told), opened(told)
    for turn, month in enumerate(("2017-01", "2017-02", "2017-03", "2017-04")):
        told.granted("p1", month)
        (one, two)[turn % 2].catch_up()
    clean = opened(told, "clean")
    clean.catch_up()
    assert plain_digests(two) == plain_digests(clean)


def test_a_projector_overtaken_in_mid_fold_starts_over_from_what_is_stored(opened: Open) -> None:
    told = a_year()
    slow, fast = opened(told), opened(told)
    slow.catch_up()
    told.granted("p1", "2017-04")

    class Overtaking(ListFeed):
        def read(self, start: int, stop: int | None = None) -> Iterator[Sequence[Record]]:
            for batch in super().read(start, stop):
                fast.catch_up()
                yield batch

    slow.feed = Overtaking(told.records)
    assert slow.catch_up() == len(told.records)
    clean = opened(told, "clean")
    clean.catch_up()
    assert plain_digests(slow) == plain_digests(clean)


def test_a_record_delivered_again_changes_nothing(opened: Open) -> None:
    told = a_year()

    class Repeating(ListFeed):
        def read(self, start: int, stop: int | None = None) -> Iterator[Sequence[Record]]:
            for batch in super().read(start, stop):
                yield batch
                yield self.records[max(0, batch[0][0] - 3) : batch[-1][0] + 1]

    clean, twice = opened(told, "clean"), opened(Repeating(told.records, batch=4), "twice")
    clean.catch_up()
    twice.catch_up()
    assert plain_digests(twice) == plain_digests(clean)


def test_a_missing_record_is_an_error_and_nothing_after_it_counts(opened: Open) -> None:
    told = a_year()
    del told.records[5]
    views = opened(told)
    with pytest.raises(FeedGap) as caught:
        views.catch_up()
    assert caught.value.fields == {"expected": 5, "found": 6}
    assert views.position() == 0


def test_a_log_shorter_than_what_was_folded_is_an_error(opened: Open) -> None:
    told = a_year()
    opened(told).catch_up()
    with pytest.raises(FeedGap):
        opened(ListFeed(told.records[:4])).catch_up()


def test_bytes_that_are_no_event_stop_the_fold_at_their_position(opened: Open) -> None:
    told = history().enrolled("p1")
    told.records.append((3, b'{"type":"benefits.Unheard.v1"}'))
    with pytest.raises(ProjectionFailed) as caught:
        opened(told).catch_up()
    assert caught.value.fields["position"] == 3
    assert caught.value.fields["type"] == "benefits.Unheard.v1"


def test_a_flush_that_dies_half_way_leaves_nothing(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = a_year()
    views = opened(told)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(views.database, "advance", die)
        with pytest.raises(KeyboardInterrupt):
            views.catch_up()
    assert views.position() == 0
    assert views.rows("balances") == []
    views.catch_up()
    clean = opened(told, "clean")
    clean.catch_up()
    assert plain_digests(views) == plain_digests(clean)


def test_progress_is_told_and_ends_at_the_end(opened: Open) -> None:
    told: list[tuple[int, int]] = []
    opened(a_year().feed(batch=5)).catch_up(lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1] == len(a_year().records)
