"""Who keeps their way out, whose is another now, and what they are told: at one moment of one roll call. Pure.

A way is left when it is banned, or will be before one is through; when its person left it; when the assembly point it
leads to is given up; and else only for one that is clearly better (``geo.routing.rerouting``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import numpy as np

from core.ids import new_id
from geo.evacuation.wording import REASONS
from geo.graph.csr import BANNED, Ints
from geo.guidance import Danger, Goal, Guided, guide
from geo.hazards.raising import HazardTimes
from geo.instructions.model import Caution, Target
from geo.instructions.steps import direct, direct_here
from geo.instructions.wording import tell
from geo.routing.conditions import Conditions
from geo.routing.rerouting import decide
from geo.routing.snapping import WHOLE_PPM, Place, at_node
from geo.site_map import keep_out
from incidents.evacuation.ground import Ground
from incidents.evacuation.planning import Evacuated, WayOut
from incidents.evacuation.points_chosen import GatherAt
from incidents.wayfinding.model import RouteRow, Way
from incidents.wayfinding.telling import least_harm_view, route_steps
from incidents.wayfinding.walking import OnWay, on_way, setting_out
from mobile_contract.text import Text
from mobile_contract.wayfinding import RouteCause, RouteView

CAUTIONS = (Caution(kind="no_lift"), Caution(kind="do_not_return"))
# People who stand in a hazard with no safe way out: each of them costs a search of their own.
GUIDED_MAX = 100
# Who waits less than that does not notice.
WAIT_TOLD_MS = 20_000
STAY = Text("留在原地，关好门窗，报告“需要帮助”", "Stay where you are, shut the door, report that you need help")
GATHER = Text("集合点", "the assembly point")


class Moment(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One look at one roll call: what holds, and the plan that was made. ``points``: what there is to gather at, used
    or not."""

    at: datetime
    tenant_id: UUID
    site_id: UUID
    incident_id: UUID
    roll_call_id: UUID
    ground: Ground
    now: Conditions
    hazards: HazardTimes
    shuts_ms: Ints
    made: Evacuated
    danger: Danger = Danger()
    names: Mapping[str, Text] = {}


class Led(msgspec.Struct, frozen=True):
    """Somebody with a phone: their number among the evacuees, and the way they have."""

    number: int
    account_id: UUID
    row: RouteRow | None


def walked_by_now(row: RouteRow, at: datetime) -> float:
    """How far along their way somebody is, by its own milliseconds: by their newest position, else by what was
    predicted, waiting spread over the way."""
    way = row.way
    if way is None:
        return 0.0
    if row.fix is not None and row.progress is not None:
        return row.progress.at_ms
    total = sum(way.millis)
    foreseen = (row.view.arrives_at or at) - row.computed_at
    if foreseen <= timedelta(0):
        return float(total)
    return min(total * ((at - row.computed_at) / foreseen), float(total))


def here(ground: Ground, row: RouteRow, at: datetime) -> OnWay | None:
    """Where on their way somebody is; None: they left it, or it is none of this plan."""
    way = row.way
    if way is None or not way.arcs or way.plan != ground.plan_id:
        return None
    if row.progress is not None and row.progress.off:
        return None
    return on_way(ground.site.graph, way, walked_by_now(row, at))


def lead_out(moment: Moment, people: Sequence[Led]) -> list[RouteRow]:
    """The ways that are new or another; whoever keeps theirs is not among them."""
    leader = _Leader(moment)
    found = [leader.turn(it) for it in people]
    return [it for it in found if it is not None]


class _Leader:
    """Equal ways are put into words once."""

    def __init__(self, moment: Moment) -> None:
        self.m, self.graph = moment, moment.ground.site.graph
        self.out = keep_out(moment.now)
        self.nodes = {it.node for it in moment.made.ends}
        self.told: dict[Any, Guided] = {}
        self.lost: dict[Place, Guided] = {}

    def turn(self, person: Led) -> RouteRow | None:
        """The new row; None: the way is kept, or there is nothing else to tell."""
        way = self.m.made.way(person.number)
        cause = self._cause(person, way)
        if cause is None:
            return None
        if way is not None:
            return self._led(person, way, cause)
        if person.number in self.m.made.cut_off:
            return self._cut_off(person, cause)
        return None

    def _cause(self, person: Led, new: WayOut | None) -> RouteCause | None:
        row = person.row
        if row is None:
            return "given"
        way = row.way
        if way is None or row.state != "safe":
            return "hazard"
        if way.plan != self.m.ground.plan_id:
            return "plan"
        stands = here(self.m.ground, row, self.m.at) if way.arcs else None
        if way.arcs and stands is None:
            return "off_route"
        if way.goal not in self.nodes:
            return "muster_point"
        return None if stands is None else self._kept(row, stands, new)

    def _kept(self, row: RouteRow, stands: OnWay, new: WayOut | None) -> RouteCause | None:
        """Why a way that could be walked on is left; None: it is not."""
        now, remaining = self.m.now, stands.remaining
        if new is not None and _tail(remaining, new.arcs):
            return None
        under = [] if stands.place.ahead < 0 else [stands.place.ahead]
        arcs = np.concatenate((np.array(under, dtype=np.int32), remaining))
        if (now.base[arcs] == BANNED).any():
            return "passage"
        if (now.times[arcs] == BANNED).any() or self._shuts_before(arcs, stands.place.along_ppm if under else 0):
            return "hazard"
        if new is None:
            return None
        walk_ms = int(now.times[remaining].sum(dtype=np.int64))
        foreseen = row.view.arrives_at
        wait_ms = 0 if foreseen is None else (foreseen - self.m.at) // timedelta(milliseconds=1)
        return "faster" if decide(max(walk_ms, wait_ms), new.out_ms) == "switch" else None

    def _shuts_before(self, arcs: Ints, along_ppm: int) -> bool:
        """Whether one of the arcs, the first from that far on, is shut before one is through it."""
        millis = self.m.now.times[arcs].astype(np.int64)
        millis[:1] -= millis[:1] * along_ppm // WHOLE_PPM
        return bool((np.cumsum(millis) > self.m.shuts_ms[arcs]).any())

    def _led(self, person: Led, way: WayOut, cause: RouteCause) -> RouteRow | None:
        end = self.m.made.ends[way.end]
        guided = self._guided(way, end)
        assert guided.directions is not None
        stored = Way(
            plan=self.m.ground.plan_id,
            origin=(self.m.ground.site.projection.lon, self.m.ground.site.projection.lat),
            steps=guided.directions.steps,
            arcs=way.arcs,
            millis=[max(it, 1) for it in way.millis],
            goal=end.node,
            begin_ppm=way.begin_ppm,
        )
        return self._row(person, guided, cause, end.name, stored, way)

    def _guided(self, way: WayOut, end: GatherAt) -> Guided:
        key = (tuple(way.arcs), way.begin, end.key)
        if key not in self.told:
            around, network = self.m.ground.site.around, self.m.ground.site.network
            target = Target(name=end.name, at=end.at)
            if way.arcs:
                millis = [max(it, 1) for it in way.millis]
                directions = direct(
                    around,
                    network,
                    np.array(way.arcs, dtype=np.int32),
                    np.array(millis, dtype=np.int32),
                    target=target,
                    cautions=CAUTIONS,
                    keep_out=self.out,
                    ends=(way.begin, None),
                )
            else:
                directions = direct_here(around, network, end.node, target=target, cautions=CAUTIONS)
            self.told[key] = Guided("safe", way.end, None, directions, tell(around, directions))
        return self.told[key]

    def _cut_off(self, person: Led, cause: RouteCause) -> RouteRow | None:
        """They are told why, and led out by the least harm where they stand in it."""
        place, why = self.m.made.evacuees[person.number].place, self.m.made.cut_off[person.number]
        assert place is not None
        guided = self._least_harm(place)
        if guided is None:
            reason = Text(f"{REASONS[why].zh}。{STAY.zh}", f"{REASONS[why].en}. {STAY.en}")
            guided = Guided("no_safe_route" if self.m.now.hazards else "no_route", reason=reason)
        target = GATHER if guided.directions is None else guided.directions.target.name
        way = None
        if guided.route is not None and guided.directions is not None:
            arcs, millis = guided.route.walked(self.m.now)
            way = Way(
                plan=self.m.ground.plan_id,
                origin=(self.m.ground.site.projection.lon, self.m.ground.site.projection.lat),
                steps=guided.directions.steps,
                arcs=arcs.tolist(),
                millis=np.maximum(millis, 1).tolist(),
                goal=self.m.made.ends[guided.goal or 0].node,
                begin_ppm=0 if guided.route.first is None else guided.route.first.from_ppm,
            )
        row = self._row(person, guided, cause, target, way, None)
        return None if _nothing_new(person.row, row) else row

    def _least_harm(self, place: Place) -> Guided | None:
        now, ends = self.m.now, self.m.made.ends
        column = np.array([place.x]), np.array([place.y]), np.array([place.level], dtype=np.int32)
        if not ends or not now.inside(*column)[0]:
            return None
        if place not in self.lost:
            if len(self.lost) >= GUIDED_MAX:
                return None
            goals = [Goal(at_node(self.graph, it.node), it.name, at=it.at) for it in ends]
            site, danger = self.m.ground.site, self.m.danger
            found = guide(site, now, self.m.hazards, [place], goals, danger=danger, cautions=CAUTIONS)
            self.lost[place] = found[0]
        return self.lost[place] if self.lost[place].state != "no_route" else None

    def _row(
        self, person: Led, guided: Guided, cause: RouteCause, target: Text, way: Way | None, out: WayOut | None
    ) -> RouteRow:
        m, before, told, directions = self.m, person.row, guided.told, guided.directions
        route_id = new_id() if before is None else before.id
        revision = 1 if before is None else before.revision + 1
        walk_s = 0.0 if way is None else round(sum(way.millis) / 1_000, 1)
        distance_m = 0.0 if directions is None else round(directions.distance_m, 1)
        out_ms = round(walk_s * 1_000) if out is None else out.out_ms
        view = RouteView(
            id=route_id,
            incident=m.incident_id,
            account=person.account_id,
            purpose="evacuate",
            state=guided.state,
            revision=revision,
            cause=cause,
            target=target,
            computed_at=m.at,
            roll_call=m.roll_call_id,
            reason=guided.reason,
            summary=None if told is None else told.summary,
            warnings=[] if told is None else [*told.warnings, *_waiting(out)],
            steps=route_steps(guided),
            distance_m=distance_m,
            walk_s=walk_s,
            from_source=m.made.evacuees[person.number].source,
            step=0 if directions is None else 1,
            left_m=distance_m,
            left_s=walk_s,
            arrives_at=None if way is None else m.at + timedelta(milliseconds=out_ms),
            arrived_at=m.at if way is not None and not way.arcs else None,
            least_harm=least_harm_view(guided, m.names, m.danger),
        )
        return RouteRow(
            tenant_id=m.tenant_id,
            id=route_id,
            site_id=m.site_id,
            incident_id=m.incident_id,
            account_id=person.account_id,
            purpose="evacuate",
            task_id=None,
            roll_call_id=m.roll_call_id,
            revision=revision,
            state=guided.state,
            view=view,
            way=way,
            progress=setting_out(way),
            # What was known before the way began says nothing of how far one is on it.
            fix=None,
            started_at=m.at if before is None else before.started_at,
            computed_at=m.at,
        )


def _tail(remaining: Ints, arcs: list[int]) -> bool:
    """Whether a new way is what is left of the present one."""
    more = len(arcs) - len(remaining)
    return 0 <= more <= 1 and arcs[more:] == remaining.tolist()


def _waiting(out: WayOut | None) -> list[Text]:
    wait_ms = 0 if out is None else out.out_ms - out.walk_ms
    if wait_ms < WAIT_TOLD_MS:
        return []
    seconds = 10 * math.ceil(wait_ms / 10_000)
    return [Text(f"途中须排队等候约 {seconds} 秒，不要推挤", f"Expect to queue for about {seconds} s; do not push")]


def _nothing_new(before: RouteRow | None, row: RouteRow) -> bool:
    if before is None or before.state != row.state or before.view.reason != row.view.reason:
        return False
    if before.way is None or row.way is None:
        return before.way is row.way
    return before.way.arcs[len(before.way.arcs) - len(row.way.arcs) :] == row.way.arcs
