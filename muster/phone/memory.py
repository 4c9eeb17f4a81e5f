"""The phone's memory on disk: one private file for each person and terminal, replaced whole, held by one phone.

It holds a refresh token and what the plant said to this person: its folder is readable by its owner alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import msgspec

from core.errors import Invalid, Unavailable
from mobile_contract.people import Locale
from mobile_contract.text import Text
from muster.engines.files import write_private
from muster.phone.model import Memory
from muster.phone.words import NOT_KEPT

FOLDER = "phones"
# The names become a file's name; "+" between them is in none of them.
NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")


class Kept(msgspec.Struct):
    """Everything one phone keeps. ``push_token`` is where the push service rings it; ``device`` what the server calls
    it."""

    account: UUID | None = None
    device: UUID | None = None
    locale: Locale | None = None
    refresh_token: str = ""
    push_token: str = ""
    phone: Memory = msgspec.field(default_factory=Memory)


class MemoryFile:
    """The open file. ``warning``: why the phone begins anew, if it does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kept = Kept()
        self.warning: Text | None = None
        self._written = b""
        self._erased = False
        try:
            self._written = path.read_bytes()
            self.kept = msgspec.json.decode(self._written, type=Kept)
        except FileNotFoundError:
            return
        except msgspec.MsgspecError as problem:
            self._set_aside(problem)

    def _set_aside(self, problem: Exception) -> None:
        aside = self.path.with_suffix(".broken")
        self.path.replace(aside)
        self.warning = Text(
            f"手机记录已损坏,移至 {aside},从头开始：{problem}",
            f"the phone's memory is damaged, moved to {aside}; beginning anew: {problem}",
        )

    def keep(self) -> None:
        """Write what changed; raises OSError when the disk does not take it."""
        if self._erased:
            return
        content = msgspec.json.encode(self.kept)
        if content != self._written:
            write_private(self.path, content)
            self._written = content

    def failed(self, problem: OSError) -> None:
        """Writing failed; the person is told."""
        self.warning = Text(f"{NOT_KEPT.zh}：{problem}", f"{NOT_KEPT.en}: {problem}")

    def erase(self) -> None:
        """Forget everything for good, as after a sign-out."""
        self.kept, self._erased = Kept(), True
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()


@contextmanager
def open_memory(data_path: Path, tenant: str, login: str, name: str = "") -> Iterator[MemoryFile]:
    """The memory of this person's phone; the kernel lets go of it when the process ends, however it ends.

    Raises Unavailable while another phone holds it, Invalid for a name that can not be one.
    """
    for field, value in (("tenant", tenant), ("as", login), ("name", name)):
        if not NAME.fullmatch(value) and (value or field != "name"):
            raise Invalid(
                "phone.name",
                f"{field} {value!r} is not of a-z, 0-9 and ._@-, at most 63 characters",
                f"{field} {value!r} 只能由 a-z、0-9 和 ._@- 组成,最多 63 个字符",
                field=field,
                value=value,
                limit=NAME.pattern,
            )
    folder = data_path / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / ("+".join(part for part in (tenant, login, name) if part) + ".json")
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise Unavailable(
                "phone.in_use",
                f"another phone of {login} runs with {path}; give this one a --name of its own",
                f"{login} 的另一部手机正在使用 {path}；请用 --name 另取名称",
                field="name",
                value=name,
            ) from problem
        yield MemoryFile(path)
