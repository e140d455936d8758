"""Deaths, late stops, ghosts and identities that disagree."""

from ledger.domain.events import person as pe
from ops.simulation.plants.legacy import DISTRICT, LIVING, NURSING, Legacy
from ops.simulation.plants.people import Resident


def plant(p: Legacy) -> None:
    """dead-paid, late-stop, after-death, ghost, bad-identity."""
    for paid in ((1, 2, 3), (1, 2, 3, 4)):
        _dead_paid(p, paid)
    _late_stops(p)
    for _ in range(2):
        _after_death(p)
    _ghosts(p)
    for wrong in ("checksum", "birth-date", "sex", "certificate-prefix"):
        p.expect("bad-identity", p.person(wrong=wrong).id)


def _died(p: Legacy, who: Resident, month: int, known: int) -> None:
    """A death on the 10th of a month, known on the 14th of another."""
    on = p.day(month, 10)
    data = pe.DeathRecorded(died_on=on, source="民政", document="死亡证明")
    p.about(who, data, on, recorded=p.day(known, 14))


def _dead_paid(p: Legacy, paid: tuple[int, ...]) -> None:
    """Dead in February, known and stopped in May, and nobody asked for the months between."""
    who = p.person()
    p.enroll_and_pay(who, LIVING, *paid)
    _died(p, who, 2, 5)
    p.end(who.id, LIVING, 2, p.day(5, 14), "alive")
    months = [p.month(m) for m in paid if m > 2]
    fen = p.rate_fen(LIVING) * len(months)
    p.expect("dead-paid", who.id, LIVING, months=months, amount_fen=fen)


def _late_stops(p: Legacy) -> None:
    """Known in March, stopped in May, without a payment after what was known."""
    lost = (
        pe.DeathRecorded(died_on=p.day(3, 10), source="民政", document="死亡证明"),
        pe.ResidenceChanged(from_division=DISTRICT, to_division=None, urban=True),
        pe.CertificateExpired(expired_on=p.day(3, 10)),
    )
    for data in lost:
        who = p.person()
        p.enroll_and_pay(who, NURSING, 1, 2, 3)
        p.about(who, data, p.day(3, 10), recorded=p.day(3, 14))
        p.end(who.id, NURSING, 3, p.day(5, 14), "stopped")
        p.expect("late-stop", who.id, NURSING)


def _after_death(p: Legacy) -> None:
    """A dead person is assessed as needing care."""
    who = p.person()
    _died(p, who, 2, 2)
    care = pe.LifeFactRecorded(fact="student", value="none", document="学籍证明")
    p.about(who, care, p.day(3, 5))
    p.expect("after-death", who.id)


def _ghosts(p: Legacy) -> None:
    """One without a certificate, one whom nobody ever registered."""
    who = p.person(certified=False)
    nobody = Resident(p.home.vault.person_id("no such number"), who.account, DISTRICT)
    nobody.account = p.home.vault.account_ref("6299999999999999999")
    for ghost in (who, nobody):
        p.enroll_and_pay(ghost, NURSING, 1, 2)
        months, fen = [p.month(1), p.month(2)], 2 * p.rate_fen(NURSING)
        p.expect("ghost", ghost.id, NURSING, months=months, amount_fen=fen)
