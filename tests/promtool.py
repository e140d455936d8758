"""``promtool``, Prometheus' own checker: the one on the PATH, or Debian's, fetched once.

No package of Python's carries it. The package is unpacked into the user's cache and not installed,
so that no service is started and no root is needed; apt's own lists are used, or made in the
cache where the machine has none.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

_PACKAGE = "prometheus"
_LIMIT_S = 240


@pytest.fixture(scope="session")
def promtool() -> Path:
    """The program. Fails, with what to do, on a machine that has neither it nor apt."""
    if found := shutil.which("promtool"):
        return Path(found)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept = cache / "benefits-ledger" / "promtool"
    if not kept.exists():
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            pytest.fail("promtool is not here, nor is apt to fetch it: put it on the PATH")
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            unpacked = _unpacked(Path(folder)) / "usr" / "bin" / "promtool"
            unpacked.rename(kept)  # whole or not at all, whoever else fetches it
    return kept


def _unpacked(folder: Path) -> Path:
    """Debian's package, unpacked in the folder."""
    own = [f"-oDir::State::lists={folder / 'lists'}", f"-oDir::Cache={folder / 'cache'}"]
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    # What apt hands to its own user it could not write into a folder of ours.
    as_we_are = "-oAPT::Sandbox::User=" + ("root" if os.getuid() == 0 else "")
    if not _ran(["apt-get", as_we_are, "download", _PACKAGE], folder):
        assert _ran(["apt-get", as_we_are, *own, "update"], folder), "apt-get update"
        assert _ran(["apt-get", as_we_are, *own, "download", _PACKAGE], folder), "apt-get download"
    (package,) = folder.glob(f"{_PACKAGE}_*.deb")
    assert _ran(["dpkg-deb", "-x", str(package), "unpacked"], folder), "dpkg-deb"
    return folder / "unpacked"


def _ran(command: list[str], folder: Path) -> bool:
    ended = subprocess.run(command, cwd=folder, capture_output=True, timeout=_LIMIT_S, check=False)
    print(ended.stdout.decode(), ended.stderr.decode())
    return ended.returncode == 0
