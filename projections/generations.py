"""Generations of views: their table, what one is, and how it is told and addressed in SQL."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from projections import places

GENERATIONS = sa.Table(
    "view_generations",
    sa.MetaData(),
    sa.Column("view", sa.Text(), primary_key=True),
    sa.Column("generation", sa.Integer(), primary_key=True),
    sa.Column("version", sa.Integer(), nullable=False),
    sa.Column("live", sa.Boolean(), nullable=False),
    sa.Column("position", sa.BigInteger(), nullable=False),
    sa.Column("recorded", sa.Text()),
    sa.Column("tables", sa.Text(), nullable=False),
    sa.Column("digest", sa.Text()),
    sa.Column("digest_position", sa.BigInteger()),
    sa.Column("partitions", sa.Integer()),
)

NUMBERS = sa.Table(
    "view_numbers",
    GENERATIONS.metadata,
    sa.Column("view", sa.Text(), primary_key=True),
    sa.Column("dropped", sa.Integer(), nullable=False),
)
"""The highest generation of each view that was dropped. No number is used twice: who slept while
its generation was dropped would take another's for its own, and write into it."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation of a view: ``position`` events are in it, the last recorded at ``recorded``.

    ``tables`` are the names of its physical tables. ``digest`` is the content digest as taken at
    ``digest_position``, if one was taken. ``partitions`` is how many feed it, each with a place of
    its own (:mod:`projections.places`); None is the whole log in order.
    """

    view: str
    generation: int
    version: int
    live: bool
    position: int
    recorded: str | None
    tables: str
    digest: str | None = None
    digest_position: int | None = None
    partitions: int | None = None


def _every() -> sa.Select[Any]:
    """Each generation as it is stored, oldest first, and what its partitions make together."""
    fed = places.counted()
    same = sa.and_(GENERATIONS.c.view == fed.c.view, GENERATIONS.c.generation == fed.c.generation)
    stored = (GENERATIONS.c[name] for name in Generation.__slots__)
    return (
        sa.select(*stored, fed.c.folded, fed.c.latest)
        .outerjoin_from(GENERATIONS, fed, same)
        .order_by(GENERATIONS.c.view, GENERATIONS.c.generation)
    )


EVERY = _every()
"""Made once: every look at a view asks it."""


def as_stored(*stored: Any) -> Generation:
    """One as :data:`EVERY` tells it: its position is what its partitions make together, if any."""
    *fields, folded, latest = stored
    found = Generation(*fields)
    if found.partitions is None:
        return found
    return replace(found, position=int(folded or 0), recorded=latest)


def fields_of(generation: Generation) -> dict[str, Any]:
    return {name: getattr(generation, name) for name in Generation.__slots__}


def is_one(generation: Generation) -> sa.ColumnElement[bool]:
    return sa.and_(
        GENERATIONS.c.view == generation.view,
        GENERATIONS.c.generation == generation.generation,
    )


def among(generations: Sequence[Generation]) -> sa.ColumnElement[bool]:
    keys = [(g.view, g.generation) for g in generations]
    return sa.tuple_(GENERATIONS.c.view, GENERATIONS.c.generation).in_(keys)
