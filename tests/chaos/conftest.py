"""A folder in which servers can run: as root, PostgreSQL's own user must pass."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def chaos_folder() -> Iterator[Path]:
    """Not pytest's own, which nobody else may enter."""
    with tempfile.TemporaryDirectory(prefix="benefits-chaos-") as place:
        yield Path(place)
