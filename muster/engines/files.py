"""Files and folders of the engines: private, replaced whole, held by one supervisor."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import Unavailable


def write_private(path: Path, content: bytes, owner: int | None = None) -> None:
    """Replace a file in one step, for ``owner`` (default: us) alone; a crash leaves the old or the new, whole."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        if owner is not None:
            os.fchown(descriptor, owner, owner)
        out.write(content)
        out.flush()
        os.fsync(descriptor)
    new.replace(path)


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the folder for one supervisor; the kernel lets go when that process ends, however it ends."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise Unavailable("engine.folder_held", f"another Muster is running on {folder}") from problem
        yield
