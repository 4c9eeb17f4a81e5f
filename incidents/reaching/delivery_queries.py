"""SQL of deliveries and their attempts; each statement sits above its function."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.errors import NotFound
from incidents.reaching.delivery import Answer, Delivery, DeliveryPolicy, Ending, Stated, state

_DELIVERY = """tenant_id, id, task_id, incident_id, account_id, content, dedupe_key, task_fencing, state, queued_at,
    accepted_at, accepted_by, accepted_message, received_at, received_by, seen_at, seen_by, acknowledged_at,
    acknowledged_by, moving_at, moving_by, declined_at, declined_by, answer_at, answer_no, ended, ended_at, channel,
    step, step_at, asked_at, failures, retry_at, in_flight, blocked, attempts, due_at, lease_holder, lease_until,
    fencing, round, policy_step, because, receipt_within_s, acknowledge_within_s, channels, counted_until, ended_why"""


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as it is stored; ``known`` gives what the ladder decides from."""

    tenant_id: UUID
    id: UUID
    task_id: UUID
    incident_id: UUID
    account_id: UUID
    content: dict[str, Any]
    dedupe_key: str
    task_fencing: int
    state: str
    queued_at: datetime
    accepted_at: datetime | None
    accepted_by: str | None
    accepted_message: str | None
    received_at: datetime | None
    received_by: str | None
    seen_at: datetime | None
    seen_by: str | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    moving_at: datetime | None
    moving_by: str | None
    declined_at: datetime | None
    declined_by: str | None
    answer_at: datetime | None
    answer_no: bool | None
    ended: Ending | None
    ended_at: datetime | None
    channel: str
    step: int
    step_at: datetime | None
    asked_at: datetime | None
    failures: int
    retry_at: datetime | None
    in_flight: bool
    blocked: bool
    attempts: int
    due_at: datetime | None
    lease_holder: str | None
    lease_until: datetime | None
    fencing: int
    round: int
    policy_step: int | None
    because: str
    receipt_within_s: float | None
    acknowledge_within_s: float | None
    channels: list[str] | None
    counted_until: datetime | None
    ended_why: str | None

    def policy(self, default: DeliveryPolicy) -> DeliveryPolicy:
        """How long this person has: what their step of the escalation says, else the installation's times."""
        receipt, acknowledge = self.receipt_within_s, self.acknowledge_within_s
        return DeliveryPolicy(
            default.receipt_within_s if receipt is None else receipt,
            default.acknowledge_within_s if acknowledge is None else acknowledge,
        )

    def channel_order(self, installed: tuple[str, ...]) -> tuple[str, ...]:
        """The channels this order goes by: what its step names of those installed, in the step's order.

        A step none of whose channels is installed loses nobody: it goes by what there is.
        """
        return tuple(c for c in self.channels or () if c in installed) or installed

    @property
    def known(self) -> Delivery:
        """The pure delivery of this row."""
        return Delivery(
            id=self.id,
            task_id=self.task_id,
            incident_id=self.incident_id,
            account_id=self.account_id,
            task_fencing=self.task_fencing,
            queued_at=self.queued_at,
            accepted=_stated(self.accepted_at, self.accepted_by, self.accepted_message),
            received=_stated(self.received_at, self.received_by),
            seen=_stated(self.seen_at, self.seen_by),
            acknowledged=_stated(self.acknowledged_at, self.acknowledged_by),
            moving=_stated(self.moving_at, self.moving_by),
            declined=_stated(self.declined_at, self.declined_by),
            answer=None if self.answer_at is None else Answer(self.answer_at, bool(self.answer_no)),
            ended=self.ended,
            ended_at=self.ended_at,
            step=self.step,
            step_at=self.step_at,
            asked_at=self.asked_at,
            failures=self.failures,
            retry_at=self.retry_at,
            in_flight=self.in_flight,
            blocked=self.blocked,
        )


def _stated(at: datetime | None, by: str | None, message: str | None = None) -> Stated | None:
    return None if at is None else Stated(at, by or "", message or "")


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Where in an escalation a person is asked, and how: see the columns of these names in 0017_escalation.sql."""

    round: int = 0
    policy_step: int | None = None
    because: str = ""
    receipt_within_s: float | None = None
    acknowledge_within_s: float | None = None
    channels: tuple[str, ...] | None = None
    counted_until: datetime | None = None


INSERT_DELIVERY = f"""
INSERT INTO deliveries (tenant_id, id, task_id, incident_id, account_id, content, dedupe_key, task_fencing, state,
                        queued_at, due_at, round, policy_step, because, receipt_within_s, acknowledge_within_s,
                        channels, counted_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', $9, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (tenant_id, dedupe_key) DO NOTHING
RETURNING {_DELIVERY}
"""


async def insert_delivery(
    tx: Tx, tenant_id: UUID, delivery: Delivery, content: dict[str, Any], dedupe_key: str, terms: Terms
) -> DeliveryRow | None:
    """Insert it, due at once; None when this person was asked for this task before."""
    row = await tx.fetchrow(
        INSERT_DELIVERY,
        tenant_id,
        delivery.id,
        delivery.task_id,
        delivery.incident_id,
        delivery.account_id,
        content,
        dedupe_key,
        delivery.task_fencing,
        delivery.queued_at,
        terms.round,
        terms.policy_step,
        terms.because,
        terms.receipt_within_s,
        terms.acknowledge_within_s,
        terms.channels,
        terms.counted_until,
    )
    return None if row is None else row_to(DeliveryRow, row)


LIST_DELIVERIES_OF = f"""
SELECT {_DELIVERY} FROM deliveries WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY queued_at, id
"""


async def list_deliveries_of(tx: Tx, tenant_id: UUID, ids: Sequence[UUID]) -> list[DeliveryRow]:
    """These deliveries, oldest first."""
    return [row_to(DeliveryRow, r) for r in await tx.fetch(LIST_DELIVERIES_OF, tenant_id, list(ids))]


NOTE_ENDING = "UPDATE deliveries SET ended_why = coalesce(ended_why, $3) WHERE tenant_id = $1 AND id = $2"


async def note_ending(tx: Tx, tenant_id: UUID, delivery_id: UUID, why: str) -> None:
    """Write what ended the asking (see the column in 0017_escalation.sql); the first stays."""
    await tx.execute(NOTE_ENDING, tenant_id, delivery_id, why)


STOP_COUNTING = """
UPDATE deliveries SET counted_until = $3 WHERE tenant_id = $1 AND task_id = $2 AND ended IS NULL AND answer_at IS NULL
"""


async def stop_counting(tx: Tx, tenant_id: UUID, task_id: UUID) -> None:
    """Others are asked although these may still answer."""
    await tx.execute(STOP_COUNTING, tenant_id, task_id, tx.now)


GET_BY_DEDUPE_KEY = f"SELECT {_DELIVERY} FROM deliveries WHERE tenant_id = $1 AND dedupe_key = $2"


async def get_by_dedupe_key(tx: Tx, tenant_id: UUID, dedupe_key: str) -> DeliveryRow:
    """The delivery that carries this key; it exists."""
    row = await tx.fetchrow(GET_BY_DEDUPE_KEY, tenant_id, dedupe_key)
    assert row is not None
    return row_to(DeliveryRow, row)


GET_DELIVERY = f"SELECT {_DELIVERY} FROM deliveries WHERE tenant_id = $1 AND id = $2"
LOCK_DELIVERY = GET_DELIVERY + " FOR NO KEY UPDATE"


async def get_delivery(tx: Tx, tenant_id: UUID, delivery_id: UUID) -> DeliveryRow:
    """Raises NotFound."""
    return _found(await tx.fetchrow(GET_DELIVERY, tenant_id, delivery_id), delivery_id)


async def lock_delivery(tx: Tx, tenant_id: UUID, delivery_id: UUID) -> DeliveryRow:
    """The delivery, its row locked until commit; raises NotFound."""
    return _found(await tx.fetchrow(LOCK_DELIVERY, tenant_id, delivery_id), delivery_id)


def _found(row: Any, delivery_id: UUID) -> DeliveryRow:
    if row is None:
        raise NotFound(
            "delivery.not_found", f"no delivery {delivery_id}", f"没有送达记录 {delivery_id}", field="delivery_id"
        )
    return row_to(DeliveryRow, row)


LOCK_TASK_DELIVERIES = f"""
SELECT {_DELIVERY} FROM deliveries WHERE tenant_id = $1 AND task_id = $2 ORDER BY queued_at, id FOR NO KEY UPDATE
"""


async def lock_task_deliveries(tx: Tx, tenant_id: UUID, task_id: UUID) -> list[DeliveryRow]:
    """Everyone asked for a task, in the order they were asked, locked."""
    return [row_to(DeliveryRow, r) for r in await tx.fetch(LOCK_TASK_DELIVERIES, tenant_id, task_id)]


LIST_OF_TASK = f"SELECT {_DELIVERY} FROM deliveries WHERE tenant_id = $1 AND task_id = $2 ORDER BY queued_at, id"


async def list_task_deliveries(tx: Tx, tenant_id: UUID, task_id: UUID) -> list[DeliveryRow]:
    """Everyone asked for a task, in the order they were asked."""
    return [row_to(DeliveryRow, r) for r in await tx.fetch(LIST_OF_TASK, tenant_id, task_id)]


LOCK_OPEN_OF_INCIDENT = f"""
SELECT {_DELIVERY} FROM deliveries
WHERE tenant_id = $1 AND incident_id = $2 AND ended IS NULL AND answer_at IS NULL
ORDER BY queued_at, id FOR NO KEY UPDATE
"""


async def lock_unanswered_of_incident(tx: Tx, tenant_id: UUID, incident_id: UUID) -> list[DeliveryRow]:
    """Deliveries of an incident somebody is still waited for in, locked."""
    return [row_to(DeliveryRow, r) for r in await tx.fetch(LOCK_OPEN_OF_INCIDENT, tenant_id, incident_id)]


LIST_OF_INCIDENT = f"""
SELECT {_DELIVERY} FROM deliveries
WHERE tenant_id = $1 AND incident_id = $2 AND (queued_at, id) > ($3, $4)
ORDER BY queued_at, id LIMIT $5
"""


async def list_incident_deliveries(
    tx: Tx, tenant_id: UUID, incident_id: UUID, *, after: tuple[datetime, UUID], limit: int
) -> list[DeliveryRow]:
    """Deliveries of an incident, oldest first, after the given (queued_at, id)."""
    rows = await tx.fetch(LIST_OF_INCIDENT, tenant_id, incident_id, *after, limit)
    return [row_to(DeliveryRow, r) for r in rows]


LIST_OF_ACCOUNT = f"""
SELECT {_DELIVERY} FROM deliveries
WHERE tenant_id = $1 AND account_id = $2 AND ($3::timestamptz IS NULL OR (queued_at, id) < ($3, $4::uuid))
ORDER BY queued_at DESC, id DESC LIMIT $5
"""


async def list_account_deliveries(
    tx: Tx, tenant_id: UUID, account_id: UUID, *, before: tuple[datetime, UUID] | None = None, limit: int
) -> list[DeliveryRow]:
    """Deliveries to a person, newest first, before the given (queued_at, id)."""
    at, last = before or (None, None)
    return [row_to(DeliveryRow, r) for r in await tx.fetch(LIST_OF_ACCOUNT, tenant_id, account_id, at, last, limit)]


LIST_CURRENT_OF_ACCOUNT = f"""
SELECT {_DELIVERY} FROM deliveries
WHERE tenant_id = $1 AND account_id = $2 AND (answer_at IS NULL OR NOT answer_no)
  AND EXISTS (SELECT FROM incidents i
              WHERE i.tenant_id = $1 AND i.id = deliveries.incident_id AND i.state <> 'closed')
  AND EXISTS (SELECT FROM tasks WHERE tasks.tenant_id = $1 AND tasks.id = deliveries.task_id
              AND (tasks.state = 'unanswered'
                   OR tasks.state IN ('open', 'acknowledged')
                      AND (deliveries.ended IS NULL OR deliveries.answer_at IS NOT NULL)))
  AND NOT EXISTS (SELECT FROM deliveries later
                  WHERE later.tenant_id = $1 AND later.task_id = deliveries.task_id
                    AND later.account_id = deliveries.account_id AND later.queued_at > deliveries.queued_at)
ORDER BY queued_at, id LIMIT $3
"""


async def list_current_of_account(tx: Tx, tenant_id: UUID, account_id: UUID, *, limit: int) -> list[DeliveryRow]:
    """Orders that concern this person now: waiting for an answer, answered yes and not done, or taken by nobody; what
    was taken in an incident that is closed is over, done or not."""
    rows = await tx.fetch(LIST_CURRENT_OF_ACCOUNT, tenant_id, account_id, limit)
    return [row_to(DeliveryRow, r) for r in rows]


SAVE_DELIVERY = """
UPDATE deliveries SET state = $3, accepted_at = $4, accepted_by = $5, accepted_message = $6, received_at = $7,
    received_by = $8, seen_at = $9, seen_by = $10, acknowledged_at = $11, acknowledged_by = $12, moving_at = $13,
    moving_by = $14, declined_at = $15, declined_by = $16, answer_at = $17, answer_no = $18, ended = $19,
    ended_at = $20, step = $21, step_at = $22, asked_at = $23, failures = $24, retry_at = $25, in_flight = $26,
    blocked = $27, channel = $28, due_at = $29
WHERE tenant_id = $1 AND id = $2
"""


async def save_delivery(tx: Tx, tenant_id: UUID, delivery: Delivery, channel: str, due_at: datetime | None) -> None:
    """Write what the ladder decided; ``channel`` is the last that took it, ``due_at`` None: nobody need look again."""
    d = delivery
    facts: list[object] = []
    for stated in (d.accepted, d.received, d.seen, d.acknowledged, d.moving, d.declined):
        facts += (None, None) if stated is None else (stated.at, stated.device_id or None)
    facts.insert(2, None if d.accepted is None else d.accepted.message_id or None)
    answer = (None, None) if d.answer is None else (d.answer.at, d.answer.no)
    ended = None if d.ended is None else d.ended.value
    walk = (d.step, d.step_at, d.asked_at, d.failures, d.retry_at, d.in_flight, d.blocked)
    await tx.execute(
        SAVE_DELIVERY, tenant_id, d.id, state(d), *facts, *answer, ended, d.ended_at, *walk, channel, due_at
    )


DUE = "SELECT tenant_id, id FROM muster_deliveries_due($1, $2)"


async def list_due(tx: Tx, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """(tenant, delivery) of what is due in any tenant and not leased, most urgent first."""
    return [(r["tenant_id"], r["id"]) for r in await tx.fetch(DUE, now, limit)]


NEXT_DUE = "SELECT muster_deliveries_next_due()"


async def find_next_due(tx: Tx) -> datetime | None:
    """When the next delivery of any tenant wants attention."""
    found: datetime | None = await tx.fetchval(NEXT_DUE)
    return found


LEASE = f"""
UPDATE deliveries SET lease_holder = $3, lease_until = $4, fencing = fencing + 1
WHERE tenant_id = $1 AND id = (
    SELECT id FROM deliveries
    WHERE tenant_id = $1 AND id = $2 AND due_at <= $5 AND (lease_until IS NULL OR lease_until <= $5)
    FOR NO KEY UPDATE SKIP LOCKED)
RETURNING {_DELIVERY}
"""


async def lease_delivery(
    tx: Tx, tenant_id: UUID, delivery_id: UUID, *, holder: str, until: datetime, now: datetime
) -> DeliveryRow | None:
    """Take a due delivery; None when another courier has it or it is not due any more."""
    row = await tx.fetchrow(LEASE, tenant_id, delivery_id, holder, until, now)
    return None if row is None else row_to(DeliveryRow, row)


RELEASE = """
UPDATE deliveries SET lease_holder = NULL, lease_until = NULL WHERE tenant_id = $1 AND id = $2 AND fencing = $3
"""


async def release_lease(tx: Tx, tenant_id: UUID, delivery_id: UUID, fencing: int) -> bool:
    """Give the lease back; False when it had expired and another courier took it."""
    return await tx.execute(RELEASE, tenant_id, delivery_id, fencing) == 1


BEGIN_ATTEMPT = """
WITH counted AS (
    UPDATE deliveries SET attempts = attempts + 1 WHERE tenant_id = $1 AND id = $2 RETURNING attempts
)
INSERT INTO delivery_attempts (tenant_id, id, delivery_id, attempt, channel, device_id, started_at)
SELECT $1, target.id, $2, counted.attempts, $3, target.device_id, $6
FROM counted, unnest($4::uuid[], $5::uuid[]) AS target (id, device_id)
"""


async def begin_attempt(
    tx: Tx, tenant_id: UUID, delivery_id: UUID, channel: str, attempts: dict[UUID, UUID], now: datetime
) -> None:
    """Write that a send begins, one row per device; ``attempts`` maps attempt id to device id."""
    await tx.execute(
        BEGIN_ATTEMPT, tenant_id, delivery_id, channel, list(attempts.keys()), list(attempts.values()), now
    )


END_ATTEMPT = """
UPDATE delivery_attempts SET ended_at = $3, outcome = $4, provider_message_id = $5, error_code = $6
WHERE tenant_id = $1 AND id = $2 AND outcome IS NULL
"""


async def end_attempt(
    tx: Tx, tenant_id: UUID, attempt_id: UUID, now: datetime, outcome: str, message_id: str | None, code: str | None
) -> None:
    """Write what became of a send."""
    await tx.execute(END_ATTEMPT, tenant_id, attempt_id, now, outcome, message_id, code)


ACCEPTED_DEVICES = """
SELECT device_id FROM delivery_attempts
WHERE tenant_id = $1 AND delivery_id = $2 AND channel = $3 AND outcome = 'accepted'
"""


async def list_accepted_devices(tx: Tx, tenant_id: UUID, delivery_id: UUID, channel: str) -> set[UUID]:
    """Devices whose push the service has taken already: a retry for another device spares them."""
    return {r["device_id"] for r in await tx.fetch(ACCEPTED_DEVICES, tenant_id, delivery_id, channel)}


TRIED_CHANNELS = "SELECT DISTINCT channel FROM delivery_attempts WHERE tenant_id = $1 AND delivery_id = $2"


async def list_tried_channels(tx: Tx, tenant_id: UUID, delivery_id: UUID) -> set[str]:
    """Channels a send was begun on."""
    return {r["channel"] for r in await tx.fetch(TRIED_CHANNELS, tenant_id, delivery_id)}


RESCHEDULE = "UPDATE deliveries SET due_at = $3 WHERE tenant_id = $1 AND id = $2"


async def reschedule(tx: Tx, tenant_id: UUID, delivery_id: UUID, due_at: datetime | None) -> None:
    """Look at it again then; None: nobody need."""
    await tx.execute(RESCHEDULE, tenant_id, delivery_id, due_at)


AttemptOutcome: TypeAlias = Literal["accepted", "gone", "refused", "failed"]


class Attempt(msgspec.Struct, frozen=True):
    """One send to one device; ``outcome`` None: begun and never heard of again."""

    id: UUID
    delivery_id: UUID
    attempt: int
    channel: str
    device_id: UUID
    started_at: datetime
    ended_at: datetime | None
    outcome: AttemptOutcome | None
    provider_message_id: str | None
    error_code: str | None


LIST_ATTEMPTS = """
SELECT id, delivery_id, attempt, channel, device_id, started_at, ended_at, outcome, provider_message_id, error_code
FROM delivery_attempts WHERE tenant_id = $1 AND delivery_id = $2 ORDER BY attempt, device_id LIMIT 200
"""


async def list_attempts(tx: Tx, tenant_id: UUID, delivery_id: UUID) -> list[Attempt]:
    """The first 200 sends of a delivery (a minute of seconds-long retries to a handful of devices stays far below)."""
    return [row_to(Attempt, r) for r in await tx.fetch(LIST_ATTEMPTS, tenant_id, delivery_id)]
