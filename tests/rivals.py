"""Two processes on one ledger, on both kinds of store."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.office import Office


@pytest.fixture(params=["sqlite", "postgres"])
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Office]:
    url = request.getfixturevalue("ledger_url") if request.param == "postgres" else None
    it = Office(tmp_path / "home", database_url=url)
    yield it
    it.close()


@pytest.fixture
def rival(office: Office) -> Iterator[Office]:
    it = office.rival()
    yield it
    it.close()


def overtaken(office: Office, act: Callable[[], object], *, times: int = 1) -> None:
    """Let ``act`` happen after the office's next decision and before its events are stored."""
    flush, left = office.ledger.vault.flush, [times]

    def hooked() -> None:
        if left[0]:
            left[0] -= 1
            act()
        flush()

    office.ledger.vault.flush = hooked  # type: ignore[method-assign]
