"""Findings handed over: a workbook, or a page ready for print, each finding with its evidence."""

import base64
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from ledger.domain.errors import InvalidValue
from ledger.domain.money import Money
from ops.files import write_whole
from projections.checks.audit import Audit
from projections.checks.explain import Evidence, FindingExplanation
from projections.checks.parameters import Parameters

SEVERITY = {"high": ("高", "high"), "medium": ("中", "medium"), "low": ("低", "low")}
STATUS = {
    "open": ("待处理", "open"),
    "dismissed": ("已排除", "dismissed"),
    "converted": ("已转为多发", "converted"),
}

FINDING = (
    ("编号 id", 44),
    ("检查 check", 18),
    ("名称 name", 26),
    ("程度 severity", 10),
    ("状态 status", 12),
    ("对象 subject", 42),
    ("项目 program", 20),
    ("月份 months", 24),
    ("涉及金额(元) at stake (yuan)", 16),
    ("说明", 40),
    ("in English", 40),
    ("位置 positions", 30),
)
EVIDENCE = (
    ("编号 finding", 44),
    ("位置 position", 12),
    ("事件 event", 56),
    ("类型 type", 22),
    ("生效 effective", 12),
    ("记录 recorded", 28),
    ("经办人 actor", 22),
    ("区划 division", 10),
    ("证明 proof", 40),
)
PARAMETERS = (
    ("检查 check", 18),
    ("参数 parameter", 20),
    ("自 from", 12),
    ("值 value", 40),
    ("单位 unit", 12),
    ("依据 source", 12),
    ("文件 document", 24),
    ("说明", 40),
    ("in English", 40),
)
LONGEST_CELL = 32_000
"""Excel holds 32,767 characters in a cell."""


def write(
    path: Path,
    made: Audit,
    explained: Sequence[FindingExplanation],
    parameters: Parameters,
    *,
    note: str | None = None,
) -> None:
    """Write to a file by its ending; ``note`` is the checkpoint that the proofs lead to.

    Raises as :func:`require_ending` and :func:`ops.files.write_whole` do.
    """
    require_ending(path)
    if path.suffix.lower() == ".xlsx":
        write_whole(path, 0o644, _workbook(explained, parameters, note).save)
    else:
        text = page(made, explained, note).encode()
        write_whole(path, 0o644, lambda out: out.write(text))


def require_ending(path: Path) -> None:
    """Refuse a file that is neither a workbook nor a page. Raises :class:`InvalidValue`."""
    if path.suffix.lower() not in (".xlsx", ".html", ".htm"):
        raise InvalidValue(field="FILE", value=f"{path.name} (.xlsx, .html)")


# --- the workbook


def _workbook(
    explained: Sequence[FindingExplanation],
    parameters: Parameters,
    note: str | None,
) -> Workbook:
    book = Workbook()
    book.remove(book.active)
    _sheet(book, "疑点 findings", FINDING, [_finding_row(x) for x in explained])
    proved = [_evidence_row(x, e) for x in explained for e in x.events]
    _sheet(book, "证据 evidence", EVIDENCE, proved)
    listed = [
        (
            p.check,
            p.name,
            p.valid_from,
            ", ".join(p.value) if isinstance(p.value, list) else p.value,
            p.unit,
            p.source,
            p.document,
            p.zh,
            p.en,
        )
        for p in parameters.entries
    ]
    _sheet(book, "参数 parameters", PARAMETERS, listed)
    if note is not None:
        _sheet(book, "检查点 checkpoint", (("检查点 checkpoint", 100),), [(note,)])
    return book


def _sheet(
    book: Any, title: str, columns: Sequence[tuple[str, int]], rows: Sequence[Sequence[Any]]
) -> None:
    sheet = book.create_sheet(title)
    sheet.append([name for name, _ in columns])
    for n, (_, width) in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(n)].width = width
        sheet.cell(1, n).font = Font(bold=True)
    for row in rows:
        sheet.append([_cell(value) for value in row])
        for cell in sheet[sheet.max_row]:
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            if cell.data_type == "f":  # a text from the log is never a formula
                cell.data_type = "s"
    sheet.freeze_panes = "A2"


def _cell(value: Any) -> Any:
    return value[:LONGEST_CELL] if isinstance(value, str) else value


def _finding_row(x: FindingExplanation) -> Sequence[Any]:
    f = x.finding
    return (
        f.id,
        f.code,
        f"{x.name_zh} {x.name_en}",
        " ".join(SEVERITY[f.severity]),
        " ".join(STATUS[f.status]),
        f.subject,
        f.program,
        " ".join(f.months),
        f.amount_fen / 100,
        f.zh,
        f.en,
        " ".join(map(str, f.positions)),
    )


def _evidence_row(x: FindingExplanation, e: Evidence) -> Sequence[Any]:
    return (
        x.finding.id,
        e.entry.position,
        e.entry.id,
        e.entry.type.split(".")[1],
        e.entry.effective,
        e.entry.recorded,
        e.entry.actor,
        e.division,
        json.dumps(e.proof) if e.proof is not None else "",
    )


# --- the page

STYLE = """
body { font: 10.5pt/1.5 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", sans-serif;
  margin: 2em auto; max-width: 60em; color: #222; }
h1 { font-size: 16pt; } h2 { font-size: 12pt; margin: 1.6em 0 .3em; }
table { border-collapse: collapse; width: 100%; margin: .4em 0; }
th, td { border: 1px solid #bbb; padding: .2em .5em; text-align: left; vertical-align: top; }
th { background: #f2f2f2; } td.n { text-align: right; white-space: nowrap; }
code { font-size: 8.5pt; overflow-wrap: anywhere; } .en { color: #555; }
section { break-inside: avoid; } .high { border-left: 4px solid #b00; padding-left: .8em; }
.medium { border-left: 4px solid #c80; padding-left: .8em; }
.low { border-left: 4px solid #888; padding-left: .8em; }
@page { size: A4; margin: 18mm 15mm; } @media print { body { margin: 0; max-width: none; } }
"""


def page(made: Audit, explained: Sequence[FindingExplanation], note: str | None = None) -> str:
    """One HTML page that needs nothing else: summary first, then each finding with its events."""
    total_fen = sum(x.finding.amount_fen for x in explained)
    rows = []
    for code in made.checks:
        mine = [x for x in explained if x.finding.code == code]
        if mine:
            at_stake = Money(sum(x.finding.amount_fen for x in mine))
            name = f"{escape(mine[0].name_zh)} <span class=en>{escape(mine[0].name_en)}</span>"
            rows.append(
                f"<tr><td>{code}</td><td>{name}</td>"
                f"<td class=n>{len(mine)}</td><td class=n>{at_stake}</td></tr>"
            )
    checkpoint = ""
    if note is not None:
        checkpoint = f"<h2>检查点 <span class=en>Checkpoint</span></h2><pre>{escape(note)}</pre>"
    left_out = "".join(f"<p>未执行 not run: {c} ({r})</p>" for c, r in made.left_out.items())
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        f"<title>审计疑点 Audit findings</title><style>{STYLE}</style>"
        "<h1>审计疑点 <span class=en>Audit findings</span></h1>"
        f"<p>日志前{made.position:,}个事件,记录至{escape(made.recorded)};"
        f"{len(explained):,}项疑点,涉及{Money(total_fen)}元。疑点是线索,不是结论。<br>"
        f"<span class=en>The first {made.position:,} events of the log, recorded until "
        f"{escape(made.recorded)}; {len(explained):,} findings, {Money(total_fen)} yuan at stake. "
        "A finding is a lead, never a verdict.</span></p>"
        f"{left_out}<table><tr><th>检查 check<th>名称 name<th>数 count<th>元 yuan</tr>"
        f"{''.join(rows)}</table>{''.join(_section(x) for x in explained)}{checkpoint}</html>\n"
    )


def _section(x: FindingExplanation) -> str:
    f = x.finding
    months = f" · {escape(' '.join(f.months))}" if f.months else ""
    program = f" · {escape(f.program)}" if f.program else ""
    rule = ""
    if x.rule is not None:
        rule = (
            f"<p>标准 rule: {x.rule.valid_from} · {escape(x.rule.document)} ({x.rule.source})</p>"
        )
    return (
        f'<section class="{f.severity}"><h2>{escape(x.name_zh)} '
        f"<span class=en>{escape(x.name_en)}</span></h2>"
        f"<p><code>{f.id}</code> · {f.code} · {' '.join(STATUS[f.status])} · "
        f"<code>{escape(f.subject)}</code>{program}{months} · {Money(f.amount_fen)} 元</p>"
        f"<p>{escape(f.zh)}<br><span class=en>{escape(f.en)}</span></p>{rule}"
        "<table><tr><th>位置<th>类型 type<th>生效<th>记录<th>经办人<th>事件 event</tr>"
        f"{''.join(_event(e) for e in x.events)}</table></section>"
    )


def _event(e: Evidence) -> str:
    proof = ""
    if e.proof is not None:
        text = base64.b64encode(json.dumps(e.proof).encode()).decode()
        proof = f"<tr><td colspan=6>包含证明 inclusion proof <code>{text}</code></td></tr>"
    return (
        f"<tr><td class=n>{e.entry.position:,}</td><td>{e.entry.type.split('.')[1]}</td>"
        f"<td>{e.entry.effective}</td><td>{escape(e.entry.recorded[:19])}</td>"
        f"<td>{escape(e.entry.actor)}</td><td><code>{escape(e.entry.id)}</code></td></tr>{proof}"
    )
