"""The rows a view folds into: typed records in memory, written back to tables by the engine.

A view declares its tables as msgspec structs; folds read and change rows by key and know nothing
of databases. A row that is not in memory is fetched by key through a function that the engine
gives; when the engine knows that memory holds the whole table, absence needs no question. Keys are
the first fields of the struct: the value itself for one field, a tuple for several.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Protocol, TypeVar

import msgspec

from ledger.domain.month import month_at, month_index

Row = msgspec.Struct
R = TypeVar("R", bound=Row)
Key = Any

Hex = Annotated[int, msgspec.Meta(extra={"column": "hex"})]
"""A set of small numbers as the bits of an integer; a column of lower-case hexadecimal text."""


@dataclass(frozen=True, slots=True)
class TableDef(Generic[R]):
    """A table: its name, the struct of its rows, its key (the struct's first fields), indexes.

    Columns follow the fields: ``str``, ``int``, ``bool``, each possibly None, :data:`Hex`, and
    lists or dicts of these, which become JSON text. Key fields are never None.
    """

    name: str
    row: type[R]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        fields = self.row.__struct_fields__
        assert fields[: len(self.key)] == self.key, f"{self.name}: the key comes first"
        assert all(name in fields for index in self.indexes for name in index), self.name


class Rows(Generic[R]):
    """The rows of one table by key, those touched since the last flush apart from the others."""

    __slots__ = ("_fetch", "_still", "_touched", "at_hand", "complete", "table")

    def __init__(self, table: TableDef[R], fetch: Callable[[Key], R | None] | None = None) -> None:
        self.table = table
        self.complete = fetch is None
        self._fetch = fetch
        self._still: dict[Key, R] = {}
        self._touched: dict[Key, R] = {}
        self.at_hand: Callable[[Key], R | None] = self._touched.get
        """The row for changing if it was touched already: :meth:`edit` for a fold in a hurry."""

    def get(self, key: Key) -> R | None:
        """The row for reading only, or None."""
        row = self._touched.get(key) or self._still.get(key)
        if row is None and not self.complete:
            row = self._load(key)
        return row

    def edit(self, key: Key) -> R | None:
        """The row for changing, or None; it is written at the next flush."""
        row = self._touched.get(key)
        if row is not None:
            return row
        row = self._still.get(key)
        if row is None:
            if self.complete:
                return None
            row = self._load(key)
            if row is None:
                return None
        self._touched[key] = row
        return row

    def add(self, key: Key, row: R) -> R:
        """A new row under a key, in place of one that it may have had."""
        self._touched[key] = row
        return row

    def fill(self, rows: Iterable[tuple[Key, R]]) -> None:
        """Take in the whole table as stored; what is in memory already stays as it is."""
        fresh = dict(rows)
        fresh.update(self._still)
        self._still = fresh
        self.complete = True

    def touched(self) -> list[R]:
        """Rows changed or added since :meth:`clean`, by ascending key."""
        touched = self._touched
        return [touched[key] for key in sorted(touched)]

    @property
    def dirty(self) -> int:
        """How many rows wait to be written."""
        return len(self._touched)

    def clean(self) -> None:
        """Everything touched is stored."""
        self._still.update(self._touched)
        self._touched.clear()

    def _load(self, key: Key) -> R | None:
        assert self._fetch is not None
        row = self._fetch(key)
        if row is not None:
            self._still[key] = row
        return row


class RowSource(Protocol):
    """Where a view gets the rows of its tables."""

    def of(self, table: TableDef[R]) -> Rows[R]:
        """The rows of one of the view's tables."""
        ...


_FIRST_MONTH = month_index("2000-01")


class _Bits(dict[str, int]):
    """Month text to its bit, remembered: every month of a year is asked for a million times."""

    def __missing__(self, month: str) -> int:
        bit = self[month] = 1 << (month_index(month) - _FIRST_MONTH)
        return bit


MONTH_BIT = _Bits()
"""The bit of a month (2000-01 is bit 0) in a :data:`Hex` set of months."""


def months_in(bits: int) -> list[str]:
    """The months of a set, ascending."""
    return [month_at(_FIRST_MONTH + i) for i in range(bits.bit_length()) if bits >> i & 1]


def newer(day: str, since: str | None) -> bool:
    """Whether a fact that holds from ``day`` takes the place of one that holds from ``since``.

    Facts arrive in position order, so of two with one effective date the later one wins.
    """
    return since is None or day >= since
