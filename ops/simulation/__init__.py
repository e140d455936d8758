"""A simulated year of a city, through the commands that officers use.

Deterministic: the same seed and scale give the same bytes, whatever was interrupted on the way.
The figures come from nowhere but the events; the plan only decides what happens to whom.
"""

from ops.simulation.city import LARGEST, SMALLEST
from ops.simulation.year import run

__all__ = ["LARGEST", "SMALLEST", "run"]
