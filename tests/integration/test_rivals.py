"""Two processes on one ledger: whoever comes second decides anew on what is stored, nobody's
decision is lost, and what a key has done once is done once.
"""

from collections import Counter
from multiprocessing import get_context
from pathlib import Path

import pytest

from ledger.application import ATTEMPTS
from ledger.commands import enrollment as en
from ledger.commands import person as pe
from ledger.domain.enrollment import ENROLLMENT
from ledger.domain.errors import AlreadyExists, LedgerError
from ledger.domain.refusals import PersonDeceased
from ledger.domain.stream import enrollment_id
from ledger.store.errors import IdempotencyConflict, StaleVersion
from tests.office import LIVING, Office, by, died, identity
from tests.rivals import office, overtaken, rival

__all__ = ["office", "rival"]


CLERK = by("clerk-1", "2017-02-01")


def account(who: str, text: str) -> pe.Command:
    return pe.ChangeBankAccount(person=who, account=text, bank="b", holder="h")


# --- versions


def test_both_of_two_interleaved_decisions_are_kept(office: Office, rival: Office) -> None:
    who = office.person(1)
    overtaken(office, lambda: rival.do(account(who, "2"), CLERK))
    before = office.length()
    office.do(account(who, "3"), CLERK)
    later = office.log()[before:]
    assert [type(e.data).__name__ for e in later] == ["BankAccountChanged"] * 2
    assert later[1].version == later[0].version + 1


def test_a_decision_overtaken_by_a_death_is_refused(office: Office, rival: Office) -> None:
    who = office.person(1)
    rival.at("2017-02-02")
    overtaken(office, lambda: rival.do(died(who), CLERK))
    before = office.length()
    with pytest.raises(PersonDeceased):
        office.do(account(who, "3"), CLERK)
    assert office.told(before) == [("DeathRecorded",)]


def test_what_a_decision_only_read_may_not_move_either(office: Office, rival: Office) -> None:
    """An approval reads the person: one who died meanwhile isn't approved."""
    who = office.person(1)
    about = {"program": LIVING, "beneficiary": who}
    for step in (en.SubmitApplication(**about), en.AssessEligibility(**about)):
        office.do(step, CLERK)
    notice = en.PublishNotice(
        **about, notice_from=CLERK.effective, notice_until=CLERK.effective.replace(day=7), place="p"
    )
    office.do(notice, CLERK)
    approver = by("approver-1", "2017-02-08")
    office.at("2017-02-08").do(en.CloseNotice(**about), approver)
    rival.at("2017-02-08")
    overtaken(office, lambda: rival.do(died(who), CLERK))
    with pytest.raises(PersonDeceased):
        office.do(en.ApproveEnrollment(**about), approver)
    assert office.ledger.state(ENROLLMENT, enrollment_id(who, LIVING)).status == "notice-closed"


def test_a_refusal_too_is_decided_on_what_is_stored(office: Office, rival: Office) -> None:
    who = office.person(1)
    office.do(pe.RecordCustody(person=who, document="d"), CLERK)
    rival.do(pe.EndCustody(person=who, document="d"), CLERK)
    office.do(pe.RecordCustody(person=who, document="again"), CLERK)  # not "in custody already"


def test_a_refusal_within_a_group_is_decided_on_what_is_stored(
    office: Office, rival: Office
) -> None:
    who, other = office.person(1), office.person(2)
    office.do(pe.RecordCustody(person=who, document="d"), CLERK)
    rival.do(pe.EndCustody(person=who, document="d"), CLERK)
    again = pe.RecordCustody(person=who, document="again")
    result = office.ledger.execute_group([(again, CLERK), (account(other, "5"), CLERK)], key="g")
    assert [o.error for o in result.outcomes] == [None, None]


def test_a_command_that_is_overtaken_every_time_reports_the_conflict(
    office: Office, rival: Office
) -> None:
    who = office.person(1)
    overtaken(office, lambda: rival.do(account(who, "2"), CLERK), times=100)
    before = office.length()
    with pytest.raises(StaleVersion) as error:
        office.do(account(who, "3"), CLERK, key="k")
    assert (error.value.code, error.value.exit_code) == ("stale-version", 3)
    assert error.value.message("zh") == f"记录{who}已被他人更新,请重试"
    assert error.value.message("en") == f"stream {who} has moved on; decide again"
    assert office.length() == before + ATTEMPTS, "only the rival's events"
    assert office.ledger.store.command("k") is None


def test_one_person_registered_by_two_processes_is_one_person(
    office: Office, rival: Office
) -> None:
    register = pe.RegisterPerson(
        id_number=identity(7), name="测试", division="220202", urban=True, phone="13800000000"
    )
    overtaken(office, lambda: rival.do(register, CLERK))
    with pytest.raises(AlreadyExists):
        office.do(register, CLERK)
    registered = office.log()[-1]
    assert office.home.vault.open(registered.data.sealed, registered.id)["name"] == "测试"


# --- recorded time


def times(office: Office, start: int) -> list[str]:
    return [e.time for e in office.events(start)]


def test_a_decision_overtaken_by_a_later_one_is_recorded_no_earlier_than_it(
    office: Office, rival: Office
) -> None:
    """The streams have nothing to do with each other; one decision is made, and moved in time."""
    who, other = office.person(1), office.person(2)
    rival.at(office.now.date(), hour=2)
    overtaken(office, lambda: rival.do(account(other, "2"), CLERK))
    before = office.length()
    office.do(account(who, "3"), CLERK)
    assert times(office, before) == ["2016-12-01T02:00:00.000000Z"] * 2
    assert [e.subject for e in office.events(before)] == [other, who]
    assert office.home.vault.open(office.log()[-1].data.sealed, office.log()[-1].id)


def test_a_decision_that_another_day_overtook_is_taken_anew_on_that_day(
    office: Office, rival: Office
) -> None:
    """What it rests on may be another on that day: here, the day of the review itself."""
    who, other = office.enrolled(1), office.person(2)
    office.at("2017-02-07", hour=23)
    rival.at("2017-02-08")
    overtaken(office, lambda: rival.do(account(other, "2"), CLERK))
    before = office.length()
    office.do(died(who), by("clerk-1", "2017-02-05"))
    assert office.told(before) == [
        ("BankAccountChanged",),
        ("DeathRecorded",),
        ("EligibilityReviewed",),
        ("EnrollmentEnded", "2017-02", "alive"),
    ]
    assert {t[:10] for t in times(office, before)} == {"2017-02-08"}
    reviewed = office.log()[-2]
    assert reviewed.effective.isoformat() == "2017-02-08"


def test_a_clock_that_was_set_back_does_not_take_the_log_back(office: Office) -> None:
    who = office.person(1)
    office.at("2017-02-01").do(account(who, "2"), CLERK)
    before = office.length()
    office.at("2017-01-31").do(account(who, "3"), CLERK)
    office.at("2017-02-02").do(account(who, "4"), CLERK)
    assert [t[:10] for t in times(office, before)] == ["2017-02-01", "2017-02-02"]


# --- keys


def test_a_key_used_again_gives_the_first_result_and_stores_nothing(office: Office) -> None:
    who = office.person(1)
    first = office.do(account(who, "2"), CLERK, key="k")
    before = office.length()
    again = office.do(account(who, "2"), CLERK, key="k")
    assert again.repeated
    assert again.outcomes == first.outcomes
    assert office.length() == before


def test_a_key_used_for_other_content_is_a_conflict(office: Office) -> None:
    who = office.person(1)
    office.do(account(who, "2"), CLERK, key="k")
    before = office.length()
    for command, context in (
        (account(who, "3"), CLERK),
        (account(who, "2"), by("clerk-2", "2017-02-01")),
        (account(who, "2"), by("clerk-1", "2017-02-02")),
    ):
        with pytest.raises(IdempotencyConflict) as error:
            office.do(command, context, key="k")
        assert error.value.code == "idempotency-conflict"
    assert office.length() == before


def test_a_refusal_does_not_use_up_its_key(office: Office) -> None:
    who = office.person(1)
    with pytest.raises(LedgerError):
        office.do(pe.EndCustody(person=who, document="d"), CLERK, key="k")
    assert not office.do(pe.RecordCustody(person=who, document="d"), CLERK, key="k").repeated


def test_one_key_from_two_processes_at_once_has_one_result(office: Office, rival: Office) -> None:
    who = office.person(1)
    before = office.length()
    overtaken(office, lambda: rival.do(account(who, "2"), CLERK, key="k"))
    assert office.do(account(who, "2"), CLERK, key="k").repeated
    assert office.length() == before + 1


def test_one_key_for_two_contents_at_once_is_a_conflict(office: Office, rival: Office) -> None:
    who, other = office.person(1), office.person(2)
    before = office.length()
    overtaken(office, lambda: rival.do(account(other, "2"), CLERK, key="k"))
    with pytest.raises(IdempotencyConflict):
        office.do(account(who, "3"), CLERK, key="k")
    assert office.length() == before + 1


def _work(path: str, url: str | None, who: list[str], name: str) -> list[str | None]:
    office = Office(Path(path), name=name, database_url=url)
    done: list[str | None] = []
    for n in range(40):
        both, own = account(who[n % 3], str(n)), account(who[n % 2], f"{name}{n}")
        for command, key in ((both, f"shared-{n}"), (own, f"{name}-{n}")):
            try:
                done.append(office.do(command, CLERK, key=key).stream)
            except StaleVersion:  # overtaken five times running: told so, and free to ask again
                done.append(None)
    office.close()
    return done


def test_two_processes_lose_and_double_nothing(office: Office) -> None:
    who = [office.person(n) for n in range(3)]
    before = office.length()
    with get_context("spawn").Pool(2) as pool:
        args = [(str(office.path), office.database_url, who, name) for name in ("a", "b")]
        results = pool.starmap(_work, args)
    later = office.log()[before:]
    by_key = Counter(e.correlationid for e in later)
    assert set(by_key.values()) == {1}
    shared = {f"shared-{n}" for n in range(40) for r in results if r[2 * n] is not None}
    owned = {
        f"{x}-{n}" for x, r in zip("ab", results, strict=True) for n in range(40) if r[2 * n + 1]
    }
    assert set(by_key) == shared | owned
    told = [e.time for e in office.log()]
    assert told == sorted(told), "recorded times never fall"
    for person in who:
        versions = [e.version for e in office.log() if e.stream == person]
        assert versions == list(range(1, len(versions) + 1))
