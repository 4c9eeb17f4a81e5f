"""The two tasks of a roll call: everyone out, and the search for those who are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import msgspec

from core.database import Tx
from core.ids import new_id
from incidents import queries, rooms, views
from incidents.incident import Incident, Task
from incidents.reaching import orders
from incidents.reaching.orders import OrderContent
from incidents.record import timeline
from incidents.roll_call.model import AssemblyPoint, RollCall
from incidents.tasking import escalation, escalation_queries, task_queries
from incidents.tasking.asked import escalation_view, new_escalation
from mobile_contract.room_events import EscalationChanged, TaskAssigned, TaskChanged
from mobile_contract.room_views import Step
from mobile_contract.text import Text

PLAN = "roll-call"
# A building is left within minutes: NFPA 101 and GB 50016 size exits for two to six minutes for an open floor.
OUT_WITHIN = timedelta(minutes=6)
# A pair searches a floor in about a quarter of an hour; then somebody asks them.
SEARCH_WITHIN = timedelta(minutes=15)


class Named(Protocol):
    """What people are sent to."""

    @property
    def name(self) -> Text:
        """What it is called."""
        ...


def evacuation_steps(place: Text, points: Sequence[Named]) -> list[Step]:
    """What everyone is told; short, because it is read while walking."""
    names_zh = "或".join(p.name.zh for p in points) or "集合点"
    names_en = " or ".join(p.name.en for p in points) or "the assembly point"
    texts = (
        Text(f"立即离开{place.zh}，不乘电梯，不取物品", f"Leave {place.en} now; no lift, take nothing with you"),
        Text(f"到{names_zh}集合", f"Go to {names_en}"),
        Text("在手机上报告“安全”或“需要帮助”", "Report on your phone: safe, or need help"),
        Text("未经指挥许可不得返回", "Do not go back before the commander allows it"),
    )
    return [Step(n, text) for n, text in enumerate(texts, start=1)]


async def give_evacuation(
    tx: Tx, incident: Incident, place: Text, points: Sequence[AssemblyPoint], steps_to: Sequence[Step] = ()
) -> Task:
    """The task everybody is ordered by; it is nobody's own and nobody is asked in another's place."""
    steps = list(steps_to) or evacuation_steps(place, points)
    task = _task(tx, incident, await _next_position(tx, incident), _evacuate(place), steps, tx.now + OUT_WITHIN)
    task = msgspec.structs.replace(task, role="everyone", slug="evacuate", state="acknowledged")
    await queries.insert_task(tx, incident.tenant_id, task)
    # Over before it begins: an answer, or none, sends nobody else.
    nobody_else = msgspec.structs.replace(new_escalation(tx, task, {}), state="cancelled")
    await escalation_queries.insert_escalation(tx, nobody_else)
    view = EscalationChanged(escalation_view(nobody_else))
    await rooms.append_to_incident(tx, incident.tenant_id, incident.id, view)
    await _tell(tx, incident, task)
    return task


async def order_out(tx: Tx, incident: Incident, task: Task, place: Text, account_id: UUID) -> None:
    """Order one person out; twice is once."""
    content = _content(incident, task, place)
    await orders.queue_order(tx, incident.tenant_id, task.id, account_id, content)


def _content(incident: Incident, task: Task, place: Text) -> OrderContent:
    return OrderContent(
        grade=incident.grade,
        title=task.title,
        place=place,
        agent=incident.agent,
        steps=task.steps,
        deadline_at=task.deadline_at,
        exercise=incident.exercise,
    )


async def give_search(tx: Tx, incident: Incident, call: RollCall, steps: list[Step]) -> Task:
    """Send somebody to look for those who are missing; who is asked, and who next, is escalation's."""
    title = Text(f"搜寻失踪人员：{call.place.zh}", f"Search for the missing: {call.place.en}")
    task = _task(tx, incident, await _next_position(tx, incident), title, steps, tx.now + SEARCH_WITHIN)
    task = msgspec.structs.replace(task, slug="search")
    task = await escalation.start(tx, task, _content(incident, task, call.place))
    await _tell(tx, incident, task)
    return task


UPDATE_PLACE = """
UPDATE tasks SET title = $3, steps = $4 WHERE tenant_id = $1 AND id = $2 AND state = 'acknowledged'
"""


async def widen_evacuation(tx: Tx, incident: Incident, task_id: UUID, place: Text, points: Sequence[Named]) -> None:
    """Whoever is ordered from now on is told the wider place: the old one alone would not send them out."""
    task = await task_queries.lock_task(tx, incident.tenant_id, task_id)
    task = msgspec.structs.replace(task, title=_evacuate(place), steps=evacuation_steps(place, points))
    if await tx.execute(UPDATE_PLACE, incident.tenant_id, task_id, task.title, task.steps):
        await rooms.append_to_incident(tx, incident.tenant_id, incident.id, TaskChanged(views.task_view(task)))


def _evacuate(place: Text) -> Text:
    return Text(f"疏散：{place.zh}", f"Evacuate: {place.en}")


UPDATE_STEPS = """
UPDATE tasks SET steps = $3 WHERE tenant_id = $1 AND id = $2 AND state IN ('open', 'acknowledged', 'unanswered')
"""


async def change_search(tx: Tx, incident: Incident, task: Task, steps: list[Step]) -> None:
    """Those to look for have changed: the locked task says so to whoever has it; one that is over stays as it was."""
    if task.steps == steps or not await tx.execute(UPDATE_STEPS, incident.tenant_id, task.id, steps):
        return
    body = TaskChanged(views.task_view(msgspec.structs.replace(task, steps=steps)))
    await rooms.append_to_incident(tx, incident.tenant_id, incident.id, body)


async def zone_names(tx: Tx, tenant_id: UUID, zone_ids: Sequence[UUID]) -> Mapping[UUID, Text]:
    """Names of zones, for steps."""
    rows = await tx.fetch(ZONE_NAMES, tenant_id, list(zone_ids))
    return {row["id"]: msgspec.convert(row["name"], Text) for row in rows}


ZONE_NAMES = "SELECT id, name FROM zones WHERE tenant_id = $1 AND id = ANY ($2::uuid[])"


async def _next_position(tx: Tx, incident: Incident) -> int:
    return len(await queries.list_tasks(tx, incident.tenant_id, incident.id)) + 1


def _task(tx: Tx, incident: Incident, position: int, title: Text, steps: list[Step], deadline: datetime) -> Task:
    return Task(
        tenant_id=incident.tenant_id,
        id=new_id(),
        incident_id=incident.id,
        position=position,
        role="responder",
        title=title,
        steps=steps,
        plan_template=PLAN,
        plan_version=1,
        owner_account_id=None,
        state="open",
        fencing=1,
        deadline_at=deadline,
        created_at=tx.now,
    )


async def _tell(tx: Tx, incident: Incident, task: Task) -> None:
    facts = {"task": task.id, "title": task.title, "to": task.owner_account_id, "deadline": task.deadline_at}
    await timeline.append(tx, incident.tenant_id, incident.id, "task.assigned", facts)
    await rooms.append_to_incident(tx, incident.tenant_id, incident.id, TaskAssigned(views.task_view(task)))
