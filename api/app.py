"""The HTTP application, put together: routers, bearer tokens, strict bodies, problems, the API's document."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from api import (
    agent_cards,
    alarm_performance,
    alarms,
    audit,
    auth,
    comm_tests,
    commands,
    contacts,
    deliveries,
    drills,
    equipment,
    escalations,
    evacuations,
    exposure,
    feeds,
    findings,
    hazards,
    health,
    holidays,
    improvement,
    incidents,
    instruments,
    joining,
    leading,
    limits,
    matrix,
    notices,
    passages,
    people,
    people_import,
    place_plans,
    places,
    plan_work,
    plans,
    plant_devices,
    presence,
    qualifications,
    readiness,
    readings,
    reference,
    reports,
    roll_calls,
    rooms,
    rotas,
    routes,
    sos,
    suppressions,
    swaps,
    tasks,
    teams,
    trainings,
    vehicle_access,
    visits,
    voting,
    wayfinding,
)
from api.bearer import BearerAuthentication
from api.body import BODY_MAX_BYTES, check_body
from api.call import provide_call, provide_deps, provide_write
from api.deps import ApiDeps
from api.document import build_document
from api.problems import answer

ROUTERS: list[Router] = [
    auth.router,
    people.router,
    people_import.router,
    qualifications.router,
    trainings.router,
    alarms.router,
    alarm_performance.router,
    incidents.router,
    leading.router,
    joining.router,
    tasks.router,
    rooms.router,
    deliveries.router,
    feeds.router,
    reports.router,
    improvement.router,
    escalations.router,
    places.router,
    place_plans.router,
    equipment.router,
    passages.router,
    hazards.router,
    evacuations.router,
    plant_devices.router,
    instruments.router,
    limits.router,
    suppressions.router,
    voting.router,
    matrix.router,
    readings.router,
    presence.router,
    visits.router,
    exposure.router,
    commands.router,
    plans.router,
    plan_work.router,
    agent_cards.router,
    audit.router,
    readiness.router,
    notices.router,
    contacts.router,
    comm_tests.router,
    roll_calls.router,
    sos.router,
    drills.router,
    teams.router,
    holidays.router,
    rotas.router,
    routes.router,
    wayfinding.router,
    vehicle_access.router,
    swaps.router,
    findings.router,
]


def build_app(deps: ApiDeps, routers: Sequence[Router] | None = None) -> Litestar:
    """The ASGI application; ``routers`` replaces ROUTERS in tests of the edge itself."""
    served = list(ROUTERS if routers is None else routers)
    handlers: list[ControllerRouterHandler] = [*served, health.router, reference.router]
    return Litestar(
        route_handlers=handlers,
        dependencies={
            "call": Provide(provide_call),
            "write": Provide(provide_write),
            "deps": Provide(provide_deps),
        },
        middleware=[BearerAuthentication],
        before_request=check_body,
        exception_handlers={Exception: answer},
        request_max_body_size=BODY_MAX_BYTES,
        state=State({"deps": deps, "document": build_document(served)}),
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
