"""Deaths, late stops, ghosts and identities that disagree."""

from ledger.domain.events import EventData
from ledger.domain.events import person as pe
from ops.simulation.plants.legacy import DISTRICT, LIVING, NURSING, Legacy
from ops.simulation.plants.people import PROBLEMS, Resident


def plant(p: Legacy) -> None:
    """dead-paid, late-stop, after-death, ghost, bad-identity."""
    for paid in ((1, 2, 3), (1, 2, 3, 4)):
        _dead_paid(p, paid)
    _late_stops(p)
    for _ in range(2):
        _after_death(p)
    _ghosts(p)
    for wrong in PROBLEMS:
        p.expect("bad-identity", p.person(wrong=wrong).id, kind=wrong)


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
    """Known in March; stopped in May, never, or made good in May with nothing stopped until then.

    Without a payment after what was known.
    """
    death = pe.DeathRecorded(died_on=p.day(3, 10), source="民政", document="死亡证明")
    frozen = pe.CertificateFrozen(reason="核查")
    lost: tuple[tuple[str, EventData], ...] = (
        ("death", death),
        ("move", pe.ResidenceChanged(from_division=DISTRICT, to_division=None, urban=True)),
        ("expired", pe.CertificateExpired(expired_on=p.day(3, 10))),
        ("frozen", frozen),
        ("cancelled", pe.CertificateCancelled(reason="注销")),
        ("not-stopped", death),
        ("undone", frozen),
    )
    for kind, data in lost:
        who = p.person()
        p.enroll_and_pay(who, NURSING, 1, 2, 3)
        p.about(who, data, p.day(3, 10), recorded=p.day(3, 14))
        if kind == "undone":
            renewed = pe.CertificateChanged(category=4, grade=1, reason="换证")
            p.about(who, renewed, p.day(5, 14))
        elif kind != "not-stopped":
            p.end(who.id, NURSING, 3, p.day(5, 14), "stopped")
        p.expect("late-stop", who.id, NURSING, kind=kind)


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
    for ghost, kind in ((who, "uncertified"), (nobody, "unregistered")):
        p.enroll_and_pay(ghost, NURSING, 1, 2)
        months, fen = [p.month(1), p.month(2)], 2 * p.rate_fen(NURSING)
        p.expect("ghost", ghost.id, NURSING, kind=kind, months=months, amount_fen=fen)
