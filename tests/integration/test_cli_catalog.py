"""Catalog files brought into a ledger: all of what is new or nothing, and each thing once."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.application import Ledger
from ledger.commands.program import CloseProgram
from ledger.work import Context
from ops.cli.catalog import adopt_catalog
from ops.home import opened
from tests.integration.cli import contents, ok, run
from tests.integration.homes import bare, home

__all__ = ["bare", "home"]

POLICY = (
    'code = "{code}"\nzh = "新办法"\nen = "A new policy"\nkind = "policy"\n'
    'beneficiary = "none"\nunit = "none"\nadopted = 2018-01-01\n'
    'document = "d"\nsource = "assumed"\n'
)


def test_a_new_catalog_file_is_loaded_and_a_wrong_one_refused(home: Path) -> None:
    folder = home / "catalog"
    folder.mkdir()
    (folder / "new-policy.toml").write_text(POLICY.format(code="new-policy"))
    assert ok(home, "catalog", "load", "--format", "json").json["programs"] == 1
    assert ok(home, "catalog", "load", "--format", "json").json["programs"] == 0
    assert ok(home, "explain", "--program", "new-policy", "--format", "json").json["positions"]
    (folder / "wrong.toml").write_text('code = "other"\nkind = 3\n')
    before = contents(home)
    checked = run(home, "catalog", "check", "--format", "json")
    assert (checked.status, checked.json["ok"]) == (2, False)
    assert len(checked.json["problems"]) > 1
    loaded = run(home, "catalog", "load")
    assert (loaded.status, "catalog-invalid" in loaded.err) == (2, True)
    assert contents(home) == before


def test_a_refused_rule_leaves_nothing_of_the_other_files(home: Path) -> None:
    """That a program was closed is found out when its rule is decided, not when it is read."""
    folder = home / "catalog"
    folder.mkdir()
    rule = (
        '[[rules]]\nvalid_from = {}-01-01\nvalid_to = {}-12-31\nperiod = "year"\n'
        'notice_days = 7\nrate_fen = 100\ndocument = "d"\nsource = "assumed"\n'
    )
    closing = (
        'code = "winter"\nzh = "取暖"\nen = "Heating"\nkind = "one-off-cash"\n'
        'beneficiary = "person"\nunit = "person"\nadopted = 2018-01-01\nfund = "winter"\n'
        'document = "d"\nsource = "assumed"\n'
    ) + rule.format(2018, 2018)
    (folder / "winter.toml").write_text(closing)
    (folder / "funds.toml").write_text(
        '[[funds]]\ncode = "winter"\nzh = "取暖"\nen = "Heating"\nsource = "city"\n'
        'annual_appropriation_fen = 1\nearmark = ["winter"]\n'
    )
    ok(home, "catalog", "load")
    with opened(home) as found:
        director = Context(
            actor="wang", role="director", division="220200", effective=date(2019, 1, 1)
        )
        closed = CloseProgram(program="winter", closed_on=director.effective, reason="r")
        found.ledger().execute(closed, director, key="close")
    (folder / "winter.toml").write_text(closing + rule.format(2030, 2030))
    (folder / "new-policy.toml").write_text(POLICY.format(code="new-policy"))
    before = ok(home, "digest").json["log"]
    loaded = run(home, "catalog", "load", "--lang", "en")
    assert (loaded.status, "catalog-invalid" in loaded.err) == (2, True)
    assert loaded.err.endswith("program winter was closed on 2019-01-01\n")
    assert ok(home, "digest").json["log"] == before
    (folder / "winter.toml").write_text(closing)
    assert ok(home, "catalog", "load", "--format", "json").json["programs"] == 1


@pytest.mark.parametrize("before", ["rehearse", "execute_group"])
def test_what_another_adopts_meanwhile_is_no_problem_of_the_catalog(
    home: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """Two processes that adopt at once: each file is adopted once, by whoever comes first."""
    folder = home / "catalog"
    folder.mkdir()
    (folder / "first.toml").write_text(POLICY.format(code="first"))
    step = getattr(Ledger, before)

    def overtaken(ledger: Ledger, *arguments: Any, **named: Any) -> Any:
        monkeypatch.undo()
        with opened(home) as rival:
            assert adopt_catalog(rival)["programs"] == 1
        (folder / "second.toml").write_text(POLICY.format(code="second"))
        return step(ledger, *arguments, **named)

    monkeypatch.setattr(Ledger, before, overtaken)
    done = ok(home, "catalog", "load", "--format", "json").json
    assert (done["programs"], done["differs"]) == (0, [])
    assert ok(home, "catalog", "load", "--format", "json").json["programs"] == 1
    assert ok(home, "explain", "--program", "first", "--format", "json").json["positions"]


def test_what_a_catalog_says_otherwise_than_was_adopted_is_listed(home: Path) -> None:
    """Nothing of it is taken over; what is new is, and a wider earmark is decided on its own."""
    folder = home / "catalog"
    folder.mkdir()
    text = (
        'code = "winter"\nzh = "取暖"\nen = "Heating"\nkind = "one-off-cash"\n'
        'beneficiary = "person"\nunit = "person"\nadopted = 2018-01-01\nfund = "city-welfare"\n'
        'document = "d"\nsource = "assumed"\n[[rules]]\nvalid_from = 2018-01-01\n'
        'period = "year"\nrate_fen = 60000\nnotice_days = 7\ndocument = "d"\n'
        'source = "assumed"\n'
    )
    (folder / "winter.toml").write_text(text)
    (folder / "funds.toml").write_text(
        '[[earmarks]]\nfund = "city-welfare"\nprograms = ["winter"]\n'
    )
    loaded = run(home, "catalog", "load", "--format", "json")
    assert (loaded.status, loaded.json["programs"]) == (3, 1)
    assert [d["code"] for d in loaded.json["differs"]] == ["earmark-differs"]
    ok(home, "catalog", "widen", "city-welfare", "winter", "--document", "d", "--as", "wang")
    assert ok(home, "catalog", "load", "--format", "json").json["differs"] == []
    (folder / "winter.toml").write_text(text.replace("60000", "65000"))
    before = ok(home, "digest").json["log"]
    loaded = run(home, "catalog", "load")
    assert (loaded.status, "rule-changed" in loaded.err) == (3, True)
    assert ok(home, "digest").json["log"] == before
