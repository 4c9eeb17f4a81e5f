"""Who may speak to the broker, and of what: two files in mosquitto's formats, read by both brokers.

The rule: a device's user name is ``tenant/site/device``; beneath ``muster/v1/{user name}/`` it writes readings,
state, feedback and badges and reads commands and acks, and nothing else. The gateway reads and writes all of
``muster/v1``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from core.errors import Invalid
from muster.engines.files import write_private

GATEWAY = "muster-gateway"
ROOT = "muster/v1"
WRITES = ("readings", "state", "feedback", "badges")
READS = ("commands", "acks")

# Three slugs: no wildcard (+ #), no separator of the files (: newline space), no fourth level.
_SLUG = "[a-z0-9][a-z0-9-]{0,62}"
_DEVICE = re.compile(rf"{_SLUG}/{_SLUG}/{_SLUG}")
_HASH = re.compile(r"\$7\$[0-9]{1,7}\$[A-Za-z0-9+/]+=*\$[A-Za-z0-9+/]+=*")


class DeviceLogin(msgspec.Struct, frozen=True):
    """One user of the broker; ``password_hash`` as core.device_secret makes it."""

    username: str
    password_hash: str


def render_passwords(logins: Iterable[DeviceLogin]) -> str:
    """The password file; raises Invalid for a name or hash that could mean something else in it."""
    return "".join(f"{_checked(login).username}:{login.password_hash}\n" for login in logins)


def render_acl(logins: Iterable[DeviceLogin]) -> str:
    """The access file: whoever has no entry may do nothing."""
    return "\n".join(_entry(_checked(login).username) for login in logins)


def _entry(username: str) -> str:
    if username == GATEWAY:
        return f"user {GATEWAY}\ntopic readwrite {ROOT}/#\n"
    lines = [f"user {username}"]
    lines += [f"topic write {ROOT}/{username}/{leaf}" for leaf in WRITES]
    lines += [f"topic read {ROOT}/{username}/{leaf}" for leaf in READS]
    return "\n".join(lines) + "\n"


def _checked(login: DeviceLogin) -> DeviceLogin:
    if login.username != GATEWAY and not _DEVICE.fullmatch(login.username):
        raise Invalid(
            "broker.username",
            f"a device signs in as tenant/site/device, lower-case letters, digits and hyphens; not {login.username!r}",
            field="username",
            value=login.username,
        )
    if not _HASH.fullmatch(login.password_hash):
        raise Invalid("broker.password_hash", "not a hash of core.device_secret", field="password_hash")
    return login


class AccessFiles:
    """The files in the broker's folder; ``gateway_passwords`` is for a listener of the gateway's own."""

    def __init__(self, folder: Path) -> None:
        self.passwords = folder / "passwords"
        self.gateway_passwords = folder / "gateway-passwords"
        self.acl = folder / "acl"

    def write(self, logins: Iterable[DeviceLogin], owner: int | None = None) -> None:
        """Replace them; rights first, so that whoever can sign in has them. ``owner``: the broker's uid."""
        chosen = list(logins)
        acl, passwords = render_acl(chosen), render_passwords(chosen)
        gateway = render_passwords(login for login in chosen if login.username == GATEWAY)
        write_private(self.acl, acl.encode(), owner)
        write_private(self.gateway_passwords, gateway.encode(), owner)
        write_private(self.passwords, passwords.encode(), owner)


def parse_passwords(text: str) -> dict[str, str]:
    """User name -> hash."""
    rows = (line.partition(":") for line in text.splitlines() if line)
    return {name: hashed for name, _, hashed in rows}


def parse_acl(text: str) -> dict[str, dict[str, str]]:
    """User name -> topic -> access (read, write, readwrite)."""
    users: dict[str, dict[str, str]] = {}
    rights: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("user "):
            rights = users.setdefault(line.removeprefix("user "), {})
        elif line.startswith("topic "):
            _, access, topic = line.split(" ", 2)
            rights[topic] = access
    return users


def may(rights: dict[str, str], topic: str, access: str) -> bool:
    """Whether ``topic`` may be read or written (``access``); a filter is within its rights when all of it is."""
    for allowed, granted in rights.items():
        if granted not in (access, "readwrite"):
            continue
        if allowed == topic or (allowed.endswith("/#") and topic.startswith(allowed[:-1])):
            return True
    return False
