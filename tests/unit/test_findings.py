"""What officers make of findings, and how sealed data are compared without being opened."""

import base64
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.commands.finding import ConvertFinding, DismissFinding
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


def dismissal(subject: str, **said: Any) -> DismissFinding:
    given = {"code": "after-death", "key": "7", "positions": [7], "reason": "已核实", **said}
    return DismissFinding(subject=subject, **{"decided_by": ["officer-9"], **given})


def test_a_finding_is_dismissed_once_by_an_officer_of_its_division(city: City) -> None:
    who = city.register(division="220202")
    with refused("outside-division"):
        city.do(dismissal(who), "02-01", division="220203")
    stream = city.do(dismissal(who), "02-01", division="220202")
    assert stream == finding_id("after-death", who, "7")
    with refused("out-of-order"):
        city.do(dismissal(who), "02-01")
    city.do(dismissal(who, key="8"), "02-01")
    for wrong in ({"key": "9", "reason": " "}, {"key": "9", "positions": []}):
        with refused("invalid-value"):
            city.do(dismissal(who, **wrong), "02-01")
    city.do(dismissal("account-0123"), "02-01")  # no stream of its own: the city's


def test_who_decided_what_was_found_does_not_dismiss_it(city: City) -> None:
    who = city.register()
    with refused("four-eyes"):
        city.do(dismissal(who), "02-01", by="officer-9")
    city.do(dismissal(who), "02-01", by="officer-8")


def test_a_finding_that_cannot_be_a_debt_leaves_nothing(city: City) -> None:
    who = city.register(low_income=True, account="62170001")
    city.enroll("living-subsidy", who)
    end = city.ledger.feed().end()
    wanted = ConvertFinding(
        program="living-subsidy",
        beneficiary=who,
        code="dead-paid",
        key="k",
        positions=[1],
        overpaid={"2017-01": 7_000},
        zh="死亡后发放",
        en="paid after death",
    )
    with refused("no-such-grant"):
        city.do(wanted, "02-01")
    with refused("not-found"):
        city.do(msgspec.structs.replace(wanted, program="nursing-subsidy"), "02-01")
    assert city.ledger.feed().end() == end


def test_the_view_has_what_was_decided(city: City, tmp_path: Path) -> None:
    who = city.register()
    city.do(dismissal(who), "02-01", by="inspector-1")
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
