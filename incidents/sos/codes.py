"""Ending a call with a code: the real one ends it, the duress code answers the same and calls for more help.

Both hashes are always tried, so that an answer takes as long for either. Four digits are few, whatever hashes them:
what protects a code is the limit on tries, and that the hashes never leave the table.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

from core import audit
from core.database import Database, Tx
from core.errors import Conflict, Forbidden, Invalid, Unavailable
from incidents.sos import queries, service
from incidents.sos.model import SosCall, SosCodes
from people import queries as people_queries
from people import rate_limit
from people.actor import Actor
from people.passwords import Passwords
from people.permissions import Permission
from people.rate_limit import PER_LOGIN, Limit

CODE_MIN_DIGITS, CODE_MAX_DIGITS = 4, 12
# Two thousandths of all codes of four digits in a day of trying; the call goes on whatever is tried.
PER_PERSON = Limit("sos_code", 5, timedelta(hours=1))

Meaning: TypeAlias = Literal["real", "duress", "wrong"]


async def set_codes(
    db: Database, passwords: Passwords, actor: Actor, password: str, code: str, duress_code: str
) -> datetime:
    """Set one's two codes, with one's password: a phone in another's hand sets none.

    Raises Invalid, Conflict during a call, Forbidden for a wrong password, Unavailable after too many.
    """
    actor.require(Permission.RAISE_SOS)
    _check_code("code", code)
    _check_code("duress_code", duress_code)
    if code == duress_code:
        raise Invalid("sos_codes.equal", "the two codes must differ", "两个密码不能相同", field="duress_code")
    async with db.transaction(actor.tenant_id) as tx:
        account = await people_queries.find_account(tx, actor.tenant_id, actor.account_id)
        assert account is not None
        stored = await people_queries.find_password_hash(tx, actor.tenant_id, actor.account_id)
        wait_s = await rate_limit.spend(tx, actor.tenant_id, PER_LOGIN, account.login)
    rate_limit.refuse(PER_LOGIN, wait_s)
    if not await passwords.verify(stored, password):
        raise Forbidden("sos_codes.password", "the password is wrong", "密码不正确", field="password")
    codes = [await passwords.hash_code(code), await passwords.hash_code(duress_code)]
    async with db.transaction(actor.tenant_id) as tx:
        await rate_limit.give_back(tx, actor.tenant_id, PER_LOGIN, account.login, 1)
        await people_queries.lock_account(tx, actor.tenant_id, actor.account_id)
        if await queries.find_open(tx, actor.tenant_id, actor.account_id) is not None:
            raise Conflict(
                "sos_codes.calling", "codes are not changed during a call", "求救期间不能更改密码", field="code"
            )
        await queries.save_codes(tx, actor.tenant_id, actor.account_id, SosCodes(codes[0], codes[1], tx.now))
        await audit.record(tx, actor.account_id, "sos_codes.set", "account", actor.account_id)
        return tx.now


async def find_set_at(tx: Tx, actor: Actor) -> datetime | None:
    """When one set one's codes, or None."""
    actor.require(Permission.RAISE_SOS)
    codes = await queries.find_codes(tx, actor.tenant_id, actor.account_id)
    return None if codes is None else codes.set_at


async def end_call(db: Database, passwords: Passwords, actor: Actor, sos_id: UUID, code: str) -> SosCall:
    """End one's own call with a code; either of the two gets the same answer. Ending twice is one fact.

    Raises NotFound for another's call, Conflict without codes, Forbidden for a wrong code, Unavailable after too many.
    """
    actor.require(Permission.RAISE_SOS)
    async with db.transaction(actor.tenant_id) as tx:
        call = await service.get_own(tx, actor, sos_id)
        if call.ended_at is not None:
            return call
        codes = await queries.find_codes(tx, actor.tenant_id, actor.account_id)
        wait_s = await rate_limit.spend(tx, actor.tenant_id, PER_PERSON, str(actor.account_id))
    _refuse(wait_s)
    if codes is None:
        raise Conflict(
            "sos_codes.none",
            "no codes were set: a safety officer ends this call by closing its incident",
            "未设置结束密码：由安全员关闭事件来结束",
            field="code",
        )
    meaning = await _read(passwords, codes, code)
    async with db.transaction(actor.tenant_id) as tx:
        if meaning != "wrong":
            return await _end(tx, actor, call, meaning)
        await audit.record(tx, actor.account_id, "sos.code_refused", "sos_call", sos_id)
    raise Forbidden("sos.code", "this is not the code", "密码不正确", field="code")


async def _read(passwords: Passwords, codes: SosCodes, code: str) -> Meaning:
    real = await passwords.verify(codes.code_hash, code)
    duress = await passwords.verify(codes.duress_hash, code)
    return "real" if real else "duress" if duress else "wrong"


async def _end(tx: Tx, actor: Actor, call: SosCall, meaning: Meaning) -> SosCall:
    await rate_limit.give_back(tx, actor.tenant_id, PER_PERSON, str(actor.account_id), PER_PERSON.attempts + 1)
    await people_queries.lock_account(tx, actor.tenant_id, actor.account_id)
    if meaning == "real":
        return await service.end_truly(tx, call, actor.account_id)
    ended = await service.call_again(tx, call, None, "", duress=True)
    return ended or await service.get_own(tx, actor, call.id)


def _refuse(wait_s: float | None) -> None:
    if wait_s is not None:
        raise Unavailable(
            "sos.too_many_codes",
            f"at most {PER_PERSON.attempts} codes an hour; the call goes on",
            f"每小时最多尝试 {PER_PERSON.attempts} 次；求救仍在进行",
            limit=PER_PERSON.attempts,
            retry_after_s=wait_s,
        )


def _check_code(field: str, code: str) -> None:
    if not (code.isascii() and code.isdigit() and CODE_MIN_DIGITS <= len(code) <= CODE_MAX_DIGITS):
        raise Invalid(
            "sos_codes.digits",
            f"a code has {CODE_MIN_DIGITS} to {CODE_MAX_DIGITS} digits",
            f"密码为 {CODE_MIN_DIGITS} 至 {CODE_MAX_DIGITS} 位数字",
            field=field,
            limit=[CODE_MIN_DIGITS, CODE_MAX_DIGITS],
        )
