"""Where the person is who calls for help: what the tables know of it, put together for ``place``."""

from __future__ import annotations

from uuid import UUID

from core.database import Tx
from core.errors import Conflict
from geo.fixes import Fix
from incidents.sos.model import LoneSession
from incidents.sos.place import FixAt, Known, choose
from incidents.sos.rules import Place
from people.presence import door_queries, register_queries
from people.presence.belief import Belief, believe


async def locate(
    tx: Tx, tenant_id: UUID, account_id: UUID, phone: FixAt | None, session: LoneSession | None = None
) -> Place:
    """The best that is known of where this person is; raises Conflict in a tenant without a zone."""
    places = await door_queries.list_zone_places(tx, tenant_id)
    said = None if session is None else said_place(session)
    found = choose(
        Known(
            shapes=[p.shape() for p in places],
            sites={p.id: p.site_id for p in places},
            phone=phone,
            belief=await _belief(tx, tenant_id, account_id),
            session=said,
            session_since=None if session is None else session.started_at,
            home=None if session is None else session.site_id,
        )
    )
    if found is None:
        raise Conflict(
            "sos.no_zone",
            "no zone is drawn yet: there is nowhere to send anybody",
            "尚未绘制任何区域，无法派人前往",
            field="position",
        )
    return found


def said_place(session: LoneSession) -> Place | None:
    """Where a session said it would be; None: it named no zone."""
    if session.zone_id is None:
        return None
    return Place(
        site_id=session.site_id,
        zone_id=session.zone_id,
        located_by="session",
        # They named it themselves, and may have gone on since.
        share=0.8,
        lon=session.lon,
        lat=session.lat,
        level=session.level,
        accuracy_m=session.accuracy_m,
        at=session.started_at,
    )


def fix_of(lon: float, lat: float, accuracy_m: float, level: int | None) -> Fix:
    """A position as a phone says it."""
    return Fix(lon, lat, accuracy_m, level)


async def _belief(tx: Tx, tenant_id: UUID, account_id: UUID) -> Belief | None:
    for row in await register_queries.list_registers_of(tx, tenant_id, [account_id]):
        return believe(row.as_seen(), tx.now)
    return None
