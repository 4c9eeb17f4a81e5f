"""Run an engine as somebody who is not root, even when Muster itself was started by root.

PostgreSQL refuses uid 0, and a broker has no business with it. Tried in this order, each proven by running the
program before it is chosen:

1. Not root: as ourselves.
2. ``nobody``, when that user can reach the program and the folder. Safest: a broken-into engine owns its own files
   and nothing else.
3. ``nobody`` plus the one capability to pass directories closed to it (CAP_DAC_OVERRIDE, ambient): a clone beneath a
   0700 directory. First choice after 2 because containers grant this capability by default, while they
   forbid namespaces; the engine may touch other users' files, but not become them.
4. A user namespace in which our uid reads as 65534: works without any capability when the kernel allows it. Last,
   because outside the namespace the engine's files and rights are still root's own.

If none works, Unavailable says what to do instead.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import subprocess
from collections.abc import Callable
from pathlib import Path

from core.errors import Unavailable

# linux/capability.h, linux/prctl.h, linux/sched.h
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CLONE_NEWUSER = 0x10000000
# The kernel's overflow uid, "nobody" wherever that name exists; initdb needs a name for its uid.
_NOBODY = 65534
# `--version` of a program that has to be read from a cold disk.
_PROBE_TIMEOUT_S = 20.0

# Loaded before any fork: the child between fork and exec must not search for libraries.
_libc = ctypes.CDLL(None, use_errno=True)


class Identity:
    """Who an engine runs as: ``enter`` runs in the child before exec, ``give`` makes files the engine's own."""

    def __init__(self, name: str, owner: int | None, enter: Callable[[], None]) -> None:
        self.name = name
        self.owner = owner
        self.enter = enter

    def give(self, path: Path) -> None:
        """Make ``path``, and for a folder all beneath it, the engine's own; only root ever needs to."""
        if self.owner is None:
            return
        if path.stat().st_uid == self.owner:
            return
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                os.chown(os.path.join(folder, name), self.owner, self.owner, follow_symlinks=False)
        # The top last: its owner says that everything beneath has been given.
        os.chown(path, self.owner, self.owner)


def choose_identity(program: Path, folder: Path) -> Identity:
    """The first way to run ``program`` on ``folder`` that works here; raises Unavailable when none does."""
    if os.geteuid() != 0:
        return ourselves()
    tried = []
    for identity in candidates():
        problem = _probe(identity, program, folder)
        if problem is None:
            return identity
        tried.append(f"{identity.name}: {problem}")
    raise Unavailable(
        "engine.no_identity",
        f"{program.name} does not run as root, and no other identity works here ({'; '.join(tried)}). "
        "Start Muster as an ordinary user, or set MUSTER_DATABASE_URL and MUSTER_MQTT_URL.",
    )


def ourselves() -> Identity:
    """No change."""
    return Identity("ourselves", None, lambda: None)


def candidates() -> list[Identity]:
    """What root can try, safest first."""
    uid = _nobody_uid()
    return [
        Identity("nobody", uid, lambda: _become(uid)),
        Identity("nobody with CAP_DAC_OVERRIDE", uid, lambda: _become_with_override(uid)),
        Identity("user namespace", 0, lambda: _enter_namespace(uid)),
    ]


def _nobody_uid() -> int:
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        return _NOBODY


def _probe(identity: Identity, program: Path, folder: Path) -> str | None:
    """None when it works, else why not. What is in ``folder`` will be given; the way into it is asked."""

    def enter() -> None:
        identity.enter()
        # Not Path, which drops the dot; not os.access, which does not count capabilities.
        os.stat(f"{folder}/.")

    try:
        subprocess.run(  # noqa: S603 - our own program
            [str(program), "--help"],
            preexec_fn=enter,
            capture_output=True,
            timeout=_PROBE_TIMEOUT_S,
            check=False,
            cwd="/",
        )
    except (OSError, subprocess.SubprocessError) as problem:
        return str(problem)
    return None


def _become(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


class _CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapData(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def _become_with_override(uid: int) -> None:
    _prctl(_PR_SET_KEEPCAPS, 1)
    _become(uid)
    only = 1 << _CAP_DAC_OVERRIDE
    data = (_CapData * 2)(_CapData(only, only, only), _CapData(0, 0, 0))
    if _libc.capset(ctypes.byref(_CapHeader(_CAPABILITY_VERSION_3, 0)), data) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE)


def _enter_namespace(uid: int) -> None:
    own_uid, own_gid = os.geteuid(), os.getegid()
    if _libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {own_uid} 1")
    _write("/proc/self/gid_map", f"{uid} {own_gid} 1")


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _prctl(option: int, first: int, second: int = 0) -> None:
    if _libc.prctl(option, first, second, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")
