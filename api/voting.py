"""Voting groups, alarm floods, and sensors whose calibration is due."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, Search, page, read_cursor, read_time_cursor, time_key
from incidents import flooding, views
from incidents.alarms import calibration_service, voting_service
from incidents.alarms.calibration_queries import Due
from incidents.alarms.flood import Flood
from incidents.alarms.model import LimitSource
from incidents.alarms.voting import Verdict
from incidents.alarms.voting_service import GroupFile
from mobile_contract.alarm_management import (
    CalibrationView,
    FloodRecord,
    NewVotingGroup,
    VerdictView,
    VotingGroupEdit,
    VotingGroupView,
)
from mobile_contract.paging import Page
from people.permissions import Permission
from plant.calibration import DUE_SOON_DAYS

_BEFORE_ALL = UUID(int=0)
OfSite = Annotated[UUID | None, QueryParameter(description="In this site.")]


class DueKey(msgspec.Struct, frozen=True, array_like=True):
    """A place in the list of calibrations."""

    due: date
    id: UUID


@get("/v1/voting-groups", guards=[needs(Permission.READ_PLANT)])
async def list_voting_groups(
    call: Call, site: OfSite = None, q: Search = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[VotingGroupView]:
    """Voting groups in force, with how their members vote now."""
    after = read_cursor(cursor, UUID, _BEFORE_ALL)
    rows = await voting_service.list_groups(call.tx, call.actor, site_id=site, search=q, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda row: row.group.id, view=group_view)


@get("/v1/voting-groups/{group_id:uuid}", guards=[needs(Permission.READ_PLANT)])
async def get_voting_group(call: Call, group_id: FromPath[UUID]) -> Response[VotingGroupView]:
    """One voting group, with how its members vote now; its ETag is what an edit names."""
    found = await voting_service.get_group(call.tx, call.actor, group_id)
    return Response(group_view(found), headers=etag(found.group.version))


@post("/v1/voting-groups", guards=[needs(Permission.MANAGE_PLANT)])
async def create_voting_group(data: JSONBody[NewVotingGroup], write: Write) -> Response[VotingGroupView]:
    """Let two to eight sensors vote: m of them beyond the limit raise one alarm, and a faulty one counts as beyond.

    Their own limits at or beyond the set point go out of force; with `pre_alarm` they come back as first-level ones.
    """

    async def work() -> VotingGroupView:
        plain = {name: getattr(data, name) for name in data.__struct_fields__}
        draft = voting_service.GroupDraft(
            **plain | {"source": msgspec.convert(data.source, LimitSource, from_attributes=True)}
        )
        return group_view(await voting_service.create_group(write.tx, write.actor, draft))

    return await write.once(work, headers=lambda group: etag(group.version))


@patch("/v1/voting-groups/{group_id:uuid}", guards=[needs(Permission.MANAGE_PLANT)])
async def edit_voting_group(
    data: JSONBody[VotingGroupEdit], group_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[VotingGroupView]:
    """Edit a group's name or its m; other members are another group."""
    version = expected_version(if_match)
    done = await voting_service.edit_group(
        call.tx, call.actor, group_id, name=data.name, m=data.m, expected_version=version
    )
    return Response(group_view(done), headers=etag(done.group.version))


@delete("/v1/voting-groups/{group_id:uuid}", guards=[needs(Permission.MANAGE_PLANT)])
async def retire_voting_group(call: Call, group_id: FromPath[UUID]) -> None:
    """End a group; its members' own limits are in force again. Twice is one fact."""
    await voting_service.retire_group(call.tx, call.actor, group_id)


@get("/v1/floods", guards=[needs(Permission.READ_ALARMS)])
async def list_floods(
    call: Call,
    site: OfSite = None,
    standing: Annotated[bool | None, QueryParameter(description="True: it lasts; false: over.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[FloodRecord]:
    """Alarm floods, newest first."""
    before = read_time_cursor(cursor)
    rows = await flooding.list_floods(
        call.tx, call.actor, site_id=site, standing=standing, before=before, limit=limit + 1
    )
    return page(rows, limit, key=lambda row: time_key(row.started_at, row.id), view=flood_record)


@get("/v1/calibrations", guards=[needs(Permission.READ_PLANT)])
async def list_calibrations(
    call: Call,
    within_days: Annotated[
        int, QueryParameter(ge=0, le=3650, description="Due within so many days; those that are over come first.")
    ] = DUE_SOON_DAYS,
    site: OfSite = None,
    zone: Annotated[UUID | None, QueryParameter(description="In this zone.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[CalibrationView]:
    """Sensors whose calibration is due or over, the longest over first."""
    key = None if cursor is None else read_cursor(cursor, DueKey, DueKey(date.min, _BEFORE_ALL))
    rows = await calibration_service.list_due(
        call.tx,
        call.actor,
        within_days=within_days,
        site_id=site,
        zone_id=zone,
        after=None if key is None else (key.due, key.id),
        limit=limit + 1,
    )
    today = call.tx.now.date()
    return page(
        rows,
        limit,
        key=lambda row: DueKey(row.calibration_due, row.sensor_id),
        view=lambda row: calibration_view(row, today),
    )


def group_view(it: GroupFile) -> VotingGroupView:
    """A group as the wire shows it."""
    group = it.group
    return VotingGroupView(
        id=group.id,
        site=group.site_id,
        name=group.name,
        sensors=group.members,
        m=group.m,
        side=group.side,
        level=group.level,
        set_point=group.set_point,
        deadband=group.deadband,
        unit=group.unit,
        valid_low=group.valid_low,
        valid_high=group.valid_high,
        discrepancy_after_s=group.discrepancy_after_s,
        members_alarm=group.members_alarm,
        rule=None if it.rule is None else it.rule.id,
        verdict=None if it.verdict is None else verdict_view(it.verdict),
        version=group.version,
        created_at=group.created_at,
        retired_at=group.retired_at,
    )


def verdict_view(it: Verdict) -> VerdictView:
    """What a group says, as the wire shows it."""
    votes = [views.vote_view(vote) for vote in it.votes]
    return VerdictView(it.active, it.degraded, it.beyond, it.works_as, votes, list(it.discrepant))


def flood_record(it: Flood) -> FloodRecord:
    """A flood outside of its room: it counts on while it lasts."""
    return FloodRecord(
        id=it.id,
        started_at=it.started_at,
        alarms=it.alarms,
        ended_at=it.ended_at,
        site=it.site_id,
        incident=it.incident_id,
        due_at=it.due_at,
    )


def calibration_view(it: Due, today: date) -> CalibrationView:
    """A sensor that is due, as the wire shows it."""
    return CalibrationView(
        sensor=it.sensor_id,
        site=it.site_id,
        zone=it.zone_id,
        series=it.series,
        name=it.name,
        calibration_due=it.calibration_due,
        trust=views.trust_view(it.calibration_due, today),
        noticed_on=it.noticed_on,
    )


router = Router(
    "/",
    route_handlers=[
        list_voting_groups,
        get_voting_group,
        create_voting_group,
        edit_voting_group,
        retire_voting_group,
        list_floods,
        list_calibrations,
    ],
    tags=["voting"],
)
