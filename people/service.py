"""Use cases of accounts and of the phones people carry."""

from __future__ import annotations

import re
from uuid import UUID

import msgspec

from core import audit, outbox
from core.database import Tx
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import new_id
from people import queries, sign_in_queries
from people.actor import Actor
from people.model import Account, Locale, PersonDevice, PushChannel
from people.permissions import Permission, Role
from people.sign_in import DEVICE_REVOKED, take_device_out_of_use

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


class AccountDraft(msgspec.Struct, frozen=True):
    """A new account; the password comes already hashed, because hashing waits and a transaction should not."""

    login: str
    display_name: str
    locale: Locale
    role: Role
    password_hash: str
    phone: str | None = None


class AccountChange(msgspec.Struct, frozen=True):
    """An edit; what is UNSET stays."""

    display_name: str | msgspec.UnsetType = msgspec.UNSET
    locale: Locale | msgspec.UnsetType = msgspec.UNSET
    role: Role | msgspec.UnsetType = msgspec.UNSET
    phone: str | msgspec.UnsetType | None = msgspec.UNSET
    disabled: bool | msgspec.UnsetType = msgspec.UNSET
    password_hash: str | msgspec.UnsetType = msgspec.UNSET


async def create_account(tx: Tx, actor: Actor, draft: AccountDraft) -> Account:
    """Create an account; raises Conflict when the login is taken."""
    actor.require(Permission.MANAGE_ACCOUNTS)
    return await add_account(tx, actor.tenant_id, draft, by=actor.account_id)


async def add_account(tx: Tx, tenant_id: UUID, draft: AccountDraft, *, by: UUID | None) -> Account:
    """Add an account without an actor: the first of a tenant, made by Muster itself (``by`` None)."""
    _check(draft.login, draft.display_name, draft.phone)
    account = await queries.insert_account(
        tx,
        tenant_id,
        new_id(),
        login=draft.login,
        display_name=draft.display_name,
        locale=draft.locale,
        role=draft.role,
        phone=draft.phone,
        password_hash=draft.password_hash,
        now=tx.now,
    )
    if account is None:
        raise Conflict(
            "account.login_taken",
            f"the login {draft.login} is taken",
            f"账号 {draft.login} 已被使用",
            field="login",
            value=draft.login,
        )
    facts = {"login": account.login, "role": account.role.value}
    await audit.record(tx, by, "account.created", "account", account.id, facts)
    return account


async def edit_account(
    tx: Tx, actor: Actor, account_id: UUID, change: AccountChange, *, expected_version: int
) -> Account:
    """Edit or disable an account; a new password, a disabling or a new role's loss of rights counts at once."""
    actor.require(Permission.MANAGE_ACCOUNTS)
    # Admins first, always in one order: two admins disabling each other must not both succeed.
    admins = await queries.lock_admins(tx, actor.tenant_id)
    account = await queries.lock_account(tx, actor.tenant_id, account_id)
    if account is None:
        raise _no_account(account_id)
    check_version(account.version, expected_version)
    changed = _changed(account, change, tx)
    _check(changed.login, changed.display_name, changed.phone)
    _keep_an_admin(account, changed, admins)
    saved = await queries.save_account(tx, actor.tenant_id, changed)
    if change.password_hash is not msgspec.UNSET:
        await queries.save_password_hash(tx, actor.tenant_id, account_id, change.password_hash)
    await _end_sign_ins(tx, saved, change)
    # Last, because every use case takes the head of the audit chain after the rows it is about.
    await audit.record(tx, actor.account_id, "account.edited", "account", account_id, _facts(change))
    return saved


def _changed(account: Account, change: AccountChange, tx: Tx) -> Account:
    fields = {
        name: value
        for name in ("display_name", "locale", "role", "phone")
        if (value := getattr(change, name)) is not msgspec.UNSET
    }
    if change.disabled is not msgspec.UNSET:
        fields["disabled_at"] = (account.disabled_at or tx.now) if change.disabled else None
    return msgspec.structs.replace(account, **fields)


def _facts(change: AccountChange) -> dict[str, object]:
    facts: dict[str, object] = {
        name: getattr(change, name)
        for name in ("display_name", "locale", "role", "phone", "disabled")
        if getattr(change, name) is not msgspec.UNSET
    }
    if change.password_hash is not msgspec.UNSET:
        facts["password"] = "changed"  # noqa: S105
    return facts


def _keep_an_admin(before: Account, after: Account, admins: list[UUID]) -> None:
    stays = after.role is Role.ADMIN and after.disabled_at is None
    if before.id in admins and not stays and len(admins) == 1:
        raise Conflict(
            "account.last_admin",
            "the last admin can not be disabled or lose the role",
            "不能停用最后一个管理员",
            field="role",
        )


async def _end_sign_ins(tx: Tx, account: Account, change: AccountChange) -> None:
    if change.disabled is True:
        # Disabled means gone: the phones' push addresses too, or orders would still ring there.
        for device in await queries.list_devices(tx, account.tenant_id, account.id, limit=10_000):
            await queries.revoke_device(tx, account.tenant_id, device.id, tx.now)
    elif change.password_hash is msgspec.UNSET:
        return
    reason = "account_disabled" if change.disabled is True else "password"
    for device_id in await sign_in_queries.revoke_sign_ins_of_account(
        tx,
        account.tenant_id,
        account.id,
        reason,  # type: ignore[arg-type]
        tx.now,
    ):
        await outbox.append(tx, DEVICE_REVOKED, device_id)


def check_version(current: int, expected: int) -> None:
    """Raise Conflict version.changed when somebody else edited first."""
    if current != expected:
        raise Conflict(
            "version.changed",
            f"this was edited meanwhile: version {current}, not {expected}",
            f"内容已被修改：当前版本 {current}，而非 {expected}",
            field="If-Match",
            value=expected,
            limit=current,
        )


async def get_account(tx: Tx, actor: Actor, account_id: UUID) -> Account:
    """One account: one's own, or any with READ_ACCOUNTS."""
    if account_id != actor.account_id:
        actor.require(Permission.READ_ACCOUNTS)
    account = await queries.find_account(tx, actor.tenant_id, account_id)
    if account is None:
        raise _no_account(account_id)
    return account


async def list_accounts(
    tx: Tx, actor: Actor, *, after: str, search: str | None, role: Role | None, limit: int
) -> list[Account]:
    """A page of accounts by login."""
    actor.require(Permission.READ_ACCOUNTS)
    return await queries.list_accounts(tx, actor.tenant_id, after=after, search=search, role=role, limit=limit)


async def list_devices(
    tx: Tx, actor: Actor, account_id: UUID, *, after: UUID = queries.FIRST, limit: int
) -> list[PersonDevice]:
    """The phones of an account: one's own, or any with READ_ACCOUNTS."""
    if account_id != actor.account_id:
        actor.require(Permission.READ_ACCOUNTS)
    return await queries.list_devices(tx, actor.tenant_id, account_id, after=after, limit=limit)


async def revoke_device(tx: Tx, actor: Actor, device_id: UUID) -> None:
    """Take a phone out of use: one's own, or any with MANAGE_ACCOUNTS; doing it twice is one fact."""
    device = await queries.lock_device(tx, actor.tenant_id, device_id)
    if device is None or (device.account_id != actor.account_id and not actor.may(Permission.MANAGE_ACCOUNTS)):
        raise _no_device(device_id)
    await take_device_out_of_use(tx, actor.tenant_id, actor.account_id, device_id, action="person_device.revoked")


async def register_push(tx: Tx, actor: Actor, device_id: UUID, *, channel: PushChannel, token: str) -> PersonDevice:
    """Give the phone one is signed in on its push address; whoever had the address before loses it."""
    device = await queries.lock_device(tx, actor.tenant_id, device_id)
    if device is None or device.account_id != actor.account_id:
        raise _no_device(device_id)
    if device_id != actor.device_id:
        raise Forbidden(
            "person_device.other", "a push address is set by the phone that has it", "推送地址只能由该设备自己设置"
        )
    taken = await queries.take_push_away(tx, actor.tenant_id, channel, token, except_device=device_id)
    saved = await queries.save_push(tx, actor.tenant_id, device_id, channel, token, tx.now)
    facts = {"channel": channel, "taken_from": taken}
    await audit.record(tx, actor.account_id, "person_device.push_registered", "person_device", device_id, facts)
    return saved


async def retire_push(tx: Tx, tenant_id: UUID, device_id: UUID, token: str, why: str) -> None:
    """The push service says the address is gone; an address registered meanwhile stays."""
    if await queries.retire_push(tx, tenant_id, device_id, token):
        await audit.record(tx, None, "person_device.push_retired", "person_device", device_id, {"why": why})


def _check(login: str, display_name: str, phone: str | None) -> None:
    if not _LOGIN.fullmatch(login):
        raise Invalid(
            "account.login",
            "a login is 1 to 63 of a-z 0-9 . _ @ - and starts with a letter or digit",
            "账号由 1 到 63 个 a-z 0-9 . _ @ - 组成，以字母或数字开头",
            field="login",
            value=login,
            limit=_LOGIN.pattern,
        )
    if not display_name.strip() or len(display_name) > 100:
        raise Invalid(
            "account.display_name", "a name has 1 to 100 characters", "姓名为 1 到 100 个字符", field="display_name"
        )
    if phone is not None and not _PHONE.fullmatch(phone):
        raise Invalid(
            "account.phone",
            "a phone number is in E.164 form: +8613800138000",
            "电话号码须为 E.164 格式：+8613800138000",
            field="phone",
            value=phone,
            limit=_PHONE.pattern,
        )


def _no_account(account_id: UUID) -> NotFound:
    return NotFound("account.not_found", "there is no such account", "没有此账号", field="id", value=str(account_id))


def _no_device(device_id: UUID) -> NotFound:
    return NotFound("person_device.not_found", "there is no such phone", "没有此设备", field="id", value=str(device_id))
