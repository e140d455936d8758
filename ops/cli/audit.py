"""``audit``: what an inspection office asks of the log, and what officers make of the answers."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import typer

from ledger.application import Command
from ledger.codec import decode
from ledger.commands.errors import NotConvertible
from ledger.commands.finding import ConvertFinding, DismissFinding, Evidence
from ledger.domain.errors import OutOfOrder
from ledger.log.errors import OutsideLog
from ops.audit import export, running
from ops.audit.running import CHECKS
from ops.cli.moments import AsOfPosition, EffectiveOn, KnownOn, bound_by
from ops.cli.officer import Officer, step
from ops.cli.output import progress, yuan
from ops.cli.session import Session, command
from ops.home import Home
from projections.asof import AsOf
from projections.checks.audit import Audit
from projections.checks.explain import FindingExplanation
from projections.checks.finding import Finding
from projections.checks.parameters import Parameter

app = typer.Typer(
    help="审计:检查、疑点、处理、导出 | Audit checks, findings, and what is made of them",
    no_args_is_help=True,
)

ROWS = 50
Codes = Annotated[
    list[str] | None, typer.Option("--check", help="检查代码,可多次 | Only this check")
]
Id = Annotated[str, typer.Argument(metavar="FINDING", help="疑点编号或其开头 | Its id, or a part")]


def _run(
    session: Session,
    home: Home,
    bound: AsOf,
    codes: list[str] | None = None,
    *,
    anew: bool = False,
) -> Audit:
    if bound.position is not None and bound.position > (end := home.feed.end()):
        raise OutsideLog(size=end, asked=bound.position)
    with progress(session.say("auditing"), session.lang) as report:
        made = running.run(home, bound, codes, report, anew=anew)
    for code, reason in made.left_out.items():
        session.out.note(session.say(f"audit-{reason}", check=code))
    return made


@command(
    app,
    "run",
    help="执行检查,有待处理疑点时退出码1 | Run the checks: exit status 1 if a finding is open",
)
def run(
    session: Session,
    *,
    check: Codes = None,
    as_of_position: AsOfPosition = None,
    known_on: KnownOn = None,
    effective_on: EffectiveOn = None,
) -> int:
    """One row a check: how many findings are open, decided, and what is at stake in them."""
    with session.opened() as home:
        bound = bound_by(as_of_position, known_on, effective_on)
        made = _run(session, home, bound, check, anew=True)
    if session.json:
        session.out.document(made)
        return 1 if made.open else 0
    counts = Counter((f.code, f.status == "open") for f in made.findings)
    stakes: Counter[str] = Counter()
    for f in made.open:
        stakes[f.code] += f.amount_fen
    rows = [
        (
            code,
            session.pick(CHECKS[code].name_zh, CHECKS[code].name_en),
            counts[code, True],
            counts[code, False],
            yuan(stakes[code]),
        )
        for code in made.checks
    ]
    columns = ("check", "name", ">open-findings", ">decided", ">at-stake")
    session.out.table(None, columns, rows)
    said = {"n": len(made.open), "position": made.position, "amount": yuan(sum(stakes.values()))}
    session.out.line(session.say("audited", **said))
    return 1 if made.open else 0


@command(app, "findings", help="列出疑点 | List findings")
def findings(
    session: Session,
    *,
    check: Codes = None,
    status: Annotated[
        Literal["open", "dismissed", "converted", "all"], typer.Option(help="状态 | Status")
    ] = "open",
    subject: Annotated[str | None, typer.Option(help="对象 | Subject")] = None,
    limit: Annotated[int, typer.Option(min=1, help="最多几行 | At most")] = ROWS,
    as_of_position: AsOfPosition = None,
    known_on: KnownOn = None,
    effective_on: EffectiveOn = None,
) -> None:
    """In the order of the checks, then by what is at stake."""
    with session.opened() as home:
        made = _run(session, home, bound_by(as_of_position, known_on, effective_on), check)
    found = [
        f for f in made.findings if status in (f.status, "all") and subject in (f.subject, None)
    ]
    if session.json:
        session.out.document({"position": made.position, "findings": found[:limit]})
        return
    _print_findings(session, found[:limit])
    if len(found) > limit:
        session.out.note(session.say("first-rows", n=limit, total=len(found)))


def _print_findings(session: Session, found: Iterable[Finding]) -> None:
    rows = [
        (
            f.id.removeprefix("finding-")[:12],
            f.code,
            session.pick(*export.SEVERITY[f.severity]),
            session.pick(*export.STATUS[f.status]),
            f.subject,
            f.program or "",
            yuan(f.amount_fen),
            session.pick(f.zh, f.en),
        )
        for f in found
    ]
    columns = (
        "finding",
        "check",
        "severity",
        "status",
        "subject",
        "program",
        ">at-stake",
        "detail",
    )
    session.out.table(None, columns, rows)


@command(app, "explain", help="说明一项疑点 | The events that prove a finding, and the rule")
def explain(
    session: Session,
    finding: Id,
    *,
    check: Codes = None,
    as_of_position: AsOfPosition = None,
    known_on: KnownOn = None,
    effective_on: EffectiveOn = None,
) -> None:
    """Found as of the same bounds as it was listed."""
    with session.opened() as home:
        made = _run(session, home, bound_by(as_of_position, known_on, effective_on), check)
        prove = running.prover(home, running.last_head(home))
        found = running.explain(home, running.find(made, finding), prove)
    if session.json:
        session.out.document(found)
    else:
        _print_explanation(session, found)


def _print_explanation(session: Session, x: FindingExplanation) -> None:
    out, f = session.out, x.finding
    name = session.pick(x.name_zh, x.name_en)
    out.line(f"{f.id} {f.code} {name} [{session.pick(*export.STATUS[f.status])}]")
    out.line(f"{f.subject} {f.program or ''} {' '.join(f.months)} {yuan(f.amount_fen)}".rstrip())
    out.line(session.pick(f.zh, f.en))
    if x.rule is not None:
        rate = yuan(x.rule.rate_fen) or f"≤ {yuan(x.rule.cap_fen)}"
        rule = f"{x.rule.valid_from} {rate} / {x.rule.period} {x.rule.document} ({x.rule.source})"
        out.line(f"{session.say('rule')} {rule}")
    for p in x.parameters:
        out.line(f"{session.say('parameter')} {_parameter(session, p)}")
    rows = [
        (
            e.entry.position,
            e.entry.type.split(".")[1],
            e.entry.effective,
            e.entry.recorded[:19],
            e.entry.actor,
            e.entry.id,
            session.pick(e.entry.zh or "", e.entry.en or ""),
        )
        for e in x.events
    ]
    columns = (">position", "type", "effective", "recorded", "actor", "event", "why")
    out.table(None, columns, rows)


def _parameter(session: Session, p: Parameter) -> str:
    value = ", ".join(p.value) if isinstance(p.value, list) else f"{p.value:,}"
    return f"{session.pick(p.zh, p.en)}: {value} ({p.valid_from}, {p.source})"


@command(app, "checks", help="各项检查及参数 | The checks and their parameters")
def checks(session: Session) -> None:
    """What each looks for; parameters with the day they hold from and what they rest on."""
    with session.opened() as home:
        parameters = running.sources_of(home).parameters
    if session.json:
        listed = [
            {
                "code": c.code,
                "severity": c.severity,
                "kinds": [kind for kind in c.kinds if kind],
                "zh": c.name_zh,
                "en": c.name_en,
                "parameters": parameters.of(c.code),
            }
            for c in CHECKS.values()
        ]
        session.out.document({"checks": listed})
        return
    rows = [
        (
            c.code,
            session.pick(*export.SEVERITY[c.severity]),
            session.pick(c.name_zh, c.name_en),
            "; ".join(_parameter(session, p) for p in parameters.of(c.code)),
        )
        for c in CHECKS.values()
    ]
    session.out.table(None, ("check", "severity", "name", "parameters"), rows)


# --- what officers make of it


@step(app, "dismiss", help="排除疑点 | Dismiss a finding, with a reason", role="auditor")
def dismiss(
    session: Session,
    officer: Officer,
    finding: Id,
    reason: Annotated[str, typer.Option(help="原因 | The reason, which the log keeps")],
) -> None:
    """An event of the finding: every later audit shows it as dismissed, by whom and why.

    Not by an officer who decided any of what proves it.
    """
    with session.opened() as home:
        found = running.find(_run(session, home, AsOf()), finding)
        wanted = DismissFinding(
            code=found.code,
            subject=found.subject,
            key=found.key,
            evidence=_evidence(home, found),
            reason=reason,
        )
        _take(session, home, officer, wanted)
    _print_decision(session, found, "dismissed")


@step(app, "convert", help="转为多发认定 | Make a finding an overpayment", role="auditor")
def convert(session: Session, officer: Officer, finding: Id) -> None:
    """The months found, or what of them was too much, become a debt of their beneficiary, in one
    transaction with the word on the finding."""
    with session.opened() as home:
        found = running.find(_run(session, home, AsOf()), finding)
        if found.status == "converted":  # so its months have nothing left to convert
            raise OutOfOrder(status=found.status, step="convert")
        if found.program is None or not found.overpaid:
            raise NotConvertible(finding=found.id, check=found.code)
        wanted = ConvertFinding(
            program=found.program,
            beneficiary=found.subject,
            code=found.code,
            key=found.key,
            evidence=_evidence(home, found),
            overpaid=found.overpaid,
            zh=found.zh,
            en=found.en,
        )
        _take(session, home, officer, wanted)
    _print_decision(session, found, "converted")


def _evidence(home: Home, found: Finding) -> list[Evidence]:
    """The events that prove a finding; the ledger reads them itself and looks whether they are."""
    return [
        Evidence(position=position, event=decode(home.log.entry(position)).id)
        for position in found.positions
    ]


def _take(session: Session, home: Home, officer: Officer, wanted: Command) -> None:
    result = home.ledger().execute(wanted, officer.context(home), key=officer.key)
    if result.repeated:
        session.out.note(session.say("repeated-key"))


def _print_decision(
    session: Session, found: Finding, status: Literal["dismissed", "converted"]
) -> None:
    if session.json:
        session.out.document({"finding": found.id, "check": found.code, "status": status})
    else:
        session.out.line(session.say(f"finding-{status}", finding=found.id, check=found.code))


@command(app, "export", help="导出疑点及证据 | Export findings with their evidence")
def export_findings(
    session: Session,
    file: Annotated[Path, typer.Argument(help="FILE.xlsx / FILE.html")],
    *,
    check: Codes = None,
    status: Annotated[
        Literal["open", "dismissed", "converted", "all"], typer.Option(help="状态 | Status")
    ] = "open",
    as_of_position: AsOfPosition = None,
    known_on: KnownOn = None,
    effective_on: EffectiveOn = None,
) -> None:
    """A workbook, or a page that prints to PDF; each finding with the events that prove it, and
    these with their proof of inclusion in the log of the checkpoint signed last."""
    export.require_ending(file)
    with session.opened() as home:
        bound = bound_by(as_of_position, known_on, effective_on)
        made = _run(session, home, bound, check, anew=True)
        chosen = [f for f in made.findings if status in (f.status, "all")]
        head = running.last_head(home)
        prove = running.prover(home, head)
        explained = [running.explain(home, f, prove) for f in chosen]
        note = head.cosigned.decode() if head is not None else None
        export.write(file, made, explained, running.sources_of(home).parameters, note=note)
    if session.json:
        session.out.document({"file": str(file), "findings": len(chosen)})
    else:
        session.out.line(session.say("findings-exported", n=len(chosen), file=file))
