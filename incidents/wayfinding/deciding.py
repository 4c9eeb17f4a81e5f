"""Who needs a way, who keeps theirs, and whose is another now: at one moment of one site. Pure.

A way is left at once when it is banned, and otherwise only for one that is clearly better (``geo.routing.rerouting``).
Where no way is safe it is asked again at every look, and people are told only when the answer is another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal
from uuid import UUID

import msgspec
import numpy as np

from core.errors import Invalid
from core.ids import new_id
from geo.graph.csr import BANNED
from geo.guidance import Danger, Goal, Guided, guide
from geo.routing.approach import Approach
from geo.routing.rerouting import Turn, Walker, replan
from geo.routing.snapping import WHOLE_PPM, Place
from incidents.wayfinding.model import Errand, LastFix, RouteRow, Way
from incidents.wayfinding.scene import FromSource, Scene, start_of
from incidents.wayfinding.telling import least_harm_view, route_steps
from incidents.wayfinding.walking import followed, on_way, setting_out
from mobile_contract.text import Text
from mobile_contract.wayfinding import RouteCause, RoutePurpose, RouteState, RouteView

# A way that takes so much longer than it was told to is slowed by more than a door with a badge (3 s) and the last
# position's age.
SLOWED_MS = 5_000


class Decided(msgspec.Struct, frozen=True, eq=False):
    """``told``: ways that are new or another; ``moved``: kept ones of people who have been seen further on."""

    told: list[RouteRow]
    moved: list[RouteRow]


def decide(scene: Scene, errands: Sequence[Errand]) -> Decided:
    """Everybody's way by now. ``errands`` are of one site and of incidents that are open."""
    looked = [_look(scene, errand) for errand in errands]
    walking: dict[tuple[UUID, ...], list[_Looked]] = {}
    for it in looked:
        if it.cause == "walking":
            walking.setdefault(tuple(it.zones), []).append(it)
    for zones, group in walking.items():
        _keep_or_turn(scene, zones, group)
    changed: list[RouteRow] = []
    asked: dict[tuple[UUID, ...], list[_Looked]] = {}
    for it in looked:
        if it.cause is None:
            continue
        it.start, it.source = start_of(scene, it.errand.account_id, it.row, on_the_way=it.cause != "off_route")
        if it.start is None:
            changed += _unplaced(scene, it)
        else:
            asked.setdefault((it.errand.incident_id, *it.zones), []).append(it)
    for (_, *zone_ids), group in asked.items():
        changed += _find(scene, zone_ids, group)
    told = {it.id for it in changed}
    moved = [it.row for it in looked if it.row is not None and it.moved and it.row.id not in told]
    return Decided(changed, moved)


class _Looked(msgspec.Struct, eq=False):
    """One errand as it is looked at. ``cause`` None: the way is kept; "walking": that is still to be seen."""

    errand: Errand
    row: RouteRow | None
    zones: list[UUID]
    visited: list[UUID]
    cause: RouteCause | Literal["walking"] | None
    start: Place | None = None
    source: FromSource | None = None
    moved: bool = False


def _look(scene: Scene, errand: Errand) -> _Looked:
    known = scene.routes.get((errand.task_id, errand.account_id))
    if known is None:
        return _Looked(errand, None, _stops(scene, errand, []), [], "given")
    row = _with_newest_fix(scene, known)
    moved = row is not known
    way, visited = row.way, [] if row.way is None else row.way.visited
    zones = _stops(scene, errand, visited)
    arrived = row.view.arrived_at is not None
    if way is not None and way.stop is not None and arrived:
        further = _stops(scene, errand, [*visited, way.stop])
        if further != [errand.zone_id]:
            return _Looked(errand, row, further, [*visited, way.stop], "next_stop", moved=moved)
    return _Looked(errand, row, zones, visited, _cause(scene, row, zones), moved=moved)


def _cause(scene: Scene, row: RouteRow, zones: Sequence[UUID]) -> RouteCause | Literal["walking"] | None:
    way = row.way
    if row.state == "place_unknown":
        return "place_known" if row.fix is not None or _seen(scene, row.account_id) else None
    if way is None:
        return "hazard"
    if way.plan != scene.plan_id:
        return "plan"
    if row.progress is not None and row.progress.off:
        return "off_route"
    if way.stop is not None and way.stop not in zones:
        # Who was looked for there has been found.
        return "next_stop"
    return "walking" if row.state == "safe" else "hazard"


def _with_newest_fix(scene: Scene, row: RouteRow) -> RouteRow:
    """A position that came another way than on this one counts too."""
    seen = scene.people.get(row.account_id)
    if seen is None or seen.position is None or seen.seen_at is None or seen.source != "phone":
        return row
    if seen.seen_at <= row.computed_at:
        return row
    lon, lat = seen.position
    return followed(row, [LastFix(seen.seen_at, lon, lat, seen.accuracy_m or 0.0, seen.level)])[0]


def _stops(scene: Scene, errand: Errand, visited: Sequence[UUID]) -> list[UUID]:
    """The zones one may go to next: the incident's; of a search those where somebody called for help, then the rest."""
    if errand.roll_call_id is None:
        return [errand.zone_id]
    left = [it for it in scene.sought.get(errand.roll_call_id, ()) if it.zone_id not in visited]
    help_first = [it for it in left if it.help] or left
    return [it.zone_id for it in help_first if it.zone_id in scene.zones] or [errand.zone_id]


def _seen(scene: Scene, account_id: UUID) -> bool:
    seen = scene.people.get(account_id)
    return seen is not None and (seen.position is not None or seen.zone_id in scene.zones)


def _keep_or_turn(scene: Scene, zone_ids: Sequence[UUID], group: Sequence[_Looked]) -> None:
    """Safe ways to the same goals, by the times that hold now: one tree for all of them."""
    goals = _goals(scene, zone_ids)
    numbers = {it.place.node: number for number, it in enumerate(goals)}
    walkers: list[tuple[_Looked, Walker]] = []
    for it in group:
        assert it.row is not None
        assert it.row.way is not None
        goal = numbers.get(it.row.way.goal)
        if goal is None:
            it.cause = "plan"
        elif it.row.view.arrived_at is not None:
            it.cause = "hazard" if _banned(scene, goals[goal].place) else None
        else:
            here = on_way(scene.site.graph, it.row.way, 0.0 if it.row.progress is None else it.row.progress.at_ms)
            walkers.append((it, Walker(here.place, goal, here.remaining)))
    if not walkers:
        return
    before = Approach(scene.now, [it.place for it in goals])
    for (it, walker), turn in zip(walkers, replan(before, scene.now, [w for _, w in walkers]).turns, strict=True):
        if turn.decision == "keep":
            it.cause = None
        elif turn.cause == "faster":
            it.cause = "hazard" if _slowed(it, turn) else "faster"
        else:
            it.cause = "passage" if (scene.now.base[walker.remaining] == BANNED).any() else "hazard"


def _slowed(it: _Looked, turn: Turn) -> bool:
    """Whether what is left of a way takes longer than when it was told: a hazard lies on it, and it is not that another
    way has become quicker."""
    assert it.row is not None
    assert turn.present_ms is not None
    progress = it.row.progress
    told_ms = it.row.view.walk_s * 1_000 if progress is None else progress.left_ms
    return turn.present_ms > told_ms + SLOWED_MS


def _banned(scene: Scene, place: Place) -> bool:
    level = np.array([place.level], dtype=np.int32)
    return bool(scene.now.inside(np.array([place.x]), np.array([place.y]), level)[0])


def _goals(scene: Scene, zone_ids: Sequence[UUID]) -> list[Goal]:
    """Every node of the zones; where a zone has none, its middle. Zones nobody can walk to are left out."""
    return [Goal(place, scene.zones[zone_id].name) for zone_id, place in _places(scene, zone_ids)]


def _places(scene: Scene, zone_ids: Sequence[UUID]) -> list[tuple[UUID, Place]]:
    """The places of ``_goals``, each with its zone."""
    found: list[tuple[UUID, Place]] = []
    for zone_id in zone_ids:
        zone = scene.zones.get(zone_id)
        if zone is None:
            continue
        places = scene.site.nodes_in(zone.polygon, zone.level)
        if not places:
            try:
                places = [scene.site.middle_of(zone.polygon, zone.level)]
            except Invalid:
                continue
        found += [(zone_id, place) for place in places]
    return found


def _unplaced(scene: Scene, it: _Looked) -> list[RouteRow]:
    """Nobody knows where they are: said once, until somebody does."""
    if it.row is not None:
        return []
    zone = scene.zones.get(it.errand.zone_id)
    reason = Text("不知道您在哪里：打开定位后给出路线", "Nobody knows where you are: share your position for a route")
    guided = Guided("no_route", reason=reason)
    target = it.errand.place if zone is None else zone.name
    return [_row(scene, it, guided, target, "place_unknown")]


def _find(scene: Scene, zone_ids: Sequence[UUID], group: Sequence[_Looked]) -> list[RouteRow]:
    """Ways for people to the same goals; whoever has the same as before is left alone."""
    places = _places(scene, zone_ids)
    if places:
        goals = [Goal(place, scene.zones[zone_id].name) for zone_id, place in places]
        found = _guided(scene, group, goals)
    else:
        reason = Text("平面图中没有通往此处的路", "The plan of the place has no way there")
        found = [Guided("no_route", reason=reason)] * len(group)
    rows = []
    for it, guided in zip(group, found, strict=True):
        if guided.goal is None:
            row = _row(scene, it, guided, it.errand.place, guided.state)
        else:
            zone_id, place = places[guided.goal]
            way = _way(scene, it, guided, place.node, zone_id)
            row = _row(scene, it, guided, scene.zones[zone_id].name, guided.state, way)
        if not _same(it, row):
            rows.append(row)
    return rows


def _guided(scene: Scene, group: Sequence[_Looked], goals: Sequence[Goal]) -> list[Guided]:
    """Everybody's way; whose way can not be told is told why, and takes nobody else's."""
    danger = scene.danger.get(group[0].errand.agent)
    starts = [it.start for it in group if it.start is not None]
    try:
        return guide(scene.site, scene.now, scene.hazards, starts, goals, danger=danger, cautions=scene.cautions)
    except Invalid as problem:
        if len(group) == 1:
            return [Guided("no_route", reason=Text(problem.zh, problem.en))]
        return [_guided(scene, [it], goals)[0] for it in group]


def _way(scene: Scene, it: _Looked, guided: Guided, node: int, zone_id: UUID) -> Way | None:
    route, directions = guided.route, guided.directions
    if route is None or directions is None:
        return None
    arcs, millis = route.walked(scene.now)
    first, last = route.first, route.last
    end = WHOLE_PPM if last is None else last.to_ppm
    if first is not None and len(arcs) == 1:
        end = first.to_ppm
    return Way(
        plan=scene.plan_id,
        origin=(scene.site.projection.lon, scene.site.projection.lat),
        steps=directions.steps,
        arcs=arcs.tolist(),
        millis=np.maximum(millis, 1).tolist(),
        goal=node,
        begin_ppm=0 if first is None else first.from_ppm,
        end_ppm=end,
        stop=None if it.errand.roll_call_id is None else zone_id,
        visited=it.visited,
    )


def _same(it: _Looked, row: RouteRow) -> bool:
    """Whether one is told nothing new: the same state, and what is left of the present way."""
    before = it.row
    if before is None or before.state != row.state or it.cause in ("next_stop", "off_route", "plan"):
        return False
    if before.way is None or row.way is None:
        return before.way is row.way and before.view.reason == row.view.reason
    after = row.way.arcs
    return before.view.target == row.view.target and before.way.arcs[-len(after) :] == after


def _row(
    scene: Scene, it: _Looked, guided: Guided, target: Text, state: RouteState, way: Way | None = None
) -> RouteRow:
    errand, before = it.errand, it.row
    cause = it.cause
    # Whoever is found a way has been looked at: neither kept nor still to be seen.
    assert cause is not None
    assert cause != "walking"
    revision = 1 if before is None else before.revision + 1
    purpose: RoutePurpose = "task" if errand.roll_call_id is None else "search"
    route_id = new_id() if before is None else before.id
    directions, told = guided.directions, guided.told
    walk_s = 0.0 if guided.route is None else guided.route.millis / 1_000
    distance_m = 0.0 if directions is None else round(directions.distance_m, 1)
    view = RouteView(
        id=route_id,
        incident=errand.incident_id,
        account=errand.account_id,
        purpose=purpose,
        state=state,
        revision=revision,
        cause=cause,
        target=target if directions is None else directions.target.name,
        computed_at=scene.at,
        task=errand.task_id,
        roll_call=errand.roll_call_id,
        reason=guided.reason,
        summary=None if told is None else told.summary,
        warnings=[] if told is None else told.warnings,
        steps=route_steps(guided),
        distance_m=distance_m,
        walk_s=walk_s,
        from_source=it.source,
        step=0 if directions is None else 1,
        left_m=distance_m,
        left_s=walk_s,
        arrives_at=None if guided.route is None else scene.at + timedelta(seconds=walk_s),
        # Who is there already does not walk.
        arrived_at=scene.at if way is not None and not way.arcs else None,
        near=[] if it.start is None else scene.near(errand, it.start),
        least_harm=least_harm_view(guided, scene.names, scene.danger.get(errand.agent) or Danger()),
    )
    return RouteRow(
        tenant_id=scene.tenant_id,
        id=route_id,
        site_id=scene.site_id,
        incident_id=errand.incident_id,
        account_id=errand.account_id,
        purpose=purpose,
        task_id=errand.task_id,
        roll_call_id=errand.roll_call_id,
        revision=revision,
        state=state,
        view=view,
        way=way,
        progress=setting_out(way),
        fix=None if before is None else before.fix,
        started_at=scene.at if before is None else before.started_at,
        computed_at=scene.at,
    )
