"""Hazards of a site: drawn, ended, read, shown on a map."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Deps, IdempotencyKey, Write, write_call
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, Search, page, read_time_cursor, time_key
from geo.hazards.model import Concentration, Hazard
from incidents.hazards import forecast_service, service
from incidents.hazards.checks import AreaDraft
from incidents.hazards.features import features_at
from incidents.hazards.forecast_service import ForecastDraft, Inside
from incidents.hazards.forecasting import Outdoors, Release
from incidents.hazards.model import StoredHazard
from incidents.hazards.service import HazardDraft, Prepared
from mobile_contract.hazards import (
    AirView,
    ForecastView,
    HazardAreaDraft,
    HazardDetail,
    HazardEdit,
    HazardEnd,
    HazardFeatures,
    HazardRecord,
    HazardSliceArea,
    HazardSliceView,
    HazardSourceName,
    NewForecast,
    NewHazard,
)
from mobile_contract.paging import Page
from people.permissions import Permission


@post("/v1/sites/{site_id:uuid}/hazards", guards=[needs(Permission.LEAD_INCIDENT)])
async def draw_hazard(
    data: JSONBody[NewHazard],
    request: Request[Any, Any, Any],
    deps: Deps,
    site_id: FromPath[UUID],
    idempotency_key: IdempotencyKey = None,
) -> Response[HazardRecord]:
    """Draw a hazard: nobody is sent through what is banned, and others are led around what is slow.

    Refused, with the field named, where it is not a sound polygon, on a level that the site does not have, or more than
    5 km off the site.
    """
    draft = HazardDraft(
        areas=_areas(data.areas), name=data.name, agent=data.agent, incident_id=data.incident, minutes=data.minutes
    )
    found = await service.prepare_drawn(deps.db, request.user, site_id, draft)
    return await state_prepared(request, deps, site_id, found, idempotency_key)


async def state_prepared(
    request: Request[Any, Any, Any], deps: Deps, site_id: UUID, found: Prepared, idempotency_key: str | None
) -> Response[HazardRecord]:
    """State what was prepared, once."""
    async with deps.db.transaction(request.user.tenant_id) as tx:
        write = await write_call(request, tx, idempotency_key)

        async def work() -> HazardRecord:
            return hazard_record(await service.state(tx, request.user, site_id, found))

        return await write.once(work, headers=lambda it: etag(it.version))


@get("/v1/sites/{site_id:uuid}/hazards", guards=[needs(Permission.READ_INCIDENTS)])
async def list_hazards(
    call: Call,
    site_id: FromPath[UUID],
    standing: Annotated[bool | None, QueryParameter(description="Those that stand, or those that are over.")] = None,
    incident: Annotated[UUID | None, QueryParameter(description="Of this incident.")] = None,
    source: Annotated[HazardSourceName | None, QueryParameter(description="Drawn, grown or forecast.")] = None,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[HazardRecord]:
    """Hazards of a site, newest first."""
    rows = await service.list_hazards(
        call.tx,
        call.actor,
        site_id,
        standing=standing,
        incident_id=incident,
        source=source,
        search=q,
        before=read_time_cursor(cursor),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda it: time_key(it.created_at, it.id), view=hazard_record)


@get("/v1/sites/{site_id:uuid}/hazards/features", guards=[needs(Permission.READ_INCIDENTS)])
async def get_hazard_features(
    call: Call,
    site_id: FromPath[UUID],
    level: Annotated[int | None, QueryParameter(ge=-100, le=200, description="Floor; 0 is the ground.")] = None,
    at: Annotated[datetime | None, QueryParameter(description="At this moment, forecast or past; now.")] = None,
    exercise: Annotated[bool, QueryParameter(description="Those of drills too.")] = False,
) -> HazardFeatures:
    """What stands at a moment as GeoJSON, of one level or all, to draw on a map."""
    moment, found = await service.list_at(call.tx, call.actor, site_id, at, exercise=exercise)
    features, left_out = await asyncio.to_thread(features_at, found, moment, level)
    return HazardFeatures(at=moment, features=features, left_out=left_out)


@get("/v1/sites/{site_id:uuid}/hazards/{hazard_id:uuid}", guards=[needs(Permission.READ_INCIDENTS)])
async def get_hazard(call: Call, site_id: FromPath[UUID], hazard_id: FromPath[UUID]) -> Response[HazardDetail]:
    """One hazard with every slice of it; its ETag is what an edit names."""
    row, hazard = await service.open_hazard(call.tx, call.actor, site_id, hazard_id)
    detail = HazardDetail(hazard_record(row), slice_views(row.stated_at, hazard))
    return Response(detail, headers=etag(row.version))


@patch("/v1/sites/{site_id:uuid}/hazards/{hazard_id:uuid}", guards=[needs(Permission.LEAD_INCIDENT)])
async def edit_hazard(
    data: JSONBody[HazardEdit],
    request: Request[Any, Any, Any],
    deps: Deps,
    site_id: FromPath[UUID],
    hazard_id: FromPath[UUID],
    if_match: IfMatch = None,
) -> Response[HazardRecord]:
    """Draw a drawn hazard anew, whole: it holds as it is sent, from now on."""
    version = expected_version(if_match)
    draft = HazardDraft(areas=_areas(data.areas), name=data.name, agent=data.agent, minutes=data.minutes)
    found = await service.prepare_drawn(deps.db, request.user, site_id, draft, hazard_id=hazard_id)
    async with deps.db.transaction(request.user.tenant_id) as tx:
        row = await service.edit_drawn(tx, request.user, site_id, found, expected_version=version)
        return Response(hazard_record(row), headers=etag(row.version))


@post(
    "/v1/sites/{site_id:uuid}/hazards/{hazard_id:uuid}/end", status_code=200, guards=[needs(Permission.LEAD_INCIDENT)]
)
async def end_hazard(
    data: JSONBody[HazardEnd], site_id: FromPath[UUID], hazard_id: FromPath[UUID], write: Write
) -> Response[HazardRecord]:
    """Say that a hazard is over; twice is one end. While its alarm stands that is for safety officers."""

    async def work() -> HazardRecord:
        return hazard_record(await service.end(write.tx, write.actor, site_id, hazard_id, data.reason))

    return await write.once(work, status=200, headers=lambda it: etag(it.version))


@post("/v1/sites/{site_id:uuid}/hazards/forecasts", guards=[needs(Permission.LEAD_INCIDENT)])
async def forecast_hazard(
    data: JSONBody[NewForecast],
    request: Request[Any, Any, Any],
    deps: Deps,
    site_id: FromPath[UUID],
    idempotency_key: IdempotencyKey = None,
) -> Response[ForecastView]:
    """Reckon where a leak goes, downwind or through the rooms of the plan, and state it as a hazard, or show it alone.

    The second level of the agent's limits (the plant's, else the library's) is banned, the first is slowed. A forecast
    leads people around; it moves no machine. Where no air is over a limit there is nothing to state: 409.
    """
    draft = _forecast(data)
    found, hazard = await forecast_service.prepare_forecast(deps.db, request.user, site_id, draft)
    if data.dry_run:
        slices = slice_views(found.shown.stated_at, hazard)
        return Response(ForecastView(stated=None, facts=found.facts, view=found.shown, slices=slices), status_code=200)
    forecast_service.check_somewhere(hazard)
    async with deps.db.transaction(request.user.tenant_id) as tx:
        write = await write_call(request, tx, idempotency_key)

        async def work() -> ForecastView:
            row = await service.state(tx, request.user, site_id, found)
            return ForecastView(stated=hazard_record(row), facts=row.facts, view=row.shown, slices=[])

        return await write.once(work, headers=lambda it: etag(it.view.version))


def _forecast(data: NewForecast) -> ForecastDraft:
    outside, inside = data.outdoors, data.indoors
    return ForecastDraft(
        release=Release(agent=data.agent, amount=data.amount, unit=data.unit, minutes=data.minutes),
        outdoors=None
        if outside is None
        else Outdoors(
            at=outside.at,
            height_m=outside.height_m,
            wind_from_deg=outside.wind.from_deg,
            wind_m_s=outside.wind.speed_m_s,
            wind_source=outside.wind.source,
            stability=outside.stability,
            sky=outside.sky,
            levels=outside.levels,
        ),
        inside=None
        if inside is None
        else Inside(
            room=inside.room,
            zone_id=inside.zone,
            air_changes_h=inside.air_changes_h,
            leaks_minutes=inside.leaks_minutes,
        ),
        name=data.name,
        incident_id=data.incident,
    )


def _areas(drawn: Sequence[HazardAreaDraft]) -> list[AreaDraft]:
    return [
        AreaDraft(
            polygon={"type": it.polygon.type, "coordinates": it.polygon.coordinates},
            levels=it.levels,
            factor=it.factor,
            air=[Concentration(air.agent, air.value, air.unit) for air in it.air],
        )
        for it in drawn
    ]


def hazard_record(it: StoredHazard) -> HazardRecord:
    """A hazard as the wire shows it."""
    return HazardRecord(
        id=it.id,
        site=it.site_id,
        incident=it.incident_id,
        alarm=it.alarm_id,
        source=it.source,
        name=it.name,
        agent=it.agent,
        facts=it.facts,
        view=it.shown,
        stated_at=it.stated_at,
        ends_at=it.ends_at,
        ended_at=it.ended_at,
        ended_by=it.ended_by,
        end_reason=it.end_reason,
        exercise=it.exercise,
        version=it.version,
        created_by=it.created_by,
        created_at=it.created_at,
    )


def slice_views(stated_at: datetime, hazard: Hazard) -> list[HazardSliceView]:
    """The slices with the moments they begin at."""
    return [
        HazardSliceView(
            from_=stated_at + timedelta(milliseconds=it.start_ms),
            areas=[
                HazardSliceArea(
                    polygon=area.polygon,
                    levels=area.levels,
                    factor=area.factor,
                    air=[AirView(air.agent, air.value, air.unit) for air in area.air],
                )
                for area in it.areas
            ],
        )
        for it in hazard.slices
    ]


router = Router(
    "/",
    route_handlers=[
        draw_hazard,
        list_hazards,
        get_hazard_features,
        get_hazard,
        edit_hazard,
        end_hazard,
        forecast_hazard,
    ],
    tags=["hazards"],
)
