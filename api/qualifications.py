"""Qualifications: what the plant accepts, who has what until when, who has a skill now, what is to be renewed."""

from __future__ import annotations

from datetime import date
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, Search, page, read_cursor
from mobile_contract.paging import Page
from mobile_contract.qualifications import (
    NewQualification,
    NewQualificationType,
    QualificationEdit,
    QualificationTypeEdit,
    QualificationTypeView,
    QualificationView,
    Reinstatement,
    SkillHolder,
    SkillList,
    SkillView,
    StateName,
    Suspension,
    SuspensionView,
)
from people.permissions import Permission
from people.qualifications import service, type_service
from people.qualifications.model import QualificationType
from people.qualifications.queries import Asked, Holder
from people.qualifications.records import RecordDraft
from people.qualifications.service import RecordChange, Shown
from people.qualifications.skills import skill_name
from people.qualifications.type_service import TypeChange, TypeDraft
from people.queries import FIRST

SkillFilter = Annotated[
    str | None, QueryParameter(name="skill", pattern=r"^[a-z0-9_]{1,63}$", description="That give this skill.")
]
Person: TypeAlias = Annotated[
    UUID | None, QueryParameter(name="account", description="Another person's; needs read_qualifications.")
]


class _EndKey(msgspec.Struct, frozen=True, array_like=True):
    """A place in a list ordered by (last day, id)."""

    ends_on: date
    id: UUID


_FIRST_END = _EndKey(date.min, FIRST)


@get("/v1/skills", guards=[needs(Permission.READ_PLANT)])
async def list_skills(call: Call) -> SkillList:
    """Every skill that plans can ask for: the product's and the plant's own."""
    codes = await type_service.list_skills(call.tx, call.actor)
    return SkillList([SkillView(code, skill_name(code)) for code in codes])


@get("/v1/skill-holders", guards=[needs(Permission.READ_QUALIFICATIONS)])
async def list_skill_holders(
    call: Call,
    skill: Annotated[str, QueryParameter(pattern=r"^[a-z0-9_]{1,63}$", description="Who has it now.")],
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[SkillHolder]:
    """Who has a skill at this moment, by login."""
    after = read_cursor(cursor, str, "")
    rows = await service.list_holders(call.tx, call.actor, skill, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda it: it.login, view=holder_view)


@get("/v1/qualification-types", guards=[needs(Permission.READ_PLANT)])
async def list_qualification_types(
    call: Call,
    q: Search = None,
    skill_code: SkillFilter = None,
    in_use: Annotated[
        bool | None, QueryParameter(description="Those that take new records, or those that do not.")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[QualificationTypeView]:
    """Qualification types by slug."""
    after = read_cursor(cursor, str, "")
    rows = await type_service.list_types(
        call.tx, call.actor, after=after, search=q, skill=skill_code, in_use=in_use, limit=limit + 1
    )
    return page(rows, limit, key=lambda it: it.slug, view=type_view)


@get("/v1/qualification-types/{type_id:uuid}", guards=[needs(Permission.READ_PLANT)])
async def get_qualification_type(call: Call, type_id: FromPath[UUID]) -> Response[QualificationTypeView]:
    """One type; its ETag is what an edit names."""
    kind = await type_service.get_type(call.tx, call.actor, type_id)
    return Response(type_view(kind), headers=etag(kind.version))


@post("/v1/qualification-types", guards=[needs(Permission.MANAGE_PEOPLE)])
async def create_qualification_type(
    data: JSONBody[NewQualificationType], write: Write
) -> Response[QualificationTypeView]:
    """Say what the plant accepts as a qualification, and which skills it gives."""

    async def work() -> QualificationTypeView:
        draft = TypeDraft(
            data.slug, data.name, data.skills, data.source, data.validity_months, data.review_months, data.warn_days
        )
        return type_view(await type_service.create_type(write.tx, write.actor, draft))

    return await write.once(work, headers=lambda kind: etag(kind.version))


@patch("/v1/qualification-types/{type_id:uuid}", guards=[needs(Permission.MANAGE_PEOPLE)])
async def edit_qualification_type(
    data: JSONBody[QualificationTypeEdit], type_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[QualificationTypeView]:
    """Edit a type; the skills and warnings of its records follow at once."""
    version = expected_version(if_match)
    change = TypeChange(
        data.name,
        data.skills,
        data.source,
        data.validity_months,
        data.review_months,
        data.warn_days,
        data.in_use,
    )
    kind = await type_service.edit_type(call.tx, call.actor, type_id, change, expected_version=version)
    return Response(type_view(kind), headers=etag(kind.version))


@get("/v1/qualifications")
async def list_qualifications(
    call: Call,
    account_id: Person = None,
    type_id: Annotated[UUID | None, QueryParameter(name="type", description="Of this type alone.")] = None,
    skill_code: SkillFilter = None,
    state_now: Annotated[StateName | None, QueryParameter(name="state", description="In this state today.")] = None,
    expiring_within: Annotated[
        int | None, QueryParameter(ge=0, le=3660, description="Days: whose last day is today or so many days from now.")
    ] = None,
    q: Annotated[
        str | None,
        QueryParameter(min_length=1, max_length=100, description="Part of a name, login, number, issuer or type."),
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[QualificationView]:
    """Qualifications in the order they were entered; without read_qualifications one's own."""
    after = read_cursor(cursor, UUID, FIRST)
    asked = Asked(account_id, type_id, skill_code, state_now, expiring_within, q)
    rows = await service.list_records(call.tx, call.actor, asked, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda it: it.record.id, view=record_view)


@get("/v1/renewals", guards=[needs(Permission.READ_QUALIFICATIONS)])
async def list_renewals(call: Call, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[QualificationView]:
    """What runs out or has run out and was not renewed, soonest last day first."""
    after = read_cursor(cursor, _EndKey, _FIRST_END)
    rows = await service.list_to_renew(call.tx, call.actor, after=(after.ends_on, after.id), limit=limit + 1)
    return page(rows, limit, key=lambda it: _EndKey(it.record.ends_on or date.min, it.record.id), view=record_view)


@get("/v1/qualifications/{qualification_id:uuid}")
async def get_qualification(call: Call, qualification_id: FromPath[UUID]) -> Response[QualificationView]:
    """One qualification, one's own or with read_qualifications; its ETag is what an edit names."""
    return _answer(await service.get_record(call.tx, call.actor, qualification_id))


@post("/v1/qualifications", guards=[needs(Permission.MANAGE_PEOPLE)])
async def create_qualification(data: JSONBody[NewQualification], write: Write) -> Response[QualificationView]:
    """Enter a person's qualification."""

    async def work() -> QualificationView:
        draft = RecordDraft(
            data.account,
            data.type,
            data.issuer,
            data.valid_from,
            data.valid_until,
            data.review_by,
            data.number,
            data.scope,
            data.sites,
            data.zones,
            data.evidence,
        )
        return record_view(await service.create_record(write.tx, write.actor, draft))

    return await write.once(work, headers=lambda it: etag(it.version))


@patch("/v1/qualifications/{qualification_id:uuid}", guards=[needs(Permission.MANAGE_PEOPLE)])
async def edit_qualification(
    data: JSONBody[QualificationEdit], qualification_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[QualificationView]:
    """Renew a qualification, enter its review, or correct it."""
    version = expected_version(if_match)
    change = RecordChange(
        data.issuer,
        data.scope,
        data.sites,
        data.zones,
        data.number,
        data.valid_from,
        data.valid_until,
        data.review_by,
        data.evidence,
    )
    return _answer(await service.edit_record(call.tx, call.actor, qualification_id, change, expected_version=version))


@delete("/v1/qualifications/{qualification_id:uuid}", guards=[needs(Permission.MANAGE_PEOPLE)])
async def delete_qualification(call: Call, qualification_id: FromPath[UUID]) -> None:
    """Remove what should never have been entered; to take skills away, suspend it."""
    await service.delete_record(call.tx, call.actor, qualification_id)


@post("/v1/qualifications/{qualification_id:uuid}/suspend", guards=[needs(Permission.MANAGE_PEOPLE)])
async def suspend_qualification(
    data: JSONBody[Suspension], qualification_id: FromPath[UUID], write: Write
) -> Response[QualificationView]:
    """Take its skills away for a time, or until it is reinstated; counts at once."""

    async def work() -> QualificationView:
        shown = await service.suspend(
            write.tx, write.actor, qualification_id, reason=data.reason, start=data.since, until=data.until
        )
        return record_view(shown)

    return await write.once(work, status=200, headers=lambda it: etag(it.version))


@post("/v1/qualifications/{qualification_id:uuid}/reinstate", guards=[needs(Permission.MANAGE_PEOPLE)])
async def reinstate_qualification(
    data: JSONBody[Reinstatement], qualification_id: FromPath[UUID], write: Write
) -> Response[QualificationView]:
    """End its suspension; counts at once."""

    async def work() -> QualificationView:
        return record_view(await service.reinstate(write.tx, write.actor, qualification_id, reason=data.reason))

    return await write.once(work, status=200, headers=lambda it: etag(it.version))


def _answer(shown: Shown) -> Response[QualificationView]:
    return Response(record_view(shown), headers=etag(shown.record.version))


def type_view(it: QualificationType) -> QualificationTypeView:
    """A type as the wire shows it."""
    return QualificationTypeView(
        it.id,
        it.slug,
        it.name,
        it.skills,
        it.validity_months,
        it.review_months,
        it.warn_days,
        it.source,
        it.in_use,
        it.version,
        it.created_at,
    )


def holder_view(it: Holder) -> SkillHolder:
    """A holder as the wire shows them; who has the skill everywhere has no places."""
    places = ([], []) if it.everywhere else (it.sites, it.zones)
    return SkillHolder(it.account_id, it.login, it.display_name, it.until, it.everywhere, *places)


def record_view(shown: Shown) -> QualificationView:
    """A qualification as the wire shows it."""
    it, kind = shown.record, shown.kind
    suspension = None
    if it.suspended_from is not None:
        suspension = SuspensionView(it.suspended_from, it.suspended_until, it.suspended_reason or "", it.suspended_by)
    return QualificationView(
        it.id,
        it.account_id,
        shown.person.login,
        shown.person.display_name,
        it.type_id,
        kind.slug,
        kind.name,
        kind.skills,
        it.issuer,
        it.scope,
        it.sites,
        it.zones,
        it.number,
        it.valid_from,
        it.valid_until,
        it.review_by,
        it.ends_on,
        shown.standing.state,
        shown.standing.days_left,
        suspension,
        it.evidence_id,
        shown.noticed_at,
        it.version,
        it.created_at,
    )


router = Router(
    "/",
    route_handlers=[
        list_skills,
        list_skill_holders,
        list_qualification_types,
        get_qualification_type,
        create_qualification_type,
        edit_qualification_type,
        list_qualifications,
        list_renewals,
        get_qualification,
        create_qualification,
        edit_qualification,
        delete_qualification,
        suspend_qualification,
        reinstate_qualification,
    ],
    tags=["qualifications"],
)
