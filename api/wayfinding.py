"""Questions of a site's map: a way, the nearest equipment that can be used, who is there first."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias
from uuid import UUID

import msgspec
from litestar import Request, Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Deps
from api.deps import ApiDeps
from incidents.wayfinding import questions
from incidents.wayfinding.questions import Asked, PlaceAsked
from mobile_contract.equipment import EquipmentKindName
from mobile_contract.presence import PersonKindName
from mobile_contract.wayfinding_questions import FirstThereView, NearestEquipment, WayQuestion, WayView
from people.permissions import Permission

# Whoever hurries chooses from a few.
K_MAX = 20
SKILLS_MAX = 10

Lon: TypeAlias = Annotated[float | None, QueryParameter(ge=-180, le=180, description="Longitude, WGS 84.")]
Lat: TypeAlias = Annotated[float | None, QueryParameter(ge=-180, le=180, description="Latitude, WGS 84.")]
OfLevel: TypeAlias = Annotated[
    int, QueryParameter(name="level", ge=-100, le=200, description="Floor; 0 is the ground.")
]
AccuracyM: TypeAlias = Annotated[float, QueryParameter(ge=0, le=500, description="Metres, as phones give it.")]
OfZone: TypeAlias = Annotated[
    UUID | None, QueryParameter(name="zone", description="Instead of a position: its middle.")
]
HowMany: TypeAlias = Annotated[int, QueryParameter(ge=1, le=K_MAX, description="So many at most.")]
InExercise: TypeAlias = Annotated[bool, QueryParameter(name="exercise", description="Among the hazards of a drill.")]
Skill: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]{1,63}$")]


@post("/v1/sites/{site_id:uuid}/ways", guards=[needs(Permission.READ_PLANT)], status_code=200)
async def find_way(
    data: JSONBody[WayQuestion], request: Request[Any, Any, Any], deps: Deps, site_id: FromPath[UUID]
) -> WayView:
    """Find a way from a place to a place, or to the exit or assembly point that one is at first.

    Never over what a hazard bans, except out of it; or, with ``through``, for a crew that decided to go where no way is
    safe, by the least harm. Nothing is stored: one's own ways of tasks are at /v1/me/routes.
    """
    return await questions.ask_way(_asked(request, deps), site_id, data)


@get("/v1/sites/{site_id:uuid}/nearest-equipment", guards=[needs(Permission.READ_PLANT)])
async def find_nearest_equipment(
    request: Request[Any, Any, Any],
    deps: Deps,
    site_id: FromPath[UUID],
    kind: Annotated[EquipmentKindName, QueryParameter(description="What is looked for.")],
    lon: Lon = None,
    lat: Lat = None,
    level: OfLevel = 0,
    accuracy_m: AccuracyM = 0.0,
    zone: OfZone = None,
    k: HowMany = 3,
    exercise: InExercise = False,
) -> NearestEquipment:
    """The nearest equipment that can be used, by walking time around the hazards; and why nearer ones can not."""
    place = PlaceAsked(lon=lon, lat=lat, level=level, accuracy_m=accuracy_m, zone=zone)
    return await questions.ask_equipment(_asked(request, deps), site_id, place, kind, k, exercise=exercise)


@get("/v1/sites/{site_id:uuid}/first-there", guards=[needs(Permission.READ_PRESENCE)])
async def find_first_there(
    request: Request[Any, Any, Any],
    deps: Deps,
    site_id: FromPath[UUID],
    lon: Lon = None,
    lat: Lat = None,
    level: OfLevel = 0,
    accuracy_m: AccuracyM = 0.0,
    zone: OfZone = None,
    skill: Annotated[
        list[Skill] | None, QueryParameter(max_items=SKILLS_MAX, description="Only those with all of these.")
    ] = None,
    kind: Annotated[PersonKindName, QueryParameter(description="Only these people.")] = "staff",
    k: HowMany = 5,
    exercise: InExercise = False,
) -> FirstThereView:
    """Who of the people believed on the site reaches a place first; who asks is in the audit trail."""
    place = PlaceAsked(lon=lon, lat=lat, level=level, accuracy_m=accuracy_m, zone=zone)
    return await questions.ask_first_there(
        _asked(request, deps), site_id, place, frozenset(skill or ()), {kind}, k, exercise=exercise
    )


def _asked(request: Request[Any, Any, Any], deps: ApiDeps) -> Asked:
    return Asked(request.user, deps.db, deps.maps, deps.ways)


router = Router("/", route_handlers=[find_way, find_nearest_equipment, find_first_there], tags=["wayfinding"])
