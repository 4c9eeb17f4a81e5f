"""Use cases of plan versions: draft, review by a second person, publish, retire, compare, preview.

A version's row is locked alone, before the audit head; publishing locks the version in force first.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from core import audit, outbox
from core.database import Tx
from core.errors import Conflict, Invalid, NotFound
from core.ids import new_id
from incidents.context import load_context
from incidents.plans import plan_queries, versions
from incidents.plans.binding import bind
from incidents.plans.check import check
from incidents.plans.diff import Change, diff
from incidents.plans.model import BoundPlan, Cause, Moment, PlanBody, PlanTemplate
from incidents.plans.moments import look, moment_at
from incidents.plans.plan_library import TEMPLATES
from incidents.plans.stored import read_stored
from incidents.plans.versions import PlanVersion
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Permission
from plant import queries as plant_queries

NEWS_PLANT = "plant.changed"
# A review says what is wrong in a few sentences.
NOTE_MAX_CHARS = 2000


class InForce(msgspec.Struct, frozen=True):
    """The plan of a slug that counts now; ``version_id`` None: the library's. ``newer_in_library``: the plan was made
    from an older version of the library's."""

    template: PlanTemplate
    version_id: UUID | None
    newer_in_library: bool


class Preview(msgspec.Struct, frozen=True):
    """What a plan would do, and at which moment."""

    plan: BoundPlan
    moment: Moment
    grade: int | None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A moment to try a plan on; without ``version_id`` the plan that would answer it. ``at`` None: now."""

    zone_id: UUID
    cause: Cause = "high"
    level: int = 1
    agent: str | None = None
    grade: int | None = None
    at: datetime | None = None
    version_id: UUID | None = None
    slug: str | None = None


async def list_in_force(tx: Tx, actor: Actor, *, search: str | None) -> list[InForce]:
    """Every plan that counts now, by slug: a plant has some tens."""
    actor.require(Permission.READ_PLANS)
    own = {v.slug: v for v in await plan_queries.list_published(tx, actor.tenant_id)}
    found = [_in_force(slug, own.get(slug)) for slug in sorted(own.keys() | TEMPLATES.keys())]
    wanted = (search or "").lower()
    return [f for f in found if wanted in f"{f.template.slug} {f.template.title.zh} {f.template.title.en}".lower()]


def _in_force(slug: str, own: PlanVersion | None) -> InForce:
    if own is None:
        return InForce(TEMPLATES[slug], None, False)
    shipped = TEMPLATES.get(slug)
    newer = shipped is not None and own.library_version is not None and shipped.version > own.library_version
    return InForce(own.template, own.id, newer)


async def list_versions(
    tx: Tx,
    actor: Actor,
    *,
    slug: str | None,
    state: str | None,
    search: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[PlanVersion]:
    """Versions of the tenant's own plans, newest first."""
    actor.require(Permission.READ_PLANS)
    return await plan_queries.list_versions(
        tx, actor.tenant_id, slug=slug, state=state, search=search, before=before, limit=limit
    )


async def get_version(tx: Tx, actor: Actor, version_id: UUID) -> PlanVersion:
    """Raises NotFound."""
    actor.require(Permission.READ_PLANS)
    return await plan_queries.get_version(tx, actor.tenant_id, version_id)


async def list_templates(tx: Tx, actor: Actor, slug: str, version: int | None) -> list[PlanTemplate]:
    """A plan by slug: the one in force; by version, the library's or what an incident was bound from. One or none."""
    actor.require(Permission.READ_PLANS)
    if version is None:
        own = {v.slug: v for v in await plan_queries.list_published(tx, actor.tenant_id)}
        return [_in_force(slug, own.get(slug)).template] if slug in own or slug in TEMPLATES else []
    shipped = TEMPLATES.get(slug)
    if shipped is not None and shipped.version == version:
        return [shipped]
    body = await plan_queries.find_template(tx, actor.tenant_id, slug, version)
    return [] if body is None else [read_stored(body)]


async def create_draft(tx: Tx, actor: Actor, slug: str, body: PlanBody) -> PlanVersion:
    """A draft of one's own. Raises Invalid naming the path of what can not be followed."""
    actor.require(Permission.EDIT_PLANS)
    check(body)
    shipped = TEMPLATES.get(slug)
    return await _insert(tx, actor, slug, body, None if shipped is None else shipped.version)


async def copy_version(tx: Tx, actor: Actor, version_id: UUID) -> PlanVersion:
    """A draft with the text of another version: to change it, or to bring an old one back. Raises NotFound."""
    actor.require(Permission.EDIT_PLANS)
    old = await plan_queries.get_version(tx, actor.tenant_id, version_id)
    return await _insert(tx, actor, old.slug, old.body, old.library_version)


async def copy_library(tx: Tx, actor: Actor, slug: str) -> PlanVersion:
    """A draft with the text of the library's plan. Raises NotFound."""
    actor.require(Permission.EDIT_PLANS)
    shipped = TEMPLATES.get(slug)
    if shipped is None:
        raise _no_plan(slug)
    return await _insert(tx, actor, slug, body_of(shipped), shipped.version)


def body_of(template: PlanTemplate) -> PlanBody:
    """What the template says, without its name."""
    return PlanBody(**{name: getattr(template, name) for name in PlanBody.__struct_fields__})


async def _insert(tx: Tx, actor: Actor, slug: str, body: PlanBody, library_version: int | None) -> PlanVersion:
    made = PlanVersion(
        tenant_id=actor.tenant_id,
        id=new_id(),
        slug=slug,
        version=await plan_queries.next_version(tx, actor.tenant_id, slug),
        state="draft",
        revision=1,
        body=body,
        library_version=library_version,
        authors=[actor.account_id],
        created_at=tx.now,
    )
    await plan_queries.insert_version(tx, actor.tenant_id, made)
    await _record(tx, actor, "plan.drafted", made)
    return made


async def edit_draft(tx: Tx, actor: Actor, version_id: UUID, body: PlanBody, *, expected_version: int) -> PlanVersion:
    """Another text of a draft. Raises NotFound, Conflict (edited meanwhile, no draft), Invalid naming the path."""
    actor.require(Permission.EDIT_PLANS)
    known = await _lock(tx, actor, version_id, expected_version)
    check(body)
    after = versions.edit(known, body, actor.account_id)
    return await _save(tx, actor, "plan.edited", after, {"paths": [c.path for c in diff(known.body, body)][:100]})


async def submit_draft(tx: Tx, actor: Actor, version_id: UUID, *, expected_version: int) -> PlanVersion:
    """Ask somebody else to review it."""
    actor.require(Permission.EDIT_PLANS)
    known = await _lock(tx, actor, version_id, expected_version)
    check(known.body)
    return await _save(tx, actor, "plan.submitted", versions.submit(known, actor.account_id, tx.now))


async def send_back(tx: Tx, actor: Actor, version_id: UUID, note: str, *, expected_version: int) -> PlanVersion:
    """A draft again, with what is wrong with it."""
    actor.require(Permission.REVIEW_PLANS)
    _check_note(note)
    known = await _lock(tx, actor, version_id, expected_version)
    return await _save(tx, actor, "plan.sent_back", versions.send_back(known, note), {"note": note})


async def review_version(tx: Tx, actor: Actor, version_id: UUID, note: str, *, expected_version: int) -> PlanVersion:
    """A second person stands for it. Raises Forbidden for one of its authors."""
    actor.require(Permission.REVIEW_PLANS)
    _check_note(note)
    known = await _lock(tx, actor, version_id, expected_version)
    after = versions.review(known, actor.account_id, tx.now, note)
    return await _save(tx, actor, "plan.reviewed", after, {"note": note})


async def publish_version(tx: Tx, actor: Actor, version_id: UUID, *, expected_version: int) -> PlanVersion:
    """In force from now on, in every site; what was in force is retired. Open incidents keep what they have."""
    actor.require(Permission.REVIEW_PLANS)
    slug = (await plan_queries.get_version(tx, actor.tenant_id, version_id)).slug
    before = await plan_queries.lock_published(tx, actor.tenant_id, slug)
    known = await _lock(tx, actor, version_id, expected_version)
    after = versions.publish(known, actor.account_id, tx.now)
    if before is not None:
        await _save(tx, actor, "plan.retired", versions.retire(before, actor.account_id, tx.now))
    published = await _save(tx, actor, "plan.published", after)
    await wake_sites(tx, actor.tenant_id)
    return published


async def retire_version(tx: Tx, actor: Actor, version_id: UUID, *, expected_version: int) -> PlanVersion:
    """Out of force: the library's plan counts again. A draft is given up. Retiring twice is one fact."""
    actor.require(Permission.EDIT_PLANS)
    known = await _lock(tx, actor, version_id, expected_version)
    if known.state == "published":
        actor.require(Permission.REVIEW_PLANS)
    if known.state == "retired":
        return known
    after = await _save(tx, actor, "plan.retired", versions.retire(known, actor.account_id, tx.now))
    if known.state == "published":
        await wake_sites(tx, actor.tenant_id)
    return after


async def compare(tx: Tx, actor: Actor, version_id: UUID, against: UUID | None) -> list[Change]:
    """What differs from another version to this one; without another, from the library's plan of today.

    Raises NotFound, Conflict when the library has no such plan.
    """
    actor.require(Permission.READ_PLANS)
    new = await plan_queries.get_version(tx, actor.tenant_id, version_id)
    if against is not None:
        return diff((await plan_queries.get_version(tx, actor.tenant_id, against)).body, new.body)
    shipped = TEMPLATES.get(new.slug)
    if shipped is None:
        raise Conflict(
            "plan.not_in_library",
            f"the library has no plan {new.slug}: name a version to compare with",
            f"预案库中没有 {new.slug}，请指定要对比的版本",
            field="against",
            value=new.slug,
        )
    return diff(body_of(shipped), new.body)


async def preview(tx: Tx, actor: Actor, question: Question) -> Preview:
    """What would be done; nothing is written and nobody is told. Raises NotFound."""
    actor.require(Permission.READ_PLANS)
    zone = await plant_queries.get_zone(tx, actor.tenant_id, question.zone_id)
    context = await load_context(tx, actor.tenant_id, zone.site_id)
    moment = moment_at(
        context,
        zone,
        question.at or tx.now,
        cause=question.cause,
        level=question.level,
        agent=question.agent,
        source=Text("传感器", "Sensor"),
        grade=question.grade,
    )
    if question.version_id is not None:
        template = (await plan_queries.get_version(tx, actor.tenant_id, question.version_id)).template
    elif question.slug is not None:
        if question.slug not in context.plans:
            raise _no_plan(question.slug)
        template = context.plans[question.slug]
    else:
        template = context.plan_for(moment)
    moment = await look(tx, context, zone, template, moment)
    bound = bind(template, moment)
    grades = [rule.grade for rule in bound.grade_rules]
    return Preview(bound, moment, min(grades, default=None))


async def wake_sites(tx: Tx, tenant_id: UUID) -> None:
    """The gateways read plans and cards again."""
    for site in await plant_queries.list_sites(tx, tenant_id):
        await outbox.wake(tx, NEWS_PLANT, site.id)


async def _lock(tx: Tx, actor: Actor, version_id: UUID, expected_version: int) -> PlanVersion:
    known = await plan_queries.get_version(tx, actor.tenant_id, version_id, lock=True)
    if known.revision != expected_version:
        raise Conflict(
            "version.changed",
            "somebody edited this plan meanwhile",
            "此预案已被他人修改",
            field="revision",
            value=expected_version,
            limit=known.revision,
        )
    return known


async def _save(
    tx: Tx, actor: Actor, action: str, after: PlanVersion, facts: dict[str, Any] | None = None
) -> PlanVersion:
    await plan_queries.save_version(tx, actor.tenant_id, after)
    await _record(tx, actor, action, after, facts)
    return after


async def _record(tx: Tx, actor: Actor, action: str, version: PlanVersion, facts: dict[str, Any] | None = None) -> None:
    known = {"slug": version.slug, "version": version.version}
    await audit.record(tx, actor.account_id, action, "plan", version.id, {**known, **(facts or {})})


def _check_note(note: str) -> None:
    if len(note) > NOTE_MAX_CHARS:
        raise Invalid(
            "plan.note_length",
            f"a note has at most {NOTE_MAX_CHARS} characters, this one has {len(note)}",
            f"说明最多 {NOTE_MAX_CHARS} 个字符，当前 {len(note)} 个",
            field="note",
            value=len(note),
            limit=NOTE_MAX_CHARS,
        )


def _no_plan(slug: str) -> NotFound:
    return NotFound("plan.not_found", f"no plan {slug}", f"没有预案 {slug}", field="slug", value=slug)
