"""Any history at all: events of every type, of a few subjects, in any order.

No rule of the domain is kept, so that whatever a log could hold is held against. Values come from
small pools, so that events meet: the same person, program, month and fund again and again.
"""

from datetime import date, timedelta
from typing import Any

import hypothesis.strategies as st
from msgspec import inspect

from ledger.domain.events import EVENT_TYPES, EventData, Sealed
from tests.histories import SEALED, History, history

SUBJECTS = ("s1", "s2", "s3")
POOLS: dict[str, tuple[Any, ...]] = {
    "program": ("living-subsidy", "fuel-subsidy"),
    "fund": ("city", "donated"),
    "period": ("2017-01", "2017", "once"),
    "objection": ("o1", "o2"),
    "person": SUBJECTS,
    "members": SUBJECTS,
    "household": SUBJECTS,
    "student": ("none", "higher"),
    "reason": ("a", "grant-reversed"),
}
MONTHS = ("2016-12", "2017-01", "2017-02", "2018-01")
DAYS = st.integers(0, 800).map(lambda n: date(2016, 6, 1) + timedelta(days=n))


def _values(kind: inspect.Type, name: str) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.Metadata():
            return _values(kind.type, name)
        case inspect.StructType():
            return st.just(SEALED) if kind.cls is Sealed else _structures(kind)
        case inspect.ListType():
            return st.lists(_values(kind.item_type, name), max_size=3)
        case inspect.DictType():
            keys = _values(kind.key_type, name)
            return st.dictionaries(keys, _values(kind.value_type, ""), max_size=2)
        case inspect.UnionType():
            return st.one_of([_values(choice, name) for choice in kind.types])
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.StrType():
            return _texts(kind, name)
        case inspect.IntType():
            least = kind.ge if kind.ge is not None else (kind.gt or 0) + 1
            most = kind.le if kind.le is not None else 3_000
            return st.integers(least, min(most, least + 900))
        case inspect.BoolType():
            return st.booleans()
        case inspect.DateType():
            return DAYS
        case inspect.NoneType():
            return st.none()
    raise TypeError(f"no strategy for {kind}")


def _texts(kind: inspect.StrType, name: str) -> st.SearchStrategy[str]:
    if kind.max_length == 7:
        return st.sampled_from(MONTHS)
    if kind.max_length is not None:
        return st.just("a" * kind.max_length)
    if kind.pattern == "^[0-9]{6}$":
        return st.sampled_from(("220202", "220203"))
    return st.sampled_from(POOLS.get(name, ("a", "b")))


def _structures(kind: inspect.StructType) -> st.SearchStrategy[Any]:
    required = {f.name: _values(f.type, f.name) for f in kind.fields if f.required}
    optional = {f.name: _values(f.type, f.name) for f in kind.fields if not f.required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda known: kind.cls(**known))


def _data_of(cls: type[EventData]) -> st.SearchStrategy[Any]:
    kind = inspect.type_info(cls)
    assert isinstance(kind, inspect.StructType)
    return _structures(kind)


OFTEN = (
    "SubsidyGranted",
    "PaymentSettled",
    "PaymentReturned",
    "GrantReversed",
    "EnrollmentApproved",
    "EnrollmentSuspended",
    "EnrollmentResumed",
    "CertificateChanged",
    "ExitDecided",
)
"""Types that a real log is full of, or whose folds depend on one another."""

_MIX = [*sorted(EVENT_TYPES), *OFTEN * 6, *OFTEN[:2] * 30]

ANY_DATA = st.sampled_from(_MIX).flatmap(
    {name: _data_of(cls) for name, cls in EVENT_TYPES.items()}.__getitem__
)


@st.composite
def any_history(draw: st.DrawFn, most: int = 40) -> History:
    """Up to ``most`` events, effective over two years in any order."""
    told = history()
    size = draw(st.integers(0, most))  # lists of free size are mostly short
    for data in draw(st.lists(ANY_DATA, min_size=size, max_size=size)):
        subject = draw(st.sampled_from(SUBJECTS))
        about = getattr(data, "program", None) or type(data).__module__.rsplit(".", 1)[-1]
        told.event(
            data,
            f"enrollment-{subject}-{about}",
            subject=subject,
            on=draw(DAYS).isoformat(),
            division=draw(st.sampled_from(("220202", "220203"))),
        )
    return told
