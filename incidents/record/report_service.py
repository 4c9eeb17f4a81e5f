"""Use cases of post-incident reports: draft, edit, sign off; and the facts they are made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Conflict
from core.ids import new_id
from incidents import queries
from incidents.incident import Incident
from incidents.reaching import delivery_queries
from incidents.reaching.delivery import DeliveryPolicy
from incidents.record import report_queries, timeline, verifying
from incidents.record.report import assemble, content_hash
from incidents.record.report_facts import Action, Asked, Facts, Lesson
from incidents.record.report_queries import ActionRow, ReportRow
from incidents.record.report_sections import provided_sections
from mobile_contract.reports import ReportContent
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Permission
from people.service import check_version
from plant import command_queries
from plant import queries as plant_queries

# What a report shows of each list; a longer one says how many it leaves out. A page holds some forty lines.
LINES_MAX = 2000
ORDERS_MAX = 500
COMMANDS_MAX = 500
LESSONS_MAX = 200
_FIRST = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


class ReportFile(msgspec.Struct, frozen=True):
    """A version and what it says; ``intact`` False: it is not what was signed, by the timeline. None: a draft."""

    row: ReportRow
    content: ReportContent
    intact: bool | None


async def draft_report(tx: Tx, actor: Actor, incident_id: UUID, summary: str, causes: str) -> ReportRow:
    """A new draft, numbered 1, 2, ... within the incident."""
    actor.require(Permission.MANAGE_INCIDENT)
    await queries.lock_incident(tx, actor.tenant_id, incident_id)
    row = await report_queries.insert_report(
        tx, actor.tenant_id, new_id(), incident_id, summary, causes, actor.account_id
    )
    await audit.record(tx, actor.account_id, "report.drafted", "report", row.id, {"incident": incident_id})
    return row


async def edit_report(
    tx: Tx,
    actor: Actor,
    report_id: UUID,
    summary: str | msgspec.UnsetType,
    causes: str | msgspec.UnsetType,
    *,
    expected_version: int,
) -> ReportRow:
    """Edit a draft; raises Conflict when it was signed off or edited meanwhile."""
    actor.require(Permission.MANAGE_INCIDENT)
    row = await report_queries.get_report(tx, actor.tenant_id, report_id, lock=True)
    _check_draft(row)
    check_version(row.version, expected_version)
    saved = await report_queries.save_draft(
        tx,
        actor.tenant_id,
        report_id,
        row.summary if summary is msgspec.UNSET else summary,
        row.causes if causes is msgspec.UNSET else causes,
    )
    await audit.record(tx, actor.account_id, "report.edited", "report", report_id, {})
    return saved


async def sign_off(tx: Tx, actor: Actor, report_id: UUID, policy: DeliveryPolicy) -> ReportRow:
    """Sign a draft of a closed incident off: what it says is kept, and its hash goes into the timeline. Twice is once.

    Lock order: incident, then report.
    """
    actor.require(Permission.MANAGE_INCIDENT)
    known = await report_queries.get_report(tx, actor.tenant_id, report_id)
    incident = await queries.lock_incident(tx, actor.tenant_id, known.incident_id)
    row = await report_queries.get_report(tx, actor.tenant_id, report_id, lock=True)
    if row.state == "signed_off":
        return row
    if incident.state != "closed":
        raise Conflict(
            "report.incident_open",
            "a report is signed off after its incident is closed",
            "事件关闭后方可签发报告",
            field="state",
            value=incident.state,
            limit="closed",
        )
    names = await report_queries.list_names(tx, actor.tenant_id, [actor.account_id])
    who = names.get(actor.account_id, str(actor.account_id))
    day = f"{tx.now:%Y-%m-%d}"
    status = Text(f"已签发：{who}，{day}（UTC）", f"Signed off by {who}, {day} (UTC)")
    content = assemble(await load_facts(tx, incident, row, policy), number=row.number, status=status)
    digest = content_hash(content)
    signed = await report_queries.sign(
        tx, actor.tenant_id, report_id, msgspec.to_builtins(content), digest, actor.account_id
    )
    facts = {"report": report_id, "number": row.number, "content_hash": digest}
    await timeline.append(tx, actor.tenant_id, incident.id, "report.signed_off", facts, by=actor.account_id)
    await audit.record(tx, actor.account_id, "report.signed_off", "report", report_id, facts)
    return signed


async def get_report(tx: Tx, actor: Actor, report_id: UUID, policy: DeliveryPolicy) -> ReportFile:
    """A version with what it says; a report has people's doses in it, so its readers are those who may read them.

    A draft is assembled from the record as it stands, a signed one is as it was signed.
    """
    actor.require(Permission.READ_EXPOSURE)
    row = await report_queries.get_report(tx, actor.tenant_id, report_id)
    if row.content is not None:
        content = msgspec.convert(row.content, ReportContent)
        known = await report_queries.find_signed_hash(tx, actor.tenant_id, row.incident_id, report_id)
        intact = known == content_hash(content) == row.content_hash
        if not intact:
            warning = Text("警告：内容与签发时不符", "WARNING: this is not what was signed off")
            content = msgspec.structs.replace(content, status=warning)
        return ReportFile(row, content, intact)
    incident = await queries.get_incident(tx, actor.tenant_id, row.incident_id)
    facts = await load_facts(tx, incident, row, policy)
    content = assemble(facts, number=row.number, status=Text("草稿，未签发", "Draft, not signed off"))
    return ReportFile(row, content, None)


async def list_reports(
    tx: Tx,
    actor: Actor,
    *,
    incident_id: UUID | None,
    state: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[ReportRow]:
    """Versions, newest first."""
    actor.require(Permission.READ_EXPOSURE)
    return await report_queries.list_reports(
        tx, actor.tenant_id, incident_id=incident_id, state=state, before=before, limit=limit
    )


async def load_facts(tx: Tx, incident: Incident, row: ReportRow, policy: DeliveryPolicy) -> Facts:
    """Everything the report is made of, each list bounded."""
    tenant_id = incident.tenant_id
    alarms = await queries.list_incident_alarms(tx, tenant_id, incident.id)
    tasks = await queries.list_tasks(tx, tenant_id, incident.id)
    commands = await command_queries.list_commands(
        tx, tenant_id, before=tx.now + timedelta(days=1), incident_id=incident.id, limit=COMMANDS_MAX
    )
    deliveries = await delivery_queries.list_incident_deliveries(
        tx, tenant_id, incident.id, after=_FIRST, limit=ORDERS_MAX
    )
    lines = await timeline.list_entries(tx, tenant_id, incident.id, limit=LINES_MAX)
    lessons = await report_queries.list_lessons(tx, tenant_id, incident_id=incident.id, limit=LESSONS_MAX)
    actions = await report_queries.list_actions(tx, tenant_id, incident_id=incident.id, limit=LESSONS_MAX)
    verdict = await verifying.verify_timeline(verifying.Open(tx), tenant_id, incident.id)
    counts = await report_queries.count_parts(tx, tenant_id, incident.id)
    shown = {"timeline": len(lines), "asked": len(deliveries), "alarms": len(alarms), "commands": len(commands)}
    people = [
        incident.closed_by,
        *(d.account_id for d in deliveries),
        *(t.owner_account_id for t in tasks),
        *(line.actor_id for line in lines),
        *(lesson.created_by for lesson in lessons),
        *(a.owner_account_id for a in actions),
        *(a.verified_by for a in actions),
    ]
    site = await plant_queries.get_site(tx, tenant_id, incident.site_id)
    actuators = await report_queries.list_actuator_names(tx, tenant_id, _distinct(c.actuator_id for c in commands))
    return Facts(
        incident=incident,
        site=site.name,
        tz=site.tz,
        summary=row.summary,
        causes=row.causes,
        alarms=alarms,
        tasks=tasks,
        commands=commands[::-1],
        asked=[Asked(d.known, d.channel) for d in deliveries],
        timeline=lines,
        people=await report_queries.list_names(tx, tenant_id, _distinct(people)),
        actuators={actuator_id: msgspec.convert(name, Text) for actuator_id, name in actuators.items()},
        lessons=[Lesson(lesson.text, lesson.created_by) for lesson in lessons[::-1]],
        actions=[_action(action, tx.now) for action in actions],
        policy=policy,
        length=verdict.length,
        hash=verdict.hash,
        broken=verdict.broken,
        more={name: counts[name] - count for name, count in shown.items() if counts[name] > count},
        provided=await provided_sections(tx, incident),
    )


def _action(row: ActionRow, now: datetime) -> Action:
    state = "overdue" if row.state == "open" and row.due_on < now.date() else row.state
    return Action(row.text, row.owner_account_id, row.due_on.isoformat(), state, row.verified_by)


def _distinct(ids: Iterable[UUID | None]) -> list[UUID]:
    return list({i for i in ids if i is not None})


def _check_draft(row: ReportRow) -> None:
    if row.state != "draft":
        raise Conflict(
            "report.signed_off",
            "this report is signed off; draft a new version",
            "报告已签发，请新建版本",
            field="state",
            value=row.state,
            limit="draft",
        )
