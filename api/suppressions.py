"""What is silent and why: alarm rules shelved and out of service, suppression by design, each site's own maxima."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from litestar import Response, Router, delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_cursor, read_time_cursor, time_key
from incidents.alarms import service, suppression_service
from incidents.alarms.suppression import Design
from incidents.alarms.suppression_queries import AlarmSettings, Suppression
from mobile_contract.alarm_management import (
    AlarmSettingsEdit,
    AlarmSettingsView,
    NewSuppressionDesign,
    OutOfServiceRequest,
    ShelvingLimit,
    SuppressionDesignView,
    SuppressionView,
)
from mobile_contract.incidents import ShelveRequest
from mobile_contract.paging import Page
from people.permissions import Permission

_BEFORE_ALL = UUID(int=0)
OfSite = Annotated[UUID | None, QueryParameter(description="In this site.")]
OfRule = Annotated[UUID | None, QueryParameter(description="Of this alarm rule.")]


@get("/v1/suppressions", guards=[needs(Permission.READ_ALARMS)])
async def list_suppressions(
    call: Call,
    standing: Annotated[bool | None, QueryParameter(description="True: silent now; false: over.")] = True,
    kind: Annotated[
        Literal["shelved", "by_design", "out_of_service"] | None, QueryParameter(description="Silenced this way.")
    ] = None,
    site: OfSite = None,
    sensor: Annotated[UUID | None, QueryParameter(description="Of this sensor.")] = None,
    rule: OfRule = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[SuppressionView]:
    """Rules that are silent, with why, by whom and until when, newest first."""
    rows = await service.list_suppressions(
        call.tx,
        call.actor,
        now=standing,
        site_id=site,
        kind=kind,
        sensor_id=sensor,
        rule_id=rule,
        before=read_time_cursor(cursor),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda row: time_key(row.started_at, row.id), view=suppression_view)


@post("/v1/alarm-rules/{rule_id:uuid}/shelve", status_code=200, guards=[needs(Permission.SHELVE_ALARM)])
async def shelve_alarm_rule(
    data: JSONBody[ShelveRequest], rule_id: FromPath[UUID], write: Write
) -> Response[SuppressionView]:
    """Shelve a rule, also before it rings.

    Until a time within the rule's maximum; without one, until its condition has come and gone.
    """

    async def work() -> SuppressionView:
        done = await service.shelve_rule(write.tx, write.actor, rule_id, data.until, data.reason)
        return suppression_view(done)

    return await write.once(work, status=200)


@post("/v1/alarm-rules/{rule_id:uuid}/unshelve", status_code=200, guards=[needs(Permission.SHELVE_ALARM)])
async def unshelve_alarm_rule(rule_id: FromPath[UUID], write: Write) -> Response[SuppressionView]:
    """End a rule's shelving; the condition is looked at again."""

    async def work() -> SuppressionView:
        return suppression_view(await service.unshelve_rule(write.tx, write.actor, rule_id))

    return await write.once(work, status=200)


@post("/v1/alarm-rules/{rule_id:uuid}/out-of-service", status_code=200, guards=[needs(Permission.SHELVE_ALARM)])
async def take_alarm_rule_out(
    data: JSONBody[OutOfServiceRequest], rule_id: FromPath[UUID], write: Write
) -> Response[SuppressionView]:
    """Take a rule out of service until a time; it is back by itself then."""

    async def work() -> SuppressionView:
        return suppression_view(await service.take_rule_out(write.tx, write.actor, rule_id, data.until, data.reason))

    return await write.once(work, status=200)


@post("/v1/alarm-rules/{rule_id:uuid}/in-service", status_code=200, guards=[needs(Permission.SHELVE_ALARM)])
async def put_alarm_rule_back(rule_id: FromPath[UUID], write: Write) -> Response[SuppressionView]:
    """Put a rule back into service; the condition is looked at again."""

    async def work() -> SuppressionView:
        return suppression_view(await service.put_rule_back(write.tx, write.actor, rule_id))

    return await write.once(work, status=200)


@put("/v1/alarm-rules/{rule_id:uuid}/shelving-limit", guards=[needs(Permission.MANAGE_PLANT)])
async def limit_shelving(data: JSONBody[ShelvingLimit], rule_id: FromPath[UUID], call: Call) -> ShelvingLimit:
    """Say how long a rule may be shelved at most; it goes before its site's maximum."""
    return ShelvingLimit(await suppression_service.set_shelve_max(call.tx, call.actor, rule_id, data.shelve_max_s))


@get("/v1/sites/{site_id:uuid}/alarm-settings", guards=[needs(Permission.READ_PLANT)])
async def get_alarm_settings(call: Call, site_id: FromPath[UUID]) -> Response[AlarmSettingsView]:
    """What a site decided for itself about its alarms; its ETag is what an edit names."""
    found = await suppression_service.get_settings(call.tx, call.actor, site_id)
    return Response(settings_view(found), headers=etag(found.version))


@put("/v1/sites/{site_id:uuid}/alarm-settings", guards=[needs(Permission.MANAGE_PLANT)])
async def edit_alarm_settings(
    data: JSONBody[AlarmSettingsEdit], site_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[AlarmSettingsView]:
    """Set how long alarms may be shelved, and when a flood starts and ends."""
    wanted = AlarmSettings(
        site_id, data.shelve_max_s, data.flood_start_above, data.flood_end_below, expected_version(if_match)
    )
    done = await suppression_service.edit_settings(call.tx, call.actor, wanted)
    return Response(settings_view(done), headers=etag(done.version))


@get("/v1/suppression-designs", guards=[needs(Permission.READ_PLANT)])
async def list_suppression_designs(
    call: Call,
    site: OfSite = None,
    rule: OfRule = None,
    waiting: Annotated[bool | None, QueryParameter(description="For a second person's approval.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[SuppressionDesignView]:
    """Designs in force, in the order they were made."""
    rows = await suppression_service.list_designs(
        call.tx,
        call.actor,
        site_id=site,
        rule_id=rule,
        waiting=waiting,
        after=read_cursor(cursor, UUID, _BEFORE_ALL),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda row: row.id, view=design_view)


@get("/v1/suppression-designs/{design_id:uuid}", guards=[needs(Permission.READ_PLANT)])
async def get_suppression_design(call: Call, design_id: FromPath[UUID]) -> SuppressionDesignView:
    """One design."""
    return design_view(await suppression_service.get_design(call.tx, call.actor, design_id))


@post("/v1/suppression-designs", guards=[needs(Permission.MANAGE_PLANT)])
async def create_suppression_design(
    data: JSONBody[NewSuppressionDesign], write: Write
) -> Response[SuppressionDesignView]:
    """Say which state of the plant makes an alarm meaningless.

    On a second-level toxic or oxygen alarm it acts only after a second person approved it.
    """

    async def work() -> SuppressionDesignView:
        draft = suppression_service.DesignDraft(
            rule_id=data.rule,
            reason=data.reason,
            test=data.test,
            sensor_id=data.sensor,
            actuator_id=data.actuator,
            threshold=data.threshold,
            hysteresis=data.hysteresis,
            action=data.action,
        )
        return design_view(await suppression_service.create_design(write.tx, write.actor, draft))

    return await write.once(work)


@post("/v1/suppression-designs/{design_id:uuid}/approve", status_code=200, guards=[needs(Permission.MANAGE_PLANT)])
async def approve_suppression_design(design_id: FromPath[UUID], write: Write) -> Response[SuppressionDesignView]:
    """Approve another person's design; twice is one fact."""

    async def work() -> SuppressionDesignView:
        return design_view(await suppression_service.approve_design(write.tx, write.actor, design_id))

    return await write.once(work, status=200)


@delete("/v1/suppression-designs/{design_id:uuid}", guards=[needs(Permission.MANAGE_PLANT)])
async def retire_suppression_design(call: Call, design_id: FromPath[UUID]) -> None:
    """Take a design out of force; what it silences speaks again. Twice is one fact."""
    await suppression_service.retire_design(call.tx, call.actor, design_id)


def suppression_view(it: Suppression) -> SuppressionView:
    """A silence as the wire shows it."""
    return SuppressionView(
        id=it.id,
        rule=it.rule_id,
        kind=it.kind,
        reason=it.reason,
        by=it.by_account,
        one_shot=it.one_shot,
        started_at=it.started_at,
        until=it.until_at,
        ended_at=it.ended_at,
        ended_by=it.ended_by,
        site=it.site_id,
        sensor=it.sensor_id,
        actuator=it.actuator_id,
        rule_kind=it.rule_kind,
        level=it.level,
        condition=it.condition,
        alarm=it.episode_id,
    )


def design_view(it: Design) -> SuppressionDesignView:
    """A design as the wire shows it."""
    return SuppressionDesignView(
        id=it.id,
        site=it.site_id,
        rule=it.rule_id,
        reason=it.reason,
        sensor=it.sensor_id,
        actuator=it.actuator_id,
        test=it.test,
        threshold=it.threshold,
        hysteresis=it.hysteresis,
        action=it.action,
        waiting=it.needs_approval and it.approved_by is None,
        created_by=it.created_by,
        created_at=it.created_at,
        approved_by=it.approved_by,
        approved_at=it.approved_at,
        retired_at=it.retired_at,
    )


def settings_view(it: AlarmSettings) -> AlarmSettingsView:
    """A site's settings as the wire shows them."""
    return AlarmSettingsView(it.site_id, it.shelve_max_s, it.flood_start_above, it.flood_end_below, it.version)


router = Router(
    "/",
    route_handlers=[
        list_suppressions,
        shelve_alarm_rule,
        unshelve_alarm_rule,
        take_alarm_rule_out,
        put_alarm_rule_back,
        limit_shelving,
        get_alarm_settings,
        edit_alarm_settings,
        list_suppression_designs,
        get_suppression_design,
        create_suppression_design,
        approve_suppression_design,
        retire_suppression_design,
    ],
    tags=["suppression"],
)
