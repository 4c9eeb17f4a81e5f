"""The life of a command; pure: requested -> sent -> confirmed | failed | timed_out.

A command is not an effect: only feedback confirms. The deadline runs from the request, whatever happened to the wire
in between; when it passes without proof, the command is timed out, which raises an alarm. Sending goes on for a while
after that (a fan that starts late still clears the air), and a late proof turns timed_out into confirmed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from core.errors import Invalid
from mobile_contract.devices import CommandMessage, FeedbackMessage
from plant.model import ACTIONS, Actuator, Command, CommandState, Expectation, Reading

# Between attempts: quick while it matters, then slower. The key makes a repeat harmless.
RETRY_S = (0.5, 1.0, 2.0, 4.0)
# How long after its deadline a command is still sent: a broker that was down for a minute must not leave a fan off.
SEND_AFTER_DEADLINE_S = 120.0
# A feedback without a command's id proves only what it observed since the request; device clocks differ by this much.
CLOCK_SKEW_S = 2.0
# Dated further ahead, the device's clock is wrong, and what it says about before and after is not believed.
AHEAD_MAX_S = 10.0
REASON_MAX = 500
KEY_MAX = 200

_LIVE = (CommandState.REQUESTED, CommandState.SENT)


def check_request(actuator: Actuator, action: str, reason: str, key: str) -> None:
    """Raise Invalid unless this actuator knows the action and its proof, and a reason is given."""
    known = ACTIONS[actuator.kind]
    if action not in known:
        raise Invalid(
            "command.unknown_action",
            f"a {actuator.kind.value} knows {', '.join(known)}; not {action!r}",
            f"{actuator.kind.value} 不支持动作 {action!r}，可用：{'、'.join(known)}",
            field="action",
            value=action,
            limit=list(known),
        )
    if action not in actuator.expected:
        raise Invalid(
            "command.no_proof",
            f"{actuator.slug} has no feedback condition for {action!r}; a command without proof is not sent",
            f"执行器 {actuator.slug} 的动作 {action!r} 没有反馈条件，不予发送",
            field="action",
            value=action,
        )
    if not reason.strip() or len(reason) > REASON_MAX or "\0" in reason:
        raise Invalid(
            "command.reason",
            f"a command needs a reason of 1 to {REASON_MAX} characters",
            f"命令必须说明原因（1 至 {REASON_MAX} 字）",
            field="reason",
            limit=REASON_MAX,
        )
    if not 1 <= len(key) <= KEY_MAX or "\0" in key:
        raise Invalid(
            "command.key",
            f"a key has 1 to {KEY_MAX} characters",
            f"幂等键须为 1 至 {KEY_MAX} 个字符",
            field="key",
            limit=KEY_MAX,
        )


def new_command(
    command_id: UUID,
    actuator: Actuator,
    action: str,
    reason: str,
    key: str,
    *,
    now: datetime,
    requested_by: UUID | None,
    incident_id: UUID | None,
    inhibited: bool,
) -> Command:
    """A requested command, due at once; raises Invalid as ``check_request``."""
    check_request(actuator, action, reason, key)
    return Command(
        tenant_id=actuator.tenant_id,
        id=command_id,
        key=key,
        site_id=actuator.site_id,
        actuator_id=actuator.id,
        action=action,
        reason=reason,
        requested_by=requested_by,
        incident_id=incident_id,
        inhibited=inhibited,
        state=CommandState.REQUESTED,
        attempts=0,
        requested_at=now,
        sent_at=None,
        deadline_at=now + timedelta(seconds=actuator.deadline_s),
        next_attempt_at=now,
        ended_at=None,
        feedback=None,
    )


def message_of(command: Command, actuator: Actuator) -> CommandMessage:
    """What goes on the wire; the same for every attempt."""
    return CommandMessage(
        command=str(command.id),
        key=command.key,
        actuator=actuator.slug,
        action=command.action,
        at=int(command.requested_at.timestamp() * 1000),
        deadline_ms=int(actuator.deadline_s * 1000),
        inhibited=command.inhibited,
    )


def is_live(command: Command) -> bool:
    """Whether it is still being sent or watched."""
    return command.next_attempt_at is not None


def awaits_proof(command: Command) -> bool:
    """Whether it has neither been proven nor failed nor timed out."""
    return command.state in _LIVE


def is_overdue(command: Command, now: datetime) -> bool:
    """Whether the deadline has passed without proof and nobody has said so yet."""
    return command.state in _LIVE and now >= command.deadline_at


def is_due(command: Command, now: datetime) -> bool:
    """Whether it should be published (again) now.

    No pause is longer than the last of RETRY_S: one that seems so is a clock that was set back, and is over.
    """
    if command.next_attempt_at is None or is_given_up(command, now):
        return False
    return not timedelta(0) < command.next_attempt_at - now <= timedelta(seconds=RETRY_S[-1])


def is_given_up(command: Command, now: datetime) -> bool:
    """Whether it is so long past its deadline that moving anything would surprise whoever stands there."""
    return command.state is CommandState.TIMED_OUT and now >= command.deadline_at + timedelta(
        seconds=SEND_AFTER_DEADLINE_S
    )


def given_up(command: Command) -> Command:
    """Timed out and sent no more."""
    return msgspec.structs.replace(command, next_attempt_at=None)


def left_s(command: Command, actuator: Actuator, now: datetime) -> float:
    """Until the deadline, and never longer than the actuator is given: a clock that was set back adds nothing."""
    return min((command.deadline_at - now).total_seconds(), actuator.deadline_s)


def wakes_at(command: Command) -> datetime | None:
    """When this command next needs attention, None when it is over."""
    if command.next_attempt_at is None:
        return None
    if command.state in _LIVE:
        return min(command.next_attempt_at, command.deadline_at)
    return command.next_attempt_at


def sent(command: Command, now: datetime) -> Command:
    """Published once more; past the last moment there is no next attempt."""
    pause_s = RETRY_S[min(command.attempts, len(RETRY_S) - 1)]
    following = None if is_given_up(command, now) else now + timedelta(seconds=pause_s)
    state = CommandState.SENT if command.state is CommandState.REQUESTED else command.state
    return msgspec.structs.replace(
        command,
        state=state,
        attempts=command.attempts + 1,
        sent_at=command.sent_at or now,
        next_attempt_at=following,
    )


def timed_out(command: Command, now: datetime) -> Command:
    """No proof before the deadline."""
    return msgspec.structs.replace(command, state=CommandState.TIMED_OUT, ended_at=now)


def held_back(command: Command, now: datetime) -> Command:
    """A drill's: it ends here, without effect and without proof."""
    return msgspec.structs.replace(command, state=CommandState.HELD_BACK, ended_at=now, next_attempt_at=None)


def superseded(command: Command, by: UUID, now: datetime) -> Command:
    """A newer command for the same actuator wants something else: retries of this one would fight it."""
    state = CommandState.FAILED if command.state in _LIVE else command.state
    return msgspec.structs.replace(
        command,
        state=state,
        ended_at=command.ended_at or now,
        next_attempt_at=None,
        feedback={"superseded_by": str(by)},
    )


def on_feedback(command: Command, actuator: Actuator, message: FeedbackMessage, now: datetime) -> Command | None:
    """What a device's feedback does to a live command; None: nothing.

    With a feedback sensor the device's word alone proves nothing, except in a drill, where nothing moves and the answer
    to the command is all the proof there can be.
    """
    if not is_live(command) or message.actuator != actuator.slug:
        return None
    answers = message.command == str(command.id)
    if message.fault is not None:
        # Of another command, it fails that one; and what is at fault proves nothing.
        facts: dict[str, Any] = {"fault": message.fault, "at_ms": message.at}
        return _ended(command, CommandState.FAILED, now, facts) if answers else None
    if actuator.feedback_sensor_id is not None and not command.inhibited:
        return None
    if not answers and (command.inhibited or not _since_request(command, message.at, now)):
        return None
    expected = actuator.expected.get(command.action)
    if expected is None or not _shows(expected, message.state, message.value, inhibited=command.inhibited):
        return None
    facts = {"state": message.state, "value": message.value, "unit": message.unit, "at_ms": message.at}
    return _ended(command, CommandState.CONFIRMED, now, facts)


def on_reading(command: Command, actuator: Actuator, reading: Reading, now: datetime) -> Command | None:
    """What a reading of the feedback sensor does to a live command; only what was observed since the request counts."""
    if not is_live(command) or command.inhibited:
        return None
    if reading.sensor_id != actuator.feedback_sensor_id or reading.value is None:
        return None
    if reading.observed_at < command.requested_at:
        return None
    expected = actuator.expected.get(command.action)
    if expected is None or not _within(expected, reading.value):
        return None
    facts = {"value": reading.value, "observed_at": reading.observed_at.isoformat(), "sensor": str(reading.sensor_id)}
    return _ended(command, CommandState.CONFIRMED, now, facts)


def _since_request(command: Command, at_ms: int, now: datetime) -> bool:
    earliest = command.requested_at - timedelta(seconds=CLOCK_SKEW_S)
    latest = now + timedelta(seconds=AHEAD_MAX_S)
    return earliest.timestamp() * 1000 <= at_ms <= latest.timestamp() * 1000


def _shows(expected: Expectation, state: str, value: float | None, *, inhibited: bool) -> bool:
    if expected.state is not None and state != expected.state:
        return False
    if inhibited:
        return True
    bounded = expected.at_least is not None or expected.at_most is not None
    return not bounded or (value is not None and _within(expected, value))


def _within(expected: Expectation, value: float) -> bool:
    if expected.at_least is None and expected.at_most is None:
        return False
    return (expected.at_least is None or value >= expected.at_least) and (
        expected.at_most is None or value <= expected.at_most
    )


def _ended(command: Command, state: CommandState, now: datetime, facts: dict[str, Any]) -> Command:
    late = command.state is CommandState.TIMED_OUT
    return msgspec.structs.replace(
        command, state=state, ended_at=now, next_attempt_at=None, feedback={**facts, "late": late}
    )
