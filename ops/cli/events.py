"""``events`` and ``digest``: the log itself, as stored.

``--format ndjson`` writes the stored bytes, untouched, one event a line; whoever re-hashes them
gets what the log holds. Filters are told from the canonical bytes first and then decided on the
decoded attributes, so that a name inside an event's data never passes for an attribute.
"""

import hashlib
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import orjson
import typer

from ledger.codec import type_name
from ledger.domain.errors import InvalidValue
from ledger.domain.events import EVENT_TYPES
from ledger.domain.refusals import UnknownProgram
from ledger.domain.stream import program_id
from ledger.log.feed import Record
from ledger.log.store_feed import StoreFeed
from ops.cli.moments import AsOfPosition, EffectiveOn, KnownOn, bound_by
from ops.cli.queries import must_know_division
from ops.cli.session import Session, command
from ops.home import Home
from projections.asof import AsOf, attribute

app = typer.Typer()

ROWS = 1_000
"""Rows of a table unless more are asked for."""
POLL_S = 0.2
"""How often a follower looks for more."""

EventsFormat = Annotated[
    Literal["table", "json", "ndjson"] | None,
    typer.Option(
        "--format", help="输出格式;ndjson为存储的原始字节 | ndjson gives the stored bytes"
    ),
]


@dataclass(frozen=True, slots=True)
class Filter:
    """What to print; None and empty let everything pass."""

    types: frozenset[str] = frozenset()
    subject: str | None = None
    stream: str | None = None
    program: str | None = None
    division: str | None = None

    def test(self) -> Callable[[bytes], bool] | None:
        """A test of an event's bytes; None when everything passes."""
        marks = [
            b'"%b":"%b%b' % (name.encode(), value.encode(), end)
            for name, value, end in (
                ("subject", self.subject, b'"'),
                ("id", self.stream, b"/"),
                ("program", self.program, b'"'),
                ("division", self.division, b'"'),
            )
            if value is not None
        ]
        if not marks and not self.types:
            return None
        types = {name.encode() for name in self.types}

        def passes(raw: bytes) -> bool:
            if types and type_name(raw) not in types:
                return False
            return all(mark in raw for mark in marks) and (not marks or self._exact(raw))

        return passes

    def _exact(self, raw: bytes) -> bool:
        event = orjson.loads(raw)
        return (
            self.subject in (None, event["subject"])
            and self.stream in (None, event["id"].rpartition("/")[0])
            and self.program in (None, event["data"].get("program"))
            and self.division in (None, event["division"])
        )


def type_names(given: list[str]) -> frozenset[str]:
    """Full type names; ``SubsidyGranted`` stands for ``benefits.SubsidyGranted.v1``."""
    full = set()
    for name in given:
        short = name.removeprefix("benefits.").removesuffix(".v1")
        if short not in EVENT_TYPES:
            raise InvalidValue(field="type", value=name)
        full.add(f"benefits.{short}.v1")
    return frozenset(full)


@command(
    app,
    "events",
    help="打印、筛选、跟踪事件 | Print, filter and follow events",
    format_option=EventsFormat,
)
def events(
    session: Session,
    *,
    type: Annotated[list[str] | None, typer.Option(help="事件类型,可多次 | Event type")] = None,
    subject: Annotated[str | None, typer.Option(help="事件主体 | Subject")] = None,
    stream: Annotated[str | None, typer.Option(help="事件流 | Stream")] = None,
    program: Annotated[str | None, typer.Option(help="项目代码 | Program")] = None,
    division: Annotated[str | None, typer.Option(help="行政区划 | Division")] = None,
    since_position: Annotated[int, typer.Option(min=0, help="起始位置(含)| First position")] = 0,
    until_position: Annotated[
        int | None, typer.Option(min=0, help="结束位置(不含)| End, excluded")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="最多几条 | At most so many")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="持续跟踪 | Go on as events come")
    ] = False,
    idle: Annotated[
        float | None,
        typer.Option("--for", min=0, help="跟踪时无新事件几秒后结束 | Stop after idle seconds"),
    ] = None,
) -> None:
    chosen = Filter(type_names(type or []), subject, stream, program, division)
    if until_position is not None and until_position < since_position:
        said = f"{until_position} (--since-position {since_position})"
        raise InvalidValue(field="--until-position", value=said)
    with (
        session.opened() as home,
        # A batch may be read ahead when the limit is reached: the home is closed after that.
        closing(_batches(home.feed, since_position, until_position, follow, idle)) as batches,
    ):
        _must_know(home, chosen)
        table = session.format == "table" and not follow
        found = _limited(_chosen(batches, chosen), ROWS if table and limit is None else limit)
        if session.format == "ndjson":
            _write(found)
        elif session.json:
            listed = [{"position": p, **orjson.loads(raw)} for batch in found for p, raw in batch]
            session.out.document({"events": listed})
        else:
            shown = _print(session, found, follow)
            if table and limit is None and shown == ROWS:
                session.out.note(session.say("more-rows", n=ROWS))


def _must_know(home: Home, chosen: Filter) -> None:
    """A misspelled code would look like nothing having happened.

    Raises :class:`UnknownProgram` for one that was never adopted, :class:`UnknownDivision`.
    """
    if chosen.program is not None and not home.store.existing([program_id(chosen.program)]):
        raise UnknownProgram(program=chosen.program)
    must_know_division(home, chosen.division)


def _batches(
    feed: StoreFeed, start: int, stop: int | None, follow: bool, idle_s: float | None
) -> Generator[list[Record], None, None]:
    """The log from ``start``, and what comes, until ``stop`` or nothing came for ``idle_s``."""
    position, quiet_since = start, time.monotonic()
    while True:
        for batch in feed.read(position, stop):
            yield list(batch)
            position = batch[-1][0] + 1
            quiet_since = time.monotonic()
        if not follow or (stop is not None and position >= stop):
            return
        if idle_s is not None and time.monotonic() - quiet_since >= idle_s:
            return
        time.sleep(POLL_S)


def _chosen(batches: Iterator[list[Record]], chosen: Filter) -> Iterator[list[Record]]:
    test = chosen.test()
    for batch in batches:
        yield batch if test is None else [record for record in batch if test(record[1])]


def _limited(batches: Iterator[list[Record]], limit: int | None) -> Iterator[list[Record]]:
    left = limit
    for batch in batches:
        if left is None:
            yield batch
            continue
        yield batch[:left]
        left -= len(batch)
        if left <= 0:
            return


def _write(batches: Iterator[list[Record]]) -> None:
    out = sys.stdout.buffer
    for batch in batches:
        if batch:
            out.write(b"\n".join([raw for _, raw in batch]) + b"\n")
            out.flush()


def _print(session: Session, batches: Iterator[list[Record]], follow: bool) -> int:
    """A table of a batch that ends, lines of one that goes on; the number of rows."""
    columns = (">position", "recorded", "effective", "type", "subject", "division", "actor", "what")
    if not follow:
        rows = [_row(session, p, raw) for batch in batches for p, raw in batch]
        session.out.table(None, columns, rows)
        return len(rows)
    shown = 0
    for batch in batches:
        for position, raw in batch:
            print("  ".join(str(cell) for cell in _row(session, position, raw)), flush=True)
            shown += 1
    return shown


def _row(session: Session, position: int, raw: bytes) -> tuple[Any, ...]:
    event = orjson.loads(raw)
    data = event["data"]
    what = data.get(session.lang) or data.get("reason") or data.get("title") or ""
    parts = [str(data[name]) for name in ("program", "month") if name in data]
    if "amount_fen" in data:
        parts.append(f"{data['amount_fen'] / 100:,.2f}")
    return (
        position,
        event["time"][:19],
        event["effective"],
        event["type"].split(".")[1],
        event["subject"],
        event["division"],
        event["actor"],
        " ".join([*parts, str(what)]),
    )


@command(app, "digest", help="事件日志与各视图的摘要 | Digests of the log and of every view")
def digest(
    session: Session,
    *,
    as_of_position: AsOfPosition = None,
    known_on: KnownOn = None,
    effective_on: EffectiveOn = None,
) -> None:
    """Always one JSON document: digests are there to be compared by programs.

    Of the past, the log's part is over the events that the question lets in.
    """
    bounds = (as_of_position, known_on, effective_on)
    bound = bound_by(*bounds) if any(b is not None for b in bounds) else None
    with session.opened() as home:
        count, digest = log_digest(home.feed, bound)
        with session.looking(home, *bounds, views=tuple(home.projector.views)) as projector:
            views = projector.digests()
    session.out.document(
        {
            "log": {"events": count, "sha256": digest},
            "views": {
                name: {"position": d.position, "rows": d.rows, "sha256": d.digest}
                for name, d in sorted(views.items())
            },
        }
    )


def log_digest(feed: StoreFeed, bound: AsOf | None = None) -> tuple[int, str]:
    """The number of events, and SHA-256 over each one's bytes and a newline, in position order.

    ``bound`` lets in what it admits; None is all events.
    """
    count, state = 0, hashlib.sha256()
    for batch in feed.read(0, None if bound is None else bound.position):
        raws = [raw for _, raw in batch if bound is None or _admitted(raw, bound)]
        if raws:
            state.update(b"\n".join(raws) + b"\n")
        count += len(raws)
        if bound is not None and bound.too_late(batch[-1][1]):
            break
    return count, state.hexdigest()


def _admitted(raw: bytes, bound: AsOf) -> bool:
    """As a projector of the past decides it, without decoding the event."""
    if bound.too_late(raw):
        return False
    return bound.effective is None or (
        attribute(raw, b'"effective":"') <= bound.effective.isoformat()
    )
