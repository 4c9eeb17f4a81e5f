"""Use cases of objectives and resources, and the board that shows how an incident stands."""

from __future__ import annotations

from uuid import UUID

import msgspec

from core.database import Tx
from core.errors import Conflict, Invalid, NotFound
from core.ids import new_id
from incidents import queries as incident_queries
from incidents import rooms
from incidents.leading import queries
from incidents.leading.commander import Commander, find_commander, require_lead
from incidents.leading.model import (
    Briefing,
    Handover,
    Objective,
    ObjectiveState,
    Resource,
    ResourceKind,
    ResourceState,
)
from incidents.leading.views import objective_view, resource_view
from incidents.record import timeline
from incidents.roll_call import queries as roll_call_queries
from incidents.roll_call.model import RollCall
from incidents.service import require_open
from incidents.tasking import task_queries
from mobile_contract.room_events import ObjectiveChanged, ResourceChanged
from people.actor import Actor
from people.permissions import Permission
from people.service import check_version

# An incident has a handful of objectives; with more nobody knows what comes first.
OBJECTIVES_MAX = 20
RESOURCES_MAX = 500
ROLL_CALLS_SHOWN = 10


class Board(msgspec.Struct, frozen=True):
    """How an incident stands at a glance."""

    commander: Commander | None
    offer: Handover | None
    standing: Briefing
    objectives: list[Objective]
    resources: list[Resource]
    roll_calls: list[RollCall]


async def get_board(tx: Tx, actor: Actor, incident_id: UUID) -> Board:
    """The board of an incident; raises NotFound."""
    actor.require(Permission.READ_INCIDENTS)
    await incident_queries.get_incident(tx, actor.tenant_id, incident_id)
    offer = await queries.find_offer(tx, actor.tenant_id, incident_id)
    return Board(
        await find_commander(tx, actor.tenant_id, incident_id),
        None if offer is None or offer.expired(tx.now) else offer,
        await queries.load_briefing(tx, actor.tenant_id, incident_id),
        await queries.list_objectives(tx, actor.tenant_id, incident_id),
        await queries.list_resources(tx, actor.tenant_id, incident_id),
        await roll_call_queries.list_calls(tx, actor.tenant_id, incident_id=incident_id, limit=ROLL_CALLS_SHOWN),
    )


async def set_objective(tx: Tx, actor: Actor, incident_id: UUID, text: str) -> Objective:
    """Set an objective: the commander, or a safety officer."""
    await _require_lead(tx, actor, incident_id)
    if len(await queries.list_objectives(tx, actor.tenant_id, incident_id)) >= OBJECTIVES_MAX:
        raise _too_many("objective", OBJECTIVES_MAX)
    made = await queries.insert_objective(tx, actor.tenant_id, new_id(), incident_id, text, actor.account_id)
    await _tell_objective(tx, actor, made, "objective.set")
    return made


async def change_objective(
    tx: Tx, actor: Actor, objective_id: UUID, *, text: str | None, state: ObjectiveState | None, expected_version: int
) -> Objective:
    """Reword an objective, or say that it is met or dropped."""
    found = await _lock_objective(tx, actor, objective_id)
    check_version(found.version, expected_version)
    state = state or found.state
    changed = msgspec.structs.replace(
        found,
        text=text or found.text,
        state=state,
        ended_at=None if state == "open" else found.ended_at or tx.now,
        version=found.version + 1,
    )
    await queries.save_objective(tx, actor.tenant_id, changed)
    await _tell_objective(tx, actor, changed, "objective.changed")
    return changed


class ResourceDraft(msgspec.Struct, frozen=True):
    """Somebody or something to note for an incident."""

    kind: ResourceKind
    name: str
    account_id: UUID | None = None
    task_id: UUID | None = None
    state: ResourceState = "requested"
    note: str = ""


async def add_resource(tx: Tx, actor: Actor, incident_id: UUID, draft: ResourceDraft) -> Resource:
    """Note somebody or something that is asked for or there; a person joins the room."""
    await _require_lead(tx, actor, incident_id)
    if len(await queries.list_resources(tx, actor.tenant_id, incident_id)) >= RESOURCES_MAX:
        raise _too_many("resource", RESOURCES_MAX)
    if (draft.kind == "person") != (draft.account_id is not None):
        raise Invalid(
            "resource.account",
            "a person is named by their account, and nothing else is",
            "人员须指明账号,其他资源不得指明账号",
            field="account",
            value=draft.kind,
        )
    await _check_task(tx, actor, incident_id, draft.task_id)
    name = draft.name.strip()
    if draft.account_id is not None:
        person = await queries.find_person(tx, actor.tenant_id, draft.account_id)
        if person is None:
            value = draft.account_id
            raise NotFound("account.not_found", "there is no such account", "没有此账号", field="account", value=value)
        name = person[0]
        room_id = await rooms.room_id_of(tx, actor.tenant_id, incident_id)
        await rooms.add_member(tx, actor.tenant_id, room_id, draft.account_id)
    elif not name:
        raise Invalid("resource.name", "what is it called?", "请填写资源名称", field="name", value="")
    made = Resource(
        actor.tenant_id,
        new_id(),
        incident_id,
        draft.kind,
        name,
        draft.account_id,
        draft.task_id,
        draft.state,
        draft.note,
        actor.account_id,
        tx.now,
        1,
    )
    await queries.insert_resource(tx, actor.tenant_id, made)
    await _tell_resource(tx, actor, made, "resource.added")
    return made


async def change_resource(
    tx: Tx,
    actor: Actor,
    resource_id: UUID,
    *,
    state: ResourceState | None,
    task_id: UUID | None,
    note: str | None,
    expected_version: int,
) -> Resource:
    """Say that a resource is assigned, on scene or released, and to what."""
    found = await _lock_resource(tx, actor, resource_id)
    check_version(found.version, expected_version)
    await _check_task(tx, actor, found.incident_id, task_id)
    changed = msgspec.structs.replace(
        found,
        state=state or found.state,
        task_id=task_id or found.task_id,
        note=found.note if note is None else note,
        by_account=actor.account_id,
        changed_at=tx.now,
        version=found.version + 1,
    )
    await queries.save_resource(tx, actor.tenant_id, changed)
    await _tell_resource(tx, actor, changed, "resource.changed")
    return changed


async def _check_task(tx: Tx, actor: Actor, incident_id: UUID, task_id: UUID | None) -> None:
    if task_id is None:
        return
    task = await task_queries.get_task(tx, actor.tenant_id, task_id)
    if task.incident_id != incident_id:
        raise NotFound("task.not_found", f"no task {task_id}", f"没有任务 {task_id}", field="task", value=task_id)


async def _require_lead(tx: Tx, actor: Actor, incident_id: UUID) -> None:
    """The incident, locked and not closed, led by the actor or managed by them."""
    require_open(await incident_queries.lock_incident(tx, actor.tenant_id, incident_id))
    await require_lead(tx, actor, incident_id)


async def _lock_objective(tx: Tx, actor: Actor, objective_id: UUID) -> Objective:
    """The objective behind its incident, which is locked, led and not closed."""

    async def find() -> Objective:
        found = await queries.find_objective(tx, actor.tenant_id, objective_id)
        if found is None:
            raise NotFound("objective.not_found", "no such objective", "没有此目标", field="id", value=objective_id)
        return found

    found, incident = await incident_queries.lock_behind_incident(tx, actor.tenant_id, find)
    require_open(incident)
    await require_lead(tx, actor, incident.id)
    return found


async def _lock_resource(tx: Tx, actor: Actor, resource_id: UUID) -> Resource:
    async def find() -> Resource:
        found = await queries.find_resource(tx, actor.tenant_id, resource_id)
        if found is None:
            raise NotFound("resource.not_found", "no such resource", "没有此资源", field="id", value=resource_id)
        return found

    found, incident = await incident_queries.lock_behind_incident(tx, actor.tenant_id, find)
    require_open(incident)
    await require_lead(tx, actor, incident.id)
    return found


async def _tell_objective(tx: Tx, actor: Actor, objective: Objective, kind: str) -> None:
    body = ObjectiveChanged(objective_view(objective))
    await rooms.append_to_incident(tx, actor.tenant_id, objective.incident_id, body, by=actor.account_id)
    facts = {"objective": objective.id, "text": objective.text, "state": objective.state}
    await timeline.append(tx, actor.tenant_id, objective.incident_id, kind, facts, by=actor.account_id)


async def _tell_resource(tx: Tx, actor: Actor, resource: Resource, kind: str) -> None:
    body = ResourceChanged(resource_view(resource))
    await rooms.append_to_incident(tx, actor.tenant_id, resource.incident_id, body, by=actor.account_id)
    facts = {"resource": resource.id, "name": resource.name, "state": resource.state, "task": resource.task_id}
    await timeline.append(tx, actor.tenant_id, resource.incident_id, kind, facts, by=actor.account_id)


def _too_many(what: str, most: int) -> Conflict:
    return Conflict(
        f"{what}.too_many",
        f"an incident has at most {most} of these",
        f"每个事件最多 {most} 个",
        field="incident",
        limit=most,
    )
