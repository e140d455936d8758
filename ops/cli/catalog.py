"""``catalog``: the programs that are known, and bringing new ones into the ledger.

The catalog is the packaged files and those of the home's own ``catalog`` folder; the ledger knows
what was adopted from it by events. Loading adopts what is new and never changes what is there: a
changed rule is a new rule with a first day of its own, a wider earmark a decision of its own. What
differs from what was adopted is listed, each with a code.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from uuid import uuid4

import msgspec
import typer

from ledger.application import Command, Ledger, Outcome
from ledger.catalog.checks import Problems
from ledger.catalog.loader import CatalogInvalid, FundDefinition, load_funds, load_programs
from ledger.commands.program import AdoptProgram, OpenFund, SetRule, WidenEarmark, opening
from ledger.domain.errors import LedgerError
from ledger.domain.fund import FUND
from ledger.domain.fund import differences as funds_differ
from ledger.domain.program import PROGRAM, new_rules
from ledger.domain.program import differences as programs_differ
from ledger.domain.refusals import UnknownProgram
from ledger.domain.rules import ProgramDefinition, Rule
from ledger.domain.stream import fund_id, program_id
from ledger.domain.words import KINDS
from ledger.work import Context
from ops.cli.moments import today
from ops.cli.output import yuan
from ops.cli.session import Session, command
from ops.home import Home
from ops.texts.words import PERIODS, SOURCES

app = typer.Typer(help="项目目录 | The catalog of programs", no_args_is_help=True)


class Wanted(NamedTuple):
    """What the catalog has and the ledger doesn't know, and what is done by adopting it, by number.

    ``differs`` is what the catalog says otherwise than what was adopted.
    """

    commands: list[Command]
    done: dict[str, int]
    differs: list[LedgerError]


def adopt_catalog(home: Home, actor: str = "system", role: str = "catalog") -> dict[str, Any]:
    """Adopt programs, rules and funds that the ledger doesn't know; what was done, by number.

    All in one transaction; a refusal of one is raised and nothing is stored. What another process
    adopts meanwhile is its doing. ``differs`` lists what the catalog says otherwise than what was
    adopted, as errors in words and codes.
    """
    ledger, programs, funds = home.ledger(), home.programs, load_funds(_folder(home))
    context = Context(actor=actor, role=role, division=home.info.operator, effective=today())
    context.check()
    wanted = _unknown(ledger, programs, funds)
    while wanted.commands:
        items: list[tuple[Command, Context]] = [(c, context) for c in wanted.commands]
        refused = _refused(ledger.rehearse(items)) or _refused(
            ledger.execute_group(items, key=f"catalog-{uuid4()}").outcomes
        )
        if not refused:
            break
        before, wanted = wanted, _unknown(ledger, programs, funds)
        if wanted.commands == before.commands:
            raise CatalogInvalid(problems=refused)
    return {**wanted.done, "differs": [error.as_dict() for error in wanted.differs]}


def _refused(outcomes: Sequence[Outcome]) -> Problems:
    return Problems(f"{o.zh} / {o.en}" for o in outcomes if o.error)


def _unknown(
    ledger: Ledger,
    programs: Mapping[str, ProgramDefinition],
    funds: Mapping[str, FundDefinition],
) -> Wanted:
    """By what is stored now. Raises what a definition that can follow on no adopted one raises."""
    wanted = Wanted([], {"programs": 0, "rules": 0, "funds": 0}, [])
    commands, done, differs = wanted
    for definition in programs.values():
        known = ledger.state(PROGRAM, program_id(definition.code))
        if known.version == 0:
            commands.append(AdoptProgram(definition=definition))
            done["programs"] += 1
            done["rules"] += len(definition.rules)
            continue
        differs += programs_differ(known, definition)
        rules = [_rule_of(data) for data in new_rules(known, definition)]
        commands += [SetRule(program=definition.code, rule=rule) for rule in rules]
        done["rules"] += len(rules)
    for fund in funds.values():
        opened = ledger.state(FUND, fund_id(fund.code))
        if opened.version == 0:
            commands.append(OpenFund(definition=fund))
            done["funds"] += 1
        else:
            differs += funds_differ(opened, opening(fund))
    return wanted


def tell_differences(session: Session, done: Mapping[str, Any]) -> int:
    """Name each difference on standard error; the exit status, 3 where there is any."""
    for each in done["differs"]:
        session.out.note(f"{each['code']}: {session.pick(each['zh'], each['en'])}")
    return 3 if done["differs"] else 0


def _rule_of(data: Any) -> Rule:
    rule: Rule = data.rule
    return rule


def _folder(home: Home) -> Path | None:
    extra = home.path / "catalog"
    return extra if extra.is_dir() else None


def _known(session: Session) -> tuple[dict[str, ProgramDefinition], Mapping[str, FundDefinition]]:
    """The catalog of the home, or the packaged one where there is no home."""
    extra = session.home / "catalog"
    folder = extra if extra.is_dir() else None
    return load_programs(folder), load_funds(folder)


@command(app, "list", help="列出全部项目 | List every program")
def list_programs(session: Session) -> None:
    programs, _ = _known(session)
    if session.json:
        session.out.document({"programs": list(programs.values())})
        return
    session.out.table(
        None,
        ("program", "name", "kind", "fund", ">rate", "period", "source"),
        [
            (
                p.code,
                session.pick(p.zh, p.en),
                session.word(KINDS, p.kind),
                p.fund,
                *_latest(session, p),
                session.word(SOURCES, p.source),
            )
            for p in programs.values()
        ],
    )


def _latest(session: Session, p: ProgramDefinition) -> tuple[str, str]:
    if not p.rules:
        return "", ""
    rule = p.rules[-1]
    period = session.word(PERIODS, rule.period)
    if rule.rate_fen is not None:
        return yuan(rule.rate_fen), period
    return (f"≤ {yuan(rule.cap_fen)}" if rule.cap_fen else ""), period


@command(app, "show", help="一个项目的规则与依据 | A program's rules and documents")
def show(session: Session, program: Annotated[str, typer.Argument(help="项目代码 | Code")]) -> None:
    programs, _ = _known(session)
    found = programs.get(program)
    if found is None:
        raise UnknownProgram(program=program)
    if session.json:
        session.out.document(found)
        return
    out = session.out
    out.line(f"{found.code}  {found.zh}  {found.en}")
    kind, source = session.word(KINDS, found.kind), session.word(SOURCES, found.source)
    out.line(f"{kind}  {found.document}  ({source})  {found.fund or ''}")
    for rule in found.rules:
        until = rule.valid_to.isoformat() if rule.valid_to else ""
        rate = yuan(rule.rate_fen) or (f"≤ {yuan(rule.cap_fen)}" if rule.cap_fen else "")
        period = session.word(PERIODS, rule.period)
        title = f"{rule.valid_from.isoformat()} – {until}  {rate} / {period}  {rule.document}"
        conditions = [
            (c.fact, f"{c.op} {c.value}", session.pick(c.zh, c.en)) for c in rule.eligibility
        ]
        conditions += [(x.other, x.mode, session.pick(x.zh, x.en)) for x in rule.exclusions]
        out.table(title, ("rule", "value", "what"), conditions)
        if rule.note:
            out.line(session.half(rule.note))


@command(app, "check", help="检查目录文件 | Check catalog files, all problems at once")
def check(
    session: Session,
    folder: Annotated[Path | None, typer.Argument(help="另加的文件夹 | A further folder")] = None,
) -> int:
    """Exit status 2 with every problem listed."""
    extra = session.home / "catalog"
    chosen = folder or (extra if extra.is_dir() else None)
    problems: list[str] = []
    programs: dict[str, ProgramDefinition] = {}
    funds: dict[str, FundDefinition] = {}
    try:
        programs, funds = load_programs(chosen), load_funds(chosen)
    except CatalogInvalid as error:
        problems = [str(p) for p in error.fields["problems"]]
    if session.json:
        counts = {"programs": len(programs), "funds": len(funds)}
        session.out.document({"ok": not problems, "problems": problems, **counts})
    elif problems:
        for problem in problems:
            session.out.line(problem)
        session.out.note(session.say("problems", n=len(problems)))
    else:
        session.out.line(session.say("catalog-good", programs=len(programs), funds=len(funds)))
    return 2 if problems else 0


@command(app, "load", help="采用目录中账本尚未知的项目与规则 | Adopt what the ledger doesn't know")
def load(
    session: Session,
    officer: Annotated[str, typer.Option("--as", help="经办人 | Officer")] = "system",
    role: Annotated[str, typer.Option(help="角色 | Role")] = "catalog",
) -> int:
    """Exit status 3 when something differs from what was adopted; what is new is adopted."""
    with session.opened() as home:
        done = adopt_catalog(home, officer, role)
    if session.json:
        session.out.document(msgspec.to_builtins(done))
    else:
        session.out.line(session.say("adopted", **done))
    return tell_differences(session, done)


@command(app, "widen", help="扩大资金的专项范围 | Let a fund pay for further programs")
def widen(
    session: Session,
    fund: Annotated[str, typer.Argument(help="资金代码 | Fund")],
    programs: Annotated[list[str], typer.Argument(help="项目代码 | Programs")],
    *,
    document: Annotated[str, typer.Option(help="依据文件 | The document it rests on")],
    officer: Annotated[str, typer.Option("--as", help="经办人 | Officer")],
    role: Annotated[str, typer.Option(help="角色 | Role")] = "director",
) -> None:
    wanted = WidenEarmark(fund=fund, programs=programs, document=document)
    with session.opened() as home:
        context = Context(actor=officer, role=role, division=home.info.operator, effective=today())
        home.ledger().execute(wanted, context, key=f"earmark-{uuid4()}")
    if session.json:
        session.out.document({"fund": fund, "programs": sorted(set(programs))})
    else:
        session.out.line(session.say("earmark-widened", fund=fund, programs=", ".join(programs)))
