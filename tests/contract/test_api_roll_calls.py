"""Roll calls over HTTP and in the tables: everybody out, everybody counted, nobody back in without the commander."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.database import Tx
from incidents.roll_call import queries, service, watch
from incidents.roll_call.watch import RollCallWatch
from people.permissions import Role
from people.presence import service as presence
from people.presence.service import Whereabouts
from tests import incident_world
from tests.contract.conftest import Stage, read_all


@dataclass
class Plant:
    """The stage with people in it; ``believed`` is what presence says."""

    stage: Stage
    officer: dict[str, str]
    point: str
    believed: list[Whereabouts] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.stage.edge.clock.now()

    def somebody(self, person_id: UUID, name: str, **changes: Any) -> None:
        """Somebody is on the site, in the incident's zone."""
        facts: dict[str, Any] = {
            "person_id": person_id,
            "kind": "staff",
            "name": name,
            "site_id": self.stage.world.site_id,
            "on_site": True,
            "zone_id": self.stage.world.zone_id,
            "level": 0,
            "position": None,
            "accuracy_m": None,
            "seen_at": self.now,
            "source": "badge",
            "confidence": 0.9,
        }
        self.believed = [w for w in self.believed if w.person_id != person_id]
        self.believed.append(Whereabouts(**(facts | changes)))

    async def start(self, **body: Any) -> dict[str, Any]:
        wanted = {"scope": "zones", "zones": [str(self.stage.world.zone_id)], "reason": "leak"} | body
        path = f"/v1/incidents/{self.stage.world.incident_id}/roll-calls"
        answer = await self.stage.http.post(path, headers=self.officer, json=wanted)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def post(self, call: str, what: str, headers: dict[str, str], body: Any = None) -> Any:
        return await self.stage.http.post(f"/v1/roll-calls/{call}/{what}", headers=headers, json=body)

    async def mark(self, call: str, headers: dict[str, str], *entries: dict[str, Any]) -> Any:
        return await self.post(call, "marks", headers, {"marks": list(entries)})

    def entry(self, person: UUID, said: str = "safe", **changes: Any) -> dict[str, Any]:
        return {"id": str(uuid4()), "person": str(person), "said": said, "at": self.now.isoformat()} | changes

    async def take_command(self) -> None:
        """The officer leads."""
        me = (await self.stage.http.get("/v1/me", headers=self.officer)).json()["account"]["id"]
        async with self.stage.transaction() as tx:
            await tx.execute(
                "INSERT INTO incident_commanders (tenant_id, incident_id, account_id, since, version)"
                " VALUES ($1, $2, $3, $4, 1)",
                self.stage.world.tenant_id,
                self.stage.world.incident_id,
                UUID(me),
                tx.now,
            )


@pytest.fixture
async def plant(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Plant:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    body = {
        "site": str(stage.world.site_id),
        "slug": "north-gate",
        "name": {"zh": "北门", "en": "North gate"},
        "position": {"type": "Point", "coordinates": [121.4, 31.2]},
    }
    point = await stage.http.post("/v1/assembly-points", headers=officer, json=body)
    assert point.status_code == 201, point.text
    made = Plant(stage, officer, point.json()["id"])

    async def believed(tx: Tx, tenant_id: UUID, site_id: UUID, at: datetime, **_: Any) -> list[Whereabouts]:
        return made.believed

    async def gone(tx: Tx, tenant_id: UUID, site_id: UUID, since: datetime, at: datetime) -> list[Whereabouts]:
        return [w for w in made.believed if not w.on_site and w.seen_at is not None and w.seen_at >= since]

    monkeypatch.setattr(presence, "list_whereabouts", believed)
    monkeypatch.setattr(presence, "list_gone", gone)
    made.somebody(stage.world.wang, "Wang")
    made.somebody(stage.world.li, "Li", zone_id=None)
    return made


async def test_a_mark_at_no_known_time_is_named(plant: Plant) -> None:
    call = await plant.start()
    # Without its offset it would be taken in the server's own zone: eight hours off in China.
    for at, named in (("2026-03-02T08:00:00", "marks[0].at"), ("9999-12-31T23:00:00-12:00", None)):
        refused = await plant.mark(call["id"], plant.officer, plant.entry(plant.stage.world.wang, at=at))
        assert (refused.status_code, refused.json().get("field")) == (400, named), refused.text


async def test_everybody_believed_there_is_expected_and_ordered_out(plant: Plant) -> None:
    visitor = uuid4()
    plant.somebody(visitor, "Visitor", kind="visitor", host_id=plant.stage.world.wang)
    plant.somebody(uuid4(), "Home", on_site=False)
    call = await plant.start()
    assert (call["expected"], call["missing"], call["unsure"]) == (3, 2, 1)
    await RollCallWatch(plant.stage.edge.deps.db).sweep()
    mine = (await plant.stage.http.get("/v1/me/deliveries", headers=plant.stage.wang)).json()["items"]
    assert len(mine) == 1
    order = (await plant.stage.http.get(f"/v1/deliveries/{mine[0]['id']}", headers=plant.stage.wang)).json()
    assert "Evacuate" in str(order) or order["task"]


async def test_people_say_so_themselves_and_marshals_say_it_of_others(plant: Plant) -> None:
    call = (await plant.start())["id"]
    world = plant.stage.world
    taken = await plant.mark(call, plant.stage.wang, plant.entry(world.wang))
    assert (taken.json()["new"], taken.json()["roll_call"]["accounted"]) == (1, 1)
    refused = await plant.mark(call, plant.stage.wang, plant.entry(world.li))
    assert (refused.status_code, refused.json()["code"]) == (403, "roll_call.not_marshal")
    choice = {"account": str(world.wang), "point": plant.point}
    assert (await plant.post(call, "marshals", plant.stage.wang, choice)).status_code == 403
    assert (await plant.post(call, "marshals", plant.officer, choice)).status_code == 201
    taken = await plant.mark(call, plant.stage.wang, plant.entry(world.li, point=plant.point))
    assert taken.json()["roll_call"]["accounted"] == 2
    people = await read_all(plant.stage.http, f"/v1/roll-calls/{call}/people", plant.stage.wang, limit=1)
    assert [(p["name"], p["status"], p["point"]) for p in people] == [
        ("Li", "accounted", plant.point),
        ("Wang", "accounted", None),
    ]


async def test_the_same_mark_twice_is_one_and_a_call_for_help_stands(plant: Plant) -> None:
    call = (await plant.start())["id"]
    entry = plant.entry(plant.stage.world.wang, "need_help", position={"type": "Point", "coordinates": [121, 31]})
    answers = [await plant.mark(call, plant.stage.wang, entry, entry) for _ in range(2)]
    assert [a.json()["new"] for a in answers] == [1, 0]
    officers = await plant.mark(call, plant.officer, plant.entry(plant.stage.world.wang))
    assert (officers.json()["roll_call"]["need_help"], officers.json()["roll_call"]["accounted"]) == (1, 0)
    seen = await plant.mark(call, plant.officer, plant.entry(plant.stage.world.wang, seen=[entry["id"]]))
    assert seen.json()["roll_call"]["accounted"] == 1
    log = await read_all(plant.stage.http, f"/v1/roll-calls/{call}/marks", plant.officer, limit=2)
    assert [m["said"] for m in log] == ["need_help", "safe", "safe"]


async def test_somebody_nobody_expected_is_counted_by_name(plant: Plant) -> None:
    call = (await plant.start())["id"]
    stranger = uuid4()
    nameless = await plant.mark(call, plant.officer, plant.entry(stranger))
    assert (nameless.status_code, nameless.json()["code"]) == (404, "roll_call.person_unknown")
    named = await plant.mark(call, plant.officer, plant.entry(stranger, name="Courier driver"))
    assert (named.json()["roll_call"]["expected"], named.json()["roll_call"]["accounted"]) == (3, 1)


async def test_whoever_went_out_by_a_gate_has_left_once(plant: Plant) -> None:
    call = (await plant.start())["id"]
    watch = RollCallWatch(plant.stage.edge.deps.db)
    plant.stage.edge.clock.advance(20)
    plant.somebody(plant.stage.world.wang, "Wang", on_site=False)
    for _ in range(3):
        await watch.sweep()
        plant.stage.edge.clock.advance(11)
    found = (await plant.stage.http.get(f"/v1/roll-calls/{call}", headers=plant.officer)).json()["roll_call"]
    assert (found["left"], found["missing"]) == (1, 0)
    log = await read_all(plant.stage.http, f"/v1/roll-calls/{call}/marks", plant.officer, limit=10)
    assert [(m["said"], m["by"]) for m in log] == [("left", None)]


async def test_a_roll_call_that_can_not_be_looked_at_holds_up_no_other(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = plant.stage.world
    broken = (await plant.start())["id"]
    plant.stage.edge.clock.advance(1)
    async with plant.stage.transaction() as tx:
        other = await incident_world.open_other(tx, world)
        wanted = service.Wanted("zones", (world.zone_id,))
        sound = await service.begin(tx, world.tenant_id, other, wanted, "leak", by=world.li)
    look = watch.look

    async def fail(tx: Tx, tenant_id: UUID, call_id: UUID) -> None:
        if str(call_id) == broken:
            raise RuntimeError("a fault of ours")
        await look(tx, tenant_id, call_id)

    monkeypatch.setattr(watch, "look", fail)
    await RollCallWatch(plant.stage.edge.deps.db).sweep()
    async with plant.stage.transaction() as tx:
        people = await queries.all_people(tx, world.tenant_id, sound.id)
    assert [p.name for p in people if p.ordered_at is None] == []


async def test_those_still_missing_go_to_a_search_by_last_zone(plant: Plant) -> None:
    call = (await plant.start())["id"]
    watch = RollCallWatch(plant.stage.edge.deps.db)
    await watch.sweep()
    plant.stage.edge.clock.advance(timedelta(minutes=8, seconds=11).total_seconds())
    await watch.sweep()
    found = (await plant.stage.http.get(f"/v1/roll-calls/{call}", headers=plant.officer)).json()
    task = (await plant.stage.http.get(f"/v1/tasks/{found['search_task']}", headers=plant.officer)).json()
    assert "Wang" in task["steps"][0]["text"]["en"]
    await plant.mark(
        call, plant.officer, plant.entry(plant.stage.world.wang), plant.entry(uuid4(), "need_help", name="X")
    )
    plant.stage.edge.clock.advance(11)
    await watch.sweep()
    task = (await plant.stage.http.get(f"/v1/tasks/{found['search_task']}", headers=plant.officer)).json()
    assert [("Wang" in s["text"]["en"], "needs help" in s["text"]["en"]) for s in task["steps"]] == [(False, True)]
    again = await plant.post(call, "search", plant.officer)
    assert again.status_code == 200
    same = (await plant.stage.http.get(f"/v1/roll-calls/{call}", headers=plant.officer)).json()
    assert same["search_task"] == found["search_task"]


async def test_only_the_commander_ends_it_and_not_over_missing_people_without_a_reason(plant: Plant) -> None:
    call = (await plant.start())["id"]
    nobody = await plant.post(call, "all-clear", plant.officer, {})
    assert (nobody.status_code, nobody.json()["code"]) == (409, "incident.no_commander")
    await plant.take_command()
    other = await plant.post(call, "all-clear", plant.stage.wang, {})
    assert (other.status_code, other.json()["code"]) == (403, "incident.not_commander")
    missing = await plant.post(call, "all-clear", plant.officer, {})
    assert (missing.status_code, missing.json()["code"]) == (409, "roll_call.people_missing")
    early = await plant.post(call, "re-entry", plant.officer)
    assert (early.status_code, early.json()["code"]) == (409, "roll_call.not_clear")
    done = await plant.post(call, "all-clear", plant.officer, {"reason": "they are at home, by telephone"})
    assert done.json()["state"] == "all_clear"
    active = await plant.post(call, "re-entry", plant.officer)
    assert (active.status_code, active.json()["code"]) == (409, "roll_call.alarm_active")


async def test_back_in_when_the_alarms_are_normal(plant: Plant) -> None:
    call = (await plant.start())["id"]
    await plant.take_command()
    await plant.post(call, "all-clear", plant.officer, {"reason": "drilled"})
    async with plant.stage.transaction() as tx:
        await tx.execute("UPDATE alarms SET returned_at = $2 WHERE tenant_id = $1", plant.stage.world.tenant_id, tx.now)
    done = await plant.post(call, "re-entry", plant.officer)
    assert done.json()["state"] == "re_entry"
    late = await plant.mark(call, plant.officer, plant.entry(plant.stage.world.wang))
    assert late.json()["roll_call"]["accounted"] == 1


async def test_names_are_not_for_everybody(plant: Plant) -> None:
    call = (await plant.start())["id"]
    for what in ("people", "marks"):
        assert (await plant.stage.http.get(f"/v1/roll-calls/{call}/{what}", headers=plant.stage.li)).status_code == 404
    numbers = await plant.stage.http.get(f"/v1/roll-calls/{call}", headers=plant.stage.li)
    assert numbers.status_code == 200
    assert "Wang" not in numbers.text


async def test_a_wider_evacuation_widens_the_one_that_runs(plant: Plant) -> None:
    far = uuid4()
    plant.somebody(far, "Zhao", zone_id=uuid4())
    first = await plant.start()
    wider = await plant.start(scope="site", zones=[])
    assert (wider["id"], wider["expected"], first["expected"]) == (first["id"], 3, 2)
    again = await plant.start(scope="site", zones=[])
    assert again["expected"] == 3


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"scope": "zones", "zones": []}, 400, "scope"),
        ({"scope": "building", "zones": []}, 400, "scope"),
        ({"scope": "zones", "zones": [str(uuid4())]}, 404, "zones"),
        ({"scope": "planet"}, 400, "scope"),
        ({"reason": ""}, 400, "reason"),
    ],
)
async def test_what_is_not_there_can_not_be_evacuated(
    plant: Plant, body: dict[str, Any], status: int, field: str
) -> None:
    wanted = {"scope": "zones", "zones": [str(plant.stage.world.zone_id)], "reason": "leak"} | body
    path = f"/v1/incidents/{plant.stage.world.incident_id}/roll-calls"
    answer = await plant.stage.http.post(path, headers=plant.officer, json=wanted)
    assert (answer.status_code, answer.json()["field"]) == (status, field)


async def test_five_hundred_people_and_five_marshals_who_come_back_at_once(plant: Plant) -> None:
    chance = random.Random(11)
    plant.believed = []
    people = [uuid4() for _ in range(500)]
    for n, person in enumerate(people):
        plant.somebody(person, f"P{n:03}", kind="contractor")
    call = (await plant.start())["id"]
    logs = [
        [plant.entry(chance.choice(people), chance.choice(["safe", "need_help", "not_here"])) for _ in range(150)]
        for _ in range(5)
    ]

    async def come_back(log: list[dict[str, Any]]) -> None:
        # Ten minutes of marks in a few uploads, out of order, one of them sent twice because its answer was lost.
        chance.shuffle(log)
        parts = [log[i : i + 50] for i in range(0, len(log), 50)]
        for part in [*parts, parts[0]]:
            assert (await plant.mark(call, plant.officer, *part)).status_code == 200

    plant.stage.edge.clock.advance(600)
    fresh = await plant.stage.edge.session("a-safety-officer")
    plant.officer = {"Authorization": f"Bearer {fresh.access_token}"}
    await asyncio.gather(*(come_back(log) for log in logs))
    log = await read_all(plant.stage.http, f"/v1/roll-calls/{call}/marks", plant.officer, limit=200)
    assert {m["id"] for m in log} == {entry["id"] for made in logs for entry in made}
    said: dict[str, set[str]] = {}
    for made in logs:
        for entry in made:
            said.setdefault(entry["person"], set()).add(entry["said"])
    numbers = (await plant.stage.http.get(f"/v1/roll-calls/{call}", headers=plant.officer)).json()["roll_call"]
    help_wanted = sum("need_help" in s for s in said.values())
    safe = sum("safe" in s and "need_help" not in s for s in said.values())
    assert (numbers["need_help"], numbers["accounted"], numbers["missing"]) == (
        help_wanted,
        safe,
        500 - help_wanted - safe,
    )


async def test_an_assembly_point_is_edited_and_retired(plant: Plant) -> None:
    path = f"/v1/assembly-points/{plant.point}"
    edited = await plant.stage.http.patch(
        path, headers=plant.officer | {"If-Match": '"1"'}, json={"capacity": 200, "retired": True}
    )
    assert (edited.json()["capacity"], edited.json()["retired"], edited.json()["version"]) == (200, True, 2)
    listed = await plant.stage.http.get("/v1/assembly-points", headers=plant.officer)
    assert listed.json()["items"] == []
