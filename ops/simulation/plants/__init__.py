"""What the simulator plants, by theme: for each check, histories that it must find."""

from collections.abc import Callable

from ops.simulation.plants import eligibility, exits, life, money, owed, procedure
from ops.simulation.plants.legacy import Legacy, Planted

THEMES: tuple[Callable[[Legacy], None], ...] = (
    life.plant,
    eligibility.plant,
    owed.plant,
    money.plant,
    procedure.plant,
    exits.plant,
)

__all__ = ["THEMES", "Legacy", "Planted"]
