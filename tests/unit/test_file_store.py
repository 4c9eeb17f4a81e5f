"""A file in the store is whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.file_store import DiskFiles


async def test_what_was_put_is_found_and_nothing_else(tmp_path: Path) -> None:
    files = DiskFiles(tmp_path / "files")
    assert await files.find("a/b") is None
    await files.put("a/b", b"content")
    await files.put("a/b", b"content")
    assert await files.find("a/b") == b"content"
    assert [path.name for path in (tmp_path / "files" / "a").iterdir()] == ["b"]


async def test_a_write_that_fails_leaves_no_file_and_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = DiskFiles(tmp_path)
    flush = os.fsync

    def full(descriptor: int) -> None:
        if not os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(28, "No space left on device")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        await files.put("a/b", b"content")
    assert await files.find("a/b") is None
    assert list((tmp_path / "a").iterdir()) == []


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/.part", "A"])
async def test_a_key_that_could_leave_the_folder_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        await DiskFiles(tmp_path).find(key)
