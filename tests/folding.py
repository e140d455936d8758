"""A history folded into views, for tests: a fixture and a shorthand."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from projections.engine import Projector
from tests.histories import History

Folded = Callable[[History], Projector]


@pytest.fixture
def folded(tmp_path: Path) -> Iterator[Folded]:
    """Folds a history into views."""
    made: list[Projector] = []

    def fold(told: History) -> Projector:
        made.append(Projector(f"sqlite:///{tmp_path / str(len(made))}.db", told.feed()))
        made[-1].catch_up()
        return made[-1]

    yield fold
    for projector in made:
        projector.close()


def one(views: Projector, table: str) -> Any:
    (row,) = views.rows(table)
    return row
