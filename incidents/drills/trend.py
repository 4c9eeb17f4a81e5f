"""Drills of one plan beside each other: what got quicker and what did not. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from incidents.drills.model import Drill, Score
from mobile_contract.drills import DrillTrendItem


def trend_of(drills: Sequence[Drill]) -> list[DrillTrendItem]:
    """Ended drills, oldest first, each beside the one before it in the same site."""
    before: dict[UUID, Score] = {}
    items = []
    for drill in drills:
        if drill.score is None or drill.ended_why is None:
            continue
        now, then = drill.score, before.get(drill.site_id)
        items.append(
            DrillTrendItem(
                drill=drill.id,
                site=drill.site_id,
                started_at=drill.started_at,
                ended_why=drill.ended_why,
                announced=drill.announced,
                overall=now.overall,
                receipt_s=now.receipt_s,
                acknowledge_s=now.acknowledge_s,
                quorum_s=now.quorum_s,
                accounted_s=now.accounted_s,
                receipt_change_s=_change(now.receipt_s, None if then is None else then.receipt_s),
                acknowledge_change_s=_change(now.acknowledge_s, None if then is None else then.acknowledge_s),
                quorum_change_s=_change(now.quorum_s, None if then is None else then.quorum_s),
                accounted_change_s=_change(now.accounted_s, None if then is None else then.accounted_s),
            )
        )
        before[drill.site_id] = now
    return items


def _change(now_s: float | None, then_s: float | None) -> float | None:
    return None if now_s is None or then_s is None else now_s - then_s
