"""Accounts and the devices people carry."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Deps, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_cursor
from mobile_contract.paging import Page
from mobile_contract.people import AccountEdit, AccountView, Me, NewAccount, PhoneView, PushAddress, RoleName
from people import queries, service
from people.model import Account, PersonDevice
from people.permissions import PERMISSIONS, Permission, Role
from people.reach.subscription import read_subscription


@get("/v1/me")
async def get_me(call: Call) -> Me:
    """Who is signed in, and what they may do."""
    account = await service.get_account(call.tx, call.actor, call.actor.account_id)
    return Me(account_view(account), call.actor.device_id, sorted(PERMISSIONS[call.actor.role]))


@get("/v1/accounts", guards=[needs(Permission.READ_ACCOUNTS)])
async def list_accounts(
    call: Call,
    q: Annotated[
        str | None, QueryParameter(min_length=1, max_length=100, description="Part of a login or name.")
    ] = None,
    role: FromQuery[RoleName | None] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AccountView]:
    """Accounts by login."""
    after = read_cursor(cursor, str, "")
    wanted = None if role is None else Role(role)
    rows = await service.list_accounts(call.tx, call.actor, after=after, search=q, role=wanted, limit=limit + 1)
    return page(rows, limit, key=lambda account: account.login, view=account_view)


@get("/v1/accounts/{account_id:uuid}")
async def get_account(call: Call, account_id: FromPath[UUID]) -> Response[AccountView]:
    """One account; its ETag is what an edit names."""
    account = await service.get_account(call.tx, call.actor, account_id)
    return Response(account_view(account), headers=etag(account.version))


@post("/v1/accounts", guards=[needs(Permission.MANAGE_ACCOUNTS)])
async def create_account(data: JSONBody[NewAccount], write: Write, deps: Deps) -> Response[AccountView]:
    """Create an account."""

    async def work() -> AccountView:
        draft = service.AccountDraft(
            data.login,
            data.display_name,
            data.locale,
            Role(data.role),
            await deps.passwords.hash(data.password),
            data.phone,
        )
        return account_view(await service.create_account(write.tx, write.actor, draft))

    return await write.once(work, headers=lambda account: etag(account.version))


@patch("/v1/accounts/{account_id:uuid}", guards=[needs(Permission.MANAGE_ACCOUNTS)])
async def edit_account(
    data: JSONBody[AccountEdit], account_id: FromPath[UUID], call: Call, deps: Deps, if_match: IfMatch = None
) -> Response[AccountView]:
    """Edit or disable an account.

    Disabling, or a new password, signs the account out everywhere at once.
    """
    version = expected_version(if_match)
    secret = msgspec.UNSET if data.password is msgspec.UNSET else await deps.passwords.hash(data.password)
    change = service.AccountChange(
        data.display_name,
        data.locale,
        msgspec.UNSET if data.role is msgspec.UNSET else Role(data.role),
        data.phone,
        data.disabled,
        secret,
    )
    account = await service.edit_account(call.tx, call.actor, account_id, change, expected_version=version)
    return Response(account_view(account), headers=etag(account.version))


@get("/v1/devices")
async def list_devices(
    call: Call,
    account: Annotated[UUID | None, QueryParameter(description="Another person's; needs read_accounts.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[PhoneView]:
    """The devices one is signed in on, oldest first."""
    after = read_cursor(cursor, UUID, queries.FIRST)
    owner = account or call.actor.account_id
    rows = await service.list_devices(call.tx, call.actor, owner, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda device: device.id, view=phone_view)


@delete("/v1/devices/{device_id:uuid}")
async def revoke_device(call: Call, device_id: FromPath[UUID]) -> None:
    """Sign a device out: its tokens and push address stop working at once."""
    await service.revoke_device(call.tx, call.actor, device_id)


@put("/v1/devices/{device_id:uuid}/push")
async def register_push(data: JSONBody[PushAddress], call: Call, deps: Deps, device_id: FromPath[UUID]) -> PhoneView:
    """Say where this device is rung; an address another account had is taken from it."""
    if data.channel == "web_push":
        read_subscription(data.token, deps.web_push_hosts)
    saved = await service.register_push(call.tx, call.actor, device_id, channel=data.channel, token=data.token)
    return phone_view(saved)


def account_view(account: Account) -> AccountView:
    """An account as the wire shows it."""
    return AccountView(
        account.id,
        account.login,
        account.display_name,
        account.locale,
        account.role.value,
        account.phone,
        account.disabled_at is not None,
        account.version,
        account.created_at,
    )


def phone_view(device: PersonDevice) -> PhoneView:
    """A phone as the wire shows it: never its push token."""
    return PhoneView(
        device.id,
        device.account_id,
        device.label,
        device.platform,
        device.locale,
        device.push_channel,
        device.push_token_state,
        device.last_seen_at,
        device.created_at,
    )


router = Router(
    "/",
    route_handlers=[
        get_me,
        list_accounts,
        get_account,
        create_account,
        edit_account,
        list_devices,
        revoke_device,
        register_push,
    ],
    tags=["people"],
)
