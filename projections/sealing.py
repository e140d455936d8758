"""What the log amounted to at a position: every view's digest, the report, the index of chains.

Several positions are come to in one pass, each event read once: the folds' feed tells the chains
of what it reads. Nothing here is stored; a seal is recorded by whoever asks, and checked by asking
again.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledger.codec import recorded
from ledger.domain.events.seal import ProjectionSealed, SealedIndex, SealedView
from ledger.domain.seal import period_end
from ledger.log.completeness import Chains, SubjectIndex
from ledger.log.feed import Feed, Record
from ledger.log.merkle_log import Log
from ledger.randomness import rfc3339
from projections.asof import AsOf
from projections.discards import Discarding
from projections.engine import Progress, Projector
from projections.errors import NothingToSeal
from projections.figures import PublishedFigures
from projections.report import make_report
from projections.scratch import scratch
from projections.views import ALL_VIEWS


def position_at_end(log: Log, period: str) -> int:
    """How many events were recorded before the period's end. Raises :class:`NothingToSeal`.

    Recorded times never fall, so a few events are looked at.
    """
    end = rfc3339(period_end(period)).encode()
    position = bisect_left(range(log.size()), end, key=lambda at: recorded(log.entry(at)))
    if not position:
        raise NothingToSeal(period=period)
    return position


@dataclass(frozen=True, slots=True)
class Amounted:
    """What the log amounted to, and the index that the content's root is of."""

    content: ProjectionSealed
    index: SubjectIndex


class _Told:
    """A feed that lets chains take in whatever is read for the first time."""

    def __init__(self, feed: Feed, chains: Chains) -> None:
        self._feed = feed
        self._chains = chains

    def end(self) -> int:
        return self._feed.end()

    def read(self, start: int, stop: int | None = None) -> Iterator[Sequence[Record]]:
        for batch in self._feed.read(start, stop):
            yield batch
            done = self._chains.position
            self._chains.take([record for record in batch if record[0] >= done])


def amounted(
    feed: Feed,
    discarded: Discarding,
    wanted: Sequence[tuple[str, int]],
    published: dict[str, PublishedFigures],
    progress: Progress | None = None,
) -> Iterator[Amounted]:
    """For each period and position wanted, by ascending position, what the log amounted to.

    ``published`` has, by year, the figures that a report of that year is about.
    """
    chains = Chains()
    with scratch() as folder:
        past = Projector(
            folder.url, _Told(feed, chains), ALL_VIEWS, bound=AsOf(position=0), discarded=discarded
        )
        try:
            for period, position in wanted:
                past.advance_to(position, progress)
                assert chains.position == past.position() == position, (chains.position, position)
                index = chains.index()
                yield Amounted(_content(past, index, period, position, published), index)
        finally:
            past.close()


def _content(
    past: Projector,
    index: SubjectIndex,
    period: str,
    position: int,
    published: dict[str, PublishedFigures],
) -> ProjectionSealed:
    views = {
        name: SealedView(version=past.views[name].version, rows=d.rows, digest=d.digest)
        for name, d in past.digests().items()
    }
    figures = published.get(period[:4])
    report = make_report(past, figures).figures if figures is not None else []
    return ProjectionSealed(
        period=period,
        position=position,
        index=SealedIndex(subjects=len(index), root=index.root.hex()),
        views=views,
        figures={line.id: line.actual_value for line in report},
    )
