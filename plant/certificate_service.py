"""Use cases of devices' certificates: signed while the device is let in, worthless from its revocation on."""

from __future__ import annotations

from uuid import UUID

import msgspec

from core.actor import Actor
from core.database import Tx
from core.device_ca import Certified, DeviceCa
from core.errors import Conflict
from plant import instrument_service, listing_service, queries
from plant.model import Device
from plant.permissions import PlantPermission, authorise
from plant.place_service import note


class _Signed(msgspec.Struct, frozen=True):
    """What the audit says of a certificate."""

    serial: str
    expires_at: str


async def certify_device(
    tx: Tx, actor: Actor | None, ca: DeviceCa, device_id: UUID, csr: str, *, days: int
) -> Certified:
    """Sign the device's request. Raises NotFound, Conflict for a revoked device, and what core.certificates refuses."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    # Locked, so that a revocation beside us comes before (and is seen here) or after (and finds the certificate).
    device = await queries.get_device(tx, tenant_id, device_id, lock=True)
    if device.revoked_at is not None:
        raise Conflict(
            "certificate.device_revoked",
            f"device {device.slug} is shut out since {device.revoked_at:%Y-%m-%d %H:%M} UTC: a new secret lets it in",
            f"设备 {device.slug} 自 {device.revoked_at:%Y-%m-%d %H:%M} UTC 起被禁用：更换密码后方可恢复",
            field="device",
            value=str(device_id),
        )
    login = (await listing_service.get_device(tx, actor, device_id)).login
    # On the loop: a signature and one small file, milliseconds and rare.
    certified = ca.certify(login, csr, days=days, now=tx.now)
    signed = _Signed(certified.serial, certified.expires_at.isoformat())
    await note(tx, actor, "device.certified", "device", device.id, device.site_id, signed)
    return certified


async def revoke_device(tx: Tx, actor: Actor | None, ca: DeviceCa, device_id: UUID) -> Device:
    """Shut a device out and revoke its certificates for good: a new secret does not bring them back. Raises NotFound.

    The certificates go first: should the commit fail they are revoked all the same, and the request is made again.
    """
    device = await instrument_service.revoke_device(tx, actor, device_id)
    ca.revoke((await listing_service.get_device(tx, actor, device_id)).login)
    return device
