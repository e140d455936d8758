"""An outsider's recount: reads ``events --format ndjson`` and counts again, with none of our code.

Knows only what the event types' documentation says: which events move money between which accounts,
and which show that a program reached someone. Prints one JSON document: ``amount_fen`` (net, by
program and calendar year of the effective date), ``persons`` (distinct, by program; the poverty
register as ``poverty.registered`` and ``poverty.exited``) and ``trial_balance`` (debits less
credits of every account, over the whole log).

    benefits-ledger events --format ndjson | python tests/recount.py 2017
"""

import json
import sys
from collections import defaultdict

MOVES = {  # an event of one amount: the account debited, the account credited
    "SubsidyGranted": ("Expenses:Benefits", "Liabilities:Payable"),
    "ArrearsGranted": ("Expenses:Benefits", "Liabilities:Payable"),
    "PaymentInstructed": ("Liabilities:Payable", "Liabilities:InTransit"),
    "PaymentSettled": ("Liabilities:InTransit", "Assets:Cash"),
    "ContributionPaid": ("Liabilities:InTransit", "Assets:Cash"),
    "GrantReversed": ("Liabilities:Payable", "Expenses:Benefits"),
    "RecoveryCollected": ("Assets:Cash", "Assets:Receivable"),
    "RecoveryWaived": ("Expenses:Waived", "Assets:Receivable"),
    "FundsAppropriated": ("Assets:Cash", "Income:Appropriation"),
    "FundsCommitted": ("Budget:Committed", "Budget:Reserve"),
}
REACHES = {  # an event that shows that its program reached its subject, a person
    "PaymentSettled",
    "ContributionPaid",
    "ServiceDelivered",
    "DeviceFitted",
    "SurgeryCompleted",
    "PassIssued",
    "PassRecharged",
    "GoodsDistributed",
    "TrainingCompleted",
    "EmploymentStarted",
}
DISBURSING = ("Assets:Cash", "Assets:Goods")


def entries(kind, d):
    """(debited, credited, fen) of an event, each a pair of accounts."""
    if kind in MOVES:
        yield (*MOVES[kind], d["amount_fen"])
    if kind == "CommitmentReleased" and d["reason"] != "grant-reversed":  # else it was used up
        yield "Budget:Reserve", "Budget:Committed", d["amount_fen"]
    if kind == "ArrearsGranted":  # the commitment made for it alone is used up
        yield "Budget:Reserve", "Budget:Committed", d["amount_fen"]
    if kind == "OverpaymentFound":  # what was still due for its months is set off
        offset = d.get("offset_fen", 0)
        yield "Assets:Receivable", "Expenses:Benefits", d["amount_fen"] - offset
        yield "Liabilities:Payable", "Expenses:Benefits", offset
    if kind == "OverpaymentCancelled":  # owed after all: the expense comes back
        yield "Expenses:Benefits", "Assets:Receivable", d["owed_fen"]
        yield "Expenses:Benefits", "Liabilities:Payable", d["refund_fen"]
        waived = d["amount_fen"] - d["owed_fen"] - d["refund_fen"]
        yield "Expenses:Benefits", "Expenses:Waived", waived
    if kind == "PaymentReturned":
        late = d.get("after_settlement", False)
        yield (
            "Assets:Cash" if late else "Liabilities:InTransit",
            "Liabilities:Payable",
            d["amount_fen"],
        )
    if kind == "PayRunIssued":  # the whole run goes to the bank, out of its commitment
        yield "Liabilities:Payable", "Liabilities:InTransit", sum(d["by_division"].values())
        yield "Budget:Reserve", "Budget:Committed", d["total_fen"]
    if kind == "DonationReceived":
        account = "Assets:Cash" if d["form"] == "cash" else "Assets:Goods"
        yield account, "Income:Donation", d["amount_fen"]
    if kind in ("GoodsDistributed", "DeviceFitted") and "fund" in d:  # donated goods
        yield "Expenses:Benefits", "Assets:Goods", d.get("value_fen", 0)
        yield "Budget:Reserve", "Budget:Committed", d.get("value_fen", 0)
    if kind in ("PassIssued", "PassRecharged"):
        yield "Expenses:Benefits", "Income:InKind", d["value_fen"]


def recount(lines, year):
    amount_fen, balance = defaultdict(int), defaultdict(int)
    persons, exited = defaultdict(set), {}
    for line in lines:
        event = json.loads(line)
        kind, d = event["type"].split(".")[1], event["data"]
        program, subject = d.get("program"), event["subject"]
        in_year = event["effective"][:4] == year
        for debit, credit, fen in entries(kind, d):
            balance[debit] += fen
            balance[credit] -= fen
            if in_year and program is not None:
                amount_fen[program] += fen * ((credit in DISBURSING) - (debit in DISBURSING))
        if kind in REACHES and in_year:
            persons[program].add(subject)
        if event["effective"][:4] <= year:
            if kind == "PovertyRegistered":
                persons["poverty.registered"].update(d["members"])
            elif kind == "ExitDecided":
                exited[subject] = d["members"]
            elif kind in ("ExitRevoked", "RelapseRecorded"):
                exited.pop(subject, None)
    persons["poverty.exited"] = {person for members in exited.values() for person in members}
    return {
        "amount_fen": {program: fen for program, fen in sorted(amount_fen.items()) if fen},
        "persons": {program: len(found) for program, found in sorted(persons.items())},
        "trial_balance": dict(sorted(balance.items())),
    }


if __name__ == "__main__":
    found = recount(sys.stdin.buffer, sys.argv[1] if len(sys.argv) > 1 else "2017")
    print(json.dumps(found, ensure_ascii=False, indent=2))
