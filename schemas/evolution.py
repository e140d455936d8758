"""Whether a reader of version n+1 can read what was written as version n: two schemas compared.

Every value that the older schema accepts must reach the newer reader, as it is or through an
upcaster that needs nothing but what the newer schema states:

- a kept property keeps its type, and its bounds, pattern, format and words may only widen;
- a property that is dropped is listed in ``x-removed`` of the object that held it;
- a property that becomes required states the value for older events in ``x-default``;
- a property that is no longer required is listed in ``x-optional``;
- what an absent property means (its ``default``) stays as it was.

The three ``x-`` words speak about the step from the version before, never about earlier steps.
Pure: schemas in, sentences out. Schemas are self-contained (no ``$ref``).
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_SAME = ("pattern", "format", "const", "multipleOf", "uniqueItems", "propertyNames")
_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "object": (dict,),
    "string": (str,),
}


def problems(old: Schema, new: Schema) -> list[str]:
    """Every reason why ``new`` does not follow ``old``, each with the path it is about."""
    return list(_compare(old, new, "data"))


def _compare(old: Schema, new: Schema, path: str) -> Iterator[str]:
    if "anyOf" in old or "anyOf" in new:
        choices = new.get("anyOf", [new])
        for branch in old.get("anyOf", [old]):
            if all(any(_compare(branch, choice, path)) for choice in choices):
                yield f"{path}: {_words(branch)} is no longer accepted"
        return
    if old.get("type") != new.get("type"):
        yield f"{path}: type changed from {_words(old)} to {_words(new)}"
        return
    yield from _constraints(old, new, path)
    if "items" in old or "items" in new:
        yield from _compare(old.get("items", {}), new.get("items", {}), f"{path}[]")
    if old.get("type") == "object":
        yield from _objects(old, new, path)


def _words(schema: Schema) -> str:
    return str(schema.get("type", "anything"))


def _constraints(old: Schema, new: Schema, path: str) -> Iterator[str]:
    for key in _LOWER:
        if key in new and (key not in old or new[key] > old[key]):
            yield f"{path}: {key} is narrower: {old.get(key, 'none')} before, {new[key]} now"
    for key in _UPPER:
        if key in new and (key not in old or new[key] < old[key]):
            yield f"{path}: {key} is narrower: {old.get(key, 'none')} before, {new[key]} now"
    for key in _SAME:
        if key in new and new[key] != old.get(key):
            yield f"{path}: {key} changed from {old.get(key, 'none')} to {new[key]}"
    if "enum" in new:
        if "enum" not in old:
            yield f"{path}: enum is new; any {_words(old)} was accepted before"
        elif lost := [word for word in old["enum"] if word not in new["enum"]]:
            yield f"{path}: no longer accepted: {', '.join(map(str, lost))}"


def _objects(old: Schema, new: Schema, path: str) -> Iterator[str]:
    before: dict[str, Schema] = old.get("properties", {})
    after: dict[str, Schema] = new.get("properties", {})
    removed = set(new.get("x-removed", []))
    optional = set(new.get("x-optional", []))
    required, required_now = set(old.get("required", [])), set(new.get("required", []))
    for name in sorted(before.keys() - after.keys() - removed):
        yield f"{path}.{name}: removed without being listed in x-removed"
    for name in sorted(removed - (before.keys() - after.keys())):
        yield f"{path}.{name}: listed in x-removed but not removed by this version"
    for name in sorted((required & after.keys()) - required_now - optional):
        yield f"{path}.{name}: no longer required without being listed in x-optional"
    for name in sorted(optional - ((required & after.keys()) - required_now)):
        yield f"{path}.{name}: listed in x-optional but not made optional by this version"
    for name in sorted(required_now - required):
        yield from _default(after.get(name, {}), f"{path}.{name}")
    for name in sorted(before.keys() & after.keys()):
        yield from _compare(before[name], after[name], f"{path}.{name}")
        if name not in required:
            yield from _absent(before[name], after[name], f"{path}.{name}")
    yield from _others(old, new, path)


def _default(schema: Schema, path: str) -> Iterator[str]:
    if "x-default" not in schema:
        yield f"{path}: required from this version on without an x-default"
    elif not _fits(schema["x-default"], schema):
        yield f"{path}: x-default is not a {_words(schema)} that the property accepts"


def _absent(old: Schema, new: Schema, path: str) -> Iterator[str]:
    now = new.get("x-default", new.get("default"))
    if "default" in old and now != old["default"]:
        yield f"{path}: absent meant {old['default']}, now it means {now}"
    elif "default" not in old and "default" in new:
        yield f"{path}: absent had no default, now it means {now}"


def _fits(value: Any, schema: Schema) -> bool:
    """Whether the value has the schema's type and, where words are listed, is one of them."""
    if "anyOf" in schema:
        return any(_fits(value, choice) for choice in schema["anyOf"])
    if isinstance(value, bool) and schema.get("type") != "boolean":
        return False
    known = isinstance(value, _TYPES.get(schema.get("type", ""), (object,)))
    return known and ("enum" not in schema or value in schema["enum"])


def _others(old: Schema, new: Schema, path: str) -> Iterator[str]:
    """The values of a map: ``additionalProperties`` false, absent or a schema."""
    before, after = old.get("additionalProperties", {}), new.get("additionalProperties", {})
    if isinstance(before, dict) and isinstance(after, dict):
        if before or after:
            yield from _compare(before, after, f"{path}.*")
    elif before != after:
        yield f"{path}: additionalProperties changed from {before} to {after}"
