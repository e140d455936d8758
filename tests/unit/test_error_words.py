"""What errors say in Chinese: whatever state, step or reason the code gives has its words."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import consumers
import ledger
import ops
import projections
from ledger.domain import case, enrollment, finding, household, payrun, person
from ledger.domain.errors import AlreadyExists, LedgerError, OutOfOrder
from ledger.domain.refusals import NotEligible, SealDiffers, WrongKind
from ledger.domain.words import STATES, STEPS, in_chinese
from ledger.log.errors import WitnessesMissing
from ledger.store.errors import StoreDamaged
from ledger.verify import words
from ledger.verify.refusal import Refused
from ops.files import FileUnusable
from ops.tlog_tiles import CheckpointRefused

PACKAGES = (ledger, projections, consumers, ops)
FIELDS = ("kind", "reason", "status", "step", "what")
REFUSALS = {"KeyRefused", "NoteRefused", "ProofRefused", "WitnessUnavailable"}
"""Exceptions whose text becomes the reason of an error."""
HANDING = re.compile(r"_?(must_be\w*|in_order|served|damaged|disagree|check_certificate_status)")
"""Functions that raise an error about what they are called with."""
NAMES = re.compile(
    r"FromCheckpoint|PostgreSQL|Unicode|base64|quorum|[a-z]+\.(db|key|json)"
    r"|<.+>|ProjectionSealed|CloudEvents|passed_over|TimeStampResp|SELECT"
)
"""What is not a word: names of things, and how a key is written."""


class Said(NamedTuple):
    """A text that the code gives for a field, a digit where it fills in a value."""

    field: str
    text: str
    proving: bool = False


def _errors() -> set[str]:
    """The name of every error there is."""
    for package in PACKAGES:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found, names = [LedgerError], set()
    while found:
        error = found.pop()
        names.add(error.__name__)
        found += error.__subclasses__()
    return names


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(p.value) if isinstance(p, ast.Constant) else "7" for p in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else None


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def _handed_on(tree: ast.AST) -> Iterator[tuple[str, int, str]]:
    """Functions that make a parameter the field of an error: name, which one, which field."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and HANDING.fullmatch(function.name):
            parameters = [each.arg for each in function.args.args if each.arg != "self"]
            for field in {*parameters} & {*FIELDS}:
                yield function.name, parameters.index(field), field


def _said() -> set[Said]:
    errors = _errors()
    trees = [
        (path, ast.parse(path.read_text("utf-8")))
        for package in PACKAGES
        for path in sorted(Path(package.__path__[0]).rglob("*.py"))
        if "simulation" not in path.parts
    ]
    handed = {each for _, tree in trees for each in _handed_on(tree)}
    found = set()
    for path, tree in trees:
        proving = path.parent.name == "verify"
        for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call)):
            name = _called(call)
            if name in REFUSALS and path.stem == "office":  # a witness answers others, in English
                continue
            if name == "Refused" and _text(call.args[0]) == "part-malformed":  # names a key
                continue
            given = [(k.arg, k.value) for k in call.keywords if name in errors | {"Refused"}]
            given += [("reason", each) for each in call.args[:1] if name in REFUSALS]
            given += [
                (f, call.args[at]) for n, at, f in handed if n == name and at < len(call.args)
            ]
            for field, value in given:
                if field in FIELDS and (text := _text(value)) is not None:
                    found.add(Said(str(field), text, proving))
    return found


SAID = sorted(_said())


def test_what_the_code_says_is_found() -> None:
    assert {field for field, _, _ in SAID} == set(FIELDS)
    assert Said("step", "notice-exit") in SAID  # handed on by a function
    assert len(SAID) > 200


@pytest.mark.parametrize(("field", "text", "proving"), SAID)
def test_what_an_error_says_has_chinese_words(field: str, text: str, proving: bool) -> None:
    said = words.in_chinese(text) if proving else in_chinese(field, text)
    assert not re.search("[a-z]{3}", NAMES.sub("", said))


@pytest.mark.parametrize("module", [case, enrollment, finding, household, payrun, person])
def test_every_state_has_a_word(module: object) -> None:
    source = Path(str(module.__file__)).read_text("utf-8")  # type: ignore[attr-defined]
    set_to = re.findall(r'\.status\b[^=\n]* = "([a-z-]+)"', source)
    folded = re.findall(r'(?:_step|_status|_to)\("([a-z-]+)"\)', source)
    assert set_to + folded
    assert {*set_to, *folded} <= STATES.keys()


def test_no_step_is_listed_that_there_is_not() -> None:
    steps = {text for field, text, _ in SAID if field == "step"}
    assert STEPS.keys() - steps == set()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OutOfOrder(status="settled", step="cancel"), "当前状态为已回盘,不能进行:取消"),
        (OutOfOrder(status="living-subsidy: approved", step="merge"), "living-subsidy:已批准"),
        (NotEligible(reason="no-account"), "不符合条件:没有收款账户"),
        (WrongKind(program="sport", kind="works/household"), "类型为工程/家庭"),
        (FileUnusable(file="x", reason="No such file or directory"), "没有这个文件或目录"),
        (StoreDamaged(reason="ledger.db: Permission denied"), "ledger.db:没有权限"),
        (
            CheckpointRefused(what="x", reason=Refused("note", reason="the note is not UTF-8")),
            "x不是本日志签名的检查点:检查点的签名:检查点不是UTF-8文本",
        ),
        (
            WitnessesMissing(
                needed=2, found=0, reasons="a: its answer is too long; b: HTTP 500 what it said"
            ),
            "(a:答复过长;b: HTTP 500 what it said)",
        ),
        (Refused("note", reason="policy, line 3: not understood: x"), "策略第3行:无法识别:x"),
        (SealDiffers(period="2017-03", what="index, view balances"), "主体索引、视图balances"),
        (
            StoreDamaged(reason="ledger.db: tile 0/12 ends before hash 3"),
            "ledger.db:树块0/12不足哈希3",
        ),
        # What is a name stays one, whatever word it looks like.
        (AlreadyExists(what="officer-1"), "已存在:officer-1"),
        (Refused("part-missing", part="checkpoint"), "缺少checkpoint"),
    ],
)
def test_a_chinese_message_is_chinese(error: LedgerError | Refused, said: str) -> None:
    assert said in error.message("zh")
    assert not re.search("[\u4e00-\u9fff]", error.message("en"))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ("tile 0/1", "树块0/1"),
        ("tile 1/0: 9,984–10,239", "树块1/0:9,984–10,239"),
        ("tile 0/3, 64 B", "树块0/3、64字节"),
        ("notification 778", "事件序号778"),
        ("26,086 != 26,087", "26,086 != 26,087"),
        ("position, figure living-subsidy.amount: 1 → 2", "位置、指标living-subsidy.amount: 1 → 2"),
    ],
)
def test_what_a_check_of_the_log_or_a_seal_found_has_words(found: str, said: str) -> None:
    assert in_chinese("what", found) == said


def test_an_answer_for_programs_keeps_the_codes() -> None:
    told = OutOfOrder(status="settled", step="cancel").as_dict()
    assert told["fields"] == {"status": "settled", "step": "cancel"}
    assert told["en"] == "cancel is not possible in state settled"
