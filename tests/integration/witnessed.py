"""A home and a witness that trusts its key, and what happens to them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ops.home import opened
from ops.witness.office import Witness
from ops.witness.server import WitnessServer
from tests.integration.cli import ok

ORIGIN = "urn:benefits-ledger:220200"
BY = ("--as", "officer-1")
JSON = ("--format", "json")
PATIENCE_S = 60


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the catalog in it and a key, and a witness that trusts that key."""
    folder = tmp_path_factory.mktemp("prepared")
    ok(folder / "home", "init")
    key = ok(folder / "home", "key", "generate", *BY, *JSON).json["vkey"]
    at = ("--folder", str(folder / "witness"))
    ok(folder / "home", "witness", "init", "--name", "inspection.example/w1", *at)
    ok(folder / "home", "witness", "trust", key, *at)
    return folder


@pytest.fixture
def place(prepared: Path, tmp_path: Path) -> Path:
    """A copy of one's own: folders ``home`` and ``witness``."""
    shutil.copytree(prepared, tmp_path / "place")
    return tmp_path / "place"


@contextmanager
def serving(place: Path) -> Iterator[WitnessServer]:
    """The witness over HTTP, named in the home's policy."""
    server = WitnessServer(Witness.open(place / "witness"))
    server.start()
    try:
        known = ("--witness", str(Witness.open(place / "witness").key), "--url", server.url)
        ok(place / "home", "checkpoint", "policy", *known)
        yield server
    finally:
        server.stop()


def grow(home: Path) -> None:
    """One more event."""
    ok(home, "key", "rotate", *BY)


def trust_all(place: Path) -> None:
    """What the inspection office does when it is told of a new key."""
    with opened(place / "home") as home:
        for key in home.log_keys():
            Witness.open(place / "witness").trust(str(key))
