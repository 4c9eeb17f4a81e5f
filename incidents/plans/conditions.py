"""Whether a condition holds at a moment, when some of it may be unknown. Pure.

Three values, as Kleene's logic has them: what nobody knows is neither true nor false, and stays so through "not". At
the end the unknown is decided by what is at stake: what people are told, who leaves and how grave it is counts as if it
held (a warning too many costs less than one too few); a machine is moved only on what is known. A siren or a beacon
tells people, so it counts with them.
"""

from __future__ import annotations

from datetime import time

from incidents.plans.model import (
    ActionTemplate,
    AgentIs,
    AlarmIs,
    AllOf,
    AnyOf,
    Condition,
    GradeIs,
    HazardIs,
    HoursAre,
    LevelIs,
    Moment,
    NotOf,
    PeopleAre,
    PlanBody,
    WindIs,
    ZoneIs,
)

# These tell people; the others change what the plant does.
_WARN = frozenset({"siren", "beacon"})
# Below this a vane turns as it likes: WMO-No. 8 calls it calm.
CALM_M_S = 0.5


def warns(when: Condition | None, moment: Moment) -> bool:
    """Whether it holds, for people: the unknown counts as yes."""
    return when is None or known(when, moment) is not False


def moves(when: Condition | None, moment: Moment) -> bool:
    """Whether it holds, for machines: the unknown counts as no."""
    return when is None or known(when, moment) is True


def asked_of_actuator(action: ActionTemplate, moment: Moment) -> bool:
    """Whether the action is asked for at this moment."""
    if moment.level < action.from_level:
        return False
    return warns(action.when, moment) if action.kind in _WARN else moves(action.when, moment)


def known(when: Condition, moment: Moment) -> bool | None:
    """True, False, or None: it can not be known."""
    match when:
        case AllOf(of):
            return _all([known(part, moment) for part in of])
        case AnyOf(of):
            return _not(_all([_not(known(part, moment)) for part in of]))
        case NotOf(part):
            return _not(known(part, moment))
        case LevelIs() | AlarmIs() | HoursAre() | ZoneIs():
            return _plain(when, moment)
        case _:
            return _measured(when, moment)


def _plain(when: LevelIs | AlarmIs | HoursAre | ZoneIs, moment: Moment) -> bool:
    match when:
        case LevelIs(at_least):
            return moment.level >= at_least
        case AlarmIs(kinds):
            return moment.cause in kinds
        case HoursAre(from_, until):
            return _within(time.fromisoformat(from_), time.fromisoformat(until), moment.local.time())
        case ZoneIs(zones):
            return moment.zone in zones


def _measured(when: WindIs | PeopleAre | GradeIs | AgentIs | HazardIs, moment: Moment) -> bool | None:
    """What may be unknown."""
    match when:
        case WindIs():
            return _wind(when, moment)
        case PeopleAre(at_least):
            return None if moment.people is None else moment.people >= at_least
        case GradeIs(gravest, mildest):
            return None if moment.grade is None else gravest <= moment.grade <= mildest
        case AgentIs(agents):
            return None if moment.agent is None else moment.agent in agents
        case HazardIs(hazards):
            return None if moment.hazard is None else moment.hazard in hazards


def _all(parts: list[bool | None]) -> bool | None:
    if False in parts:
        return False
    return None if None in parts else True


def _not(part: bool | None) -> bool | None:
    return None if part is None else not part


def _within(start: time, end: time, now: time) -> bool:
    return start <= now < end if start < end else now >= start or now < end


def _wind(when: WindIs, moment: Moment) -> bool | None:
    wind = moment.wind
    if wind is None:
        return None
    if wind.speed_m_s < when.at_least_m_s:
        return False
    if when.to_deg - when.from_deg >= 360.0:
        return True
    # In calm air the vapour goes anywhere: no direction is known.
    if wind.speed_m_s < CALM_M_S:
        return None
    width = (when.to_deg - when.from_deg) % 360.0
    return (wind.from_deg - when.from_deg) % 360.0 <= width


def asks(template: PlanBody, kind: type[WindIs] | type[PeopleAre]) -> bool:
    """Whether the plan asks for what has to be looked up first."""
    return any(_names(when, kind) for when in conditions_of(template))


def conditions_of(template: PlanBody) -> list[Condition]:
    """Every condition of the plan."""
    found = [rule.when for rule in template.grade_rules]
    optional = [task.when for task in template.tasks]
    optional += [step.when for task in template.tasks for step in task.steps]
    optional += [action.when for action in template.actions]
    optional += [call.when for call in template.calls]
    optional.append(template.evacuation.when if template.evacuation is not None else None)
    return [*found, *(when for when in optional if when is not None)]


def _names(when: Condition, kind: type[WindIs] | type[PeopleAre]) -> bool:
    match when:
        case AllOf(of) | AnyOf(of):
            return any(_names(part, kind) for part in of)
        case NotOf(part):
            return _names(part, kind)
        case _:
            return isinstance(when, kind)
