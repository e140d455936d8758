"""Where a bundle's fault is, and what its figures may leave out."""

import json

import pytest

from ledger.domain.events.discard import ParkedEventDiscarded
from ledger.verify.merkle import leaf_hash
from ledger.verify.report import lines
from ledger.verify.scope import Scope
from ledger.verify.subset import HINT_BYTES
from tests.bundles import (
    EVENTS,
    WHOLE,
    MemoryLog,
    changed,
    check,
    city,
    line,
    packed,
    parts_of,
    person,
    refusal,
    told_city,
    trust,
)

# --- where the fault is


@pytest.mark.parametrize("scope", [WHOLE, person("p1", "h1"), Scope("year", "2017")])
def test_the_first_bad_position_is_named(scope: Scope) -> None:
    log = city()
    raw = log.bundle(scope)
    runs = json.loads(parts_of(raw)["positions.json"])
    positions = [p for first, count in runs for p in range(first, first + count)]
    told = parts_of(raw)[EVENTS].splitlines()
    paid = [i for i, event in enumerate(told) if b'"amount_fen":7000' in event]
    for number in (paid[0], paid[-1]):
        bad = changed(raw, EVENTS, line(number, b'"amount_fen":7000', b'"amount_fen":7001'))
        bad = changed(bad, EVENTS, line(paid[-1], b'"amount_fen":700', b'"amount_fen":800'))
        found = refusal(bad)
        assert (found.code, found.fields["position"]) == ("event-altered", positions[number])


def test_a_deleted_or_inserted_event_is_told_by_its_place() -> None:
    raw = city().bundle(WHOLE)
    for change in (
        lambda told: told[:5] + told[6:],
        lambda told: [*told[:5], told[9], *told[5:]],
        lambda told: [*told[:5], told[6], told[5], *told[7:]],
    ):
        bad = changed(raw, EVENTS, lambda part, c=change: b"".join(c(part.splitlines(True))))
        found = refusal(bad)
        assert (found.code, found.fields["position"]) == ("event-altered", 5)


def test_where_hints_were_made_to_fit_the_fault_lies_after_the_last_good_head() -> None:
    log = city()
    parts = parts_of(log.bundle(WHOLE, earlier=[log.checkpoint(10), log.checkpoint(20)]))
    parts[EVENTS] = line(15, b"correlationid", b"correlationie")(parts[EVENTS])
    hashes = [leaf_hash(raw) for raw in parts[EVENTS].splitlines()]
    parts["hints.bin"] = b"".join(h[:HINT_BYTES] for h in hashes)
    found = refusal(packed(parts))
    assert found.code in ("log-altered", "event-malformed")
    if found.code == "log-altered":
        assert (found.fields["first"], found.fields["last"]) == (10, 19)


def test_hints_that_lie_are_told_from_events_that_do() -> None:
    for scope in (WHOLE, person("p1")):
        raw = city().bundle(scope)
        bad = changed(raw, "hints.bin", lambda part: bytes([part[0] ^ 1]) + part[1:])
        assert refusal(bad).code == "hints-altered" or scope is not WHOLE
        assert refusal(bad).code in ("hints-altered", "event-altered")


def test_an_event_of_somebody_else_does_not_belong() -> None:
    log = city()
    parts = parts_of(log.bundle(Scope("division", "220202")))
    scope = {"kind": "division", "subjects": [], "value": "220211"}
    assert refusal(packed(parts, scope=scope)).code == "out-of-scope"


# --- what the claims leave out


def passed_over(view: str) -> tuple[MemoryLog, dict[str, object]]:
    """The city, and a payment of p2 that an officer lets a view pass over, a year later."""
    told = told_city()
    position, raw = next(
        (at, raw)
        for at, raw in told.records
        if b"PaymentSettled" in raw and b'"subject":"p2"' in raw
    )
    data = ParkedEventDiscarded(
        view=view, position=position, event=json.loads(raw)["id"], reason="误录"
    )
    told.event(data, "discards", subject="p2", on="2018-03-01")
    left_out = {"view": view, "position": position, "discard": len(told.records) - 1}
    return MemoryLog(told.records), left_out


@pytest.mark.parametrize(
    "scope", [WHOLE, person("p2", "h1"), Scope("year", "2017"), Scope("division", "220202")]
)
def test_claims_may_leave_out_what_officers_let_the_view_pass_over(scope: Scope) -> None:
    """Exactly that, by a discard that is in the bundle, and the reader is told."""
    of_person = scope.kind == "person"
    log, left_out = passed_over("balances" if of_person else "program_totals")

    def claiming(fen: int, *listed: object) -> bytes:
        """The claims that the events yield, less an amount of p2's month."""
        sums = check(log.bundle(scope), trust()).sums
        claims: dict[str, object] = {"disbursed_fen": sums.disbursed}
        if of_person:
            sums.balances["p2"]["living-subsidy"]["settled_fen"] -= fen
            claims = {"balances": sums.balances}
        else:
            sums.disbursed["2017"]["living-subsidy"] -= fen
        return log.bundle(scope, claims={**claims, "passed_over": [*listed]})

    found = check(claiming(7_000, left_out), trust())
    assert found.claims > 0
    assert [(x.view, x.position, x.discard) for x in found.passed] == [tuple(left_out.values())]
    told = check(log.bundle(scope), trust()).sums
    assert (found.sums.balances, found.sums.disbursed) == (told.balances, told.disbursed)
    assert f"{left_out['position']:,}" in "".join(x for x in lines(found, "en") if "CAUTION" in x)
    assert check(claiming(0), trust()).passed == []
    for fen, listed in ((7_000, []), (0, [left_out]), (7_001, [left_out])):
        assert refusal(claiming(fen, *listed)).code == "claim-differs"
    assert isinstance(left_out["position"], int)
    for lie in (
        {"discard": left_out["position"]},
        {"position": left_out["position"] - 1},
        {"view": "balances" if not of_person else "program_totals"},
    ):
        assert refusal(claiming(7_000, left_out | lie)).code == "claim-left-out"
    amiss = (1, {}, {**left_out, "view": "funds"}, {**left_out, "position": "1"})
    for said in ([left_out, left_out], *([x] for x in amiss)):
        parts = parts_of(claiming(7_000, left_out))
        claims = json.loads(parts["claims.json"]) | {"passed_over": said}
        bad = packed(parts | {"claims.json": json.dumps(claims).encode()})
        assert refusal(bad).code == "part-malformed"
