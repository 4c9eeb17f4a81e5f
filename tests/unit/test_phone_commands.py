"""What a person types, and how keys become a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_contract.live import REASON_MAX_CHARS
from mobile_contract.room_views import MESSAGE_MAX_CHARS
from muster.phone.commands import (
    HELP,
    NOTE_MAX_CHARS,
    PROOF_MAX_CHARS,
    Acknowledge,
    Command,
    ConfirmStep,
    Decline,
    Done,
    Going,
    Help,
    NeedHelp,
    Next,
    Quit,
    Safe,
    Say,
    SeeAlarm,
    SignOut,
    Walk,
    Wrong,
    parse,
)
from muster.phone.keys import TYPED_MAX, LineEditor


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("a", Acknowledge()),
        (" A \n", Acknowledge()),
        ("d no respirator", Decline("no respirator")),
        ("d  没有呼吸器 ", Decline("没有呼吸器")),
        ("g", Going()),
        ("done", Done()),
        ("done aired out", Done("aired out")),
        ("confirm 3", ConfirmStep(3)),
        ("confirm 5 19.8 %", ConfirmStep(5, "19.8 %")),
        ("confirm 2、", ConfirmStep(2)),
        ("confirm 4 valve 1.jpg", ConfirmStep(4, "valve 1.jpg")),
        ("walk", Walk()),
        ("walk 2.5x", Walk(2.5)),
        ("walk stop", Walk(0.0)),
        ("walk to the gate", Say("walk to the gate")),
        ("safe", Safe()),
        ("safe now", Say("safe now")),
        ("help", NeedHelp()),
        ("HELP stairs, level 2", NeedHelp("stairs, level 2")),
        ("/help me with the form", Say("help me with the form")),
        ("ack", SeeAlarm()),
        ("n", Next()),
        ("?", Help()),
        ("？", Help()),
        ("q", Quit()),
        ("out", SignOut()),
        ("on my way", Say("on my way")),
        ("a person is here", Say("a person is here")),
        ("/a", Say("a")),
        ("/ d now", Say("d now")),
        ("/", Say("/")),
        ("", None),
        ("  \n", None),
        ("/  ", Say("/")),
    ],
)
def test_a_line_is_a_command_or_a_message(line: str, command: Command | None) -> None:
    assert parse(line) == command


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("d", "reason"),
        ("d " + "x" * (REASON_MAX_CHARS + 1), str(REASON_MAX_CHARS)),
        ("done " + "x" * (REASON_MAX_CHARS + 1), str(REASON_MAX_CHARS)),
        ("confirm", "which step"),
        ("confirm valve", "which step"),
        ("confirm 0", "which step"),
        ("confirm 1000", "which step"),
        ("walk 9", "0.1 to 3"),
        ("walk nan", "0.1 to 3"),
        ("confirm 1 " + "x" * (PROOF_MAX_CHARS + 1), str(PROOF_MAX_CHARS)),
        ("help " + "x" * (NOTE_MAX_CHARS + 1), str(NOTE_MAX_CHARS)),
        ("x" * (MESSAGE_MAX_CHARS + 1), str(MESSAGE_MAX_CHARS)),
    ],
)
def test_what_the_server_would_refuse_is_refused_here_with_the_limit(line: str, says: str) -> None:
    command = parse(line)
    assert isinstance(command, Wrong)
    assert says in command.why.en
    assert command.why.zh


@given(st.text(max_size=50))
def test_nothing_a_person_types_is_lost_or_an_error(line: str) -> None:
    command = parse(f"/{line}")
    if line.strip():
        assert command == Say(line.strip())


def test_help_names_every_command_in_both_languages() -> None:
    shown = " ".join(command.en for command, _ in HELP)
    for word in ("a", "d REASON", "g", "done", "confirm N", "safe", "help", "ack", "n", "out", "q"):
        assert word in shown
    assert all(meaning.zh and meaning.en and command.zh for command, meaning in HELP)


def test_keys_become_lines() -> None:
    editor = LineEditor()
    assert editor.feed("on my wax\x7fy\r走") == ["on my way"]
    assert editor.typed == "走"
    assert editor.feed("廊\b\x15a\n\n") == ["a", ""]


def test_cursor_keys_leave_nothing_in_the_line() -> None:
    editor = LineEditor()
    editor.feed("a\x1b[A\x1b[1;5C\x1bOPb\x1bxc")
    assert editor.typed == "abc"


def test_ctrl_d_ends_an_empty_line_and_no_other() -> None:
    editor = LineEditor()
    editor.feed("a\x04")
    assert not editor.ended
    editor.feed("\r\x04")
    assert editor.ended


@given(st.lists(st.text(max_size=20), max_size=20))
def test_what_stands_at_the_prompt_is_printable_and_bounded(chunks: list[str]) -> None:
    editor = LineEditor()
    for chunk in chunks:
        editor.feed(chunk)
    assert not any(ord(character) < 32 for character in editor.typed)
    editor.feed("x" * (TYPED_MAX + 10))
    assert len(editor.typed) <= TYPED_MAX
