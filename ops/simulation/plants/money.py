"""Money: paid twice, to shared or official accounts, in wrong amounts, out of wrong funds."""

from typing import Any

from ledger.domain.events import enrollment as en
from ledger.domain.events import fund as fu
from ledger.domain.stream import fund_id, payrun_id
from ops.simulation.calendar import CITY
from ops.simulation.plants.legacy import DISTRICT, LIVING, NEIGHBOR, NURSING, Legacy
from ops.simulation.plants.people import Resident

AID, TOWNSHIP, CHARITY = "lottery-fund-aid", "township-commissioner", "charity-platform"
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
        kin = {"person": p.person().id} if n else {}
        account = f"629980000000000010{n}"
        who = p.person(account=account)
        p.enroll_and_pay(who, LIVING, 1)
        p.accounts.append(
            {
                "officer": officer,
                "account": who.account,
                "valid_from": p.day(1, 1).isoformat(),
                "document": "领导干部个人有关事项报告",
                **kin,
            }
        )
        said = {"kind": "kin" if kin else "officer", "months": months[:1], "amount_fen": fen}
        p.expect("official-account", who.id, LIVING, **said)


def _amounts(p: Legacy) -> None:
    """Above the rate and below it, an award above its cap, a year above its cap in cash and in
    goods."""
    for amount_fen, kind in ((9_000, "above"), (6_000, "below")):
        who = p.person()
        p.enroll_and_pay(who, LIVING, 1, amount_fen=amount_fen)
        above = max(amount_fen - p.rate_fen(LIVING), 0)
        said = {"kind": kind, "months": [p.month(1)], "amount_fen": above}
        p.expect("over-cap", who.id, LIVING, **said)
    who = p.person()
    p.enroll(who.id, AID, amount_fen=400_000)
    p.pay(who, AID, 2, amount_fen=400_000)
    said = {"kind": "above", "months": [p.month(2)], "amount_fen": 100_000}
    p.expect("over-cap", who.id, AID, **said)
    who = p.person()
    p.enroll(who.id, TOWNSHIP, amount_fen=100_000)
    p.pay(who, TOWNSHIP, *range(1, 12), amount_fen=100_000)
    months = [p.month(m) for m in range(1, 12)]
    p.expect("over-cap", who.id, TOWNSHIP, kind="year", months=months, amount_fen=100_000)
    who = p.person()
    _give(p, who, "charity", 600_000)
    p.expect("over-cap", who.id, CHARITY, kind="year", amount_fen=100_000)


def _give(p: Legacy, who: Resident, fund: str, value_fen: int) -> None:
    """Goods of the charity program, out of a fund."""
    p.enroll(who.id, CHARITY)
    given = en.GoodsDistributed(
        program=CHARITY, item="学习用品", quantity=1, value_fen=value_fen, fund=fund
    )
    p.step(who.id, CHARITY, given, p.day(2, 13))


def _totals(p: Legacy) -> None:
    """A run above its lines, one never issued, one whose result is short of it; a payment settled
    at less, one that arrived and did not; an account in another's name."""
    fen = p.rate_fen(NURSING)
    for month, kind, odd, apart in (
        (8, "issued-lines", {"short_fen": 1_000}, 1_000),
        (10, "not-issued", {"issued": False}, fen),
        (11, "issued-result", {"result_short_fen": 1_000}, 1_000),
    ):
        who = p.person()
        p.enroll(who.id, NURSING)
        p.pay(who, NURSING, month, **odd)
        run = payrun_id(NURSING, p.month(month), 1)
        p.expect("unreconciled", run, NURSING, kind=kind, amount_fen=apart)
    who = p.person()
    p.enroll_and_pay(who, NURSING, 1)
    bounced = en.PaymentReturned(
        program=NURSING,
        month=p.month(1),
        amount_fen=fen,
        fund=p.programs[NURSING].fund or "",
        reason="户名不符",
        after_settlement=False,
    )
    p.step(who.id, NURSING, bounced, p.day(2, 13))
    said: dict[str, Any] = {"kind": "month", "months": [p.month(1)], "amount_fen": fen}
    p.expect("unreconciled", who.id, NURSING, **said)
    who = p.person()
    p.enroll(who.id, LIVING)
    p.pay(who, LIVING, 9, settled_fen=6_000)
    apart = p.rate_fen(LIVING) - 6_000
    said = {"kind": "month", "months": [p.month(9)], "amount_fen": apart}
    p.expect("unreconciled", who.id, LIVING, **said)
    run = payrun_id(LIVING, p.month(9), 1)
    p.expect("unreconciled", run, LIVING, kind="result-lines", amount_fen=apart)
    who = p.person(holder="他人")
    p.enroll_and_pay(who, LIVING, 1)
    said = {"kind": "holder", "months": [p.month(1)], "amount_fen": p.rate_fen(LIVING)}
    p.expect("unreconciled", who.id, **said)


def _funds(p: Legacy) -> None:
    """A subsidy and goods out of the fund for employment; a fund that commits what it does not
    have."""
    who = p.person()
    p.enroll(who.id, LIVING)
    p.pay(who, LIVING, 10, fund=OTHER_FUND)
    fen = p.rate_fen(LIVING)
    p.expect("fund-misuse", f"fund-{OTHER_FUND}", LIVING, kind="purpose", amount_fen=fen)
    _give(p, p.person(), OTHER_FUND, 40_000)
    p.expect("fund-misuse", f"fund-{OTHER_FUND}", CHARITY, kind="purpose", amount_fen=40_000)
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
    p.expect("fund-misuse", f"fund-{fund}", kind="overspent", amount_fen=30_000)
