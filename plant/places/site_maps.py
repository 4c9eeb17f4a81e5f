"""The site maps of a process: made once of each plan in force, kept, and made anew when another is published."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec

from core.database import Database
from core.errors import MusterError, Unavailable
from core.logging import get_logger
from geo.places.model import Plan
from geo.site_map import SiteMap
from plant.places import queries
from plant.places.model import PlacePlan

log = get_logger(__name__)

# A campus is some 50 MB; a process of one plant has a few sites.
KEPT_MAX = 16
# Compiling for the first time on a machine takes 40 s; a map of a campus a second. Then whoever waits is told to come
# back: nobody's order waits for a map.
WAIT_S = 5.0
_DECODER = msgspec.json.Decoder(Plan)


class Mapped(msgspec.Struct, frozen=True, eq=False):
    """A site's plan in force, and the map of it."""

    plan: PlacePlan
    map: SiteMap


async def _at_once() -> None:
    """Nothing has to be waited for."""


class SiteMaps:
    """One a process. ``ready`` is awaited before the first map is made: what is compiled is compiled by then."""

    def __init__(self, db: Database, ready: Callable[[], Awaitable[None]] = _at_once) -> None:
        self._db, self._ready = db, ready
        self._kept: OrderedDict[tuple[UUID, UUID], Mapped] = OrderedDict()
        self._making: dict[tuple[UUID, UUID], asyncio.Task[Mapped]] = {}

    async def find(self, tenant_id: UUID, site_id: UUID, *, wait_s: float | None = WAIT_S) -> Mapped | None:
        """The map of the plan in force; None: the site has none, or none that can be walked.

        Raises Unavailable (site_map.being_made) when it is not there within ``wait_s``.
        """
        async with self._db.transaction(tenant_id) as tx:
            row = await queries.find_in_state(tx, tenant_id, site_id, "published")
        if row is None or row.network is None:
            return None
        known = self._kept.get((tenant_id, site_id))
        if known is not None and known.plan.id == row.id:
            self._kept.move_to_end((tenant_id, site_id))
            return known
        # By plan, so that one published meanwhile does not wait for the one before.
        key = (tenant_id, row.id)
        if key not in self._making:
            self._making[key] = asyncio.create_task(self._make(row))
            self._making[key].add_done_callback(lambda _: self._making.pop(key, None))
        try:
            async with asyncio.timeout(wait_s):
                # Shielded: one who stops waiting does not end it for the others.
                return await asyncio.shield(self._making[key])
        except TimeoutError:
            raise Unavailable(
                "site_map.being_made",
                "the map of the site is still being made; try again",
                "厂区路网正在生成，请稍后重试",
                field="site_id",
                value=str(site_id),
                retry_after_s=WAIT_S,
            ) from None

    async def prepare(self) -> int:
        """Make the maps of the newest plans in force, as many as are kept: the first way of an incident waits for none.

        Returns how many there are. A plan that makes no map is named in the log and holds up no other.
        """
        async with self._db.transaction(None) as tx:
            sites = await queries.list_planned_sites(tx, KEPT_MAX)
        for tenant_id, site_id in sites:
            try:
                await self.find(tenant_id, site_id, wait_s=None)
            except MusterError as problem:
                log.warning("site_map.not_made", site=str(site_id), error=str(problem))
        return len(sites)

    async def _make(self, row: PlacePlan) -> Mapped:
        await self._ready()
        async with self._db.transaction(row.tenant_id) as tx:
            opened = await queries.open_plan(tx, row.tenant_id, row)
        made = Mapped(row, await asyncio.to_thread(_map, opened.text))
        self._kept[row.tenant_id, row.site_id] = made
        while len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        log.info("site_map.made", site=str(row.site_id), plan=str(row.id), nodes=made.map.graph.nodes)
        return made


def _map(text: str) -> SiteMap:
    return SiteMap(_DECODER.decode(text))
