"""Sensors and actuators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
from litestar import Response, Router, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, Search, page, read_cursor
from api.places import SiteFilter
from incidents import views
from mobile_contract.paging import Page
from mobile_contract.plant import (
    ActuatorEdit,
    ActuatorView,
    InstrumentPlace,
    NewActuator,
    NewSensor,
    Proof,
    SensorEdit,
    SensorView,
)
from people.permissions import Permission
from plant import instrument_service as service
from plant import listing_service as listing
from plant.listing_queries import START, After, Within
from plant.model import Actuator, ActuatorKind, Expectation, Sensor

Retired: TypeAlias = Annotated[bool | None, QueryParameter(description="Those out of use, or those in use.")]


@get("/v1/sensors", guards=[needs(Permission.READ_PLANT)])
async def list_sensors(
    call: Call,
    site_id: SiteFilter = None,
    zone: FromQuery[UUID | None] = None,
    device: FromQuery[UUID | None] = None,
    retired: Retired = None,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[SensorView]:
    """Sensors by series; `q` also finds the agent."""
    within = Within(site_id, zone, device, retired, q)
    after = read_cursor(cursor, After, START)
    rows = await listing.list_sensors(call.tx, call.actor, within, after=after, limit=limit + 1)
    return page(
        rows,
        limit,
        key=lambda sensor: After(sensor.series, sensor.id),
        view=lambda sensor: sensor_view(sensor, call.tx.now),
    )


@get("/v1/sensors/{sensor_id:uuid}", guards=[needs(Permission.READ_PLANT)])
async def get_sensor(call: Call, sensor_id: FromPath[UUID]) -> Response[SensorView]:
    """One sensor; its ETag is what an edit names."""
    sensor = await listing.get_sensor(call.tx, call.actor, sensor_id)
    return Response(sensor_view(sensor, call.tx.now), headers=etag(sensor.version))


@post("/v1/sensors", guards=[needs(Permission.MANAGE_PLANT)])
async def create_sensor(data: JSONBody[NewSensor], write: Write) -> Response[SensorView]:
    """Create a sensor; device, series, quantity and unit are final."""

    async def work() -> SensorView:
        draft = service.SensorDraft(
            data.device,
            data.zone,
            data.series,
            data.name,
            data.quantity,
            data.unit,
            data.stale_after_s,
            data.agent,
            data.calibration_due,
            _place(data.position),
            data.level,
        )
        return sensor_view(await service.create_sensor(write.tx, write.actor, draft), write.tx.now)

    return await write.once(work, headers=lambda sensor: etag(sensor.version))


@patch("/v1/sensors/{sensor_id:uuid}", guards=[needs(Permission.MANAGE_PLANT)])
async def edit_sensor(
    data: JSONBody[SensorEdit], sensor_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[SensorView]:
    """Edit a sensor, or take it out of use and back in.

    A retired sensor's readings are refused.
    """
    version = expected_version(if_match)
    change = service.SensorChange(
        data.zone,
        data.name,
        data.agent,
        data.calibration_due,
        data.stale_after_s,
        data.retired,
        msgspec.UNSET if data.position is msgspec.UNSET else _place(data.position),
        data.level,
    )
    sensor = await service.edit_sensor(call.tx, call.actor, sensor_id, change, expected_version=version)
    return Response(sensor_view(sensor, call.tx.now), headers=etag(sensor.version))


@get("/v1/actuators", guards=[needs(Permission.READ_PLANT)])
async def list_actuators(
    call: Call,
    site_id: SiteFilter = None,
    zone: FromQuery[UUID | None] = None,
    device: FromQuery[UUID | None] = None,
    retired: Retired = None,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ActuatorView]:
    """Actuators by slug; `q` also finds the kind."""
    within = Within(site_id, zone, device, retired, q)
    after = read_cursor(cursor, After, START)
    rows = await listing.list_actuators(call.tx, call.actor, within, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda actuator: After(actuator.slug, actuator.id), view=actuator_view)


@get("/v1/actuators/{actuator_id:uuid}", guards=[needs(Permission.READ_PLANT)])
async def get_actuator(call: Call, actuator_id: FromPath[UUID]) -> Response[ActuatorView]:
    """One actuator; its ETag is what an edit names."""
    actuator = await listing.get_actuator(call.tx, call.actor, actuator_id)
    return Response(actuator_view(actuator), headers=etag(actuator.version))


@post("/v1/actuators", guards=[needs(Permission.MANAGE_PLANT)])
async def create_actuator(data: JSONBody[NewActuator], write: Write) -> Response[ActuatorView]:
    """Create an actuator, with what proves each of its actions.

    Muster is not a SIL-rated safety function: hard-wired trips and emergency stops stay independent of it.
    """

    async def work() -> ActuatorView:
        draft = service.ActuatorDraft(
            data.device,
            data.zone,
            data.slug,
            data.name,
            ActuatorKind(data.kind),
            _expectations(data.expected),
            data.deadline_s,
            data.feedback_sensor,
            _place(data.position),
            data.level,
        )
        return actuator_view(await service.create_actuator(write.tx, write.actor, draft))

    return await write.once(work, headers=lambda actuator: etag(actuator.version))


@patch("/v1/actuators/{actuator_id:uuid}", guards=[needs(Permission.MANAGE_PLANT)])
async def edit_actuator(
    data: JSONBody[ActuatorEdit], actuator_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[ActuatorView]:
    """Edit an actuator, or take it out of use and back in.

    Muster is not a SIL-rated safety function: hard-wired trips and emergency stops stay independent of it.
    """
    version = expected_version(if_match)
    change = service.ActuatorChange(
        data.zone,
        data.name,
        msgspec.UNSET if data.expected is msgspec.UNSET else _expectations(data.expected),
        data.deadline_s,
        data.feedback_sensor,
        data.retired,
        msgspec.UNSET if data.position is msgspec.UNSET else _place(data.position),
        data.level,
    )
    actuator = await service.edit_actuator(call.tx, call.actor, actuator_id, change, expected_version=version)
    return Response(actuator_view(actuator), headers=etag(actuator.version))


def sensor_view(it: Sensor, now: datetime) -> SensorView:
    """A sensor as the wire shows it, with how far its calibration lets it be trusted now."""
    return SensorView(
        it.id,
        it.site_id,
        it.device_id,
        it.zone_id,
        it.series,
        it.name,
        it.quantity,
        it.unit,
        it.agent,
        it.calibration_due,
        it.stale_after_s,
        it.retired_at,
        it.version,
        it.created_at,
        views.trust_view(it.calibration_due, now.date()),
        _position(it),
        it.level,
    )


def actuator_view(it: Actuator) -> ActuatorView:
    """An actuator as the wire shows it."""
    return ActuatorView(
        it.id,
        it.site_id,
        it.device_id,
        it.zone_id,
        it.slug,
        it.name,
        it.kind.value,
        it.feedback_sensor_id,
        {action: Proof(proof.state, proof.at_least, proof.at_most) for action, proof in it.expected.items()},
        it.deadline_s,
        it.retired_at,
        it.version,
        it.created_at,
        _position(it),
        it.level,
    )


def _place(it: InstrumentPlace | None) -> tuple[float, float] | None:
    return None if it is None else it.coordinates


def _position(it: Sensor | Actuator) -> InstrumentPlace | None:
    return None if it.lon is None or it.lat is None else InstrumentPlace((it.lon, it.lat))


def _expectations(proofs: dict[str, Proof]) -> dict[str, Expectation]:
    return {action: Expectation(proof.state, proof.at_least, proof.at_most) for action, proof in proofs.items()}


router = Router(
    "/",
    route_handlers=[
        list_sensors,
        get_sensor,
        create_sensor,
        edit_sensor,
        list_actuators,
        get_actuator,
        create_actuator,
        edit_actuator,
    ],
    tags=["instruments"],
)
