"""The screen's words: one entry a key, the same in both languages, none missing and none unused."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

import ops
import projections
from ledger.domain.rules import Kind, Period, Source
from ledger.domain.words import KINDS, STATES
from ops import texts
from ops.texts import words
from projections.figures import load_figures
from projections.views.balances import Balance
from projections.views.entitlements import OVER, PENDING

SOURCES = [
    path
    for package in (ops, projections)
    for path in Path(package.__path__[0]).rglob("*.py")
    if path.parent.name != "texts"
]
PREFIXES = ("audit-", "demo-", "demo-wait-", "finding-", "head-")
"""Keys put together where they are used: these, and what a check, step, status or row is called."""


def _trees() -> Iterator[ast.Module]:
    return (ast.parse(path.read_text("utf-8")) for path in SOURCES)


def _strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _said(tree: ast.AST) -> Iterator[str]:
    """Literal keys of ``say`` and ``label``, and of a table's columns."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        method, function = getattr(node.func, "attr", ""), getattr(node.func, "id", "")
        says = method == "say" or function == "label"  # a column of SQL has a label() too
        asked = node.args[:1] if says else node.args[1:2]
        if says and isinstance(asked[0], ast.Constant):
            yield str(asked[0].value)
        elif method == "table" and asked and isinstance(asked[0], ast.Tuple):
            whole = (one for one in asked[0].elts if isinstance(one, ast.Constant))
            yield from (str(one.value).lstrip(">") for one in whole)


def test_a_key_is_in_one_part() -> None:
    keys = Counter(key for part in texts.PARTS for key in part.TEXTS)
    assert [key for key, times in keys.items() if times > 1] == []


@pytest.mark.parametrize("key", texts.LABELS)
def test_a_text_says_the_same_in_chinese_and_in_english(key: str) -> None:
    zh, en = (texts.label(key, lang) for lang in ("zh", "en"))
    assert not re.search("[\u4e00-\u9fff]", en)
    named = [{f for _, f, _, _ in Formatter().parse(text) if f is not None} for text in (zh, en)]
    assert named[0] == named[1] or key == "explained"  # which names the figure in its language


@pytest.mark.parametrize(
    ("n", "said"), [(0, "0 problems found"), (1, "1 problem found"), (2, "2 problems found")]
)
def test_one_is_counted_as_one(n: int, said: str) -> None:
    assert texts.filled(texts.label("problems", "en"), n=n) == said
    assert texts.filled(texts.label("problems", "zh"), n=n) == f"发现{n}个问题"


def test_every_code_that_is_shown_has_a_word() -> None:
    units = {figure.unit for figure in load_figures(2017).figures}
    assert units <= words.UNITS.keys()
    assert set(get_args(Kind)) == KINDS.keys()
    assert set(get_args(Period)) == words.PERIODS.keys()
    assert set(get_args(Source)) == words.SOURCES.keys()
    amounts = {x.removesuffix("_fen") for x in Balance.__struct_fields__ if x.endswith("_fen")}
    assert amounts == words.AMOUNTS.keys()
    run_states = {"opened", "computed", "noticed", "approved", "issued", "settled", "cancelled"}
    assert run_states | set(PENDING) | set(OVER) | {"suspended"} <= STATES.keys()


def test_what_a_command_says_has_words() -> None:
    said = {key for tree in _trees() for key in _said(tree)}
    assert len(said) > 150
    assert said - texts.LABELS.keys() == set()


def test_every_text_is_used() -> None:
    strings = {text.lstrip(">") for tree in _trees() for text in _strings(tree)}
    used = strings | {prefix + text for prefix in PREFIXES for text in strings}
    assert texts.LABELS.keys() - used == set()
