"""Reads the catalog: programs, funds and divisions, from the package and from one extra folder.

An extra folder holds ``<code>.toml`` files of further programs and, where they are paid, one
``funds.toml`` with further ``[[funds]]`` or with ``[[earmarks]]`` that open a known fund to them.
What is returned has passed every check; otherwise ``CatalogInvalid`` carries all problems of all
files. A packaged program or fund is never replaced: a changed rule is an event, not another file.
"""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ledger.catalog.checks import (
    FundDefinition,
    Problems,
    division_problems,
    earmark_problems,
    fund_problems,
    program_problems,
)
from ledger.catalog.shape import differences
from ledger.domain.division import Division
from ledger.domain.errors import LedgerError
from ledger.domain.rules import ProgramDefinition

__all__ = ["CatalogInvalid", "FundDefinition", "load_divisions", "load_funds", "load_programs"]

FUNDS_FILE = "funds.toml"

Definition = TypeVar("Definition", ProgramDefinition, FundDefinition, Division)


class CatalogInvalid(LedgerError):
    code, zh, en = (
        "catalog-invalid",
        "项目目录有误:{problems}",
        "the catalog has problems: {problems}",
    )


class Earmark(msgspec.Struct, frozen=True, kw_only=True):
    """Opens a known fund to further programs."""

    fund: str
    programs: list[str]


def load_programs(extra: Path | None = None) -> dict[str, ProgramDefinition]:
    """All programs by code, packaged ones (read once a process) and those of the folder ``extra``.

    Raises ``CatalogInvalid`` with every problem of programs and funds.
    """
    return dict(_packaged_programs()) if extra is None else _load_programs(extra)


@cache
def _packaged_programs() -> dict[str, ProgramDefinition]:
    return _load_programs(None)


def _load_programs(extra: Path | None) -> dict[str, ProgramDefinition]:
    problems = Problems()
    programs = _read_programs(extra, problems)
    funds = _read_funds(extra, problems)
    known = frozenset(programs)
    for code, program in programs.items():
        found = program_problems(program, known, funds)
        problems += [f"{code}.toml: {text}" for text in found]
    for code, fund in funds.items():
        problems += [f"{FUNDS_FILE}: {code}: {text}" for text in earmark_problems(fund, known)]
    _raise_if_any(problems)
    return dict(sorted(programs.items()))


def load_funds(extra: Path | None = None) -> dict[str, FundDefinition]:
    """All funds by code, with what ``extra`` adds. Raises ``CatalogInvalid``."""
    problems = Problems()
    funds = _read_funds(extra, problems)
    _raise_if_any(problems)
    return funds


def load_divisions(source: Path | None = None) -> dict[str, Division]:
    """All divisions by code: the packaged file, or ``source``. Raises ``CatalogInvalid``."""
    problems = Problems()
    file = source or _packaged() / "divisions.toml"
    data = _read_toml(file, problems)
    divisions = _unique(_items(data, "divisions", Division, file.name, problems), problems)
    _reject_keys(data, {"divisions"}, file.name, problems)
    known = frozenset(divisions)
    for division in divisions.values():
        problems += [f"{file.name}: {text}" for text in division_problems(division, known)]
    _raise_if_any(problems)
    return divisions


def _packaged() -> Traversable:
    return files("ledger.catalog")


def _raise_if_any(problems: Problems) -> None:
    if problems:
        raise CatalogInvalid(problems=problems)


def _read_programs(extra: Path | None, problems: Problems) -> dict[str, ProgramDefinition]:
    folders: list[Traversable] = [_packaged() / "programs"]
    if extra is not None:
        if extra.is_dir():
            folders.append(extra)
        else:
            problems.append(f"{extra.name}: 没有此文件夹 / no such folder")
    read = [_read_program(file, problems) for folder in folders for file in _toml_files(folder)]
    return _unique((program for program in read if program is not None), problems)


def _toml_files(folder: Traversable) -> list[Traversable]:
    found = (f for f in folder.iterdir() if f.name.endswith(".toml") and f.name != FUNDS_FILE)
    return sorted(found, key=lambda file: file.name)


def _read_program(file: Traversable, problems: Problems) -> ProgramDefinition | None:
    data = _read_toml(file, problems)
    if data is None:
        return None
    program = _convert(data, ProgramDefinition, file.name, problems)
    if program is not None and file.name != f"{program.code}.toml":
        problems.append(f"{file.name}: 文件名与代码{program.code}不符 / not named {program.code}")
    return program


def _read_funds(extra: Path | None, problems: Problems) -> dict[str, FundDefinition]:
    sources: list[Traversable] = [_packaged() / FUNDS_FILE]
    if extra is not None and (extra / FUNDS_FILE).is_file():
        sources.append(extra / FUNDS_FILE)
    funds: list[FundDefinition] = []
    earmarks: list[Earmark] = []
    for file in sources:
        data = _read_toml(file, problems)
        _reject_keys(data, {"funds", "earmarks"}, file.name, problems)
        funds += _items(data, "funds", FundDefinition, file.name, problems)
        earmarks += _items(data, "earmarks", Earmark, file.name, problems)
    for fund in funds:
        problems += [f"{FUNDS_FILE}: {fund.code}: {text}" for text in fund_problems(fund)]
    return _with_earmarks(_unique(funds, problems), earmarks, problems)


def _with_earmarks(
    funds: dict[str, FundDefinition], earmarks: Iterable[Earmark], problems: Problems
) -> dict[str, FundDefinition]:
    for each in earmarks:
        fund = funds.get(each.fund)
        if fund is None:
            problems.append(f"{FUNDS_FILE}: 没有资金{each.fund} / no fund {each.fund}")
        else:
            widened = [*fund.earmark, *each.programs]
            funds[each.fund] = msgspec.structs.replace(fund, earmark=widened)
    return funds


def _unique(items: Iterable[Definition], problems: Problems) -> dict[str, Definition]:
    by_code: dict[str, Definition] = {}
    for item in items:
        if item.code in by_code:
            problems.append(f"{item.code}: 代码重复 / the code is there twice")
        else:
            by_code[item.code] = item
    return by_code


def _read_toml(file: Traversable, problems: Problems) -> dict[str, Any] | None:
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        problems.append(f"{file.name}: 无法读取 / cannot be read: {error}")
        return None


Struct = TypeVar("Struct", bound=msgspec.Struct)


def _items(
    data: dict[str, Any] | None, key: str, struct: type[Struct], where: str, problems: Problems
) -> list[Struct]:
    items = (data or {}).get(key, [])
    if not isinstance(items, list):
        problems.append(f"{where}: {key}应为列表 / {key} must be a list")
        return []
    read = [
        _convert(item, struct, f"{where}: {key}[{index}]", problems)
        for index, item in enumerate(items, start=1)
    ]
    return [item for item in read if item is not None]


def _reject_keys(
    data: dict[str, Any] | None, known: set[str], where: str, problems: Problems
) -> None:
    unknown = sorted(set(data or {}) - known)
    problems += [f"{where}: 未知的键{key} / unknown key {key}" for key in unknown]


def _convert(data: object, struct: type[Struct], where: str, problems: Problems) -> Struct | None:
    found = differences(data, struct, where)
    problems += found
    return None if found else msgspec.convert(data, struct)
