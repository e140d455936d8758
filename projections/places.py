"""Where the partitions of a log stand in a view, when several workers share them.

A generation that is fed by partitions has a row here for each: the offset to read next, the
position folded last, how many events that makes. It is written in the transaction that writes the
rows, and held while that is under way, so that a partition counts once whoever believes to have it.
What a view could not process is parked here with every later event of its subject, in order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import sqlalchemy as sa

_METADATA = sa.MetaData()

PLACES = sa.Table(
    "view_places",
    _METADATA,
    sa.Column("view", sa.Text(), primary_key=True),
    sa.Column("generation", sa.Integer(), primary_key=True),
    sa.Column("partition", sa.Integer(), primary_key=True),
    sa.Column("next_offset", sa.BigInteger(), nullable=False),
    sa.Column("position", sa.BigInteger(), nullable=False),
    sa.Column("count", sa.BigInteger(), nullable=False),
    sa.Column("epoch", sa.BigInteger(), nullable=False),
    sa.Column("recorded", sa.Text()),
)

PARKED = sa.Table(
    "view_parked",
    _METADATA,
    sa.Column("view", sa.Text(), primary_key=True),
    sa.Column("generation", sa.Integer(), primary_key=True),
    sa.Column("position", sa.BigInteger(), primary_key=True),
    sa.Column("partition", sa.Integer(), nullable=False),
    sa.Column("offset", sa.BigInteger(), nullable=False),
    sa.Column("previous", sa.BigInteger(), nullable=False),
    sa.Column("subject", sa.Text(), nullable=False, index=True),
    sa.Column("reason", sa.Text()),
    sa.Column("value", sa.LargeBinary(), nullable=False),
    sa.Column("parked_at", sa.Text(), nullable=False),
    sa.Column("produced", sa.Boolean(), nullable=False),
)


class Member(Protocol):
    """A generation of a view, by name and number."""

    @property
    def view(self) -> str: ...

    @property
    def generation(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Place:
    """How far one partition is folded into one generation of a view.

    ``next_offset`` is the offset to read next, ``position`` that of the last event (-1: none was),
    ``count`` how many events were read, ``epoch`` rises when rows were changed by someone else
    than the partition's worker, whose memory is old then.
    """

    next_offset: int = 0
    position: int = -1
    count: int = 0
    epoch: int = 0
    recorded: str | None = None


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that waits: ``reason`` is None for one that only follows another of its subject.

    ``parked_at`` is when it last failed or joined those that wait; ``produced`` says that others
    were told of it, on the topic of dead letters.
    """

    view: str
    generation: int
    partition: int
    position: int
    offset: int
    previous: int
    subject: str
    reason: str | None
    value: bytes
    parked_at: str
    produced: bool = False


def create_tables(connection: sa.Connection) -> None:
    """What this module needs, where it is not there yet."""
    _METADATA.create_all(connection)


def create_places(connection: sa.Connection, member: Member, partitions: int) -> None:
    """A new generation's places, all at the beginning."""
    connection.execute(
        sa.insert(PLACES),
        [
            {
                "view": member.view,
                "generation": member.generation,
                "partition": partition,
                **_columns(Place()),
            }
            for partition in range(partitions)
        ],
    )


def drop_places(connection: sa.Connection, view: str, generation: int) -> None:
    """Forget where a generation that is no more stood, and what it had parked."""
    for table in (PLACES, PARKED):
        mine = sa.and_(table.c.view == view, table.c.generation == generation)
        connection.execute(sa.delete(table).where(mine))


def places(
    connection: sa.Connection, members: Iterable[Member]
) -> dict[tuple[str, int], dict[int, Place]]:
    """The places of generations, by view and generation and then by partition."""
    wanted = {(m.view, m.generation) for m in members}
    found: dict[tuple[str, int], dict[int, Place]] = {key: {} for key in wanted}
    for row in connection.execute(sa.select(PLACES)):
        if (row.view, row.generation) in wanted:
            found[row.view, row.generation][row.partition] = _place(row)
    return found


def hold(
    connection: sa.Connection, members: Sequence[Member], partition: int
) -> list[Place | None]:
    """Each member's place in one partition, held against other writers until the transaction ends.

    None for a generation that is gone.
    """
    found: list[Place | None] = []
    for member in members:
        query = sa.select(PLACES).where(_is(member, partition)).with_for_update()
        row = connection.execute(query).first()
        found.append(None if row is None else _place(row))
    return found


def move(
    connection: sa.Connection, members: Sequence[Member], partition: int, place: Place
) -> None:
    """Store how far the partition has come; each member's epoch stays its own."""
    values = _columns(place)
    del values["epoch"]
    for member in members:
        connection.execute(sa.update(PLACES).where(_is(member, partition)).values(values))


def change(connection: sa.Connection, member: Member, partition: int) -> None:
    """Say that rows were changed by someone else than the partition's worker: a new epoch."""
    values = {"epoch": PLACES.c.epoch + 1}
    connection.execute(sa.update(PLACES).where(_is(member, partition)).values(values))


def park(connection: sa.Connection, events: Sequence[Parked]) -> None:
    """Keep events aside."""
    if events:
        rows = [{name: getattr(e, name) for name in Parked.__slots__} for e in events]
        connection.execute(sa.insert(PARKED), rows)


def unpark(connection: sa.Connection, events: Iterable[Parked]) -> None:
    """These events wait no longer."""
    for e in events:
        connection.execute(sa.delete(PARKED).where(_is_parked(e)))


def fail_again(connection: sa.Connection, event: Parked) -> None:
    """Keep the reason and the time with which a parked event failed anew; others are told again."""
    values = {"reason": event.reason, "parked_at": event.parked_at, "produced": False}
    connection.execute(sa.update(PARKED).where(_is_parked(event)).values(values))


def produced(connection: sa.Connection, events: Iterable[Parked]) -> None:
    """Others were told of these events, as they were parked then."""
    for e in events:
        same = sa.and_(_is_parked(e), PARKED.c.parked_at == e.parked_at)
        connection.execute(sa.update(PARKED).where(same).values(produced=True))


def unproduced(connection: sa.Connection, partitions: Iterable[int], limit: int) -> list[Parked]:
    """Parked events of these partitions of which nobody was told, the first ones."""
    waiting = sa.and_(PARKED.c.produced.is_(False), PARKED.c.partition.in_(list(partitions)))
    query = sa.select(PARKED).where(waiting).order_by(PARKED.c.position, PARKED.c.view)
    return [Parked(**row._mapping) for row in connection.execute(query.limit(limit))]


def parked(
    connection: sa.Connection,
    members: Iterable[Member],
    *,
    subject: str | None = None,
) -> list[Parked]:
    """What waits in these generations, by subject and then in order."""
    wanted = {(m.view, m.generation) for m in members}
    query = sa.select(PARKED).order_by(PARKED.c.subject, PARKED.c.view, PARKED.c.position)
    if subject is not None:
        query = query.where(PARKED.c.subject == subject)
    found = (Parked(**row._mapping) for row in connection.execute(query))
    return [e for e in found if (e.view, e.generation) in wanted]


def waiting(connection: sa.Connection, members: Iterable[Member]) -> dict[str, int]:
    """How many events wait in each of these views, in these generations; 0 is told as well."""
    wanted = {(m.view, m.generation) for m in members}
    query = sa.select(PARKED.c.view, PARKED.c.generation, sa.func.count()).group_by(
        PARKED.c.view, PARKED.c.generation
    )
    found = {(v, g): int(n) for v, g, n in connection.execute(query)}
    return {view: found.get((view, generation), 0) for view, generation in wanted}


class Standstill(NamedTuple):
    """A subject that stands still in a view: from which position on, how many events wait."""

    view: str
    generation: int
    subject: str
    partition: int
    position: int
    waiting: int


def standing(members: Iterable[Member]) -> sa.Subquery:
    """The :class:`Standstill` of these generations, as a query to select from."""
    keys = [(m.view, m.generation) for m in members]
    columns = (PARKED.c.view, PARKED.c.generation, PARKED.c.subject, PARKED.c.partition)
    found = sa.select(
        *columns, sa.func.min(PARKED.c.position).label("position"), sa.func.count().label("waiting")
    )
    mine = sa.tuple_(PARKED.c.view, PARKED.c.generation).in_(keys)
    return found.where(mine).group_by(*columns).subquery()


def standstills(
    connection: sa.Connection,
    members: Iterable[Member],
    *,
    partition: int | None = None,
    subject: str | None = None,
) -> list[Standstill]:
    """The subjects that stand still in these generations, without their events."""
    still = standing(members)
    query = sa.select(still).order_by(still.c.position, still.c.view)
    for column, wanted in ((still.c.partition, partition), (still.c.subject, subject)):
        if wanted is not None:
            query = query.where(column == wanted)
    return [Standstill(**row._mapping) for row in connection.execute(query)]


def counted() -> sa.Subquery:
    """For each generation that partitions feed: events folded, and the latest recorded time."""
    query = sa.select(
        PLACES.c.view,
        PLACES.c.generation,
        sa.func.sum(PLACES.c.count).label("folded"),
        sa.func.max(PLACES.c.recorded).label("latest"),
    )
    return query.group_by(PLACES.c.view, PLACES.c.generation).subquery()


def _is(member: Member, partition: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        PLACES.c.view == member.view,
        PLACES.c.generation == member.generation,
        PLACES.c.partition == partition,
    )


def _is_parked(event: Parked) -> sa.ColumnElement[bool]:
    return sa.and_(
        PARKED.c.view == event.view,
        PARKED.c.generation == event.generation,
        PARKED.c.position == event.position,
    )


def _place(row: sa.Row[tuple[object, ...]]) -> Place:
    return Place(**{name: getattr(row, name) for name in Place.__slots__})


def _columns(place: Place) -> dict[str, object]:
    return {name: getattr(place, name) for name in Place.__slots__}
