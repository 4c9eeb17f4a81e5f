"""How a drill went, from the facts of its record. Pure: the same facts give the same score.

Reached means that a device of the person has the order; that a push service took it counts for nothing. What had no
time to happen before the drill's end is undecided, not missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from incidents.drills.model import (
    DrillFacts,
    GoalName,
    GoalScore,
    OrderFact,
    Overall,
    PersonScore,
    Result,
    Score,
    TaskFact,
    TaskScore,
)
from incidents.plans.model import Need, PlanTemplate
from incidents.reaching.delivery import DeliveryPolicy
from mobile_contract.drills import GOAL_MAX_S, Goals

# Who has not been seen by then is looked for: see roll_call.service.SEARCH_AFTER.
ACCOUNTED_S = 480.0


def default_goals(template: PlanTemplate, policy: DeliveryPolicy, *, evacuates: bool) -> Goals:
    """What the plan and the way of reaching people ask for: the longest time a first task gives for its people, and a
    head-count where the plan leads people out."""
    first = [task.within_s for task in template.tasks if not task.after]
    return Goals(
        receipt_s=policy.receipt_within_s,
        acknowledge_s=policy.acknowledge_within_s,
        quorum_s=min(max(first), GOAL_MAX_S) if first else None,
        accounted_s=ACCOUNTED_S if evacuates else None,
    )


def score(facts: DrillFacts) -> Score:
    """The whole score; goals that were not set are not judged, their times are there all the same."""
    people = [_person(list(orders)) for _, orders in groupby(sorted(facts.orders, key=_by_person), _person_of)]
    tasks = [_task(facts, task) for task in facts.tasks]
    asking = [task for task in facts.tasks if task.asks]
    goals = [
        goal
        for goal in (_receipt(facts), _acknowledge(facts, asking), _quorum(facts, asking), _accounted(facts))
        if goal is not None
    ]
    return Score(
        overall=overall_of([goal.result for goal in goals]),
        goals=tuple(goals),
        ordered=len(people),
        reached=sum(person.reached for person in people),
        receipt_s=_worst([_since(o.queued_at, _receipt_at(o)) for o in facts.orders]),
        acknowledge_s=_worst([_since(t.created_at, t.answered_at) for t in asking]),
        quorum_s=_since(facts.started_at, _quorum_at(facts, asking)),
        accounted_s=_worst([_since(roll.started_at, roll.accounted_at) for roll in facts.rolls]),
        steps=sum(task.steps for task in facts.tasks),
        confirmed=sum(task.confirmed for task in facts.tasks),
        tasks=tuple(tasks),
        people=tuple(people),
    )


def overall_of(results: Sequence[Result]) -> Overall:
    """Passed: every goal that was decided is met; failed: none is."""
    decided = [result for result in results if result != "undecided"]
    if not decided:
        return "unscored"
    met = decided.count("met")
    return "passed" if met == len(decided) else "partly" if met else "failed"


def filled_at(
    needs: Sequence[Need], people: Iterable[tuple[frozenset[str], datetime, datetime | None]]
) -> datetime | None:
    """When people enough had said yes for all needs at once, nobody counted twice; None: never.

    Each of ``people``: their skills, when they acknowledged, and when they moved.
    """
    known = list(people)
    moments = {at for _, yes, moving in known for at in (yes, moving) if at is not None}
    for at in sorted(moments):
        seats = [need for need in needs for _ in range(need.count)]
        if _all_seated(seats, [(skills, yes, moving) for skills, yes, moving in known if yes <= at], at):
            return at
    return None


def _all_seated(
    seats: Sequence[Need], people: Sequence[tuple[frozenset[str], datetime, datetime | None]], at: datetime
) -> bool:
    """Whether every seat gets a person of its own (augmenting paths: a plan has a handful of either)."""
    holder: dict[int, int] = {}

    def fits(seat: int, person: int) -> bool:
        skills, _, moving = people[person]
        need = seats[seat]
        far = need.fact == "acknowledged" or (moving is not None and moving <= at)
        return far and (need.skill is None or need.skill in skills)

    def seat_somebody(seat: int, tried: set[int]) -> bool:
        for person in range(len(people)):
            if person in tried or not fits(seat, person):
                continue
            tried.add(person)
            if person not in holder or seat_somebody(holder[person], tried):
                holder[person] = seat
                return True
        return False

    return all(seat_somebody(seat, set()) for seat in range(len(seats)))


def _receipt(facts: DrillFacts) -> GoalScore | None:
    if (limit_s := facts.goals.receipt_s) is None:
        return None
    judged = []
    for order in facts.orders:
        receipt_at = _receipt_at(order)
        withdrawn = order.withdrawn_at is not None and receipt_at is None
        found = _judge(order.queued_at, receipt_at, order.withdrawn_at or facts.until, limit_s)
        # Taken back before its time was up: nobody was let down by it.
        if not (withdrawn and found[1] == "undecided"):
            judged.append(found)
    return _goal("receipt", limit_s, judged)


def _acknowledge(facts: DrillFacts, tasks: Sequence[TaskFact]) -> GoalScore | None:
    if (limit_s := facts.goals.acknowledge_s) is None:
        return None
    return _goal("acknowledge", limit_s, [_judge(t.created_at, t.answered_at, facts.until, limit_s) for t in tasks])


def _quorum(facts: DrillFacts, tasks: Sequence[TaskFact]) -> GoalScore | None:
    if (limit_s := facts.goals.quorum_s) is None:
        return None
    if not any(task.needs for task in tasks):
        return _goal("quorum", limit_s, [])
    at = _quorum_at(facts, tasks)
    return _goal("quorum", limit_s, [_judge(facts.started_at, at, facts.until, limit_s)])


def _accounted(facts: DrillFacts) -> GoalScore | None:
    if (limit_s := facts.goals.accounted_s) is None:
        return None
    # Nobody called the roll: nobody was counted.
    rolls = [(roll.started_at, roll.accounted_at) for roll in facts.rolls] or [(facts.started_at, None)]
    return _goal("accounted", limit_s, [_judge(since, at, facts.until, limit_s) for since, at in rolls])


def _judge(since: datetime, at: datetime | None, until: datetime, limit_s: float) -> tuple[float | None, Result]:
    took_s = _since(since, at)
    if took_s is not None:
        return took_s, "met" if took_s <= limit_s else "missed"
    return None, "missed" if until - since >= timedelta(seconds=limit_s) else "undecided"


def _goal(name: GoalName, limit_s: float, judged: Sequence[tuple[float | None, Result]]) -> GoalScore:
    """Missed by one is missed; met is only what all of them met; else it is not decided. The slowest is the goal's."""
    results = {result for _, result in judged}
    if "missed" not in results and results != {"met"}:
        return GoalScore(name, limit_s, None, None, "undecided")
    reached = all(took_s is not None for took_s, _ in judged)
    took_s = _worst(took_s for took_s, _ in judged) if reached else None
    margin_s = None if took_s is None else limit_s - took_s
    return GoalScore(name, limit_s, took_s, margin_s, "missed" if "missed" in results else "met")


def _quorum_at(facts: DrillFacts, tasks: Sequence[TaskFact]) -> datetime | None:
    """When the last of the tasks had its people; None while one has not, or none needs any."""
    times = [_task_quorum_at(facts, task) for task in tasks if task.needs]
    known = [at for at in times if at is not None]
    return max(known) if known and len(known) == len(times) else None


def _task_quorum_at(facts: DrillFacts, task: TaskFact) -> datetime | None:
    people = [
        (facts.skills.get(o.account_id, frozenset()), yes, o.moving_at)
        for o in facts.orders
        # Who took it back does not count, whatever they had said before.
        if o.task_id == task.id and not o.answer_no and (yes := _yes_at(o)) is not None
    ]
    return filled_at(task.needs, people)


def _person(orders: Sequence[OrderFact]) -> PersonScore:
    since = orders[0].queued_at
    return PersonScore(
        account=orders[0].account_id,
        orders=len(orders),
        reached=any(_receipt_at(o) is not None for o in orders),
        receipt_s=_first(since, [_receipt_at(o) for o in orders]),
        seen_s=_first(since, [o.seen_at for o in orders]),
        acknowledge_s=_first(since, [_yes_at(o) for o in orders]),
        moving_s=_first(since, [o.moving_at for o in orders]),
        decline_s=_first(since, [o.declined_at for o in orders]),
    )


def _task(facts: DrillFacts, task: TaskFact) -> TaskScore:
    quorum_at = _task_quorum_at(facts, task) if task.needs else None
    return TaskScore(
        task=task.id,
        slug=task.slug,
        asked=sum(order.task_id == task.id for order in facts.orders),
        acknowledge_s=_since(task.created_at, task.answered_at),
        done_s=_since(task.created_at, task.done_at),
        quorum_s=_since(task.created_at, quorum_at),
        steps=task.steps,
        confirmed=task.confirmed,
    )


def _receipt_at(order: OrderFact) -> datetime | None:
    """The first word of the person's device, whatever it was."""
    return _earliest([order.received_at, order.seen_at, order.acknowledged_at, order.moving_at, order.declined_at])


def _yes_at(order: OrderFact) -> datetime | None:
    return _earliest([order.acknowledged_at, order.moving_at])


def _person_of(order: OrderFact) -> UUID:
    return order.account_id


def _by_person(order: OrderFact) -> tuple[UUID, datetime, UUID]:
    return (order.account_id, order.queued_at, order.task_id)


def _earliest(times: Iterable[datetime | None]) -> datetime | None:
    return min((at for at in times if at is not None), default=None)


def _first(since: datetime, times: Iterable[datetime | None]) -> float | None:
    return _since(since, _earliest(times))


def _since(since: datetime, at: datetime | None) -> float | None:
    return None if at is None else max((at - since).total_seconds(), 0.0)


def _worst(times: Iterable[float | None]) -> float | None:
    return max((took_s for took_s in times if took_s is not None), default=None)
