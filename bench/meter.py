"""CPU seconds of processes, children included, read from /proc (Linux)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class _Stat(msgspec.Struct, frozen=True):
    parent: int
    own_s: float
    reaped_s: float


def cpu_s(pid: int) -> float:
    """User and system time of a process, of its living descendants and of the children it has reaped."""
    stats = {found: stat for found in _pids() if (stat := _read(found)) is not None}
    family = {pid}
    # A child has a larger id than its parent except after a wrap-around; two passes bear that too.
    for _ in range(2):
        family |= {found for found in sorted(stats) if stats[found].parent in family}
    return sum(stats[member].own_s + stats[member].reaped_s for member in family if member in stats)


class Meter:
    """CPU seconds by name between two looks."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._before = self._look()

    def _look(self) -> dict[str, float]:
        return {name: cpu_s(pid) for name, pid in self._pids.items()}

    def spent(self) -> dict[str, float]:
        """CPU seconds since this meter was made."""
        return {name: seconds - self._before[name] for name, seconds in self._look().items()}


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _read(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name is in brackets and may hold spaces; fields are counted after it (proc_pid_stat(5)).
    fields = text.rsplit(")", 1)[1].split()
    user, system, reaped_user, reaped_system = (int(field) for field in fields[11:15])
    return _Stat(int(fields[1]), (user + system) * _TICK_S, (reaped_user + reaped_system) * _TICK_S)
