"""Checks of the accounts that money goes to: shared by strangers, or an officer's own."""

from collections.abc import Iterator
from typing import Any

from ledger.domain.month import first_day
from projections.checks.check import Check
from projections.checks.files import File, MonthPaid, paid_in
from projections.checks.finding import Finding

Paid = tuple[File, MonthPaid]


class SharedAccount(Check):
    """Counted by household, since a family may well have one account."""

    code, severity = "shared-account", "medium"
    name_zh, name_en = "多户共用账户", "one account receives for several households"

    def findings(self) -> Iterator[Finding]:
        by_account: dict[str, list[Paid]] = {}
        persons: dict[str, set[str]] = {}
        for file, month in _to_persons(self):
            assert month.account is not None
            by_account.setdefault(month.account, []).append((file, month))
            persons.setdefault(month.account, set()).add(file.beneficiary)
        least = self.number("households", self.book.today)
        for account, who in persons.items():
            if len(who) < least:
                continue
            homes = {self.book.household(p) for p in who}
            if len(homes) >= least:
                paid = by_account[account]
                yield self.found(
                    account,
                    key=" ".join([str(len(paid)), *sorted(who)]),
                    months=sorted({m.month for _, m in paid}),
                    amount_fen=sum(m.paid_fen for _, m in paid),
                    positions=[p for _, m in paid for p in m.at],
                    zh=f"同一账户为{len(homes)}户{len(who)}人收款",
                    en=f"one account receives for {len(who)} persons of {len(homes)} households",
                )


class OfficialAccount(Check):
    """Accounts by the register of officers; kin who are paid on their own account are none."""

    code, severity = "official-account", "high"
    name_zh, name_en = "款入经办人或其亲属账户", "paid into an officer's or declared kin's account"
    kinds = ("officer", "kin")

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._listed = {a.account: a for a in self.sources.register.accounts}

    def findings(self) -> Iterator[Finding]:
        found: dict[tuple[str, str, str], list[Paid]] = {}
        if not self._listed:
            return
        for file, month in _to_persons(self):
            listed = self._listed.get(month.account or "")
            if (
                listed is not None
                and listed.person != file.beneficiary
                and listed.valid_from <= first_day(month.month)
            ):
                key = (file.beneficiary, file.program, listed.account)
                found.setdefault(key, []).append((file, month))
        for (person, program, account), paid in found.items():
            listed = self._listed[account]
            officer = listed.officer
            yield self.found(
                person,
                kind="officer" if listed.person is None else "kin",
                program=program,
                key=" ".join([program, account, *(m.month for _, m in paid)]),
                months=[m.month for _, m in paid],
                amount_fen=sum(m.paid_fen for _, m in paid),
                overpaid=paid_in(m for _, m in paid),
                positions=[p for _, m in paid for p in m.at],
                zh=f"收款账户属于{officer}或其申报的亲属",
                en=f"the account is {officer}'s or declared kin's",
            )


def _to_persons(check: Check) -> Iterator[Paid]:
    """Months paid into an account, of programs whose beneficiaries are persons."""
    for file in check.book.files.values():
        if file.months and check.book.is_person_program(file.program):
            yield from ((file, m) for m in file.paid() if m.account is not None)
