"""What people breathed: doses against limits, and the events of doses over them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
from litestar import Router, get
from litestar.params import FromPath, QueryParameter

from api.bearer import needs
from api.call import Call
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_time_cursor, time_key
from api.places import SiteFilter
from incidents.alarms.model import LimitSource
from incidents.exposure import service
from incidents.exposure.dose import Dose
from incidents.exposure.queries import ExposureEvent
from incidents.exposure.service import PersonDoses
from mobile_contract.exposure import DoseView, ExposureEventView, LimitSourceView, PersonDosesView, SiteDosesView
from mobile_contract.paging import Page
from people.permissions import Permission
from plant.reading_series import check_time

At: TypeAlias = Annotated[
    datetime | None, QueryParameter(description="With offset; now unless given. Answered as of the last whole minute.")
]


@get("/v1/me/exposure")
async def get_own_exposure(call: Call, at: At = None) -> PersonDosesView:
    """One's own doses: time-weighted over 8 h, over 15 min, and ceilings."""
    found = await service.get_doses(call.tx, call.actor, call.actor.account_id, _at(call, at))
    return doses_view(found)


@get("/v1/accounts/{account_id:uuid}/exposure", guards=[needs(Permission.READ_EXPOSURE)])
async def get_exposure(call: Call, account_id: FromPath[UUID], at: At = None) -> PersonDosesView:
    """The doses of a person; who asks is in the audit trail."""
    return doses_view(await service.get_doses(call.tx, call.actor, account_id, _at(call, at)))


@get("/v1/sites/{site_id:uuid}/exposure", guards=[needs(Permission.READ_EXPOSURE)])
async def list_exposure(call: Call, site_id: FromPath[UUID], at: At = None) -> SiteDosesView:
    """The doses of everybody who was in a measured zone, the largest share of a limit first."""
    found = await service.list_doses(call.tx, call.actor, site_id, _at(call, at))
    return SiteDosesView(site_id, [doses_view(it) for it in found])


@get("/v1/exposure-events", guards=[needs(Permission.READ_EXPOSURE)], opt={"not_found": True})
async def list_exposure_events(
    call: Call, site_id: SiteFilter = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[ExposureEventView]:
    """Doses that went over a limit, newest first.

    The audit trail says whose were read: a site that is not there is 404, where other lists are empty.
    """
    rows = await service.list_events(call.tx, call.actor, site_id, before=read_time_cursor(cursor), limit=limit + 1)
    return page(rows, limit, key=lambda it: time_key(it.at, it.id), view=event_view)


def _at(call: Call, at: datetime | None) -> datetime:
    """The time asked for, not after now; raises Invalid."""
    if at is None:
        return call.tx.now
    check_time("at", at)
    return min(at, call.tx.now)


def doses_view(it: PersonDoses) -> PersonDosesView:
    """Doses as the wire shows them."""
    return PersonDosesView(it.person_id, it.at, [dose_view(dose) for dose in it.doses])


def dose_view(it: Dose) -> DoseView:
    """A dose as the wire shows it."""
    return DoseView(
        it.kind,
        it.subject,
        it.mixture,
        it.limit,
        it.unit,
        source_view(it.source),
        it.at_least,
        it.estimate,
        it.fraction,
        it.known_min,
        it.unknown_min,
        round(it.confidence, 4),
    )


def source_view(it: LimitSource) -> LimitSourceView:
    """A limit's source as the wire shows it."""
    return LimitSourceView(**msgspec.structs.asdict(it))


def event_view(it: ExposureEvent) -> ExposureEventView:
    """An event as the wire shows it."""
    return ExposureEventView(
        it.id,
        it.site_id,
        it.person_id,
        it.kind,
        it.subject,
        it.mixture,
        it.fraction,
        it.value,
        it.limit_value,
        it.unit,
        source_view(it.source),
        it.unknown_min,
        it.confidence,
        it.at,
        it.ended_at,
    )


router = Router(
    "/",
    route_handlers=[get_own_exposure, get_exposure, list_exposure, list_exposure_events],
    tags=["exposure"],
)
