"""The columns of a segment: what DuckDB takes out of the bytes, and the same told by Python.

Two readings of one definition: :func:`select` is the SQL that writes a segment, :func:`derived`
what verification expects of each row. They share the paths and nothing else, so that a fault of
either JSON reader shows as a difference.
"""

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
COMPUTED = ("stream", "version", "type", "schema_version", "time", "effective")
NAMES = ("position", *COMPUTED, *(c.name for c in TAKEN), "leaf_hash", "bytes")
"""The columns of a segment in order."""


def select(source: str) -> str:
    """SQL that turns rows of (position, leaf in hexadecimal, raw text) into those of a segment."""
    paths = ["type", "time", "effective", *(c.path for c in TAKEN)]
    listed = ", ".join(f"'$.{path}'" for path in paths)
    taken = ", ".join(
        f"x[{at}]::{c.type} AS {c.name}" for at, c in enumerate(TAKEN, len(paths) - len(TAKEN) + 1)
    )
    at_id = len(paths) - len(TAKEN) + 1
    return f"""
        SELECT position,
               regexp_extract(x[{at_id}], '^(.*)/[0-9]+$', 1) AS stream,
               regexp_extract(x[{at_id}], '/([0-9]+)$', 1)::INTEGER AS version,
               split_part(x[1], '.', 2) AS type,
               substr(split_part(x[1], '.', 3), 2)::INTEGER AS schema_version,
               rtrim(x[2], 'Z')::TIMESTAMP AS time,
               x[3]::DATE AS effective,
               {taken},
               unhex(leaf) AS leaf_hash,
               encode(raw) AS bytes
        FROM (SELECT position, leaf, raw, json_extract_string(raw, [{listed}]) AS x FROM {source})
    """


READ_BACK = ", ".join(
    {
        "time": "strftime(time, '%Y-%m-%dT%H:%M:%S.%fZ')",
        "effective": "strftime(effective, '%Y-%m-%d')",
    }.get(name, name)
    for name in NAMES
)
"""The columns as :func:`derived` tells them: times and dates as the event writes them."""


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
_taken = attrgetter(*(c.path for c in TAKEN))
_NESTED = [at for at, c in enumerate(TAKEN) if c.name == "by_division"]


def derived(raw: bytes) -> tuple[Any, ...]:
    """The values between ``position`` and ``leaf_hash``, told from the bytes.

    Raises :class:`ValueError` for bytes that are no event.
    """
    event = _decode(raw)
    stream, _, version = event.id.rpartition("/")
    _, kind, schema = event.type.split(".")
    values = list(_taken(event))
    for at in _NESTED:
        if values[at] is not None:
            values[at] = orjson.dumps(values[at], option=orjson.OPT_SORT_KEYS).decode()
    head = (stream, int(version), kind, int(schema[1:]), event.time, event.effective)
    return (*head, *values)
