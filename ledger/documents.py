"""Documents beside the log: pay-run lines, bank files, notices; each named by its SHA-256 digest.

An event that names a digest binds the document: whoever holds the file can check it, and nobody
can exchange it. Documents hold ids and amounts and never personal data.
"""

import hashlib
import os
from pathlib import Path
from typing import Protocol

from ledger.domain.errors import NotFound
from ledger.store.errors import StoreDamaged, StoreFull


class Documents(Protocol):
    """Content-addressed storage."""

    def put(self, content: bytes) -> str:
        """Store durably; the digest."""
        ...

    def get(self, digest: str) -> bytes:
        """The content. Raises NotFound, or StoreDamaged when it does not match its digest."""
        ...


class FolderDocuments:
    """Documents as files of a folder, written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        path = self._folder / digest
        if path.exists():
            return digest
        partial = self._folder / f"{digest}.{os.getpid()}.partial"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.rename(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise StoreFull(reason=error.strerror) from error
        return digest

    def get(self, digest: str) -> bytes:
        try:
            content = (self._folder / digest).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(what=digest) from error
        except OSError as error:
            raise StoreDamaged(reason=f"{digest}: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise StoreDamaged(reason=digest)
        return content
