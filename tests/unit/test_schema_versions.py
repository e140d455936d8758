"""No version of a schema breaks a reader of the one before, and the gate holds files to it.

The rules are shown on an event of our own, ``Sample``, in a folder of the test's.
"""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ledger.domain.events.envelope import EventData
from ops import schema_files
from schemas import compatibility, evolution


def mentions(found: list[str], *words: str) -> bool:
    """Whether exactly one problem was found, and it says these words."""
    return len(found) == 1 and all(word in found[0] for word in words)


# --- two versions of one event


def versioned(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    closed = {"type": "object", "additionalProperties": False, "required": []}
    return closed | {"properties": properties} | more


TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
OLD = versioned(
    {
        "amount_fen": NUMBER | {"minimum": 1, "maximum": 100},
        "form": TEXT | {"enum": ["cash", "goods"]},
        "note": TEXT,
        "lines": {"type": "array", "items": versioned({"item": TEXT}, required=["item"])},
        "days": NUMBER | {"default": 0},
        "value": {"anyOf": [{"type": "boolean"}, TEXT]},
        "by_division": {"type": "object", "additionalProperties": NUMBER},
    },
    required=["amount_fen", "form"],
)


def changed(**properties: Any) -> dict[str, Any]:
    """The old version with some properties replaced, or dropped where None is given."""
    merged = OLD["properties"] | properties
    return OLD | {"properties": {name: p for name, p in merged.items() if p is not None}}


def test_the_same_schema_is_compatible() -> None:
    assert evolution.problems(OLD, OLD) == []


def test_an_optional_property_may_be_added() -> None:
    assert evolution.problems(OLD, changed(reason=TEXT)) == []


@pytest.mark.parametrize(
    "properties",
    [
        {"amount_fen": NUMBER | {"minimum": 0, "maximum": 100}},
        {"form": TEXT | {"enum": ["cash", "goods", "service"]}},
        {"note": {"anyOf": [TEXT, NUMBER]}},
        {"value": {"anyOf": [{"type": "boolean"}, NUMBER, TEXT]}},
    ],
)
def test_a_property_may_accept_more(properties: dict[str, Any]) -> None:
    assert evolution.problems(OLD, changed(**properties)) == []


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"note": NUMBER}, ("data.note", "type changed from string to integer")),
        ({"amount_fen": NUMBER | {"minimum": 2, "maximum": 100}}, ("amount_fen", "minimum")),
        ({"amount_fen": NUMBER | {"minimum": 1, "maximum": 99}}, ("amount_fen", "maximum")),
        ({"note": TEXT | {"pattern": "^A"}}, ("data.note", "pattern")),
        ({"note": TEXT | {"enum": ["a"]}}, ("data.note", "enum is new")),
        ({"form": TEXT | {"enum": ["cash"]}}, ("data.form", "goods")),
        ({"value": TEXT}, ("data.value", "boolean is no longer accepted")),
        ({"days": NUMBER | {"default": 7}}, ("data.days", "absent meant 0")),
        ({"note": TEXT | {"default": "-"}}, ("data.note", "absent had no default")),
        (
            {"by_division": {"type": "object", "additionalProperties": TEXT}},
            ("data.by_division.*", "type changed"),
        ),
        (
            {"by_division": {"type": "object", "additionalProperties": False}},
            ("data.by_division", "additionalProperties changed"),
        ),
        (
            {"lines": {"type": "array", "items": versioned({"item": NUMBER}, required=["item"])}},
            ("data.lines[].item", "type changed"),
        ),
    ],
)
def test_a_kept_property_keeps_its_meaning(
    properties: dict[str, Any], words: tuple[str, ...]
) -> None:
    assert mentions(evolution.problems(OLD, changed(**properties)), *words)


def test_a_removed_property_is_listed() -> None:
    new = changed(note=None)
    assert mentions(evolution.problems(OLD, new), "data.note", "x-removed")
    assert evolution.problems(OLD, new | {"x-removed": ["note"]}) == []


def test_what_is_listed_as_removed_is_removed() -> None:
    found = evolution.problems(OLD, OLD | {"x-removed": ["note"]})
    assert mentions(found, "data.note", "not removed by this version")


def test_a_new_requirement_states_a_default_for_older_events() -> None:
    required = [*OLD["required"], "reason"]
    bare = changed(reason=TEXT) | {"required": required}
    stated = changed(reason=TEXT | {"x-default": "not recorded"}) | {"required": required}
    wrong = changed(reason=TEXT | {"x-default": 0}) | {"required": required}
    assert mentions(evolution.problems(OLD, bare), "data.reason", "without an x-default")
    assert mentions(evolution.problems(OLD, wrong), "data.reason", "x-default is not a string")
    assert evolution.problems(OLD, stated) == []


def test_an_optional_property_becomes_required_only_with_a_default() -> None:
    new = OLD | {"required": [*OLD["required"], "note"]}
    assert mentions(evolution.problems(OLD, new), "data.note", "without an x-default")


def test_a_requirement_is_not_dropped_silently() -> None:
    new = OLD | {"required": ["amount_fen"]}
    assert mentions(evolution.problems(OLD, new), "data.form", "x-optional")
    assert evolution.problems(OLD, new | {"x-optional": ["form"]}) == []
    assert mentions(evolution.problems(OLD, OLD | {"x-optional": ["form"]}), "not made optional")


def test_all_problems_are_collected() -> None:
    assert len(evolution.problems(OLD, changed(note=None, value=TEXT, days=TEXT))) == 4


# --- the gate over a folder


def put(root: Path, name: str, schema: dict[str, Any]) -> Path:
    event, _, version = name.partition(".v")
    path = root / "events" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    urn = f"urn:benefits-ledger:schema:{event}:v{version}"
    path.write_text(json.dumps(schema | {"$id": urn, "title": event}))
    return path


@pytest.fixture
def released(tmp_path: Path) -> Path:
    put(tmp_path, "Sample.v1", OLD)
    (tmp_path / "released.txt").write_text("")
    assert len(compatibility.release(tmp_path)) == 1
    assert compatibility.problems(tmp_path) == []
    return tmp_path


def test_a_released_file_may_not_change(released: Path) -> None:
    put(released, "Sample.v1", changed(reason=TEXT))
    assert mentions(compatibility.problems(released), "Sample.v1", "bytes have changed")


def test_a_released_file_may_not_vanish(released: Path) -> None:
    (released / "events" / "Sample.v1.json").unlink()
    assert mentions(compatibility.problems(released), "Sample.v1", "is gone")


def test_a_file_is_listed_once_released(released: Path) -> None:
    put(released, "Sample.v2", changed(reason=TEXT))
    assert mentions(compatibility.problems(released), "Sample.v2", "not listed")
    before = (released / "released.txt").read_text()
    assert compatibility.main(["--release"], released) == 0
    assert (released / "released.txt").read_text().startswith(before)
    assert compatibility.problems(released) == []


def test_a_breaking_version_is_not_released(released: Path) -> None:
    put(released, "Sample.v2", changed(note=None))
    before = (released / "released.txt").read_text()
    with pytest.raises(ValueError, match=r"Sample\.v2: data\.note: removed"):
        compatibility.release(released)
    assert compatibility.main(["--release"], released) == 1
    assert (released / "released.txt").read_text() == before


def test_versions_are_not_skipped(released: Path) -> None:
    put(released, "Sample.v3", OLD)
    found = compatibility.problems(released)
    assert len(found) == 2
    assert "Sample.v3: there is no v2" in found[0]


def test_a_list_that_cannot_be_read_is_a_problem(released: Path) -> None:
    with (released / "released.txt").open("a") as file:
        file.write(f"Sample.v1 abc\nSample.v1 {'0' * 64}\n")
    found = compatibility.problems(released)
    assert "released.txt:2" in found[0]
    assert "listed twice" in found[1]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("sample.v1", "{}", "not named"),
        ("Other.v1", "{", "not JSON"),
        ("Other.v1", '{"additionalProperties": false, "$id": "x"}', "$id is x"),
        (
            "Other.v1",
            '{"$id": "urn:benefits-ledger:schema:Other:v1"}',
            "additionalProperties is not false",
        ),
        (
            "Other.v1",
            '{"$id": "urn:benefits-ledger:schema:Other:v1", "additionalProperties": false, '
            '"properties": {"a": {"$ref": "#/$defs/A"}}}',
            "not self-contained",
        ),
    ],
)
def test_a_malformed_file_is_a_problem(released: Path, name: str, content: str, words: str) -> None:
    (released / "events" / f"{name}.json").write_text(content)
    assert any(words in problem for problem in compatibility.problems(released))


# --- the generator


class Sample(EventData, frozen=True, kw_only=True):
    """Stands for ``any`` event,
    over two lines.
    """

    x_removed: ClassVar[tuple[str, ...]] = ("gone",)

    note: str | None = None
    reason: str


def sample(texts: dict[str, Any]) -> dict[str, Any]:
    return schema_files.document(Sample, "Sample", 2, texts)


def test_a_schema_is_made_of_the_type_its_docstring_and_the_field_texts() -> None:
    made = sample({"reason": "why", "Sample": {"note": "a remark"}})
    assert made["$id"] == "urn:benefits-ledger:schema:Sample:v2"
    assert made["description"] == "Stands for `any` event, over two lines."
    assert made["required"] == ["reason"]
    assert made["x-removed"] == ["gone"]
    assert made["properties"] == {
        "note": {"type": "string", "description": "a remark"},
        "reason": {"type": "string", "description": "why"},
    }


def test_a_draft_is_rewritten_with_its_list(tmp_path: Path) -> None:
    (tmp_path / "released.txt").write_text("# draft\n")
    put(tmp_path, "Gone.v1", OLD)
    for texts in ({}, {"reason": "why"}):
        files = {("Sample", 1): schema_files.rendered(sample(texts))}
        assert schema_files.write(tmp_path, files) == []
        assert compatibility.present(tmp_path) == files
        assert compatibility.is_draft(tmp_path)
        assert compatibility.released(tmp_path).keys() == files.keys()


def test_a_draft_is_still_held_to_its_list(tmp_path: Path) -> None:
    (tmp_path / "released.txt").write_text("# draft\n")
    path = put(tmp_path, "Sample.v1", OLD)
    schema_files.write(tmp_path, {("Sample", 1): path.read_bytes()})
    assert compatibility.problems(tmp_path) == []
    put(tmp_path, "Sample.v1", changed(reason=TEXT))
    assert mentions(compatibility.problems(tmp_path), "bytes have changed")


def test_a_written_file_is_not_changed_after_the_draft(released: Path) -> None:
    before = compatibility.present(released)
    new = {("Sample", 1): b"{}", ("Sample", 2): schema_files.rendered(sample({}))}
    assert mentions(schema_files.write(released, new), "Sample.v1", "differs")
    after = compatibility.present(released)
    assert after == before | {("Sample", 2): new["Sample", 2]}
    assert len((released / "released.txt").read_text().splitlines()) == 1
