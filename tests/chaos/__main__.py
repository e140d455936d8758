"""``make chaos``: rounds of faults against real processes, by a seed, with a table at the end."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.chaos.rounds import city, run
from tests.chaos.world import Failed, World


def main() -> int:
    options = argparse.ArgumentParser(prog="make chaos")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--rounds", type=int, default=1_000)
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--brokers", type=int, choices=(1, 3), default=3)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="benefits-chaos-") as place:
        folder = Path(place)
        world = World(folder, brokers=given.brokers)
        records = city(folder)
        try:
            with world.servers():
                told = run(
                    world,
                    records,
                    seed=given.seed,
                    rounds=given.rounds,
                    first=given.first,
                    tell=lambda line: print(line, flush=True),
                )
        except Failed as failure:
            print(f"{failure}\nBROKERS={given.brokers}", file=sys.stderr)
            return 1
        print(told.table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
