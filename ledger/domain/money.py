"""Money as integer fen, in a type of its own.

Amounts on the wire are plain integers whose field names end in ``_fen``; arithmetic in decisions
goes through :class:`Money`, which refuses floats, fractions of a fen and mixed-up operands.
Allocation never loses or makes a fen.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import total_ordering

from ledger.domain.errors import InvalidAmount

MAX_FEN = 2**53 - 1
"""The largest amount that every reader of JSON represents exactly (RFC 8259, section 6)."""

_YUAN = re.compile(r"(-?)(\d{1,14})(?:\.(\d{1,2}))?")


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount in fen (1/100 yuan). Raises :class:`InvalidAmount` on anything but an integer."""

    fen: int

    def __post_init__(self) -> None:
        if type(self.fen) is not int or not -MAX_FEN <= self.fen <= MAX_FEN:
            raise InvalidAmount(amount=repr(self.fen))

    @classmethod
    def parse(cls, yuan: str) -> "Money":
        """Read an amount in yuan such as ``70`` or ``1234.50``; at most two decimals."""
        match = _YUAN.fullmatch(yuan.strip().replace(",", ""))
        if match is None:
            raise InvalidAmount(amount=yuan)
        sign, whole, decimals = match.groups()
        fen = int(whole) * 100 + int((decimals or "").ljust(2, "0"))
        return cls(-fen if sign else fen)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.fen + other.fen)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.fen - other.fen)

    def __neg__(self) -> "Money":
        return Money(-self.fen)

    def __mul__(self, count: int) -> "Money":
        if type(count) is not int:
            raise InvalidAmount(amount=repr(count))
        return Money(self.fen * count)

    def __lt__(self, other: "Money") -> bool:
        return self.fen < other.fen

    def __bool__(self) -> bool:
        return self.fen != 0

    def __str__(self) -> str:
        sign = "-" if self.fen < 0 else ""
        whole, rest = divmod(abs(self.fen), 100)
        return f"{sign}{whole:,}.{rest:02d}"

    def allocate(self, weights: Sequence[int]) -> list["Money"]:
        """Split by whole-number weights so that the parts sum to the whole (largest remainder).

        Ties go to the earlier part, so the split is deterministic.
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise InvalidAmount(amount=repr(list(weights)))
        parts = [self.fen * w // total for w in weights]
        remainders = [self.fen * w % total for w in weights]
        order = sorted(range(len(weights)), key=lambda i: (-remainders[i], i))
        for i in order[: self.fen - sum(parts)]:
            parts[i] += 1
        return [Money(p) for p in parts]


ZERO = Money(0)


def positive(fen: object, *, field: str = "amount_fen") -> int:
    """``fen`` itself when it is a whole number of fen above zero; InvalidAmount otherwise."""
    if type(fen) is not int or not 0 < fen <= MAX_FEN:
        raise InvalidAmount(amount=repr(fen), field=field)
    return fen
