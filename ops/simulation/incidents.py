"""What happens to people in the year, as officers learn of it: deaths, moves, regrades, debts."""

from collections.abc import Iterable, Iterator

from ledger.commands.certificate import ChangeCertificate, ExpireCertificate
from ledger.commands.payment import (
    InstructPayment,
    RecoverOverpayment,
    SettlePayment,
    WaiveOverpayment,
)
from ledger.commands.person import (
    ChangeBankAccount,
    ChangeResidence,
    EndCustody,
    EndHardship,
    RecordCustody,
    RecordDeath,
    RevokeDeath,
)
from ledger.domain.enrollment import ENROLLMENT
from ledger.domain.stream import enrollment_id
from ledger.work import Context
from ops.simulation.calendar import accountant, director, registrar
from ops.simulation.city import DIVISIONS, Citizen
from ops.simulation.plan import LIVING, NURSING, Incident, Scenario
from ops.simulation.runner import Item, Runner

IN_TRANSIT = ("died-in-transit", "died-returned")


class Incidents:
    """The plan's incidents, month by month."""

    def __init__(self, runner: Runner, scenario: Scenario) -> None:
        self._runner = runner
        self._calendar = scenario.calendar
        self._plan = scenario.plan
        self._citizens = scenario.citizens

    def of(self, *kinds: str, month: int | None = None) -> Iterator[tuple[Citizen, Incident]]:
        """Incidents of some kinds, with those they happen to; ``month`` is the month learned."""
        for index, incident in sorted(self._plan.incidents.items()):
            if incident.kind in kinds and month in (None, incident.learned):
                yield self._citizens[index], incident

    def programs_of(self, c: Citizen) -> list[str]:
        """The monthly programs a citizen is in."""
        return [p for p in (LIVING, NURSING) if c.index in self._plan.starts[p]]

    def enrollments(self, kind: str, month: int, program: str) -> list[str]:
        """Enrollments in a program whose incident of a kind is learned in a month."""
        return [
            enrollment_id(c.person, program)
            for c, _ in self.of(kind, month=month)
            if program in self.programs_of(c)
        ]

    def learned(self, month: int) -> None:
        """On the 14th, what became known since last month, and what passed."""
        key = f"{self._calendar.month(month)}/incidents"
        self._runner.group(key, self._calendar.at(month, 14), lambda: self._items(month))

    def learned_in_transit(self, month: int) -> None:
        """On the 26th, deaths that become known while the month's money is with the bank."""
        key = f"{self._calendar.month(month)}/in-transit"
        self._runner.group(
            key,
            self._calendar.at(month, 26),
            lambda: (
                (RecordDeath(person=c.person, source="公安"), self._by(c, i.month))
                for c, i in self.of(*IN_TRANSIT, month=month)
            ),
        )

    def _by(self, c: Citizen, month: int) -> Context:
        return registrar(c.division, self._calendar.day(month, 10))

    def _items(self, month: int) -> Iterator[Item]:
        for index, incident in sorted(self._plan.incidents.items()):
            c = self._citizens[index]
            if incident.learned == month and incident.kind not in IN_TRANSIT:
                yield from self._begins(c, incident)
            if incident.until == month:
                yield from self._passes(c, incident)

    def _begins(self, c: Citizen, i: Incident) -> Iterator[Item]:
        by = registrar(c.division, self._calendar.day(i.month, 10))
        match i.kind:
            case "died" | "died-late" | "death-revoked":
                yield RecordDeath(person=c.person, source="民政"), by
            case "left":
                yield ChangeResidence(person=c.person, division=None, urban=c.urban), by
            case "low-income-ended":
                yield EndHardship(person=c.person, reason="收入超过低保标准"), by
            case "regraded":
                regraded = ChangeCertificate(
                    person=c.person, category=c.category, grade=3, reason="重新评定"
                )
                yield regraded, by
            case "custody":
                yield RecordCustody(person=c.person, document="刑事判决书"), by
            case "certificate-expired":
                yield ExpireCertificate(person=c.person), by
            case "moved":
                to = self._other_division(c)
                # Both districts are the city's, so the city's officer records the move.
                by = accountant(self._calendar.day(i.month, 10))
                yield ChangeResidence(person=c.person, division=to, urban=c.urban), by
            case _:
                return

    def _passes(self, c: Citizen, i: Incident) -> Iterator[Item]:
        by = registrar(c.division, self._calendar.day(i.until, 10))
        match i.kind:
            case "custody":
                yield EndCustody(person=c.person, document="释放证明"), by
            case "certificate-expired":
                renewed = ChangeCertificate(
                    person=c.person, category=c.category, grade=c.grade, reason="换证"
                )
                yield renewed, by
            case "death-revoked":
                revoked = RevokeDeath(person=c.person, reason="同名误登", document="派出所证明")
                yield revoked, by

    def _other_division(self, c: Citizen) -> str:
        codes = [code for code, *_ in DIVISIONS]
        return codes[(codes.index(c.division) + 1) % len(codes)]

    # --- payments followed up

    def pay_again(self, month: int) -> None:
        """What the bank returned last month goes to a new account on the 15th, settled on the 20th.

        So do the arrears of those whose recorded death was revoked.
        """
        calendar, again = self._calendar, list(self._returned_in(month - 1))
        revoked = [(c, i) for c, i in self.of("death-revoked") if i.until == month]
        key = f"{calendar.month(month)}/again"
        if again:
            self._runner.group(
                f"{key}/instruct",
                calendar.at(month, 15),
                lambda: (item for c, p in again for item in self._instruct(c, p, month)),
            )
        settled = [(c, p, [month - 1]) for c, p in again]
        settled += [
            (c, p, list(range(i.month + 1, month))) for c, i in revoked for p in self.programs_of(c)
        ]
        if settled:
            self._runner.group(
                f"{key}/settle",
                calendar.at(month, 15, 6),
                lambda: self._settle(month, settled),
            )

    def _returned_in(self, month: int) -> Iterable[tuple[Citizen, str]]:
        return ((c, self.programs_of(c)[0]) for c, _ in self.of("returned", month=month))

    def _instruct(self, c: Citizen, program: str, month: int) -> Iterator[Item]:
        day = self._calendar.day(month, 15)
        account = c.account[:-1] + str((int(c.account[-1]) + 1) % 10)
        changed = ChangeBankAccount(person=c.person, account=account, bank="农信社", holder=c.name)
        yield changed, registrar(c.division, day)
        again = InstructPayment(
            program=program,
            beneficiary=c.person,
            month=self._calendar.month(month - 1),
            reason="更换账户后重发",
        )
        yield again, accountant(day)

    def _settle(self, month: int, settled: list[tuple[Citizen, str, list[int]]]) -> Iterator[Item]:
        by = director(self._calendar.day(month, 15))
        for c, program, months in settled:
            for m in months:
                paid = SettlePayment(
                    program=program,
                    beneficiary=c.person,
                    month=self._calendar.month(m),
                    receipt=f"{self._calendar.month(m)}-again-{c.person[-8:]}",
                )
                yield paid, by

    def follow_up_debts(self, month: int) -> None:
        """On the 28th: debts found this month are collected, waived, or left open as planned."""
        key = f"{self._calendar.month(month)}/debts"
        found = [
            *self.of("died-late", month=month),
            *self.of("died-in-transit", month=month),
        ]
        if found:
            self._runner.group(key, self._calendar.at(month, 28), lambda: self._debts(month, found))

    def _debts(self, month: int, found: list[tuple[Citizen, Incident]]) -> Iterator[Item]:
        day = self._calendar.day(month, 28)
        for c, incident in found:
            for program in self.programs_of(c):
                e = self._runner.ledger.state(ENROLLMENT, enrollment_id(c.person, program))
                for name, debt in sorted(e.overpayments.items()):
                    if incident.debt == "recovered":
                        collected = RecoverOverpayment(
                            overpayment=name,
                            amount_fen=debt.owed_fen,
                            method="家属退还",
                            receipt=f"收据-{name[-12:]}",
                        )
                        yield collected, accountant(day)
                    elif incident.debt == "waived":
                        waived = WaiveOverpayment(
                            overpayment=name,
                            amount_fen=debt.owed_fen,
                            reason="遗属特别困难",
                            document="会议纪要",
                        )
                        yield waived, director(day)
