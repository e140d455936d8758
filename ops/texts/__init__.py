"""The words of the screen, Chinese first and English second, by a key.

Only labels and sentences of the command line are here, each module those of one part of it. Errors
bring their own words, programs theirs from the catalog, and events theirs from the decision that
made them.
"""

from string import Formatter
from typing import Any

from ops.texts import audit, demonstration, headings, log, office, pipeline

PARTS = (headings, office, log, pipeline, audit, demonstration)

LABELS: dict[str, tuple[str, str]] = {
    key: words for part in PARTS for key, words in part.TEXTS.items()
}


def label(key: str, lang: str) -> str:
    """The text of a key in ``zh`` or ``en``."""
    zh, en = LABELS[key]
    return en if lang == "en" else zh


class _Counting(Formatter):
    """``{n:month|months}`` is the word for a number ``n``, of two."""

    def format_field(self, value: Any, format_spec: str) -> str:
        one, several, many = format_spec.partition("|")
        if several:
            return one if str(value) == "1" else many
        said: str = super().format_field(value, format_spec)
        return said


def filled(text: str, **values: Any) -> str:
    """A text with its values in it."""
    return _Counting().format(text, **values)
