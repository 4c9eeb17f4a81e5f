"""Refusals as counters: by device and reason, with the last example; pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from mobile_contract.devices import SampleRefusal
from plant.model import Refusal

# How much of a refused payload an admin sees, and the table's own limit.
SAMPLE_BYTES_MAX = 256
TEXT_MAX = 200


def tally(
    tenant_id: UUID,
    site_id: UUID,
    device: str,
    refused: Iterable[SampleRefusal],
    topic: str,
    payload: bytes,
    now: datetime,
) -> list[Refusal]:
    """One counter for each reason. ``device`` is '' when Muster does not know it: senders can not invent rows."""
    counted: dict[str, Refusal] = {}
    for one in refused:
        made = Refusal(
            tenant_id=tenant_id,
            site_id=site_id,
            device=device,
            code=one.code,
            count=1,
            first_at=now,
            last_at=now,
            detail=storable(one.detail),
            topic=storable(topic),
            sample=payload[:SAMPLE_BYTES_MAX],
        )
        before = counted.get(one.code)
        counted[one.code] = made if before is None else merge(before, made)
    return list(counted.values())


def merge(before: Refusal, after: Refusal) -> Refusal:
    """Two counters of the same device and reason as one; the later example stays."""
    return msgspec.structs.replace(after, count=before.count + after.count, first_at=before.first_at)


def storable(text: str) -> str:
    """Text that PostgreSQL takes (no NUL, no lone surrogate), bounded."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:TEXT_MAX]
