"""Sections of a report that other parts of the response provide: roll call, doses, drill score."""

from __future__ import annotations

from typing import Protocol

from core.database import Tx
from incidents.drills.section import drill_section
from incidents.exposure.report import exposure_section
from incidents.incident import Incident
from incidents.roll_call.report import roll_call_section
from mobile_contract.reports import ReportSection


class SectionProvider(Protocol):
    """Answers its section of an incident, both languages in every text; None: it has nothing to say of it."""

    async def __call__(self, tx: Tx, incident: Incident) -> ReportSection | None: ...


# In the order they stand in the report, between the alarms and the lessons. A part adds its function here.
PROVIDERS: tuple[SectionProvider, ...] = (roll_call_section, drill_section, exposure_section)


async def provided_sections(tx: Tx, incident: Incident) -> list[ReportSection]:
    """What the parts have to say of the incident."""
    sections = [await provider(tx, incident) for provider in PROVIDERS]
    return [section for section in sections if section is not None]
