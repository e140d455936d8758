"""``python -m ops.bench [--scale S] [--without-kafka]``: the table; 1 if a ratio is missed."""

import argparse
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ops.bench import archive, bundles, embedded, kafka, tree
from ops.bench.measure import Measured
from ops.cli.signals import stopped_at_the_end
from ops.home import Home


def main() -> int:
    """Print the table; 1 if a ratio misses what the project asks for."""
    parser = argparse.ArgumentParser(prog="python -m ops.bench")
    parser.add_argument("--scale", default="0.1", help="the simulated city's size (1: a city-year)")
    parser.add_argument("--without-kafka", action="store_true", help="the embedded ledger alone")
    given = parser.parse_args()
    Fraction(given.scale)
    console = Console()
    with stopped_at_the_end() as started:
        folder = Path(started.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        folder.chmod(0o755)  # as root, PostgreSQL's own user must pass
        home = Home.create(folder / "home", seed=2017, scale=given.scale, year=2017)
        started.callback(home.close)
        year = embedded.city_year(home, folder, console)
        archive.archived(home, folder, console)
        measured = [
            year,
            embedded.rebuild(home, folder),
            embedded.grouped(home, folder),
            embedded.single_commands(home, folder),
            tree.sequencing(home, folder),
            tree.rehash(home),
            bundles.chaining(home),
        ]
        tree.proving(home, console)
        bundles.opening(home, console)
        if not given.without_kafka:
            measured += kafka.measured(home, folder, console)
    console.print(_table(measured))
    return 0 if all(m.ratio >= m.wanted for m in measured) else 1


def _table(measured: list[Measured]) -> Table:
    table = Table("", "ours /s", "floor /s", "floor", "ours/floor", "wanted")
    for m in measured:
        table.add_row(
            m.name,
            f"{m.ours:,.0f}",
            f"{m.floor:,.0f}",
            m.floor_name,
            f"{m.ratio:.2f}",
            f"{m.wanted:.2f}",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
