"""Files that are there whole or not at all, and what is left alone."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

import pytest

from ledger.domain.errors import NotFound
from ops.files import FileUnusable, read_given, write_text, write_whole


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "policy"
    write_text(file, "一\n")
    write_text(file, "二\n")
    assert file.read_text("utf-8") == "二\n"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), NotFound(what="x"), OSError(5, "I/O")])
def test_what_was_there_stays_and_nothing_is_left_beside_it(
    tmp_path: Path, failure: BaseException
) -> None:
    file = tmp_path / "kept.zip"
    file.write_bytes(b"before")

    def write(out: BinaryIO) -> None:
        out.write(b"half")
        raise failure

    expected = FileUnusable if isinstance(failure, OSError) else type(failure)
    with pytest.raises(expected):
        write_whole(file, 0o600, write)
    assert file.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [file]


def test_the_rest_of_a_killed_process_of_the_same_number_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / f"policy.{os.getpid()}.partial").write_bytes(b"half")
    write_text(tmp_path / "policy", "whole")
    assert [file.name for file in tmp_path.iterdir()] == ["policy"]


def test_a_link_is_followed(tmp_path: Path) -> None:
    file, link = tmp_path / "there.txt", tmp_path / "link.txt"
    file.write_text("before")
    link.symlink_to(file)
    write_text(link, "after")
    assert link.is_symlink()
    assert file.read_text() == "after"


def test_a_pipe_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path(), tmp_path / "pipe" / "x", tmp_path / ("x" * 300)):
        with pytest.raises(FileUnusable):
            write_text(path, "x")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]
    with pytest.raises(NotFound):
        write_text(tmp_path / "none" / "x", "x")


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (loop, tmp_path, Path(), tmp_path / ("x" * 300)):
        with pytest.raises(FileUnusable):
            read_given(path)
    with pytest.raises(NotFound):
        read_given(tmp_path / "none")
