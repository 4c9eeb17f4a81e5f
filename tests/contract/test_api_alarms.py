"""Alarms over HTTP: reading them, acknowledging, resetting, shelving."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from core import audit
from incidents import queries
from incidents.alarms import alarm
from people.permissions import Role
from tests import incident_world
from tests.contract.conftest import Stage, read_all

ACTS = ("acknowledge", "reset", "shelve", "unshelve")
REASON = {"reason": "sensor is being calibrated"}


def act(stage: Stage, what: str) -> str:
    return f"/v1/alarms/{stage.world.alarm_id}/{what}"


async def test_anonymous_is_401(stage: Stage) -> None:
    answers = [await stage.http.get("/v1/alarms"), await stage.http.get(f"/v1/alarms/{stage.world.alarm_id}")]
    answers += [await stage.http.post(act(stage, what)) for what in ACTS]
    assert {answer.status_code for answer in answers} == {401}


async def test_a_worker_reads_alarms_and_may_do_nothing_about_them(stage: Stage) -> None:
    headers = await stage.edge.as_role(Role.WORKER)
    assert (await stage.http.get("/v1/alarms", headers=headers)).status_code == 200
    for what in ACTS:
        answer = await stage.http.post(act(stage, what), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission.missing"), what


async def test_a_responder_acknowledges_and_shelves_nothing(stage: Stage) -> None:
    answer = await stage.http.post(act(stage, "shelve"), headers=stage.wang, json=REASON)
    assert (answer.status_code, answer.json()["limit"]) == (403, "shelve_alarm")


@pytest.mark.parametrize(
    "query",
    ["level=3", "standing=perhaps", "zone=north", "cursor=~", "cursor=W10", "cursor=WzEsMl0", "limit=201", "sensor=1"],
)
async def test_a_wrong_filter_is_named(stage: Stage, query: str) -> None:
    answer = await stage.http.get(f"/v1/alarms?{query}", headers=stage.wang)
    assert (answer.status_code, answer.json()["field"]) == (400, query.partition("=")[0])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 1001}, "reason"),
        ({**REASON, "until": "2026-03-02T09:00:00"}, "until"),
        ({**REASON, "until": "2026-03-03T09:00:00Z"}, "until"),
        ({**REASON, "until": "2026-03-02T07:00:00Z"}, "until"),
        ({**REASON, "for": 60}, "for"),
    ],
)
async def test_shelving_without_a_reason_or_beyond_a_shift_is_refused(
    stage: Stage, body: dict[str, Any], field: str
) -> None:
    headers = await stage.edge.as_role(Role.SAFETY_OFFICER)
    answer = await stage.http.post(act(stage, "shelve"), headers=headers, json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text


async def test_an_unknown_alarm_is_404(stage: Stage) -> None:
    headers = await stage.edge.as_role(Role.SAFETY_OFFICER)
    for what in ACTS:
        answer = await stage.http.post(f"/v1/alarms/{uuid4()}/{what}", headers=headers, json=REASON)
        assert (answer.status_code, answer.json()["code"]) == (404, "alarm.not_found"), what


async def test_an_alarm_says_where_it_comes_from(stage: Stage) -> None:
    world = stage.world
    shown = (await stage.http.get(f"/v1/alarms/{world.alarm_id}", headers=stage.wang)).json()
    assert (shown["id"], shown["letter"], shown["level"]) == (str(world.alarm_id), "B", 1)
    assert (shown["value"], shown["unit"], shown["set_point"]) == (6300.5, "[ppm]", 6250.0)
    assert (shown["incident"], shown["site"], shown["zone"]) == (
        str(world.incident_id),
        str(world.site_id),
        str(world.zone_id),
    )
    assert (shown["actuator"], shown["sensor"]) == (str(world.actuator_id), None)


async def test_acknowledging_twice_is_one_fact(stage: Stage) -> None:
    first = await stage.http.post(act(stage, "acknowledge"), headers=stage.wang)
    second = await stage.http.post(act(stage, "acknowledge"), headers=stage.li)
    assert (first.status_code, first.json()["letter"]) == (200, "C")
    assert second.json() == first.json()
    assert first.json()["acknowledged_by"] == str(stage.world.wang)
    async with stage.transaction() as tx:
        rows = await audit.list_rows(tx, stage.world.tenant_id, action="alarm.acknowledged", limit=9)
    assert [row.actor_id for row in rows] == [stage.world.wang]


async def test_the_same_key_is_answered_the_same_again(stage: Stage) -> None:
    headers = stage.wang | {"Idempotency-Key": "ack-1"}
    first = await stage.http.post(act(stage, "acknowledge"), headers=headers)
    await stage.alarm_event(alarm.DataReturned())
    again = await stage.http.post(act(stage, "acknowledge"), headers=headers)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = await stage.http.get(f"/v1/alarms/{stage.world.alarm_id}", headers=stage.wang)
    assert other.json()["letter"] == "A"


async def test_an_old_alarm_does_not_acknowledge_the_next_one(stage: Stage) -> None:
    await stage.http.post(act(stage, "acknowledge"), headers=stage.wang)
    await stage.alarm_event(alarm.DataReturned())
    await stage.alarm_event(alarm.DataMissing())
    assert (await stage.http.post(act(stage, "acknowledge"), headers=stage.wang)).json()["letter"] == "A"
    standing = (await stage.http.get("/v1/alarms?standing=true", headers=stage.wang)).json()["items"]
    assert [row["letter"] for row in standing] == ["B"]
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    refused = await stage.http.post(act(stage, "shelve"), headers=officer, json=REASON)
    assert (refused.status_code, refused.json()["code"]) == (409, "alarm.over")
    assert refused.json()["limit"] == standing[0]["id"]


async def test_a_latched_alarm_is_reset_when_it_is_acknowledged_and_normal(stage: Stage) -> None:
    async with stage.transaction() as tx:
        await tx.execute("UPDATE alarm_states SET state = state || '{\"latched\": true}'")
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    early = await stage.http.post(act(stage, "reset"), headers=officer)
    assert (early.status_code, early.json()["limit"]) == (409, "F")
    await stage.http.post(act(stage, "acknowledge"), headers=stage.wang)
    await stage.alarm_event(alarm.DataReturned())
    done = await stage.http.post(act(stage, "reset"), headers=officer)
    assert (done.status_code, done.json()["letter"]) == (200, "A")


async def test_shelving_and_ending_it(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    until = (stage.edge.clock.now() + timedelta(hours=2)).isoformat()
    shelved = await stage.http.post(act(stage, "shelve"), headers=officer, json={**REASON, "until": until})
    assert (shelved.status_code, shelved.json()["letter"]) == (200, "G")
    back = await stage.http.post(act(stage, "unshelve"), headers=officer)
    assert (back.status_code, back.json()["letter"]) == (200, "B")


async def test_one_shot_shelving_ends_when_the_condition_clears(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    shelved = await stage.http.post(act(stage, "shelve"), headers=officer, json={**REASON, "until": None})
    assert shelved.json()["letter"] == "G"
    await stage.alarm_event(alarm.DataReturned())
    assert (await stage.http.get(act(stage, "")[:-1], headers=officer)).json()["letter"] == "D"


async def test_pages_hold_every_alarm_once_newest_first(stage: Stage) -> None:
    expected = await add_alarms(stage, 7)
    shown = await read_all(stage.http, "/v1/alarms", stage.wang, limit=3)
    assert [UUID(row["id"]) for row in shown] == [*reversed(expected), stage.world.alarm_id]


async def test_filters(stage: Stage) -> None:
    world, (newest,) = stage.world, await add_alarms(stage, 1, level=2)

    async def ids(query: str) -> list[UUID]:
        answer = await stage.http.get(f"/v1/alarms?{query}", headers=stage.wang)
        return [UUID(row["id"]) for row in answer.json()["items"]]

    both = [newest, world.alarm_id]
    assert await ids(f"zone={world.zone_id}") == both
    assert await ids(f"site={world.site_id}&level=1") == both
    assert await ids("level=2") == [newest]
    assert await ids("standing=false") == []
    assert await ids("standing=true") == both
    for name in ("zone", "site", "sensor"):
        assert await ids(f"{name}={uuid4()}") == []


async def add_alarms(stage: Stage, count: int, *, level: int = 1) -> list[UUID]:
    """More episodes of the rule, all raised in the same instant; in order of their ids."""
    world = stage.world
    made = []
    async with stage.transaction() as tx:
        for episode in range(2, 2 + count):
            row = incident_world.new_alarm(
                tx,
                (world.tenant_id, world.site_id, world.zone_id, world.rule_id, world.actuator_id, world.incident_id),
                episode,
            )
            await queries.insert_alarm(tx, world.tenant_id, msgspec.structs.replace(row, level=level))
            made.append(row.id)
    return sorted(made)
