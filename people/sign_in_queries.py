"""SQL of sign-ins, refresh tokens and sign-in limits."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.database import Tx, row_to
from people.model import RefreshToken, RevokeReason, SignIn, Standing

_SIGN_IN = "tenant_id, id, account_id, device_id, signed_in_at, ends_at, revoked_at"
_TOKEN = "tenant_id, id, sign_in_id, parent_id, secret_hash, issued_at, expires_at, used_at"  # noqa: S105

_INSERT_SIGN_IN = """
INSERT INTO sign_ins (tenant_id, id, account_id, device_id, signed_in_at, ends_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""


async def insert_sign_in(tx: Tx, tenant_id: UUID, sign_in: SignIn) -> None:
    """A new family of refresh tokens."""
    await tx.execute(
        _INSERT_SIGN_IN,
        tenant_id,
        sign_in.id,
        sign_in.account_id,
        sign_in.device_id,
        sign_in.signed_in_at,
        sign_in.ends_at,
    )


_LOCK_SIGN_IN = f"""
SELECT {_SIGN_IN} FROM sign_ins
WHERE tenant_id = $1 AND id = (SELECT sign_in_id FROM refresh_tokens WHERE tenant_id = $1 AND id = $2)
FOR NO KEY UPDATE
"""


async def lock_sign_in_of_token(tx: Tx, tenant_id: UUID, token_id: UUID) -> SignIn | None:
    """The family a refresh token belongs to, held: refreshes of one family follow one another."""
    row = await tx.fetchrow(_LOCK_SIGN_IN, tenant_id, token_id)
    return None if row is None else row_to(SignIn, row)


_GET_TOKEN = f"SELECT {_TOKEN} FROM refresh_tokens WHERE tenant_id = $1 AND id = $2"


async def get_refresh_token(tx: Tx, tenant_id: UUID, token_id: UUID) -> RefreshToken:
    """One refresh token of a locked family."""
    return _token(await tx.fetchrow(_GET_TOKEN, tenant_id, token_id))


_LIST_CHILDREN = f"""
SELECT {_TOKEN} FROM refresh_tokens WHERE tenant_id = $1 AND sign_in_id = $2 AND parent_id = $3 ORDER BY id
"""


async def list_replacements(tx: Tx, tenant_id: UUID, sign_in_id: UUID, parent_id: UUID) -> list[RefreshToken]:
    """The tokens that replaced ``parent_id``."""
    return [_token(row) for row in await tx.fetch(_LIST_CHILDREN, tenant_id, sign_in_id, parent_id)]


def _token(row: object) -> RefreshToken:
    return row_to(RefreshToken, row)


_INSERT_TOKEN = """
INSERT INTO refresh_tokens (tenant_id, id, sign_in_id, parent_id, secret_hash, issued_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""  # noqa: S105


async def insert_refresh_token(tx: Tx, tenant_id: UUID, token: RefreshToken) -> None:
    """A new refresh token, by its hash."""
    await tx.execute(
        _INSERT_TOKEN,
        tenant_id,
        token.id,
        token.sign_in_id,
        token.parent_id,
        token.secret_hash,
        token.issued_at,
        token.expires_at,
    )


_USE_TOKEN = """
UPDATE refresh_tokens SET used_at = $4
WHERE tenant_id = $1 AND sign_in_id = $2 AND used_at IS NULL
  AND (id = $3 OR parent_id = (SELECT parent_id FROM refresh_tokens WHERE tenant_id = $1 AND id = $3))
"""  # noqa: S105


async def use_refresh_token(tx: Tx, tenant_id: UUID, sign_in_id: UUID, token_id: UUID, now: datetime) -> None:
    """Mark the token and its siblings as used."""
    await tx.execute(_USE_TOKEN, tenant_id, sign_in_id, token_id, now)


_REVOKE_OF_DEVICE = """
UPDATE sign_ins SET revoked_at = $3, revoke_reason = $4
WHERE tenant_id = $1 AND device_id = $2 AND revoked_at IS NULL
"""


async def revoke_sign_ins_of_device(
    tx: Tx, tenant_id: UUID, device_id: UUID, reason: RevokeReason, now: datetime
) -> None:
    """End every sign-in on a phone."""
    await tx.execute(_REVOKE_OF_DEVICE, tenant_id, device_id, now, reason)


_REVOKE_OF_ACCOUNT = """
UPDATE sign_ins SET revoked_at = $3, revoke_reason = $4
WHERE tenant_id = $1 AND account_id = $2 AND revoked_at IS NULL
RETURNING device_id
"""


async def revoke_sign_ins_of_account(
    tx: Tx, tenant_id: UUID, account_id: UUID, reason: RevokeReason, now: datetime
) -> list[UUID]:
    """End every sign-in of an account; returns the phones they were on."""
    rows = await tx.fetch(_REVOKE_OF_ACCOUNT, tenant_id, account_id, now, reason)
    return sorted({row["device_id"] for row in rows})


_REVOKE = """
UPDATE sign_ins SET revoked_at = $3, revoke_reason = $4 WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL
"""


async def revoke_sign_in(tx: Tx, tenant_id: UUID, sign_in_id: UUID, reason: RevokeReason, now: datetime) -> None:
    """End one sign-in."""
    await tx.execute(_REVOKE, tenant_id, sign_in_id, now, reason)


_STANDING = """
SELECT a.role, a.disabled_at, d.revoked_at AS device_revoked_at, s.revoked_at AS sign_in_revoked_at
FROM sign_ins s
JOIN person_devices d ON d.tenant_id = s.tenant_id AND d.id = s.device_id
JOIN accounts a ON a.tenant_id = s.tenant_id AND a.id = s.account_id
WHERE s.tenant_id = $1 AND s.id = $2 AND s.account_id = $3 AND s.device_id = $4
"""


async def find_standing(
    tx: Tx, tenant_id: UUID, sign_in_id: UUID, account_id: UUID, device_id: UUID
) -> Standing | None:
    """What the tables say of a signed-in account, device and sign-in now; three primary keys."""
    row = await tx.fetchrow(_STANDING, tenant_id, sign_in_id, account_id, device_id)
    return None if row is None else row_to(Standing, row)


_COUNT_ATTEMPT = """
INSERT INTO sign_in_limits AS l (tenant_id, kind, subject, window_started_at, attempts)
VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (tenant_id, kind, subject) DO UPDATE SET
    window_started_at = CASE WHEN l.window_started_at > $5 THEN l.window_started_at ELSE $4 END,
    attempts = CASE WHEN l.window_started_at > $5 THEN least(l.attempts + 1, $6) ELSE 1 END
RETURNING window_started_at, attempts
"""


async def count_attempt(
    tx: Tx, tenant_id: UUID, kind: str, subject: str, *, now: datetime, since: datetime, ceiling: int
) -> tuple[datetime, int]:
    """Count one attempt, up to ``ceiling``; a window begun at or before ``since`` begins anew. (begun, attempts)"""
    row = await tx.fetchrow(_COUNT_ATTEMPT, tenant_id, kind, subject, now, since, ceiling)
    assert row is not None
    return row["window_started_at"], row["attempts"]


_GIVE_BACK = """
UPDATE sign_in_limits SET attempts = greatest(attempts - $4, 0)
WHERE tenant_id = $1 AND kind = $2 AND subject = $3
"""


async def give_back_attempts(tx: Tx, tenant_id: UUID, kind: str, subject: str, attempts: int) -> None:
    """Uncount attempts that turned out to be the owner's."""
    await tx.execute(_GIVE_BACK, tenant_id, kind, subject, attempts)


_FORGET_LIMITS = "DELETE FROM sign_in_limits WHERE tenant_id = $1 AND window_started_at < $2"
_FORGET_SIGN_INS = "DELETE FROM sign_ins WHERE tenant_id = $1 AND ends_at < $2"


async def forget_before(tx: Tx, tenant_id: UUID, *, limits: datetime, sign_ins: datetime) -> int:
    """Delete windows and ended sign-ins older than these; returns how many."""
    return await tx.execute(_FORGET_LIMITS, tenant_id, limits) + await tx.execute(_FORGET_SIGN_INS, tenant_id, sign_ins)
