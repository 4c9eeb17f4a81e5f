"""Templates as plan_templates kept them, also those from before plans had conditions and named tasks. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from incidents.plans.model import PlanTemplate


def read_stored(body: dict[str, Any]) -> PlanTemplate:
    """What an incident was bound from."""
    if "actions" in body and "evacuate_from_level" in body:
        body = _upgraded(body)
    return msgspec.convert(body, PlanTemplate)


def _upgraded(body: dict[str, Any]) -> dict[str, Any]:
    """The first form: steps were texts, tasks had no name, a level was their only condition."""
    level = body["evacuate_from_level"]
    return {
        "slug": body["slug"],
        "version": body["version"],
        "title": body["title"],
        "tasks": [_task(n, task) for n, task in enumerate(body["tasks"], start=1)],
        "actions": body["actions"],
        "evacuation": None if level is None else {"scope": "adjoining", "from_level": level},
    }


def _task(n: int, task: dict[str, Any]) -> dict[str, Any]:
    level = task.get("from_level", 1)
    return {
        "slug": f"task-{n}",
        "role": task["role"],
        "title": task["title"],
        "steps": [{"text": text} for text in task["steps"]],
        "within_s": task["within_s"],
        "when": None if level == 1 else {"is": "level", "at_least": level},
    }
