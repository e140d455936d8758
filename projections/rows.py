"""The rows a view folds into: typed records in memory, written back to tables by the engine.

A view declares its tables as msgspec structs; folds read and change rows by key and know nothing
of databases. A row that is not in memory is fetched by key through a function that the engine
gives; when the engine knows that memory holds the whole table, absence needs no question. Keys are
the first fields of the struct: the value itself for one field, a tuple for several.

A row is written either on the events of one subject only (an *owned* table: a person's balance, a
household's state) or it is a sum to which the events of any subject add (a *summed* table). That
is what lets several workers, each with some of the subjects, fold one log into one database.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, Protocol, TypeVar

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

    ``sums`` makes it a summed table: these columns add up. Its other columns are those of the event
    with the lowest position, which the column ``first`` holds; without it there are none.
    ``by`` says what of an event an owned table's first key field is: rows are read ahead by it.
    """

    name: str
    row: type[R]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    sums: tuple[str, ...] = ()
    first: str | None = None
    by: Literal["subject", "stream"] | None = "subject"

    def __post_init__(self) -> None:
        fields = self.row.__struct_fields__
        assert fields[: len(self.key)] == self.key, f"{self.name}: the key comes first"
        assert all(name in fields for index in self.indexes for name in index), self.name
        carried = set(fields) - {*self.key, *self.sums}
        assert not self.sums or not carried or self.first in carried, f"{self.name}: whose?"


class Rows(Generic[R]):
    """The rows of one table by key, those touched since the last flush apart from the others.

    Of a summed table only what was added since the last flush is here; storing it adds it up.
    """

    __slots__ = ("_fetch", "_known", "_still", "_touched", "_wide", "at_hand", "complete", "table")

    def __init__(
        self,
        table: TableDef[R],
        fetch: Callable[[Key], R | None] | None = None,
        *,
        empty: bool = True,
    ) -> None:
        """``fetch`` reads a stored row by key; ``empty`` says that none is stored yet."""
        self.table = table
        self.complete = empty or bool(table.sums)
        self._fetch = fetch
        self._wide = len(table.key) > 1
        self._known: set[str] = set()
        self._still: dict[Key, R] = {}
        self._touched: dict[Key, R] = {}
        self.at_hand: Callable[[Key], R | None] = self._touched.get
        """The row for changing if it was touched already: :meth:`edit` for a fold in a hurry."""

    def __len__(self) -> int:
        """How many rows are in memory."""
        return len(self._still) + len(self._touched)

    def get(self, key: Key) -> R | None:
        """The row for reading only, or None."""
        row = self._touched.get(key) or self._still.get(key)
        return row if row is not None or self.complete else self._load(key)

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

    def unknown(self, firsts: Iterable[str]) -> list[str]:
        """Which first key fields were not read yet."""
        return sorted(set(firsts) - self._known)

    def fill(self, firsts: Iterable[str], rows: Iterable[tuple[Key, R]]) -> None:
        """Take in every stored row under these first key fields; what is in memory stays."""
        self._known.update(firsts)
        for key, row in rows:
            self._still.setdefault(key, row)

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
        if not self.table.sums:
            self._still.update(self._touched)
        self._touched.clear()

    def forget(self) -> None:
        """Give back the memory of rows that are stored; they are read again when asked for."""
        self._still.clear()
        self._known.clear()
        self.complete = bool(self.table.sums)

    def _load(self, key: Key) -> R | None:
        if (key[0] if self._wide else key) in self._known:
            return None
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
