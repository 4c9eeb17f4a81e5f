"""Use cases of places, instruments and commands: what they keep right, and what they refuse."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from core.database import Database, Tx
from core.device_secret import verify_secret
from core.errors import Conflict, Invalid, MusterError, NotFound
from core.ids import new_id
from mobile_contract.text import Text
from plant import instrument_service as instruments
from plant import place_service as places
from plant import queries, service
from plant.directory import load_directory
from plant.model import ActuatorKind, CommandState, Expectation
from tests.clusters import Clone
from tests.plant_world import NAME, Plant, box, build, build_in


@pytest.fixture
async def plant(tx: Tx) -> Plant:
    return await build(tx)


async def news(tx: Tx) -> list[str]:
    """What gateways were told to look at."""
    await tx.finish()
    rows = await tx.fetch("SELECT payload->>'action' FROM outbox WHERE kind = 'plant.changed' ORDER BY id")
    return [row[0] for row in rows]


async def refused(kind: type[MusterError], code: str, doing: Any) -> MusterError:
    with pytest.raises(kind) as caught:
        await doing
    assert caught.value.code == code
    return caught.value


# Places.


async def test_a_new_plant_tells_its_gateway_everything_and_is_audited(tx: Tx, plant: Plant) -> None:
    assert await news(tx) == [
        "site.created", "zone.created", "zone.created", "device.created", "sensor.created", "sensor.created",
        "sensor.created", "device.created", "actuator.created", "actuator.created",
    ]  # fmt: skip
    await tx.finish()
    assert await tx.fetchval("SELECT count(*) FROM audit WHERE tenant_id = $1", tx.tenant_id) == 10


async def test_zones_with_a_wall_between_them_know_each_other_and_forget_when_one_moves(tx: Tx, plant: Plant) -> None:
    async def neighbours() -> dict[str, set[str]]:
        zones = await queries.list_zones(tx, plant.tenant_id, plant.site.id)
        slugs = {zone.id: zone.slug for zone in zones}
        return {zone.slug: {slugs[other] for other in zone.adjoining} for zone in zones}

    assert await neighbours() == {"store": {"hall"}, "hall": {"store"}}
    above = await places.create_zone(tx, None, places.ZoneDraft(plant.site.id, "above", NAME, box(0, 0), level=1))
    assert above.adjoining == []
    moved = places.ZoneChange(polygon=box(50, 0))
    store = await places.edit_zone(tx, None, plant.store.id, moved, expected_version=1)
    assert (store.version, store.adjoining) == (2, [])
    assert await neighbours() == {"store": set(), "hall": set(), "above": set()}
    lifted = await places.edit_zone(tx, None, plant.store.id, places.ZoneChange(polygon=box(6, 0)), expected_version=2)
    assert lifted.adjoining == [plant.hall.id]
    # The neighbour's own version did not move: nobody edited it.
    assert (await queries.get_zone(tx, plant.tenant_id, plant.hall.id)).version == 1


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"slug": "Store"}, "slug.invalid", "slug"),
        ({"slug": "a/b"}, "slug.invalid", "slug"),
        ({"slug": "-a"}, "slug.invalid", "slug"),
        ({"slug": "a" * 64}, "slug.invalid", "slug"),
        ({"name": Text("", "Name")}, "name.invalid", "name.zh"),
        ({"name": Text("名", "x" * 201)}, "name.invalid", "name.en"),
        ({"name": Text("名", "a\0")}, "name.invalid", "name.en"),
        ({"level": -21}, "zone.level", "level"),
        ({"level": 201}, "zone.level", "level"),
        ({"risk": 4}, "zone.risk", "risk"),
        ({"agents": ["Acetone!"]}, "zone.agents", "agents"),
        ({"agents": ["a"] * 51}, "zone.agents", "agents"),
        ({"polygon": {"type": "Point"}}, "zone.polygon", "polygon.type"),
    ],
)
async def test_a_zone_that_can_not_be_is_refused(
    tx: Tx, plant: Plant, change: dict[str, Any], code: str, field: str
) -> None:
    draft = places.ZoneDraft(plant.site.id, "new", NAME, box(20, 0))
    problem = await refused(Invalid, code, places.create_zone(tx, None, msgspec.structs.replace(draft, **change)))
    assert problem.field == field
    assert problem.zh != problem.en


@pytest.mark.parametrize("tz", ["", "Mars/Base", "../etc/passwd", "America", "/etc/localtime", "a\0b"])
async def test_a_time_zone_that_is_none_is_refused(tx: Tx, tz: str) -> None:
    problem = await refused(Invalid, "site.tz", places.create_site(tx, None, places.SiteDraft("south", NAME, tz)))
    assert (problem.field, problem.value) == ("tz", tz)


async def test_what_is_missing_is_named(tx: Tx, plant: Plant) -> None:
    nowhere = new_id()
    draft = places.ZoneDraft(nowhere, "new", NAME, box(20, 0))
    await refused(NotFound, "site.not_found", places.create_zone(tx, None, draft))
    draft = places.ZoneDraft(plant.site.id, "new", NAME, box(20, 0), building_id=nowhere)
    await refused(NotFound, "building.not_found", places.create_zone(tx, None, draft))
    sensor = instruments.SensorDraft(plant.detector.id, nowhere, "x", NAME, "x", "1", 10.0)
    await refused(NotFound, "zone.not_found", instruments.create_sensor(tx, None, sensor))


async def test_what_belongs_together_stands_on_one_site(tx: Tx, plant: Plant) -> None:
    south = await places.create_site(tx, None, places.SiteDraft("south", NAME, "UTC"))
    building = await places.create_building(tx, None, places.BuildingDraft(south.id, "hall-1", NAME))
    away = await places.create_zone(tx, None, places.ZoneDraft(south.id, "away", NAME, box(0, 0)))
    draft = places.ZoneDraft(plant.site.id, "new", NAME, box(20, 0), building_id=building.id)
    await refused(Invalid, "site.other", places.create_zone(tx, None, draft))
    sensor = instruments.SensorDraft(plant.detector.id, away.id, "x", NAME, "x", "1", 10.0)
    assert (await refused(Invalid, "site.other", instruments.create_sensor(tx, None, sensor))).field == "zone"
    change = instruments.SensorChange(zone_id=away.id)
    lel = plant.sensors["lel"].id
    await refused(Invalid, "site.other", instruments.edit_sensor(tx, None, lel, change, expected_version=None))


async def test_an_edit_of_an_older_version_changes_nothing(tx: Tx, plant: Plant) -> None:
    change = places.SiteChange(name=Text("新", "New"))
    site = await places.edit_site(tx, None, plant.site.id, change, expected_version=1)
    assert (site.version, site.tz) == (2, plant.site.tz)
    problem = await refused(
        Conflict, "version.changed", places.edit_site(tx, None, plant.site.id, change, expected_version=1)
    )
    assert (problem.value, problem.limit) == (1, 2)
    assert (await queries.get_site(tx, plant.tenant_id, plant.site.id)).version == 2


async def _take_name_again(tx: Tx, plant: Plant, kind: str) -> None:
    if kind == "site":
        await places.create_site(tx, None, places.SiteDraft("north", NAME, "UTC"))
    elif kind == "zone":
        await places.create_zone(tx, None, places.ZoneDraft(plant.site.id, "hall", NAME, box(20, 0)))
    elif kind == "device":
        await instruments.create_device(tx, None, instruments.DeviceDraft(plant.site.id, "blower-1", NAME))
    elif kind == "sensor":
        draft = instruments.SensorDraft(plant.detector.id, plant.store.id, "lel", NAME, "x", "1", 10.0)
        await instruments.create_sensor(tx, None, draft)
    else:
        await _actuator(tx, plant, slug="fan")


@pytest.mark.parametrize("kind", ["site", "zone", "device", "sensor", "actuator"])
async def test_a_name_that_is_taken_is_a_conflict(tx: Tx, plant: Plant, kind: str) -> None:
    problem = await refused(Conflict, f"{kind}.slug_taken", _take_name_again(tx, plant, kind))
    assert problem.field == "slug"


# Devices.


async def test_a_devices_secret_is_shown_once_and_only_its_hash_is_kept(tx: Tx, plant: Plant) -> None:
    made = await instruments.create_device(tx, None, instruments.DeviceDraft(plant.site.id, "box-1", NAME))
    stored = await tx.fetchval("SELECT secret_hash FROM devices WHERE id = $1", made.device.id)
    assert verify_secret(made.secret, stored)
    await tx.finish()
    traces = await tx.fetch("SELECT facts::text FROM audit UNION SELECT payload::text FROM outbox")
    assert not any(made.secret in row[0] for row in traces)


async def test_a_revoked_device_is_out_and_a_new_secret_lets_it_in_again(tx: Tx, plant: Plant) -> None:
    slug = plant.detector.slug
    assert await service.find_device(tx, "north", slug) is not None
    revoked = await instruments.revoke_device(tx, None, plant.detector.id)
    assert await instruments.revoke_device(tx, None, plant.detector.id) == revoked
    assert await service.find_device(tx, "north", slug) is None
    directory = await load_directory(tx, plant.tenant_id, plant.site.id)
    assert directory.devices[slug].revoked
    assert not any(device.slug == slug for device in directory.by_topic.values())
    renewed = await instruments.renew_device_secret(tx, None, plant.detector.id)
    login = await service.find_device(tx, "north", slug)
    assert login is not None
    assert verify_secret(renewed.secret, login.secret_hash)
    assert not verify_secret("of the tests", login.secret_hash)


# Sensors and actuators.


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"series": ""}, "sensor.series"),
        ({"series": "x" * 65}, "sensor.series"),
        ({"series": "a\0"}, "sensor.series"),
        ({"unit": ""}, "sensor.unit"),
        ({"unit": "mg m3"}, "sensor.unit"),
        ({"unit": "x" * 33}, "sensor.unit"),
        ({"quantity": ""}, "sensor.quantity"),
        ({"agent": "Aceton"}, "slug.invalid"),
        ({"stale_after_s": 0.0}, "sensor.stale_after"),
        ({"stale_after_s": 86_401.0}, "sensor.stale_after"),
        ({"stale_after_s": float("nan")}, "sensor.stale_after"),
    ],
)
async def test_a_sensor_that_can_not_be_is_refused(tx: Tx, plant: Plant, change: dict[str, Any], code: str) -> None:
    draft = instruments.SensorDraft(plant.detector.id, plant.store.id, "new", NAME, "x", "1", 10.0)
    await refused(Invalid, code, instruments.create_sensor(tx, None, msgspec.structs.replace(draft, **change)))


async def _actuator(tx: Tx, plant: Plant, **change: Any) -> Any:
    draft = instruments.ActuatorDraft(
        plant.blower.id, plant.store.id, "new", NAME, ActuatorKind.FAN, {"start": Expectation(state="running")}, 5.0
    )
    return await instruments.create_actuator(tx, None, msgspec.structs.replace(draft, **change))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"expected": {}}, "actuator.expected"),
        ({"expected": {"open": Expectation(state="open")}}, "actuator.action"),
        ({"expected": {"start": Expectation()}}, "actuator.proof"),
        ({"expected": {"start": Expectation(at_least=1.0)}}, "actuator.proof"),
        ({"expected": {"start": Expectation(state="running", at_least=float("nan"))}}, "actuator.proof"),
        ({"expected": {"start": Expectation(state="running", at_least=2.0, at_most=1.0)}}, "actuator.proof"),
        ({"expected": {"start": Expectation(state="x" * 33)}}, "actuator.proof"),
        ({"expected": {"start": Expectation(state="")}}, "actuator.proof"),
        ({"deadline_s": 0.0}, "actuator.deadline"),
        ({"deadline_s": 601.0}, "actuator.deadline"),
        ({"deadline_s": float("inf")}, "actuator.deadline"),
    ],
)
async def test_an_actuator_that_could_never_prove_itself_is_refused(
    tx: Tx, plant: Plant, change: dict[str, Any], code: str
) -> None:
    await refused(Invalid, code, _actuator(tx, plant, **change))


async def test_a_feedback_sensor_needs_bounds_is_in_use_and_stays_in_use(tx: Tx, plant: Plant) -> None:
    flow = plant.sensors["flow"].id
    await refused(Invalid, "actuator.proof", _actuator(tx, plant, feedback_sensor_id=flow))
    retire = instruments.SensorChange(retired=True)
    problem = await refused(
        Conflict, "sensor.proves", instruments.edit_sensor(tx, None, flow, retire, expected_version=None)
    )
    assert problem.value == "vent"
    co = plant.sensors["co"].id
    await instruments.edit_sensor(tx, None, co, retire, expected_version=None)
    bounds = {"start": Expectation(at_least=1.0)}
    doing = _actuator(tx, plant, feedback_sensor_id=co, expected=bounds)
    await refused(Conflict, "sensor.retired", doing)


async def test_a_retired_sensor_is_not_heard_and_may_come_back(tx: Tx, plant: Plant) -> None:
    async def heard() -> set[str]:
        directory = await load_directory(tx, plant.tenant_id, plant.site.id)
        return set(directory.devices["detector-1"].series)

    lel = plant.sensors["lel"].id
    change = instruments.SensorChange(retired=True)
    first = await instruments.edit_sensor(tx, None, lel, change, expected_version=None)
    again = await instruments.edit_sensor(tx, None, lel, change, expected_version=None)
    assert first.retired_at is not None
    assert again.retired_at == first.retired_at
    assert await heard() == {"co", "flow"}
    await instruments.edit_sensor(tx, None, lel, instruments.SensorChange(retired=False), expected_version=None)
    assert await heard() == {"lel", "co", "flow"}


# Commands.


async def test_the_same_key_is_the_same_command_and_another_wish_under_it_a_conflict(tx: Tx, plant: Plant) -> None:
    first = await service.request_command(tx, None, plant.fan.id, "start", "why", key="k")
    assert await service.request_command(tx, None, plant.fan.id, "start", "again", key="k") == first
    doing = service.request_command(tx, None, plant.fan.id, "stop", "why", key="k")
    assert (await refused(Conflict, "command.key_used", doing)).value == "k"


async def test_a_retired_actuator_moves_no_more(tx: Tx, plant: Plant) -> None:
    change = instruments.ActuatorChange(retired=True)
    await instruments.edit_actuator(tx, None, plant.fan.id, change, expected_version=1)
    doing = service.request_command(tx, None, plant.fan.id, "start", "why", key="k")
    await refused(Conflict, "actuator.retired", doing)


async def test_the_opposite_wish_ends_the_first_one_and_the_same_wish_does_not(tx: Tx, plant: Plant) -> None:
    start = await service.request_command(tx, None, plant.fan.id, "start", "why", key="a")
    await service.request_command(tx, None, plant.fan.id, "start", "why", key="b")
    assert (await service.get_command(tx, None, start.id)).state is CommandState.REQUESTED
    stop = await service.request_command(tx, None, plant.fan.id, "stop", "why", key="c")
    superseded = await service.get_command(tx, None, start.id)
    assert (superseded.state, superseded.feedback) == (CommandState.FAILED, {"superseded_by": str(stop.id)})


async def test_a_drill_calls_off_nothing_that_is_meant(tx: Tx, plant: Plant) -> None:
    meant = await service.request_command(tx, None, plant.fan.id, "start", "leak", key="a")
    drill = await service.request_command(tx, None, plant.fan.id, "stop", "drill", key="b", inhibited=True)
    assert (await service.get_command(tx, None, meant.id)).state is CommandState.REQUESTED
    await service.request_command(tx, None, plant.fan.id, "start", "leak", key="c")
    assert (await service.get_command(tx, None, drill.id)).state is CommandState.FAILED


async def test_of_two_opposite_wishes_at_once_one_ends_the_other(clone: Clone) -> None:
    async with Database.connect(clone.app_url, max_size=4) as db:
        plant = await build_in(db, clone.tenant_id)

        async def ask(action: str) -> None:
            async with db.transaction(clone.tenant_id) as tx:
                await service.request_command(tx, None, plant.fan.id, action, "why", key=action)

        await asyncio.gather(ask("start"), ask("stop"))
        async with db.transaction(clone.tenant_id) as tx:
            rows = await tx.fetch("SELECT state FROM commands")
        assert sorted(row[0] for row in rows) == ["failed", "requested"]
