"""The money of a bundle, summed from its events alone: a person's balances, what programs paid.

Written from the description of the event types and from nothing else of the ledger, so that the
two can be compared. Amounts are fen.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from ledger.verify.refusal import Refused

TYPE_PREFIX = "benefits."
WHOLE = 2**53 - 1
"""Numbers are whole and no greater: RFC 8785 writes others as the nearest that IEEE 754 has."""
Amounts = dict[str, int]
_canonical = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def read_event(position: int, raw: bytes) -> dict[str, Any]:
    """The event that these bytes are. They have to be its canonical form (RFC 8785).

    Raises :class:`Refused`.
    """
    try:
        text = raw.decode()
        event = _decoded(text)
        same = _canonical(event) == text
        texts = [event[name] for name in ("subject", "type", "effective", "division", "id", "time")]
        good = same and isinstance(event["data"], dict) and all(isinstance(t, str) for t in texts)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refused("event-malformed", position=position, reason=repr(error)) from None
    if not good:
        raise Refused("event-malformed", position=position, reason="RFC 8785, CloudEvents")
    found: dict[str, Any] = event
    return found


def _whole(digits: str) -> int:
    number = int(digits)
    if abs(number) > WHOLE:
        raise ValueError(f"{digits:.20} is too great")
    return number


def _no_number(text: str) -> None:
    raise ValueError(f"{text:.20} is no whole number")


_decoded = json.JSONDecoder(
    parse_int=_whole, parse_float=_no_number, parse_constant=_no_number
).decode


def event_name(event: Mapping[str, Any]) -> str:
    """``PaymentSettled`` of ``benefits.PaymentSettled.v1``; empty for another kind of type."""
    type_name: str = event["type"]
    parts = type_name.split(".")
    return parts[1] if type_name.startswith(TYPE_PREFIX) and len(parts) == 3 else ""


class Sums:
    """Balances by subject and program, and disbursements by year and program."""

    def __init__(self) -> None:
        self.balances: dict[str, dict[str, Amounts]] = defaultdict(dict)
        self.disbursed: dict[str, Amounts] = defaultdict(lambda: defaultdict(int))

    def take(self, position: int, event: Mapping[str, Any]) -> None:
        """Take in an event. Raises :class:`Refused` where a field it must have is amiss."""
        name, data = event_name(event), event["data"]
        try:
            paid, moved = disbursed_fen(name, data), balance_moves(name, data)
            if not paid and not moved:
                return
            program = data["program"]
            if type(program) is not str:
                raise TypeError("program")
            if paid:
                self.disbursed[event["effective"][:4]][program] += paid
            if moved:
                self._balance(event["subject"], program, moved)
        except (KeyError, TypeError) as error:
            raise Refused("event-malformed", position=position, reason=repr(error)) from None

    def _balance(self, subject: str, program: str, moved: Amounts) -> None:
        row = self.balances[subject].setdefault(program, {})
        for amount, fen in moved.items():
            row[amount] = row.get(amount, 0) + fen


def _fen(data: Mapping[str, Any], name: str = "amount_fen", absent: int | None = None) -> int:
    """An amount that has to be a whole number. Raises KeyError, TypeError."""
    fen = data[name] if absent is None else data.get(name, absent)
    if type(fen) is not int:
        raise TypeError(f"{name}: {type(fen).__name__}")
    return fen


def disbursed_fen(name: str, data: Mapping[str, Any]) -> int:
    """What an event takes out of cash and goods for its program, less what comes back."""
    match name:
        case "PaymentSettled" | "ContributionPaid":
            return _fen(data)
        case "RecoveryCollected":
            return -_fen(data)
        case "PaymentReturned" if data.get("after_settlement", False):
            return -_fen(data)
        case "GoodsDistributed" | "DeviceFitted" if "fund" in data:
            return _fen(data, "value_fen", 0)
        case _:
            return 0


def balance_moves(name: str, data: Mapping[str, Any]) -> Amounts:
    """How an event changes its beneficiary's balance in its program, by amount.

    ``granted`` less ``reversed``, ``settled``, ``returned`` (before it was settled, or after) and
    ``overpaid`` are cumulative; ``owed`` is due back from the beneficiary.
    """
    match name:
        case "SubsidyGranted" | "ArrearsGranted":
            return {"granted_fen": _fen(data)}
        case "GrantReversed":
            return {"reversed_fen": _fen(data)}
        case "PaymentSettled" | "ContributionPaid":
            return {"settled_fen": _fen(data)}
        case "PaymentReturned" if data.get("after_settlement", False):
            return {"returned_late_fen": _fen(data)}
        case "PaymentReturned":
            return {"returned_fen": _fen(data)}
        case "OverpaymentFound":
            owed = _fen(data) - _fen(data, "offset_fen", 0)
            return {"overpaid_fen": _fen(data), "owed_fen": owed}
        case "OverpaymentCancelled":
            owed, amount = _fen(data, "owed_fen"), _fen(data)
            needless = amount - owed - _fen(data, "refund_fen")
            return {"cancelled_fen": amount, "owed_fen": -owed, "waived_fen": -needless}
        case "RecoveryCollected":
            return {"recovered_fen": _fen(data), "owed_fen": -_fen(data)}
        case "RecoveryWaived":
            return {"waived_fen": _fen(data), "owed_fen": -_fen(data)}
        case _:
            return {}


def less(sums: Mapping[str, Amounts], left_out: Mapping[str, Amounts]) -> dict[str, Amounts]:
    """Amounts by two keys without those that were left out, and without what that leaves empty."""
    found = dict(sums)
    for key, amounts in left_out.items():
        rest = {name: fen - amounts.get(name, 0) for name, fen in sums.get(key, {}).items()}
        found[key] = {name: fen for name, fen in rest.items() if fen}
        if not found[key]:
            del found[key]
    return found


def less_balances(
    sums: Mapping[str, Mapping[str, Amounts]], left_out: Mapping[str, Mapping[str, Amounts]]
) -> dict[str, Mapping[str, Amounts]]:
    """The same of balances, which are by subject first."""
    found = dict(sums)
    for subject, rows in left_out.items():
        found[subject] = less(sums.get(subject, {}), rows)
        if not found[subject]:
            del found[subject]
    return found


def compare(what: str, claimed: object, found: Mapping[str, int]) -> int:
    """How many claimed amounts the events yield: every one, and no other but zeros, which are
    no amounts and not counted.

    Raises :class:`Refused` for the first that differs.
    """
    if not isinstance(claimed, dict):
        raise Refused("part-malformed", part="claims.json", reason=what)
    for name in sorted({*claimed, *found}):
        said, yielded = claimed.get(name, 0), found.get(name, 0)
        if type(said) is not int or said != yielded:
            raise Refused("claim-differs", what=f"{what} {name}", claimed=said, found=yielded)
    return sum(fen != 0 for fen in claimed.values())
