"""What is wrong with a plan of a place, and what of it forbids to publish. Pure.

The geometry is ``geo.places``'; here is what a plan from outside has to be before it is stored, and what must hold
before people are sent through it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.strtree import STRtree

from core.errors import Conflict, Invalid
from geo.graph.connection import parts
from geo.places.checking import check_network
from geo.places.findings import Finding, FindingKind, Imported
from geo.places.imdf import read_imdf
from geo.places.indoorgml import read_indoorgml
from geo.places.indoorgml_cells import Anchor
from geo.places.model import Plan, Position
from geo.places.osm_indoor import read_osm_indoor
from geo.places.plan_check import check_plan
from geo.places.roads import walks_rooms
from geo.places.walking import BADGE_HOLDER, walking_network
from geo.places.wrld import read_wrld
from geo.zones import POSITIONS_MAX, area_m2
from mobile_contract.text import Text
from plant.places.model import Accepted, FileFormat, InstrumentedZone, NetworkSize, Report, Reviewed

# A campus of 80 buildings on six levels is 1.1 MB; this is fourteen of them, and a fifth of a second of JSON.
PLAN_MAX_BYTES = 16 * 1024 * 1024
# As many things as a file may have features.
THINGS_MAX = 100_000
# More than this nobody reads; the campus has 170.
FINDINGS_MAX = 5_000
# The projection is exact to millimetres over this; nobody walks further.
EXTENT_MAX_DEGREES = 0.5
# The projection has no meaning nearer to a pole.
LATITUDE_MAX = 84.0
# A room has some ten neighbours: as many pairs as THINGS_MAX rooms have.
PAIRS_MAX = 1_000_000
# A house of 756 rooms has 0.6 million; this is fifteen seconds of a core, and a drawn network needs none of it.
SIGHTS_MAX = 5_000_000
# The thinnest column is 10 cm square; less is a slip of the mouse.
ROOM_MIN_M2 = 0.01
NAMED_MAX = 20

# With these the plan says two things at once, or speaks of what is not there: nobody can take that on themselves.
BROKEN: frozenset[FindingKind] = frozenset({"not_walkable", "duplicate_id", "level_unknown", "reference_unknown"})
# With these somebody may be sent where no way leads out; whoever publishes says of each that it is meant so.
CUT_OFF: frozenset[FindingKind] = frozenset({"isolated", "unreachable", "lift_only"})


def read_files(
    file_format: FileFormat, files: Mapping[str, bytes], near: Position | None, anchor: Anchor | None
) -> Imported:
    """Files of one format as a plan. Raises Invalid, naming the file, for what can not be read at all."""
    if file_format == "imdf":
        return read_imdf(files, near=near)
    if file_format == "osm":
        return read_osm_indoor(files, near=near)
    if file_format == "wrld":
        return read_wrld(files, near=near)
    if anchor is None or len(files) != 1:
        raise Invalid(
            "place_plan.anchor",
            "IndoorGML is one file, and has no place on the earth: send an anchor with it",
            "IndoorGML 为单个文件且不含地理位置，须同时给出 anchor",
            field="files" if anchor is not None else "anchor",
            value=len(files),
            limit=1,
        )
    ((name, data),) = files.items()
    return read_indoorgml(name, data, anchor)


def review(
    plan: Plan,
    zones: Sequence[InstrumentedZone],
    imported: Sequence[Finding] = (),
    site_at: Position | None = None,
) -> Reviewed:
    """Everything that is wrong with a plan, and the size of its network. Raises Invalid for one that can not be kept.

    Doors with badges are passed: whoever is in such a room has one. ``site_at``: where one of the site's zones is.
    """
    text = _stored(plan)
    far = _far_from_site(plan, site_at)
    _check_crowding(plan)
    _check_sights(plan)
    findings = check_plan(plan) + far
    network = None
    if not any(finding.kind in BROKEN for finding in findings):
        try:
            made = walking_network(plan, doors=BADGE_HOLDER)
            network = NetworkSize(
                nodes=made.graph.nodes,
                arcs=len(made.graph.heads),
                parts=int(parts(made.graph).max(initial=-1)) + 1,
                exits=len(made.exits),
                assembly_points=len(made.assembly),
            )
            findings += check_network(made, plan)
            findings += _no_goal(plan, network)
        except Invalid as problem:
            findings.append(_not_walkable(str(problem.value or plan.name.en), Text(problem.zh, problem.en)))
        except ShapelyError as problem:
            findings.append(_not_walkable(plan.name.en, Text(f"几何无法处理：{problem}", f"no geometry: {problem}")))
        findings += _unplaced(plan, zones)
    return Reviewed(plan.name, text, _report(imported, findings), network)


def check_drawn(plan: Plan) -> None:
    """Raise Invalid, naming the room, unless every polygon of a drawn plan is one; readers check those of files."""
    for room in plan.rooms:
        rings = room.polygon["coordinates"]
        if sum(map(len, rings)) > POSITIONS_MAX:
            raise _wrong_room(room.id, f"more than {POSITIONS_MAX} positions", f"坐标点超过 {POSITIONS_MAX} 个")
        if any(ring[0] != ring[-1] for ring in rings):
            raise _wrong_room(room.id, "a ring ends where it starts (RFC 7946, 3.1.6)", "环未闭合")
        outline = shape(room.polygon)
        if not outline.is_valid:
            reason = shapely.is_valid_reason(outline)
            raise _wrong_room(room.id, f"not a valid polygon: {reason}", f"多边形无效：{reason}")
        if area_m2(room.polygon) < ROOM_MIN_M2:
            raise _wrong_room(room.id, f"less than {ROOM_MIN_M2} m2", f"面积小于 {ROOM_MIN_M2} 平方米")


def check_publishable(report: Report, accepted: Collection[Accepted]) -> None:
    """Raise Conflict, naming the places, for what forbids to publish and was not accepted."""
    taken = {(it.kind, it.place) for it in accepted}
    broken = [it for it in report.checked if it.kind in BROKEN]
    if broken:
        raise _refused("place_plan.broken", broken, "this has to be drawn anew", "须先改正", None)
    cut_off = [it for it in report.checked if it.kind in CUT_OFF and (it.kind, it.place) not in taken]
    if cut_off:
        limit = "accept each by its kind and place if it is meant so"
        raise _refused("place_plan.cut_off", cut_off, "nobody gets out from here", "此处无法走出", limit)


def _stored(plan: Plan) -> str:
    count = sum(len(things) for things in msgspec.structs.astuple(plan) if isinstance(things, list))
    if count > THINGS_MAX:
        raise _too_much("things", count, THINGS_MAX)
    data = msgspec.json.encode(plan)
    if len(data) > PLAN_MAX_BYTES:
        raise _too_much("bytes", len(data), PLAN_MAX_BYTES)
    if b"\\u0000" in data:
        raise Invalid("place_plan.text", "a text holds a NUL", "文本含空字符", field="plan")
    _check_extent(plan)
    return data.decode()


def _check_extent(plan: Plan) -> None:
    places = list(_positions(plan))
    if not places:
        return
    for axis, limit in ((0, 180.0), (1, LATITUDE_MAX)):
        values = [place[axis] for place in places]
        low, high = min(values), max(values)
        if axis == 1 and (low < -limit or high > limit) and all(abs(place[0]) <= limit for place in places):
            raise _swapped(places[0], [180, limit])
        # Compared so that NaN, which lies nowhere, is refused too.
        if not (-limit <= low and high <= limit and high - low <= EXTENT_MAX_DEGREES):
            raise Invalid(
                "place_plan.extent",
                f"a plan is within {limit:.0f} degrees and at most {EXTENT_MAX_DEGREES} degrees wide",
                f"平面图坐标须在 ±{limit:.0f} 度内，跨度不超过 {EXTENT_MAX_DEGREES} 度",
                field="plan",
                value=[low, high],
                limit=EXTENT_MAX_DEGREES,
            )


def _far_from_site(plan: Plan, site_at: Position | None) -> list[Finding]:
    """Where the plan lies far from the site's zones, a finding. Raises Invalid where it would lie there mirrored."""
    place = next((place[:2] for place in _positions(plan)), None)
    if place is None or site_at is None or _beside(place, site_at):
        return []
    if _beside(place[::-1], site_at):
        raise _swapped(place, list(site_at))
    detail = Text("远离站点的区域", f"far from the site's zones, which are at {site_at[0]:.4f}, {site_at[1]:.4f}")
    at = (float(place[0]), float(place[1]))
    return [Finding(kind="position_out_of_range", outcome="noted", place=plan.name.en, detail=detail, at=at)]


def _beside(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(abs(mine - its) <= EXTENT_MAX_DEGREES for mine, its in zip(one, other, strict=True))


def _swapped(place: Sequence[float], limit: object) -> Invalid:
    return Invalid(
        "place_plan.swapped",
        "longitude and latitude look swapped: positions are [longitude, latitude]",
        "经度与纬度似乎写反了：坐标顺序为 [经度, 纬度]",
        field="plan",
        value=list(place[:2]),
        limit=limit,
    )


def _check_crowding(plan: Plan) -> None:
    """Every room drawn over every other is a square of work: it is refused before anything is compared."""
    by_level: dict[int, list[Any]] = {}
    for room in plan.rooms:
        by_level.setdefault(room.level, []).append(shape(room.polygon))
    pairs = 0
    for outlines in by_level.values():
        tree = STRtree(outlines)
        for outline in outlines:
            pairs += len(tree.query(outline))
            if pairs > PAIRS_MAX:
                raise Invalid(
                    "place_plan.crowded",
                    f"rooms lie over each other in more than {PAIRS_MAX} pairs",
                    f"房间相互重叠过多，超过 {PAIRS_MAX} 对",
                    field="rooms",
                    limit=PAIRS_MAX,
                )


def _check_sights(plan: Plan) -> None:
    """Inside a room every door and corner is tried with every other, three millionths of a second each."""
    if not walks_rooms(plan):
        return
    points = Counter(room for door in plan.doors for room in door.joins if room is not None)
    points.update(stop.room for rise in plan.rises for stop in rise.stops if stop.room is not None)
    points.update({room.id: sum(map(len, room.polygon["coordinates"])) for room in plan.rooms})
    sights = sum(count * count for count in points.values())
    if sights > SIGHTS_MAX:
        raise Invalid(
            "place_plan.too_complex",
            f"doors and corners that may see each other: {sights} pairs in all rooms; at most {SIGHTS_MAX}",
            f"各房间门与墙角的组合共 {sights} 对，最多 {SIGHTS_MAX} 对",
            field="rooms",
            value=sights,
            limit=SIGHTS_MAX,
        )


def _positions(plan: Plan) -> Iterable[Sequence[float]]:
    drawn: list[Any] = [*plan.doors, *plan.assembly_points, *plan.landmarks, *plan.nodes]
    stops = [stop for rise in plan.rises for stop in rise.stops]
    rings = [ring for room in plan.rooms for ring in room.polygon["coordinates"]]
    return chain((thing.at for thing in (*drawn, *stops)), *rings)


def _no_goal(plan: Plan, network: NetworkSize) -> list[Finding]:
    if network.exits or network.assembly_points:
        return []
    detail = Text(
        "没有任何出口或集合点，请补画出口门或集合点",
        "it has no exit and no assembly point: draw a door with exit, or an assembly point",
    )
    return [_not_walkable(plan.name.en, detail)]


def _not_walkable(place: str, detail: Text) -> Finding:
    return Finding(kind="not_walkable", outcome="noted", place=place, detail=detail)


def _unplaced(plan: Plan, zones: Sequence[InstrumentedZone]) -> list[Finding]:
    """Zones with instruments in which the plan has neither a room nor a drawn node: no way can be shown to them."""
    floors = [(room.level, shape(room.polygon)) for room in plan.rooms if room.kind != "solid"]
    floors += [(node.level, shapely.Point(node.at)) for node in plan.nodes]
    tree = STRtree([floor for _, floor in floors])
    findings = []
    for zone in zones:
        outline = shape(zone.polygon)
        if not any(floors[i][0] == zone.level for i in tree.query(outline, predicate="intersects").tolist()):
            lon, lat = zone.polygon["coordinates"][0][0][:2]
            n = zone.instruments
            detail = Text(
                f"区域内有 {n} 个传感器或执行器，平面图中没有此处",
                f"{n} sensors and actuators where the plan has no place",
            )
            findings.append(
                Finding(
                    kind="unplaced",
                    outcome="noted",
                    place=f"zone {zone.slug}",
                    detail=detail,
                    at=(lon, lat),
                    level=zone.level,
                    count=n,
                )
            )
    return findings


def _report(imported: Sequence[Finding], checked: list[Finding]) -> Report:
    """At most FINDINGS_MAX of each, what forbids to publish first."""
    first = sorted(checked, key=lambda it: (it.kind not in BROKEN, it.kind not in CUT_OFF))
    left_out = max(0, len(imported) - FINDINGS_MAX) + max(0, len(checked) - FINDINGS_MAX)
    return Report(list(imported[:FINDINGS_MAX]), first[:FINDINGS_MAX], left_out)


def _refused(code: str, findings: list[Finding], en: str, zh: str, limit: object) -> Conflict:
    names = ", ".join(it.place for it in findings[:NAMED_MAX])
    value: list[dict[str, Any]] = [{"kind": it.kind, "place": it.place} for it in findings[:NAMED_MAX]]
    return Conflict(
        code,
        f"{len(findings)} findings, {en}: {names} ({findings[0].detail.en})",
        f"{len(findings)} 项问题，{zh}：{names}（{findings[0].detail.zh}）",
        field="accept",
        value=value,
        limit=limit,
    )


def _wrong_room(room: str, en: str, zh: str) -> Invalid:
    return Invalid("place_plan.room", f"room {room}: {en}", f"房间 {room}：{zh}", field="rooms", value=room)


def _too_much(what: str, count: int, limit: int) -> Invalid:
    return Invalid(
        "place_plan.too_large",
        f"the plan has {count} {what}; at most {limit}",
        f"平面图过大（{count}），最多 {limit}",
        field=what,
        value=count,
        limit=limit,
    )
