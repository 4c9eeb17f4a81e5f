"""Reaching people over HTTP: readiness, addresses, services, quiet times, tests of communications."""

from __future__ import annotations

from typing import Any

import pytest

from core.database import Tx
from people.permissions import Role
from people.reach import service
from realtime.channels import Notice, Outcome, Target
from realtime.comm_test_sender import CommTestSender
from tests.contract.conftest import Stage, read_all

READY = {"notifications": "granted", "critical_alerts": "granted", "battery": "unrestricted", "battery_level": 90}


async def phone_of(stage: Stage, headers: dict[str, str]) -> str:
    answer = await stage.http.get("/v1/devices", headers=headers)
    return str(answer.json()["items"][0]["id"])


async def ring(stage: Stage, headers: dict[str, str], token: str) -> str:
    """Give the person's phone a push address."""
    phone = await phone_of(stage, headers)
    body = {"channel": "fcm", "token": token}
    assert (await stage.http.put(f"/v1/devices/{phone}/push", headers=headers, json=body)).status_code == 200
    return phone


class Answers:
    """A push channel that answers as it is told, token by token."""

    name = "fcm"

    def __init__(self, by_token: dict[str, str]) -> None:
        self._by_token = by_token
        self.sent: list[tuple[Notice, Target]] = []

    async def send(self, notice: Notice, target: Target) -> Outcome:
        self.sent.append((notice, target))
        kind: Any = self._by_token.get(target.address, "accepted")
        return Outcome(kind, code=None if kind == "accepted" else "said-so")


async def test_a_phone_says_how_it_is_set_and_the_officer_sees_who_will_not_ring(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    phone = await ring(stage, stage.wang, "token-wang")
    path = f"/v1/devices/{phone}/readiness"
    assert (await stage.http.put(path, headers=stage.wang, json=READY)).status_code == 204
    [wang] = (await stage.http.get("/v1/readiness?q=wang", headers=officer)).json()["items"]
    assert (wang["ready"], [p["code"] for p in wang["problems"]]) == (True, ["not_tested"])
    await stage.http.put(path, headers=stage.wang, json=READY | {"notifications": "denied"})
    [wang] = (await stage.http.get("/v1/readiness?q=wang", headers=officer)).json()["items"]
    assert (wang["ready"], wang["problems"][0]["code"]) == (False, "notifications_off")
    [li] = (await stage.http.get("/v1/readiness?q=li", headers=officer)).json()["items"]
    assert li["problems"][0]["code"] == "no_push_address"


async def test_a_phone_speaks_for_itself_alone(stage: Stage) -> None:
    phone = await phone_of(stage, stage.wang)
    answer = await stage.http.put(f"/v1/devices/{phone}/readiness", headers=stage.li, json=READY)
    assert answer.status_code == 404
    again = await stage.edge.session("wang")
    answer = await stage.http.put(
        f"/v1/devices/{phone}/readiness", headers={"Authorization": f"Bearer {again.access_token}"}, json=READY
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "person_device.other")


async def test_before_a_shift_nobody_who_is_not_on_duty_is_listed(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    listed = await stage.http.get("/v1/readiness?within_hours=2", headers=officer)
    assert all(person["on_duty"] for person in listed.json()["items"])
    everybody = await read_all(stage.http, "/v1/readiness", officer, limit=1)
    assert {person["login"] for person in everybody} >= {"wang", "li"}


async def test_an_address_is_added_once_checked_and_taken_out(stage: Stage) -> None:
    body = {"kind": "mail", "address": "wang@example.com"}
    made = [await stage.http.post("/v1/contact-points", headers=stage.wang, json=body) for _ in range(2)]
    assert [m.status_code for m in made] == [201, 201]
    assert made[0].json()["id"] == made[1].json()["id"]
    for wrong in ({"kind": "mail", "address": "nobody"}, {"kind": "sms", "address": "110"}):
        answer = await stage.http.post("/v1/contact-points", headers=stage.wang, json=wrong)
        assert (answer.status_code, answer.json()["field"]) == (400, "address")
    point = made[0].json()["id"]
    assert (await stage.http.delete(f"/v1/contact-points/{point}", headers=stage.li)).status_code == 404
    assert (await stage.http.delete(f"/v1/contact-points/{point}", headers=stage.wang)).status_code == 204
    assert (await stage.http.get("/v1/contact-points", headers=stage.wang)).json()["items"] == []


async def test_a_colleagues_addresses_are_not_ours(stage: Stage) -> None:
    await stage.http.post("/v1/contact-points", headers=stage.wang, json={"kind": "sms", "address": "+8613800138000"})
    theirs = f"?account={stage.world.wang}"
    assert (await stage.http.get(f"/v1/contact-points{theirs}", headers=stage.li)).status_code == 403
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    assert len((await stage.http.get(f"/v1/contact-points{theirs}", headers=officer)).json()["items"]) == 1


async def test_a_services_secret_goes_in_and_never_comes_out(stage: Stage) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    body = {"kind": "mail", "url": "mailtos://muster:very-secret@mail.example.com?to={to}"}
    saved = await stage.http.put("/v1/message-services", headers=admin, json=body)
    assert saved.json() == {"kind": "mail", "scheme": "mailtos", "enabled": True, "version": 1}
    listed = await stage.http.get("/v1/message-services", headers=admin)
    assert "very-secret" not in listed.text
    audit = await stage.http.get("/v1/audit", headers=admin)
    assert "very-secret" not in audit.text
    wrong = await stage.http.put("/v1/message-services", headers=admin, json={"kind": "sms", "url": body["url"]})
    assert (wrong.status_code, wrong.json()["field"]) == (400, "url")
    assert "very-secret" not in wrong.text
    assert (await stage.http.delete("/v1/message-services?kind=mail", headers=admin)).status_code == 204
    assert (await stage.http.get("/v1/message-services", headers=admin)).json() == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "daily_from"),
        ({"daily_from": "22:00:00", "daily_until": "06:00:00"}, "daily_from"),
        ({"daily_from": "22:00:00", "daily_until": "22:00:00", "tz": "UTC"}, "daily_until"),
        ({"daily_from": "22:00:00", "daily_until": "06:00:00", "tz": "Mars/Base"}, "tz"),
        ({"daily_from": "22:00:00", "daily_until": "06:00:00Z", "tz": "UTC"}, "daily_until"),
        ({"starts_at": "2026-03-02T08:00:00Z", "ends_at": "2026-03-01T08:00:00Z"}, "ends_at"),
        ({"starts_at": "2026-03-02T08:00:00Z", "ends_at": "2027-03-01T08:00:00Z"}, "ends_at"),
        # Without an offset it would be read in the server's own zone.
        ({"starts_at": "2026-03-02T08:00:00", "ends_at": "2026-03-02T09:00:00"}, "starts_at"),
        ({"starts_at": "2026-03-02T08:00:00Z", "ends_at": "2026-03-02T09:00:00"}, "ends_at"),
        ({"starts_at": "9999-12-31T00:00:00Z", "ends_at": "9999-12-31T23:59:59-12:00"}, "starts_at"),
        ({"daily_from": "22:00:00+01:00", "daily_until": "06:00:00", "tz": "Asia/Shanghai"}, "daily_from"),
    ],
)
async def test_a_quiet_time_that_is_none_is_named(stage: Stage, body: dict[str, Any], field: str) -> None:
    answer = await stage.http.post("/v1/quiet-times", headers=stage.wang, json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


async def test_who_wants_quiet_is_known_for_that_time_alone(stage: Stage) -> None:
    once = {"starts_at": "2026-03-02T07:00:00Z", "ends_at": "2026-03-02T09:00:00Z", "reason": "dentist"}
    made = await stage.http.post("/v1/quiet-times", headers=stage.wang, json=once)
    assert made.status_code == 201

    async def quiet(tx: Tx) -> frozenset[object]:
        return await service.list_quiet_people(tx, stage.world.tenant_id, tx.now)

    async with stage.transaction() as tx:
        assert await quiet(tx) == {stage.world.wang}
    assert (await stage.http.delete(f"/v1/quiet-times/{made.json()['id']}", headers=stage.li)).status_code == 404
    stage.edge.clock.advance(3600)
    async with stage.transaction() as tx:
        assert await quiet(tx) == frozenset()


async def test_a_test_shows_who_has_proof_who_only_a_services_word_and_who_neither(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    await ring(stage, stage.wang, "token-wang")
    await ring(stage, stage.li, "token-li")
    await ring(stage, officer, "token-officer")
    started = await stage.http.post("/v1/comm-tests", headers=officer, json={})
    test = started.json()["id"]
    channel = Answers({"token-li": "gone"})
    sender = CommTestSender(stage.edge.deps.db, {"fcm": channel})
    assert await sender.sweep() == 3
    assert {notice.type for notice, _ in channel.sent} == {"test"}
    messages = (await stage.http.get(f"/v1/comm-tests/{test}/messages", headers=officer)).json()["items"]
    [mine] = [m["id"] for m in messages if m["account"] == str(stage.world.wang)]
    path = f"/v1/comm-test-messages/{mine}/receipts"
    assert (await stage.http.post(path, headers=stage.li, json={"fact": "received"})).status_code == 404
    for _ in range(2):
        assert (await stage.http.post(path, headers=stage.wang, json={"fact": "received"})).status_code == 204
    report = (await stage.http.get(f"/v1/comm-tests/{test}", headers=officer)).json()
    assert (report["people"], report["received"], report["unproven"], report["missed"]) == (3, 1, 1, 1)
    assert report["channels"] == [{"channel": "fcm", "sent": 3, "accepted": 2, "received": 1}]
    phones = (await stage.http.get("/v1/devices", headers=stage.li)).json()["items"]
    assert phones[0]["push"] == "retired"


async def test_a_service_that_did_not_take_it_is_asked_again_and_not_for_ever(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    await ring(stage, stage.wang, "token-wang")
    await stage.http.post("/v1/comm-tests", headers=officer, json={"accounts": [str(stage.world.wang)]})
    channel = Answers({"token-wang": "failed"})
    sender = CommTestSender(stage.edge.deps.db, {"fcm": channel})
    for _ in range(6):
        await sender.sweep()
        stage.edge.clock.advance(31)
    assert len(channel.sent) == 3


async def test_what_arrives_after_the_end_does_not_count(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    await ring(stage, stage.wang, "token-wang")
    body = {"accounts": [str(stage.world.wang)]}
    test = (await stage.http.post("/v1/comm-tests", headers=officer, json=body)).json()["id"]
    await CommTestSender(stage.edge.deps.db, {"fcm": Answers({})}).sweep()
    [message] = (await stage.http.get(f"/v1/comm-tests/{test}/messages", headers=officer)).json()["items"]
    stage.edge.clock.advance(3601)
    late = await stage.edge.session("wang")
    headers = {"Authorization": f"Bearer {late.access_token}"}
    path = f"/v1/comm-test-messages/{message['id']}/receipts"
    assert (await stage.http.post(path, headers=headers, json={"fact": "seen"})).status_code == 204
    again = await stage.edge.as_role(Role.AUDITOR)
    report = (await stage.http.get(f"/v1/comm-tests/{test}", headers=again)).json()
    assert (report["received"], report["unproven"]) == (0, 1)


async def test_nobody_to_ring_is_said(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    answer = await stage.http.post("/v1/comm-tests", headers=officer, json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "comm_test.nobody")


async def test_a_schedule_begins_one_test_at_its_time_and_knows_the_next(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    await ring(stage, stage.wang, "token-wang")
    body = {"rule": "FREQ=DAILY", "tz": "Asia/Shanghai", "first_at": "2026-03-02T08:10:00Z"}
    made = await stage.http.post("/v1/comm-schedules", headers=officer, json=body)
    assert made.json()["next_at"] == "2026-03-02T08:10:00Z"
    sender = CommTestSender(stage.edge.deps.db, {"fcm": Answers({})})
    assert await sender.sweep() == 0
    stage.edge.clock.advance(600)
    assert await sender.sweep() == 1
    assert await sender.sweep() == 0
    [test] = (await stage.http.get("/v1/comm-tests", headers=officer)).json()["items"]
    assert test["schedule"] == made.json()["id"]
    [schedule] = (await stage.http.get("/v1/comm-schedules", headers=officer)).json()["items"]
    assert schedule["next_at"] == "2026-03-03T08:10:00Z"
    path, match = f"/v1/comm-schedules/{schedule['id']}", {"If-Match": '"1"'}
    off = await stage.http.patch(path, headers=officer | match, json={"enabled": False})
    assert (off.json()["next_at"], off.json()["version"]) == (None, 2)
    assert (await stage.http.patch(path, headers=officer | match, json={"enabled": True})).status_code == 412


async def test_a_schedule_that_can_not_be_read_keeps_no_other_from_its_test(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    await ring(stage, stage.wang, "token-wang")
    for _ in range(2):
        body = {"rule": "FREQ=DAILY", "tz": "Asia/Shanghai", "first_at": "2026-03-02T08:10:00Z"}
        last = (await stage.http.post("/v1/comm-schedules", headers=officer, json=body)).json()["id"]
    async with stage.transaction() as tx:
        # As when a machine's time zones change with its next system.
        gone = "UPDATE comm_test_schedules SET tz = 'Gone/Zone' WHERE tenant_id = $1 AND id <> $2"
        await tx.execute(gone, stage.world.tenant_id, last)
    stage.edge.clock.advance(600)
    assert await CommTestSender(stage.edge.deps.db, {"fcm": Answers({})}).sweep() == 2
    schedules = (await stage.http.get("/v1/comm-schedules", headers=officer)).json()["items"]
    assert {it["id"]: it["next_at"] for it in schedules if it["next_at"]} == {last: "2026-03-03T08:10:00Z"}


async def test_readiness_goes_on_behind_people_who_left(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    for login in ("aa", "ab", "ac"):
        await stage.edge.account(login, Role.RESPONDER)
    async with stage.transaction() as tx:
        left = "UPDATE accounts SET disabled_at = $2 WHERE tenant_id = $1 AND login IN ('aa', 'ab', 'ac')"
        await tx.execute(left, stage.world.tenant_id, tx.now)
    listed = await read_all(stage.http, "/v1/readiness", officer, limit=1)
    assert [person["login"] for person in listed] == ["a-safety-officer", "li", "wang"]


async def test_an_address_that_is_there_is_added_again_though_no_new_one_fits(stage: Stage) -> None:
    bodies = [{"kind": "mail", "address": f"wang{n}@example.com"} for n in range(11)]
    made = [await stage.http.post("/v1/contact-points", headers=stage.wang, json=body) for body in bodies]
    assert [m.status_code for m in made] == [201] * 10 + [409]
    again = await stage.http.post("/v1/contact-points", headers=stage.wang, json=bodies[0])
    assert (again.status_code, again.json().get("id")) == (201, made[0].json()["id"])


async def test_a_rule_that_is_none_is_named(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    for rule in ("FREQ=SECONDLY", "FREQ=DAILY;UNTIL=20200101T000000"):
        body = {"rule": rule, "tz": "UTC", "first_at": "2026-03-02T08:10:00Z"}
        answer = await stage.http.post("/v1/comm-schedules", headers=officer, json=body)
        assert (answer.status_code, answer.json()["field"]) == (400, "rule")


@pytest.mark.parametrize(
    "first_at", ["2026-03-02T08:10:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"]
)
async def test_a_first_test_at_no_time_is_named(stage: Stage, first_at: str) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    body = {"rule": "FREQ=DAILY", "tz": "America/New_York", "first_at": first_at}
    answer = await stage.http.post("/v1/comm-schedules", headers=officer, json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, "first_at")


async def test_the_key_for_browsers_is_public_to_whoever_is_signed_in(stage: Stage) -> None:
    assert (await stage.http.get("/v1/web-push-key", headers=stage.wang)).json() == {"key": "a-key"}


async def test_a_browser_can_not_make_us_call_any_address_it_likes(stage: Stage) -> None:
    phone = await phone_of(stage, stage.wang)
    for token in ("nothing", '{"endpoint":"https://10.0.0.1/","keys":{"p256dh":"","auth":""}}'):
        body = {"channel": "web_push", "token": token}
        answer = await stage.http.put(f"/v1/devices/{phone}/push", headers=stage.wang, json=body)
        assert (answer.status_code, answer.json()["field"]) == (400, "token")
