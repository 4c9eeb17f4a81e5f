"""A small plan and a moment, for tests that change one thing of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from incidents.plans.model import (
    Moment,
    PlanBody,
    PlanTemplate,
    StepTemplate,
    TaskTemplate,
)
from mobile_contract.text import Text

TEXT = Text("去{place}", "Go to {place}")


def task(slug: str = "go", /, **fields: Any) -> TaskTemplate:
    """A task of one step."""
    known: dict[str, Any] = {
        "slug": slug,
        "role": "responder",
        "title": TEXT,
        "steps": (StepTemplate(TEXT),),
        "within_s": 60.0,
    }
    return TaskTemplate(**(known | fields))


def body(**fields: Any) -> PlanBody:
    """A plan that can be followed."""
    known: dict[str, Any] = {"title": TEXT, "tasks": (task(),)}
    return PlanBody(**(known | fields))


def plan(slug: str = "leak", /, **fields: Any) -> PlanTemplate:
    """The same with a name."""
    known: dict[str, Any] = {"slug": slug, "version": 1, "title": TEXT, "tasks": (task(),)}
    return PlanTemplate(**(known | fields))


def moment(**fields: Any) -> Moment:
    """A first-level acetone alarm in the store at noon."""
    known = Moment(
        cause="high",
        level=1,
        agent="acetone",
        hazard="flammable",
        zone="store",
        local=datetime(2026, 3, 2, 12, 0, tzinfo=UTC),
        place=Text("溶剂库", "solvent store"),
        agent_name=Text("丙酮", "acetone"),
        source=Text("传感器", "sensor"),
        grade=3,
    )
    return msgspec.structs.replace(known, **fields)
