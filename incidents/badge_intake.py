"""What door controllers report, from the plant to people: the two stand side by side and do not know each other."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from core.database import Tx
from mobile_contract.devices import IngestAnswer
from people.presence import badge_log
from people.presence.badge_log import ReadBadge
from plant import intake_queries, queries
from plant.badge_protocol import DeviceSwipe, read_swipes
from plant.refusals import tally

HTTP_TOPIC = "POST /v1/badge-events"


async def store(tx: Tx, tenant_id: UUID, site_id: UUID, swipes: Sequence[DeviceSwipe]) -> None:
    """Keep these swipes of the site's controllers, each once."""
    await badge_log.store(tx, tenant_id, site_id, [ReadBadge(**msgspec.structs.asdict(swipe)) for swipe in swipes])


async def ingest(tx: Tx, device_id: UUID, payload: bytes) -> IngestAnswer:
    """Take a ``badges`` payload over HTTP: the same bytes, checks and refusals as over MQTT. Raises NotFound."""
    assert tx.tenant_id is not None
    device = await queries.get_device(tx, tx.tenant_id, device_id)
    parsed = read_swipes(device_id, payload, tx.now)
    if parsed.refused:
        counted = tally(tx.tenant_id, device.site_id, device.slug, parsed.refused, HTTP_TOPIC, payload, tx.now)
        await intake_queries.count_refusals(tx, tx.tenant_id, counted)
    await store(tx, tx.tenant_id, device.site_id, parsed.swipes)
    return IngestAnswer(len(parsed.swipes), parsed.refused, parsed.seq)
