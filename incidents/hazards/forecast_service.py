"""Use cases of forecasts: all is read, reckoned off the loop with no transaction open, and then stated or shown."""

from __future__ import annotations

import asyncio
from uuid import UUID

import msgspec

from core.database import Database, Tx
from core.errors import Conflict, Invalid, NotFound
from core.ids import new_id
from geo.hazards.footprints import place
from geo.hazards.model import Hazard
from geo.places.model import Plan
from incidents.alarms.agents import name_of
from incidents.hazards import watch_queries
from incidents.hazards.checks import projection_of
from incidents.hazards.concern import Concern, concerns
from incidents.hazards.forecast_queries import list_limits
from incidents.hazards.forecasting import Forecast, Indoors, Outdoors, Release, indoors, nowhere, outdoors
from incidents.hazards.model import Ground
from incidents.hazards.service import Bare, Prepared, load_ground, prepared
from mobile_contract.text import Text
from people.actor import Actor
from plant import queries as plant_queries

_DECODER = msgspec.json.Decoder(Plan)


class Inside(msgspec.Struct, frozen=True, kw_only=True):
    """A leak indoors as it is asked for: in a room of the plan, or in a zone."""

    room: str | None
    zone_id: UUID | None
    air_changes_h: float
    leaks_minutes: int | None


class ForecastDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A forecast as it is asked for: outdoors or inside, one of them."""

    release: Release
    outdoors: Outdoors | None
    inside: Inside | None
    name: Text | None
    incident_id: UUID | None


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    limits: list[Concern]
    ground: Ground
    plan: str | None
    indoors: Indoors | None


async def prepare_forecast(db: Database, actor: Actor, site_id: UUID, draft: ForecastDraft) -> tuple[Prepared, Hazard]:
    """The forecast, ready to be stated. Raises Forbidden, NotFound, Conflict, and Invalid naming the field."""
    ground = await load_ground(db, actor, site_id)
    if (draft.outdoors is None) == (draft.inside is None):
        raise Invalid(
            "hazard.where", "it leaks outdoors or indoors: one of them", "须为室外或室内之一", field="outdoors"
        )
    async with db.transaction(actor.tenant_id) as tx:
        read = await _load(tx, actor.tenant_id, site_id, draft, ground)
    own_id = new_id()
    made = await asyncio.to_thread(_reckon, str(own_id), draft, read)
    what = name_of(draft.release.agent)
    bare = Bare(
        id=own_id,
        source="forecast",
        name=draft.name or Text(f"{what.zh}扩散预测", f"{what.en} forecast"),
        agent=draft.release.agent,
        incident_id=draft.incident_id,
        minutes=draft.release.minutes,
        facts=made.facts,
    )
    return await asyncio.to_thread(prepared, bare, made.hazard, db.clock.now()), made.hazard


def check_somewhere(hazard: Hazard) -> None:
    """Raise Conflict for a forecast in which no air is over a limit: there is nothing to state."""
    if nowhere(hazard):
        raise Conflict(
            "hazard.nowhere",
            "by this forecast no air is over a limit: there is nothing to keep away from",
            "按此预测，各处浓度均未超过限值",
            field="amount",
        )


async def _load(tx: Tx, tenant_id: UUID, site_id: UUID, draft: ForecastDraft, ground: Ground) -> _Read:
    limits = concerns(draft.release.agent, await list_limits(tx, tenant_id, site_id, draft.release.agent))
    if draft.inside is None:
        return _Read(limits=limits, ground=ground, plan=None, indoors=None)
    where = await _inside(tx, tenant_id, site_id, draft.inside)
    plan_id = await watch_queries.find_plan(tx, tenant_id, site_id)
    if plan_id is None:
        raise Conflict(
            "hazard.no_plan",
            "indoors it goes from room to room, and the site has no plan in force",
            "室内预测需要已发布的平面图",
            field="indoors",
        )
    text = await watch_queries.get_plan_text(tx, tenant_id, plan_id)
    return _Read(limits=limits, ground=ground, plan=text, indoors=where)


async def _inside(tx: Tx, tenant_id: UUID, site_id: UUID, it: Inside) -> Indoors:
    if (it.room is None) == (it.zone_id is None):
        raise Invalid(
            "hazard.where", "it leaks in a room or in a zone: name one", "须指明房间或区域之一", field="indoors.room"
        )
    if it.zone_id is None:
        return Indoors(room=it.room, air_changes_h=it.air_changes_h, leaks_minutes=it.leaks_minutes)
    zone = await plant_queries.get_zone(tx, tenant_id, it.zone_id)
    if zone.site_id != site_id:
        raise NotFound("zone.not_found", f"no zone {it.zone_id}", f"没有区域 {it.zone_id}", field="indoors.zone")
    return Indoors(zone=zone.polygon, floor=zone.level, air_changes_h=it.air_changes_h, leaks_minutes=it.leaks_minutes)


def _reckon(hazard_id: str, draft: ForecastDraft, read: _Read) -> Forecast:
    if draft.outdoors is not None:
        made = outdoors(hazard_id, draft.release, draft.outdoors, read.limits, read.ground)
    else:
        assert read.indoors is not None
        assert read.plan is not None
        made = indoors(hazard_id, draft.release, read.indoors, read.limits, _DECODER.decode(read.plan))
    # What is stored is sound, whoever made it.
    levels = {level for it in made.hazard.slices for area in it.areas for level in area.levels}
    place(made.hazard, projection_of(read.ground), levels)
    return made
