"""How a benchmark measures: ours and a floor in turn, in one run, and the medians in proportion."""

import gc
import re
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Measured:
    """Events a second of ours and of the floor, and the ratio the project asks for."""

    name: str
    ours: float
    floor: float
    floor_name: str
    wanted: float

    @property
    def ratio(self) -> float:
        return self.ours / self.floor


def peak_mb() -> float:
    """The most memory that this process has held: its own, as getrusage's is also its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        (kib,) = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())
        return int(kib) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(work: Callable[[], int]) -> float:
    """Events a second; the work returns how many it made."""
    gc.collect()
    start = time.perf_counter()
    count = work()
    return count / (time.perf_counter() - start)


def alternating(
    ours: Callable[[], int],
    floor: Callable[[], int],
    prepare: Callable[[int], None] = lambda _: None,
    *,
    rounds: int = ROUNDS,
) -> tuple[float, float]:
    """Median rates of both, run in turn; ``prepare`` makes each round ready, untimed."""
    rates = []
    for n in range(rounds):
        prepare(n)
        rates.append((timed(ours), timed(floor)))
    return median(r[0] for r in rates), median(r[1] for r in rates)
