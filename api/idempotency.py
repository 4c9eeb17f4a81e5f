"""``Idempotency-Key``: a write that is sent again is done once (draft-ietf-httpapi-idempotency-key-header).

The key's row is written in the transaction of the act, so state and remembered answer commit together. A second
request with the key waits for the first to commit, a little; then it gets the same answer. Failures are not
remembered: they changed nothing, and the same request may succeed later.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from core.database import Tx
from core.errors import Conflict

# A client gives up on a request long before this; after that a key may be used anew.
KEEP = timedelta(hours=24)
KEY_MAX_CHARS = 200
# A second request waits this long for the first before it is told to come back.
_WAIT = "2s"


class Remembered(msgspec.Struct, frozen=True):
    """The answer the key's first request got."""

    status: int
    body: object
    headers: dict[str, str]


_CLAIM = """
INSERT INTO idempotency_keys AS k (tenant_id, account_id, key, request_hash, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, account_id, key) DO UPDATE
SET request_hash = EXCLUDED.request_hash, status = NULL, answer = NULL, created_at = EXCLUDED.created_at
WHERE k.created_at < $6
RETURNING key
"""

_FIND = """
SELECT request_hash, status, answer FROM idempotency_keys WHERE tenant_id = $1 AND account_id = $2 AND key = $3
"""

_RECALL = """
SELECT request_hash, status, answer FROM idempotency_keys
WHERE tenant_id = $1 AND account_id = $2 AND key = $3 AND created_at >= $4 AND status IS NOT NULL
"""

_SET_WAIT = "SELECT set_config('lock_timeout', $1, true)"


async def claim(tx: Tx, tenant_id: UUID, account_id: UUID, key: str, request_hash: str) -> Remembered | None:
    """Take the key for this request (None), or return what its first request was answered.

    Raises Conflict idempotency.in_progress or idempotency.other_request.
    """
    await tx.fetchval(_SET_WAIT, _WAIT)
    try:
        taken = await tx.fetchval(_CLAIM, tenant_id, account_id, key, request_hash, tx.now, tx.now - KEEP)
    except asyncpg.LockNotAvailableError as problem:
        raise Conflict(
            "idempotency.in_progress",
            "the first request with this key is still being worked on; try again",
            "使用此键的第一个请求仍在处理，请稍后重试",
            field="Idempotency-Key",
            value=key,
        ) from problem
    await tx.fetchval(_SET_WAIT, "0")
    if taken is not None:
        return None
    return _remembered(await tx.fetchrow(_FIND, tenant_id, account_id, key), request_hash, key)


async def recall(tx: Tx, tenant_id: UUID, account_id: UUID, key: str, request_hash: str) -> Remembered | None:
    """What the key's first request was answered, if it is done; takes nothing. Raises Conflict as ``claim``."""
    row = await tx.fetchrow(_RECALL, tenant_id, account_id, key, tx.now - KEEP)
    return None if row is None else _remembered(row, request_hash, key)


def _remembered(row: Any | None, request_hash: str, key: str) -> Remembered:
    if row is None or row["request_hash"] != request_hash:
        raise Conflict(
            "idempotency.other_request",
            "this key was used for another request",
            "此键已用于另一个请求",
            field="Idempotency-Key",
            value=key,
        )
    return Remembered(row["status"], row["answer"]["body"], row["answer"]["headers"])


_REMEMBER = """
UPDATE idempotency_keys SET status = $4, answer = $5 WHERE tenant_id = $1 AND account_id = $2 AND key = $3
"""


async def remember(tx: Tx, tenant_id: UUID, account_id: UUID, key: str, answer: Remembered) -> None:
    """Store the answer beside the act it is about."""
    stored = {"body": msgspec.to_builtins(answer.body), "headers": answer.headers}
    await tx.execute(_REMEMBER, tenant_id, account_id, key, answer.status, stored)


_FORGET = "DELETE FROM idempotency_keys WHERE tenant_id = $1 AND created_at < $2"


async def forget_expired(tx: Tx, tenant_id: UUID, now: datetime) -> int:
    """Delete keys older than KEEP; upkeep."""
    return await tx.execute(_FORGET, tenant_id, now - KEEP)


def hash_request(method: str, path: str, query: bytes, body: bytes) -> str:
    """What makes two requests the same: hexadecimal SHA-256 over length-prefixed parts."""
    digest = hashlib.sha256()
    for part in (method.encode(), path.encode(), query, body):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
