"""Builds the verifier as one Python file: ``python -m ops.verifier_file dist/verify_bundle.py``.

The file carries the modules of :mod:`ledger.verify`, word for word, and a loader of a few lines
that finds them in the file and nowhere else. It needs Python 3.11 and nothing besides. The same
modules give the same bytes.
"""

import argparse
from hashlib import sha256
from importlib import resources
from pathlib import Path

PACKAGE = "ledger.verify"
_HEAD = '''\
#!/usr/bin/env python3
"""残疾人补贴账本证据包查验程序 | The offline verifier of benefits-ledger bundles.

    python3 verify_bundle.py BUNDLE --key VKEY [--policy FILE] [--checkpoint KEPT_NOTE]

一个文件,只用Python 3.11及以上自带的标准库,不联网,不写盘。退出码:0 通过;1 不通过;2 未能查验。
One file, on Python's own library (3.11 or newer): no network, nothing written.
Exit status: 0 verified; 1 refused; 2 could not be checked.

Below are the modules of the package {package}, word for word; SHA-256 over them:
{digest}
License: Apache-2.0.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit("需要Python 3.11或更新版本 | Python 3.11 or newer is needed")

SOURCES = {{}}
'''
_MODULE = """
# ---------------------------------------------------------------- {name}
SOURCES["{name}"] = r'''
{source}'''
"""
_TAIL = '''
# ---------------------------------------------------------------- how the modules are found
from importlib.abc import Loader, MetaPathFinder  # noqa: E402
from importlib.machinery import ModuleSpec  # noqa: E402

PACKAGES = {{name.rpartition(".")[0] for name in SOURCES}} | {{"{root}"}}


class Carried(MetaPathFinder, Loader):
    """Finds the modules in this file, whatever else is on this machine."""

    def find_spec(self, name, path, target=None):
        if name in SOURCES or name in PACKAGES:
            return ModuleSpec(name, self, is_package=name in PACKAGES)
        return None

    def exec_module(self, module):
        name = module.__name__
        exec(compile(SOURCES.get(name, ""), name, "exec"), module.__dict__)


if __name__ == "__main__":
    sys.meta_path.insert(0, Carried())
    from {package}.command import main

    sys.exit(main(program="verify_bundle.py"))
'''


def sources() -> dict[str, str]:
    """The package's modules by their full name, itself first; what starts it is left out."""
    folder = resources.files(PACKAGE)
    names = sorted(f.name.removesuffix(".py") for f in folder.iterdir() if f.name.endswith(".py"))
    found = {PACKAGE: (folder / "__init__.py").read_text("utf-8")}
    for name in names:
        if not name.startswith("__"):
            found[f"{PACKAGE}.{name}"] = (folder / f"{name}.py").read_text("utf-8")
    return found


def built() -> str:
    """The file's text."""
    modules = sources()
    digest = sha256("".join(modules.values()).encode()).hexdigest()
    parts = [_HEAD.format(package=PACKAGE, digest=digest)]
    for name, source in modules.items():
        assert "'''" not in source, f"{name} cannot be carried in triple quotes"
        parts.append(_MODULE.format(name=name, source=source))
    parts.append(_TAIL.format(package=PACKAGE, root=PACKAGE.partition(".")[0]))
    return "".join(parts)


def main(arguments: list[str] | None = None) -> int:
    """Write the file."""
    parser = argparse.ArgumentParser(prog="ops.verifier_file", description=__doc__)
    parser.add_argument("file", type=Path)
    file: Path = parser.parse_args(arguments).file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(built(), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
