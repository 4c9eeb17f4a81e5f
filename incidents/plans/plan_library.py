"""The plans that come with Muster, by slug; see ``library`` for what they say."""

from __future__ import annotations

from typing import Any

import msgspec

from incidents.plans.library import (
    chemical_splash,
    fire,
    hydrogen,
    hydrogen_fluoride,
    machine_entrapment,
    machine_vibration,
    no_data,
    no_effect,
    oxygen,
    particles,
    power_loss,
    solvent_leak,
    sos,
    toxic_gas,
)
from incidents.plans.model import PlanTemplate

TEMPLATES: dict[str, PlanTemplate] = {
    module.PLAN.slug: module.PLAN
    for module in (
        solvent_leak,
        toxic_gas,
        hydrogen_fluoride,
        oxygen,
        hydrogen,
        fire,
        chemical_splash,
        machine_entrapment,
        power_loss,
        particles,
        machine_vibration,
        no_data,
        no_effect,
        sos,
    )
}


def as_stored(template: PlanTemplate) -> dict[str, Any]:
    """The template as plan_templates keeps it."""
    plain: dict[str, Any] = msgspec.to_builtins(template)
    return plain
