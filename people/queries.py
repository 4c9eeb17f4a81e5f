"""SQL of accounts and the devices people carry; sign-ins are in sign_in_queries."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.database import Tx, row_to
from people.model import Account, Locale, PersonDevice, Platform, PushChannel
from people.permissions import Role

_ACCOUNT = "tenant_id, id, login, display_name, locale, role, phone, disabled_at, version, created_at"
_DEVICE = """tenant_id, id, account_id, label, platform, locale, push_channel, push_token, push_token_state,
    last_seen_at, revoked_at, created_at"""

# Below every id: a page that starts at the beginning.
FIRST = UUID(int=0)

_FIND_TENANT = "SELECT muster_tenant_by_slug($1)"


async def find_tenant(tx: Tx, slug: str) -> UUID | None:
    """The tenant's id by the slug a person typed; needs no tenant set."""
    found: UUID | None = await tx.fetchval(_FIND_TENANT, slug)
    return found


_INSERT_ACCOUNT = f"""
INSERT INTO accounts (tenant_id, id, login, display_name, locale, role, phone, password_hash, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (tenant_id, login) DO NOTHING
RETURNING {_ACCOUNT}
"""


async def insert_account(
    tx: Tx,
    tenant_id: UUID,
    account_id: UUID,
    *,
    login: str,
    display_name: str,
    locale: Locale,
    role: Role,
    phone: str | None,
    password_hash: str,
    now: datetime,
) -> Account | None:
    """The new account, or None when the login is taken."""
    row = await tx.fetchrow(
        _INSERT_ACCOUNT, tenant_id, account_id, login, display_name, locale, role.value, phone, password_hash, now
    )
    return None if row is None else row_to(Account, row)


_FIND_ACCOUNT = f"SELECT {_ACCOUNT} FROM accounts WHERE tenant_id = $1 AND id = $2"


async def find_account(tx: Tx, tenant_id: UUID, account_id: UUID) -> Account | None:
    """One account by id."""
    row = await tx.fetchrow(_FIND_ACCOUNT, tenant_id, account_id)
    return None if row is None else row_to(Account, row)


_LOCK_ACCOUNT = f"SELECT {_ACCOUNT} FROM accounts WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"


async def lock_account(tx: Tx, tenant_id: UUID, account_id: UUID) -> Account | None:
    """One account by id, held until the transaction ends."""
    row = await tx.fetchrow(_LOCK_ACCOUNT, tenant_id, account_id)
    return None if row is None else row_to(Account, row)


_FIND_BY_LOGIN = f"SELECT {_ACCOUNT} FROM accounts WHERE tenant_id = $1 AND login = $2"


async def find_account_by_login(tx: Tx, tenant_id: UUID, login: str) -> Account | None:
    """One account by login."""
    row = await tx.fetchrow(_FIND_BY_LOGIN, tenant_id, login)
    return None if row is None else row_to(Account, row)


_FIND_PASSWORD = "SELECT password_hash FROM accounts WHERE tenant_id = $1 AND id = $2"  # noqa: S105


async def find_password_hash(tx: Tx, tenant_id: UUID, account_id: UUID) -> str | None:
    """The stored password hash; kept out of the Struct so that it can not be logged or sent."""
    found: str | None = await tx.fetchval(_FIND_PASSWORD, tenant_id, account_id)
    return found


_SAVE_PASSWORD = "UPDATE accounts SET password_hash = $3 WHERE tenant_id = $1 AND id = $2"  # noqa: S105


async def save_password_hash(tx: Tx, tenant_id: UUID, account_id: UUID, password_hash: str) -> None:
    """Store a new password hash."""
    await tx.execute(_SAVE_PASSWORD, tenant_id, account_id, password_hash)


_SAVE_ACCOUNT = f"""
UPDATE accounts
SET display_name = $3, locale = $4, role = $5, phone = $6, disabled_at = $7, version = version + 1
WHERE tenant_id = $1 AND id = $2
RETURNING {_ACCOUNT}
"""


async def save_account(tx: Tx, tenant_id: UUID, account: Account) -> Account:
    """Store the editable fields of a locked account; returns it with its new version."""
    row = await tx.fetchrow(
        _SAVE_ACCOUNT,
        tenant_id,
        account.id,
        account.display_name,
        account.locale,
        account.role.value,
        account.phone,
        account.disabled_at,
    )
    return row_to(Account, row)


_LIST_ACCOUNTS = f"""
SELECT {_ACCOUNT} FROM accounts
WHERE tenant_id = $1 AND login > $2
  AND ($3::text IS NULL OR login ILIKE $3 OR display_name ILIKE $3)
  AND ($4::text IS NULL OR role = $4)
  AND (NOT $5 OR disabled_at IS NULL)
ORDER BY login
LIMIT $6
"""


async def list_accounts(
    tx: Tx,
    tenant_id: UUID,
    *,
    after: str = "",
    search: str | None = None,
    role: Role | None = None,
    in_use: bool = False,
    limit: int,
) -> list[Account]:
    """Accounts by login, after the login ``after``; ``search`` is a part of the login or the name; ``in_use``: those
    alone that may sign in."""
    pattern = None if search is None else f"%{_escape_like(search)}%"
    named = None if role is None else role.value
    rows = await tx.fetch(_LIST_ACCOUNTS, tenant_id, after, pattern, named, in_use, limit)
    return [row_to(Account, row) for row in rows]


def _escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_LIST_ON_DUTY = f"""
SELECT {_ACCOUNT} FROM accounts
WHERE tenant_id = $1 AND role = ANY($2::text[]) AND disabled_at IS NULL
ORDER BY login
"""


async def list_accounts_with_roles(tx: Tx, tenant_id: UUID, roles: list[Role]) -> list[Account]:
    """Every account in these roles that may sign in; who can be given a task."""
    return [row_to(Account, row) for row in await tx.fetch(_LIST_ON_DUTY, tenant_id, [r.value for r in roles])]


_LOCK_ADMINS = """
SELECT id FROM accounts WHERE tenant_id = $1 AND role = 'admin' AND disabled_at IS NULL ORDER BY id FOR NO KEY UPDATE
"""


async def lock_admins(tx: Tx, tenant_id: UUID) -> list[UUID]:
    """The ids of the admins who may sign in, held until the transaction ends."""
    return [row["id"] for row in await tx.fetch(_LOCK_ADMINS, tenant_id)]


_INSERT_DEVICE = f"""
INSERT INTO person_devices (tenant_id, id, account_id, label, platform, locale, last_seen_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
RETURNING {_DEVICE}
"""


async def insert_device(
    tx: Tx,
    tenant_id: UUID,
    device_id: UUID,
    account_id: UUID,
    *,
    label: str,
    platform: Platform,
    locale: Locale,
    now: datetime,
) -> PersonDevice:
    """A new phone of the account."""
    row = await tx.fetchrow(_INSERT_DEVICE, tenant_id, device_id, account_id, label, platform, locale, now)
    return row_to(PersonDevice, row)


_TOUCH_DEVICE = f"""
UPDATE person_devices SET label = $4, platform = $5, locale = $6, last_seen_at = $7
WHERE tenant_id = $1 AND id = $2 AND account_id = $3 AND revoked_at IS NULL
RETURNING {_DEVICE}
"""


async def take_up_device(
    tx: Tx,
    tenant_id: UUID,
    device_id: UUID,
    account_id: UUID,
    *,
    label: str,
    platform: Platform,
    locale: Locale,
    now: datetime,
) -> PersonDevice | None:
    """The account's own phone from an earlier sign-in, brought up to date; None when it is not theirs or revoked."""
    row = await tx.fetchrow(_TOUCH_DEVICE, tenant_id, device_id, account_id, label, platform, locale, now)
    return None if row is None else row_to(PersonDevice, row)


_LOCK_DEVICE = f"SELECT {_DEVICE} FROM person_devices WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"


async def lock_device(tx: Tx, tenant_id: UUID, device_id: UUID) -> PersonDevice | None:
    """One phone by id, held until the transaction ends."""
    row = await tx.fetchrow(_LOCK_DEVICE, tenant_id, device_id)
    return None if row is None else row_to(PersonDevice, row)


_LIST_DEVICES = f"""
SELECT {_DEVICE} FROM person_devices
WHERE tenant_id = $1 AND account_id = $2 AND revoked_at IS NULL AND id > $3
ORDER BY id
LIMIT $4
"""


async def list_devices(
    tx: Tx, tenant_id: UUID, account_id: UUID, *, after: UUID = FIRST, limit: int = 100
) -> list[PersonDevice]:
    """The account's phones that are not revoked, oldest first."""
    return [row_to(PersonDevice, row) for row in await tx.fetch(_LIST_DEVICES, tenant_id, account_id, after, limit)]


_LIST_PUSHABLE = f"""
SELECT {_DEVICE} FROM person_devices
WHERE tenant_id = $1 AND account_id = $2 AND push_token_state = 'active'
ORDER BY last_seen_at DESC
"""


async def list_pushable_devices(tx: Tx, tenant_id: UUID, account_id: UUID) -> list[PersonDevice]:
    """The account's phones whose push address rings, last seen first."""
    return [row_to(PersonDevice, row) for row in await tx.fetch(_LIST_PUSHABLE, tenant_id, account_id)]


_SAVE_PUSH = f"""
UPDATE person_devices
SET push_channel = $3, push_token = $4, push_token_state = 'active', push_token_at = $5, last_seen_at = $5
WHERE tenant_id = $1 AND id = $2
RETURNING {_DEVICE}
"""


async def save_push(
    tx: Tx, tenant_id: UUID, device_id: UUID, channel: PushChannel, token: str, now: datetime
) -> PersonDevice:
    """Give a locked phone its push address."""
    return row_to(PersonDevice, await tx.fetchrow(_SAVE_PUSH, tenant_id, device_id, channel, token, now))


_TAKE_PUSH_AWAY = """
UPDATE person_devices SET push_token_state = 'retired'
WHERE tenant_id = $1 AND push_channel = $2 AND push_token = $3 AND md5(push_token) = md5($3)
  AND push_token_state = 'active' AND id <> $4
RETURNING id
"""


async def take_push_away(
    tx: Tx, tenant_id: UUID, channel: PushChannel, token: str, *, except_device: UUID
) -> list[UUID]:
    """Retire this push address on every other phone; returns their ids."""
    return [row["id"] for row in await tx.fetch(_TAKE_PUSH_AWAY, tenant_id, channel, token, except_device)]


_RETIRE_PUSH = """
UPDATE person_devices SET push_token_state = 'retired'
WHERE tenant_id = $1 AND id = $2 AND push_token = $3 AND push_token_state = 'active'
"""


async def retire_push(tx: Tx, tenant_id: UUID, device_id: UUID, token: str) -> bool:
    """The push service no longer knows this address; True when it was still in use and not replaced meanwhile."""
    return await tx.execute(_RETIRE_PUSH, tenant_id, device_id, token) == 1


_REVOKE_DEVICE = """
UPDATE person_devices
SET revoked_at = $3, push_token_state = CASE push_token_state WHEN 'none' THEN 'none' ELSE 'retired' END
WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL
"""


async def revoke_device(tx: Tx, tenant_id: UUID, device_id: UUID, now: datetime) -> bool:
    """Take the phone and its push address out of use; False when it already was."""
    return await tx.execute(_REVOKE_DEVICE, tenant_id, device_id, now) == 1
