"""One simulated city for a whole run: made by whoever asks first, copied by the others."""

import shutil
from pathlib import Path

import pytest

from ops.local.processes import exclusive
from tests.integration.cli import SCALE, ok


@pytest.fixture(scope="session")
def city(servers_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated home with its views, this process's own: no test adds events to it."""
    shared = servers_folder / "city"
    shared.mkdir(exist_ok=True)
    with exclusive(shared / ".lock"):
        if not (shared / "home").exists():
            partial = shared / "partial"
            ok(partial, "simulate", "--scale", SCALE)
            ok(partial, "project")
            partial.rename(shared / "home")
    return Path(shutil.copytree(shared / "home", tmp_path_factory.mktemp("city") / "home"))


@pytest.fixture
def copy(city: Path, tmp_path: Path) -> Path:
    """The simulated home once more, to do with as one likes."""
    return Path(shutil.copytree(city, tmp_path / "home"))
