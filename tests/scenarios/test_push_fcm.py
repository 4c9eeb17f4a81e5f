"""The real firebase-admin client against the push service: every way FCM can answer, and not answer."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from core.errors import Invalid, Unavailable
from incidents.reaching.delivery import QUOTA_PAUSE_S
from mobile_contract.text import Text
from muster.demo.push_script import Behaviour, Kind, Script
from muster.demo.push_service import Running, run_push_service
from realtime.channels import Notice, Target
from realtime.push import Fcm
from tests.conftest import ROOT

NOTICE = Notice(
    delivery=UUID(int=1),
    key="k1",
    task=UUID(int=2),
    incident=UUID(int=3),
    room=UUID(int=4),
    grade=2,
    exercise=False,
    title=Text(zh="丙酮泄漏", en="Acetone leak"),
    place=Text(zh="溶剂库", en="Solvent store"),
    sent_at_ms=1_764_000_000_000,
)
WANG = Target(UUID(int=9), "token-wang", locale="zh-CN")


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Running]:
    async with run_push_service(tmp_path) as running:
        yield running


@pytest.fixture
async def fcm(service: Running) -> AsyncIterator[Fcm]:
    async with Fcm.open(service.credentials, url=service.url) as channel:
        yield channel


def script(service: Running, *then: Behaviour) -> None:
    service.service.switchboard.follow(Script("*", list(then)))


async def test_an_accepted_push_reaches_the_device_with_ids_and_nothing_to_read_over_a_shoulder(
    service: Running, fcm: Fcm
) -> None:
    outcome = await fcm.send(NOTICE, WANG)
    assert outcome.kind == "accepted"
    assert outcome.message_id == "projects/muster-demo/messages/0:1"
    [push] = await service.service.switchboard.wait_for("token-wang", 0, 1.0)
    assert push.message["data"]["delivery"] == str(NOTICE.delivery)
    assert push.message["data"]["key"] == "k1"
    assert push.message["android"]["priority"] == "high"
    assert push.message["android"]["notification"]["tag"] == "k1"
    assert push.message["apns"]["headers"]["apns-collapse-id"] == "k1"
    assert push.message["notification"]["title"] == "紧急任务"
    for secret in ("丙酮", "Acetone", "溶剂", "Solvent"):
        assert secret not in str(push.message)


async def test_details_are_on_the_lock_screen_only_where_the_plant_allows_them(service: Running) -> None:
    async with Fcm.open(service.credentials, url=service.url, details=True) as fcm:
        await fcm.send(NOTICE, Target(WANG.device_id, "t", locale="en"))
    [push] = await service.service.switchboard.wait_for("t", 0, 1.0)
    assert push.message["notification"] == {"title": "Urgent order · Acetone leak", "body": "Solvent store"}


async def test_an_app_that_registered_an_installation_id_is_addressed_by_it(service: Running, fcm: Fcm) -> None:
    fid = "cKsHvQ2mT0eZ3xYbN1aLpw"
    assert (await fcm.send(NOTICE, Target(WANG.device_id, fid))).kind == "accepted"
    [push] = await service.service.switchboard.wait_for(fid, 0, 1.0)
    assert push.message["fid"] == fid
    assert "token" not in push.message


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ("unregistered", "gone", "UNREGISTERED"),
        ("sender_mismatch", "gone", "SENDER_ID_MISMATCH"),
        ("invalid_token", "gone", "INVALID_ARGUMENT"),
        ("bad_request", "refused", "invalid_argument"),
        ("unavailable", "failed", "UNAVAILABLE"),
        ("internal", "failed", "INTERNAL"),
        ("quota", "failed", "QUOTA_EXCEEDED"),
        ("unauthenticated", "failed", "auth"),
    ],
)
async def test_every_refusal_has_its_own_meaning(
    service: Running, fcm: Fcm, answer: Kind, kind: str, code: str
) -> None:
    refusal = Behaviour(answer)
    script(service, refusal, refusal, refusal, refusal, refusal, refusal)
    outcome = await fcm.send(NOTICE, WANG)
    assert (outcome.kind, outcome.code) == (kind, code)


@pytest.mark.parametrize("answer", ["quota", "unavailable"])
async def test_the_services_wish_for_patience_is_passed_on(service: Running, fcm: Fcm, answer: Kind) -> None:
    script(service, Behaviour(answer, retry_after_s=7), Behaviour(answer))
    assert (await fcm.send(NOTICE, WANG)).retry_after_s == 7
    assert (await fcm.send(NOTICE, WANG)).retry_after_s == (QUOTA_PAUSE_S if answer == "quota" else None)


async def test_a_refused_send_is_tried_once_because_the_courier_decides_about_repeats(
    service: Running, fcm: Fcm
) -> None:
    script(service, Behaviour("unavailable"))
    assert (await fcm.send(NOTICE, WANG)).kind == "failed"
    assert len(service.service.switchboard.log) == 1


async def test_a_dropped_answer_is_a_failure_although_the_device_got_the_push(service: Running, fcm: Fcm) -> None:
    script(service, Behaviour(drop=True))
    assert (await fcm.send(NOTICE, WANG)).kind == "failed"
    assert (await fcm.send(NOTICE, WANG)).kind == "accepted"
    pushes = await service.service.switchboard.wait_for("token-wang", 0, 1.0)
    assert [push.message["data"]["key"] for push in pushes] == ["k1", "k1"]


async def test_duplicates_losses_and_overtaking_happen_behind_an_acceptance(service: Running, fcm: Fcm) -> None:
    script(service, Behaviour(behind=1), Behaviour(copies=2), Behaviour(deliver=False))
    for n in range(3):
        notice = Notice(**{field: getattr(NOTICE, field) for field in NOTICE.__struct_fields__} | {"key": f"k{n}"})
        assert (await fcm.send(notice, WANG)).kind == "accepted"
    pushes = await service.service.switchboard.wait_for("token-wang", 0, 1.0)
    assert [push.message["data"]["key"] for push in pushes] == ["k1", "k1", "k0"]


async def test_an_access_token_revoked_in_between_is_renewed(service: Running, fcm: Fcm) -> None:
    assert (await fcm.send(NOTICE, WANG)).kind == "accepted"
    service.service.account.revoke_tokens()
    assert (await fcm.send(NOTICE, WANG)).kind == "accepted"


async def test_credentials_that_are_refused_are_a_visible_failure(service: Running, fcm: Fcm) -> None:
    service.service.refuse_grants = True
    assert (await fcm.send(NOTICE, WANG)).code == "auth"
    with pytest.raises(Unavailable, match="no access token"):
        await fcm.check()
    service.service.refuse_grants = False
    await fcm.check()
    assert (await fcm.send(NOTICE, WANG)).kind == "accepted"


async def test_a_service_that_is_away_is_a_failure(tmp_path: Path) -> None:
    async with run_push_service(tmp_path) as running:
        credentials, url = running.credentials, running.url
    async with Fcm.open(credentials, url=url) as fcm:
        assert (await fcm.send(NOTICE, WANG)).kind == "failed"


async def test_a_key_file_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text('{"type": "service_account"}')
    with pytest.raises(Invalid, match="has no client_email"):
        async with Fcm.open(path):
            pass


async def test_the_account_keeps_its_key_when_the_service_moves(tmp_path: Path) -> None:
    async with run_push_service(tmp_path) as running:
        first = running.credentials.read_text()
    async with run_push_service(tmp_path) as running:
        second = running.credentials.read_text()
        async with Fcm.open(running.credentials, url=running.url) as fcm:
            assert (await fcm.send(NOTICE, WANG)).kind == "accepted"
    key = "private_key_id"
    assert first[first.index(key) :][:70] == second[second.index(key) :][:70]


@pytest.mark.scenario
async def test_as_a_process_it_says_where_it_listens_and_a_phone_can_wait_for_its_pushes(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "muster.demo.push_service", "--port", "0", "--dir", str(tmp_path))
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().split()
        url, credentials = line[2], Path(line[3])
        async with httpx.AsyncClient(base_url=url) as phone, Fcm.open(credentials, url=url) as fcm:
            script = {"token": "token-wang", "then": [{"answer": "quota", "retry_after_s": 3}]}
            assert (await phone.post("/control/script", json=script)).status_code == 200
            assert (await phone.post("/control/script", json={"tokem": "x"})).status_code == 400
            waiting = asyncio.create_task(
                phone.get("/control/pushes", params={"token": "token-wang", "wait_s": 20}, timeout=30)
            )
            assert (await fcm.send(NOTICE, WANG)).retry_after_s == 3
            assert (await fcm.send(NOTICE, WANG)).kind == "accepted"
            [push] = (await waiting).json()["pushes"]
            assert (push["n"], push["message"]["data"]["key"]) == (1, "k1")
            log = (await phone.get("/control/log", params={"token": "token-wang"})).json()["taken"]
            assert [entry["behaviour"]["answer"] for entry in log] == ["quota", "accept"]
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
