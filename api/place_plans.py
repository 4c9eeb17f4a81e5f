"""Plans of places: drawn, imported, checked, published."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias, TypeVar
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.body import RawBody, check_media_type, read_json
from api.call import Call, Deps, IdempotencyKey
from api.etags import IfMatch, etag, expected_version
from api.long_writes import LongWrite, long_write
from api.paging import DEFAULT_LIMIT, Cursor, Limit, Search, page, read_cursor
from core.database import Tx
from core.errors import Invalid
from geo.places.findings import Finding, Imported
from geo.places.indoorgml_cells import Anchor
from geo.places.model import Plan
from mobile_contract.paging import Page
from mobile_contract.place_plans import (
    DrawnPlan,
    FileAnchor,
    NetworkView,
    PlacePlanSummary,
    PlacePlanView,
    PlanFeatures,
    PlanFindingView,
    PlanImport,
    PlanPublication,
    PlanReportView,
    PlanStateName,
)
from mobile_contract.text import Text
from people.permissions import Permission
from plant.place_service import check_version
from plant.places import service
from plant.places.checks import PLAN_MAX_BYTES, read_files
from plant.places.features import features_of
from plant.places.model import Accepted, NetworkSize, Opened, PlacePlan, PlanSource, Report, Reviewed

T = TypeVar("T")

_JSON = ("application/json",)
# Above every number a version has.
_NEWEST = 2**31 - 1


class Before(msgspec.Struct, frozen=True, array_like=True):
    """A place in a list of versions, newest first: the page goes on below it."""

    number: Annotated[int, msgspec.Meta(ge=0, le=_NEWEST)] = _NEWEST


InState: TypeAlias = Annotated[PlanStateName | None, QueryParameter(name="state", description="In this state.")]


@get("/v1/sites/{site_id:uuid}/place-plans", guards=[needs(Permission.READ_PLANT)])
async def list_place_plans(
    call: Call,
    site_id: FromPath[UUID],
    in_state: InState = None,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[PlacePlanSummary]:
    """Versions of a site's plan, newest first, without the plans themselves."""
    before = read_cursor(cursor, Before, Before()).number
    rows = await service.list_plans(
        call.tx, call.actor, site_id, state=in_state, search=q, before=before, limit=limit + 1
    )
    return page(rows, limit, key=lambda it: Before(it.number), view=_summary)


@get("/v1/sites/{site_id:uuid}/place-plans/published", guards=[needs(Permission.READ_PLANT)])
async def get_published_place_plan(call: Call, site_id: FromPath[UUID]) -> Response[PlacePlanView]:
    """The plan in force: people are sent by it."""
    return await _view(await service.get_in_state(call.tx, call.actor, site_id, "published"))


@get("/v1/sites/{site_id:uuid}/place-plans/published/features", guards=[needs(Permission.READ_PLANT)])
async def get_place_plan_features(
    call: Call,
    site_id: FromPath[UUID],
    level: Annotated[int | None, QueryParameter(ge=-100, le=200, description="Floor; 0 is the ground.")] = None,
) -> Response[PlanFeatures]:
    """The plan in force as GeoJSON, of one level or whole, to draw a map of."""
    opened = await service.get_in_state(call.tx, call.actor, site_id, "published")
    features = await asyncio.to_thread(_features, opened.text, level)
    return Response(PlanFeatures(features=features), headers=etag(opened.row.version))


@get("/v1/sites/{site_id:uuid}/place-plans/draft", guards=[needs(Permission.READ_PLANT)])
async def get_place_plan_draft(call: Call, site_id: FromPath[UUID]) -> Response[PlacePlanView]:
    """The draft; its ETag is what an edit names."""
    return await _view(await service.get_in_state(call.tx, call.actor, site_id, "draft"))


@get("/v1/sites/{site_id:uuid}/place-plans/{plan_id:uuid}", guards=[needs(Permission.READ_PLANT)])
async def get_place_plan(call: Call, site_id: FromPath[UUID], plan_id: FromPath[UUID]) -> Response[PlacePlanView]:
    """One version with its plan and what is wrong with it."""
    return await _view(await service.get_plan(call.tx, call.actor, site_id, plan_id))


@put(
    "/v1/sites/{site_id:uuid}/place-plans/draft",
    guards=[needs(Permission.MANAGE_PLANT)],
    opt={"raw_body": RawBody((DrawnPlan,), _JSON)},
    request_max_body_size=PLAN_MAX_BYTES,
)
async def put_place_plan_draft(
    request: Request[Any, Any, Any],
    deps: Deps,
    site_id: FromPath[UUID],
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
) -> Response[PlanReportView]:
    """Draw the site's draft, whole: at most 16 MiB. Where there is no draft yet, send If-Match `"0"`.

    What is wrong in places is kept and named; publishing asks for it to be put right.
    """
    version = expected_version(if_match)
    write = await long_write(request, deps, idempotency_key)
    if (known := await write.replayed()) is not None:
        return known
    drawn = await _read(request, deps, DrawnPlan)
    plan = await deps.drawings.do(_plan, drawn)
    reviewed = await service.review_plan(deps.db, deps.drawings, request.user, site_id, plan, source="drawn")
    return await _save(write, site_id, reviewed, "drawn", version)


@delete("/v1/sites/{site_id:uuid}/place-plans/draft", guards=[needs(Permission.MANAGE_PLANT)])
async def discard_place_plan_draft(call: Call, site_id: FromPath[UUID], if_match: IfMatch = None) -> None:
    """Throw the draft away; the plan in force stays, and so does what was ever in force."""
    await service.discard_draft(call.tx, call.actor, site_id, expected_version=expected_version(if_match))


@post(
    "/v1/sites/{site_id:uuid}/place-plans/import",
    guards=[needs(Permission.MANAGE_PLANT)],
    opt={"raw_body": RawBody((PlanImport,), _JSON)},
    request_max_body_size=PLAN_MAX_BYTES,
    status_code=200,
)
async def import_place_plan(
    request: Request[Any, Any, Any],
    deps: Deps,
    site_id: FromPath[UUID],
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
) -> Response[PlanReportView]:
    """Make the site's draft of files in IMDF, IndoorGML, OpenStreetMap's indoor tags (GeoJSON) or WRLD: at most 16 MiB.

    A dry run, which it is unless said otherwise, stores nothing and needs no If-Match. Every fault of the files is
    named with what was done about it: repaired, refused (left out) or noted.
    """
    write = await long_write(request, deps, idempotency_key)
    if (known := await write.replayed()) is not None:
        return known
    wanted = await _read(request, deps, PlanImport)
    version = None if wanted.dry_run else expected_version(if_match)
    # Before a core works for it.
    await service.check_may_draw(deps.db, request.user, site_id)
    read = await deps.drawings.do(_imported, wanted)
    reviewed = await service.review_plan(
        deps.db, deps.drawings, request.user, site_id, read.plan, source=wanted.format, imported=read.findings
    )
    if version is None:
        return Response(_report(None, reviewed.name, reviewed.network, reviewed.report))
    return await _save(write, site_id, reviewed, wanted.format, version)


@post("/v1/sites/{site_id:uuid}/place-plans/draft/check", guards=[needs(Permission.MANAGE_PLANT)], status_code=200)
async def check_place_plan_draft(
    request: Request[Any, Any, Any], deps: Deps, site_id: FromPath[UUID]
) -> Response[PlanReportView]:
    """Check the draft again, as the site's zones and instruments are now; nothing is stored."""
    row, done = await service.check_draft(deps.db, deps.drawings, request.user, site_id)
    return Response(_report(row, done.name, done.network, done.report), headers=etag(row.version))


@post("/v1/sites/{site_id:uuid}/place-plans/draft/publish", guards=[needs(Permission.MANAGE_PLANT)], status_code=200)
async def publish_place_plan(
    data: JSONBody[PlanPublication],
    request: Request[Any, Any, Any],
    deps: Deps,
    site_id: FromPath[UUID],
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
) -> Response[PlanReportView]:
    """Put the draft in force; the plan before it is retired and stays readable.

    Refused, with the places named, where the plan can not be walked, and where nobody gets out of a place that is not
    in `accept`.
    """
    version = expected_version(if_match)
    write = await long_write(request, deps, idempotency_key)
    if (known := await write.replayed()) is not None:
        return known
    accepted = [Accepted(it.kind, it.place) for it in data.accept]
    checked = await service.check_draft(deps.db, deps.drawings, request.user, site_id)
    check_version(checked[0].version, version)

    async def work(tx: Tx) -> PlanReportView:
        row, report = await service.publish_checked(tx, write.actor, site_id, checked, accepted)
        return _report(row, row.name, row.network, report)

    return await write.commit(work, headers=_etag)


async def _save(
    write: LongWrite, site_id: UUID, reviewed: Reviewed, source: PlanSource, version: int
) -> Response[PlanReportView]:
    async def work(tx: Tx) -> PlanReportView:
        row, report = await service.save_draft(tx, write.actor, site_id, reviewed, source, expected_version=version)
        return _report(row, row.name, row.network, report)

    return await write.commit(work, headers=_etag)


def _etag(it: PlanReportView) -> dict[str, str]:
    return {} if it.plan is None else etag(it.plan.version)


async def _read(request: Request[Any, Any, Any], deps: Deps, kind: type[T]) -> T:
    """The body, read in a thread: it is sixteen times what others send."""
    check_media_type(request, _JSON)
    return await deps.drawings.do(read_json, await request.body(), kind)


def _features(text: str, level: int | None) -> list[dict[str, Any]]:
    return features_of(msgspec.json.decode(text, type=Plan), level)


def _plan(drawn: DrawnPlan) -> Plan:
    return msgspec.convert(msgspec.to_builtins(drawn), Plan)


def _imported(wanted: PlanImport) -> Imported:
    files = {file.name: file.content.encode() for file in wanted.files}
    if len(files) != len(wanted.files):
        raise Invalid("place_plan.files", "two files have one name", "文件名重复", field="files")
    return read_files(wanted.format, files, wanted.near, None if wanted.anchor is None else _anchor(wanted.anchor))


def _anchor(it: FileAnchor) -> Anchor:
    lon, lat = it.at
    return Anchor(
        lon=lon,
        lat=lat,
        x=it.x,
        y=it.y,
        rotation_deg=it.rotation_deg,
        metres_per_unit=it.metres_per_unit,
        ground=it.ground,
    )


def _summary_fields(it: PlacePlan) -> dict[str, Any]:
    return {
        "id": it.id,
        "site": it.site_id,
        "number": it.number,
        "state": it.state,
        "name": it.name,
        "source": it.source,
        "network": _network(it.network),
        "version": it.version,
        "created_by": it.created_by,
        "created_at": it.created_at,
        "published_by": it.published_by,
        "published_at": it.published_at,
        "retired_at": it.retired_at,
    }


def _summary(it: PlacePlan) -> PlacePlanSummary:
    return PlacePlanSummary(**_summary_fields(it))


async def _view(it: Opened) -> Response[PlacePlanView]:
    # Not behind those that draw: whoever asks for a plan may be on the way.
    plan = await asyncio.to_thread(msgspec.json.decode, it.text)
    view = PlacePlanView(
        **_summary_fields(it.row),
        imported=_findings(it.report.imported),
        checked=_findings(it.report.checked),
        left_out=it.report.left_out,
        plan=plan,
    )
    return Response(view, headers=etag(it.row.version))


def _report(row: PlacePlan | None, name: Text, network: NetworkSize | None, it: Report) -> PlanReportView:
    return PlanReportView(
        plan=None if row is None else _summary(row),
        name=name,
        network=_network(network),
        imported=_findings(it.imported),
        checked=_findings(it.checked),
        left_out=it.left_out,
    )


def _network(it: NetworkSize | None) -> NetworkView | None:
    return None if it is None else NetworkView(it.nodes, it.arcs, it.parts, it.exits, it.assembly_points)


def _findings(found: Sequence[Finding]) -> list[PlanFindingView]:
    return [PlanFindingView(it.kind, it.outcome, it.place, it.detail, it.at, it.level, it.count) for it in found]


router = Router(
    "/",
    route_handlers=[
        list_place_plans,
        get_published_place_plan,
        get_place_plan_features,
        get_place_plan_draft,
        get_place_plan,
        put_place_plan_draft,
        discard_place_plan_draft,
        import_place_plan,
        check_place_plan_draft,
        publish_place_plan,
    ],
    tags=["place plans"],
)
