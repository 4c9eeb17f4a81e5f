"""Whatever the document allows, and much that it does not: no fault of ours, and no answer it does not describe.

Cases are derived from the document by schemathesis and Hypothesis without randomness: a run is like the run before.
"""

from __future__ import annotations

import asyncio
import socket
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
import requests
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import ROUTERS, build_app
from api.deps import ApiDeps
from api.document import build_document
from core.clock import ManualClock
from core.database import Database
from core.device_ca import DeviceCa
from core.file_store import DiskFiles
from incidents.record.feed_service import Desk
from incidents.record.vault import Vault
from people.authenticator import Authenticator
from people.passwords import Passwords
from people.permissions import Role
from people.tokens import Tokens
from plant.places.site_maps import SiteMaps
from tests import clusters, incident_world
from tests.clusters import Cluster
from tests.contract.conftest import Edge, bearer, build_stage

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 8
SCHEMA = schemathesis.openapi.from_dict(build_document(ROUTERS))
# Requests without a token are the sweep's of test_api_isolation; here they would only stop at the door.
SCHEMA.config.generation.update(with_security_parameters=False)
OPERATIONS = {
    operation.definition.raw["operationId"]: operation
    for operation in (cast(Any, result).ok() for result in SCHEMA.get_all_operations())
}
# A sign-in of its own: ending the others' would turn every later answer into 401.
ENDS_ITS_SIGN_IN = "sign_out"
# Its 401 is an answer like another: the password was wrong.
SIGNS_IN = {"sign_in", "refresh"}
# A PDF in Chinese on a machine without a Chinese font.
NEEDS_A_FONT = "report.no_font"
CARD = {"agent": "silane", "name": {"zh": "硅烷", "en": "Silane"}, "sources": ["SEMI S2"]}
ROLES = (Role.ADMIN, Role.SAFETY_OFFICER)


@dataclass
class Served:
    """A server on a real port, tokens for it, ids that exist by the name the document gives them, and its answers."""

    url: str
    headers: dict[str, dict[str, str]]
    ids: dict[str, UUID]
    session: requests.Session
    answers: Counter[int] = field(default_factory=Counter)

    def real(self, operation: Any) -> dict[str, str]:
        """Path parameters that name what exists."""
        ids = self.ids | ({"device_id": self.ids["device"]} if "/plant/devices/" in operation.path else {})
        return {p.name: str(ids[p.name]) for p in operation.path_parameters}


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the tests have them."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


@pytest_asyncio.fixture(scope="module")
async def served(
    postgres: Cluster, passwords: Passwords, tmp_path_factory: pytest.TempPathFactory, compiled: None
) -> AsyncIterator[Served]:
    """The edge behind uvicorn with the plant of ``tests.incident_world``, signed in as admin and safety officer."""
    keys = Path(tmp_path_factory.mktemp("keys"))
    clock = ManualClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
    async with clusters.cloned(postgres, "schemathesis") as clone, Database.connect(clone.app_url, clock) as db:
        tokens = Tokens(keys, clock)
        deps = ApiDeps(
            db,
            tokens,
            passwords,
            Authenticator(db, tokens),
            device_ca=DeviceCa(keys),
            files=DiskFiles(keys / "files"),
            maps=SiteMaps(db),
            feeds=Desk(Vault(keys)),
            web_push_key="a-key",
            web_push_hosts=("push.example",),
        )
        app = build_app(deps)
        transport = httpx.ASGITransport(app=cast(Any, app))
        async with httpx.AsyncClient(transport=transport, base_url="http://muster.test") as http:
            ids, headers = await _furnish(Edge(app, http, deps, clock, clone))
        # By its protocol asyncio knows to send at once; else each answer's body waits 40 ms for its head to be read.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.bind(("127.0.0.1", 0))
        server = _Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve([listening]))
        with requests.Session() as session:
            session.trust_env = False
            yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}", headers, ids, session)
        server.should_exit = True
        await serving
        listening.close()


async def _furnish(edge: Edge) -> tuple[dict[str, UUID], dict[str, dict[str, str]]]:
    """A thing of every kind that the document names in a path or a body, and tokens."""
    stage = await build_stage(edge)
    world = stage.world
    headers = {role.value: await edge.as_role(role) for role in ROLES}
    headers[ENDS_ITS_SIGN_IN] = await edge.as_role(Role.WORKER)
    task_id, delivery_id = await stage.order(world.wang)
    async with stage.transaction() as tx:
        command_id = await incident_world.add_command(tx, world, "confirmed")
        device_id = await tx.fetchval("SELECT id FROM devices LIMIT 1")
        phone_id = await tx.fetchval("SELECT id FROM person_devices WHERE account_id = $1", world.li)
    name = {"zh": "名", "en": "name"}
    building = {"site": str(world.site_id), "slug": "hall", "name": name}
    sensor = {
        "device": str(device_id),
        "zone": str(world.zone_id),
        "series": "acetone",
        "name": name,
        "quantity": "concentration",
        "unit": "[ppm]",
        "stale_after_s": 30,
        "agent": "acetone",
    }
    box = {"site": str(world.site_id), "slug": "box-2", "name": name}
    device = (await edge.http.post("/v1/plant/devices", json=box, headers=headers[Role.ADMIN.value])).json()
    basic = b64encode(f"{device['device']['login']}:{device['secret']}".encode()).decode()
    headers["post_readings"] = headers["post_badge_events"] = {"Authorization": f"Basic {basic}"}
    policy = {"slug": "night", "title": name, "policy": {"steps": [{"who": [{"kind": "role", "of": "responder"}]}]}}
    kept = await edge.http.post("/v1/escalation-policies", json=policy, headers=headers[Role.ADMIN.value])
    made = {"policy": UUID(kept.json()["id"])}
    for kind, body in (("building", building), ("sensor", sensor)):
        answer = await edge.http.post(f"/v1/{kind}s", json=body, headers=headers[Role.ADMIN.value])
        made[kind] = UUID(answer.json()["id"])
    made |= await _furnish_rotas(edge, headers[Role.ADMIN.value], world.li, world.wang)
    made |= await _furnish_sos(edge, world, headers[Role.SAFETY_OFFICER.value])
    made |= await _furnish_command(edge, world, headers[Role.SAFETY_OFFICER.value])
    made |= await _furnish_further(edge, world, headers, device_id, sensor, made["sensor"])
    made["plan"] = await _furnish_place_plans(edge, world, headers[Role.ADMIN.value])
    aed = {"slug": "aed", "kind": "aed", "name": name, "lon": 0.0007, "lat": 0.0003}
    path = f"/v1/sites/{world.site_id}/equipment"
    made["equipment"] = UUID((await _post(edge, path, aed, headers[Role.ADMIN.value]))["id"])
    area = {"polygon": incident_world.SQUARE, "levels": [0]}
    drawn = {"areas": [area], "agent": "acetone", "incident": str(world.incident_id)}
    path = f"/v1/sites/{world.site_id}/hazards"
    made["hazard"] = UUID((await _post(edge, path, drawn, headers[Role.SAFETY_OFFICER.value]))["id"])
    async with stage.transaction() as tx:
        made["route"] = (await incident_world.add_route(tx, world)).id
    kinds = {
        "account": world.li,
        "alarm": world.alarm_id,
        "incident": world.incident_id,
        "task": task_id,
        "room": world.room_id,
        "delivery": delivery_id,
        "site": world.site_id,
        "zone": world.zone_id,
        "actuator": world.actuator_id,
        "rule": world.rule_id,
        "command": command_id,
        **made,
        **await _qualify(edge, headers[Role.ADMIN.value], world.li),
    }
    ids = {f"{kind}_id": thing for kind, thing in kinds.items()} | kinds
    return ids | {"device": device_id, "device_id": phone_id, "feedback_sensor": made["sensor"]}, headers


async def _furnish_reach(
    edge: Edge, world: incident_world.World, headers: dict[str, dict[str, str]]
) -> dict[str, UUID]:
    """Addresses, quiet times, a test of communications with its message, and a roll call."""
    officer = headers[Role.SAFETY_OFFICER.value]
    made: dict[str, UUID] = {}
    point = {"site": str(world.site_id), "slug": "gate", "name": {"zh": "门", "en": "Gate"}}
    drafts: list[tuple[str, str, dict[str, Any]]] = [
        ("contact", "/v1/contact-points", {"kind": "mail", "address": "a@example.com"}),
        ("quiet", "/v1/quiet-times", {"daily_from": "22:00:00", "daily_until": "06:00:00", "tz": "UTC"}),
        ("schedule", "/v1/comm-schedules", {"rule": "FREQ=DAILY", "tz": "UTC", "first_at": "2026-03-03T08:00:00Z"}),
        ("point", "/v1/assembly-points", point | {"position": {"type": "Point", "coordinates": [121.0, 31.0]}}),
        (
            "roll_call",
            f"/v1/incidents/{world.incident_id}/roll-calls",
            {"scope": "zones", "zones": [str(world.zone_id)], "reason": "leak"},
        ),
    ]
    for kind, path, draft in drafts:
        made[kind] = UUID((await _post(edge, path, draft, officer))["id"])
    phones = (await edge.http.get("/v1/devices", headers=officer)).json()["items"]
    push = {"channel": "fcm", "token": "a-token"}
    await edge.http.put(f"/v1/devices/{phones[0]['id']}/push", headers=officer, json=push)
    made["test"] = UUID((await _post(edge, "/v1/comm-tests", {}, officer))["id"])
    messages = await edge.http.get(f"/v1/comm-tests/{made['test']}/messages", headers=officer)
    made["test_message"] = UUID(messages.json()["items"][0]["id"])
    return made


async def _furnish_place_plans(edge: Edge, world: incident_world.World, admin: dict[str, str]) -> UUID:
    """A plan in force, with a road from its gate, and a draft."""
    path = f"/v1/sites/{world.site_id}/place-plans/draft"
    name = {"zh": "名", "en": "name"}
    plan = {"name": name, "levels": [{"level": 0, "name": name}]}
    plan["assembly_points"] = [{"id": "yard", "at": [0.0, 0.0], "name": name}]
    plan["nodes"] = [{"id": own, "level": 0, "at": [lon, 0.0]} for own, lon in (("west", 0.0), ("east", 0.001))]
    plan["ways"] = [{"id": "road", "ends": ["west", "east"], "kind": "road", "name": name}]
    plan["landmarks"] = [{"id": "gate", "kind": "gate", "level": 0, "at": [0.0, 0.0], "name": name}]
    for version in (0, 1):
        match = {"If-Match": f'"{version}"'}
        asked = (edge.http.post, f"{path}/publish", {}) if version else (edge.http.put, path, plan)
        answer = await asked[0](asked[1], headers=admin | match, json=asked[2])
        assert answer.status_code == 200, answer.text
    await edge.http.put(path, headers=admin | {"If-Match": '"0"'}, json=plan)
    async with edge.deps.db.transaction(world.tenant_id) as tx:
        # The ETag that cases send.
        await tx.execute("UPDATE place_plans SET version = 1 WHERE state = 'draft'")
    return UUID(answer.json()["plan"]["id"])


async def _furnish_command(edge: Edge, world: incident_world.World, officer: dict[str, str]) -> dict[str, UUID]:
    """Wang leads and offers command to the safety officer, who set an objective and noted a resource."""
    incident = f"/v1/incidents/{world.incident_id}"
    wang = bearer((await edge.session("wang")).access_token)
    me = (await edge.http.get("/v1/me", headers=officer)).json()["account"]["id"]
    taken = await edge.http.post(f"{incident}/command", json={}, headers=wang)
    assert taken.status_code == 200, taken.text
    return {
        "handover": UUID((await _post(edge, f"{incident}/handovers", {"to": me}, wang))["id"]),
        "objective": UUID((await _post(edge, f"{incident}/objectives", {"text": "ours"}, officer))["id"]),
        "resource": UUID((await _post(edge, f"{incident}/resources", {"kind": "team", "name": "ours"}, officer))["id"]),
    }


async def _furnish_sos(edge: Edge, world: incident_world.World, officer: dict[str, str]) -> dict[str, UUID]:
    """A call for help and a session of somebody who works alone."""
    call = {"key": "k", "kind": "fall", "at": "2026-03-02T08:00:00Z"}
    lone = {"ends_at": "2026-03-02T20:00:00Z", "interval_s": 600, "zone": str(world.zone_id)}
    made = {}
    for kind, path, body in (("sos", "/v1/sos", call), ("session", "/v1/lone-sessions", lone)):
        answer = await edge.http.post(path, json=body, headers=officer)
        made[kind] = UUID(answer.json()["id"])
    return made


async def _furnish_further(
    edge: Edge,
    world: incident_world.World,
    headers: dict[str, dict[str, str]],
    device_id: UUID,
    sensor: dict[str, Any],
    sensor_id: UUID,
) -> dict[str, UUID]:
    """Doors, designs, groups, matrices, feeds, reports, plans and cards."""
    name = {"zh": "名", "en": "name"}
    made = await _furnish_reach(edge, world, headers)
    door = {"device": str(device_id), "door": "gate-1", "gate": True, "to_zone": str(world.zone_id)}
    badge = {"number": "4711", "account": str(world.li)}
    visit = {"site": str(world.site_id), "kind": "visitor", "name": "Guest"}
    for kind, thing in (("door", door), ("badge", badge), ("visit", visit)):
        answer = await edge.http.post(f"/v1/{kind}s", json=thing, headers=headers[Role.SAFETY_OFFICER.value])
        made[kind] = UUID(answer.json()["id"])
    design = {"rule": str(world.rule_id), "reason": "r", "test": "action", "actuator": str(world.actuator_id)}
    second = sensor | {"series": "acetone-2"}
    two = await edge.http.post("/v1/sensors", json=second, headers=headers[Role.ADMIN.value])
    group = {
        "name": name,
        "sensors": [str(sensor_id), two.json()["id"]],
        "m": 2,
        "side": "high",
        "level": 2,
        "set_point": 2000.0,
        "unit": "[ppm]",
        "source": {"jurisdiction": "CN", "edition": "2019", "source": "GB/T 50493"},
    }
    drafts: list[tuple[str, str, dict[str, Any]]] = [
        ("design", "suppression-designs", design | {"action": "start"}),
        ("group", "voting-groups", group),
    ]
    for kind, path, draft in drafts:
        answer = await edge.http.post(f"/v1/{path}", json=draft, headers=headers[Role.ADMIN.value])
        made[kind] = UUID(answer.json()["id"])
    officer = headers[Role.SAFETY_OFFICER.value]
    matrix = await edge.http.post("/v1/matrices", json={"site": str(world.site_id)}, headers=officer)
    made["matrix"] = UUID(matrix.json()["id"])
    past = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
    replay = await edge.http.post(f"/v1/matrices/{made['matrix']}/replays", json=past, headers=officer)
    made["replay"] = UUID(replay.json()["id"])
    admin, officer = headers[Role.ADMIN.value], headers[Role.SAFETY_OFFICER.value]
    feed = {"name": "hook", "kind": "webhook", "url": "https://example.com"}
    made["feed"] = UUID((await _post(edge, "/v1/feeds", feed, admin))["feed"]["id"])
    made["message"] = UUID((await _post(edge, f"/v1/feeds/{made['feed']}/test", None, admin))["id"])
    incident = f"/v1/incidents/{world.incident_id}"
    made["report"] = UUID((await _post(edge, f"{incident}/reports", {}, officer))["id"])
    action = {"text": "x", "owner": str(world.li), "due_on": "2026-04-01"}
    made["action"] = UUID((await _post(edge, f"{incident}/corrective-actions", action, officer))["id"])
    async with edge.deps.db.transaction(world.tenant_id) as tx:
        # No emergency, or there could be no drill beside it.
        await tx.execute("UPDATE incidents SET grade = 4 WHERE tenant_id = $1", world.tenant_id)
    drill = {"plan": "fire", "zone": str(world.zone_id), "reason": "monthly"}
    made["drill"] = UUID((await _post(edge, "/v1/drills", drill, officer))["id"])
    for kind, path, new in (("version", "plan-versions", {"library": "fire"}), ("card", "agent-cards", CARD)):
        answer = await edge.http.post(f"/v1/{path}", json=new, headers=headers[Role.ADMIN.value])
        made[kind] = UUID(answer.json()["id"])
    return made


async def _qualify(edge: Edge, admin: dict[str, str], person: UUID) -> dict[str, UUID]:
    """A training that granted a qualification, with its evidence."""
    pdf = admin | {"Content-Type": "application/pdf"}
    made = {"evidence": (await edge.http.post("/v1/evidence", content=b"%PDF-1.7 %%EOF", headers=pdf)).json()["id"]}
    kind = {"slug": "k", "name": {"zh": "名", "en": "name"}, "skills": ["first_aid"], "source": "plant practice"}
    made["type"] = (await edge.http.post("/v1/qualification-types", json=kind, headers=admin)).json()["id"]
    training = {
        "account": str(person),
        "course": "c",
        "trainer": "t",
        "held_on": "2026-02-28",
        "hours": 8,
        "result": "passed",
        "evidence": made["evidence"],
        "grants": made["type"],
    }
    held = (await edge.http.post("/v1/trainings", json=training, headers=admin)).json()
    made |= {"training": held["id"], "qualification": held["qualification"]}
    return {name: UUID(value) for name, value in made.items()}


async def _furnish_rotas(edge: Edge, admin: dict[str, str], li: UUID, wang: UUID) -> dict[str, UUID]:
    """A team, a calendar, a rota of two with an override, and a swap."""
    name = {"zh": "名", "en": "name"}
    layer = {"name": name, "turns": [[str(li)], [str(wang)]], "starts_on": "2026-03-01", "handover": "00:00"}
    rota = {"slug": "rota", "name": name, "tz": "UTC", "kind": "on_call"}
    made: dict[str, UUID] = {}

    async def make(kind: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> None:
        answer = await edge.http.post(path, json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        made[kind] = UUID(answer.json()["id"])

    await make("team", "/v1/teams", {"slug": "team", "name": name}, admin)
    await make("calendar", "/v1/holiday-calendars", {"slug": "days", "name": name}, admin)
    await make("rota", "/v1/rotas", rota | {"definition": {"layers": [layer | {"every_days": 1}]}}, admin)
    override = {"starts_at": "2026-03-04T00:00:00Z", "ends_at": "2026-03-05T00:00:00Z", "reason": "more"}
    await make("override", f"/v1/rotas/{made['rota']}/overrides", override | {"added": str(li), "position": 1}, admin)
    asking = bearer((await edge.session("wang")).access_token)
    duty = {"starts_at": "2026-03-06T00:00:00Z", "ends_at": "2026-03-07T00:00:00Z", "position": 0}
    await make("swap", "/v1/swaps", {"to": str(li), "duty": duty | {"rota": str(made["rota"])}}, asking)
    told = await edge.http.get("/v1/notices", headers=bearer((await edge.session("li")).access_token))
    made["notice"] = made["up_to"] = UUID(told.json()["items"][0]["id"])
    return made


async def _post(edge: Edge, path: str, body: Any, headers: dict[str, str]) -> Any:
    answer = await edge.http.post(path, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def _cases(operation: Any, served: Served) -> st.SearchStrategy[Any]:
    """Right and wrong requests, about what exists and what does not."""
    real: dict[str, Any] = {"path_parameters": served.real(operation)}
    if any(p.name == "If-Match" for p in operation.headers):
        real["headers"] = {"If-Match": '"1"'}
    return st.one_of(
        operation.as_strategy(GenerationMode.POSITIVE, **real).map(lambda case: _name_what_exists(case, served.ids)),
        operation.as_strategy(GenerationMode.POSITIVE),
        operation.as_strategy(GenerationMode.NEGATIVE, **real),
    )


def _name_what_exists(case: Any, ids: dict[str, UUID]) -> Any:
    """The case with ids that exist in its body and its query."""
    target = case.body.get("target") if isinstance(case.body, dict) else None
    for part in (case.body, target, case.query):
        if isinstance(part, dict):
            part.update({name: str(ids[name]) for name in part.keys() & ids.keys() if part[name] is not None})
    return case


@pytest.mark.parametrize("operation_id", OPERATIONS)
async def test_every_answer_is_one_the_document_describes(served: Served, operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    own = served.headers.get(operation_id)
    # Making a case costs more than asking: each is asked as everybody.
    everybody = [served.headers[role.value] for role in ROLES] if own is None else [own]

    @given(case=_cases(operation, served))
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def obeys(case: Any) -> None:
        for headers in everybody:
            answer = case.call(base_url=served.url, session=served.session, headers=headers)
            if answer.status_code == 503 and answer.json()["code"] == NEEDS_A_FONT:
                continue
            served.answers[answer.status_code] += operation_id not in {ENDS_ITS_SIGN_IN, *SIGNS_IN}
            case.validate_response(answer, checks=CHECKS, headers=headers)

    # In a thread: the server answers on this loop.
    await asyncio.to_thread(obeys)


async def test_most_requests_got_past_the_door(served: Served) -> None:
    """Comes last: were everybody signed out, the test above would have seen nothing but 401."""
    if served.answers.total() < EXAMPLES * len(OPERATIONS):
        pytest.skip("only part of the operations was tried")
    done = sum(count for status, count in served.answers.items() if 200 <= status < 300)
    assert served.answers[401] == 0, served.answers
    assert done > served.answers.total() * 0.1, served.answers
