"""Everyone's own way out at one moment of a site: who stands where, where each is led, when each zone is clear. Pure.

The ways are those of ``geo.evacuation.planner``: no door and no stair is asked for more than it lets through. Who
stands in an area that a hazard bans leaves it first, by the quickest way out of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec
import numpy as np

from geo.evacuation.clearing import clear_times
from geo.evacuation.model import NEVER, UNLIMITED, Crowd, EvacuationPlan, Exits, Reason, Situation
from geo.evacuation.planner import plan
from geo.evacuation.replanning import shut_times
from geo.graph.csr import BANNED, Ints
from geo.hazards.raising import HazardTimes
from geo.places.model import PlaceId
from geo.routing.approach import Approach
from geo.routing.conditions import Conditions
from geo.routing.routes import Route
from geo.routing.snapping import Place, at_node
from geo.site_map import AS_DRAWN, Passages, SiteMap
from incidents.evacuation.ground import Ground
from incidents.evacuation.points_chosen import GatherAt
from mobile_contract.text import Text

FromSource: TypeAlias = Literal["phone", "badge", "visit", "zone"]

# A forecast of an hour by 15 s; nobody is still on the way after that whom it would help.
FORECAST_MS, FORECAST_SLICES_MAX = 3_600_000, 240
# Zones with people in them that are told of; a plant has tens.
ZONES_MAX = 200
BOTTLENECKS_MAX = 20


class Evacuee(msgspec.Struct, frozen=True):
    """Somebody who is not out yet: the zone they are believed in, where they are taken to stand; None: not known."""

    person: UUID
    zone: UUID | None
    place: Place | None
    source: FromSource | None = None


class SetOut(msgspec.Struct, frozen=True, eq=False):
    """From a place to the first node of a way: over which arcs, from ``begin_ppm`` of the first, how long in all."""

    node: int
    delay_ms: int
    arcs: list[int]
    millis: list[int]
    begin_ppm: int
    begin: tuple[float, float] | None


class ZoneClear(msgspec.Struct, frozen=True):
    """``clear_ms`` None: somebody there is cut off."""

    zone: UUID
    name: Text
    people: int
    clear_ms: int | None


class Bottleneck(msgspec.Struct, frozen=True):
    """A door or a flight that people wait for: how many, the longest of them, and until when it is used."""

    id: PlaceId | None
    level: int
    people: int
    wait_ms: int
    until_ms: int


class WayOut(msgspec.Struct, frozen=True, eq=False):
    """One person's way: ``end`` the place in the list of ends; ``walk_ms`` without waiting, ``out_ms`` with it."""

    arcs: list[int]
    millis: list[int]
    begin_ppm: int
    begin: tuple[float, float] | None
    end: int
    walk_ms: int
    out_ms: int


class Evacuated(msgspec.Struct, frozen=True, eq=False):
    """A plan for ``evacuees``. ``row`` of each their number in the crowd that was planned for, -1: not in it.

    ``cut_off``: by their number among the evacuees, and why. ``unknown``: of whom nobody knows where they are.
    """

    evacuees: Sequence[Evacuee]
    ends: list[GatherAt]
    row: list[int]
    set_out: list[SetOut | None]
    situation: Situation | None
    plan: EvacuationPlan | None
    cut_off: dict[int, Reason]
    unknown: int
    zones: list[ZoneClear]
    gathering: list[int]
    over_room: int

    @property
    def cleared_ms(self) -> int:
        """When the last of those who get out is out; 0: nobody does."""
        return 0 if self.plan is None else self.plan.cleared_ms

    @property
    def out(self) -> int:
        """How many get out."""
        return 0 if self.plan is None else int((self.plan.party >= 0).sum())

    def way(self, number: int) -> WayOut | None:
        """The way of an evacuee; None: they are cut off, or nobody knows where they are."""
        row, begun, made = self.row[number], self.set_out[number], self.plan
        if row < 0 or begun is None or made is None or made.party[row] < 0:
            return None
        of = made.route(row)
        arcs, leave, arrive = made.arcs[of][:-1], made.leave_ms[of], made.arrive_ms[of]
        millis = (arrive[1:] - leave[:-1]).tolist()
        return WayOut(
            begun.arcs + arcs.tolist(),
            begun.millis + millis,
            begun.begin_ppm,
            begun.begin,
            int(made.exit[row]),
            begun.delay_ms + sum(millis),
            int(made.out_ms[row]),
        )


def forecast_shuts(hazards: HazardTimes, now: Conditions) -> Ints:
    """When each arc (m) is first banned by a hazard, from now on; NEVER: it is not foreseen."""
    moments = [int(it) for it in hazards.starts_ms() if 0 < it <= FORECAST_MS][:FORECAST_SLICES_MAX]
    return shut_times(now.graph.arcs, [(0, now.times), *((it, hazards.at(it)) for it in moments)])


def set_out(now: Conditions, approach: Approach, places: Sequence[Place]) -> dict[Place, SetOut | None]:
    """Where people at these places begin to walk; None: no open way leads on from there."""
    different = list(dict.fromkeys(places))
    found = zip(different, approach.routes(different), strict=True)
    return {place: None if route is None else _set_out(now, place, route) for place, route in found}


def _set_out(now: Conditions, place: Place, route: Route) -> SetOut:
    first = route.first
    banned = np.flatnonzero(now.times[route.arcs] == BANNED)
    # After the last ban that one leaves, none is crossed.
    out = route.arcs[: int(banned[-1]) + 1] if len(banned) else route.arcs[:0]
    arcs = [*([] if first is None else [first.arc]), *out.tolist()]
    millis = [*([] if first is None else [max(first.millis, 1)]), *now.base[out].tolist()]
    return SetOut(
        int(now.graph.heads[arcs[-1]]) if arcs else place.node,
        place.walk_ms + sum(millis),
        arcs,
        millis,
        0 if first is None else first.from_ppm,
        None if place.node >= 0 else (place.on_x, place.on_y),
    )


def foreseen(
    site: SiteMap, hazards: HazardTimes, passages: Passages = AS_DRAWN, within_ms: int = FORECAST_MS
) -> Conditions | None:
    """What will hold when the hazards are as large as they are foreseen to get; None: they do not change."""
    moments = [int(it) for it in hazards.starts_ms() if 0 < it <= within_ms]
    return site.conditions(hazards, passages, offset_ms=moments[-1]) if moments else None


def evacuate(
    ground: Ground,
    now: Conditions,
    shuts_ms: Ints,
    evacuees: Sequence[Evacuee],
    ends: Sequence[GatherAt],
    later: Conditions | None = None,
) -> Evacuated:
    """The plan for everyone whose place is known. ``later``: what is foreseen; whom it would shut in sets out away from
    it at once, though that is not the quickest way now. Raises Invalid as ``geo.evacuation.model.checked``."""
    known = [number for number, it in enumerate(evacuees) if it.place is not None]
    places = [it.place for it in evacuees if it.place is not None]
    begun: dict[Place, SetOut | None] = {}
    if ends and places:
        approach = Approach(now, [at_node(now.graph, it.node) for it in ends])
        begun = set_out(now, approach, places)
    outs = [None if it.place is None else begun.get(it.place) for it in evacuees]
    walking = [number for number in known if outs[number] is not None]
    row = [-1] * len(evacuees)
    for at, number in enumerate(walking):
        row[number] = at
    cut_off: dict[int, Reason] = {number: "no_way" for number in known if row[number] < 0}
    situation, made, over = None, None, 0
    if walking:
        situation, made, over = _plan(ground, now, shuts_ms, [it for it in outs if it is not None], ends)
        shut_in = [walking[it.person] for it in made.cut_off if it.reason == "way_shuts"]
        shut_in += [number for number in walking if _closes_on(outs[number], shuts_ms)]
        if shut_in and later is not None:
            before, outs = outs, _away(later, evacuees, outs, shut_in, ends)
            again = _plan(ground, now, shuts_ms, [it for it in outs if it is not None], ends)
            if len(again[1].cut_off) <= len(made.cut_off):
                situation, made, over = again
            else:
                outs = before
        cut_off |= {walking[it.person]: it.reason for it in made.cut_off}
    gathering = (
        [0] * len(ends) if made is None else np.bincount(made.exit[made.exit >= 0], minlength=len(ends)).tolist()
    )
    return Evacuated(
        evacuees,
        list(ends),
        row,
        outs,
        situation,
        made,
        cut_off,
        len(evacuees) - len(known),
        _zones(ground, evacuees, outs, situation, made, cut_off),
        gathering,
        over,
    )


def _closes_on(out: SetOut | None, shuts_ms: Ints) -> bool:
    """Whether a hazard takes the arc somebody stands on before they are off it."""
    if out is None or out.begin is None or not out.arcs:
        return False
    return bool(0 < shuts_ms[out.arcs[0]] < out.delay_ms - sum(out.millis[1:]))


def _away(
    later: Conditions,
    evacuees: Sequence[Evacuee],
    outs: Sequence[SetOut | None],
    shut_in: Sequence[int],
    ends: Sequence[GatherAt],
) -> list[SetOut | None]:
    """Where people set out, those who would be shut in by ways that stay open."""
    approach = Approach(later, [at_node(later.graph, it.node) for it in ends])
    places = {number: place for number in shut_in if (place := evacuees[number].place) is not None}
    begun = set_out(later, approach, list(places.values()))
    away = {number: begun[place] for number, place in places.items()}
    return [away.get(number) or it for number, it in enumerate(outs)]


def _plan(
    ground: Ground, now: Conditions, shuts_ms: Ints, outs: Sequence[SetOut], ends: Sequence[GatherAt]
) -> tuple[Situation, EvacuationPlan, int]:
    """The situation, its plan, and how many are led to points that have no room for them: nobody stays in danger
    because a yard is full."""
    room = [UNLIMITED if it.capacity is None else it.capacity for it in ends]
    situation = Situation(
        now.graph,
        now.times,
        shuts_ms,
        ground.site.gates,
        Crowd(_ints([it.node for it in outs]), _ints([it.delay_ms for it in outs])),
        Exits(_ints([it.node for it in ends]), _ints(room)),
    )
    made = plan(situation)
    full = sum(it.reason == "no_room" for it in made.cut_off)
    if full:
        roomy = Exits(situation.exits.node, np.full(len(ends), UNLIMITED, dtype=np.int32))
        situation = msgspec.structs.replace(situation, exits=roomy)
        made = plan(situation)
    return situation, made, full


def _ints(numbers: Sequence[int]) -> Ints:
    return np.array(numbers, dtype=np.int32)


def _zones(
    ground: Ground,
    evacuees: Sequence[Evacuee],
    outs: Sequence[SetOut | None],
    situation: Situation | None,
    made: EvacuationPlan | None,
    cut_off: Mapping[int, Reason],
) -> list[ZoneClear]:
    """The zones people are believed in, the last to be clear first."""
    people: dict[UUID, int] = {}
    begun: dict[UUID, int] = {}
    for it, out in zip(evacuees, outs, strict=True):
        if it.zone is not None and it.zone in ground.zones and it.place is not None:
            people[it.zone] = people.get(it.zone, 0) + 1
            # In a part of a hall there may be no node: whoever is in it is, until they come to the first.
            begun[it.zone] = max(begun.get(it.zone, 0), 0 if out is None else out.delay_ms)
    never = {evacuees[number].zone for number in cut_off}
    clear = np.zeros(len(ground.zones), dtype=np.int32)
    if situation is not None and made is not None:
        clear = clear_times(situation, made, ground.zone_of, len(ground.zones))
    found = []
    for zone_id, count in people.items():
        at = max(int(clear[ground.number[zone_id]]), begun[zone_id])
        stays = at == NEVER or zone_id in never
        found.append(ZoneClear(zone_id, ground.zones[zone_id].name, count, None if stays else at))
    return sorted(found, key=lambda it: (it.clear_ms is not None, -(it.clear_ms or 0), it.name.en))[:ZONES_MAX]


def bottlenecks(ground: Ground, made: Evacuated) -> list[Bottleneck]:
    """The doors and flights that people wait for, the longest wait first."""
    situation, planned = made.situation, made.plan
    if situation is None or planned is None:
        return []
    network, gates = ground.site.network, situation.gates
    size = np.bincount(planned.party[planned.party >= 0], minlength=len(planned.starts) - 1)
    weight = np.repeat(size, np.diff(planned.starts))
    wait = planned.leave_ms.astype(np.int64) - planned.arrive_ms
    by_arc = np.append(gates.arc_gate, -1)[planned.arcs]
    # Who waits at a node waits for the gate of the arc they take, or for the node's own.
    gate = np.where(by_arc >= 0, by_arc, gates.node_gate[planned.nodes])
    found = []
    for number in np.unique(gate[(gate >= 0) & (wait > 0)]).tolist():
        here = (gate == number) & (wait > 0)
        first = int(np.flatnonzero(here)[0])
        node = int(planned.nodes[first])
        of = network.arc_of[planned.arcs[first]] if by_arc[first] >= 0 else network.nodes[node].of
        until = int(planned.leave_ms[gate == number].max())
        level = int(situation.graph.level[node])
        found.append(Bottleneck(of, level, int(weight[here].sum()), int(wait[here].max()), until))
    return sorted(found, key=lambda it: (-it.wait_ms, it.level, it.id or ""))[:BOTTLENECKS_MAX]
