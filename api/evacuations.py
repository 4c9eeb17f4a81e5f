"""Evacuations: everyone's way out of a roll call in numbers, and what would be if a site were evacuated."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, Router, get, post
from litestar.params import FromPath, JSONBody

from api.bearer import needs
from api.call import Call, Deps
from incidents.evacuation import forecast as evacuation_forecast
from incidents.evacuation import service as evacuation_service
from incidents.wayfinding.questions import Asked
from mobile_contract.evacuation import EvacuationForecast, EvacuationView, ForecastRequest
from mobile_contract.paging import Page
from people.permissions import Permission


@get("/v1/incidents/{incident_id:uuid}/evacuations", guards=[needs(Permission.READ_INCIDENTS)])
async def list_evacuations(call: Call, incident_id: FromPath[UUID]) -> Page[EvacuationView]:
    """The plans of an incident's roll calls, the newest first, on one page: an incident has a few. No names."""
    rows = await evacuation_service.list_of_incident(call.tx, call.actor, incident_id)
    return Page([row.view for row in rows if row.view is not None], None)


@get("/v1/roll-calls/{roll_call_id:uuid}/evacuation", guards=[needs(Permission.READ_INCIDENTS)])
async def get_evacuation(call: Call, roll_call_id: FromPath[UUID]) -> EvacuationView:
    """When everybody is out, zone by zone, where they gather, who is cut off, and how good the plan is. No names.

    People's own ways are at /v1/me/routes.
    """
    return await evacuation_service.get_of_call(call.tx, call.actor, roll_call_id)


@post("/v1/sites/{site_id:uuid}/evacuation-forecasts", guards=[needs(Permission.READ_INCIDENTS)], status_code=200)
async def forecast_evacuation(
    data: JSONBody[ForecastRequest], request: Request[Any, Any, Any], deps: Deps, site_id: FromPath[UUID]
) -> EvacuationForecast:
    """What if: people as given or as believed now, points, doors and stairs closed, the hazards as they stand.

    When all are out, zone by zone, and what they wait for. Nothing is stored, and nobody is told.
    """
    return await evacuation_forecast.forecast(Asked(request.user, deps.db, deps.maps, deps.ways), site_id, data)


router = Router("/", route_handlers=[list_evacuations, get_evacuation, forecast_evacuation], tags=["roll-calls"])
