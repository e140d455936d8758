"""What SQLite spells by itself for a digest is what is spelled from the values read from it."""

from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections import digest
from projections.database import ViewDatabase
from projections.rows import Hex, TableDef
from projections.view import View


class Spelled(msgspec.Struct):
    """One column of every kind, and one whose name is a word of SQL."""

    group: str
    number: int
    text: str | None
    count: int | None
    flag: bool
    perhaps: bool | None
    months: Hex
    several: list[str]
    by_year: dict[str, int]


SPELLED = TableDef("spelled", Spelled, ("group", "number"))


class SpelledView(View):
    name = "spelled"
    version = 1
    tables = (SPELLED,)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
integers = st.integers(-(2**53) + 1, 2**53 - 1)
rows = st.builds(
    Spelled,
    texts,
    integers,
    st.none() | texts,
    st.none() | integers,
    st.booleans(),
    st.none() | st.booleans(),
    st.integers(0, 2**400),
    st.lists(texts, max_size=3),
    st.dictionaries(texts, integers, max_size=3),
)


@given(st.lists(rows, unique_by=lambda r: (r.group, r.number), max_size=12), st.integers(1, 5))
def test_lines_by_sqlite_are_the_canonical_ones(given_rows: list[Spelled], page: int) -> None:
    given_rows.sort(key=lambda r: (r.group.encode(), r.number))
    database = ViewDatabase("sqlite://", durable=False)
    with pytest.MonkeyPatch.context() as patch, database.write() as connection:
        patch.setattr(digest, "_CHUNK", page)
        made = database.create(connection, "spelled", 1, (SPELLED,), live=True)
        at = database.statements(SPELLED, made.generation)
        values = at.layout.values(given_rows)
        database.put(connection, at, values, new=True)
        found = digest.digest_of(database, connection, SpelledView, made)
    database.close()
    expected = sha256(b"spelled\n" + at.layout.lines(values)).hexdigest()
    assert (found.digest, found.rows) == (expected, len(values))
