"""A home with nothing but the catalog in it."""

import shutil
from pathlib import Path

import pytest

from tests.integration.cli import ok


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the catalog adopted and its views in place."""
    home = tmp_path_factory.mktemp("bare") / "home"
    ok(home, "init")
    ok(home, "project")
    return home


@pytest.fixture
def home(bare: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bare, tmp_path / "home"))
