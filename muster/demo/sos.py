"""``muster demo sos``: somebody in the demo plant holds the button of their phone."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from core.settings import Settings
from mobile_contract.paging import Page
from mobile_contract.plant import ZoneView
from mobile_contract.presence import ReportedPosition
from mobile_contract.sos import NewSos, OwnSos, SosKind
from muster.addresses import find_addresses
from muster.client import Client
from muster.demo import catalogue

# A worker, so that both responders and the officer are there to be asked.
CALLER, ZONE = "chen", "machine-hall"
ACCURACY_M = 8.0


async def press(settings: Settings, kind: SosKind) -> str:
    """Sign in as the demo's worker and call for help from the machine hall; returns what the phone shows."""
    client = Client(find_addresses(settings).http_url)
    account = next(a for a in catalogue.ACCOUNTS if a.username == CALLER)
    try:
        await client.sign_in(catalogue.TENANT, CALLER, account.password, label="demo sos")
        zones = await client.get("/v1/zones", Page[ZoneView], limit=200)
        zone = next(z for z in zones.items if z.slug == ZONE)
        ring = zone.polygon["coordinates"][0][:-1]
        lon, lat = (sum(corner[axis] for corner in ring) / len(ring) for axis in (0, 1))
        now = datetime.now(UTC)
        position = ReportedPosition(now, lon, lat, ACCURACY_M, zone.level)
        call = await client.post("/v1/sos", NewSos(key=str(uuid4()), kind=kind, at=now, position=position), OwnSos)
    finally:
        await client.close()
    return f"{account.name.en}'s phone says: OK. Incident {call.incident}: look at `muster phone --as wang`."
