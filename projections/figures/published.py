"""Published figures as values, and whether an actual number agrees with one.

The figures of a year are a data file beside this module, with the digits as printed. Agreement is
decided exactly, in fractions: a number is put into printed units and rounded half up to the printed
decimals. A scaled city, whose figures can only be near their share, has a rule of its own. Nothing
here counts anything: actual numbers come from the views.
"""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files
from math import floor
from typing import Literal

import msgspec

from ledger.domain.errors import NotFound

Measure = Literal[
    "persons",
    "amount",
    "households",
    "events",
    "quantity",
    "kinds",
    "rate",
    "cap",
    "organizations",
    "classes",
    "sessions",
    "cases",
    "completion",
    "medals",
    "rank",
]
Number = Decimal | int | Fraction

UNSCALED = frozenset({"kinds", "rate", "cap", "completion", "medals", "rank"})
"""Measures that are the same in a small city as in a large one."""


class Figure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One published number: ``printed`` digits, each unit of them worth ``scale`` of ``unit``."""

    id: str
    program: str
    zh: str
    en: str
    measure: Measure
    printed: str
    scale: int
    unit: str
    match: Literal["rounded", "at_least"]
    competition: str | None = None
    gold: int | None = None
    silver: int | None = None
    bronze: int | None = None

    @property
    def value(self) -> Decimal:
        """The number in ``unit``, such as 36700 persons for a printed 3.67 万."""
        return Decimal(self.printed) * self.scale


class Unquantified(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program that the account names without a number."""

    program: str
    zh: str


class Note(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contradiction of the account, and the ids of the figures it is about."""

    about: tuple[str, ...]
    zh: str
    en: str


class PublishedFigures(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"figures": "figure"},
):
    """All that was published for one city and fiscal year."""

    city: str
    division: str
    fiscal_year: int
    figures: tuple[Figure, ...]
    unquantified: tuple[Unquantified, ...] = ()
    notes: tuple[Note, ...] = ()

    def by_id(self) -> Mapping[str, Figure]:
        """The figures by their id."""
        return {figure.id: figure for figure in self.figures}


class NoFigures(NotFound):
    """``what`` is a fiscal year that nothing is published of here."""

    zh, en = ("没有{what}年度的公布数据", "no published figures for {what}")


def load_figures(year: int) -> PublishedFigures:
    """The figures of fiscal ``year``. Raises :class:`NoFigures` for a year that has no file."""
    file = files("projections.figures") / f"fy{year}.toml"
    if not file.is_file():
        raise NoFigures(what=year)
    return msgspec.convert(tomllib.loads(file.read_text("utf-8")), PublishedFigures)


def matches(
    figure: Figure, actual: Number, scale_of_city: Fraction | int = 1, grain: Number = 1
) -> bool:
    """Whether ``actual`` (in the figure's ``unit``) agrees with what was published.

    For the whole city ``rounded`` compares the printed digits and ``at_least`` the full value. In a
    city of another scale, a figure's share is rarely a whole number: it agrees when it is less than
    one ``grain`` away from the share (``rounded``) or below it (``at_least``). A grain is the least
    step by which the number can move: one person, or what one person gets where it is money.
    Rates, caps, medals and ranks do not scale and are always compared as printed.
    """
    found, share = Fraction(actual), Fraction(scale_of_city)
    assert share > 0, "a city has a size"
    assert grain > 0, "a step has a size"
    if share == 1 or figure.measure in UNSCALED - {"completion", "kinds"}:
        if figure.match == "at_least":
            return found >= Fraction(figure.value)
        return _rounded(found / figure.scale, _decimals(figure.printed)) == Decimal(figure.printed)
    if figure.measure == "kinds":  # a small city can't show them all, and shows no more
        return Fraction(figure.value) * share - Fraction(grain) < found <= Fraction(figure.value)
    target = Fraction(figure.value) * (1 if figure.measure in UNSCALED else share)
    if figure.match == "at_least":
        return found > target - Fraction(grain)
    return abs(found - target) < Fraction(grain)


def medals_match(figure: Figure, gold: int, silver: int, bronze: int) -> bool:
    """Whether each color agrees, and their sum with what was printed."""
    colors = (figure.gold, figure.silver, figure.bronze)
    return colors == (gold, silver, bronze) and matches(figure, gold + silver + bronze)


def _decimals(printed: str) -> int:
    return len(printed.partition(".")[2])


def _rounded(value: Fraction, decimals: int) -> Decimal:
    """``value`` rounded half up (a half goes away from zero) to ``decimals``, exactly."""
    whole = floor(abs(value) * 10**decimals + Fraction(1, 2))
    return Decimal(whole if value >= 0 else -whole).scaleb(-decimals)
