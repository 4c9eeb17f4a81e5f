"""A question of a way, answered: by what stands now, or ahead of the forecast; with time against dose. Pure.

Nobody is led over a banned arc, but out of an area they stand in, or, where no way is safe, as a crew that decided to
go through; the answer's state says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import numpy as np

from geo.foreseen import foresee, guide_ahead
from geo.guidance import Danger, Goal, Guided, guide, way_directions
from geo.hazards.dose import NO_PROTECTION, dose_rates
from geo.hazards.footprints import BAN_PERMILLE
from geo.hazards.raising import HazardTimes
from geo.instructions.model import Target
from geo.routing.conditions import Conditions
from geo.routing.harm import Harm, weigh
from geo.routing.predicted import Forecast
from geo.routing.routes import Crossed
from geo.routing.safest import Choice, safest_choices, short_list
from geo.routing.snapping import Place
from geo.site_map import Passages, SiteMap, Standing, keep_out
from incidents.wayfinding.asked_places import Ground, goals_of, start_of
from incidents.wayfinding.dose_laws import danger_of, protection_of
from incidents.wayfinding.surroundings import Surroundings
from incidents.wayfinding.telling import least_harm_view, route_steps
from mobile_contract.text import Text
from mobile_contract.wayfinding import RouteStep
from mobile_contract.wayfinding_questions import CrossedView, ForecastView, WayChoice, WayQuestion, WayView
from plant.model import Zone

# More than this nobody chooses from.
CHOICES_MAX = 8
NOT_AHEAD = Text(
    "没有路线能赶在危险区扩散之前。不要出发，等待指令",
    "No way keeps ahead of the hazard. Do not set out; wait for orders",
)


class Moment(msgspec.Struct, frozen=True, eq=False):
    """A site at the moment of a question, as the tables have it, and its map."""

    at: datetime
    plan_id: UUID
    site: SiteMap
    zones: Mapping[UUID, Zone]
    around: Surroundings


class Held(msgspec.Struct, frozen=True, eq=False):
    """What holds at a moment: the hazards, the doors, and the ground to find places on."""

    hazards: HazardTimes
    passages: Passages
    ground: Ground


def held(moment: Moment, *, lifts: bool = False) -> Held:
    """What holds now; ``lifts``: they may be taken."""
    site, around = moment.site, moment.around
    passages = msgspec.structs.replace(around.passages, lifts=lifts)
    hazards = site.hazards(around.standing)
    now = site.conditions(hazards, passages)
    return Held(hazards, passages, Ground(site, now, moment.zones, {it.id: it for it in around.equipment}))


def find_way(moment: Moment, asked: WayQuestion) -> WayView:
    """The way. Raises Invalid for a place that is none or a mask that is none, NotFound for what there is none of."""
    protection = protection_of(asked.mask, asked.air_min)
    standing = moment.around.standing
    danger = danger_of(asked.agent or sole_agent(standing), protection)
    here = held(moment, lifts=asked.lifts)
    start, goals = start_of(here.ground, asked.from_), goals_of(here.ground, asked.to)
    guided, forecast = _guided(moment, here, asked, start, goals, danger)
    choices = [] if protection == NO_PROTECTION else _choices(moment, here, asked, start, goals, danger)
    route, directions, told = guided.route, guided.directions, guided.told
    steps = route_steps(guided)
    walk_s = 0.0 if route is None else route.millis / 1_000
    names = moment.around.names
    return WayView(
        state=guided.state,
        mode=asked.mode,
        computed_at=moment.at,
        plan=moment.plan_id,
        target=goals[guided.goal or 0].name if directions is None else directions.target.name,
        reason=guided.reason,
        summary=None if told is None else told.summary,
        warnings=[] if told is None else told.warnings,
        steps=steps,
        distance_m=0.0 if directions is None else round(directions.distance_m, 1),
        walk_s=walk_s,
        arrives_at=None if route is None else moment.at + timedelta(seconds=walk_s),
        leaving=_inside(here.ground.now, start) and route is not None,
        crossed=[] if route is None else [_crossed(it, names) for it in route.crossed],
        least_harm=least_harm_view(guided, names, danger),
        forecast=forecast,
        limit=danger.limit,
        choices=choices,
        geometry=_geometry(steps),
    )


def sole_agent(standing: Sequence[Standing]) -> str | None:
    """The one agent that the hazards' air is said to hold; None: none, or several, and no dose is the dose of all."""
    agents = {air.agent for it in standing for part in it.hazard.slices for area in part.areas for air in area.air}
    return agents.pop() if len(agents) == 1 else None


def _guided(
    moment: Moment, here: Held, asked: WayQuestion, start: Place, goals: Sequence[Goal], danger: Danger
) -> tuple[Guided, ForecastView | None]:
    site, now = moment.site, here.ground.now
    ahead: Forecast | None = None
    if asked.mode == "predicted":
        ahead = foresee(site, here.hazards, here.passages)
        way = None if _inside(now, start) else guide_ahead(site, now, ahead, start, goals)
        if way is not None:
            return way, _forecast(ahead, moment.around.standing, holds=True)
    (found,) = guide(site, now, here.hazards, [start], goals, danger=danger, through=asked.through)
    if ahead is None:
        return found, None
    if found.state == "safe" and not _inside(now, start):
        # What is clear now is not when one comes there.
        found = Guided("no_safe_route", found.goal, reason=NOT_AHEAD)
    return found, _forecast(ahead, moment.around.standing, holds=False)


def _inside(now: Conditions, start: Place) -> bool:
    level = np.array([start.level], dtype=np.int32)
    return bool(now.inside(np.array([start.x]), np.array([start.y]), level)[0])


def _forecast(ahead: Forecast, standing: Sequence[Standing], *, holds: bool) -> ForecastView:
    slice_s, until_s = ahead.slice_ms / 1_000, ahead.slice_ms * len(ahead.times) / 1_000
    moving = any(len(it.hazard.slices) > 1 for it in standing)
    said = Text(
        f"按危险区预测，每 {slice_s:.0f} 秒一段取最坏情况，看到 {until_s / 60:.0f} 分钟后；再往后按全部同时发生计",
        f"By the hazards' forecast, the worst of each {slice_s:.0f} s, looked at for {until_s / 60:.0f} min; what "
        "comes later counts as if it all came then",
    )
    still = Text(
        "危险区没有预测：按其保持现状计",
        "The hazards have no forecast: they are taken to stay as they are",
    )
    return ForecastView(slice_s=slice_s, until_s=until_s, moving=moving, holds=holds, stated=said if moving else still)


def _choices(
    moment: Moment, here: Held, asked: WayQuestion, start: Place, goals: Sequence[Goal], danger: Danger
) -> list[WayChoice]:
    """Time against dose by what holds now; none where no dose is known to tell ways apart by."""
    if danger.limit_load is None:
        return []
    harm = weigh(here.ground.now, dose_rates(here.hazards, danger.law), danger.protection)
    found = safest_choices(harm, start, [it.place for it in goals], through_bans=asked.through)
    return [_choice(moment, harm, it, start, goals, danger.limit_load) for it in short_list(found.choices, CHOICES_MAX)]


def _choice(
    moment: Moment, harm: Harm, choice: Choice, start: Place, goals: Sequence[Goal], limit_load: float
) -> WayChoice:
    route, now = choice.route, harm.conditions
    arcs, millis = route.walked(now)
    goal = goals[route.goal]
    directions = way_directions(moment.site, start, goal.place, arcs, millis, Target(name=goal.name), out=keep_out(now))
    return WayChoice(
        walk_s=route.millis / 1_000,
        share=choice.load / limit_load,
        air_left_s=choice.air_left_s,
        banned=any(it.permille == BAN_PERMILLE for it in route.crossed),
        crossed=[_crossed(it, moment.around.names) for it in route.crossed],
        lines=[{"level": step.level, "line": step.line} for step in directions.steps],
    )


def _crossed(it: Crossed, names: Mapping[str, Text]) -> CrossedView:
    return CrossedView(
        id=it.hazard,
        name=names.get(it.hazard, Text(it.hazard, it.hazard)),
        seconds=it.millis / 1_000,
        factor=None if it.permille == BAN_PERMILLE else it.permille / 1_000,
    )


def _geometry(steps: Sequence[RouteStep]) -> dict[str, Any]:
    """The steps as a map draws them."""
    features = [
        {
            "type": "Feature",
            "geometry": step.line,
            "properties": {"n": step.n, "level": step.level, "kind": step.kind, "to_level": step.to_level},
        }
        for step in steps
    ]
    return {"type": "FeatureCollection", "features": features}
