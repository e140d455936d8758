"""What officers make of findings, and how sealed data are compared without being opened."""

import base64
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.codec import decode
from ledger.commands.finding import ConvertFinding, DismissFinding, Evidence
from ledger.domain.events import Event, person
from ledger.domain.finding import finding_id
from ledger.domain.identity import identity_problems
from ledger.recognition import Recognition
from ops.audit import export, running
from projections.checks.explain import explain_finding
from projections.checks.finding import make
from projections.engine import Projector
from tests.audits import office, told
from tests.ledgers import City, identity, refused, small_city
from tests.unit.test_checks import dead_and_paid


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with small_city(tmp_path) as city:
        yield city


def evidence(city: City, subject: str, *names: str) -> list[Evidence]:
    """The events of a subject, or those of these types."""
    events = enumerate(decode(raw) for batch in city.ledger.feed().read(0) for _, raw in batch)
    return [
        Evidence(position=position, event=event.id)
        for position, event in events
        if event.subject == subject and (not names or type(event.data).__name__ in names)
    ]


def dismissal(city: City, subject: str, **said: Any) -> DismissFinding:
    given = {"code": "after-death", "key": "7", "reason": "已核实", **said}
    return DismissFinding(subject=subject, **{"evidence": evidence(city, subject), **given})


def test_a_finding_is_dismissed_once_by_an_officer_of_its_division(city: City) -> None:
    who = city.register(division="220202", account="62170001")
    proof = evidence(city, who)
    by: dict[str, Any] = {"by": "inspector-1"}
    with refused("outside-division"):
        city.do(dismissal(city, who), "02-01", division="220203", **by)
    stream = city.do(dismissal(city, who), "02-01", division="220202", **by)
    assert stream == finding_id("after-death", who, "7")
    (event,) = city.events(stream)
    assert event.data.positions == [e.position for e in proof]
    with refused("out-of-order"):
        city.do(dismissal(city, who, evidence=proof), "02-01", **by)
    city.do(dismissal(city, who, key="8", evidence=proof), "02-01", **by)
    for wrong in ({"reason": " "}, {"evidence": []}, {"evidence": [proof[0], proof[0]]}):
        with refused("invalid-value"):
            city.do(dismissal(city, who, **{"key": "9", "evidence": proof, **wrong}), "02-01", **by)
    account = evidence(city, who, "BankAccountChanged")  # no stream of its own: the city's
    reference = next(e for e in city.events(who) if hasattr(e.data, "account")).data.account
    city.do(dismissal(city, reference, evidence=account), "02-01", **by)


def test_the_ledger_looks_itself_whether_the_evidence_is_there_and_about_the_subject(
    city: City,
) -> None:
    who, other = city.register(), city.register()
    proof = evidence(city, who)
    end = city.ledger.feed().end()
    moved = msgspec.structs.replace(proof[0], position=proof[1].position)
    beyond = [
        Evidence(position=position, event=proof[0].event) for position in (end, -1, 2**53, 2**70)
    ]
    for wrong, code in (
        ([*proof[1:], moved], "invalid-value"),
        ([moved], "evidence-differs"),
        *(([*proof, each], "evidence-missing") for each in beyond),
        (evidence(city, other), "evidence-unrelated"),
    ):
        with refused(code):
            city.do(dismissal(city, who, evidence=wrong), "02-01", by="inspector-1")
    assert city.ledger.feed().end() == end
    city.do(dismissal(city, who, evidence=proof + evidence(city, other)), "02-01", by="inspector-1")


def test_who_decided_what_was_found_does_not_dismiss_it(city: City) -> None:
    """By the events themselves, whoever asks and whatever is said of them."""
    who = city.register()
    (decider,) = {e.actor for e in city.events(who)}
    with refused("four-eyes"):
        city.do(dismissal(city, who), "02-01", by=decider)
    city.do(dismissal(city, who), "02-01", by="inspector-1")


def test_a_finding_that_cannot_be_a_debt_leaves_nothing(city: City) -> None:
    who = city.register(low_income=True, account="62170001")
    city.enroll("living-subsidy", who)
    end = city.ledger.feed().end()
    wanted = ConvertFinding(
        program="living-subsidy",
        beneficiary=who,
        code="dead-paid",
        key="k",
        evidence=evidence(city, who),
        overpaid={"2017-01": 7_000},
        zh="死亡后发放",
        en="paid after death",
    )
    for code, odd in (
        ("evidence-unrelated", {}),  # no event says anything of January
        ("not-found", {"program": "nursing-subsidy"}),
        ("not-convertible", {"overpaid": {}}),
        ("invalid-value", {"evidence": []}),
    ):
        with refused(code):
            city.do(msgspec.structs.replace(wanted, **odd), "02-01")
    assert city.ledger.feed().end() == end


def test_the_view_has_what_was_decided(city: City, tmp_path: Path) -> None:
    who = city.register()
    city.do(dismissal(city, who), "02-01", by="inspector-1")
    views = Projector(f"sqlite:///{tmp_path}/v.db", city.ledger.feed())
    views.catch_up()
    (row,) = views.rows("findings")
    assert (row.subject, row.code, row.status) == (who, "after-death", "dismissed")
    assert (row.reason, row.actor, row.overpayment) == ("已核实", "inspector-1", None)
    views.close()


def test_an_id_follows_from_what_is_found_and_from_nothing_else() -> None:
    said: dict[str, Any] = {"positions": [3, 1, 3], "zh": "甲", "en": "a"}
    one = make("double-pay", "high", "person-1", program="p", months=["2017-01"], **said)
    again = make("double-pay", "low", "person-1", program="p", months=["2017-01"], **said)
    assert one.id == again.id
    assert one.positions == [1, 3]
    others = (
        make("dead-paid", "high", "person-1", program="p", months=["2017-01"], **said),
        make("double-pay", "high", "person-2", program="p", months=["2017-01"], **said),
        make("double-pay", "high", "person-1", program="p", months=["2017-02"], **said),
        make("double-pay", "high", "person-1", program="q", months=["2017-01"], **said),
    )
    assert len({one.id, *(f.id for f in others)}) == 5


BORN = date(1980, 6, 1)


@pytest.mark.parametrize(
    ("said", "problems"),
    [
        ({}, []),
        ({"birth_date": None}, []),
        ({"number": "1"}, ["form"]),
        ({"number": identity(BORN)[:-1] + "?"}, ["form"]),
        ({"birth_date": "1980-06-02"}, ["birth-date"]),
        ({"birth_year": 1981}, ["birth-date"]),
        ({"sex": "female"}, ["sex"]),
    ],
)
def test_an_identity_disagrees_with_itself_or_with_what_is_open(
    said: dict[str, Any], problems: list[str]
) -> None:
    given = {"number": identity(BORN), "birth_date": "1980-06-01", "birth_year": 1980, **said}
    number = given.pop("number")
    assert identity_problems(number, **{"sex": "male", **given}) == problems


def test_a_wrong_check_digit_is_one() -> None:
    number = identity(BORN)
    wrong = number[:-1] + ("1" if number[-1] != "1" else "2")
    found = identity_problems(wrong, birth_date="1980-06-01", birth_year=1980, sex="male")
    assert found == ["checksum"]


def test_an_altered_seal_is_a_problem_and_no_failure(city: City) -> None:
    who = city.register(account="62170001")
    events = city.events(who)
    registered = next(e for e in events if isinstance(e.data, person.PersonRegistered))
    issued = next(e for e in events if isinstance(e.data, person.CertificateIssued))
    account = next(e for e in events if isinstance(e.data, person.BankAccountChanged))
    recognition = Recognition(city.ledger.vault)
    assert recognition.registration(registered) == []
    assert recognition.certificate(registered, issued) == []
    assert recognition.holder(registered, account)
    recognition = Recognition(city.ledger.vault)
    assert recognition.registration(altered(registered)) == ["seal"]
    assert recognition.certificate(registered, altered(issued)) == ["seal"]
    assert not recognition.holder(registered, altered(account))


def altered(event: Event[Any]) -> Event[Any]:
    """The event with one bit of its seal flipped."""
    box = bytearray(base64.b64decode(event.data.sealed.box))
    box[-1] ^= 1
    sealed = msgspec.structs.replace(event.data.sealed, box=base64.b64encode(box).decode())
    return msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, sealed=sealed))


def test_a_proof_goes_with_each_event_where_there_is_one() -> None:
    legacy, made = told(dead_and_paid)
    (finding,) = made.findings
    start = office().feed.end()
    stored = {start + n: e.state for n, e in enumerate(legacy.events())}
    records = [(p, stored[p]) for p in finding.positions if p in stored]
    explained = explain_finding(
        finding,
        running.CHECKS[finding.code],
        running.sources_of(office()).parameters,
        records,
        [],
        prove=lambda position: {"index": position, "hashes": ["aGFzaA=="]},
    )
    assert [e.proof["index"] for e in explained.events if e.proof] == finding.positions
    page = export.page(made, [explained])
    assert page.count("inclusion proof") == len(finding.positions)
