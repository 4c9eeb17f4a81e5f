"""Safety equipment: listed, found on a map, looked after, taken and put back, imported."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.bearer import needs
from api.body import RawBody, check_media_type
from api.call import Call, Deps, IdempotencyKey, ReadCall, Write, write_call
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, Search, page, read_cursor, read_time_cursor, time_key
from api.people_import import problem_view
from mobile_contract.equipment import (
    EquipmentEdit,
    EquipmentFeatures,
    EquipmentImportView,
    EquipmentKindName,
    EquipmentKinds,
    EquipmentStateName,
    EquipmentStepView,
    EquipmentView,
    KindStockView,
    MovementView,
    NewEquipment,
    OutOfService,
    StockMovement,
)
from mobile_contract.paging import Page
from mobile_contract.people_import import ChangeView
from people.permissions import Permission
from plant.reading_series import check_time
from resources.equipment import import_service, service
from resources.equipment.features import features_of
from resources.equipment.import_plan import ImportPlan
from resources.equipment.import_service import Upload
from resources.equipment.model import Equipment, EquipmentChange, EquipmentDraft, Movement
from resources.equipment.queries import After, Filter
from resources.equipment.standing import is_inspection_overdue, unfit

_CSV = ("text/csv",)
_Level = Annotated[int | None, QueryParameter(ge=-100, le=200, description="Floor; 0 is the ground.")]


@get("/v1/sites/{site_id:uuid}/equipment", guards=[needs(Permission.READ_PLANT)])
async def list_equipment(
    call: Call,
    site_id: FromPath[UUID],
    kind: FromQuery[EquipmentKindName | None] = None,
    in_state: Annotated[EquipmentStateName | None, QueryParameter(name="state")] = None,
    zone: FromQuery[UUID | None] = None,
    level: _Level = None,
    expired_before: Annotated[datetime | None, QueryParameter(description="Of what expires before then.")] = None,
    usable: Annotated[bool | None, QueryParameter(description="Whether it could be used now.")] = None,
    retired: Annotated[bool, QueryParameter(description="What is gone instead of what is in use.")] = False,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[EquipmentView]:
    """A site's equipment by slug."""
    if expired_before is not None:
        check_time("expired_before", expired_before)
    wanted = Filter(
        kind=kind,
        state=in_state,
        zone_id=zone,
        level=level,
        expires_before=expired_before,
        usable=usable,
        retired=retired,
        search=q,
    )
    after = read_cursor(cursor, After, After())
    rows = await service.list_equipment(call.tx, call.actor, site_id, wanted, after=after, limit=limit + 1)
    today = await service.today(call.tx, call.actor.tenant_id, site_id)
    return page(rows, limit, key=lambda it: After(it.slug), view=lambda it: equipment_view(it, call.tx.now, today))


@get("/v1/sites/{site_id:uuid}/equipment/features", guards=[needs(Permission.READ_PLANT)])
async def get_equipment_features(call: Call, site_id: FromPath[UUID], level: _Level = None) -> EquipmentFeatures:
    """Everything in use as GeoJSON, of one floor or whole, to draw on a map."""
    rows = await service.list_on_map(call.tx, call.actor, site_id, level)
    today = await service.today(call.tx, call.actor.tenant_id, site_id)
    # Of a large site some megabytes: off the loop.
    return EquipmentFeatures(features=await asyncio.to_thread(features_of, rows, call.tx.now, today))


@get("/v1/sites/{site_id:uuid}/equipment/kinds", guards=[needs(Permission.READ_PLANT)])
async def list_equipment_kinds(call: Call, site_id: FromPath[UUID]) -> EquipmentKinds:
    """What a site has in use by kind, and how much of it could be used now."""
    counted = await service.list_usable_kinds(call.tx, call.actor, site_id)
    return EquipmentKinds([KindStockView(it.kind, it.things, it.usable) for it in counted])


@post("/v1/sites/{site_id:uuid}/equipment", guards=[needs(Permission.MANAGE_PLANT)])
async def create_equipment(
    data: JSONBody[NewEquipment], site_id: FromPath[UUID], write: Write
) -> Response[EquipmentView]:
    """Create equipment: on a floor the site has, at most 1 km from its zones."""

    async def work() -> EquipmentView:
        draft = EquipmentDraft(
            site_id=site_id,
            slug=data.slug,
            kind=data.kind,
            name=data.name,
            lon=data.lon,
            lat=data.lat,
            level=data.level,
            zone_id=data.zone,
            classes=data.classes,
            in_stock=data.in_stock,
            expires_at=data.expires_at,
            next_inspection_on=data.next_inspection_on,
            note=data.note,
        )
        return await _viewed(write, await service.create_equipment(write.tx, write.actor, draft))

    return await write.once(work, headers=lambda it: etag(it.version))


@post(
    "/v1/sites/{site_id:uuid}/equipment/import",
    guards=[needs(Permission.MANAGE_PLANT)],
    opt={"raw_body": RawBody((), _CSV)},
    status_code=200,
)
async def import_equipment(
    request: Request[Any, Any, Any],
    deps: Deps,
    site_id: FromPath[UUID],
    dry_run: Annotated[bool, QueryParameter(description="Only say what it would do; false: do it.")] = True,
    idempotency_key: IdempotencyKey = None,
) -> Response[EquipmentImportView]:
    """Import equipment from a CSV file of at most 1 MiB and 5,000 lines, UTF-8 or GB18030: all of it, or nothing.

    Columns, in any order, in English or Chinese: slug (which finds a thing again), kind, name_zh, name_en, classes
    (`ABC`), lon, lat, level, zone (slug), in_stock, expires_on (the last day it counts; `none`: without end),
    next_inspection_on, note. Empty cells leave things as they are; the same file again changes nothing.
    """
    check_media_type(request, _CSV)
    actor = request.user
    upload = await import_service.read_upload(actor, await request.body())
    async with deps.db.transaction(actor.tenant_id) as tx:
        if dry_run:
            plan = await import_service.plan_import(tx, actor, site_id, upload)
            return Response(_import_view(plan, upload, applied=False), status_code=200)
        write = await write_call(request, tx, idempotency_key)

        async def work() -> EquipmentImportView:
            done = await import_service.import_equipment(tx, actor, site_id, upload)
            return _import_view(done, upload, applied=True)

        return await write.once(work, status=200)


@get("/v1/equipment/{equipment_id:uuid}", guards=[needs(Permission.READ_PLANT)])
async def get_equipment(call: Call, equipment_id: FromPath[UUID]) -> Response[EquipmentView]:
    """One thing; its ETag is what an edit names."""
    view = await _viewed(call, await service.get_equipment(call.tx, call.actor, equipment_id))
    return Response(view, headers=etag(view.version))


@patch("/v1/equipment/{equipment_id:uuid}", guards=[needs(Permission.MANAGE_PLANT)])
async def edit_equipment(
    data: JSONBody[EquipmentEdit], equipment_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[EquipmentView]:
    """Edit equipment; its stock moves by movements alone."""
    version = expected_version(if_match)
    change = EquipmentChange(
        kind=data.kind,
        name=data.name,
        classes=data.classes,
        lon=data.lon,
        lat=data.lat,
        level=data.level,
        zone_id=data.zone,
        expires_at=data.expires_at,
        next_inspection_on=data.next_inspection_on,
        note=data.note,
    )
    it = await service.edit_equipment(call.tx, call.actor, equipment_id, change, expected_version=version)
    return Response(await _viewed(call, it), headers=etag(it.version))


@post("/v1/equipment/{equipment_id:uuid}/out-of-service", guards=[needs(Permission.READ_PLANT)], status_code=200)
async def take_equipment_out(
    data: JSONBody[OutOfService], equipment_id: FromPath[UUID], write: Write
) -> Response[EquipmentView]:
    """It is not to be used, for this reason. Needs answer_task or manage_plant."""

    async def work() -> EquipmentView:
        it = await service.take_out_of_service(write.tx, write.actor, equipment_id, data.reason)
        return await _viewed(write, it)

    return await write.once(work, status=200, headers=lambda it: etag(it.version))


@post("/v1/equipment/{equipment_id:uuid}/in-service", guards=[needs(Permission.MANAGE_PLANT)], status_code=200)
async def put_equipment_back(equipment_id: FromPath[UUID], write: Write) -> Response[EquipmentView]:
    """It may be used again."""

    async def work() -> EquipmentView:
        return await _viewed(write, await service.put_in_service(write.tx, write.actor, equipment_id))

    return await write.once(work, status=200, headers=lambda it: etag(it.version))


@get("/v1/equipment/{equipment_id:uuid}/movements", guards=[needs(Permission.READ_PLANT)])
async def list_movements(
    call: Call, equipment_id: FromPath[UUID], limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[MovementView]:
    """What was taken and put back, newest first."""
    before = read_time_cursor(cursor)
    rows = await service.list_movements(call.tx, call.actor, equipment_id, before=before, limit=limit + 1)
    return page(rows, limit, key=lambda it: time_key(it.moved_at, it.id), view=movement_view)


@post("/v1/equipment/{equipment_id:uuid}/movements", guards=[needs(Permission.READ_PLANT)], status_code=200)
async def move_stock(data: JSONBody[StockMovement], equipment_id: FromPath[UUID], call: Call) -> MovementView:
    """Take pieces, or put them back; with one `key` it is one movement. Needs answer_task or manage_plant."""
    moved = await service.move_stock(
        call.tx, call.actor, equipment_id, data.move, data.pieces, data.reason, key=data.key
    )
    return movement_view(moved)


@post("/v1/equipment/{equipment_id:uuid}/retire", guards=[needs(Permission.MANAGE_PLANT)], status_code=200)
async def retire_equipment(equipment_id: FromPath[UUID], write: Write) -> Response[EquipmentView]:
    """It is gone for good; its record and its slug stay."""

    async def work() -> EquipmentView:
        return await _viewed(write, await service.retire_equipment(write.tx, write.actor, equipment_id))

    return await write.once(work, status=200, headers=lambda it: etag(it.version))


async def _viewed(call: ReadCall, it: Equipment) -> EquipmentView:
    return equipment_view(it, call.tx.now, await service.today(call.tx, it.tenant_id, it.site_id))


def equipment_view(it: Equipment, now: datetime, today: date) -> EquipmentView:
    """A thing as the wire shows it."""
    why_not = unfit(it, now)
    return EquipmentView(
        id=it.id,
        site=it.site_id,
        zone=it.zone_id,
        slug=it.slug,
        kind=it.kind,
        name=it.name,
        classes=it.classes,
        lon=it.lon,
        lat=it.lat,
        level=it.level,
        in_stock=it.in_stock,
        expires_at=it.expires_at,
        next_inspection_on=it.next_inspection_on,
        inspection_overdue=is_inspection_overdue(it, today),
        state=it.state,
        state_reason=it.state_reason,
        usable=not why_not,
        why_not=why_not,
        note=it.note,
        retired_at=it.retired_at,
        version=it.version,
        created_at=it.created_at,
    )


def movement_view(it: Movement) -> MovementView:
    """A movement as the wire shows it."""
    return MovementView(
        id=it.id,
        equipment=it.equipment_id,
        key=it.key,
        pieces=it.pieces,
        reason=it.reason,
        in_stock=it.in_stock,
        by=it.moved_by,
        at=it.moved_at,
    )


def _import_view(plan: ImportPlan, upload: Upload, *, applied: bool) -> EquipmentImportView:
    steps = [
        EquipmentStepView(
            it.line,
            it.after.slug,
            it.action,
            {name: ChangeView(before, after) for name, (before, after) in it.changes.items()},
        )
        for it in plan.steps
    ]
    return EquipmentImportView(applied, upload.encoding, upload.rows, steps, [problem_view(it) for it in plan.problems])


router = Router(
    "/",
    route_handlers=[
        list_equipment,
        get_equipment_features,
        list_equipment_kinds,
        create_equipment,
        import_equipment,
        get_equipment,
        edit_equipment,
        take_equipment_out,
        put_equipment_back,
        list_movements,
        move_stock,
        retire_equipment,
    ],
    tags=["equipment"],
)
