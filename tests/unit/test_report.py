"""The report: figures beside what small histories come to, and what is noted beside them."""

from fractions import Fraction

import pytest

from ledger.domain.events import activity as ac
from ledger.domain.events import organization as og
from ledger.domain.events import program as pg
from projections.figures import Figure, PublishedFigures, Unquantified, load_figures
from projections.report import Report, digits, make_report
from tests.folding import Folded, folded
from tests.histories import CITY, LIVING, History, history

__all__ = ["folded"]


def figure(id: str, measure: str, printed: str, *, scale: int = 1, **more: object) -> Figure:
    fields = {"program": LIVING, "zh": id, "en": id, "unit": "unit", "match": "rounded", **more}
    return Figure(id=id, measure=measure, printed=printed, scale=scale, **fields)  # type: ignore[arg-type]


def published(*figures: Figure, unquantified: tuple[Unquantified, ...] = ()) -> PublishedFigures:
    return PublishedFigures(
        city="某市", division=CITY, fiscal_year=2017, figures=figures, unquantified=unquantified
    )


def report(
    folded: Folded, told: History, *figures: Figure, share: Fraction = Fraction(1)
) -> Report:
    return make_report(folded(told), published(*figures), share)


def paid(*people: str, month: str = "2017-01") -> History:
    told = history().program().rule("2016-01-01").enrolled(*people)
    for who in people:
        told.granted(who, month).settled(who, month)
    return told


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        ("2698.785", 2, "2698.79"),
        ("2698.784", 2, "2698.78"),
        ("0.04", 1, "0.0"),
        ("-0.05", 1, "-0.1"),
        ("-0.04", 1, "0.0"),
        ("120", 0, "120"),
        ("2.365", 3, "2.365"),
    ],
)
def test_digits_are_rounded_half_up_to_the_printed_decimals(
    value: str, decimals: int, text: str
) -> None:
    assert digits(Fraction(value), decimals) == text


def test_money_is_what_was_settled_in_the_year_in_printed_units(folded: Folded) -> None:
    told = paid("p1", "p2")
    (line,) = report(folded, told, figure("amount", "amount", "0.01", scale=10_000)).figures
    assert (line.actual, line.actual_value, line.actual_fen) == ("0.01", "140.00", 14_000)
    assert line.matches


def test_money_that_came_back_after_settlement_does_not_count(folded: Folded) -> None:
    told = paid("p1", "p2").returned("p2", "2017-01", late=True)
    made = report(folded, told, figure("amount", "amount", "70"), figure("n", "persons", "2"))
    assert [line.actual_fen for line in made.figures] == [7_000, None]
    assert made.agrees
    assert made.money.replayed_net_fen == 7_000


def test_a_payment_of_another_year_is_not_this_years(folded: Folded) -> None:
    told = history().enrolled("p1").granted("p1", "2018-01").settled("p1", "2018-01")
    (line,) = report(folded, told, figure("amount", "amount", "70")).figures
    assert (line.actual_value, line.matches) == ("0.00", False)


def test_one_figure_that_does_not_match_makes_the_report_disagree(folded: Folded) -> None:
    made = report(folded, paid("p1"), figure("a", "persons", "1"), figure("b", "persons", "2"))
    assert (made.matching, made.total, made.agrees) == (1, 2, False)
    assert [line.matches for line in made.figures] == [True, False]


def test_more_than_is_enough_where_the_source_says_so(folded: Folded) -> None:
    told = paid("p1", "p2", "p3")
    made = report(folded, told, figure("n", "persons", "2", match="at_least"))
    assert made.agrees


def test_a_rate_is_that_of_the_last_rule_in_force_in_the_year(folded: Folded) -> None:
    told = history().program().rule("2016-01-01", 6_000).rule("2017-07-01", 7_000)
    told.rule("2018-01-01", 8_000)
    (line,) = report(folded, told, figure("rate", "rate", "70")).figures
    assert (line.actual, line.matches) == ("70", True)


def test_a_scaled_city_is_compared_at_its_size_and_a_rate_as_it_is(folded: Folded) -> None:
    made = report(
        folded,
        paid("p1", "p2"),
        figure("n", "persons", "4"),
        figure("amount", "amount", "280"),
        figure("rate", "rate", "70"),
        share=Fraction(1, 2),
    )
    assert made.agrees
    assert [line.expected for line in made.figures] == ["2", "140.00", "70"]


def test_completion_is_persons_over_the_years_target(folded: Folded) -> None:
    told = paid("p1", "p2", "p3")
    target = pg.TargetSet(program=LIVING, year=2017, target=2, document="d")
    told.event(target, f"program-{LIVING}", subject=LIVING, on="2016-12-20", division=CITY)
    (line,) = report(folded, told, figure("c", "completion", "150.0")).figures
    assert (line.actual, line.matches) == ("150.0", True)


def test_medals_match_color_by_color_and_ranks_by_competition(folded: Folded) -> None:
    told = history()
    for i, color in enumerate(("gold", "gold", "bronze")):
        won = ac.ResultRecorded(program="sport", competition="A", discipline=f"d{i}", medal=color)  # type: ignore[arg-type]
        told.event(won, f"activity-{i}", subject="a", on="2017-09-01")
    fourth = ac.ResultRecorded(program="sport", competition="B", discipline="hockey", rank=4)
    told.event(fourth, "activity-r", subject="a", on="2017-09-02")
    more = {"program": "sport", "competition": "A"}
    made = report(
        folded,
        told,
        figure("m", "medals", "3", gold=2, silver=0, bronze=1, **more),
        figure("swapped", "medals", "3", gold=1, silver=1, bronze=1, **more),
        figure("r", "rank", "4", program="sport", competition="B"),
    )
    assert [line.matches for line in made.figures] == [True, False, True]
    assert made.figures[0].medals == {"gold": 2, "silver": 0, "bronze": 1}


def test_a_household_that_relapsed_no_longer_counts_as_out_of_poverty(folded: Folded) -> None:
    told = history()
    for household, members in (("h1", ["p1", "p2"]), ("h2", ["p3"])):
        told.poor(household, *members).out_of_poverty(household, *members, on="2017-10-01")
    told.relapsed("h2", on="2017-11-01")
    about = {"program": "poverty-register"}
    made = report(
        folded,
        told,
        figure("poverty.registered", "persons", "3", **about),
        figure("poverty.exited", "persons", "2", **about),
    )
    assert made.agrees


def test_the_trial_balance_is_zero_account_by_account(folded: Folded) -> None:
    made = report(folded, paid("p1"))
    accounts = {a.account: a.balance_fen for a in made.trial_balance.accounts}
    assert made.trial_balance.balance_fen == 0
    assert accounts["Assets:Cash"] == -7_000
    assert accounts["Expenses:Benefits"] == 7_000


def test_a_program_without_a_figure_is_listed_with_its_events(folded: Folded) -> None:
    told = history().program("legal-outreach")
    held = ac.ActivityHeld(program="legal-outreach", form="outreach", title="普法")
    told.event(held, "activity-1", subject="a", on="2017-05-01")
    listed = tuple(Unquantified(program=p, zh=p) for p in ("legal-outreach", "unknown"))
    made = make_report(folded(told), published(unquantified=listed))
    known, unknown = made.unquantified
    assert (known.adopted, known.events, known.by) == (True, 2, {"program": 1, "activity": 1})
    assert (unknown.adopted, unknown.events) == (False, 0)


def test_an_award_counts_as_the_event_it_is_whatever_its_amount(folded: Folded) -> None:
    told = history().program("over-quota-award")
    award = og.AwardApproved(
        program="over-quota-award", year=2017, amount_fen=3_000_000, document="d"
    )
    told.event(award, "organization-1", subject="o1")
    listed = (Unquantified(program="over-quota-award", zh="奖励"),)
    (line,) = make_report(folded(told), published(unquantified=listed)).unquantified
    assert (line.events, line.by) == (2, {"program": 1, "organization": 1})


def test_the_published_year_has_sixty_figures_and_its_contradictions(folded: Folded) -> None:
    made = make_report(folded(history().program()), load_figures(2017))
    assert made.total == 60
    assert made.money.published_net_yuan == "58772450.00"
    about = {id for note in made.notes for id in note.about}
    assert about >= {
        "sign-language-program.episodes",
        "township-commissioner.cap",
        "poverty.exited",
    }
