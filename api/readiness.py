"""Whether phones will ring: said by their apps, listed before the shift; the key browsers subscribe with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from litestar import Router, get, put
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Deps
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_cursor
from core.errors import Unavailable
from mobile_contract.paging import Page
from mobile_contract.reach import (
    PersonReadinessView,
    PhoneReadinessView,
    ProblemView,
    ReadinessReport,
    WebPushKey,
)
from people.permissions import Permission
from people.reach import service
from people.reach.model import PhoneFacts, Readiness
from people.reach.readiness import Problem
from people.reach.service import PersonReadiness


@put("/v1/devices/{device_id:uuid}/readiness", status_code=204)
async def report_readiness(data: JSONBody[ReadinessReport], call: Call, device_id: FromPath[UUID]) -> None:
    """The phone one is signed in on says how it is set: permissions, battery, versions."""
    said = Readiness(
        tenant_id=call.actor.tenant_id,
        device_id=device_id,
        reported_at=call.tx.now,
        notifications=data.notifications,
        critical_alerts=data.critical_alerts,
        battery=data.battery,
        battery_level=data.battery_level,
        app_version=data.app_version,
        os_version=data.os_version,
    )
    await service.report_readiness(call.tx, call.actor, device_id, said)


@get("/v1/readiness", guards=[needs(Permission.READ_ACCOUNTS)])
async def list_readiness(
    call: Call,
    site: Annotated[UUID | None, QueryParameter(description="On duty at this site.")] = None,
    within_hours: Annotated[
        float | None,
        QueryParameter(ge=0, le=168, description="Those with a duty now or before so many hours from now."),
    ] = None,
    q: Annotated[
        str | None, QueryParameter(min_length=1, max_length=100, description="Part of a login or name.")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[PersonReadinessView]:
    """Responders and safety officers with what may keep their phones silent, by login."""
    within = None if within_hours is None and site is None else timedelta(hours=within_hours or 0)
    rows = await service.list_readiness(
        call.tx,
        call.actor,
        site_id=site,
        within=within,
        after=read_cursor(cursor, str, ""),
        search=q,
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda person: person.account.login, view=person_view)


@get("/v1/web-push-key")
async def get_web_push_key(deps: Deps) -> WebPushKey:
    """The key a browser subscribes with."""
    if not deps.web_push_key:
        raise Unavailable("web_push.off", "Web Push is not set up here", "此处未启用 Web Push")
    return WebPushKey(deps.web_push_key)


def person_view(person: PersonReadiness) -> PersonReadinessView:
    """A person's reach as the wire shows it."""
    return PersonReadinessView(
        account=person.account.id,
        login=person.account.login,
        name=person.account.display_name,
        on_duty=person.on_duty,
        ready=all(problem.severity != "blocks" for problem in person.problems),
        problems=_problems(person.problems),
        phones=[_phone(phone, problems) for phone, problems in person.phones],
    )


def _phone(phone: PhoneFacts, problems: Sequence[Problem]) -> PhoneReadinessView:
    return PhoneReadinessView(
        device=phone.device_id,
        label=phone.label,
        platform=phone.platform,
        last_seen_at=phone.last_seen_at,
        reported_at=phone.reported_at,
        tested_at=phone.tested_at,
        test_received_at=phone.test_received_at,
        problems=_problems(problems),
    )


def _problems(problems: Sequence[Problem]) -> list[ProblemView]:
    return [ProblemView(p.code, p.severity, p.text) for p in problems]


router = Router("/", route_handlers=[report_readiness, list_readiness, get_web_push_key], tags=["reach"])
