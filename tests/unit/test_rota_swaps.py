"""What a swap may do and when, and duties as an iCalendar file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import Conflict, Invalid
from people.rotas import swaps
from people.rotas.icalendar import LINE_OCTETS, Event, calendar, escape, fold, uid_of
from people.rotas.model import Swap
from people.rotas.on_call import Reason, Stint
from people.rotas.swaps import check_duties, check_open, check_period, halves, state_of

A, B, C, ROTA, OTHER = (UUID(int=number) for number in range(1, 6))
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def swap(**fields: Any) -> Swap:
    """A gives B their duty of tomorrow."""
    made = Swap(ROTA, C, ROTA, 0, A, B, NOW + DAY, NOW + 2 * DAY, None, None, None, None, None, "proposed", NOW, None)
    return msgspec.structs.replace(made, **fields)


BACK = {"return_rota_id": OTHER, "return_position": 1, "return_starts_at": NOW + DAY / 2, "return_ends_at": NOW + DAY}


def test_a_swap_is_of_one_duty_or_of_two() -> None:
    assert [(half.rota_id, half.giver, half.taker) for half in halves(swap())] == [(ROTA, A, B)]
    given_, back = halves(swap(**BACK))
    assert (given_.field, back.field) == ("starts_at", "in_return.starts_at")
    assert (back.rota_id, back.position, back.giver, back.taker) == (OTHER, 1, B, A)


def test_a_proposal_expires_when_the_first_of_its_duties_begins() -> None:
    assert state_of(swap(), NOW + DAY - timedelta(microseconds=1)) == "proposed"
    assert state_of(swap(), NOW + DAY) == "expired"
    assert state_of(swap(**BACK), NOW + DAY / 2) == "expired"
    assert state_of(swap(state="accepted"), NOW + DAY) == "accepted"


@pytest.mark.parametrize("state", ["accepted", "declined", "withdrawn"])
def test_what_was_answered_is_closed(state: str) -> None:
    check_open(swap(), NOW)
    with pytest.raises(Conflict, match=state):
        check_open(swap(state=state), NOW)
    with pytest.raises(Conflict, match="expired"):
        check_open(swap(), NOW + DAY)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"starts_at": NOW}, "starts_at"),
        ({"ends_at": NOW + DAY}, "ends_at"),
        ({"ends_at": NOW + DAY + swaps.PERIOD_MAX + DAY}, "ends_at"),
    ],
)
def test_a_swap_is_of_a_duty_to_come(fields: dict[str, Any], field: str) -> None:
    check_period(halves(swap())[0], NOW)
    with pytest.raises(Invalid) as refused:
        check_period(halves(swap(**fields))[0], NOW)
    assert refused.value.field == field


def stint(position: int, account_id: UUID | None) -> Stint:
    """All of the period."""
    return Stint(position, account_id, NOW + DAY, NOW + 2 * DAY, Reason("rotation"))


def test_the_giver_has_the_whole_duty_and_the_taker_is_free() -> None:
    half = halves(swap())[0]
    check_duties(half, [stint(0, A), stint(1, C)])
    for stints in ([], [stint(1, A)], [stint(0, A), stint(0, C)], [stint(0, None)]):
        with pytest.raises(Conflict, match="no longer"):
            check_duties(half, stints)
    with pytest.raises(Conflict, match="another position"):
        check_duties(half, [stint(0, A), stint(1, B)])


def test_a_calendar_is_an_rfc_5545_stream() -> None:
    event = Event(uid_of(ROTA, 0, NOW), NOW, NOW + DAY, "Night; shift, east\\west", "一\n二")
    assert calendar("Duties", [event], NOW).decode() == "".join(
        line + "\r\n"
        for line in [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Muster//Duties//EN",
            "CALSCALE:GREGORIAN",
            "X-WR-CALNAME:Duties",
            "BEGIN:VEVENT",
            "UID:00000000-0000-0000-0000-000000000004-0-20260302T080000Z@muster",
            "DTSTAMP:20260302T080000Z",
            "DTSTART:20260302T080000Z",
            "DTEND:20260303T080000Z",
            "SUMMARY:Night\\; shift\\, east\\\\west",
            "DESCRIPTION:一\\n二",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
            "END:VCALENDAR",
        ]
    )


@given(st.text() | st.text(min_size=60).map(lambda text: text * 3))
@example("值" * 60)
def test_a_folded_line_unfolds_to_itself_and_no_piece_is_too_long(text: str) -> None:
    line = escape(text)
    pieces = list(fold(line))
    assert all(len(piece) <= LINE_OCTETS for piece in pieces)
    assert all(piece.startswith(b" ") for piece in pieces[1:])
    assert b"\r\n".join(pieces).decode().replace("\r\n ", "") == line


@given(st.text())
def test_an_escaped_text_is_one_line_that_reads_back(text: str) -> None:
    line = escape(text)
    assert not any(c in line for c in "\r\n\0\x7f")
    plain = "".join(
        c for c in text.replace("\r\n", "\n").replace("\r", "\n") if c in "\t\n" or (c >= " " and c != "\x7f")
    )
    read, characters = "", iter(line)
    for c in characters:
        read += c if c != "\\" else {"n": "\n"}.get(following := next(characters), following)
    assert read == plain
