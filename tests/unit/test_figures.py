"""The figures as they were published, and when a count meets one."""

import tomllib
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from ledger.domain.errors import NotFound
from projections.figures import Figure, load_figures, matches, medals_match

PUBLISHED = load_figures(2017)


def test_the_figures_are_those_of_the_year() -> None:
    assert (PUBLISHED.city, PUBLISHED.division, PUBLISHED.fiscal_year) == ("吉林市", "220200", 2017)
    assert (len(PUBLISHED.figures), len(PUBLISHED.unquantified)) == (60, 21)
    assert len(PUBLISHED.by_id()) == 60


def test_the_published_money_of_the_year() -> None:
    amounts = [figure.value for figure in PUBLISHED.figures if figure.measure == "amount"]
    assert sum(amounts) == 58_772_450


def test_each_contradiction_of_the_account_is_noted_on_figures_that_exist() -> None:
    assert len(PUBLISHED.notes) == 3
    assert {figure_id for note in PUBLISHED.notes for figure_id in note.about} <= set(
        PUBLISHED.by_id()
    )


def test_a_year_without_figures_is_not_found() -> None:
    with pytest.raises(NotFound):
        load_figures(1999)


def figure_of(
    printed: str, scale: int = 1, match: str = "rounded", measure: str = "persons"
) -> Figure:
    return Figure(
        id="f",
        program="p",
        zh="数",
        en="number",
        measure=measure,  # type: ignore[arg-type]
        printed=printed,
        scale=scale,
        unit="person",
        match=match,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("printed", "scale", "actual", "expected"),
    [
        ("3.67", 10000, 36_700, True),
        ("3.67", 10000, 36_650, True),
        ("3.67", 10000, 36_649, False),
        ("3.67", 10000, 36_749, True),
        ("3.67", 10000, 36_750, False),
        ("81.87", 10000, 818_740, True),
        ("2520.9", 10000, 25_209_000, True),
        ("2520.9", 10000, Decimal("25209499.99"), True),
        ("2520.9", 10000, 25_209_500, False),
        ("20", 10000, Decimal("200000.00"), True),
        ("100.3", 1, Decimal(19200) * 100 / Decimal(19143), True),
        ("100.3", 1, Fraction(19200 * 100, 19143), True),
        ("303", 1, 302, False),
        ("303", 1, Decimal("302.5"), True),
        ("303", 1, Decimal("303.4999999999999999999999999999999999"), True),
        ("303", 1, Decimal("303.5"), False),
        ("303", 1, -303, False),
    ],
)
def test_rounded_compares_the_printed_digits(
    printed: str, scale: int, actual: Decimal | int, expected: bool
) -> None:
    assert matches(figure_of(printed, scale), actual) is expected


@pytest.mark.parametrize(("actual", "expected"), [(199, False), (200, True), (1000, True)])
def test_at_least_has_no_upper_end(actual: int, expected: bool) -> None:
    assert matches(figure_of("200", match="at_least"), actual) is expected


@pytest.mark.parametrize(
    ("actual", "expected"), [(365, False), (366, False), (367, True), (368, False)]
)
def test_a_scaled_city_has_its_share(actual: int, expected: bool) -> None:
    assert matches(figure_of("3.67", 10000), actual, Fraction(1, 100)) is expected


def test_a_share_between_two_whole_numbers_accepts_either() -> None:
    """252 fittings in a city of a hundredth are 2.52: two or three, never one or four."""
    share = Fraction(1, 100)
    found = [n for n in range(6) if matches(figure_of("252"), n, share)]
    assert found == [2, 3]
    assert next(n for n in range(6) if matches(figure_of("252", match="at_least"), n, share)) == 2


def test_money_of_a_scaled_city_moves_by_what_one_person_gets() -> None:
    care = PUBLISHED.by_id()["care-service.amount"]
    assert matches(care, 7 * 1500, Fraction(1, 100), grain=1500)
    assert not matches(care, 6 * 1500, Fraction(1, 100), grain=1500)


def test_rates_and_results_do_not_scale() -> None:
    figures = PUBLISHED.by_id()
    share = Fraction(1, 100)
    assert matches(figures["bus-pass.rate"], 480, share)
    assert not matches(figures["bus-pass.rate"], Decimal("4.8"), share)
    assert matches(figures["rehab-service.kinds"], 30, share)  # as many as a small city can show
    assert not matches(figures["rehab-service.kinds"], 32, share)
    assert not matches(figures["rehab-service.kinds"], 30, 1)
    assert matches(figures["rehab-service.completion"], Decimal("100.5"), share)


def test_every_color_of_a_medal_counts() -> None:
    games = PUBLISHED.by_id()["sport-provincial-games.medals"]
    assert medals_match(games, 22, 24, 21)
    assert not medals_match(games, 24, 22, 21)
    assert all(
        figure.gold is not None and figure.silver is not None and figure.bronze is not None
        for figure in PUBLISHED.figures
        if figure.measure == "medals"
    )


def test_the_file_of_figures_keeps_the_printed_digits() -> None:
    """Trailing digits carry meaning: 2520.9 is not 2520.90."""
    path = Path(__file__).parents[2] / "projections" / "figures" / "fy2017.toml"
    raw = tomllib.loads(path.read_text("utf-8"))
    assert all(isinstance(each["printed"], str) for each in raw["figure"])
    assert PUBLISHED.by_id()["nursing-subsidy.amount"].printed == "2520.9"
