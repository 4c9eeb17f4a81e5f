"""Use cases of cause-and-effect matrices: draft, review by somebody else, publish, compare, replay."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from core import audit, outbox
from core.database import Tx
from core.errors import Conflict, Invalid
from core.ids import new_id
from incidents import queries as incident_queries
from incidents.alarms import voting_queries
from incidents.matrix import checks, queries
from incidents.matrix.checks import Finding, KnownActuator, KnownPlant
from incidents.matrix.diff import Change, diff
from incidents.matrix.job import EVENTS_MAX
from incidents.matrix.model import Matrix, MatrixBody, MatrixReplay
from incidents.plans import plan_queries
from incidents.plans.plan_library import TEMPLATES
from people.actor import Actor
from people.permissions import Permission
from plant import instrument_queries
from plant import queries as places
from plant.place_service import CHANGED, check_version

# A chart that nobody can read is no protection; a large plant's has some hundred rows.
CAUSES_MAX, EFFECTS_MAX, CELLS_MAX = 300, 300, 3000
NOTE_MAX_CHARS = 1000
PERIOD_MAX = timedelta(days=31)
# Each takes seconds of a courier; who asks for more waits for these.
OPEN_REPLAYS_MAX = 5


async def list_matrices(
    tx: Tx,
    actor: Actor,
    *,
    site_id: UUID | None = None,
    state: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Matrix]:
    """Versions, newest first."""
    actor.require(Permission.READ_PLANS)
    return await queries.list_matrices(tx, actor.tenant_id, site_id=site_id, state=state, before=before, limit=limit)


async def get_matrix(tx: Tx, actor: Actor, matrix_id: UUID) -> Matrix:
    """One version; raises NotFound."""
    actor.require(Permission.READ_PLANS)
    return await queries.get_matrix(tx, actor.tenant_id, matrix_id)


async def check_matrix(tx: Tx, actor: Actor, matrix: Matrix) -> list[Finding]:
    """What is wrong with it against the plant as it is now."""
    actor.require(Permission.READ_PLANS)
    return checks.check(matrix.body, await _known_plant(tx, actor.tenant_id, matrix.site_id))


async def create_matrix(
    tx: Tx, actor: Actor, site_id: UUID, body: MatrixBody | None, note: str, *, copy_of: UUID | None = None
) -> Matrix:
    """A new draft: of this body, or of another version's of the site, or empty. Raises NotFound, Invalid."""
    actor.require(Permission.EDIT_PLANS)
    await places.get_site(tx, actor.tenant_id, site_id)
    if copy_of is not None:
        model = await queries.get_matrix(tx, actor.tenant_id, copy_of)
        if model.site_id != site_id or body is not None:
            raise Invalid(
                "matrix.copy", "a draft copies a version of its own site, or has a body",
                "草稿只能复制本站点版本或自带内容", field="copy_of", value=copy_of,
            )  # fmt: skip
        body = model.body
    elif body is not None:
        await _refuse(tx, actor, site_id, body, checks.UNKNOWN)
    body = body or MatrixBody()
    check_bounds(body, note)
    await incident_queries.lock_site(tx, actor.tenant_id, site_id)
    made = Matrix(
        tenant_id=actor.tenant_id, id=new_id(), site_id=site_id, number=0, state="draft", note=note, body=body,
        authors=[actor.account_id], version=1, created_at=tx.now,
    )  # fmt: skip
    number = await queries.insert_matrix(tx, actor.tenant_id, made)
    made = msgspec.structs.replace(made, number=number)
    await _record(tx, actor, "created", made)
    return made


async def edit_matrix(
    tx: Tx, actor: Actor, matrix_id: UUID, *, body: MatrixBody | None, note: str | None, expected_version: int
) -> Matrix:
    """Edit a draft; whoever edits is one of its authors. An edit takes a review back. Raises NotFound, Conflict."""
    actor.require(Permission.EDIT_PLANS)
    matrix = await queries.get_matrix(tx, actor.tenant_id, matrix_id, lock=True)
    check_version(matrix.version, expected_version)
    _check_state(matrix, "draft", "reviewed")
    if body is not None:
        await _refuse(tx, actor, matrix.site_id, body, checks.UNKNOWN)
    new_body = matrix.body if body is None else body
    new_note = matrix.note if note is None else note
    check_bounds(new_body, new_note)
    authors = list(dict.fromkeys([*matrix.authors, actor.account_id]))
    edited = msgspec.structs.replace(
        matrix, body=new_body, note=new_note, authors=authors, state="draft", reviewed_by=None, reviewed_at=None
    )
    saved = await queries.save_matrix(tx, actor.tenant_id, edited)
    await _record(tx, actor, "edited", saved)
    return saved


async def review_matrix(tx: Tx, actor: Actor, matrix_id: UUID, *, expected_version: int) -> Matrix:
    """A second person, none of the authors, has read this very version and found it right. Raises Conflict,
    Invalid naming the first error."""
    actor.require(Permission.REVIEW_PLANS)
    matrix = await queries.get_matrix(tx, actor.tenant_id, matrix_id, lock=True)
    _check_state(matrix, "draft")
    if actor.account_id in matrix.authors:
        raise Conflict(
            "matrix.own_review", "whoever wrote it does not review it", "作者不得审核自己的版本",
            field="reviewed_by", value=actor.account_id,
        )  # fmt: skip
    check_version(matrix.version, expected_version)
    await _refuse(tx, actor, matrix.site_id, matrix.body)
    reviewed = msgspec.structs.replace(matrix, state="reviewed", reviewed_by=actor.account_id, reviewed_at=tx.now)
    saved = await queries.save_matrix(tx, actor.tenant_id, reviewed)
    await _record(tx, actor, "reviewed", saved)
    return saved


async def publish_matrix(tx: Tx, actor: Actor, matrix_id: UUID, *, expected_version: int) -> Matrix:
    """Put a reviewed version in force; the one before it ends. Gateways read the site again. Raises Conflict, Invalid
    when the plant has changed so that it does not fit."""
    actor.require(Permission.REVIEW_PLANS)
    known = await queries.get_matrix(tx, actor.tenant_id, matrix_id)
    await incident_queries.lock_site(tx, actor.tenant_id, known.site_id)
    matrix = await queries.get_matrix(tx, actor.tenant_id, matrix_id, lock=True)
    _check_state(matrix, "reviewed")
    check_version(matrix.version, expected_version)
    await _refuse(tx, actor, matrix.site_id, matrix.body)
    before = await queries.lock_published(tx, actor.tenant_id, matrix.site_id)
    if before is not None:
        ended = msgspec.structs.replace(before, state="superseded", superseded_at=tx.now)
        await queries.save_matrix(tx, actor.tenant_id, ended)
    published = msgspec.structs.replace(matrix, state="published", published_by=actor.account_id, published_at=tx.now)
    saved = await queries.save_matrix(tx, actor.tenant_id, published)
    await outbox.append(tx, CHANGED, matrix.site_id)
    await _record(tx, actor, "published", saved)
    return saved


async def compare_matrices(tx: Tx, actor: Actor, matrix_id: UUID, against_id: UUID | None) -> list[Change]:
    """What this version changes of another of its site; None: of the one in force, or of nothing."""
    actor.require(Permission.READ_PLANS)
    matrix = await queries.get_matrix(tx, actor.tenant_id, matrix_id)
    if against_id is None:
        published = await queries.find_published(tx, actor.tenant_id, matrix.site_id)
        return diff(MatrixBody() if published is None else published.body, matrix.body)
    against = await queries.get_matrix(tx, actor.tenant_id, against_id)
    if against.site_id != matrix.site_id:
        raise Invalid(
            "matrix.other_site", "versions of one site are compared", "只能比较同一站点的版本",
            field="against", value=against_id,
        )  # fmt: skip
    return diff(against.body, matrix.body)


async def request_replay(tx: Tx, actor: Actor, matrix_id: UUID, start: datetime, end: datetime) -> MatrixReplay:
    """Ask what a past period would have been under this version, against the one in force. Raises NotFound, Invalid,
    Conflict when too many wait."""
    actor.require(Permission.EDIT_PLANS)
    matrix = await queries.get_matrix(tx, actor.tenant_id, matrix_id)
    _check_period(start, end, tx.now)
    # One at a time in a site, so that the limit holds.
    await incident_queries.lock_site(tx, actor.tenant_id, matrix.site_id)
    if await queries.count_open_replays(tx, actor.tenant_id) >= OPEN_REPLAYS_MAX:
        raise Conflict(
            "matrix_replay.too_many", f"{OPEN_REPLAYS_MAX} replays wait already", f"已有 {OPEN_REPLAYS_MAX} 个回放等待",
            field="matrix", limit=OPEN_REPLAYS_MAX,
        )  # fmt: skip
    events = await queries.count_events(tx, actor.tenant_id, matrix.site_id, start, end, EVENTS_MAX + 1)
    if events > EVENTS_MAX:
        raise Invalid(
            "matrix_replay.too_much", f"the period has more than {EVENTS_MAX} events",
            f"时段内事件超过 {EVENTS_MAX} 个", field="to", value=events, limit=EVENTS_MAX,
        )  # fmt: skip
    published = await queries.find_published(tx, actor.tenant_id, matrix.site_id)
    job = MatrixReplay(
        tenant_id=actor.tenant_id, id=new_id(), site_id=matrix.site_id, matrix_id=matrix_id,
        against_id=None if published is None else published.id, start_at=start, end_at=end, state="queued",
        progress=0.0, requested_by=actor.account_id, requested_at=tx.now,
    )  # fmt: skip
    await queries.insert_replay(tx, actor.tenant_id, job)
    facts = {"matrix": matrix_id, "from": start, "to": end}
    await audit.record(tx, actor.account_id, "matrix_replay.requested", "matrix_replay", job.id, facts)
    return job


async def get_replay(tx: Tx, actor: Actor, replay_id: UUID) -> MatrixReplay:
    """One replay with its progress, and its result once there is one."""
    actor.require(Permission.READ_PLANS)
    return await queries.get_replay(tx, actor.tenant_id, replay_id)


async def list_replays(
    tx: Tx, actor: Actor, *, matrix_id: UUID | None = None, before: tuple[datetime, UUID] | None = None, limit: int
) -> list[MatrixReplay]:
    """Replays, newest first."""
    actor.require(Permission.READ_PLANS)
    return await queries.list_replays(tx, actor.tenant_id, matrix_id=matrix_id, before=before, limit=limit)


async def cancel_replay(tx: Tx, actor: Actor, replay_id: UUID) -> MatrixReplay:
    """Stop it; one that has ended stays as it is. The courier sees it at its next page."""
    actor.require(Permission.EDIT_PLANS)
    job = await queries.get_replay(tx, actor.tenant_id, replay_id, lock=True)
    if await queries.end_replay(tx, actor.tenant_id, replay_id, None, "cancelled"):
        await audit.record(tx, actor.account_id, "matrix_replay.cancelled", "matrix_replay", replay_id)
        return await queries.get_replay(tx, actor.tenant_id, replay_id)
    return job


def check_bounds(body: MatrixBody, note: str) -> None:
    """Raise Invalid for a matrix that is too large, or for a note that is too long."""
    for field, count, limit in (
        ("causes", len(body.causes), CAUSES_MAX),
        ("effects", len(body.effects), EFFECTS_MAX),
        ("cells", len(body.cells), CELLS_MAX),
        ("note", len(note), NOTE_MAX_CHARS),
    ):
        if count > limit:
            raise Invalid(
                "matrix.too_large", f"{field}: at most {limit}, not {count}", f"{field} 最多 {limit}，当前 {count}",
                field=field, value=count, limit=limit,
            )  # fmt: skip


def _check_state(matrix: Matrix, *allowed: str) -> None:
    if matrix.state not in allowed:
        raise Conflict(
            "matrix.state", f"version {matrix.number} is {matrix.state}",
            f"版本 {matrix.number} 处于 {matrix.state} 状态", field="state", value=matrix.state, limit=list(allowed),
        )  # fmt: skip


def _check_period(start: datetime, end: datetime, now: datetime) -> None:
    if not start < end <= now:
        raise Invalid(
            "matrix_replay.period", "a replay is of a time that has passed: from, then to",
            "回放时段须已结束且先后正确", field="to", value=end, limit=now,
        )  # fmt: skip
    if end - start > PERIOD_MAX:
        raise Invalid(
            "matrix_replay.too_long", f"a replay has at most {PERIOD_MAX.days} days", f"回放最长 {PERIOD_MAX.days} 天",
            field="to", value=(end - start).days, limit=PERIOD_MAX.days,
        )  # fmt: skip


async def _refuse(tx: Tx, actor: Actor, site_id: UUID, body: MatrixBody, codes: frozenset[str] | None = None) -> None:
    """Raise Invalid naming the first error, of these codes or of any."""
    found = checks.check(body, await _known_plant(tx, actor.tenant_id, site_id))
    errors = [f for f in found if f.severity == "error" and (codes is None or f.code in codes)]
    if errors:
        first = errors[0]
        place: Any = {"code": first.code, "row": first.row, "column": first.column, "errors": len(errors)}
        raise Invalid("matrix.errors", first.text.en, first.text.zh, field="body", value=place)


async def _known_plant(tx: Tx, tenant_id: UUID, site_id: UUID) -> KnownPlant:
    actuators = await instrument_queries.list_actuators(tx, tenant_id, site_id)
    return KnownPlant(
        rules=await queries.list_rules(tx, tenant_id, site_id),
        zones=frozenset(zone.id for zone in await places.list_zones(tx, tenant_id, site_id)),
        actuators={a.id: KnownActuator(a.kind.value, frozenset(a.expected), a.retired_at is None) for a in actuators},
        groups=frozenset(g.id for g in await voting_queries.list_groups(tx, tenant_id, site_id=site_id)),
        plans=frozenset({*TEMPLATES, *(p.slug for p in await plan_queries.list_published(tx, tenant_id))}),
    )


async def _record(tx: Tx, actor: Actor, what: str, matrix: Matrix) -> None:
    facts = {"site": matrix.site_id, "number": matrix.number, "version": matrix.version}
    await audit.record(tx, actor.account_id, f"matrix.{what}", "matrix", matrix.id, facts)
