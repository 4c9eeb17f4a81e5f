"""Duties as an iCalendar file (RFC 5545): lines folded at 75 octets, texts escaped, times in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

import msgspec

MEDIA_TYPE = "text/calendar"
# Section 3.1: "Lines of text SHOULD NOT be longer than 75 octets, excluding the line break."
LINE_OCTETS = 75


class Event(msgspec.Struct, frozen=True):
    """One duty to show in a calendar; ``uid`` is the same for the same duty in every export."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str


def uid_of(rota_id: UUID, position: int, starts_at: datetime) -> str:
    """The globally unique name of a duty (section 3.8.4.7)."""
    return f"{rota_id}-{position}-{_time(starts_at)}@muster"


def calendar(name: str, events: Iterable[Event], now: datetime) -> bytes:
    """The file, UTF-8, CRLF; ``now`` is its DTSTAMP (section 3.8.7.2)."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Muster//Duties//EN", "CALSCALE:GREGORIAN"]
    lines.append(f"X-WR-CALNAME:{escape(name)}")
    for event in events:
        lines += _event(event, now)
    lines.append("END:VCALENDAR")
    return b"".join(piece + b"\r\n" for line in lines for piece in fold(line))


def _event(event: Event, now: datetime) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{event.uid}",
        f"DTSTAMP:{_time(now)}",
        f"DTSTART:{_time(event.starts_at)}",
        f"DTEND:{_time(event.ends_at)}",
        f"SUMMARY:{escape(event.summary)}",
        f"DESCRIPTION:{escape(event.description)}",
        # A duty does not make its person busy for others' meetings; section 3.8.2.7.
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def escape(text: str) -> str:
    """A TEXT value (section 3.3.11); control characters, which no value may hold, are left out."""
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    escaped = escaped.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return "".join(c for c in escaped if c == "\t" or (ord(c) >= 0x20 and ord(c) != 0x7F))


def fold(line: str) -> Iterator[bytes]:
    """The line in pieces of at most 75 octets, each after the first led by a space, no character torn apart."""
    piece = b""
    for character in line:
        octets = character.encode()
        if len(piece) + len(octets) > LINE_OCTETS:
            yield piece
            piece = b" "
        piece += octets
    yield piece


def _time(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")
