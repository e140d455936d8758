"""Writes the schema files from the event types, and the event catalog from the schema files.

``python -m ops.schema_files`` writes ``schemas/events/<EventName>.v<N>.json`` for every event type
that has none, and refuses, listing each, to change a file that is released. While
``schemas/released.txt`` opens with ``# draft`` it rewrites files and list together instead.
``--docs`` writes ``docs/events.md``. Output depends on the event types and the texts in
``schemas/fields.toml`` alone: the same input gives the same bytes.
"""

import argparse
import inspect
import json
import re
import sys
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from ledger.codec import TYPE_OF
from ledger.domain.events import EVENT_TYPES, MODULES
from ledger.domain.events.envelope import EventData
from schemas import compatibility, registry
from schemas.compatibility import Key
from schemas.registry import Schema

DOCS = Path(__file__).parent.parent / "docs" / "events.md"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPE = re.compile(r"benefits\.([A-Za-z0-9]+)\.v([0-9]+)")
_TYPE_WORDS = {"boolean": "yes or no", "string": "text"}
_OPENING = """\
# Events

Every event of the log by the stream it belongs to, with the fields of its data; `?` marks a field
that may be absent. The envelope around the data is `schemas/envelope.v1.json`, the data's schemas
are `schemas/events/`. This page is generated from them: `python -m ops.schema_files --docs`.
"""


def generate() -> dict[Key, bytes]:
    """The schema file of every event type, by name and version."""
    texts = tomllib.loads(resources.files("schemas").joinpath("fields.toml").read_text("utf-8"))
    files = {}
    for cls, type_name in TYPE_OF.items():
        match = _TYPE.fullmatch(type_name)
        assert match, type_name
        files[match[1], int(match[2])] = rendered(document(cls, match[1], int(match[2]), texts))
    return files


def rendered(schema: Schema) -> bytes:
    """The file's bytes: sorted keys, two spaces, UTF-8, one line feed at the end."""
    return (json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def document(cls: type[EventData], name: str, version: int, texts: dict[str, Any]) -> Schema:
    """The JSON Schema of one event type's data, self-contained.

    ``x-stream`` names the stream. What a later version has to say about the one before it stands
    in the class: ``x_removed`` and ``x_optional`` as tuples of names (ClassVar), ``x-default`` in
    the ``extra_json_schema`` of the field's Meta. ``texts`` holds descriptions by field name.
    """
    (root,), defs = msgspec.json.schema_components([cls])
    schema = _closed(root, defs, texts)
    for key in ("x_removed", "x_optional"):
        if stated := getattr(cls, key, ()):
            schema[key.replace("_", "-")] = sorted(stated)
    return schema | {
        "$id": f"urn:benefits-ledger:schema:{name}:v{version}",
        "$schema": DIALECT,
        "title": name,
        "x-stream": cls.__module__.rpartition(".")[2],
    }


def _closed(schema: Schema, defs: Mapping[str, Schema], texts: dict[str, Any]) -> Schema:
    """The schema with references inlined, objects closed and fields described."""
    result = dict(schema)
    if "$ref" in result:
        result = defs[result.pop("$ref").rpartition("/")[2]] | result
    if "description" in result:
        result["description"] = _paragraph(result["description"])
    if "enum" in result:
        result["type"] = "string"
    for key in ("items", "additionalProperties"):
        if isinstance(result.get(key), dict):
            result[key] = _closed(result[key], defs, texts)
    if "anyOf" in result:
        result["anyOf"] = [_closed(choice, defs, texts) for choice in result["anyOf"]]
    if "properties" in result:
        own = texts.get(result["title"], {})
        result["additionalProperties"] = False
        result["required"] = sorted(result.get("required", []))
        result["properties"] = {
            name: _described(_present(_closed(field, defs, texts)), texts | own, name)
            for name, field in result["properties"].items()
        }
    return result


def _present(field: Schema) -> Schema:
    """A field that is None is absent from the bytes: an optional field's schema without null."""
    if "default" not in field or field["default"] is not None:
        return field
    field = {key: value for key, value in field.items() if key != "default"}
    choices = [choice for choice in field.pop("anyOf") if choice != {"type": "null"}]
    return field | (choices[0] if len(choices) == 1 else {"anyOf": choices})


def _described(field: Schema, texts: dict[str, Any], name: str) -> Schema:
    text = texts.get(name)
    return field | {"description": text} if isinstance(text, str) else field


def _paragraph(docstring: str) -> str:
    text = inspect.cleandoc(docstring).replace("``", "`")
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def write(root: Path, files: Mapping[Key, bytes]) -> list[str]:
    """Write the files under ``root``; returns a refusal for each that is released and differs."""
    draft = compatibility.is_draft(root)
    refused = []
    for (name, version), raw in sorted(files.items()):
        path = root / "events" / f"{name}.v{version}.json"
        if draft or not path.exists():
            path.write_bytes(raw)
        elif path.read_bytes() != raw:
            refused.append(f"{name}.v{version}: is written already and differs; add a version")
    if draft:
        for path in (root / "events").iterdir():
            match = registry.FILE_NAME.fullmatch(path.name)
            if match and match[1] not in {name for name, _ in files}:
                path.unlink()
        listed = [compatibility.DRAFT, *compatibility.lines(compatibility.present(root))]
        text = "".join(f"{line}\n" for line in listed)
        (root / "released.txt").write_text(text, encoding="utf-8", newline="\n")
    return refused


def catalog(schemas: list[Schema]) -> str:
    """The event catalog as Markdown: a table for each stream, then what the fields mean."""
    parts = [_OPENING]
    for stream in (module.__name__.rpartition(".")[2] for module in MODULES):
        mine = [schema for schema in schemas if schema["x-stream"] == stream]
        if mine:
            heading = stream.replace("_", " ").capitalize()
            parts.append(f"## {heading}\n\n| event | meaning | fields |\n|---|---|---|")
            parts[-1] += "".join(f"\n{_event_row(schema)}" for schema in mine) + "\n"
    parts.append("## Fields\n\n| field | type | meaning | where it differs |\n|---|---|---|---|")
    parts[-1] += "".join(f"\n{row}" for row in _field_rows(schemas)) + "\n"
    return "\n".join(parts)


def _event_row(schema: Schema) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", schema["title"]).capitalize() + "."
    meaning = " ".join(schema.get("description", words).split())
    version = schema["$id"].rpartition(":")[2]
    fields = ", ".join(
        f"`{name}`" + ("" if name in schema["required"] else "?") for name in schema["properties"]
    )
    return f"| `{schema['title']}` {version} | {_cell(meaning)} | {fields or 'none'} |"


def _field_rows(schemas: list[Schema]) -> list[str]:
    """A row for each field, type and meaning; the commonest of a name holds where none is named."""
    found: dict[str, dict[tuple[str, str], list[str]]] = {}
    for schema in schemas:
        for name, field in schema["properties"].items():
            sense = (_type_words(field), field.get("description", ""))
            found.setdefault(name, {}).setdefault(sense, []).append(schema["title"])
    rows = []
    for name, senses in sorted(found.items()):
        ranked = sorted(senses.items(), key=lambda item: (-len(item[1]), item[0]))
        for rank, ((kind, meaning), titles) in enumerate(ranked):
            where = ", ".join(f"`{title}`" for title in titles) if rank else ""
            rows.append(f"| `{name}` | {_cell(kind)} | {_cell(meaning)} | {where} |")
    return rows


def _type_words(field: Schema) -> str:
    if "anyOf" in field:
        return " or ".join(_type_words(choice) for choice in field["anyOf"])
    if "enum" in field:
        return " or ".join(f"`{word}`" for word in field["enum"])
    if field["type"] == "array":
        return f"list of {_type_words(field['items'])}"
    if "title" in field:
        return str(field["title"])
    if field["type"] == "object":
        return f"map to {_type_words(field['additionalProperties'])}"
    word = str(field.get("format", field["type"]))
    return _TYPE_WORDS.get(word, word)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def current() -> list[Schema]:
    """The newest schema of every event, in the order of declaration (a stream's life)."""
    return [registry.schema(name, registry.versions(name)[-1]) for name in EVENT_TYPES]


def main(arguments: list[str] | None = None, root: Path = compatibility.ROOT) -> int:
    """Write the schema files, or with ``--docs`` the catalog; 1 when a change was refused."""
    parser = argparse.ArgumentParser(prog="ops.schema_files", description=__doc__)
    parser.add_argument("--docs", action="store_true", help="write docs/events.md instead")
    if parser.parse_args(arguments).docs:
        DOCS.write_text(catalog(current()), encoding="utf-8", newline="\n")
        return 0
    refused = write(root, generate())
    for refusal in refused:
        print(refusal, file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
