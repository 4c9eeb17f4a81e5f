"""What an escalation does next: ask, move to the next step, begin again, be content, give up, wait. Pure.

After the policy's own steps come two more: the reserve (the right people who were passed over: at another task of this
incident, and for life safety off shift or not to be disturbed), then anybody, skilled or not. A round whose people are
used up is exhausted: that is an alarm, the last resort is asked, and the round is repeated later as the policy says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec
from msgspec.structs import replace

from incidents.tasking.policy import OFFICERS, EscalationPolicy, Need, PolicyStep, Target
from incidents.tasking.quorum import Comer, Filling, fill, suits
from incidents.tasking.roster import Candidate, nearest_first, order
from mobile_contract.room_views import EscalationStateName

# Who said yes and must be moving has this long to put on shoes and go, before somebody else is asked as well.
PROMISE_S = 60.0
# How soon somebody who comes on shift is asked for a task nobody took.
RECHECK_S = 30.0


class Escalation(msgspec.Struct, frozen=True, kw_only=True):
    """How far the search is. ``step`` counts the policy's steps, then the reserve, then anybody.

    ``step_started_at``: of the step, or when the round was exhausted.
    """

    policy: EscalationPolicy
    needs: tuple[Need, ...]
    state: EscalationStateName
    step: int
    round: int
    step_started_at: datetime
    paused_until: datetime | None = None

    @property
    def last_step(self) -> int:
        """The step "anybody"."""
        return len(self.policy.steps) + 1


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A person who was asked, as they stand: ``round`` of their latest order.

    ``waiting``: nobody has given up on an answer; ``counted``: and it is not time to ask others as well. ``released``:
    they were told that enough others come, so they may be asked again.
    """

    account_id: UUID
    round: int
    waiting: bool = False
    counted: bool = True
    said: Literal["yes", "no"] | None = None
    said_at: datetime | None = None
    moving: bool = False
    released: bool = False


class Pick(msgspec.Struct, frozen=True):
    """Somebody to ask, and by which target of the policy."""

    candidate: Candidate
    target: Target
    suited: bool


class Ask(msgspec.Struct, frozen=True):
    """Ask these people now; ``counted_until``: others are asked as well from then on."""

    picks: tuple[Pick, ...]
    counted_until: datetime | None


class NextStep(msgspec.Struct, frozen=True):
    """Go to the next step; ``why`` is time or nobody_left."""

    why: Literal["time", "nobody_left"]


class Repeat(msgspec.Struct, frozen=True):
    """Walk the steps again."""


class Met(msgspec.Struct, frozen=True):
    """Enough of the right people are coming."""

    filling: Filling


class Reopen(msgspec.Struct, frozen=True):
    """Somebody who counted can not come after all."""


class Resume(msgspec.Struct, frozen=True):
    """The pause is over."""


class Exhausted(msgspec.Struct, frozen=True):
    """Nobody is left to ask in this round; the last resort is asked."""

    last_resort: tuple[Pick, ...]


class WaitUntil(msgspec.Struct, frozen=True):
    """Nothing to do before ``at`` (None: ever) unless somebody answers."""

    at: datetime | None


Move: TypeAlias = Ask | NextStep | Repeat | Met | Reopen | Resume | Exhausted | WaitUntil


def next_moves(  # noqa: PLR0911 - one return a state
    escalation: Escalation, roster: Sequence[Candidate], asked: Collection[Asked], now: datetime
) -> Move:
    """The next move; after each but WaitUntil and Met there is another."""
    if escalation.state == "cancelled":
        return WaitUntil(None)
    skills = {c.account_id: c.skills for c in roster}
    coming = fill(escalation.needs, comers(asked, skills))
    if coming.complete:
        return Met(coming)
    if escalation.state == "paused":
        assert escalation.paused_until is not None
        return Resume() if now >= escalation.paused_until else WaitUntil(escalation.paused_until)
    if escalation.state == "met":
        return Reopen()
    promised = comers(asked, skills, promised_at=now)
    round_ = _Round(escalation, roster, asked, promised, skills)
    if escalation.state == "exhausted":
        return _after_exhaustion(round_, now)
    if fill(escalation.needs, promised).complete:
        return WaitUntil(promise_ends(asked, now))
    return _walk(round_, now)


def after(escalation: Escalation, move: Move, now: datetime) -> Escalation:
    """The escalation after a move."""
    match move:
        case NextStep():
            return replace(escalation, step=escalation.step + 1, step_started_at=now)
        case Repeat():
            return replace(escalation, state="running", step=0, round=escalation.round + 1, step_started_at=now)
        case Exhausted():
            return replace(escalation, state="exhausted", step_started_at=now)
        case Met():
            return replace(escalation, state="met", paused_until=None)
        case Reopen() | Resume():
            return replace(escalation, state="running", step_started_at=now, paused_until=None)
        case Ask() | WaitUntil():
            return escalation


def comers(
    asked: Iterable[Asked], skills: dict[UUID, frozenset[str]], *, promised_at: datetime | None = None
) -> list[Comer]:
    """Everyone who said yes; with ``promised_at`` those who have still time to get going are as good as moving."""
    return [
        Comer(
            a.account_id,
            skills.get(a.account_id, frozenset()),
            a.moving or (promised_at is not None and a.said_at is not None and promised_at < _promise_end(a.said_at)),
        )
        for a in asked
        if a.said == "yes"
    ]


def promise_ends(asked: Iterable[Asked], now: datetime) -> datetime | None:
    """When the first who said yes and does not move is no longer counted on."""
    ends = [_promise_end(a.said_at) for a in asked if a.said == "yes" and not a.moving and a.said_at is not None]
    return min((end for end in ends if end > now), default=None)


def _promise_end(said_at: datetime) -> datetime:
    return said_at + timedelta(seconds=PROMISE_S)


class _Round:
    """One look at the roster: who may be asked, and who is counted on already."""

    def __init__(
        self,
        escalation: Escalation,
        roster: Sequence[Candidate],
        asked: Collection[Asked],
        promised: list[Comer],
        skills: dict[UUID, frozenset[str]],
    ) -> None:
        self.escalation = escalation
        self.asked = asked
        self.needs = escalation.needs
        # A round begins again because those of the last did not come: it does not wait for them once more.
        self.waiting = [a for a in asked if a.waiting and a.counted and a.round == escalation.round]
        self.counted_on = promised + [_as_comer(a.account_id, skills) for a in self.waiting]
        self.hoped_for = promised + [_as_comer(a.account_id, skills) for a in asked if a.waiting]
        spent = {a.account_id for a in asked if _spent(a, escalation.round)}
        self.free = [c for c in roster if c.account_id not in spent and not c.endangered]
        self.missing = fill(self.needs, promised).missing

    def targets(self, step: int) -> tuple[Target, ...]:
        """Whom a step asks; the two after the policy's own ask everyone it names."""
        steps = self.escalation.policy.steps
        return steps[step].who if step < len(steps) else _everyone(self.escalation.policy)

    def choose(self, step: int) -> tuple[Pick, ...]:
        """Whom to ask now in this step."""
        steps = self.escalation.policy.steps
        if not self.short(step):
            return ()
        if step == len(steps):
            return self._fitting(self._listed(self.targets(step), self._in_reserve))
        if step > len(steps):
            wanted = self.missing - len(self.waiting)
            return self._listed(self.targets(step), self._willing)[:wanted]
        at_once = steps[step].at_once
        listed = self._listed(self.targets(step), lambda c: c.passed_over is None)
        if at_once is None:
            return self._fitting(listed)
        return listed[: at_once - len(self.waiting)]

    def newcomers(self) -> tuple[Pick, ...]:
        """Whom a task nobody took is offered to: whoever fits and was not asked in this round.

        While nobody at all comes or is waited for, also who does not fit: one person is better than none.
        """
        listed = self._listed(_everyone(self.escalation.policy), self._willing)
        fitting = self._fitting(listed)
        return listed[: self.missing] if not fitting and not self.counted_on else fitting

    def last_resort(self) -> tuple[Pick, ...]:
        """Everyone of the last resort who was not asked in this round."""
        named = self.escalation.policy.last_resort
        return self._listed(OFFICERS if named is None else named, lambda _: True)

    def short(self, step: int) -> bool:
        """More people should be asked than are waited for."""
        steps = self.escalation.policy.steps
        if step > len(steps):
            return len(self.waiting) < self.missing
        at_once = steps[step].at_once if step < len(steps) else None
        if at_once is None:
            return not fill(self.needs, self.counted_on).complete
        return len(self.waiting) < at_once

    def hopeless(self) -> bool:
        """Even if everyone still waited for said yes, it would not be enough."""
        return not fill(self.needs, self.hoped_for).complete

    def _willing(self, candidate: Candidate) -> bool:
        return self.escalation.policy.life_safety or candidate.passed_over in (None, "has_task")

    def _in_reserve(self, candidate: Candidate) -> bool:
        return candidate.passed_over is not None and self._willing(candidate)

    def _listed(self, targets: Iterable[Target], allowed: Callable[[Candidate], bool]) -> tuple[Pick, ...]:
        """The targets' people in the order they are asked, each once."""
        picks: dict[UUID, Pick] = {}
        for target in targets:
            explicit = target.kind in ("person", "on_call")
            found = [c for c in self.free if c.account_id not in picks and _is_meant(c, target, self.needs)]
            known = [(c, any(suits(ready(c), need) for need in self.needs)) for c in found]
            line = sorted((_place_in_line(c, suited, target), c, suited) for c, suited in known)
            for _, candidate, suited in line:
                # Whom an admin named is at hand for it, also with another task here.
                if allowed(candidate) or (explicit and candidate.passed_over == "has_task"):
                    picks[candidate.account_id] = Pick(candidate, target, suited)
        return tuple(picks.values())

    def _fitting(self, listed: Iterable[Pick]) -> tuple[Pick, ...]:
        """As many as would meet what is missing; the named are asked in their order, fitting or not."""
        sure, picks = list(self.counted_on), []
        filling = fill(self.needs, sure)
        for pick in listed:
            if filling.complete:
                break
            better = fill(self.needs, [*sure, ready(pick.candidate)])
            if better.missing < filling.missing:
                sure.append(ready(pick.candidate))
                filling = better
            elif pick.target.kind not in ("person", "on_call"):
                continue
            picks.append(pick)
        return tuple(picks)


def _walk(round_: _Round, now: datetime) -> Move:
    escalation = round_.escalation
    ends_at = _step_end(escalation)
    if ends_at is not None and now >= ends_at:
        return NextStep("time")
    picks = round_.choose(escalation.step)
    if picks:
        return Ask(picks, ends_at)
    if escalation.step < escalation.last_step and round_.short(escalation.step):
        return NextStep("nobody_left")
    if escalation.step == escalation.last_step and round_.hopeless():
        return Exhausted(round_.last_resort())
    times = [t for t in (ends_at, promise_ends(round_.asked, now)) if t is not None]
    return WaitUntil(min(times, default=None))


def _after_exhaustion(round_: _Round, now: datetime) -> Move:
    escalation = round_.escalation
    again = escalation.step_started_at + timedelta(seconds=escalation.policy.repeat_after_s)
    repeats = escalation.round < escalation.policy.repeat
    if repeats and now >= again:
        return Repeat()
    if picks := round_.newcomers():
        return Ask(picks, None)
    recheck = now + timedelta(seconds=RECHECK_S)
    return WaitUntil(min(again, recheck) if repeats else recheck)


def _step_end(escalation: Escalation) -> datetime | None:
    steps = escalation.policy.steps
    if escalation.step >= len(steps):
        return None
    after_s = steps[escalation.step].after_s
    return None if after_s is None else escalation.step_started_at + timedelta(seconds=after_s)


def why_not(candidate: Candidate, needs: Sequence[Need]) -> str | None:
    """Why this person is not asked before others, or None: they are."""
    if candidate.passed_over is not None:
        return candidate.passed_over
    if not any(suits(ready(candidate), need) for need in needs):
        return "lacks_skill"
    return None


def step_of(escalation: Escalation) -> PolicyStep | None:
    """The policy's step that is walked; None in the two after them."""
    steps = escalation.policy.steps
    return steps[escalation.step] if escalation.step < len(steps) else None


def _everyone(policy: EscalationPolicy) -> tuple[Target, ...]:
    return tuple(dict.fromkeys(target for step in policy.steps for target in step.who))


def _spent(asked: Asked, round_: int) -> bool:
    """Not to be asked (again) in this round: waited for, coming, can not come, or did not answer."""
    if asked.waiting or asked.said is not None:
        return True
    return asked.round == round_ and not asked.released


def _is_meant(candidate: Candidate, target: Target, needs: Sequence[Need]) -> bool:  # noqa: PLR0911 - one a kind
    match target.kind:
        case "person":
            return str(candidate.account_id) == target.of
        case "role":
            return candidate.role == target.of
        case "team":
            return target.of in {str(team) for team in candidate.teams}
        case "on_call":
            return _position(candidate, target) is not None
        case "on_shift":
            return bool(candidate.on_shift) if target.of is None else target.of in map(str, candidate.on_shift)
        case "skill":
            wanted = {need.skill for need in needs} if target.of is None else {target.of}
            return bool(wanted & candidate.skills)
        case "nearest":
            return candidate.place != "unknown" and candidate.role in ("responder", "safety_officer")


def _position(candidate: Candidate, target: Target) -> int | None:
    places = [position for rota, position in candidate.on_call if target.of in (None, str(rota))]
    return min(places, default=None)


def _place_in_line(candidate: Candidate, suited: bool, target: Target) -> tuple[int, object]:
    if target.kind == "on_call":
        return _position(candidate, target) or 0, order(candidate)
    if target.kind == "nearest":
        return 0 if suited else 1, nearest_first(candidate)
    return 0 if suited else 1, order(candidate)


def ready(candidate: Candidate) -> Comer:
    """The person as they would come if they said yes and went."""
    return Comer(candidate.account_id, candidate.skills, moving=True)


def _as_comer(account_id: UUID, skills: dict[UUID, frozenset[str]]) -> Comer:
    return Comer(account_id, skills.get(account_id, frozenset()), moving=True)
