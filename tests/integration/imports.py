"""What an import is given, and what it answers."""

from pathlib import Path

from tests.integration.cli import Ended, run
from tests.rosters import Row, clean, save

CLERK = ("--as", "registrar-1")


def given(home: Path, rows: list[Row], kind: str = "persons", name: str = "名册.xlsx") -> Path:
    return save(home.parent / name, clean(kind, rows))


def taken(home: Path, file: Path, *more: str, kind: str = "persons") -> Ended:
    return run(home, "import", kind, str(file), *CLERK, "--format", "json", *more)


def counts(ended: Ended) -> tuple[int, int, int, int]:
    """Applied, there already, said twice, rejected."""
    made = ended.json
    return made["applied"], made["present"], made["repeated"], made["rejected"]
