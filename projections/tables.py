"""From a view's row types to database tables and statements: one definition, nothing said twice.

A table of generation n is named ``<table>_g<n>``. Values are stored as text, integers and flags
only; lists, dicts and sets of bits become text in one canonical spelling, so that equal rows are
equal bytes in every database and the content digest can be taken from what is stored.
"""

import types
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from projections.rows import Key, Row, TableDef

Values = tuple[Any, ...]
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text that sorts by code point in every database."""

_LINES = msgspec.json.Encoder().encode_lines


def _json_text(value: Any) -> str | None:
    if not value:  # most are empty
        return None if value is None else "[]" if isinstance(value, list) else "{}"
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _json_value(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


def _hex_text(bits: int) -> str:
    return f"{bits:x}"


def _hex_bits(text: str) -> int:
    return int(text, 16)


def _flag(value: int | None) -> bool | None:
    return None if value is None else bool(value)


@dataclass(frozen=True, slots=True)
class _Column:
    kind: Any
    nullable: bool
    store: Callable[[Any], Any] | None = None
    read: Callable[[Any], Any] | None = None


def _column(hint: Any) -> _Column:
    """The column for a field's type."""
    nullable = False
    if get_origin(hint) in (Union, types.UnionType):
        arms = [arm for arm in get_args(hint) if arm is not type(None)]
        assert len(arms) == 1, hint
        nullable, hint = True, arms[0]
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, msgspec.Meta) and (extra.extra or {}).get("column") == "hex":
            return _Column(sa.Text(), nullable, _hex_text, _hex_bits)
    if hint is str:
        return _Column(_TEXT, nullable)
    if hint is bool:
        return _Column(sa.Boolean(), nullable, None, _flag)
    if hint is int:
        return _Column(sa.BigInteger(), nullable)
    assert get_origin(hint) in (list, dict), hint
    return _Column(sa.Text(), nullable, _json_text, _json_value)


class Layout:
    """How rows of one table travel to and from a database: columns, and values both ways."""

    def __init__(self, table: TableDef[Any]) -> None:
        self.table = table
        hints = get_type_hints(table.row, include_extras=True)
        self.names: tuple[str, ...] = table.row.__struct_fields__
        self.columns = [_column(hints[name]) for name in self.names]
        self._stores = [(i, c.store) for i, c in enumerate(self.columns) if c.store]
        self._reads = [(i, c.read) for i, c in enumerate(self.columns) if c.read]
        self._flags = [i for i, c in enumerate(self.columns) if c.read is _flag]
        self._width = len(table.key)

    def values(self, rows: Iterable[Row]) -> list[Values]:
        """Rows as tuples to store."""
        astuple = msgspec.structs.astuple
        if not self._stores:
            return [astuple(row) for row in rows]
        stores, out = self._stores, []
        for row in rows:
            values = list(astuple(row))
            for i, store in stores:
                values[i] = store(values[i])
            out.append(tuple(values))
        return out

    def row(self, values: Iterable[Any]) -> Any:
        """A row from the tuple as stored."""
        read = list(values)
        for i, convert in self._reads:
            read[i] = convert(read[i])
        return self.table.row(*read)

    def key(self, values: Any) -> Key:
        """The key of a stored tuple."""
        return values[0] if self._width == 1 else tuple(values[: self._width])

    def lines(self, stored: list[Values]) -> bytes:
        """Stored tuples as lines of canonical JSON, one a row: what a digest is taken of.

        SQLite writes the same lines by itself: see :class:`Statements`.
        """
        return _LINES(self._plain(values) for values in stored) if self._flags else _LINES(stored)

    def _plain(self, values: Values) -> list[Any]:
        """With flags as flags, which SQLite keeps as 0 and 1."""
        plain = list(values)
        for i in self._flags:
            plain[i] = _flag(plain[i])
        return plain


@dataclass(frozen=True, slots=True)
class Bulk:
    """How a server takes many rows at once.

    New ones are copied in (``copy_new``). Others are copied into ``stage``, a temporary table like
    this one (``copy``), and upserted from there (``merge``).
    """

    stage: str
    copy: str
    merge: str
    copy_new: str


@dataclass(frozen=True, slots=True)
class Statements:
    """One table of one generation: the SQLAlchemy table, and statements compiled once.

    ``create`` makes the table; ``indexes`` are made after the first rows, which is several times
    faster than before them.
    ``ahead`` reads every row under some first key fields (the condition ``under``), given as one
    parameter by :meth:`these`; :meth:`columns_ahead` is the statement for a few of their columns.
    ``scan`` reads the whole table by key. Where the database can write the canonical lines itself,
    ``pages`` are the first rows' and those after a key: their number, and their lines as one value.
    ``bulk`` is how a server takes many rows at once, None elsewhere.
    """

    layout: Layout
    table: sa.Table
    create: str
    insert: str
    upsert: str
    fetch: str
    under: str
    ahead: str
    scan: str
    indexes: tuple[str, ...]
    pages: tuple[str, str] | None = None
    bulk: Bulk | None = None

    def these(self, firsts: Sequence[str]) -> Any:
        """The parameter of ``ahead``: an array, as a database without arrays has it in JSON."""
        return list(firsts) if "ANY" in self.under else orjson.dumps(firsts).decode()

    def columns_ahead(self, *columns: str) -> str:
        """``ahead``, of these columns alone."""
        return f"SELECT {', '.join(columns)} FROM {self.table.name} WHERE {self.under}"


_LISTED = {"sqlite": "IN (SELECT value FROM json_each(?))", "postgresql": "= ANY(%s)"}

_BUILT: dict[tuple[TableDef[Any], int, str], Statements] = {}


def statements_for(table: TableDef[Any], generation: int, dialect: sa.Dialect) -> Statements:
    """The table of a generation, compiled once a process for each kind of database."""
    key = (table, generation, dialect.name)
    found = _BUILT.get(key)
    if found is None:
        found = _BUILT[key] = _build(Layout(table), generation, dialect)
    return found


def _build(layout: Layout, generation: int, dialect: sa.Dialect) -> Statements:
    definition = layout.table
    name = f"{definition.name}_g{generation}"
    table = sa.Table(
        name,
        sa.MetaData(),
        *(
            sa.Column(n, c.kind, primary_key=n in definition.key, nullable=c.nullable)
            for n, c in zip(layout.names, layout.columns, strict=True)
        ),
        sqlite_with_rowid=False,
    )
    insert: Any
    insert = (postgresql if dialect.name == "postgresql" else sqlite).insert(table)
    rest = {
        n: _merged(definition, table.c, insert.excluded, n)
        for n in layout.names
        if n not in definition.key
    }
    keys = [table.c[k] for k in definition.key]
    by_key = sa.select(table).where(*(k == sa.bindparam(k.name) for k in keys))

    def merging(arriving: Any) -> Any:
        if rest:
            return arriving.on_conflict_do_update(index_elements=keys, set_=rest)
        return arriving.on_conflict_do_nothing()

    def text(statement: Any) -> str:
        return str(statement.compile(dialect=dialect))

    under = f"{text(keys[0])} {_LISTED[dialect.name]}"
    bulk = None
    if dialect.name == "postgresql":
        stage = sa.Table(f"stage_{name}", sa.MetaData(), *(sa.Column(n) for n in layout.names))
        given = sa.select(stage).order_by(*(stage.c[k] for k in definition.key))
        temporary = f"TEMPORARY TABLE IF NOT EXISTS {stage.name} (LIKE {name})"
        bulk = Bulk(
            stage=f"CREATE {temporary} ON COMMIT DELETE ROWS",
            copy=f"COPY {stage.name} FROM STDIN",
            merge=text(merging(insert.from_select(layout.names, given))),
            copy_new=f"COPY {name} FROM STDIN",
        )
    return Statements(
        bulk=bulk,
        pages=_pages(layout, name) if dialect.name == "sqlite" else None,
        layout=layout,
        table=table,
        create=text(CreateTable(table)),
        insert=text(insert),
        upsert=text(merging(insert)),
        fetch=text(by_key),
        under=under,
        ahead=f"{text(sa.select(table))} WHERE {under}",
        scan=text(sa.select(table).order_by(*keys)),
        indexes=tuple(
            f"CREATE INDEX {name}_{'_'.join(index)} ON {name} ({', '.join(index)})"
            for index in definition.indexes
        ),
    )


def _pages(layout: Layout, table: str) -> tuple[str, str]:
    """SQLite's statements for canonical lines; both take the number of rows, the second a key."""
    keys = ", ".join(f'"{key}"' for key in layout.table.key)
    spelled = ", ".join(
        f"json(CASE {n} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"
        if c.read is _flag
        else f'"{n}"'
        for n, c in zip(layout.names, layout.columns, strict=True)
    )
    marks = ", ".join("?" * len(layout.table.key))

    def page(where: str) -> str:
        rows = f"SELECT json_array({spelled}) AS line FROM {table} {where} ORDER BY {keys} LIMIT ?"
        return f"SELECT count(*), CAST(group_concat(line, char(10)) AS BLOB) FROM ({rows})"

    return page(""), page(f"WHERE ({keys}) > ({marks})")


def _merged(definition: TableDef[Any], stored: Any, given: Any, name: str) -> Any:
    """A column's value where the row is there already: replaced, or in a summed table added to."""
    if name in definition.sums:
        return stored[name] + given[name]
    if definition.first is None:
        return given[name]
    earlier = given[definition.first] < stored[definition.first]
    return sa.case((earlier, given[name]), else_=stored[name])
