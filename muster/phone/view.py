"""Everything the screen shows, as one value, and the small sentences both screens share. Pure."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from uuid import UUID

import msgspec

from mobile_contract.agent_cards import CardBrief
from mobile_contract.people import Locale
from mobile_contract.room import RoomState
from mobile_contract.room_views import AlarmView, CommandView, IncidentView, RollCallView, Step, StepView, TaskView
from mobile_contract.text import Text
from muster.phone import words
from muster.phone.board import Card, cards, focus
from muster.phone.session import Phone
from muster.phone.words import say

_UNITS = {"[ppm]": "ppm", "mg/m3": "mg/m³", "%{LEL}": "% LEL", "1/m3": "/m³", "Cel": "°C"}


# ISA-18.2 letters of alarms whose condition stands.
_STANDING = "BC"


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
    if alarm.votes and alarm.letter in _STANDING:
        beyond = sum(vote.vote != "within" for vote in alarm.votes)
        value += f" · {beyond}/{len(alarm.votes)} {words.VOTED.in_(locale)}"
    return f"{alarm.title.in_(locale)} · {say(words.ALARM_LETTERS, alarm.letter, locale)}{value}{first}"


def command_line(command: CommandView, view: View) -> str:
    """Which machine, what it was told, and whether that is proved."""
    state = say(words.COMMAND_STATES, command.state, view.locale)
    drill = f" · {words.INHIBITED.in_(view.locale)}" if command.inhibited else ""
    return f"{view.thing(command.actuator)} · {say(words.ACTIONS, command.action, view.locale)} · {state}{drill}"


def task_line(task: TaskView, view: View) -> str:
    """What is to be done, by whom, and how it stands."""
    # An evacuation's task is taken from the start and has no owner: it is everybody's.
    without = words.EVERYBODY if task.state in ("acknowledged", "done") else words.NOBODY
    owner = without.in_(view.locale) if task.owner is None else view.name(task.owner)
    return f"{task.title.in_(view.locale)} · {owner} · {say(words.TASK_STATES, task.state, view.locale)}"


def step_line(step: Step, locale: str) -> str:
    """A numbered step; a Chinese one without a space, after which a line would break."""
    return number_line(step.n, step.text, locale)


def number_line(n: int, text: Text, locale: str) -> str:
    """A text with its number."""
    mark = "、" if locale.startswith("zh") else ". "
    return f"{n}{mark}{text.in_(locale)}"


def step_state(step: Step, known: StepView | None, locale: str) -> str:
    """What is to be confirmed of a step and how that stands; empty for a step that is only read."""
    if step.confirm == "none":
        return ""
    if known is not None and known.confirmed_at is not None:
        value = f" {quantity(known.value, step.unit or '')}" if known.value is not None else ""
        return f"✓ {words.CONFIRMED.in_(locale)} {clock_time(known.confirmed_at)}{value}"
    asked = say(words.CONFIRMS, step.confirm, locale)
    parts = [f"{asked} {_range(step)}".strip() if step.confirm == "value" else asked]
    if not step.required:
        parts.append(words.OPTIONAL.in_(locale))
    if known is not None and known.first_at is not None:
        parts.append(words.ONE_OF_TWO.in_(locale))
    elif known is not None and known.value is not None:
        parts.append(f"{quantity(known.value, step.unit or '')} {words.OUT_OF_RANGE.in_(locale)}")
    if known is not None and known.due_at is not None:
        parts.append(f"{words.STEP_DUE.in_(locale)} {clock_time(known.due_at)}")
    return f"○ {' · '.join(parts)}"


def _range(step: Step) -> str:
    unit = step.unit or ""
    if step.low is not None and step.high is not None:
        return f"{quantity(step.low, '')}–{quantity(step.high, unit)}"
    if step.low is not None:
        return f"≥ {quantity(step.low, unit)}"
    return f"≤ {quantity(step.high, unit)}" if step.high is not None else unit


def card_lines(card: CardBrief, locale: str) -> list[str]:
    """What to know of the agent in the first minute: what to wear, how far to stay away, first aid."""
    name = card.name.in_(locale)
    lines = []
    if card.ppe:
        lines.append(f"{name} · {words.PPE.in_(locale)}: {_joined(card.ppe, locale)}")
    if card.isolation_m is not None:
        lines.append(f"{name} · {words.ISOLATE.in_(locale)}: {quantity(card.isolation_m, 'm')}")
    if card.first_aid:
        lines.append(f"{name} · {words.FIRST_AID.in_(locale)}: {_joined(card.first_aid, locale)}")
    return lines


def _joined(texts: list[Text], locale: str) -> str:
    return ("；" if locale.startswith("zh") else "; ").join(text.in_(locale) for text in texts)


def roll_call_line(call: RollCallView, locale: str) -> str:
    """Where, how it stands, and the numbers; those that ask for somebody are there even at nought."""
    drill = f"{words.EXERCISE.in_(locale)} · " if call.exercise else ""
    numbers = [
        (words.EXPECTED, call.expected, True),
        (words.ACCOUNTED, call.accounted, True),
        (words.MISSING, call.missing, True),
        (words.NEED_HELP, call.need_help, True),
        (words.UNSURE, call.unsure, call.unsure > 0),
        (words.LEFT_SITE, call.left, call.left > 0),
    ]
    counted = [f"{name.in_(locale)} {number}" for name, number, shown in numbers if shown]
    return " · ".join([f"{drill}{call.place.in_(locale)}", say(words.ROLL_CALL_STATES, call.state, locale), *counted])
