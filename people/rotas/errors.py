"""Errors that teams and rotas share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from uuid import UUID

from core.errors import Conflict, NotFound
from people.rotas.model import Person

T = TypeVar("T")
_ZH = {"team": "班组", "rota": "轮班表", "calendar": "节假日历", "override": "临时调整", "swap": "换班", "site": "站点"}


def found(thing: T | None, kind: str, key: UUID, field: str = "id") -> T:
    """The thing; raises NotFound naming what was looked for."""
    if thing is None:
        raise NotFound(
            f"{kind}.not_found", f"there is no such {kind}", f"没有此{_ZH[kind]}", field=field, value=str(key)
        )
    return thing


def not_taken(thing: T | None, kind: str, slug: str) -> T:
    """What was inserted; raises Conflict when the slug was there."""
    if thing is None:
        raise Conflict(f"{kind}.slug_taken", f"{slug} is taken", f"标识 {slug} 已被使用", field="slug", value=slug)
    return thing


def check_account(people: Mapping[UUID, Person], account_id: UUID, field: str, *, disabled: bool = False) -> None:
    """Raise NotFound when there is no such account, Conflict when it is disabled and may not be (``disabled``)."""
    person = people.get(account_id)
    if person is None:
        raise NotFound(
            "account.not_found",
            f"{field}: there is no such account",
            f"{field}：没有此账号",
            field=field,
            value=str(account_id),
        )
    if person.disabled and not disabled:
        raise Conflict(
            "account.disabled",
            f"{field}: this account is disabled",
            f"{field}：此账号已停用",
            field=field,
            value=str(account_id),
        )
