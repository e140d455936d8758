"""Money: paid twice, to shared or official accounts, in wrong amounts, out of wrong funds."""

from typing import Any

from ledger.domain.events import fund as fu
from ledger.domain.stream import fund_id, payrun_id
from ops.simulation.calendar import CITY
from ops.simulation.plants.legacy import DISTRICT, LIVING, NEIGHBOR, NURSING, Legacy

AID, TOWNSHIP = "lottery-fund-aid", "township-commissioner"
OTHER_FUND = "employment-security"


def plant(p: Legacy) -> None:
    """double-pay to official-account, over-cap, unreconciled, fund-misuse."""
    for program in (LIVING, NURSING):
        who = p.person()
        p.enroll_and_pay(who, program, 1, 2)
        p.pay(who, program, 2, paid_in=3)
        fen = p.rate_fen(program)
        p.expect("double-pay", who.id, program, months=[p.month(2)], amount_fen=fen)
        who = p.person()
        p.enroll_and_pay(who, program, 1, 2)
        p.pay(who, program, 2, division=NEIGHBOR)
        p.expect("cross-division", who.id, program, months=[p.month(2)], amount_fen=fen)
    _accounts(p)
    _amounts(p)
    _totals(p)
    _funds(p)


def _accounts(p: Legacy) -> None:
    """Five strangers with one account; two who are paid into an officer's or kin's."""
    shared = "6299800000000000001"
    for _ in range(5):
        p.enroll_and_pay(p.person(account=shared), LIVING, 1, 2)
    months, fen = [p.month(1), p.month(2)], p.rate_fen(LIVING)
    reference = p.home.vault.account_ref(shared)
    p.expect("shared-account", reference, months=months, amount_fen=10 * fen)
    for n, officer in enumerate((f"officer-{DISTRICT}-02", f"officer-{CITY}-03")):
        account = f"629980000000000010{n}"
        who = p.person(account=account)
        p.enroll_and_pay(who, LIVING, 1)
        p.accounts.append(
            {
                "officer": officer,
                "account": who.account,
                "valid_from": p.day(1, 1).isoformat(),
                "document": "领导干部个人有关事项报告",
            }
        )
        p.expect("official-account", who.id, LIVING, months=months[:1], amount_fen=fen)


def _amounts(p: Legacy) -> None:
    """A rate that is not the rule's, an award above its cap, a year above its cap."""
    who = p.person()
    p.enroll_and_pay(who, LIVING, 1, amount_fen=9_000)
    above = 9_000 - p.rate_fen(LIVING)
    p.expect("over-cap", who.id, LIVING, months=[p.month(1)], amount_fen=above)
    who = p.person()
    p.enroll(who.id, AID, amount_fen=400_000)
    p.pay(who, AID, 2, amount_fen=400_000)
    p.expect("over-cap", who.id, AID, months=[p.month(2)], amount_fen=100_000)
    who = p.person()
    p.enroll(who.id, TOWNSHIP, amount_fen=100_000)
    p.pay(who, TOWNSHIP, *range(1, 12), amount_fen=100_000)
    months = [p.month(m) for m in range(1, 12)]
    p.expect("over-cap", who.id, TOWNSHIP, months=months, amount_fen=100_000)


def _totals(p: Legacy) -> None:
    """A run above its lines, a payment settled at less, an account in another's name."""
    who = p.person()
    p.enroll(who.id, NURSING)
    p.pay(who, NURSING, 8, short_fen=1_000)
    p.expect("unreconciled", payrun_id(NURSING, p.month(8), 1), NURSING, amount_fen=1_000)
    who = p.person()
    p.enroll(who.id, LIVING)
    p.pay(who, LIVING, 9, settled_fen=6_000)
    apart = p.rate_fen(LIVING) - 6_000
    p.expect("unreconciled", who.id, LIVING, months=[p.month(9)], amount_fen=apart)
    p.expect("unreconciled", payrun_id(LIVING, p.month(9), 1), LIVING, amount_fen=apart)
    who = p.person(holder="他人")
    p.enroll_and_pay(who, LIVING, 1)
    p.expect("unreconciled", who.id, months=[p.month(1)], amount_fen=p.rate_fen(LIVING))


def _funds(p: Legacy) -> None:
    """A subsidy paid out of the fund for employment; a fund that commits what it does not have."""
    who = p.person()
    p.enroll(who.id, LIVING)
    p.pay(who, LIVING, 10, fund=OTHER_FUND)
    fen = p.rate_fen(LIVING)
    p.expect("fund-misuse", f"fund-{OTHER_FUND}", LIVING, amount_fen=fen)
    fund = "legacy-relief"
    by: dict[str, Any] = {"division": CITY, "actor": f"officer-{CITY}-02"}
    opened = fu.FundOpened(
        fund=fund, zh="旧系统救助款", en="Relief of the old system", source="city", earmark=[AID]
    )
    filled = fu.FundsAppropriated(fund=fund, amount_fen=50_000, year=p.year, document="旧系统")
    committed = fu.FundsCommitted(
        fund=fund, program=AID, commitment="legacy", amount_fen=80_000, form="cash"
    )
    for n, data in enumerate((opened, filled, committed)):
        p.event(data, fund_id(fund), p.day(1, 2), role="director", second=n, **by)
    p.expect("fund-misuse", f"fund-{fund}", amount_fen=30_000)
