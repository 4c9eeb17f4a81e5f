"""Use cases of passages: doors and rises of the plan in force as they are now.

Lock order: the site, then its plans and its states. Every change is on record in the outbox: ways follow from it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from core import audit, outbox
from core.actor import Actor
from core.database import Tx
from core.errors import NotFound
from plant import queries as plant_queries
from plant.permissions import PlantPermission, authorise, id_of
from plant.place_service import check_version
from plant.places import passage_queries, queries
from plant.places.passage_queries import After, Passage, Wanted
from plant.places.passages import PassageOf, PassageState, PassageStateName, check_state, unknown

# News for whoever keeps ways: key is the site's id.
CHANGED = "passage.changed"


class StateDraft(msgspec.Struct, frozen=True):
    """What a door or rise is now; ``until``: it is as the plan has it again from then on."""

    state: PassageStateName
    reason: str | None = None
    until: datetime | None = None


async def list_passages(
    tx: Tx, actor: Actor | None, site_id: UUID, wanted: Wanted, *, after: After, limit: int
) -> list[Passage]:
    """A page of the doors and rises of the plan in force. Raises NotFound for the site, and without such a plan."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    await _planned_site(tx, tenant_id, site_id, lock=False)
    return await passage_queries.list_passages(tx, tenant_id, site_id, wanted, now=tx.now, after=after, limit=limit)


async def get_passage(tx: Tx, actor: Actor | None, site_id: UUID, of: PassageOf, feature: str) -> Passage:
    """One door or rise. Raises NotFound, naming it."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    await _planned_site(tx, tenant_id, site_id, lock=False)
    return await _get(tx, tenant_id, site_id, of, feature)


async def set_state(
    tx: Tx,
    actor: Actor | None,
    site_id: UUID,
    of: PassageOf,
    feature: str,
    draft: StateDraft,
    *,
    expected_version: int | None = None,
) -> Passage:
    """Say what a door or rise is now. Raises NotFound naming it, Invalid naming the field, Conflict version.changed."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    await _planned_site(tx, tenant_id, site_id, lock=True)
    before = await _get(tx, tenant_id, site_id, of, feature)
    check_version(before.version, expected_version)
    check_state(of, draft.state, draft.reason, draft.until, tx.now)
    state = PassageState(
        tenant_id=tenant_id,
        site_id=site_id,
        feature=feature,
        of=of,
        state=draft.state,
        reason=draft.reason,
        set_by=id_of(actor),
        set_at=tx.now,
        until=draft.until,
        version=before.version + 1,
    )
    await passage_queries.save_state(tx, tenant_id, state)
    facts = {"state": state.state, "reason": state.reason, "until": state.until}
    await _note(tx, actor, "passage.set", site_id, before, facts)
    return await _get(tx, tenant_id, site_id, of, feature)


async def clear_state(
    tx: Tx, actor: Actor | None, site_id: UUID, of: PassageOf, feature: str, *, expected_version: int | None = None
) -> Passage:
    """A door or rise is as the plan has it; saying so twice is one fact. Raises NotFound, Conflict version.changed."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    await _planned_site(tx, tenant_id, site_id, lock=True)
    before = await _get(tx, tenant_id, site_id, of, feature)
    check_version(before.version, expected_version)
    if before.version:
        await passage_queries.delete_state(tx, tenant_id, site_id, of, feature)
        await _note(tx, actor, "passage.cleared", site_id, before, {"state": before.planned})
    return await _get(tx, tenant_id, site_id, of, feature)


async def drop_unplanned(tx: Tx, actor: Actor | None, tenant_id: UUID, site_id: UUID) -> list[str]:
    """As a plan is published: states of what it does not have go, and are named in the audit. Returns their names."""
    dropped = await passage_queries.drop_unplanned(tx, tenant_id, site_id, tx.now)
    if dropped:
        await outbox.append(tx, CHANGED, site_id, {"action": "passage.dropped", "passages": dropped})
        await audit.record(tx, id_of(actor), "passage.dropped", "site", site_id, {"passages": dropped})
    return dropped


async def _planned_site(tx: Tx, tenant_id: UUID, site_id: UUID, *, lock: bool) -> None:
    await plant_queries.get_site(tx, tenant_id, site_id, lock=lock)
    if await queries.find_in_state(tx, tenant_id, site_id, "published") is None:
        raise NotFound(
            "place_plan.no_published",
            "the site has no published plan",
            "站点没有已发布的平面图",
            field="site_id",
            value=str(site_id),
        )


async def _get(tx: Tx, tenant_id: UUID, site_id: UUID, of: PassageOf, feature: str) -> Passage:
    found = await passage_queries.find_passage(tx, tenant_id, site_id, of, feature, tx.now)
    if found is None:
        raise unknown(of, feature)
    return found


async def _note(
    tx: Tx, actor: Actor | None, action: str, site_id: UUID, before: Passage, facts: dict[str, Any]
) -> None:
    about = {"site": site_id, "of": before.of, "feature": before.feature, "before": before.state, **facts}
    plain = {key: value for key, value in msgspec.to_builtins(about).items() if value is not None}
    await outbox.append(tx, CHANGED, site_id, {"action": action, **plain})
    await audit.record(tx, id_of(actor), action, "passage", f"{before.of}:{before.feature}", plain)
