"""The outcome of a check, for people in Chinese and English and for programs."""

from collections.abc import Callable, Iterator
from typing import Any

from ledger.verify.bundle import Verified
from ledger.verify.refusal import Refused, printable

TEXTS: dict[str, tuple[str, str]] = {
    "verified": ("查验通过", "VERIFIED"),
    "refused": ("查验不通过:{message}[{code}]", "NOT VERIFIED: {message} [{code}]"),
    "unchecked": ("未能查验:{message}[{code}]", "NOT CHECKED: {message} [{code}]"),
    "head": (
        "日志 {origin},{size:,}个事件,根 {root}",
        "log {origin}, {size:,} events, root {root}",
    ),
    "scope": ("范围:{scope}", "about: {scope}"),
    "events": (
        "{events:,}个事件逐字节属于该日志(位置{first:,}至{last:,})",
        "{events:,} events are in that log, byte for byte (positions {first:,} to {last:,})",
    ),
    "whole": (
        "日志的全部事件均已重算:无缺失、插入、改动",
        "every event of the log was hashed anew: none is missing, added or changed",
    ),
    "seals": (
        "{seals}次封存的主体索引由全部事件重算,均相符",
        "the indexes of {seals} seals were recomputed from all events and are right",
    ),
    "history": (
        "与此前{count}个检查点一致(大小 {sizes})",
        "{count} earlier checkpoints are of the same log (sizes {sizes})",
    ),
    "retained": (
        "是您留存的检查点(大小{size:,})的延续:此前的内容未被改写",
        "it continues the checkpoint you kept (size {size:,}): nothing before it was rewritten",
    ),
    "final": ("检查点已按要求见证(终局)", "the checkpoint is cosigned as the policy asks (final)"),
    "complete": (
        "{subject}:封存{period}之前的{events}个事件齐全(日志共{size:,}个位置,此为位置{position:,}之前)",
        "{subject}: its {events} events before the seal of {period} are all there are "
        "(before position {position:,} of {size:,})",
    ),
    "absent": (
        "{subject}:封存{period}之前没有任何事件(日志共{size:,}个位置,此为位置{position:,}之前)",
        "{subject}: it had no event before the seal of {period} "
        "(before position {position:,} of {size:,})",
    ),
    "claims": (
        "所称{claims}项金额与事件相符",
        "{claims} claimed amounts are what the events yield",
    ),
    "balance": (
        "  {program}:核定{granted}元,到账{settled}元,到账前退回{returned}元,到账后退回{late}元,"
        "撤销{reversed}元,应退{owed}元",
        "  {program}: granted {granted} yuan, settled {settled}, returned {returned}, "
        "returned after settlement {late}, reversed {reversed}, owed back {owed}",
    ),
    "balance-of": ("{subject} 由事件重算的收支:", "balances of {subject}, from the events:"),
    "disbursed": ("{year}年支出(元):{amounts}", "disbursed in {year} (yuan): {amounts}"),
    "passed-over": (
        "所称金额未计入位置{position:,}的事件:经办人员决定视图{view}略过它(位置{discard:,});"
        "由事件重算的金额计入了它",
        "the claimed amounts leave out the event at position {position:,}: officers let the view "
        "{view} pass over it (position {discard:,}); the amounts from the events have it",
    ),
    "caution": ("注意:{text}", "CAUTION: {text}"),
    "no-retained": (
        "没有给出留存的检查点:不能排除经办机构串通另造一份日志",
        "no checkpoint kept from before was given: collusion of the operator, who may have "
        "signed another history, is not excluded",
    ),
    "no-policy": (
        "没有给出见证人的公钥或要求:检查点只有经办机构自己的签名为凭",
        "no witness key or policy was given: the checkpoint rests on the operator's word alone",
    ),
    "after": (
        "{subject}:证据包中有{after}个封存之后的事件;自位置{position:,}至日志末尾({size:,})"
        "是否还有其他事件未经证明",
        "{subject}: the bundle has {after} events after the seal; nothing proves that from "
        "position {position:,} to the log's end at {size:,} there are no others",
    ),
    "unsealed": (
        "{subject}:证据包中没有封存,{after}个事件确在日志中,但未证明齐全;日志或已有封存",
        "{subject}: the bundle has no seal; its {after} events are in the log, but nothing "
        "proves that they are all, nor that the log has no seal",
    ),
    "root-claimed": (
        "齐全性以封存时入账的索引为凭;索引本身由全部事件的查验(--all)或 audit verify-seal 核对",
        "completeness rests on the index committed in the log; the index itself is checked by "
        "whoever has all events (a bundle made with --all, or audit verify-seal)",
    ),
    "households": (
        "此人的家庭及合并登记的其他编号以经办机构所述为准:此人名下是否还有其他家庭、其他编号未经证明",
        "the households and the other ids of this person are those the operator names; nothing "
        "proves that there are no others",
    ),
    "not-complete": (
        "按区划或年度的证据包只证明所列事件在日志中,不证明齐全:齐全请用 --all 或按人",
        "a bundle by division or year proves that its events are in the log, not that they are "
        "all: for that ask for --all, or for a person",
    ),
}


def lines(found: Verified, lang: str) -> list[str]:
    """What is proven, then what is not, in ``zh``, ``en`` or ``both``."""
    return [line for each in spoken(lang) for line in (*_proven(found, each), *_open(found, each))]


def refusal_lines(refused: Refused, lang: str, *, checked: bool) -> list[str]:
    """Why a bundle is not accepted, or could not even be checked."""
    key = "refused" if checked else "unchecked"
    return [
        _text(key, each)(message=refused.message(each), code=refused.code) for each in spoken(lang)
    ]


def spoken(lang: str) -> tuple[str, ...]:
    """The languages, one after the other."""
    return ("zh", "en") if lang == "both" else (lang,)


def cautions(found: Verified) -> list[tuple[str, dict[str, Any]]]:
    """What is not proven, by the key of its text."""
    said: list[tuple[str, dict[str, Any]]] = []
    if found.retained is None:
        said.append(("no-retained", {}))
    if found.final is None:
        said.append(("no-policy", {}))
    for each in found.completed:
        values: dict[str, Any] = {"subject": each.subject, "after": each.after}
        if each.seal is None:
            said.append(("unsealed", values))
        elif each.seal.position < found.size:
            # Without events too: an old seal proves as little of the time since as none.
            values |= {"position": each.seal.position, "size": found.size}
            said.append(("after", values))
    for x in found.passed:
        left_out = {"view": x.view, "position": x.position, "discard": x.discard}
        said.append(("passed-over", left_out))
    if any(each.seal for each in found.completed):
        said.append(("root-claimed", {}))
    if found.scope.kind == "person":
        said.append(("households", {}))
    if found.scope.kind in ("division", "year"):
        said.append(("not-complete", {}))
    return said


def summary(found: Verified) -> dict[str, Any]:
    """All of it for a program; amounts in fen."""
    return {
        "origin": found.origin,
        "size": found.size,
        "root": found.root.hex(),
        "scope": found.scope.as_dict(),
        "events": found.events,
        "final": found.final,
        "retained": found.retained,
        "history": list(found.history),
        "seals_recomputed": found.seals,
        "claims_met": found.claims,
        "passed_over": [
            {"view": x.view, "position": x.position, "discard": x.discard} for x in found.passed
        ],
        "complete": [
            {
                "subject": c.subject,
                "events": c.events,
                "after": c.after,
                "period": c.seal.period if c.seal else None,
                "position": c.seal.position if c.seal else None,
            }
            for c in found.completed
        ],
        "balances_fen": found.sums.balances,
        "disbursed_fen": found.sums.disbursed,
        "cautions": [
            {
                "code": key,
                "zh": _text(key, "zh")(**values),
                "en": _text(key, "en")(**values),
            }
            for key, values in cautions(found)
        ],
    }


def _proven(found: Verified, lang: str) -> Iterator[str]:
    yield _text("verified", lang)()
    head = {"origin": found.origin, "size": found.size, "root": found.root.hex()}
    yield _text("head", lang)(**head)
    yield _text("scope", lang)(scope=f"{found.scope.kind} {found.scope.value}".strip())
    spread = {"events": found.events, "first": found.first, "last": found.last}
    yield _text("events", lang)(**spread)
    if found.scope.kind == "all":
        yield _text("whole", lang)()
    if found.seals:
        yield _text("seals", lang)(seals=found.seals)
    if found.history:
        sizes = ", ".join(f"{size:,}" for size in found.history)
        yield _text("history", lang)(count=len(found.history), sizes=sizes)
    if found.retained is not None:
        yield _text("retained", lang)(size=found.retained)
    if found.final:
        yield _text("final", lang)()
    for each in found.completed:
        if each.seal is not None:
            yield _text("complete" if each.events else "absent", lang)(
                subject=each.subject,
                period=each.seal.period,
                events=each.events,
                position=each.seal.position,
                size=found.size,
            )
    if found.claims:
        yield _text("claims", lang)(claims=found.claims)
    yield from _money(found, lang)


def _money(found: Verified, lang: str) -> Iterator[str]:
    if found.scope.kind != "person":
        for year, programs in sorted(found.sums.disbursed.items()):
            amounts = ", ".join(f"{p} {yuan(fen)}" for p, fen in sorted(programs.items()) if fen)
            yield _text("disbursed", lang)(year=year, amounts=amounts)
        return
    for subject, rows in sorted(found.sums.balances.items()):
        yield _text("balance-of", lang)(subject=subject)
        for program, fen in sorted(rows.items()):
            yield _text("balance", lang)(
                program=program,
                granted=yuan(fen.get("granted_fen", 0)),
                settled=yuan(fen.get("settled_fen", 0)),
                returned=yuan(fen.get("returned_fen", 0)),
                late=yuan(fen.get("returned_late_fen", 0)),
                reversed=yuan(fen.get("reversed_fen", 0)),
                owed=yuan(fen.get("owed_fen", 0)),
            )


def _open(found: Verified, lang: str) -> Iterator[str]:
    for key, values in cautions(found):
        yield _text("caution", lang)(text=_text(key, lang)(**values))


def _text(key: str, lang: str) -> Callable[..., str]:
    text = TEXTS[key][lang == "en"]

    def filled(**values: object) -> str:
        shown = {n: printable(v) if isinstance(v, str) else v for n, v in values.items()}
        return text.format(**shown)

    return filled


def yuan(fen: int) -> str:
    """An amount for people: ``1,234.50``."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"
