"""Everything the screen shows, as one value, and the small sentences both screens share. Pure."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from uuid import UUID

import msgspec

from mobile_contract.people import Locale
from mobile_contract.room import AlarmView, CommandView, IncidentView, RoomState, Step, TaskView
from mobile_contract.text import Text
from muster.phone import words
from muster.phone.board import Card, cards, focus
from muster.phone.session import Phone
from muster.phone.words import say

_UNITS = {"[ppm]": "ppm", "mg/m3": "mg/m³", "%{LEL}": "% LEL", "1/m3": "/m³", "Cel": "°C"}


class LineState(msgspec.Struct, frozen=True):
    """Whether the line is up, and if not, why; ``since`` is None before the first answer of a server."""

    online: bool = False
    why: Text = words.CONNECTING
    since: datetime | None = None


class View(msgspec.Struct):
    """What is drawn: the phone's knowledge, where the person looks, and what they are typing."""

    phone: Phone
    who: str
    locale: Locale
    locale_is_wished: bool = False
    line: LineState = LineState()
    focus: str = ""
    typed: str = ""
    help: bool = False
    notice: str = ""
    names: dict[UUID, Text] = {}

    def cards(self) -> list[Card]:
        """Every card, the most urgent first."""
        return cards(self.phone)

    def card(self) -> Card | None:
        """The card looked at."""
        return focus(self.cards(), self.focus)

    def room(self) -> RoomState | None:
        """The room looked at; None before it has come."""
        card = self.card()
        return None if card is None else self.phone.rooms.get(card.room)

    def name(self, account: UUID | None) -> str:
        """Who it is, as far as this phone knows."""
        if account is None:
            return words.MUSTER.in_(self.locale)
        if account == self.phone.account:
            return words.ME.in_(self.locale)
        for state in self.phone.rooms.values():
            if account in state.members:
                return state.members[account].name
        return self.thing(account)

    def thing(self, known: UUID) -> str:
        """The name of a person or machine, else the end of its id."""
        named = self.names.get(known)
        return f"#{str(known)[-6:]}" if named is None else named.in_(self.locale)


def printable(text: str) -> str:
    """The text without control characters: what people write must not steer the reader's terminal."""
    return "".join(c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs") else " " for c in text)


def clock_time(at: datetime) -> str:
    """Local time of day."""
    return at.astimezone().strftime("%H:%M:%S")


def remaining(deadline_at: datetime, now: datetime, locale: str) -> str:
    """The time left, minutes and seconds, or that it is over."""
    left_s = int((deadline_at - now).total_seconds())
    sign, word = ("", words.LEFT) if left_s >= 0 else ("-", words.OVERDUE)
    minutes, seconds = divmod(abs(left_s), 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    text = f"{sign}{clock}" if not sign else clock
    return f"{word.in_(locale)} {text}" if locale.startswith("zh") or sign else f"{text} {word.in_(locale)}"


def grade_text(grade: int, locale: str) -> str:
    """Grade in words with its colour's name."""
    return words.GRADES[grade].in_(locale) if grade in words.GRADES else str(grade)


def quantity(value: float | None, unit: str) -> str:
    """A value with its unit as people write it."""
    if value is None:
        return "–"
    number = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{number} {_UNITS.get(unit, unit)}".strip()


def incident_line(incident: IncidentView, locale: str) -> str:
    """Number, grade, state, title and place."""
    drill = f"{words.EXERCISE.in_(locale)} · " if incident.exercise else ""
    state = say(words.INCIDENT_STATES, incident.state, locale)
    return (
        f"{drill}#{incident.number} · {grade_text(incident.grade, locale)} · {state} · "
        f"{incident.title.in_(locale)} · {incident.place.in_(locale)}"
    )


def alarm_line(alarm: AlarmView, locale: str) -> str:
    """What alarms, how it stands, what was measured."""
    first = f" · {words.FIRST_OUT.in_(locale)}" if alarm.first_out else ""
    value = f" · {quantity(alarm.value, alarm.unit)}" if alarm.value is not None else ""
    return f"{alarm.title.in_(locale)} · {say(words.ALARM_LETTERS, alarm.letter, locale)}{value}{first}"


def command_line(command: CommandView, view: View) -> str:
    """Which machine, what it was told, and whether that is proved."""
    state = say(words.COMMAND_STATES, command.state, view.locale)
    drill = f" · {words.INHIBITED.in_(view.locale)}" if command.inhibited else ""
    return f"{view.thing(command.actuator)} · {say(words.ACTIONS, command.action, view.locale)} · {state}{drill}"


def task_line(task: TaskView, view: View) -> str:
    """What is to be done, by whom, and how it stands."""
    owner = words.NOBODY.in_(view.locale) if task.owner is None else view.name(task.owner)
    return f"{task.title.in_(view.locale)} · {owner} · {say(words.TASK_STATES, task.state, view.locale)}"


def step_line(step: Step, locale: str) -> str:
    """A numbered step; a Chinese one without a space, after which a line would break."""
    mark = "、" if locale.startswith("zh") else ". "
    return f"{step.n}{mark}{step.text.in_(locale)}"
