"""Where files of people are kept: a small store by key, on disk here; the same two calls fit S3.

A key is made by us, of ids and hashes, never of a name a client gave. A file is written beside its place, flushed, and
renamed into it, so that whoever reads finds the whole file or none (POSIX rename is atomic; the folder is flushed too).
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from pathlib import Path
from typing import Protocol

_KEY = re.compile(r"[0-9a-z][0-9a-z_-]*(/[0-9a-z][0-9a-z_-]*)*")


class FileStore(Protocol):
    """Bytes by key; a key is written once and never changed."""

    async def put(self, key: str, content: bytes) -> None:
        """Keep the content; durable when this returns. Keeping it again is one file."""

    async def find(self, key: str) -> bytes | None:
        """The whole content, or None."""


class DiskFiles:
    """A store in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, content: bytes) -> None:
        """Write, flush, rename, flush the folder; off the loop, because flushing waits for the disk."""
        await asyncio.to_thread(_write, self._place(key), content)

    async def find(self, key: str) -> bytes | None:
        """Read the file, if there is one."""
        return await asyncio.to_thread(_read, self._place(key))

    def _place(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a key of ours: {key!r}")
        return self._folder / key


def _write(place: Path, content: bytes) -> None:
    _make_folders(place.parent)
    handle, name = tempfile.mkstemp(prefix=".part-", dir=place.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(place)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _flush_folder(place.parent)


def _make_folders(folder: Path) -> None:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for made in reversed(missing):
        made.mkdir(mode=0o700, exist_ok=True)
        _flush_folder(made.parent)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(place: Path) -> bytes | None:
    try:
        return place.read_bytes()
    except FileNotFoundError:
        return None
