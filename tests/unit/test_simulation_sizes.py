"""The cities that can be simulated: planned as a whole before anything is stored, or refused."""

from fractions import Fraction
from pathlib import Path

import pytest

from ops.home import Home
from ops.simulation import run
from ops.simulation.city import SMALLEST, CityTooSmall


def simulated(home: Home) -> None:
    """Simulate until the first event would be stored."""

    class Planned(Exception):
        pass

    def stop(*_: object, **__: object) -> None:
        raise Planned

    home.ledger().store.append = stop  # type: ignore[method-assign]
    with pytest.raises(Planned):
        run(home, lambda *_: None)


@pytest.mark.parametrize("seed", [7, -1, 0, 2**63, 10**30, *range(100, 115)])
@pytest.mark.parametrize("scale", [SMALLEST, SMALLEST * Fraction(113, 100)])
def test_a_year_can_be_planned_for_the_smallest_city_of_any_seed(
    tmp_path: Path, seed: int, scale: Fraction
) -> None:
    home = Home.create(tmp_path / "home", seed=seed, scale=str(scale), year=2017)
    simulated(home)
    home.close()


@pytest.mark.parametrize("scale", ["0.001", "0.0001", "1/1000000"])
def test_a_city_that_finds_too_few_people_is_refused_before_its_first_event(
    tmp_path: Path, scale: str
) -> None:
    home = Home.create(tmp_path / "home", seed=7, scale=scale, year=2017)
    with pytest.raises(CityTooSmall) as refused:
        run(home, lambda *_: None)
    assert refused.value.fields["scale"] == Fraction(scale)
    assert "规模" in refused.value.message("zh")
    assert "too small" in refused.value.message("en")
    assert home.feed.end() == 0
    assert not home.store.command_keys()
    home.close()
