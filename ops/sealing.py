"""What seals of a home need beside the log: published figures, and where indexes are kept."""

from collections.abc import Sequence
from pathlib import Path

from ledger.domain.errors import NotFound
from ops.home import Home
from projections.figures import PublishedFigures, load_figures


def index_file(home: Home, position: int) -> Path:
    """Where the index over the first ``position`` events is kept; it may be thrown away."""
    return home.path / "indexes" / f"{position}.ndjson"


def published_in(periods: Sequence[str]) -> dict[str, PublishedFigures]:
    """The published figures of the periods' years, of those that have some."""
    found = {}
    for year in sorted({period[:4] for period in periods}):
        try:
            found[year] = load_figures(int(year))
        except NotFound:
            continue
    return found
