"""Rooms over HTTP, for a phone whose socket is away."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from core.ids import new_id
from incidents import queries, rooms
from incidents.alarms import alarm
from mobile_contract.room import RoomState, fold
from mobile_contract.room_events import RoomEvent
from people.permissions import Role
from tests.contract.conftest import Stage, read_all


def room(stage: Stage, what: str = "") -> str:
    return f"/v1/rooms/{stage.world.room_id}{what}"


async def say(stage: Stage, text: str, key: str | None = None) -> int:
    body = {"text": text, "key": key or text}
    answer = await stage.http.post(room(stage, "/messages"), headers=stage.wang, json=body)
    assert answer.status_code == 201, answer.text
    seq: int = answer.json()["seq"]
    return seq


async def test_anonymous_is_401(stage: Stage) -> None:
    answers = [await stage.http.get(path) for path in ("/v1/rooms", room(stage), room(stage, "/events"))]
    answers.append(await stage.http.post(room(stage, "/messages"), json={"text": "x", "key": "1"}))
    assert {answer.status_code for answer in answers} == {401}


async def test_a_device_reads_no_room_and_an_auditor_writes_into_none(stage: Stage) -> None:
    device, auditor = await stage.edge.as_role(Role.DEVICE), await stage.edge.as_role(Role.AUDITOR)
    for path in ("/v1/rooms", room(stage), room(stage, "/events")):
        assert (await stage.http.get(path, headers=device)).status_code == 403, path
    answer = await stage.http.post(room(stage, "/messages"), headers=auditor, json={"text": "x", "key": "1"})
    assert (answer.status_code, answer.json()["limit"]) == (403, "post_room")


async def test_whom_it_does_not_concern_can_not_tell_that_the_room_exists(stage: Stage) -> None:
    worker = await stage.edge.as_role(Role.WORKER)
    message = {"text": "x", "key": "1"}
    for headers in (worker, stage.li):
        for what in ("", "/events"):
            hidden = await stage.http.get(room(stage, what), headers=headers)
            absent = await stage.http.get(f"/v1/rooms/{uuid4()}{what}", headers=headers)
            assert (hidden.status_code, hidden.json()["code"]) == (404, "room.not_found")
            assert hidden.json().keys() == absent.json().keys()
        written = await stage.http.post(room(stage, "/messages"), headers=headers, json=message)
        assert (written.status_code, written.json()["code"]) == (404, "room.not_found")
        assert (await stage.http.get("/v1/rooms", headers=headers)).json()["items"] == []


@pytest.mark.parametrize("role", [Role.SAFETY_OFFICER, Role.ADMIN, Role.AUDITOR])
async def test_those_who_run_or_audit_incidents_see_every_room(stage: Stage, role: Role) -> None:
    headers = await stage.edge.as_role(role)
    assert (await stage.http.get(room(stage), headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"key": "1"}, "text"),
        ({"text": "x"}, "key"),
        ({"text": " ", "key": "1"}, "text"),
        ({"text": "x" * 4001, "key": "1"}, "text"),
        ({"text": "x", "key": "k" * 101}, "key"),
        ({"text": "x", "key": ""}, "key"),
        ({"text": "x", "key": "1", "to": "li"}, "to"),
    ],
)
async def test_a_wrong_message_is_named(stage: Stage, body: dict[str, Any], field: str) -> None:
    answer = await stage.http.post(room(stage, "/messages"), headers=stage.wang, json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.parametrize(
    ("query", "field"),
    [("after=-1", "after"), ("before=0", "before"), ("after=1&before=3", "after"), ("after=1&messages=true", "after")],
)
async def test_a_wrong_stretch_is_named(stage: Stage, query: str, field: str) -> None:
    answer = await stage.http.get(room(stage, f"/events?{query}"), headers=stage.wang)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


async def test_the_same_key_twice_is_one_message_with_or_without_the_header(stage: Stage) -> None:
    first = await say(stage, "on my way", "m-1")
    assert await say(stage, "on my way", "m-1") == first
    headers = stage.wang | {"Idempotency-Key": "other"}
    for _ in range(2):
        body = {"text": "on my way", "key": "m-1"}
        assert (await stage.http.post(room(stage, "/messages"), headers=headers, json=body)).json()["seq"] == first
    shown = (await stage.http.get(room(stage), headers=stage.wang)).json()
    assert [message["text"] for message in shown["messages"]] == ["on my way"]


async def test_the_snapshot_is_the_fold_of_the_history(stage: Stage) -> None:
    await stage.order(stage.world.wang)
    await say(stage, "hello")
    await stage.alarm_event(alarm.DataReturned())
    events: list[RoomEvent] = []
    while True:
        after = events[-1].seq if events else 0
        answer = (await stage.http.get(room(stage, f"/events?after={after}&limit=3"), headers=stage.wang)).json()
        events += msgspec.convert(answer["events"], list[RoomEvent])
        if not answer["more"]:
            break
    fresh = msgspec.convert((await stage.http.get(room(stage), headers=stage.wang)).json(), RoomState)
    assert fold(RoomState(room=stage.world.room_id, epoch=1, seq=0), events) == fresh
    assert answer["seq"] == fresh.seq


async def test_old_messages_are_read_backwards_each_once(stage: Stage) -> None:
    said = []
    for n in range(7):
        said.append(await say(stage, f"message {n}"))
        await stage.order(stage.world.wang)
    pages: list[list[int]] = []
    before = ""
    while True:
        path = room(stage, f"/events?messages=true&limit=3{before}")
        answer = (await stage.http.get(path, headers=stage.wang)).json()
        pages.insert(0, [event["seq"] for event in answer["events"]])
        if not answer["more"]:
            break
        before = f"&before={pages[0][0]}"
    assert [seq for page in pages for seq in page] == said
    assert [len(page) for page in pages] == [1, 3, 3]


async def test_without_a_direction_the_newest_come(stage: Stage) -> None:
    newest = await say(stage, "hello")
    answer = (await stage.http.get(room(stage, "/events?limit=2"), headers=stage.wang)).json()
    assert [event["seq"] for event in answer["events"]] == [newest - 1, newest]
    assert answer["more"] is True


async def test_my_rooms_come_in_pages_each_once_newest_first(stage: Stage) -> None:
    made = [stage.world.room_id]
    async with stage.transaction() as tx:
        first = await queries.get_incident(tx, stage.world.tenant_id, stage.world.incident_id)
        for _ in range(4):
            copy = msgspec.structs.replace(first, id=new_id())
            await queries.insert_incident(tx, stage.world.tenant_id, copy)
            made.append(await rooms.open_room(tx, stage.world.tenant_id, copy.id, [stage.world.wang]))
    shown = await read_all(stage.http, "/v1/rooms", stage.wang, limit=2)
    assert [UUID(row["id"]) for row in shown] == sorted(made, reverse=True)
    assert shown[-1]["title"]["en"] == "Acetone leak"


async def test_rooms_of_closed_incidents_are_asked_for(stage: Stage) -> None:
    await stage.alarm_event(alarm.DataReturned())
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    body = {"reason": "over"}
    await stage.http.post(f"/v1/incidents/{stage.world.incident_id}/close", headers=officer, json=body)
    assert await read_all(stage.http, "/v1/rooms", stage.wang, limit=9) == []
    (shown,) = await read_all(stage.http, "/v1/rooms?closed=true", stage.wang, limit=9)
    assert (shown["id"], shown["state"]) == (str(stage.world.room_id), "closed")
