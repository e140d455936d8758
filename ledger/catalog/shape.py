"""Compares data as read from a file with the struct it should become, and lists every difference.

``msgspec.convert`` stops at the first wrong value and lets unknown keys pass; who corrects a file
by hand wants all of them at once. ``differences`` returns them with the path of each, and an
empty list means that ``msgspec.convert`` will succeed. It does not judge meaning.
"""

from typing import Any, get_args, get_origin

import msgspec


def differences(data: object, struct: type[msgspec.Struct], where: str) -> list[str]:
    """Unknown keys, missing keys and wrong types of ``data`` against ``struct``, to any depth."""
    if not isinstance(data, dict):
        return [f"{where}: 应为表 / must be a table"]
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    problems = [f"{where}: 未知的键{key} / unknown key {key}" for key in data if key not in fields]
    for name, field in fields.items():
        if name not in data:
            if field.required:
                problems.append(f"{where}: 缺少{name} / {name} is missing")
        else:
            problems += _value_differences(data[name], field.type, f"{where}: {name}")
    return problems


def _value_differences(value: object, expected: Any, where: str) -> list[str]:
    inner = _struct_of_list(expected)
    if inner is not None and isinstance(value, list):
        return [
            problem
            for index, item in enumerate(value, start=1)
            for problem in differences(item, inner, f"{where}[{index}]")
        ]
    try:
        msgspec.convert(value, expected)
    except msgspec.ValidationError as error:
        return [f"{where}: 值不成立 / {error}"]
    return []


def _struct_of_list(expected: Any) -> type[msgspec.Struct] | None:
    if get_origin(expected) is not list:
        return None
    (item,) = get_args(expected)
    return item if isinstance(item, type) and issubclass(item, msgspec.Struct) else None
