"""The embedded ledger beside the plain eventsourcing library, with an aggregate of one event."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from rich.console import Console

from ledger.commands.disbursement import IssuePayRun
from ledger.commands.payrun import (
    ApprovePayRun,
    ComputePayRun,
    NoticePayRun,
    OpenPayRun,
)
from ledger.commands.person import ChangeBankAccount
from ledger.domain.payrun import PAYRUN
from ops.audit.running import sources_of
from ops.bench.measure import Measured, alternating, peak_mb, timed
from ops.home import Home
from ops.simulation import run as simulate
from ops.simulation.calendar import Calendar, accountant, cashier, director
from ops.simulation.city import populate
from projections.checks import ALL_CHECKS
from projections.checks.audit import audit

SAVES_OF_100 = "Application.save × 100"


class Account(Aggregate):
    """The floor's aggregate, with an event that says what a grant of ours says.

    It is 615 bytes long; ours are 720 in the middle of a year, of which CloudEvents' own
    attributes are some 150.
    """

    @event("Opened")
    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.total = 0

    @event("Granted")
    def grant(
        self, actor: str, role: str, command: str, effective: str, grant: dict[str, Any]
    ) -> None:
        self.total += grant["amount_fen"]

    def grant_month(self, month: str) -> None:
        """A month's grant, as a pay run decides it."""
        self.grant(
            "officer-220200-03",
            "cashier",
            f"{month}/payrun/living-subsidy/issue",
            f"{month}-25",
            {
                "account": "account-9f331b09fedca968",
                "amount_fen": 7000,
                "beneficiary": "person-aa693f4f08f77062caa94ff3bd2add11",
                "division": "220283",
                "en": "payable from 2017-01: 70.00 yuan",
                "facts": {"start_month": "2017-01"},
                "fund": "city-welfare",
                "month": month,
                "payrun": "payrun-13f859cd1d5e57928fe0a08f74c940c8",
                "period": month,
                "program": "living-subsidy",
                "rule": "2016-01-01",
                "zh": "自2017-01起享受,本期70.00元",
            },
        )


class Accounts(Application[Any]):
    """The plain library on a SQLite file."""


def plain(folder: Path, name: str) -> Accounts:
    """A floor application with a store of its own."""
    return Accounts(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": f"file:{folder / name}.db",
        }
    )


def single_commands(home: Home, folder: Path) -> Measured:
    """One durable command, decided and stored, beside one ``save`` of one event.

    The clock goes on from the log's last event: a decision of an earlier day is taken twice.
    """
    now = datetime.fromisoformat(home.store.last_time()) + timedelta(days=1)
    ledger = home.ledger(clock=lambda: now)
    citizens = populate(int(home.info.seed or 0), home.info.share, home.vault, 2017)
    gone = {r.person for r in home.projector.select("persons") if r.deceased_on}
    living = [c for c in citizens if c.person not in gone][:100]
    by = accountant(now.date())
    accounts = plain(folder, "single")
    opened = [Account(owner=f"account {i}") for i in range(len(living))]
    accounts.save(*opened)
    rounds = iter(range(10_000))

    def ours() -> int:
        n = next(rounds)
        for c in living:
            ledger.execute(
                ChangeBankAccount(
                    person=c.person, account=f"{c.account}{n}", bank="农信社", holder=c.name
                ),
                by,
                key=f"bench/{n}/{c.person}",
            )
        return len(living)

    def floor() -> int:
        for account in opened:
            account.grant_month("2017-05")
            accounts.save(account)
        return len(opened)

    rates = alternating(ours, floor)
    return Measured("单条命令 / one durable command", *rates, "Application.save × 1", 0.7)


def grouped(home: Home, folder: Path) -> Measured:
    """A pay run's issue, with its decisions, beside ``save`` of 100 events at a time.

    A year of them, each longer than a round of the floor: the first finds the pages cold.
    """
    calendar = Calendar(2018)
    clock = [calendar.at(1, 16)]
    ledger = home.ledger(clock=lambda: clock[0])
    approved: list[str] = []

    def prepare(n: int) -> None:
        approved.append(_approved_run(ledger, clock, calendar, n + 1))

    floor = _saves_of_100(folder, "grouped")

    def ours() -> int:
        payrun = approved[-1]
        by = cashier(clock[0].date())
        return (
            ledger.execute(IssuePayRun(payrun=payrun), by, key=f"{payrun}/issue").outcomes[0].events
        )

    rates = alternating(ours, floor, prepare, rounds=12)
    return Measured("成批发放 / a pay run's issue", *rates, SAVES_OF_100, 1.5)


def _saves_of_100(folder: Path, name: str) -> Callable[[], int]:
    """The floor for events that come in groups."""
    accounts = plain(folder, name)
    opened = [Account(owner=f"account {i}") for i in range(2_000)]
    accounts.save(*opened)

    def floor() -> int:
        for start in range(0, len(opened), 100):
            some = opened[start : start + 100]
            for account in some:
                account.grant_month("2017-05")
            accounts.save(*some)
        return len(opened)

    return floor


def _approved_run(ledger: Any, clock: list[datetime], calendar: Calendar, month: int) -> str:
    """A run of the new year, computed and approved; each month is a run of its own."""
    day = calendar.day(month, 16)
    opening = OpenPayRun(program="living-subsidy", month=calendar.month(month))
    clock[0] = calendar.at(month, 16)
    payrun: str = ledger.execute(
        opening, accountant(day), key=f"b{calendar.year}-{month}/open"
    ).stream
    ledger.execute(
        ComputePayRun(payrun=payrun), accountant(day), key=f"b{calendar.year}-{month}/compute"
    )
    noticed = NoticePayRun(
        payrun=payrun,
        notice_from=calendar.day(month, 17),
        notice_until=calendar.day(month, 23),
        place="市残联网站",
    )
    ledger.execute(noticed, accountant(day), key=f"b{calendar.year}-{month}/notice")
    clock[0] = calendar.at(month, 24)
    lines = ledger.state(PAYRUN, payrun).lines
    approving = ApprovePayRun(payrun=payrun, lines=lines)
    ledger.execute(approving, director(clock[0].date()), key=f"b{calendar.year}-{month}/approve")
    return payrun


def rebuild(home: Home, folder: Path) -> Measured:
    """All views from the store feed, beside reading and decoding with the plain library."""
    events = home.feed.end()
    accounts = plain(folder, "rebuild")
    opened = [Account(owner=f"account {i}") for i in range(1_000)]
    for month in range(1, 51):
        for account in opened:
            account.grant_month(f"{month:07d}")
    accounts.save(*opened)
    recorder, mapper = accounts.recorder, accounts.mapper

    def ours() -> int:
        home.projector.rebuild()
        return events

    def floor() -> int:
        start, count = 1, 0
        while found := recorder.select_notifications(start=start, limit=1_000):
            for notification in found:
                mapper.to_domain_event(notification)
            count += len(found)
            start = found[-1].id + 1
        return count

    home.projector.catch_up()
    rates = alternating(ours, floor)
    return Measured("重建全部视图 / rebuild of all views", *rates, "select + to_domain_event", 1.18)


def city_year(home: Home, folder: Path, console: Console) -> Measured:
    """Simulation, rebuild and audit of the whole home, with the process's peak memory.

    A year of two million events is to be simulated in three minutes where the plain library saves
    29,000 events a second by hundreds: 0.38 of it, every decision of the year included.
    """
    floor = _saves_of_100(folder, "year")
    before = timed(floor)
    start = time.perf_counter()
    simulate(home, lambda *_: None)
    simulated_s = time.perf_counter() - start
    plain_rate = (before + timed(floor)) / 2
    events = home.feed.end()
    home.projector.catch_up()
    start = time.perf_counter()
    home.projector.rebuild()
    rebuilt_s = time.perf_counter() - start
    start = time.perf_counter()
    found = audit(home.feed, ALL_CHECKS, sources_of(home)).open
    audited_s = time.perf_counter() - start
    rate = events / simulated_s
    console.print(
        f"{events:,} events: simulated in {simulated_s:.0f} s ({rate:,.0f}/s), "
        f"rebuilt in {rebuilt_s:.1f} s ({events / rebuilt_s:,.0f}/s), "
        f"audited in {audited_s:.1f} s ({events / audited_s:,.0f}/s, {len(found)} findings), "
        f"peak {peak_mb():,.0f} MB"
    )
    return Measured("模拟全年 / a year simulated", rate, plain_rate, SAVES_OF_100, 0.38)
