"""Signing in, staying signed in, signing out.

A failed sign-in is told to the audit trail and the limits, so it commits; the refusal is raised after that.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from core import audit, outbox
from core.database import Database, Tx
from core.errors import Forbidden
from core.ids import new_id
from people import queries, rate_limit, refresh, sign_in_queries
from people.actor import Actor
from people.errors import refresh_refused, sign_in_refused
from people.model import Account, DeviceInHand, PersonDevice, RefreshToken, Session, SignIn
from people.passwords import Passwords
from people.rate_limit import NOBODY, PER_ADDRESS, PER_LOGIN
from people.tokens import Tokens

# The live edge hears it and closes the sockets of the phone; the key is the phone's id.
DEVICE_REVOKED = "person_device.revoked"


class Attempt(msgspec.Struct, frozen=True):
    """A sign-in as it came: plant, login, password, on which device, from which address."""

    tenant_slug: str
    login: str
    password: str
    device: DeviceInHand
    address: str


async def sign_in(db: Database, passwords: Passwords, tokens: Tokens, attempt: Attempt) -> Session:
    """Sign in by password. Raises Forbidden sign_in.refused, Unavailable sign_in.too_many or sign_in.busy."""
    tenant_id = await _count(db, attempt)
    account, stored = await _look_up(db, tenant_id, attempt.login)
    right = await passwords.verify(stored, attempt.password)
    if tenant_id is None:
        raise sign_in_refused()
    if account is None or not right or account.disabled_at is not None:
        async with db.transaction(tenant_id) as tx:
            known = None if account is None else account.id
            await audit.record(tx, None, "sign_in.refused", "account", known or "-", {"login": attempt.login[:63]})
        raise sign_in_refused()
    renewed = None
    if stored is not None and passwords.outdated(stored):
        renewed = await passwords.hash(attempt.password)
    async with db.transaction(tenant_id) as tx:
        await rate_limit.give_back(tx, tenant_id, PER_LOGIN, attempt.login, PER_LOGIN.attempts + 1)
        if renewed is not None:
            await queries.save_password_hash(tx, tenant_id, account.id, renewed)
        session = await _begin(tx, tokens, tenant_id, account.id, attempt)
    async with db.transaction(NOBODY) as tx:
        await rate_limit.give_back(tx, NOBODY, PER_ADDRESS, attempt.address, 1)
    return session


async def _count(db: Database, attempt: Attempt) -> UUID | None:
    """Count the attempt by address and by login; returns the tenant's id when there is such a plant."""
    async with db.transaction(NOBODY) as tx:
        wait_s = await rate_limit.spend(tx, NOBODY, PER_ADDRESS, attempt.address)
        tenant_id = await queries.find_tenant(tx, attempt.tenant_slug)
    rate_limit.refuse(PER_ADDRESS, wait_s)
    owner = tenant_id or NOBODY
    subject = attempt.login if tenant_id else f"{attempt.tenant_slug}/{attempt.login}"
    async with db.transaction(owner) as tx:
        wait_s = await rate_limit.spend(tx, owner, PER_LOGIN, subject)
    rate_limit.refuse(PER_LOGIN, wait_s)
    return tenant_id


async def _look_up(db: Database, tenant_id: UUID | None, login: str) -> tuple[Account | None, str | None]:
    """The account and its stored hash; the same statements whether the plant or the login exists or not."""
    owner = tenant_id or NOBODY
    async with db.transaction(owner) as tx:
        account = await queries.find_account_by_login(tx, owner, login)
        stored = await queries.find_password_hash(tx, owner, NOBODY if account is None else account.id)
    return account, stored


async def _begin(tx: Tx, tokens: Tokens, tenant_id: UUID, account_id: UUID, attempt: Attempt) -> Session:
    """A new sign-in on the person's device, with its first tokens."""
    account = await queries.lock_account(tx, tenant_id, account_id)
    if account is None or account.disabled_at is not None:
        raise sign_in_refused()
    device = await _device(tx, tenant_id, account.id, attempt.device)
    await sign_in_queries.revoke_sign_ins_of_device(tx, tenant_id, device.id, "signed_out", tx.now)
    family = SignIn(tenant_id, new_id(), account.id, device.id, tx.now, tx.now + refresh.SIGN_IN_LIFE, None)
    await sign_in_queries.insert_sign_in(tx, tenant_id, family)
    await audit.record(
        tx, account.id, "sign_in.done", "person_device", device.id, {"sign_in": family.id, "platform": device.platform}
    )
    return await _hand_out(tx, tokens, account, family, parent_id=None)


async def _device(tx: Tx, tenant_id: UUID, account_id: UUID, hand: DeviceInHand) -> PersonDevice:
    facts = {"label": hand.label, "platform": hand.platform, "locale": hand.locale}
    if hand.id is not None:
        known = await queries.take_up_device(tx, tenant_id, hand.id, account_id, now=tx.now, **facts)  # type: ignore[arg-type]
        if known is not None:
            return known
    return await queries.insert_device(tx, tenant_id, new_id(), account_id, now=tx.now, **facts)  # type: ignore[arg-type]


async def _hand_out(tx: Tx, tokens: Tokens, account: Account, family: SignIn, *, parent_id: UUID | None) -> Session:
    token_id = new_id()
    text, secret_hash = refresh.make(account.tenant_id, token_id)
    expires_at = min(tx.now + refresh.REFRESH_LIFE, family.ends_at)
    await sign_in_queries.insert_refresh_token(
        tx,
        account.tenant_id,
        RefreshToken(account.tenant_id, token_id, family.id, parent_id, secret_hash, tx.now, expires_at, None),
    )
    access, access_expires_at = tokens.issue(
        tenant=account.tenant_id, account=account.id, role=account.role, device=family.device_id, sign_in=family.id
    )
    return Session(account, family.device_id, access, access_expires_at, text, expires_at)


async def refresh_session(db: Database, tokens: Tokens, text: str, device_id: UUID) -> Session:
    """A refresh token for a new pair. Reuse revokes the whole sign-in. Raises Forbidden refresh.refused."""
    presented = refresh.take_apart(text)
    async with db.transaction(presented.tenant_id) as tx:
        session = await _refresh(tx, tokens, presented, device_id)
    if session is None:
        raise refresh_refused()
    return session


async def _refresh(tx: Tx, tokens: Tokens, presented: refresh.Presented, device_id: UUID) -> Session | None:
    tenant_id = presented.tenant_id
    family = await sign_in_queries.lock_sign_in_of_token(tx, tenant_id, presented.token_id)
    if family is None:
        return None
    token = await sign_in_queries.get_refresh_token(tx, tenant_id, presented.token_id)
    children = await sign_in_queries.list_replacements(tx, tenant_id, family.id, token.id)
    verdict = refresh.judge(token, family, children, presented=presented, device_id=device_id, now=tx.now)
    if verdict is refresh.Verdict.REUSE:
        await sign_in_queries.revoke_sign_in(tx, tenant_id, family.id, "reuse", tx.now)
        await audit.record(tx, None, "refresh.reused", "sign_in", family.id, {"account": family.account_id})
        await outbox.append(tx, DEVICE_REVOKED, family.device_id)
        return None
    account = await queries.find_account(tx, tenant_id, family.account_id)
    if verdict is refresh.Verdict.REFUSE or account is None or account.disabled_at is not None:
        return None
    await sign_in_queries.use_refresh_token(tx, tenant_id, family.id, token.id, tx.now)
    await audit.record(tx, account.id, "refresh.done", "sign_in", family.id, {"repeated": token.used_at is not None})
    return await _hand_out(tx, tokens, account, family, parent_id=token.id)


async def sign_out(tx: Tx, actor: Actor) -> None:
    """End the actor's sign-in, its phone and the phone's push address; doing it twice is one fact."""
    if actor.device_id is None:
        raise Forbidden("sign_out.no_device", "this sign-in has no device to sign out", "此登录没有可退出的设备")
    await take_device_out_of_use(tx, actor.tenant_id, actor.account_id, actor.device_id, action="sign_out.done")


async def take_device_out_of_use(tx: Tx, tenant_id: UUID, by: UUID, device_id: UUID, *, action: str) -> None:
    """Revoke a phone, its sign-ins and its push address, and tell the live edge."""
    if not await queries.revoke_device(tx, tenant_id, device_id, tx.now):
        return
    reason = "signed_out" if action == "sign_out.done" else "device_revoked"
    await sign_in_queries.revoke_sign_ins_of_device(tx, tenant_id, device_id, reason, tx.now)  # type: ignore[arg-type]
    await audit.record(tx, by, action, "person_device", device_id)
    await outbox.append(tx, DEVICE_REVOKED, device_id)


async def forget_expired(db: Database, tenant_id: UUID) -> int:
    """Delete windows that ended and sign-ins that ended a window ago; upkeep, also for the tenant NOBODY."""
    async with db.transaction(tenant_id) as tx:
        long_ago = tx.now - rate_limit.LONGEST_WINDOW
        return await sign_in_queries.forget_before(tx, tenant_id, limits=long_ago, sign_ins=long_ago)
