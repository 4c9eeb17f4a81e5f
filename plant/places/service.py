"""Use cases of plans of places. What reads and checks opens its own transactions: none is held while a core works.

Lock order: the site, then its plans.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec

from core import audit, outbox
from core.actor import Actor
from core.database import Database, Tx
from core.errors import NotFound
from core.ids import new_id
from geo.places.findings import Finding
from geo.places.model import Plan, Position
from plant import queries as plant_queries
from plant.permissions import PlantPermission, authorise, id_of
from plant.place_service import CHANGED, check_version
from plant.places import passage_service, queries
from plant.places.checks import check_drawn, check_publishable, review
from plant.places.model import Accepted, InstrumentedZone, Opened, PlacePlan, PlanSource, PlanState, Report, Reviewed
from plant.places.office import DrawingOffice

_DECODER = msgspec.json.Decoder(Plan)


async def list_plans(
    tx: Tx,
    actor: Actor | None,
    site_id: UUID,
    *,
    state: PlanState | None,
    search: str | None,
    before: int,
    limit: int,
) -> list[PlacePlan]:
    """A page of a site's versions, newest first. Raises NotFound for the site."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    await plant_queries.get_site(tx, tenant_id, site_id)
    return await queries.list_plans(tx, tenant_id, site_id, state=state, search=search, before=before, limit=limit)


async def get_plan(tx: Tx, actor: Actor | None, site_id: UUID, plan_id: UUID) -> Opened:
    """One version. Raises NotFound."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    return await queries.open_plan(tx, tenant_id, await queries.get_plan(tx, tenant_id, site_id, plan_id))


async def get_in_state(tx: Tx, actor: Actor | None, site_id: UUID, state: PlanState) -> Opened:
    """The site's draft, or its plan in force. Raises NotFound for the site, and where there is none."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    await plant_queries.get_site(tx, tenant_id, site_id)
    return await queries.open_plan(tx, tenant_id, await _get(tx, tenant_id, site_id, state))


async def check_may_draw(db: Database, actor: Actor, site_id: UUID) -> None:
    """Raise Forbidden, or NotFound for the site, before a core works for it."""
    async with db.transaction(actor.tenant_id) as tx:
        await plant_queries.get_site(tx, authorise(tx, actor, PlantPermission.MANAGE_PLANT), site_id)


async def put_draft(
    db: Database,
    office: DrawingOffice,
    actor: Actor,
    site_id: UUID,
    plan: Plan,
    *,
    source: PlanSource = "drawn",
    imported: Sequence[Finding] = (),
    expected_version: int | None,
) -> tuple[PlacePlan, Report]:
    """Make a plan the site's draft; 0 is expected where there is none. Wrong in places it is kept, with its findings.

    Raises NotFound for the site, Conflict version.changed, Invalid for a plan that can not be kept at all.
    """
    reviewed = await review_plan(db, office, actor, site_id, plan, source=source, imported=imported)
    async with db.transaction(actor.tenant_id) as tx:
        return await save_draft(tx, actor, site_id, reviewed, source, expected_version=expected_version)


async def review_plan(
    db: Database,
    office: DrawingOffice,
    actor: Actor,
    site_id: UUID,
    plan: Plan,
    *,
    source: PlanSource,
    imported: Sequence[Finding] = (),
) -> Reviewed:
    """What is wrong with a plan for this site; nothing is stored. Raises as ``put_draft``, but of no version."""
    zones, site_at = await _instrumented(db, actor, site_id)
    return await office.do(_review, plan, zones, imported, site_at, drawn=source == "drawn")


async def check_draft(db: Database, office: DrawingOffice, actor: Actor, site_id: UUID) -> tuple[PlacePlan, Reviewed]:
    """Check the draft again, as the site's zones and instruments are now; nothing is stored. Raises NotFound."""
    zones, site_at = await _instrumented(db, actor, site_id)
    async with db.transaction(actor.tenant_id) as tx:
        opened = await get_in_state(tx, actor, site_id, "draft")
    return opened.row, await office.do(_review_stored, opened, zones, site_at)


async def publish_draft(
    db: Database,
    office: DrawingOffice,
    actor: Actor,
    site_id: UUID,
    *,
    accepted: Collection[Accepted],
    expected_version: int | None,
) -> tuple[PlacePlan, Report]:
    """Put the draft in force, checked once more; the plan before it is retired and stays readable.

    Raises NotFound, Conflict version.changed, and Conflict naming the places where the plan can not be walked or,
    unless ``accepted``, nobody gets out.
    """
    checked = await check_draft(db, office, actor, site_id)
    check_version(checked[0].version, expected_version)
    async with db.transaction(actor.tenant_id) as tx:
        return await publish_checked(tx, actor, site_id, checked, accepted)


async def publish_checked(
    tx: Tx, actor: Actor, site_id: UUID, checked: tuple[PlacePlan, Reviewed], accepted: Collection[Accepted]
) -> tuple[PlacePlan, Report]:
    """The draft that was ``checked`` is in force. Raises as ``publish_draft``."""
    row, reviewed = checked
    check_publishable(reviewed.report, accepted)
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    await plant_queries.get_site(tx, tenant_id, site_id, lock=True)
    now = await _get(tx, tenant_id, site_id, "draft")
    # What was checked is what is published.
    check_version(now.version, row.version)
    await queries.retire_published(tx, tenant_id, site_id, tx.now)
    done = await queries.publish(tx, tenant_id, now.id, reviewed.report, reviewed.network, by=id_of(actor), at=tx.now)
    await passage_service.drop_unplanned(tx, actor, tenant_id, site_id)
    await outbox.append(tx, CHANGED, site_id, {"action": "place_plan.published", "id": str(done.id)})
    await _note(tx, actor, "place_plan.published", done, {"accepted": [msgspec.to_builtins(it) for it in accepted]})
    return done, reviewed.report


async def discard_draft(tx: Tx, actor: Actor | None, site_id: UUID, *, expected_version: int | None) -> None:
    """Throw the draft away; the plan in force stays. Raises NotFound, Conflict version.changed."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    await plant_queries.get_site(tx, tenant_id, site_id, lock=True)
    draft = await _get(tx, tenant_id, site_id, "draft")
    check_version(draft.version, expected_version)
    await queries.discard_draft(tx, tenant_id, draft)
    await _note(tx, actor, "place_plan.discarded", draft, {"version": draft.version})


async def _instrumented(db: Database, actor: Actor, site_id: UUID) -> tuple[list[InstrumentedZone], Position | None]:
    """As ``check_may_draw``; the zones that instruments stand in, and where the site is."""
    async with db.transaction(actor.tenant_id) as tx:
        tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
        await plant_queries.get_site(tx, tenant_id, site_id)
        zones = await queries.list_instrumented(tx, tenant_id, site_id)
        return zones, await queries.find_site_place(tx, tenant_id, site_id)


async def save_draft(
    tx: Tx, actor: Actor, site_id: UUID, reviewed: Reviewed, source: PlanSource, *, expected_version: int | None
) -> tuple[PlacePlan, Report]:
    """A plan that was reviewed is the site's draft. Raises NotFound for the site, Conflict version.changed."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    await plant_queries.get_site(tx, tenant_id, site_id, lock=True)
    before = await queries.find_in_state(tx, tenant_id, site_id, "draft")
    check_version(0 if before is None else before.version, expected_version)
    wanted = PlacePlan(
        tenant_id=tenant_id,
        id=new_id() if before is None else before.id,
        site_id=site_id,
        number=0,
        state="draft",
        name=reviewed.name,
        source=source,
        network=reviewed.network,
        version=0,
        created_by=id_of(actor),
        created_at=tx.now,
    )
    saved = await queries.save_draft(tx, tenant_id, wanted, reviewed.text, reviewed.report, new=before is None)
    await _note(tx, actor, "place_plan.drafted", saved, {"source": source})
    return saved, reviewed.report


async def _get(tx: Tx, tenant_id: UUID, site_id: UUID, state: PlanState) -> PlacePlan:
    found = await queries.find_in_state(tx, tenant_id, site_id, state)
    if found is None:
        raise NotFound(
            f"place_plan.no_{state}",
            f"the site has no {state} plan",
            "站点没有平面图草稿" if state == "draft" else "站点没有已发布的平面图",
            field="site_id",
            value=str(site_id),
        )
    return found


def _review(
    plan: Plan,
    zones: list[InstrumentedZone],
    imported: Sequence[Finding],
    site_at: Position | None,
    *,
    drawn: bool,
) -> Reviewed:
    if drawn:
        check_drawn(plan)
    return review(plan, zones, imported, site_at)


def _review_stored(opened: Opened, zones: list[InstrumentedZone], site_at: Position | None) -> Reviewed:
    return review(_DECODER.decode(opened.text), zones, opened.report.imported, site_at)


async def _note(tx: Tx, actor: Actor | None, action: str, plan: PlacePlan, facts: dict[str, Any]) -> None:
    facts = {"site": str(plan.site_id), "number": plan.number, **facts}
    await audit.record(tx, id_of(actor), action, "place_plan", plan.id, facts)
