"""The event: a CloudEvents 1.0 object around typed data, as written to the log and as read back.

Only the attributes that a reader of the log uses are declared; the constant ones (``specversion``,
``datacontenttype``, ``dataschema``, ``source``) are written by the codec and skipped on reading.
"""

from datetime import date
from typing import Generic, TypeVar

import msgspec


class EventData(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,
):
    """What happened, typed. A subclass's name and ``v1`` make the event type's name.

    A field that is None is absent from the bytes.
    """


class Sealed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Personal data under a key of the person's own: AES-256-GCM, base64 of nonce and ciphertext.

    The associated data is the event's id. ``key`` names the person or
    case whose key opens the box.
    """

    box: str
    key: str


D = TypeVar("D", bound=EventData, covariant=True)  # noqa: PLC0105 - reads as in the field


class Event(msgspec.Struct, Generic[D], frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One event of the log.

    ``id`` is stream id and version joined by ``/``; ``subject`` the partition key; ``time`` when
    the ledger learned it (UTC, RFC 3339 with six decimals, so text order is time order);
    ``effective`` the date from which it holds in the world; ``division`` the GB/T 2260 code the
    decision belongs to; ``correlationid`` the command's idempotency key; ``causationid`` the id
    of the event that led to this one, if any.
    """

    actor: str
    causationid: str | None = None
    correlationid: str
    data: D
    division: str
    effective: date
    id: str
    role: str
    subject: str
    time: str
    type: str

    @property
    def stream(self) -> str:
        """The id of the stream the event belongs to."""
        return self.id[: self.id.rindex("/")]

    @property
    def version(self) -> int:
        """The event's version in its stream, from 1."""
        return int(self.id[self.id.rindex("/") + 1 :])
