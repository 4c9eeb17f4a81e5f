"""Readings: sent by devices without MQTT, read back by people, and what was refused of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import msgspec
from litestar import Request, Router, get, post
from litestar.params import FromPath, QueryParameter

from api.bearer import OPEN, needs
from api.body import RawBody, check_media_type
from api.call import Call, Deps
from api.paging import (
    DEFAULT_LIMIT,
    Cursor,
    Limit,
    TimeKey,
    page,
    read_cursor,
    read_time_cursor,
    time_key,
)
from api.places import SiteFilter
from core.errors import Invalid
from mobile_contract.devices import Batch, IngestAnswer, Sample
from mobile_contract.paging import Page
from mobile_contract.plant import BucketView, ReadingView, RefusalView, SeriesView
from people.permissions import Permission
from plant import service
from plant.intake_queries import RefusalPlace
from plant.model import Quality, Reading, Refusal
from plant.protocols import EPOCH, OVERSIZED, PAYLOAD_MAX_BYTES
from plant.reading_series import LATEST, POINTS_MAX, check_range, check_time

# A screen's width of points over an hour, unless asked otherwise.
DEFAULT_POINTS = 500
DEFAULT_RANGE = timedelta(hours=1)

MEDIA_TYPES = ("application/json", "application/msgpack", "application/vnd.msgpack", "application/x-msgpack")
_BODY = RawBody((Batch, Sample, list[Sample]), MEDIA_TYPES)
# The index of a refusal that is about the payload as a whole.
_WHOLE = -1
# What tells two readings of one sensor apart.
_INSTANT = timedelta(microseconds=1)

From: TypeAlias = Annotated[
    datetime | None, QueryParameter(name="from", description="With offset; an hour before the end unless given.")
]
To: TypeAlias = Annotated[
    datetime | None, QueryParameter(name="to", description="With offset, exclusive; now unless given.")
]


@post("/v1/readings", opt={**OPEN, "raw_body": _BODY}, status_code=202, security=[{"device": []}])
async def post_readings(request: Request[Any, Any, Any], deps: Deps) -> IngestAnswer:
    """Take readings of a device without MQTT: JSON or MessagePack, one sample, a list, or a batch with its number.

    HTTP Basic with the device's login `tenant/site/device` and its secret. What is accepted is committed when this is
    answered, and decided on by the site's gateway within milliseconds; a sample sent again is one reading. Samples that
    are refused are named one by one. A payload refused as a whole is 400, or 413 beyond 64 KiB or 1,000 samples: do not
    send it again as it is. After 429 or 503 send it again.
    """
    address = request.client.host if request.client else "unknown"
    device = await deps.devices.authenticate(deps.db, request.headers.get("authorization"), address)
    check_media_type(request, MEDIA_TYPES)
    payload = await request.body()
    async with deps.db.transaction(device.tenant_id) as tx:
        answer = await service.ingest(tx, device.device_id, payload)
    refuse_whole(answer, len(payload))
    return answer


def refuse_whole(answer: IngestAnswer, size: int) -> None:
    """Raise Invalid for a payload of which nothing could be read; it is counted for the admin by now."""
    for refusal in answer.refused:
        if refusal.index != _WHOLE:
            continue
        if refusal.code == OVERSIZED:
            raise Invalid(
                "body.too_large",
                f"the payload is too large: {refusal.detail}",
                f"内容过大：{refusal.detail}",
                value=size,
                limit=PAYLOAD_MAX_BYTES,
            )
        raise Invalid(
            f"readings.{refusal.code}",
            f"the payload can not be read: {refusal.detail}",
            f"无法读取内容：{refusal.detail}",
        )


@get("/v1/sensors/{sensor_id:uuid}/readings", guards=[needs(Permission.READ_READINGS)])
async def get_readings(
    call: Call,
    sensor_id: FromPath[UUID],
    start: From = None,
    end: To = None,
    points: Annotated[
        int, QueryParameter(ge=1, le=POINTS_MAX, description="Buckets at most; their length follows.")
    ] = DEFAULT_POINTS,
) -> SeriesView:
    """A sensor's readings in a time range, down-sampled to buckets with minimum, maximum and mean."""
    start, end = _range(call, start, end)
    found = await service.query_readings(call.tx, call.actor, sensor_id, start, end, points)
    buckets = [BucketView(p.at, p.min, p.max, p.avg, p.count, p.gaps) for p in found.points]
    return SeriesView(found.sensor_id, found.unit, found.bucket_s, buckets)


@get("/v1/sensors/{sensor_id:uuid}/readings/raw", guards=[needs(Permission.READ_READINGS)])
async def list_raw_readings(
    call: Call,
    sensor_id: FromPath[UUID],
    start: From = None,
    end: To = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ReadingView]:
    """A sensor's readings as they came, oldest first.

    Give `from` and `to` with the cursor as with the first page.
    """
    start, end = _range(call, start, end)
    last = read_time_cursor(cursor)
    if last is not None:
        start = min(max(start, min(last[0], LATEST) + _INSTANT), end - _INSTANT)
    rows = await service.list_readings(call.tx, call.actor, sensor_id, start, end, limit + 1)
    return page(rows, limit, key=lambda reading: time_key(reading.observed_at, sensor_id), view=reading_view)


def _range(call: Call, start: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    """The range asked for; raises Invalid."""
    end = end or call.tx.now
    if start is None:
        check_time("to", end)
        start = end - DEFAULT_RANGE
    check_range(start, end)
    return start, end


class _RefusalKey(msgspec.Struct, frozen=True, array_like=True):
    """A place in the list of refusals: (last time, site), device, code."""

    seen: TimeKey
    device: str
    code: str


@get("/v1/refusals", guards=[needs(Permission.READ_REFUSALS)])
async def list_refusals(
    call: Call, site_id: SiteFilter = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[RefusalView]:
    """What devices sent and was refused, and logins that were: counted by device and reason, last seen first."""
    after = None
    if cursor is not None:
        key = read_cursor(cursor, _RefusalKey, _NO_REFUSAL)
        at = EPOCH + timedelta(microseconds=key.seen.at_us)
        after = RefusalPlace(at, key.seen.id, key.device, key.code)
    rows = await service.list_refusals(call.tx, call.actor, site_id, after=after, limit=limit + 1)
    return page(
        rows, limit, key=lambda it: _RefusalKey(time_key(it.last_at, it.site_id), it.device, it.code), view=refusal_view
    )


_NO_REFUSAL = _RefusalKey(TimeKey(0, UUID(int=0)), "", "")


def reading_view(it: Reading) -> ReadingView:
    """A reading as the wire shows it."""
    quality = Quality(it.quality).name.lower()
    return ReadingView(it.observed_at, it.received_at, it.value, quality)  # type: ignore[arg-type]


def refusal_view(it: Refusal) -> RefusalView:
    """A refusal counter as the wire shows it."""
    return RefusalView(
        it.site_id,
        it.device or None,
        it.code,
        it.count,
        it.first_at,
        it.last_at,
        it.detail,
        it.topic,
        it.sample.decode("utf-8", "replace"),
    )


router = Router("/", route_handlers=[post_readings, get_readings, list_raw_readings, list_refusals], tags=["readings"])
