"""Print every dead relative link of README.md and docs/, and exit 1 if there is one.

Run as ``python -m tests.links``. Addresses of other sites are not
followed: the check needs no network.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$")
NAMED = re.compile(r"<a\s[^>]*?(?:id|name)=[\"']([^\"']+)[\"']")
INLINE = re.compile(r"\]\(\s*(?:<([^<>]*)>|((?:[^\s()]|\([^\s()]*\))+))(?:\s+[\"'(][^)]*)?\s*\)")
DEFINITION = re.compile(r"^ {0,3}\[(?!\^)[^\]]+\]:\s*(?:<([^<>]*)>|(\S+))")
SCHEME = re.compile(r"^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|//)")


def prose(page: Path) -> list[tuple[int, str]]:
    """The numbered lines of a page that are not inside a fenced block."""
    lines: list[tuple[int, str]] = []
    fence = ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        mark = FENCE.match(line)
        if not fence and mark:
            fence = mark[1]
        elif not fence:
            lines.append((number, line))
        elif mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
            fence = ""
    return lines


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors a hosted page gets: one for each heading, and those named in HTML."""
    found: set[str] = set()
    for _, line in prose(page):
        found.update(NAMED.findall(line))
        if heading := HEADING.match(line):
            text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            name, again = slug, 0
            while name in found:
                again += 1
                name = f"{slug}-{again}"
            found.add(name)
    return frozenset(found)


def fault(page: Path, link: str) -> str:
    """What is wrong with a link of a page, or nothing."""
    path, _, anchor = (unquote(part) for part in link.partition("#"))
    base = ROOT if path.startswith("/") else page.parent
    target = (base / path.lstrip("/")).resolve() if path else page
    if not target.is_relative_to(ROOT):
        return "leads out of the repository"
    if not target.exists():
        return "no such file"
    if anchor and target.suffix == ".md" and anchor not in anchors(target):
        return "no such heading"
    return ""


def main() -> int:
    dead = 0
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        if not page.exists():
            print(f"{page.relative_to(ROOT)}: missing")
            dead += 1
            continue
        for number, line in prose(page):
            text = CODE.sub("", line)
            for match in [*INLINE.finditer(text), *DEFINITION.finditer(text)]:
                link = match[1] or match[2] or ""
                if not SCHEME.match(link) and (wrong := fault(page, link)):
                    print(f"{page.relative_to(ROOT)}:{number}: {link}: {wrong}")
                    dead += 1
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
