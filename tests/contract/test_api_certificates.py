"""A device's certificate over HTTP: who may sign one, what is refused, and what is written down."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.x509.oid import NameOID

from core.errors import Invalid, NotFound
from muster.certify import certify
from muster.client import Client
from people.permissions import Role
from tests.certificate_requests import make_key, request
from tests.contract.conftest import PASSWORD, Edge
from tests.contract.plant_ground import BOX, SITE, Ground, lay, lay_elsewhere


@pytest_asyncio.fixture
async def ground(edge: Edge) -> Ground:
    return await lay(edge)


def _path(ground: Ground) -> str:
    return f"/v1/plant/devices/{ground.device}"


def _login(ground: Ground) -> str:
    return f"{ground.tenant_slug}/{SITE}/{BOX}"


def _revoked(edge: Edge) -> list[int]:
    listed = x509.load_pem_x509_crl(edge.deps.device_ca.revocations(edge.clock.now()))
    return [entry.serial_number for entry in listed]


async def test_no_token_then_no_permission_then_a_wrong_body_then_a_certificate(edge: Edge, ground: Ground) -> None:
    path, right = f"{_path(ground)}/certificate", {"csr": request(_login(ground)), "days": 30}
    assert (await edge.http.post(path, json=right)).status_code == 401
    responder = await edge.as_role(Role.RESPONDER)
    assert (await edge.http.post(path, json=right, headers=responder)).status_code == 403
    admin = await edge.as_role(Role.ADMIN)
    for body, where in (
        ({}, "csr"),
        ({"csr": ""}, "csr"),
        ({"csr": "x" * 8193}, "csr"),
        ({**right, "days": 0}, "days"),
        ({**right, "days": 1096}, "days"),
        ({**right, "ca": "mine"}, "ca"),
        ({"csr": "nonsense"}, "csr"),
        ({"csr": request("another/north/gas-1")}, "csr.common_name"),
    ):
        refused = await edge.http.post(path, json=body, headers=admin)
        assert (refused.status_code, refused.json()["field"]) == (400, where), body
    made = await edge.http.post(path, json=right, headers=admin)
    assert made.status_code == 201, made.text
    certificate = x509.load_pem_x509_certificate(made.json()["certificate"].encode())
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(made.json()["ca"].encode()))
    assert [name.value for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == [_login(ground)]
    assert datetime.fromisoformat(made.json()["expires_at"]) == edge.clock.now() + timedelta(days=30)
    assert "PRIVATE" not in made.text


@pytest.mark.parametrize(("locale", "said"), [("zh-CN", "最多 64 个"), ("en", "holds 64")])
async def test_a_login_that_no_certificate_can_hold_is_named_with_its_limit(
    edge: Edge, ground: Ground, locale: str, said: str
) -> None:
    admin = await edge.as_role(Role.ADMIN)
    box = {"site": str(ground.site), "slug": "a" * 60, "name": {"zh": "长", "en": "Long"}}
    made = (await edge.http.post("/v1/plant/devices", json=box, headers=admin)).json()["device"]
    path = f"/v1/plant/devices/{made['id']}/certificate"
    body = {"csr": request(_login(ground))}
    refused = await edge.http.post(path, json=body, headers=admin | {"Accept-Language": locale})
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (400, "certificate.login_too_long")
    assert (problem["field"], problem["value"], problem["limit"]) == ("login", len(made["login"]), 64)
    assert said in problem["detail"]


async def test_one_key_is_one_certificate(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.ADMIN) | {"Idempotency-Key": "once"}
    body = {"csr": request(_login(ground))}
    first, second = [await edge.http.post(f"{_path(ground)}/certificate", json=body, headers=headers) for _ in "12"]
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"


async def test_a_signed_certificate_is_in_the_audit_by_its_serial(edge: Edge, ground: Ground) -> None:
    admin = await edge.as_role(Role.ADMIN)
    body = {"csr": request(_login(ground))}
    made = (await edge.http.post(f"{_path(ground)}/certificate", json=body, headers=admin)).json()
    serial = x509.load_pem_x509_certificate(made["certificate"].encode()).serial_number
    rows = (await edge.http.get("/v1/audit", headers=admin)).json()["items"]
    [row] = [row for row in rows if row["action"] == "device.certified"]
    assert int(row["facts"]["serial"], 16) == serial
    assert row["subject_id"] == str(ground.device)


async def test_a_revoked_devices_certificates_are_revoked_for_good(edge: Edge, ground: Ground) -> None:
    admin = await edge.as_role(Role.ADMIN)

    async def certify() -> Any:
        body = {"csr": request(_login(ground), key=make_key())}
        return await edge.http.post(f"{_path(ground)}/certificate", json=body, headers=admin)

    serials = {
        x509.load_pem_x509_certificate((await certify()).json()["certificate"].encode()).serial_number for _ in "12"
    }
    assert _revoked(edge) == []
    assert (await edge.http.post(f"{_path(ground)}/revoke", headers=admin)).status_code == 200
    assert set(_revoked(edge)) == serials
    refused = await certify()
    assert (refused.status_code, refused.json()["code"]) == (409, "certificate.device_revoked")
    assert (await edge.http.post(f"{_path(ground)}/secret", headers=admin)).status_code == 200
    assert (await certify()).status_code == 201
    assert set(_revoked(edge)) == serials


async def test_what_has_ended_is_listed_no_longer(edge: Edge, ground: Ground) -> None:
    admin = await edge.as_role(Role.ADMIN)
    body = {"csr": request(_login(ground)), "days": 1}
    await edge.http.post(f"{_path(ground)}/certificate", json=body, headers=admin)
    await edge.http.post(f"{_path(ground)}/revoke", headers=admin)
    assert len(_revoked(edge)) == 1
    edge.clock.advance(timedelta(days=2).total_seconds())
    assert _revoked(edge) == []


async def test_the_command_finds_the_device_by_its_login(edge: Edge, ground: Ground) -> None:
    await edge.account("admin", Role.ADMIN)
    client = Client("http://muster.test", transport=httpx.ASGITransport(app=cast(Any, edge.app)))
    await client.sign_in(ground.tenant_slug, "admin", PASSWORD, label="muster certify")
    made = await certify(client, _login(ground), request(_login(ground)), days=30)
    assert x509.load_pem_x509_certificate(made.certificate.encode()).not_valid_after_utc == made.expires_at
    with pytest.raises(NotFound, match="no device testers/south/gas-1"):
        await certify(client, f"{ground.tenant_slug}/south/{BOX}", request(_login(ground)), days=30)
    with pytest.raises(Invalid, match="common name"):
        await certify(client, _login(ground), request("other/north/gas-1"), days=30)
    await client.close()


async def test_a_device_of_nobody_and_one_of_another_tenant_are_not_found(edge: Edge, ground: Ground) -> None:
    theirs = await lay_elsewhere(edge)
    admin = await edge.as_role(Role.ADMIN)
    for device in (uuid4(), theirs.device):
        body = {"csr": request(f"others/{SITE}/{BOX}")}
        answer = await edge.http.post(f"/v1/plant/devices/{device}/certificate", json=body, headers=admin)
        assert answer.status_code == 404
        assert (await edge.http.post(f"/v1/plant/devices/{device}/revoke", headers=admin)).status_code == 404
