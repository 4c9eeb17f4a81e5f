"""What guidance says of a way, as it crosses the wire: numbered steps, and the cost of going through. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

from geo.guidance import Danger, Guided
from geo.instructions.model import Step
from geo.instructions.wording import Said
from mobile_contract.text import Text
from mobile_contract.wayfinding import LeastHarmView, RouteStep


def route_steps(guided: Guided) -> list[RouteStep]:
    """The steps of a way in order, the arrival last; none where nobody is sent anywhere.

    Their lines are to the seventh place of a degree (``geo.instructions.steps.DEGREE_PLACES``).
    """
    if guided.directions is None or guided.told is None:
        return []
    return [_step(step, said) for step, said in zip(guided.directions.steps, guided.told.steps, strict=True)]


def least_harm_view(guided: Guided, names: Mapping[str, Text], danger: Danger) -> LeastHarmView | None:
    """What going through would cost; ``names``: of hazards by id (one without a name is called by it). None: no way
    goes through, or one is safe.

    A share is null as soon as a part of the way is in air that nobody measured: the rest of the dose is not all of it.
    """
    cost = guided.cost
    if cost is None:
        return None
    known = cost.share is not None and math.isfinite(cost.share) and not cost.unmeasured_ms
    return LeastHarmView(
        walk_s=cost.millis / 1_000,
        exposed_s=cost.exposed_ms / 1_000,
        unmeasured_s=cost.unmeasured_ms / 1_000,
        share=cost.share if known else None,
        limit=danger.limit if known else None,
        hazards=[names.get(it, Text(it, it)) for it in cost.hazards],
        lines=cost.line,
    )


def _step(step: Step, said: Said) -> RouteStep:
    return RouteStep(
        n=step.number,
        kind=step.kind,
        level=step.level,
        text=said.text,
        short=said.short,
        spoken=said.spoken,
        code=said.code,
        vibration_ms=said.vibration_ms,
        # A decimetre: nobody paces out less.
        distance_m=round(step.distance_m, 1),
        millis=step.millis,
        line=step.line,
        check=said.check,
        turn=step.turn,
        bearing_deg=step.bearing_deg,
        to_level=step.to_level,
    )
