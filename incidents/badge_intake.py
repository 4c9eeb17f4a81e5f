"""What door controllers report, from the plant to people: the two stand side by side and do not know each other."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from core.database import Tx
from people.presence import badge_log
from people.presence.badge_log import ReadBadge
from plant.badge_protocol import DeviceSwipe


async def store(tx: Tx, tenant_id: UUID, site_id: UUID, swipes: Sequence[DeviceSwipe]) -> None:
    """Keep these swipes of the site's controllers, each once."""
    await badge_log.store(tx, tenant_id, site_id, [ReadBadge(**msgspec.structs.asdict(swipe)) for swipe in swipes])
