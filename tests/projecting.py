"""One or two projectors on a view database, on SQLite and PostgreSQL, and a year to fold."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ops.home import views_url
from projections.engine import Projector
from tests.histories import History, ListFeed, history

Open = Callable[..., Projector]
DAY = "2017-03-01"


@pytest.fixture(params=["sqlite", "postgres"])
def opened(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens projectors on one view database (or another, by name), on both kinds of database."""
    made: list[Projector] = []
    if request.param == "postgres":
        url_of = cache(lambda _: views_url(request.getfixturevalue("new_ledger_url")(), "views"))
    else:
        url_of = cache(lambda name: f"sqlite:///{tmp_path / name}.db")

    def make(told: History | ListFeed, name: str = "views", **rest: Any) -> Projector:
        feed = told.feed() if isinstance(told, History) else told
        made.append(Projector(url_of(name), feed, **rest))
        return made[-1]

    yield make
    for projector in made:
        projector.close()


def a_year() -> History:
    """Three people, two of them paid for three months, one of those once in error."""
    told = history().program().rule("2016-01-01").fund(1_000_000)
    told.enrolled("p1", "p2", "p3").poor("h1", "p1")
    for month in ("2017-01", "2017-02", "2017-03"):
        for who in ("p1", "p2"):
            told.granted(who, month)
        told.settled("p1", month).returned("p2", month)
    return told.died("p1", "2017-02-10").overpaid("p1", "2017-03").recovered("p1")


def plain_digests(projector: Projector) -> dict[str, str]:
    return {name: d.digest for name, d in projector.digests().items()}
