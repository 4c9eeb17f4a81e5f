"""What lies before the person: their orders and incidents as cards, the most urgent first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.live import Answer
from mobile_contract.room import RoomState
from mobile_contract.room_views import AlarmView, DeliveryView, IncidentView, RollCallView, Step, StepView, TaskView
from mobile_contract.text import Text
from muster.phone import words
from muster.phone.model import FinishTask, SeenOrder
from muster.phone.session import Phone, is_over

# Where an order stands for this person. ``late``: the time for an answer is over and a yes still counts.
Standing: TypeAlias = Literal["new", "late", "taken", "moving", "done", "declined", "elsewhere", "over"]
_URGENCY: dict[Standing, int] = {"new": 0, "late": 1, "taken": 2, "moving": 2}
# As the server bounds a step's value; NaN is below nothing.
VALUE_MAX = 1e12
# ISA-18.2 letters of alarms that wait for somebody's acknowledgement.
UNACKNOWLEDGED = "BDE"


class Card(msgspec.Struct, frozen=True):
    """One order with its incident, or an incident without an order of this person."""

    key: str
    room: UUID
    seen: SeenOrder | None
    standing: Standing | None

    @property
    def is_waiting(self) -> bool:
        """The person has not answered."""
        return self.standing in ("new", "late")

    @property
    def is_live(self) -> bool:
        """There is still something to do about the order."""
        return self.standing in _URGENCY


def standing(phone: Phone, seen: SeenOrder) -> Standing:
    """Where the order stands, by the newest the phone knows."""
    state = phone.rooms.get(seen.order.room)
    if state is None:
        return _by_answer(seen)
    if is_over(state):
        return "over"
    task = state.tasks.get(seen.order.task)
    mine = [state.deliveries[delivery] for delivery in seen.deliveries if delivery in state.deliveries]
    if task is None:
        return _by_answer(seen)
    return _by_task(phone, seen, task, mine)


def _by_answer(seen: SeenOrder) -> Standing:
    if seen.moving:
        return "moving"
    return "taken" if seen.answer == "acknowledged" else "new"


def _by_task(phone: Phone, seen: SeenOrder, task: TaskView, mine: list[DeliveryView]) -> Standing:
    if task.state == "done":
        return "done"
    if task.state == "cancelled":
        return "over"
    is_mine = task.owner == phone.account
    if any(delivery.declined_at for delivery in mine) and not (is_mine and task.state == "acknowledged"):
        return "declined"
    if task.owner is not None and not is_mine:
        return "elsewhere"
    if task.state == "acknowledged":
        return "moving" if seen.moving or any(delivery.moving_at for delivery in mine) else "taken"
    return "late" if task.state == "unanswered" else "new"


def is_unsent(phone: Phone, seen: SeenOrder) -> bool:
    """An answer or the end of this task waits to be sent."""
    task = seen.order.task
    finishing = any(isinstance(write, FinishTask) and write.task == task for write in phone.http_writes())
    return finishing or phone.is_pending(Answer, task)


def cards(phone: Phone) -> list[Card]:
    """Live orders first: unanswered, then by grade, then by deadline; then open incidents without one."""
    orders = [Card(seen.order.key, seen.order.room, seen, standing(phone, seen)) for seen in phone.orders.values()]
    live = sorted((card for card in orders if card.is_live), key=_urgency)
    shown = {card.room for card in live}
    rooms = [
        state
        for state in phone.rooms.values()
        if state.room not in shown and state.incident is not None and not is_over(state)
    ]
    rooms.sort(key=lambda state: _incident(state).number, reverse=True)
    rooms.sort(key=lambda state: _incident(state).grade)
    return live + [Card(str(state.room), state.room, None, None) for state in rooms]


def _urgency(card: Card) -> tuple[int, int, float]:
    assert card.seen is not None
    assert card.standing is not None
    return _URGENCY[card.standing], card.seen.order.grade, card.seen.order.deadline_at.timestamp()


def _incident(state: RoomState) -> IncidentView:
    assert state.incident is not None
    return state.incident


def focus(found: list[Card], wanted: str) -> Card | None:
    """The card looked at: the wanted one while it is there, else the most urgent."""
    return next((card for card in found if card.key == wanted), found[0] if found else None)


def next_key(found: list[Card], current: str) -> str:
    """The key after ``current``, around; empty when there is nothing."""
    keys = [card.key for card in found]
    if not keys:
        return ""
    return keys[(keys.index(current) + 1) % len(keys)] if current in keys else keys[0]


def step_of(phone: Phone, seen: SeenOrder, n: int) -> StepView | None:
    """How a step of the order's task stands, as far as the room has said."""
    state = phone.rooms.get(seen.order.room)
    known = [] if state is None else state.steps.get(seen.order.task, [])
    return next((step for step in known if step.n == n), None)


def proof_of(steps: Sequence[Step], n: int, proof: str) -> tuple[float | None, str | None] | Text:
    """(value, photo's name) that confirms step ``n``, as that step asks for it, or why it can not be."""
    step = next((step for step in steps if step.n == n and step.confirm != "none"), None)
    if step is None:
        return words.NO_STEP
    if step.confirm == "value":
        # With the unit or a comma written behind it is still the number.
        number = proof.partition(" ")[0].removesuffix(step.unit or " ").replace(",", ".")
        try:
            value = float(number)
        except ValueError:
            return words.VALUE_WANTED
        return (value, None) if abs(value) <= VALUE_MAX else words.VALUE_WANTED
    if step.confirm == "photo":
        return (None, proof) if proof else words.PHOTO_WANTED
    return None, None


def roll_call_to_answer(phone: Phone, looked_at: RoomState | None) -> RollCallView | None:
    """The roll call that runs in the room looked at, else the newest that runs in any."""
    here = [] if looked_at is None else _running(looked_at)
    running = [call for state in phone.rooms.values() for call in _running(state)]
    return max(here or running, key=lambda call: call.started_at, default=None)


def _running(state: RoomState) -> list[RollCallView]:
    return [] if is_over(state) else [call for call in state.roll_calls.values() if call.state == "open"]


def alarm_to_acknowledge(state: RoomState | None) -> AlarmView | None:
    """The first-out alarm nobody acknowledged, else the oldest."""
    if state is None:
        return None
    waiting = [alarm for alarm in state.alarms.values() if alarm.letter in UNACKNOWLEDGED]
    waiting.sort(key=lambda alarm: (not alarm.first_out, alarm.raised_at))
    return waiting[0] if waiting else None
