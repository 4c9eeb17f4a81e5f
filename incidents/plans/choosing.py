"""Which plan answers what happened. Pure and deterministic; there is always one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from incidents.alarms.agents import Hazard
from incidents.plans.model import Moment, PlanTemplate, Trigger

# Without words of its own a trigger is about dangers: a silent sensor is not a leak.
_DANGERS = ("high", "low", "vote")


def fits(trigger: Trigger, moment: Moment) -> bool:
    """Whether everything the trigger names is so."""
    if moment.cause == "sos":
        called = trigger.sos
    elif moment.cause == "manual":
        called = trigger.manual
    else:
        called = _is_called(trigger.alarms or _DANGERS, moment.cause) and not _only_by_people(trigger)
    return (
        called
        and moment.level >= trigger.from_level
        and (not trigger.agents or moment.agent in trigger.agents)
        and (not trigger.hazards or moment.hazard in trigger.hazards)
        and (not trigger.zones or moment.zone in trigger.zones)
        and (trigger.group is None or moment.group == trigger.group)
    )


def _is_called(alarms: Sequence[str], cause: str) -> bool:
    """A vote stands for the limits of its members, on whichever side they are."""
    return cause in alarms or (cause == "vote" and any(alarm in _DANGERS for alarm in alarms))


def _only_by_people(trigger: Trigger) -> bool:
    named = (trigger.alarms, trigger.agents, trigger.hazards, trigger.zones, trigger.group)
    return (trigger.manual or trigger.sos) and not any(named)


def _specific(trigger: Trigger) -> tuple[bool, bool, bool, bool, int, bool]:
    """The more a trigger says the better it knows: the substance before the place before the kind of danger."""
    return (
        bool(trigger.agents),
        trigger.group is not None,
        bool(trigger.zones),
        bool(trigger.hazards),
        trigger.from_level,
        bool(trigger.alarms),
    )


def choose(plans: Iterable[PlanTemplate], library: Mapping[str, PlanTemplate], moment: Moment) -> PlanTemplate:
    """The plan of the highest priority, of these the most specific, of these the first by slug.

    What no trigger fits gets the library's plan for its hazard; an agent nobody classified counts as toxic, the more
    careful of them.
    """
    fitting = [(plan, t) for plan in plans for t in plan.triggers if fits(t, moment)]
    if fitting:
        # By slug first: among equals max keeps the first it meets.
        fitting.sort(key=lambda pair: pair[0].slug)
        return max(fitting, key=lambda pair: (pair[0].priority, _specific(pair[1])))[0]
    return library[_fallback(moment)]


_BY_CAUSE = {"stale": "no-data", "discrepancy": "no-data", "no_effect": "no-effect", "sos": "sos"}
_BY_HAZARD: dict[Hazard, str] = {
    "flammable": "solvent-leak",
    "toxic": "toxic-gas",
    "asphyxiant": "oxygen",
    "machine": "machine-vibration",
    "particles": "particles",
}


def _fallback(moment: Moment) -> str:
    if moment.cause in _BY_CAUSE:
        return _BY_CAUSE[moment.cause]
    return _BY_HAZARD[moment.hazard] if moment.hazard is not None else "toxic-gas"
