"""Use cases of hazards that people state, and what is read of all of them.

What checks a drawing works before the transaction that writes it, off the loop. Locks: the incident, then the hazard.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from core.database import Database, Tx
from core.errors import Conflict, Forbidden, Invalid
from core.ids import new_id
from geo.hazards.model import Hazard, HazardSource
from incidents import queries as incident_queries
from incidents.alarms.agents import name_of
from incidents.hazards import queries, stating
from incidents.hazards.checks import AreaDraft, drawn_hazard
from incidents.hazards.model import Ground, StandingHazard, StoredHazard
from incidents.hazards.stored import pack, unpack
from incidents.hazards.views import restamped, view_of
from incidents.incident import Incident
from incidents.service import check_reason, require_open
from incidents.sos import queries as sos_queries
from mobile_contract.room_views import HazardView
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Permission
from plant import queries as plant_queries
from plant.place_service import check_version

# A week, which is as far as offsets go; who needs it longer states it anew.
HOLDS_MAX_MINUTES = 7 * 24 * 60
# Of a site: nobody keeps an eye on more that people stated and forgot.
STATED_MAX = 200


class HazardDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A hazard as a person draws it. ``minutes``: it is over by itself then; None: when somebody ends it, or its
    incident is closed."""

    areas: list[AreaDraft]
    name: Text | None = None
    agent: str | None = None
    incident_id: UUID | None = None
    minutes: int | None = None


class Bare(msgspec.Struct, frozen=True, kw_only=True):
    """A hazard to state, without where it is; ``facts``: what it was made from."""

    id: UUID
    source: HazardSource
    name: Text
    agent: str | None
    incident_id: UUID | None
    minutes: int | None
    facts: dict[str, Any]


class Prepared(Bare, frozen=True, kw_only=True):
    """The same found sound, with its body and what is shown of it in the moment it is stated."""

    shown: HazardView
    body: str


async def load_ground(db: Database, actor: Actor, site_id: UUID) -> Ground:
    """Where the site is, for whom may state a hazard there. Raises Forbidden, NotFound."""
    # Whoever leads an incident says where it is dangerous, and the first qualified person there leads.
    actor.require(Permission.LEAD_INCIDENT)
    async with db.transaction(actor.tenant_id) as tx:
        await plant_queries.get_site(tx, actor.tenant_id, site_id)
        return await queries.get_ground(tx, actor.tenant_id, site_id)


async def prepare_drawn(
    db: Database, actor: Actor, site_id: UUID, draft: HazardDraft, *, hazard_id: UUID | None = None
) -> Prepared:
    """Check a drawing against the site as it is. Raises Forbidden, NotFound, Conflict, and Invalid naming the field."""
    ground = await load_ground(db, actor, site_id)
    check_minutes(draft.minutes)
    name = named(draft.name, draft.agent)
    own_id = hazard_id or new_id()
    made = await asyncio.to_thread(drawn_hazard, str(own_id), draft.areas, ground)
    bare = Bare(
        id=own_id,
        source="drawn",
        name=name,
        agent=draft.agent,
        incident_id=draft.incident_id,
        minutes=draft.minutes,
        facts={"drawn_by": str(actor.account_id)},
    )
    return await asyncio.to_thread(prepared, bare, made, db.clock.now())


def prepared(bare: Bare, hazard: Hazard, now: datetime) -> Prepared:
    """A sound hazard as it is stored and shown. Raises Invalid for one that is too large."""
    shown = view_of(
        bare.id,
        hazard,
        source=bare.source,
        name=bare.name,
        agent=bare.agent,
        stated_at=now,
        ends_at=None,
        version=1,
        now=now,
    )
    return Prepared(**msgspec.structs.asdict(bare), shown=shown, body=pack(hazard))


def named(name: Text | None, agent: str | None) -> Text:
    """What a hazard is called: as it was given, or after its agent. Raises Invalid where there is neither."""
    if name is not None:
        return Text(name.zh, name.en)
    if agent is None:
        raise Invalid("hazard.unnamed", "give it a name or an agent", "须给出名称或物质", field="name")
    what = name_of(agent)
    return Text(f"{what.zh}危险区", f"{what.en} hazard")


def check_minutes(minutes: int | None) -> None:
    """Raise Invalid unless a hazard may hold that long."""
    if minutes is not None and not 1 <= minutes <= HOLDS_MAX_MINUTES:
        raise Invalid(
            "hazard.minutes",
            f"a hazard holds 1 to {HOLDS_MAX_MINUTES} minutes",
            f"危险区有效时间须为 1 至 {HOLDS_MAX_MINUTES} 分钟",
            field="minutes",
            value=minutes,
            limit=HOLDS_MAX_MINUTES,
        )


async def state(tx: Tx, actor: Actor, site_id: UUID, prepared: Prepared) -> StoredHazard:
    """State what was prepared. In a drill's incident it is an exercise, like everything of it.

    Raises NotFound for an incident that is not the site's, Conflict for one that is closed, and when too many stand.
    """
    actor.require(Permission.LEAD_INCIDENT)
    incident = await _lock_open(tx, actor, site_id, prepared.incident_id)
    if await queries.count_stated(tx, actor.tenant_id, site_id) >= STATED_MAX:
        raise Conflict(
            "hazard.too_many",
            f"{STATED_MAX} hazards stand in this site: end what is over",
            f"该站点已有 {STATED_MAX} 个危险区，请先结束已解除的",
            field="site_id",
            limit=STATED_MAX,
        )
    ends_at = _ends_at(tx.now, prepared.minutes)
    shown = restamped(prepared.shown, stated_at=tx.now, ends_at=ends_at, version=1)
    made = StoredHazard(
        tenant_id=actor.tenant_id,
        id=prepared.id,
        site_id=site_id,
        incident_id=prepared.incident_id,
        alarm_id=None,
        source=prepared.source,
        name=prepared.name,
        agent=prepared.agent,
        facts=prepared.facts,
        shown=shown,
        changes_at=shown.changes_at,
        stated_at=tx.now,
        ends_at=ends_at,
        exercise=incident is not None and incident.exercise,
        version=1,
        created_by=actor.account_id,
        created_at=tx.now,
    )
    await stating.state(tx, made, prepared.body, by=actor.account_id)
    return made


async def edit_drawn(
    tx: Tx, actor: Actor, site_id: UUID, prepared: Prepared, *, expected_version: int | None
) -> StoredHazard:
    """A drawn hazard is stated anew, whole, from now on; its incident stays.

    Raises NotFound, Conflict for one that is over or was not drawn, Conflict version.changed.
    """
    actor.require(Permission.LEAD_INCIDENT)
    known = await lock_standing(tx, actor, site_id, prepared.id)
    check_version(known.version, expected_version)
    if known.source != "drawn":
        raise Conflict(
            "hazard.not_drawn",
            "only what a person drew is drawn anew; end it, or draw another",
            "仅可修改人工绘制的危险区",
            field="source",
            value=known.source,
            limit="drawn",
        )
    ends_at = _ends_at(tx.now, prepared.minutes)
    shown = restamped(prepared.shown, stated_at=tx.now, ends_at=ends_at, version=known.version + 1)
    after = replace(
        known,
        name=prepared.name,
        agent=prepared.agent,
        facts={**known.facts, **prepared.facts},
        shown=shown,
        changes_at=shown.changes_at,
        stated_at=tx.now,
        ends_at=ends_at,
        version=shown.version,
    )
    await stating.state_anew(tx, after, prepared.body, "drawn anew", by=actor.account_id)
    return after


async def end(
    tx: Tx, actor: Actor, site_id: UUID, hazard_id: UUID, reason: str, *, expected_version: int | None = None
) -> StoredHazard:
    """A person says that it is over; twice is one fact.

    What was grown from an alarm that stands is ended by who manages incidents alone: the sensor says otherwise. It is
    grown again when the reading goes on to rise, and after half an hour while the alarm stands.
    """
    actor.require(Permission.LEAD_INCIDENT)
    check_reason(reason)
    known = await _lock(tx, actor, site_id, hazard_id)
    if known.ended_at is not None:
        return known
    if expected_version is not None:
        check_version(known.version, expected_version)
    if known.source == "grown" and not actor.may(Permission.MANAGE_INCIDENT):
        raise Forbidden(
            "hazard.alarm_stands",
            "an alarm stands behind this hazard: a safety officer may end it",
            "该危险区由仍在报警的传感器生成，仅安全员可解除",
            field="hazard_id",
        )
    return await stating.end(tx, known, reason, by=actor.account_id)


async def lock_standing(tx: Tx, actor: Actor, site_id: UUID, hazard_id: UUID) -> StoredHazard:
    """A hazard that is not over, behind its incident's lock. Raises NotFound, Conflict."""
    known = await _lock(tx, actor, site_id, hazard_id)
    if known.ended_at is not None or (known.ends_at is not None and known.ends_at <= tx.now):
        raise Conflict("hazard.ended", "this hazard is over", "此危险区已解除", field="hazard_id", value=str(known.id))
    return known


async def _lock(tx: Tx, actor: Actor, site_id: UUID, hazard_id: UUID) -> StoredHazard:
    await get_hazard(tx, actor, site_id, hazard_id)
    return await lock_behind_incident(tx, actor.tenant_id, site_id, hazard_id)


async def lock_behind_incident(tx: Tx, tenant_id: UUID, site_id: UUID, hazard_id: UUID) -> StoredHazard:
    """The hazard, locked after its incident: while we waited for that, it may have moved. Raises NotFound."""
    known = await queries.get_hazard(tx, tenant_id, site_id, hazard_id)
    while known.incident_id is not None:
        incident = await incident_queries.lock_incident(tx, tenant_id, known.incident_id)
        known = await queries.get_hazard(tx, tenant_id, site_id, hazard_id)
        if known.incident_id == incident.id:
            break
    return await queries.lock_hazard(tx, tenant_id, site_id, hazard_id)


async def get_hazard(tx: Tx, actor: Actor, site_id: UUID, hazard_id: UUID) -> StoredHazard:
    """One hazard; raises NotFound, also for whose call for help its incident is."""
    actor.require(Permission.READ_INCIDENTS)
    known = await queries.get_hazard(tx, actor.tenant_id, site_id, hazard_id)
    if known.incident_id is not None and await sos_queries.called_in(
        tx, actor.tenant_id, known.incident_id, actor.account_id
    ):
        raise queries.no_hazard(hazard_id)
    return known


async def open_hazard(tx: Tx, actor: Actor, site_id: UUID, hazard_id: UUID) -> tuple[StoredHazard, Hazard]:
    """One hazard with its slices; raises NotFound."""
    known = await get_hazard(tx, actor, site_id, hazard_id)
    body = await queries.get_body(tx, actor.tenant_id, hazard_id)
    return known, await asyncio.to_thread(unpack, str(known.id), known.source, body)


async def list_hazards(
    tx: Tx,
    actor: Actor,
    site_id: UUID,
    *,
    standing: bool | None,
    incident_id: UUID | None,
    source: HazardSource | None,
    search: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[StoredHazard]:
    """A page of a site's hazards, newest first. Raises NotFound for the site, and for an incident that is not there."""
    actor.require(Permission.READ_INCIDENTS)
    await plant_queries.get_site(tx, actor.tenant_id, site_id)
    if incident_id is not None:
        await incident_queries.get_incident(tx, actor.tenant_id, incident_id)
    return await queries.list_hazards(
        tx,
        actor.tenant_id,
        site_id,
        standing=standing,
        incident_id=incident_id,
        source=source,
        search=search,
        not_called_by=actor.account_id,
        before=before,
        limit=limit,
    )


async def list_at(
    tx: Tx, actor: Actor, site_id: UUID, at: datetime | None, *, exercise: bool
) -> tuple[datetime, list[StandingHazard]]:
    """What stood at a moment (None: now) in a site, for a map; raises NotFound for the site."""
    actor.require(Permission.READ_INCIDENTS)
    await plant_queries.get_site(tx, actor.tenant_id, site_id)
    moment = at or tx.now
    found = await queries.list_at(
        tx, actor.tenant_id, site_id, moment, exercise=exercise, not_called_by=actor.account_id
    )
    return moment, found


async def _lock_open(tx: Tx, actor: Actor, site_id: UUID, incident_id: UUID | None) -> Incident | None:
    if incident_id is None:
        return None
    incident = await incident_queries.lock_incident(tx, actor.tenant_id, incident_id)
    if incident.site_id != site_id or await sos_queries.called_in(tx, actor.tenant_id, incident_id, actor.account_id):
        raise incident_queries.no_incident(incident_id)
    require_open(incident)
    return incident


def _ends_at(now: datetime, minutes: int | None) -> datetime | None:
    return None if minutes is None else now + timedelta(minutes=minutes)
