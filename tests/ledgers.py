"""Small histories for tests: a real ledger on a store of its own, and the words to tell one in.

Every packaged program is adopted and every fund appropriated for 2017; that takes a while, so it is
done once a test session and copied. People are fictitious: their identity numbers are well-formed
and their sequence begins with 99.
"""

import atexit
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from stdnum.iso7064 import mod_11_2

import ledger.commands  # noqa: F401 - registers the handlers
from ledger import codec
from ledger.application import Command, Ledger
from ledger.catalog import load_funds, load_programs
from ledger.commands.certificate import IssueCertificate
from ledger.commands.enrollment import (
    ApproveEnrollment,
    AssessEligibility,
    CloseNotice,
    PublishNotice,
    SubmitApplication,
)
from ledger.commands.person import (
    ChangeBankAccount,
    RecognizeHardship,
    RecordLifeFact,
    RegisterPerson,
)
from ledger.commands.program import AdoptProgram, AppropriateFunds, OpenFund
from ledger.documents import FolderDocuments
from ledger.domain.errors import LedgerError
from ledger.domain.events import Event
from ledger.domain.grant import Standing
from ledger.domain.rules import Rule
from ledger.randomness import Clock, SeededRandomness
from ledger.standings import StandingSource, Unenrolled
from ledger.store.sqlite import SQLiteStore
from ledger.vault import Vault
from ledger.work import Context

CITY = "220200"
NEW_YEAR = date(2017, 1, 1)
PROGRAMS = load_programs()
FUNDS = load_funds()

CLERK, CHIEF = "officer-clerk", "officer-chief"
"""Who submits, and who approves."""


class SettableClock:
    """Stands still until it is set."""

    def __init__(self, day: date = NEW_YEAR) -> None:
        self.set(day)

    def set(self, day: date) -> None:
        self._now = datetime.combine(day, time(9), UTC)

    def __call__(self) -> datetime:
        return self._now


class NoStandings:
    """A source for tests without pay runs: it knows of nobody."""

    def catch_up(self) -> int:
        return 0

    def standings(
        self, program: str, month: str, period: str, rule: Rule, day: date
    ) -> Iterable[Standing]:
        return ()

    def outlived(self, program: str, rule: Rule, day: date) -> dict[str, str]:
        return {}

    def failing(self, program: str, rule: Rule, day: date) -> set[str]:
        return set()

    def accounts(self, persons: Sequence[str]) -> dict[str, str]:
        return {}

    def eligible_unenrolled(self, program: str, rule: Rule, day: date) -> Iterable[Unenrolled]:
        return ()


def make_ledger(
    path: Path, *, clock: Clock | None = None, standings: StandingSource | None = None
) -> Ledger:
    """A ledger in a folder of its own, with the catalog adopted and funds appropriated."""
    home = path / "home"
    shutil.copytree(_template(), home)
    return _open(home, clock or SettableClock(), standings or NoStandings())


def close(ledger: Ledger) -> None:
    """Close what :func:`make_ledger` opened."""
    ledger.vault.close()
    ledger.store.close()


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="benefits-ledger-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    home = folder / "home"
    home.mkdir()
    Vault(home / "vault", SeededRandomness(1), create=True).close()
    ledger = _open(home, SettableClock(), NoStandings())
    commands: list[Command] = [AdoptProgram(definition=p) for p in PROGRAMS.values()]
    for fund in FUNDS.values():
        commands.append(OpenFund(definition=fund))
        if fund.annual_appropriation_fen:
            amount_fen = fund.annual_appropriation_fen
            commands.append(
                AppropriateFunds(fund=fund.code, amount_fen=amount_fen, year=2017, document="预算")
            )
    context = Context(actor=CHIEF, role="chief", division=CITY, effective=NEW_YEAR)
    result = ledger.execute_group([(c, context) for c in commands], key="catalog")
    assert not [o for o in result.outcomes if o.error]
    close(ledger)
    return home


def _open(home: Path, clock: Clock, standings: StandingSource) -> Ledger:
    return Ledger(
        SQLiteStore(home / "ledger.db"),
        Vault(home / "vault", SeededRandomness(1)),
        operator=CITY,
        clock=clock,
        programs=PROGRAMS,
        documents=FolderDocuments(home / "documents"),
        standings=standings,
    )


@contextmanager
def refused(code: str) -> Iterator[None]:
    """The block ends with the error of this code."""
    with pytest.raises(LedgerError) as error:
        yield
    assert error.value.code == code, error.value


def day(text: str) -> date:
    """``03-15`` is a day of 2017; a full ISO date is itself."""
    return date.fromisoformat(text if len(text) == 10 else f"2017-{text}")


def identity(born: date, *, male: bool = True, nth: int = 0, prefix: str = "220202") -> str:
    """A well-formed, fictitious identity number; ``nth`` (0 to 4) tells namesakes in date apart."""
    body = f"{prefix}{born:%Y%m%d}{990 + 2 * nth + (1 if male else 0)}"
    return str(body + mod_11_2.calc_check_digit(body))


class City:
    """Tells a history to a ledger. A command is recorded on the day from which it holds."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._keys = count(1)
        self._born: Counter[tuple[date, bool]] = Counter()
        self._start = self.ledger.feed().end()

    def do(
        self,
        command: Command,
        on: str | date,
        *,
        by: str = CLERK,
        division: str = CITY,
        recorded: str | date | None = None,
    ) -> str:
        """Carry out a command; the id of the stream it is mainly about."""
        effective = day(on) if isinstance(on, str) else on
        known = day(recorded) if isinstance(recorded, str) else recorded
        if isinstance(self.ledger.clock, SettableClock):
            self.ledger.clock.set(known or effective)
        context = Context(actor=by, role="officer", division=division, effective=effective)
        return self.ledger.execute(command, context, key=f"test-{next(self._keys)}").stream

    def register(
        self,
        *,
        born: date = date(1980, 6, 1),
        male: bool = True,
        division: str = "220202",
        urban: bool = True,
        household: str | None = None,
        category: int = 4,
        grade: int = 2,
        certified: bool = True,
        low_income: bool = False,
        account: str | None = None,
        on: str | date = NEW_YEAR,
        **facts: bool | str,
    ) -> str:
        """A person with a certificate, and the life facts named; the person's id."""
        number = identity(born, male=male, nth=self._born[born, male])
        self._born[born, male] += 1
        name = f"测试{len(self._born)}"
        person = self.do(
            RegisterPerson(
                id_number=number, name=name, division=division, urban=urban, household=household
            ),
            on,
        )
        if certified:
            issue = IssueCertificate(
                person=person,
                number=f"{number}{category}{grade}",
                id_number=number,
                category=category,
                grade=grade,
            )
            self.do(issue, on)
        if low_income:
            self.do(RecognizeHardship(person=person, document="民政"), on)
        if account is not None:
            change = ChangeBankAccount(person=person, account=account, bank="银行", holder=name)
            self.do(change, on)
        for fact, value in facts.items():
            self.do(RecordLifeFact(person=person, fact=fact, value=value, document="核实"), on)
        return person

    def enroll(
        self,
        program: str,
        beneficiary: str,
        on: str | date = "01-10",
        *,
        amount_fen: int | None = None,
        end_month: str | None = None,
        kin: Sequence[str] = (),
    ) -> str:
        """Apply and be approved, with a notice if the rule wants one; the enrollment's id.

        A notice moves the approval to the day after its last.
        """
        applied = day(on) if isinstance(on, str) else on
        who: dict[str, Any] = {"program": program, "beneficiary": beneficiary}
        self.do(SubmitApplication(**who, kin=list(kin)), applied)
        self.do(AssessEligibility(**who), applied)
        approved = applied
        days = PROGRAMS[program].rules[-1].notice_days
        if days:
            until = applied + timedelta(days=days - 1)
            approved = until + timedelta(days=1)
            notice = PublishNotice(**who, notice_from=applied, notice_until=until, place="社区")
            self.do(notice, applied)
            self.do(CloseNotice(**who), approved)
        approve = ApproveEnrollment(**who, amount_fen=amount_fen, end_month=end_month)
        return self.do(approve, approved, by=CHIEF)

    def events(self, stream: str | None = None) -> list[Event[Any]]:
        """Of one stream, or all since the catalog was adopted."""
        if stream is not None:
            return [codec.decode(raw) for raw in self.ledger.store.stream(stream)]
        return [
            codec.decode(raw) for batch in self.ledger.feed().read(self._start) for _, raw in batch
        ]

    def told(self, stream: str | None = None) -> list[str]:
        """The names of the events' types, in order."""
        return [type(e.data).__name__ for e in self.events(stream)]


@contextmanager
def small_city(path: Path) -> Iterator[City]:
    """A city on a new ledger, closed at the end."""
    ledger = make_ledger(path)
    try:
        yield City(ledger)
    finally:
        close(ledger)
