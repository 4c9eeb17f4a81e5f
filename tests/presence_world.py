"""A small plant with a gate, a door and a badge for wang: what presence is tested on."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from core.database import Tx
from people.actor import Actor
from people.permissions import Role
from people.presence import administration, badge_log
from people.presence.administration import BadgeDraft, DoorDraft
from people.presence.badge_log import ReadBadge
from people.presence.model import BadgeEvent
from people.presence.passback import Direction
from tests import incident_world, plant_world
from tests.plant_world import Plant

BADGE = "4711"


class World(msgspec.Struct, frozen=True):
    """What stands: doors ``gate`` (into the site) and ``store`` (hall -> store), read by ``plant.detector``."""

    plant: Plant
    wang: UUID

    def swipe(
        self, at: datetime, door: str = "store", direction: Direction = "in", badge: str = BADGE, **more: object
    ) -> ReadBadge:
        """A badge at a reader, received at once unless ``received_at`` says otherwise."""
        fields = {
            "device_id": self.plant.detector.id,
            "key": f"{at.isoformat()}/{door}/{direction}/{badge}",
            "badge": badge,
            "door": door,
            "direction": direction,
            "granted": True,
            "observed_at": at,
            "received_at": at,
        } | more
        return msgspec.convert(fields, ReadBadge)

    async def store(self, tx: Tx, *swipes: ReadBadge) -> list[BadgeEvent]:
        """As the gateway does."""
        return await badge_log.store(tx, self.plant.tenant_id, self.plant.site.id, swipes)

    def actor(self, account_id: UUID | None = None, role: Role = Role.SAFETY_OFFICER) -> Actor:
        """Somebody signed in; wang unless named."""
        return Actor(self.plant.tenant_id, account_id or self.wang, role, None)


async def build(tx: Tx) -> World:
    """Make it in the caller's transaction."""
    plant = await plant_world.build(tx)
    wang = await incident_world.add_account(tx, "wang")
    for name, begin, end, gate in (("gate", None, None, True), ("store", plant.hall.id, plant.store.id, False)):
        await administration.create_door(tx, None, DoorDraft(plant.detector.id, name, begin, end, gate))
    await administration.issue_badge(tx, None, BadgeDraft(BADGE, wang, None, tx.now - timedelta(days=60)))
    return World(plant, wang)
