"""The columns of a segment: what DuckDB takes out of the bytes, and the same told by Python.

Two readings of one definition: :func:`select` is the SQL that writes a segment, :func:`derived`
what verification expects of each row. They share the paths and nothing else, so that a fault of
either JSON reader shows as a difference.
"""

from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
import orjson


class Column(NamedTuple):
    """One column derived from the event. ``path`` leads to it: attributes, or a field of data."""

    name: str
    type: str
    path: str

    @property
    def field(self) -> str:
        """Its name within data."""
        return self.path.removeprefix("data.")


ATTRIBUTES = (
    Column("id", "VARCHAR", "id"),
    Column("subject", "VARCHAR", "subject"),
    Column("division", "VARCHAR", "division"),
    Column("actor", "VARCHAR", "actor"),
    Column("role", "VARCHAR", "role"),
    Column("correlationid", "VARCHAR", "correlationid"),
    Column("causationid", "VARCHAR", "causationid"),
)
"""Attributes taken as they are."""

FIELDS = (
    Column("program", "VARCHAR", "data.program"),
    Column("month", "VARCHAR", "data.month"),
    Column("amount_fen", "BIGINT", "data.amount_fen"),
    Column("fund", "VARCHAR", "data.fund"),
    Column("payrun", "VARCHAR", "data.payrun"),
    Column("form", "VARCHAR", "data.form"),
    Column("overpayment", "VARCHAR", "data.overpayment"),
    Column("grant_id", "VARCHAR", "data.grant"),
    Column("after_settlement", "BOOLEAN", "data.after_settlement"),
    Column("offset_fen", "BIGINT", "data.offset_fen"),
    Column("owed_fen", "BIGINT", "data.owed_fen"),
    Column("refund_fen", "BIGINT", "data.refund_fen"),
    Column("value_fen", "BIGINT", "data.value_fen"),
    Column("total_fen", "BIGINT", "data.total_fen"),
    Column("by_division", "VARCHAR", "data.by_division"),
)
"""Fields of data that money and its questions need; NULL where an event has none."""

TAKEN = (*ATTRIBUTES, *FIELDS)
_COMPUTED = {
    "stream": "VARCHAR",
    "version": "INTEGER",
    "type": "VARCHAR",
    "schema_version": "INTEGER",
    "time": "TIMESTAMP",
    "effective": "DATE",
}
COMPUTED = tuple(_COMPUTED)
TYPES = {
    "position": "BIGINT",
    **_COMPUTED,
    **{c.name: c.type for c in TAKEN},
    "leaf_hash": "BLOB",
    "bytes": "BLOB",
}
"""The columns of a segment in order, each with its type."""
NAMES = tuple(TYPES)


def select(source: str) -> str:
    """SQL that turns rows of (position, leaf in hexadecimal, raw text) into those of a segment."""
    paths = ["type", "time", "effective", *(c.path for c in TAKEN)]
    listed = ", ".join(f"'$.{path}'" for path in paths)
    taken = ", ".join(
        f"x[{at}]::{c.type} AS {c.name}" for at, c in enumerate(TAKEN, len(paths) - len(TAKEN) + 1)
    )
    id = f"x[{len(paths) - len(TAKEN) + 1}]"
    return f"""
        SELECT position,
               left({id}, length({id}) - length(split_part({id}, '/', -1)) - 1) AS stream,
               split_part({id}, '/', -1)::INTEGER AS version,
               split_part(x[1], '.', 2) AS type,
               substr(split_part(x[1], '.', 3), 2)::INTEGER AS schema_version,
               rtrim(x[2], 'Z')::TIMESTAMP AS time,
               x[3]::DATE AS effective,
               {taken},
               unhex(leaf) AS leaf_hash,
               encode(raw) AS bytes
        FROM (SELECT position, leaf, raw, json_extract_string(raw, [{listed}]) AS x FROM {source})
    """


LONGEST = 65_535
"""Bytes of an event."""


def _read_back(name: str) -> str:
    match name, TYPES[name]:
        case "time", _:
            return "strftime(time, '%Y-%m-%dT%H:%M:%S.%fZ')"
        case "effective", _:
            return "strftime(effective, '%Y-%m-%d')"
        case _, "VARCHAR":
            return f"CASE WHEN strlen({name}) > {LONGEST} THEN '…' ELSE {name} END"
        case _, "BLOB":
            return f"CASE WHEN octet_length({name}) <= {LONGEST} THEN {name} END"
    return name


READ_BACK = ", ".join(map(_read_back, NAMES))
"""The columns as :func:`derived` tells them: times and dates as the event writes them. What is
longer than an event is not fetched: a few kilobytes of Parquet can hold gigabytes."""


_Data: Any = msgspec.defstruct("_Data", [(c.field, Any, None) for c in FIELDS], gc=False)
_Envelope: Any = msgspec.defstruct(
    "_Envelope",
    [
        *((name, str) for name in ("id", "type", "time", "effective")),
        ("data", _Data),
        *((c.path, Any, None) for c in ATTRIBUTES if c.name != "id"),
    ],
    gc=False,
)
_decode = msgspec.json.Decoder(_Envelope).decode
_taken = attrgetter("time", "effective", *(c.path for c in TAKEN))
assert TAKEN[-1].name == "by_division", "the one field that is not a plain value"


def derived(raw: bytes) -> tuple[Any, ...]:
    """The values between ``position`` and ``leaf_hash``, told from the bytes.

    Raises :class:`ValueError` for bytes that are no event.
    """
    try:
        event = _decode(raw)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    stream, _, version = event.id.rpartition("/")
    values = (stream, int(version), *_named(event.type), *_taken(event))
    if values[-1] is None:
        return values
    try:
        shares = orjson.dumps(values[-1], option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError as error:
        raise ValueError(str(error)) from error
    return (*values[:-1], shares)


@cache
def _named(full: str) -> tuple[str, int]:
    """An event type's name and schema version. Raises :class:`ValueError`."""
    _, name, schema = full.split(".")
    return name, int(schema[1:])
