"""``make chaos``: rounds of faults against real processes, by a seed, with a table at the end."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.rounds import Told, city, run
from tests.chaos.world import Failed, World


def main() -> int:
    options = argparse.ArgumentParser(prog="make chaos")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--rounds", type=int, default=1_000)
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--brokers", type=int, choices=(1, 3), default=3)
    given = options.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # both end it with its servers and a table
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="benefits-chaos-") as place:
        folder = Path(place)
        world = World(folder, brokers=given.brokers)
        records, told = city(folder), Told()
        try:
            with world.servers():
                run(
                    world,
                    records,
                    seed=given.seed,
                    rounds=given.rounds,
                    first=given.first,
                    told=told,
                    tell=lambda line: print(line, flush=True),
                )
        except Failed as failure:
            print(f"{failure}\nBROKERS={given.brokers}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
        finally:
            print(told.table(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
