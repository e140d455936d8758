"""The published figures of a fiscal year, and the test of whether a replay comes to them."""

from projections.figures.published import (
    Figure,
    Note,
    PublishedFigures,
    Unquantified,
    load_figures,
    matches,
    medals_match,
)

__all__ = [
    "Figure",
    "Note",
    "PublishedFigures",
    "Unquantified",
    "load_figures",
    "matches",
    "medals_match",
]
