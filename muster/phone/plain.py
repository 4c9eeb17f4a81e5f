"""The phone without a screen: each change one line, for people or as JSON. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from incidents.alarms.agents import name_of
from mobile_contract.live import Answer, Order, ProblemFrame
from mobile_contract.room import (
    RoomState,
)
from muster.phone import words
from muster.phone.board import Card
from muster.phone.commands import HELP
from muster.phone.events import event_line
from muster.phone.model import (
    Change,
    ConfirmStep,
    EventApplied,
    FinishTask,
    HttpWrite,
    NoticeArrived,
    OrderArrived,
    OrderRang,
    Refused,
    RoomReplaced,
    RouteArrived,
    Write,
    WriteSettled,
)
from muster.phone.routes import is_loud
from muster.phone.view import (
    LineState,
    View,
    card_lines,
    clock_time,
    grade_text,
    incident_line,
    step_line,
    step_state,
)
from muster.phone.words import say


def to_json(kind: str, facts: dict[str, Any]) -> str:
    """One JSON object in one line; ``change`` says what it is."""
    return msgspec.json.encode({"change": kind, **facts}).decode()


def change_json(change: Change) -> str:  # noqa: PLR0911 - one return a kind
    """A change for programs, with everything the wire said."""
    match change:
        case OrderArrived(order):
            return to_json("order", {"order": order})
        case OrderRang(rung):
            return to_json("push", {"push": rung})
        case NoticeArrived(notice):
            return to_json("notice", {"notice": notice})
        case RouteArrived(route):
            return to_json("route", {"route": route})
        case EventApplied(event):
            return to_json("event", {"room": event.room, "seq": event.seq, "kind": event.kind, "event": event})
        case RoomReplaced(state):
            return to_json("room", {"room": state.room, "seq": state.seq, "state": state})
        case WriteSettled(write, result):
            return to_json("sent", {"write": write, "result": result})
        case Refused(problem, write):
            return to_json("refused", {"problem": problem, "write": write})


def change_line(change: Change, view: View) -> str:  # noqa: PLR0911 - one return a kind
    """A change for a person; empty when it is nothing to a person."""
    locale = view.locale
    match change:
        case OrderArrived(order):
            return order_line(order, locale)
        case OrderRang(rung):
            return f"!! {grade_text(rung.grade, locale)} · {words.BY_PUSH.in_(locale)}"
        case NoticeArrived(notice):
            return f"{words.NOTICE.in_(locale)}: {notice.title.in_(locale)}"
        case RouteArrived(route):
            said = route.reason or route.summary or route.target
            return "" if route.ended_at is not None else f"→ {said.in_(locale)}"
        case EventApplied(event):
            loud = "!! " if is_loud(event.body, view.phone) else ""
            return f"{loud}{event_line(event, view)}"
        case RoomReplaced(state):
            return room_line(state, locale)
        case WriteSettled(write, result):
            kind = str(write.__struct_config__.tag)
            became = f" ({say(words.TASK_STATES, result, locale)})" if result else ""
            # Receipts are the phone's own affair.
            what = f"{say(words.WRITES, kind, locale)} {words.SENT.in_(locale)}{became}"
            if isinstance(write, ConfirmStep):
                # Taken by the server; whether it counts, of two persons or of a value in its range, the room says.
                what = f"{say(words.WRITES, kind, locale)} {write.step} {words.SENT.in_(locale)}"
            return "" if kind == "receipt" else f"✓ {what}{_of_order(write, view)}"
        case Refused(problem):
            return refused_line(problem, locale)


def _of_order(write: Write | HttpWrite, view: View) -> str:
    """Which order a write is about: with several open, "taken" alone says too little."""
    if not isinstance(write, Answer | FinishTask | ConfirmStep):
        return ""
    found = [seen.order for seen in view.phone.orders.values() if seen.order.task == write.task]
    return f": {found[0].title.in_(view.locale)}" if found else ""


def refused_line(problem: ProblemFrame, locale: str) -> str:
    """Why something was refused."""
    return f"✗ {words.REFUSED.in_(locale)}: {problem.detail.in_(locale)}"


def order_line(order: Order, locale: str) -> str:
    """The whole order in one line."""
    drill = f"{words.EXERCISE.in_(locale)} · " if order.exercise else ""
    parts = [
        f"!! {drill}{grade_text(order.grade, locale)}",
        order.title.in_(locale),
        order.place.in_(locale),
        *([f"{words.AGENT.in_(locale)}: {name_of(order.agent).in_(locale)}"] if order.agent else []),
        f"{words.DEADLINE.in_(locale)} {clock_time(order.deadline_at)}",
        *(f"✗ {text.in_(locale)}" for text in order.do_nots),
        *(card_lines(order.card, locale) if order.card is not None else ()),
        *(" ".join(filter(None, (step_line(step, locale), step_state(step, None, locale)))) for step in order.steps),
    ]
    return " · ".join(parts)


def card_line(card: Card | None, view: View) -> str:
    """Where one order or incident stands."""
    locale = view.locale
    if card is None:
        return words.NOTHING.in_(locale)
    if card.seen is not None and card.standing is not None:
        order = card.seen.order
        stands = words.STANDINGS[card.standing].in_(locale)
        return f"> {grade_text(order.grade, locale)} · {order.title.in_(locale)} · {order.place.in_(locale)} · {stands}"
    state = view.phone.rooms[card.room]
    return room_line(state, locale)


def card_json(card: Card | None) -> str:
    """The card looked at, for programs."""
    if card is None:
        return to_json("card", {"room": None, "order": None, "standing": None})
    order = None if card.seen is None else card.seen.order.key
    return to_json("card", {"room": card.room, "order": order, "standing": card.standing})


def room_line(state: RoomState, locale: str) -> str:
    """A room in one line."""
    if state.incident is None:
        return f"# {state.room}"
    counts = (
        (words.ALARMS, sum(alarm.letter != "A" for alarm in state.alarms.values())),
        (words.COMMANDS, len(state.commands)),
        (words.TASKS, len(state.tasks)),
    )
    return " · ".join(
        [incident_line(state.incident, locale), *(f"{name.in_(locale)} {count}" for name, count in counts)]
    )


def line_text(state: LineState, view: View) -> str:
    """Whether the line is up, and what waits."""
    unsent = f" · {view.phone.unsent} {words.UNSENT.in_(view.locale)}" if view.phone.unsent else ""
    if state.online:
        return f"● {words.ONLINE.in_(view.locale)}{unsent}"
    return f"○ {words.OFFLINE.in_(view.locale)}: {state.why.in_(view.locale)}{unsent}"


def help_line(locale: str) -> str:
    """Every command in one line."""
    return " · ".join(f"{command.in_(locale)} = {meaning.in_(locale)}" for command, meaning in HELP)
