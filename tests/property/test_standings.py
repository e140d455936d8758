"""The database's answer to a rule is the rule's own: who is eligible and never applied.

``ViewStandings`` puts a rule's conditions to the database; ``evaluate`` is what decides. Here both
judge random people by random conditions, and must name the same.
"""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.domain.admission import is_excluded
from ledger.domain.events import person as pe
from ledger.domain.rules import Condition, Exclusion, Rule, evaluate
from projections.engine import Projector
from projections.standings import ViewStandings
from projections.views.registry import Registry, facts_on
from tests.histories import LIVING, History, history

DAY = date(2017, 6, 1)

PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "birth_year": st.integers(1930, 2016),
            "urban": st.booleans(),
            "grade": st.none() | st.integers(1, 4),
            "category": st.integers(1, 7),
            "expires_on": st.none() | st.just(date(2017, 1, 31)) | st.just(date(2018, 1, 31)),
            "low_income": st.booleans(),
            "extreme_poverty": st.booleans(),
            "needs_care": st.booleans(),
            "student": st.sampled_from(["none", "compulsory", "higher"]),
            "orphan_fen": st.sampled_from([0, 6_900, 7_000, 90_000]),
            "custody": st.booleans(),
            "died": st.booleans(),
            "left": st.booleans(),
            "enrolled": st.booleans(),
        }
    ),
    min_size=1,
    max_size=6,
)


def _is(fact: str, value: bool | str) -> Condition:
    return Condition(fact=fact, op="is", value=value, zh="", en="")


CONDITIONS = st.lists(
    st.sampled_from(
        [
            _is("alive", True),
            _is("resident", True),
            _is("certified", True),
            _is("certified", False),
            _is("in_custody", False),
            _is("low_income", True),
            _is("needs_care", False),
            _is("urban", False),
            _is("student", "higher"),
            _is("poverty_registered", True),
            Condition(fact="grade", op="in", value=[1, 2], zh="", en=""),
            Condition(fact="category", op="is", value=4, zh="", en=""),
            Condition(fact="age", op="at_least", value=16, zh="", en=""),
            Condition(fact="age", op="at_most", value=59, zh="", en=""),
        ]
    ),
    max_size=5,
)
EXCLUSIONS = st.lists(
    st.sampled_from(
        [
            Exclusion(other="extreme-poverty-support", mode="exclusive", zh="", en=""),
            Exclusion(other="orphan-allowance", mode="exclusive", zh="", en=""),
            Exclusion(other="orphan-allowance", mode="higher-of", zh="", en=""),
        ]
    ),
    max_size=2,
)


def tell(people: list[dict[str, object]]) -> History:
    """A history in which each person is as described."""
    told = history().program()
    for n, p in enumerate(people):
        who = f"person-{n}"
        told.person(who, birth_year=p["birth_year"], urban=p["urban"])
        if p["grade"] is not None:
            told.certified(who, p["grade"], category=p["category"], on="2016-01-01")
            changed = pe.CertificateChanged(
                category=p["category"], grade=p["grade"], expires_on=p["expires_on"], reason="换证"
            )
            told.event(changed, who, on="2016-01-02")
        for kind in ("low_income", "extreme_poverty"):
            if p[kind]:
                said = pe.LowIncomeRecognized(kind=kind.replace("_", "-"), document="证")
                told.event(said, who, on="2016-02-01")
        for fact in ("needs_care", "student"):
            said = pe.LifeFactRecorded(fact=fact, value=p[fact], document="表")
            told.event(said, who, on="2016-02-01")
        if p["orphan_fen"]:
            said = pe.OtherAllowanceRecorded(
                kind="orphan-allowance", monthly_fen=p["orphan_fen"], document="证"
            )
            told.event(said, who, on="2016-02-01")
        if p["custody"]:
            told.event(pe.CustodyRecorded(document="书"), who, on="2016-03-01")
        if p["enrolled"]:
            told.enrolled(who)
        if p["left"]:
            moved = pe.ResidenceChanged(from_division="220202", urban=False)
            told.event(moved, who, on="2017-02-01")
        if p["died"]:
            told.died(who, "2017-03-01")
    return told


@given(PEOPLE, CONDITIONS, EXCLUSIONS)
@settings(deadline=None)
def test_the_database_and_the_rule_name_the_same_people(place, people, conditions, exclusions):
    rule = Rule(
        valid_from=date(2016, 1, 1),
        period="month",
        rate_fen=7_000,
        eligibility=conditions,
        exclusions=exclusions,
        document="规则",
        source="assumed",
    )
    expected = set()
    with place() as url:
        feed = tell(people).feed()
        views = ViewStandings(url, feed)
        views.catch_up()
        found = {x.beneficiary for x in views.eligible_unenrolled(LIVING, rule, DAY)}
        views.close()
        projector = Projector(url, feed, (Registry,))
        persons = projector.rows("persons")
        projector.close()
    for n, row in enumerate(persons):
        facts = facts_on(row, DAY)
        excluded = any(
            is_excluded(x.other, x.mode, rule, facts, lambda _: False) for x in exclusions
        )
        present = facts["alive"] and facts["resident"] and not people[n]["enrolled"]
        if present and evaluate(conditions, facts)[0] and not excluded:
            expected.add(row.person)
    assert found == expected
