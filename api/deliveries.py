"""Orders on their way to people: how far each is, its sends, and receipts of phones whose socket is away."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody

from api.bearer import needs
from api.call import Call, Write
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_time_cursor, time_key
from incidents import records, service
from incidents.reaching import deliveries
from incidents.reaching.delivery_queries import Attempt, DeliveryRow
from mobile_contract.incidents import AttemptView, DeliveryDetail, DeliveryRecord, ReceiptReport
from mobile_contract.paging import Page
from people.permissions import Permission


@get("/v1/incidents/{incident_id:uuid}/deliveries", guards=[needs(Permission.READ_INCIDENTS)])
async def list_incident_deliveries(
    call: Call, incident_id: FromPath[UUID], limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[DeliveryRecord]:
    """Deliveries of an incident's orders, oldest first."""
    rows = await records.list_incident_deliveries(
        call.tx, call.actor, incident_id, after=read_time_cursor(cursor), limit=limit + 1
    )
    return page(rows, limit, key=lambda row: time_key(row.queued_at, row.id), view=delivery_record)


@get("/v1/me/deliveries", guards=[needs(Permission.READ_INCIDENTS)])
async def list_own_deliveries(call: Call, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[DeliveryRecord]:
    """Deliveries of one's own orders, newest first."""
    rows = await records.list_own_deliveries(call.tx, call.actor, before=read_time_cursor(cursor), limit=limit + 1)
    return page(rows, limit, key=lambda row: time_key(row.queued_at, row.id), view=delivery_record)


@get("/v1/deliveries/{delivery_id:uuid}", guards=[needs(Permission.READ_INCIDENTS)])
async def get_delivery(call: Call, delivery_id: FromPath[UUID]) -> DeliveryDetail:
    """One delivery with its order and every send; one's own, or any for those who run or audit incidents."""
    file = await records.get_delivery(call.tx, call.actor, delivery_id)
    return DeliveryDetail(
        delivery=delivery_record(file.row), order=file.order, attempts=[attempt_view(a) for a in file.attempts]
    )


@post("/v1/deliveries/{delivery_id:uuid}/receipts", status_code=200, guards=[needs(Permission.ANSWER_TASK)])
async def report_receipt(
    data: JSONBody[ReceiptReport], delivery_id: FromPath[UUID], write: Write
) -> Response[DeliveryRecord]:
    """State that this device received or showed an order, or that its owner takes it or is on the way.

    Twice is once: the earliest statement of a fact stays.
    """

    async def work() -> DeliveryRecord:
        row = await service.report_receipt(write.tx, write.actor, delivery_id, data.fact, data.at)
        return delivery_record(row)

    return await write.once(work, status=200)


def delivery_record(row: DeliveryRow) -> DeliveryRecord:
    """A delivery as the wire shows it outside of a room."""
    view = deliveries.delivery_view(row.known, row.channel)
    return DeliveryRecord(**msgspec.structs.asdict(view), incident=row.incident_id, attempts=row.attempts)


def attempt_view(attempt: Attempt) -> AttemptView:
    """A send as the wire shows it."""
    return AttemptView(
        attempt.id,
        attempt.attempt,
        attempt.channel,
        attempt.device_id,
        attempt.started_at,
        attempt.ended_at,
        attempt.outcome,
        attempt.provider_message_id,
        attempt.error_code,
    )


router = Router(
    "/",
    route_handlers=[list_incident_deliveries, list_own_deliveries, get_delivery, report_receipt],
    tags=["deliveries"],
)
