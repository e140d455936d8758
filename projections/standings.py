"""What a pay run decides from, answered by the views: see ``ledger.standings``.

The rows carry the version of the stream they have seen; the store refuses lines whose stream has
moved on, so an answer may lag behind the log and never leads to a wrong payment. A rule's
conditions are put to the database as they stand, over the registry's latest facts.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from ledger.domain.grant import OUTLIVED, Standing
from ledger.domain.person import ALLOWANCES
from ledger.domain.rules import Condition, Exclusion, Rule
from ledger.log.feed import Feed
from ledger.standings import Unenrolled
from projections.discards import Discarding, nothing_discarded
from projections.engine import Projector
from projections.views.entitlements import Entitlement, Entitlements, standing
from projections.views.registry import Registry

READ = (
    "enrollment",
    "beneficiary",
    "program",
    "division",
    "version",
    "status",
    "start_month",
    "open_objections",
    "delivered",
    "amounts",
    "approved",
    "suspended",
    "granted",
    "periods",
    "year_fen",
    "ahead",
)
"""The columns of an enrollment that a standing needs."""


class ViewStandings:
    """A :class:`~ledger.standings.StandingSource` over the entitlements and the registry."""

    def __init__(
        self, database_url: str, feed: Feed, *, discarded: Discarding = nothing_discarded
    ) -> None:
        """The views are brought up to the log each by itself: an issue asks for accounts only."""
        self._registry = Projector(database_url, feed, (Registry,), discarded=discarded)
        self._entitlements = Projector(database_url, feed, (Entitlements,), discarded=discarded)

    def catch_up(self) -> int:
        return min(self._registry.catch_up(), self._entitlements.catch_up())

    def close(self) -> None:
        """Give back the projectors' connections."""
        self._registry.close()
        self._entitlements.close()

    @property
    def _tables(self) -> tuple[sa.Table, sa.Table]:
        return self._entitlements.table("entitlements"), self._registry.table("persons")

    def standings(
        self, program: str, month: str, period: str, rule: Rule, day: date
    ) -> Iterable[Standing]:
        """Every enrollment of the program, with the account its beneficiary has now.

        A beneficiary that is no person (an organization) receives on its own account, which is
        not the ledger's to know; its stream id stands for it.
        """
        e, p = self._tables
        query = (
            sa.select(*(e.c[name] for name in READ), p.c.person, p.c.account)
            .select_from(e.outerjoin(p, p.c.person == e.c.beneficiary))
            .where(e.c.program == program)
            .order_by(e.c.enrollment)
        )
        for *values, person, account in self._fetch(query):
            row = Entitlement(
                **dict(zip(READ[:8], values, strict=False)),
                delivered=_json(values[8]),
                amounts=_json(values[9]),
                approved=_json(values[10]),
                suspended=_json(values[11]),
                granted=int(values[12], 16),
                periods=_json(values[13]),
                year_fen=_json(values[14]),
                ahead=_json(values[15]),
            )
            yield standing(row, month, period, account if person else row.beneficiary, day)

    def outlived(self, program: str, rule: Rule, day: date) -> dict[str, str]:
        e, p = self._tables
        found: dict[str, str] = {}
        for condition in rule.eligibility:
            query = sa.select(p.c.person)
            if condition.fact == "certified" and condition.value is True:
                # Found by its index, they are few: fewer than the program's beneficiaries.
                query = query.where(p.c.certificate_expires_on < day.isoformat())
            elif condition.fact == "age":
                out = sa.not_(_holds(fact_columns(p, day), condition))
                enrolled = query.join(e, e.c.beneficiary == p.c.person)
                query = enrolled.where(e.c.program == program, out)
            else:
                continue
            reason = OUTLIVED[condition.fact]
            found |= {person: reason for (person,) in self._fetch(query)}
        return found

    def failing(self, program: str, rule: Rule, day: date) -> set[str]:
        e, p = self._tables
        facts = fact_columns(p, day)
        met = sa.and_(sa.true(), *(_holds(facts, c) for c in rule.eligibility))
        query = (
            sa.select(p.c.person)
            .join(e, e.c.beneficiary == p.c.person)
            # A fact that nobody told is NULL, and its condition neither holds nor fails.
            .where(e.c.program == program, sa.case((met, 1), else_=0) == 0)
        )
        return {person for (person,) in self._fetch(query)}

    def accounts(self, persons: Sequence[str]) -> dict[str, str]:
        self._registry.catch_up()
        with self._registry.connection() as connection:
            at = self._registry.statements(connection, "persons")
            asked = at.columns_ahead("person", "account"), (at.these(persons),)
            cursor: Any = connection.exec_driver_sql(*asked).cursor
            return {person: account for person, account in cursor if account is not None}

    def eligible_unenrolled(self, program: str, rule: Rule, day: date) -> Iterable[Unenrolled]:
        e, p = self._tables
        facts = fact_columns(p, day)
        enrolled = sa.select(e.c.beneficiary).where(e.c.program == program)
        query = (
            sa.select(p.c.person, p.c.division)
            .where(
                p.c.deceased_on.is_(None),
                p.c.division.is_not(None),
                p.c.merged_into.is_(None),
                p.c.person.not_in(enrolled),
                *(_holds(facts, c) for c in rule.eligibility),
                *(sa.not_(_excluded(p, e, x, rule)) for x in rule.exclusions),
            )
            .order_by(p.c.person)
        )
        for person, division in self._fetch(query):
            yield Unenrolled(person, division)

    def _fetch(self, query: sa.Select[Any]) -> list[Any]:
        """Every row as the driver gives it."""
        with self._registry.connection() as connection:
            cursor: Any = connection.execute(query).cursor
            return list(cursor.fetchall())


def fact_columns(p: sa.Table, day: date) -> dict[str, sa.ColumnElement[Any]]:
    """The facts a rule may ask for, as expressions over the registry's latest facts.

    A fact that the registry does not hold is missing here, and its condition holds for nobody.
    """
    certified = sa.and_(
        p.c.certificate_status == "valid",
        sa.or_(p.c.certificate_expires_on.is_(None), p.c.certificate_expires_on >= day.isoformat()),
    )
    return {
        "alive": p.c.deceased_on.is_(None),
        "resident": p.c.division.is_not(None),
        "certified": certified,
        "age": day.year - p.c.birth_year,
        **{
            name: p.c[name]
            for name in (
                "urban",
                "category",
                "grade",
                "low_income",
                "extreme_poverty",
                "in_custody",
                "sex",
                "needs_care",
                "employed",
                "student",
                "vehicle",
            )
        },
    }


def _holds(facts: dict[str, sa.ColumnElement[Any]], condition: Condition) -> sa.ColumnElement[bool]:
    """A condition of a rule over a fact's expression."""
    fact, value = facts.get(condition.fact), condition.value
    if fact is None:
        return sa.false()
    match condition.op:
        case "in":
            return fact.in_(value if isinstance(value, list) else [value])
        case "at_least":
            return fact >= value
        case "at_most":
            return fact <= value
        case "is" if isinstance(value, bool):
            return fact if value else sa.not_(fact)
        case "is":
            return fact == value


def _excluded(p: sa.Table, e: sa.Table, x: Exclusion, rule: Rule) -> sa.ColumnElement[bool]:
    """An exclusion over what the registry and the entitlements hold."""
    if x.other == "extreme-poverty-support":
        return p.c.extreme_poverty
    if x.other in ALLOWANCES:
        monthly_fen = _ParsedJson(p.c.allowances)[x.other].as_integer()
        least = max(rule.rate_fen or 1, 1) if x.mode == "higher-of" else 1
        return sa.func.coalesce(monthly_fen, 0) >= least
    active = sa.select(e.c.beneficiary).where(e.c.program == x.other, e.c.status == "approved")
    return p.c.person.in_(active)


class _ParsedJson(FunctionElement[Any]):
    """A text column as the JSON that it holds: SQLite parses text itself, PostgreSQL is told to."""

    type = sa.JSON()
    inherit_cache = True


@compiles(_ParsedJson)
def _as_text(element: _ParsedJson, compiler: sa.Compiled, **rest: Any) -> str:
    return str(compiler.process(element.clauses, **rest))


@compiles(_ParsedJson, "postgresql")
def _as_json(element: _ParsedJson, compiler: sa.Compiled, **rest: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **rest)} AS JSON)"


@lru_cache(maxsize=10_000)
def _json(text: str) -> Any:
    """A JSON column; most rows share a few texts. What is returned is not to be changed."""
    return orjson.loads(text)
