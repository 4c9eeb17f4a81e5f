"""Doses over their limits while an incident lasted, for its report."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.database import Tx, row_to
from incidents.alarms.agents import name_of
from incidents.exposure.queries import ExposureEvent
from incidents.incident import Incident
from mobile_contract.reports import Cell, ReportSection, Table
from mobile_contract.text import Text

SHOWN_MAX = 100
_KINDS = {
    "twa": Text("8 小时时间加权", "8 h TWA"),
    "stel": Text("15 分钟短时间", "15 min STEL"),
    "ceiling": Text("最高容许", "ceiling"),
}

_EVENT = ", ".join(f"e.{name}" for name in ExposureEvent.__struct_fields__)
EVENTS_DURING = f"""
SELECT {_EVENT} FROM exposure_events e
WHERE e.tenant_id = $1 AND e.site_id = $2 AND e.at >= $3 AND e.at <= $4
ORDER BY e.at, e.id LIMIT $5
"""  # noqa: S608 - field names of a Struct
NAMES_OF = """
SELECT id, display_name AS name FROM accounts WHERE tenant_id = $1 AND id = ANY ($2::uuid[])
UNION ALL SELECT id, name FROM visits WHERE tenant_id = $1 AND id = ANY ($2::uuid[])
"""


async def exposure_section(tx: Tx, incident: Incident) -> ReportSection | None:
    """Who breathed more than a limit at the site in that time; drills have none of their own."""
    if incident.exercise:
        return None
    until = incident.closed_at or tx.now
    rows = await tx.fetch(EVENTS_DURING, incident.tenant_id, incident.site_id, incident.opened_at, until, SHOWN_MAX)
    events = [row_to(ExposureEvent, row) for row in rows]
    if not events:
        return None
    people = await tx.fetch(NAMES_OF, incident.tenant_id, [e.person_id for e in events])
    names: dict[UUID, str] = {row["id"]: row["name"] for row in people}
    columns = [
        Text("人员", "Person"),
        Text("物质", "Agent"),
        Text("限值", "Limit"),
        Text("倍数", "Times the limit"),
        Text("发现时间", "Found at"),
    ]
    note = Text(
        "剂量由所在区域与区域浓度推算；无数据的时间不计为零",
        "Doses follow from the zones people were in and their air; time without data is not counted as zero",
    )
    table = Table(columns, [_row(e, names.get(e.person_id, str(e.person_id))) for e in events])
    return ReportSection("exposure", Text("超限暴露", "Doses over their limits"), [], [], table, note)


def _row(event: ExposureEvent, name: str) -> list[Cell]:
    subject = Text(event.subject, event.subject) if event.mixture else name_of(event.subject)
    fraction, at = f"{event.fraction:.2f}", _minute(event.at)
    return [
        Cell(Text(name, name)),
        Cell(subject),
        Cell(_KINDS.get(event.kind, Text(event.kind, event.kind))),
        Cell(Text(fraction, fraction), "late"),
        Cell(Text(at, at)),
    ]


def _minute(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
