"""Devices on the wire: what they say of themselves, and their logins. Phones are in api.people."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Deps, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, Search, page, read_cursor
from api.places import SiteFilter
from mobile_contract.paging import Page
from mobile_contract.plant import (
    DeviceCertificateView,
    NewDeviceCertificate,
    NewPlantDevice,
    PlantDeviceEdit,
    PlantDeviceSecret,
    PlantDeviceView,
)
from people.permissions import Permission
from plant import certificate_service as certificates
from plant import instrument_service as service
from plant import listing_service as listing
from plant.listing_queries import START, After, DeviceStanding


@get("/v1/plant/devices", guards=[needs(Permission.READ_PLANT)])
async def list_plant_devices(
    call: Call,
    site_id: SiteFilter = None,
    online: Annotated[bool | None, QueryParameter(description="false: also those that never spoke.")] = None,
    revoked: Annotated[bool | None, QueryParameter(description="Those shut out, or those let in.")] = None,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[PlantDeviceView]:
    """Devices by slug, with what each last said of itself."""
    rows = await listing.list_devices(
        call.tx,
        call.actor,
        site_id=site_id,
        online=online,
        revoked=revoked,
        search=q,
        after=read_cursor(cursor, After, START),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda device: After(device.slug, device.id), view=device_view)


@get("/v1/plant/devices/{device_id:uuid}", guards=[needs(Permission.READ_PLANT)])
async def get_plant_device(call: Call, device_id: FromPath[UUID]) -> Response[PlantDeviceView]:
    """One device; its ETag is what an edit names."""
    return await _answer(call, device_id)


@post("/v1/plant/devices", guards=[needs(Permission.MANAGE_PLANT)])
async def create_plant_device(data: JSONBody[NewPlantDevice], write: Write) -> Response[PlantDeviceSecret]:
    """Create a device; its secret is in this answer and in no other.

    Muster keeps a hash of the secret. The answer repeated by its Idempotency-Key has `secret` null: renew the secret
    when the first answer was lost.
    """

    async def work() -> PlantDeviceSecret:
        made = await service.create_device(write.tx, write.actor, service.DeviceDraft(data.site, data.slug, data.name))
        return await _with_secret(write, made)

    return await write.once(work, headers=_headers, kept=_without_secret)


@patch("/v1/plant/devices/{device_id:uuid}", guards=[needs(Permission.MANAGE_PLANT)])
async def edit_plant_device(
    data: JSONBody[PlantDeviceEdit], device_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[PlantDeviceView]:
    """Edit a device."""
    version = expected_version(if_match)
    change = service.DeviceChange(data.name)
    await service.edit_device(call.tx, call.actor, device_id, change, expected_version=version)
    return await _answer(call, device_id)


@post("/v1/plant/devices/{device_id:uuid}/secret", guards=[needs(Permission.MANAGE_PLANT)], status_code=200)
async def renew_plant_device_secret(device_id: FromPath[UUID], write: Write) -> Response[PlantDeviceSecret]:
    """Give a device a new secret; the old one is worthless at once, and a revoked device is let in again.

    The answer repeated by its Idempotency-Key has `secret` null.
    """

    async def work() -> PlantDeviceSecret:
        return await _with_secret(write, await service.renew_device_secret(write.tx, write.actor, device_id))

    return await write.once(work, status=200, headers=_headers, kept=_without_secret)


@post("/v1/plant/devices/{device_id:uuid}/revoke", guards=[needs(Permission.MANAGE_PLANT)], status_code=200)
async def revoke_plant_device(device_id: FromPath[UUID], call: Call, deps: Deps) -> Response[PlantDeviceView]:
    """Shut a device out; doing it twice is one fact. Its certificates are revoked for good."""
    await certificates.revoke_device(call.tx, call.actor, deps.device_ca, device_id)
    return await _answer(call, device_id)


@post("/v1/plant/devices/{device_id:uuid}/certificate", guards=[needs(Permission.MANAGE_PLANT)])
async def certify_plant_device(
    data: JSONBody[NewDeviceCertificate], device_id: FromPath[UUID], write: Write, deps: Deps
) -> Response[DeviceCertificateView]:
    """Sign a device's certificate request: with the certificate it signs in to the broker's TLS port, without a secret.

    Earlier certificates of the device stay good until they end or the device is revoked.
    """

    async def work() -> DeviceCertificateView:
        made = await certificates.certify_device(
            write.tx, write.actor, deps.device_ca, device_id, data.csr, days=data.days
        )
        return DeviceCertificateView(made.certificate, made.authority, made.expires_at)

    return await write.once(work)


async def _answer(call: Call, device_id: UUID) -> Response[PlantDeviceView]:
    device = await listing.get_device(call.tx, call.actor, device_id)
    return Response(device_view(device), headers=etag(device.version))


async def _with_secret(write: Write, made: service.NewDevice) -> PlantDeviceSecret:
    device = await listing.get_device(write.tx, write.actor, made.device.id)
    return PlantDeviceSecret(device_view(device), made.secret)


def _without_secret(answer: PlantDeviceSecret) -> PlantDeviceSecret:
    return msgspec.structs.replace(answer, secret=None)


def _headers(answer: PlantDeviceSecret) -> dict[str, str]:
    return {**etag(answer.device.version), "Cache-Control": "no-store"}


def device_view(it: DeviceStanding) -> PlantDeviceView:
    """A device as the wire shows it."""
    return PlantDeviceView(
        it.id,
        it.site_id,
        it.slug,
        it.login,
        it.name,
        it.online,
        it.battery,
        it.firmware,
        it.last_seen_at,
        it.revoked_at,
        it.version,
        it.created_at,
    )


router = Router(
    "/",
    route_handlers=[
        list_plant_devices,
        get_plant_device,
        create_plant_device,
        edit_plant_device,
        renew_plant_device_secret,
        revoke_plant_device,
        certify_plant_device,
    ],
    tags=["plant devices"],
)
