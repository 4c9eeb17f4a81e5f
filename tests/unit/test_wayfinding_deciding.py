"""Who gets which way, by what is known of them, of hazards and of doors. The house is the one of two corridors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from core.errors import Invalid
from geo import guidance
from geo.hazards.dose import NO_PROTECTION
from geo.hazards.model import Area, Hazard, Slice
from geo.instructions.progress import Progress
from geo.routing.snapping import WHOLE_PPM
from geo.site_map import Passages, SiteMap, Standing
from incidents.wayfinding.deciding import Decided, decide
from incidents.wayfinding.dose_laws import danger_of
from incidents.wayfinding.equipping import Needs
from incidents.wayfinding.model import Errand, LastFix, RouteRow, Sought
from incidents.wayfinding.scene import Scene
from incidents.wayfinding.walking import followed, on_way, setting_out, shown
from mobile_contract.text import Text
from people.presence.service import Whereabouts
from plant.model import Zone
from resources.equipment.model import Equipment
from tests.example_buildings import two_corridors
from tests.wayfinding_world import HALL, STORE, lon_lat, rectangle

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
TENANT, SITE_ID, PLAN, INCIDENT, TASK, CALL = (UUID(int=n) for n in range(1, 7))
WANG = UUID(int=11)
ZONES = {
    "store": (STORE, 0),
    "hall": (HALL, 0),
    "gallery": (HALL, 1),
    # On the way to the assembly point, where the network has no node.
    "path": ((-15.0, 8.0, -10.0, 12.0), 0),
    "nowhere": ((500.0, 500.0, 510.0, 510.0), 0),
}
IDS = {name: UUID(int=100 + n) for n, name in enumerate(ZONES)}


@pytest.fixture(scope="module")
def site() -> SiteMap:
    return SiteMap(two_corridors().plan())


def zone(name: str) -> Zone:
    box, level = ZONES[name]
    text = Text(name, name)
    polygon = rectangle(*box)
    return Zone(TENANT, IDS[name], SITE_ID, None, name, text, polygon, level, 0, [], [], 1, NOW)


def seen(
    at: tuple[float, float] | None = None,
    zone_name: str | None = "hall",
    *,
    source: Any = "phone",
    level: int | None = 0,
    seconds: float = 0,
) -> Whereabouts:
    return Whereabouts(
        person_id=WANG,
        kind="staff",
        name="Wang",
        site_id=SITE_ID,
        on_site=True,
        zone_id=None if zone_name is None else IDS.get(zone_name, UUID(int=999)),
        level=level,
        position=None if at is None else lon_lat(*at),
        accuracy_m=None if at is None else 2.0,
        seen_at=NOW + timedelta(seconds=seconds),
        source=source,
        confidence=0.9,
    )


def errand(zone_name: str = "store", *, search: bool = False, agent: str | None = "acetone") -> Errand:
    text = Text("库房", "the place")
    zone_id = IDS.get(zone_name, UUID(int=999))
    return Errand(INCIDENT, TASK, WANG, zone_id, text, agent, False, CALL if search else None)


class Moment:
    """A moment of the house; ``look`` decides, and keeps what was told."""

    def __init__(self, site: SiteMap) -> None:
        self.site = site
        self.row: RouteRow | None = None
        self.equipment: list[Equipment] = []
        self.also: dict[UUID, Whereabouts] = {}

    def look(
        self,
        wanted: Errand,
        where: Whereabouts | None,
        *,
        bans: Sequence[tuple[float, float, float, float]] = (),
        passages: Passages | None = None,
        sought: Sequence[Sought] = (),
        plan: UUID = PLAN,
        seconds: float = 0,
        others: Sequence[Errand] = (),
    ) -> Decided:
        areas = [Area(polygon=rectangle(*box), levels=[0]) for box in bans]
        slices = [Slice(start_ms=0, length_ms=3_600_000, areas=areas)]
        standing = [Standing(Hazard(id="h", source="drawn", slices=slices))] if areas else []
        hazards = self.site.hazards(standing)
        now = self.site.conditions(hazards, passages or Passages())
        needs = Needs(self.site, now, self.equipment, NOW)
        scene = Scene(
            at=NOW + timedelta(seconds=seconds),
            tenant_id=TENANT,
            site_id=SITE_ID,
            plan_id=plan,
            site=self.site,
            now=now,
            hazards=hazards,
            names={"h": Text("云", "cloud")},
            zones={it.id: it for it in map(zone, ZONES)},
            people=self.also | ({} if where is None else {WANG: where}),
            routes={} if self.row is None else {(TASK, WANG): self.row},
            sought={CALL: list(sought)},
            danger={"acetone": danger_of("acetone", NO_PROTECTION)},
            near=lambda it, place: needs.near(it.agent, place),
        )
        decided = decide(scene, [wanted, *others])
        for row in [*decided.told, *decided.moved]:
            self.row = row
        return decided

    @property
    def told(self) -> RouteRow:
        assert self.row is not None
        return self.row

    def walk(self, *places: tuple[float, float], level: int = 0) -> list[int]:
        base = self.told.fix.at if self.told.fix is not None else self.told.computed_at
        fixes = [LastFix(base + timedelta(seconds=10 * n), *lon_lat(*it), 2.0, level) for n, it in enumerate(places, 1)]
        self.row, push = followed(self.told, fixes)
        return push


@pytest.fixture
def moment(site: SiteMap) -> Moment:
    return Moment(site)


def test_the_first_way_is_given_and_then_kept(moment: Moment) -> None:
    assert len(moment.look(errand(), seen((10, 15))).told) == 1
    row = moment.told
    assert (row.state, row.view.cause, row.view.from_source, row.purpose) == ("safe", "given", "phone", "task")
    again = moment.look(errand(), seen((10, 15)))
    assert again.told == again.moved == []


@pytest.mark.parametrize(("source", "told"), [("badge", "badge"), ("visit", "visit"), ("phone", "zone")])
def test_who_is_known_to_be_in_a_zone_sets_out_from_its_middle(moment: Moment, source: str, told: str) -> None:
    moment.look(errand(), seen(source=source))
    assert (moment.told.state, moment.told.view.from_source) == ("safe", told)


@pytest.mark.parametrize("where", [None, seen(zone_name=None), seen(zone_name="strange"), seen(zone_name="nowhere")])
def test_whose_place_is_none_of_the_map_is_asked_for_it_once(moment: Moment, where: Whereabouts | None) -> None:
    moment.look(errand(), where)
    assert moment.told.state == "place_unknown"
    assert moment.look(errand(), where).told == []
    moment.look(errand(), seen((10, 15), seconds=5))
    assert (moment.told.state, moment.told.view.cause) == ("safe", "place_known")


def test_a_position_in_a_wall_counts_for_nothing_and_the_zone_does(moment: Moment) -> None:
    moment.look(errand(), seen((900, 900)))
    assert (moment.told.state, moment.told.view.from_source) == ("safe", "zone")
    lost = Moment(moment.site)
    lost.look(errand(), seen((900, 900), zone_name=None))
    assert lost.told.state == "place_unknown"


def test_a_position_sent_while_the_place_was_unknown_is_set_out_from(moment: Moment) -> None:
    moment.look(errand(), None)
    moment.walk((10, 15))
    moment.look(errand(), None)
    assert (moment.told.state, moment.told.view.cause, moment.told.view.from_source) == ("safe", "place_known", "phone")


def test_a_position_that_is_no_place_leaves_it_to_what_was_seen(moment: Moment) -> None:
    moment.look(errand(), None)
    moment.walk((900, 900))
    assert moment.look(errand(), None).told == []
    moment.look(errand(), seen(source="badge", level=None, seconds=-60))
    assert moment.told.view.from_source == "badge"


def test_a_zone_that_is_not_on_the_map_has_no_way_and_the_reason_is_said_once(moment: Moment) -> None:
    moment.look(errand("nowhere"), seen((10, 15)))
    assert moment.told.state == "no_route"
    assert moment.told.view.reason is not None
    assert moment.look(errand("nowhere"), seen((10, 15))).told == []
    other = Moment(moment.site)
    other.look(errand("strange"), seen((10, 15)))
    assert (other.told.state, other.told.view.target.en) == ("no_route", "the place")
    unseen = Moment(moment.site)
    unseen.look(errand("strange"), None)
    assert unseen.told.view.target.en == "the place"


def test_a_zone_between_the_nodes_is_walked_to_its_middle(moment: Moment) -> None:
    moment.look(errand("path"), seen((10, 15)))
    way = moment.told.way
    assert way is not None
    assert (way.goal, way.end_ppm < WHOLE_PPM) == (-1, True)
    assert moment.look(errand("path"), seen((10, 15))).told == []
    near = Moment(moment.site)
    near.look(errand("path"), seen((-5, 10), zone_name="path"))
    assert near.told.way is not None
    assert len(near.told.way.arcs) == 1
    assert near.told.way.end_ppm < WHOLE_PPM


def test_a_hazard_turns_the_way_and_its_end_does_not_turn_it_back_for_a_few_seconds(moment: Moment) -> None:
    moment.look(errand(), seen((10, 15)))
    moment.look(errand(), seen((10, 15)), bans=[(30, 15, 50, 19)])
    assert (moment.told.view.cause, moment.told.revision) == ("hazard", 2)
    assert moment.look(errand(), seen((10, 15))).told == []


def test_a_much_shorter_way_is_taken_when_it_opens(moment: Moment) -> None:
    moment.look(errand(), seen((58, 17)), passages=Passages(doors={"NE": "locked"}))
    assert moment.told.view.cause == "given"
    moment.look(errand(), seen((58, 17)))
    assert (moment.told.state, moment.told.view.cause) == ("safe", "faster")


def test_a_locked_door_is_told_as_a_door(moment: Moment) -> None:
    moment.look(errand(), seen((10, 15)))
    moment.look(errand(), seen((10, 15)), passages=Passages(doors={"NW": "locked"}))
    assert (moment.told.state, moment.told.view.cause) == ("safe", "passage")
    moment.look(errand(), seen((10, 15)), passages=Passages(doors={"NW": "locked", "SW": "locked"}))
    assert (moment.told.state, moment.told.way) == ("no_route", None)


def test_another_plan_or_another_zone_is_another_way(moment: Moment) -> None:
    moment.look(errand(), seen((10, 15)))
    moment.look(errand(), seen((10, 15)), plan=UUID(int=77))
    assert (moment.told.view.cause, moment.told.revision) == ("plan", 2)
    moment.look(errand("gallery"), seen((10, 15)), plan=UUID(int=77))
    assert (moment.told.view.cause, moment.told.view.target.en) == ("plan", "gallery")


def test_one_who_is_there_stays_until_it_is_banned(moment: Moment) -> None:
    moment.look(errand("hall"), seen((10, 15)))
    moment.row = replace(moment.told, view=replace(moment.told.view, arrived_at=NOW))
    assert moment.look(errand("hall"), seen((10, 15))).told == []
    moment.look(errand("hall"), seen((10, 15)), bans=[(-5, -5, 25, 25)])
    assert (moment.told.state, moment.told.view.cause) == ("no_safe_route", "hazard")
    assert moment.look(errand("hall"), seen((10, 15)), bans=[(-5, -5, 25, 25)]).told == []


def test_who_stands_at_the_goal_has_arrived_at_once(moment: Moment) -> None:
    x, y = moment.site.projection.to_degrees([(moment.site.graph.x[0], moment.site.graph.y[0])])[0].tolist()
    there = replace(seen((0, 0)), position=(x, y))
    moment.look(errand("hall"), there)
    assert moment.told.view.arrived_at == NOW
    assert moment.told.progress is None
    assert moment.look(errand("hall"), there).told == []


def test_a_search_goes_where_help_was_called_for_first_then_to_the_next_place(moment: Moment) -> None:
    sought = [Sought(CALL, IDS["store"], True), Sought(CALL, IDS["gallery"], False), Sought(CALL, IDS["path"], False)]
    moment.look(errand("hall", search=True), seen((10, 15)), sought=sought)
    assert (moment.told.purpose, moment.told.view.target.en) == ("search", "store")
    assert moment.look(errand("hall", search=True), seen((10, 15)), sought=sought).told == []
    moment.row = replace(moment.told, view=replace(moment.told.view, arrived_at=NOW))
    moment.look(errand("hall", search=True), seen((10, 15)), sought=sought)
    assert moment.told.view.cause == "next_stop"
    first = moment.told.way
    assert first is not None
    assert (first.visited, first.stop in (IDS["gallery"], IDS["path"])) == ([IDS["store"]], True)
    left = [it for it in sought if it.zone_id != first.stop]
    moment.look(errand("hall", search=True), seen((10, 15)), sought=left)
    assert moment.told.view.cause == "next_stop"
    assert moment.told.way is not None
    assert moment.told.way.stop not in (first.stop, IDS["store"])
    moment.row = replace(moment.told, view=replace(moment.told.view, arrived_at=NOW))
    assert moment.told.way is not None
    done = [Sought(CALL, it, False) for it in (*moment.told.way.visited, moment.told.way.stop or PLAN)]
    assert moment.look(errand("hall", search=True), seen((10, 15)), sought=done).told == []


def test_a_phones_position_from_elsewhere_moves_the_one_who_walks(moment: Moment) -> None:
    moment.look(errand(), seen((10, 15)))
    decided = moment.look(errand(), seen((30, 17), seconds=30), seconds=30)
    assert (decided.told, len(decided.moved)) == ([], 1)
    assert moment.told.progress is not None
    assert moment.told.progress.at_ms > 0


def test_one_whose_next_step_is_into_it_stays_and_is_told_once(moment: Moment) -> None:
    bans = [(25.0, -5.0, 85.0, 25.0), (-30.0, -5.0, 19.0, 25.0)]
    moment.look(errand(), seen((22, 17)), bans=bans)
    assert (moment.told.state, moment.told.way) == ("no_safe_route", None)
    assert moment.told.view.reason is not None
    assert "Stay where you are" in moment.told.view.reason.en
    assert moment.look(errand(), seen((22, 17)), bans=bans).told == []


def test_whose_way_can_not_be_told_is_told_why_and_takes_nobody_elses(
    moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = guidance.guide
    far = moment.site.place(*lon_lat(5, 5), 0)

    def guide(site: Any, now: Any, hazards: Any, starts: Any, goals: Any, **more: Any) -> Any:
        if far in starts:
            raise Invalid("geo.path_invalid", "this way is broken", "此路径已损坏", field="arcs")
        return told(site, now, hazards, starts, goals, **more)

    monkeypatch.setattr("incidents.wayfinding.deciding.guide", guide)
    li = replace(errand(), account_id=UUID(int=12), task_id=UUID(int=13))
    moment.also = {li.account_id: seen((5, 5))}
    decided = moment.look(errand(), seen((10, 15)), others=[li])
    by_person = {it.account_id: it for it in decided.told}
    assert by_person[WANG].state == "safe"
    assert by_person[li.account_id].state == "no_route"
    assert by_person[li.account_id].view.reason == Text("此路径已损坏", "this way is broken")


def test_one_far_off_is_led_from_where_the_phone_is_now(moment: Moment) -> None:
    moment.look(errand(), seen((10, 15)))
    moment.walk((30, 3), (32, 3), (34, 3))
    assert moment.told.view.off_route
    moment.look(errand(), seen((10, 15)))
    assert (moment.told.view.cause, moment.told.view.off_route) == ("off_route", False)


def test_the_nearest_usable_equipment_of_the_agents_kinds_is_named(moment: Moment) -> None:
    def thing(n: int, kind: Any, at: tuple[float, float], **more: Any) -> Equipment:
        lon, lat = lon_lat(*at)
        fields: dict[str, Any] = {
            "tenant_id": TENANT, "id": UUID(int=n), "site_id": SITE_ID, "zone_id": None, "slug": f"e{n}", "kind": kind,
            "name": Text("物", f"thing {n}"), "classes": None, "lon": lon, "lat": lat, "level": 0, "in_stock": 1,
            "expires_at": None, "next_inspection_on": None, "state": "ready", "state_reason": None, "note": "",
            "retired_at": None, "version": 1, "created_at": NOW,
        }  # fmt: skip
        return Equipment(**(fields | more))

    moment.equipment = [
        thing(1, "extinguisher", (10, 16), state="out_of_service"),
        thing(2, "extinguisher", (20, 12)),
        thing(3, "first_aid", (10, 14)),
        thing(4, "spill_kit", (700, 700)),
        thing(5, "aed", (10, 14)),
    ]
    moment.look(errand(), seen((10, 15)))
    assert {it.id.int for it in moment.told.view.near} == {2, 3}
    assert moment.told.view.near == sorted(moment.told.view.near, key=lambda it: it.walk_s)
    hazards = moment.site.hazards([])
    needs = Needs(moment.site, moment.site.conditions(hazards), moment.equipment, NOW)
    start = moment.site.place(*lon_lat(10, 15), 0)
    assert needs.near("acetone", start) == needs.near("acetone", start) == moment.told.view.near


def test_what_is_not_newer_changes_nothing_and_where_nothing_is_walked_nothing_moves(moment: Moment) -> None:
    moment.look(errand(), seen((10, 15)))
    moment.walk((12, 15))
    row = moment.told
    assert row.fix is not None
    assert followed(row, [row.fix]) == (row, [])
    assert followed(row, []) == (row, [])
    standing = replace(row, way=None, progress=None)
    later = LastFix(row.fix.at + timedelta(seconds=1), *lon_lat(12, 15), 2.0, 0)
    moved, push = followed(standing, [later])
    assert (moved.fix, push) == (later, [])
    assert shown(standing, NOW) is standing
    assert setting_out(None) is None


def test_where_one_is_on_the_way_follows_its_own_time(moment: Moment) -> None:
    moment.look(errand(), seen((10, 15)))
    way, graph = moment.told.way, moment.site.graph
    assert way is not None
    begin, half, end = (on_way(graph, way, at) for at in (0.0, sum(way.millis) / 2, float(sum(way.millis))))
    assert len(begin.remaining) >= len(half.remaining) >= len(end.remaining) == 0
    assert end.place.node == way.goal
    whole = replace(way, begin_ppm=0)
    assert on_way(graph, whole, 0.0).place.node == graph.tails[way.arcs[0]]
    assert on_way(graph, whole, 0.0).remaining.tolist() == way.arcs
    assert 0 < half.place.along_ppm < WHOLE_PPM
    assert half.place.back >= 0


def test_an_arrival_is_told_without_a_time_to_come(moment: Moment) -> None:
    moment.look(errand(), seen((10, 15)))
    there = Progress(at_ms=1.0, step=9, left_m=0.0, left_ms=0, arrived=True)
    row = shown(replace(moment.told, progress=there), NOW)
    assert (row.view.arrived_at, row.view.arrives_at) == (NOW, None)
    assert shown(row, NOW + timedelta(seconds=5)) is row
