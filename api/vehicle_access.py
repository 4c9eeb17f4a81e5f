"""Where outside crews drive to and stand with their vehicles."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Deps
from incidents.wayfinding import outside_crews
from incidents.wayfinding.questions import Asked
from mobile_contract.vehicle_access import VehicleAccessQuestion, VehicleAccessView, VehicleName
from people.permissions import Permission


@post("/v1/sites/{site_id:uuid}/vehicle-access", guards=[needs(Permission.READ_PLANT)], status_code=200)
async def find_vehicle_access(
    data: JSONBody[VehicleAccessQuestion], request: Request[Any, Any, Any], deps: Deps, site_id: FromPath[UUID]
) -> VehicleAccessView:
    """Find where a crew stands with its vehicle for a place, a zone or an incident: gate, drive, wind side, water, way.

    In reach of the target, out of every hazard while it stands there, upwind before across the wind; the lee side only
    where nothing else is left, and the state says so. Of an incident only for those who may read incidents.
    """
    asked = Asked(request.user, deps.db, deps.maps, deps.ways)
    return await outside_crews.ask_vehicle_access(asked, site_id, data)


@get(
    "/v1/incidents/{incident_id:uuid}/vehicle-access",
    guards=[needs(Permission.READ_INCIDENTS)],
    opt={"conflict": True},
)
async def get_incident_vehicle_access(
    request: Request[Any, Any, Any],
    deps: Deps,
    incident_id: FromPath[UUID],
    vehicle: Annotated[VehicleName, QueryParameter(description="What comes.")] = "fire_engine",
) -> VehicleAccessView:
    """Where the fire brigade or an ambulance stands for an incident now: what the guard at the gate shows them."""
    asked = Asked(request.user, deps.db, deps.maps, deps.ways)
    return await outside_crews.ask_incident_access(asked, incident_id, vehicle)


router = Router("/", route_handlers=[find_vehicle_access, get_incident_vehicle_access], tags=["wayfinding"])
