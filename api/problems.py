"""The one place where an error becomes an HTTP answer: RFC 9457 problem details in the reader's language.

The kind of the error decides the status; a few codes decide more exactly. What is none of ours is a fault: it is
logged with its traceback and answered without it.
"""

from __future__ import annotations

import re
from typing import Any

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from api.languages import Language, choose
from core.errors import Conflict, Invalid, MusterError, Unavailable
from core.logging import get_logger
from mobile_contract.problems import MEDIA_TYPE, Problem
from people.errors import SIGN_IN_FIRST

log = get_logger(__name__)

# As SIGN_IN_FIRST, of devices: they sign in by HTTP Basic.
DEVICE_SIGN_IN_FIRST = frozenset({"device.login_missing", "device.login_refused"})

STATUS_OF_KIND = {"not_found": 404, "forbidden": 403, "conflict": 409, "invalid": 400, "unavailable": 503}
STATUS_OF_CODE = {
    **dict.fromkeys(SIGN_IN_FIRST, 401),
    **dict.fromkeys(DEVICE_SIGN_IN_FIRST, 401),
    "sign_in.too_many": 429,
    "version.changed": 412,
    "version.required": 428,
    "body.too_large": 413,
    "body.media_type": 415,
}

TITLES: dict[int, tuple[str, str]] = {
    400: ("The request is wrong", "请求有误"),
    401: ("Sign in first", "请先登录"),
    403: ("Not allowed", "没有权限"),
    404: ("Not found", "未找到"),
    405: ("Method not allowed", "不支持此方法"),
    409: ("Not possible now", "当前状态不允许"),
    412: ("Edited meanwhile", "内容已被修改"),
    413: ("Too large", "内容过大"),
    415: ("Wrong media type", "内容类型不支持"),
    428: ("If-Match is required", "缺少 If-Match"),
    429: ("Too many attempts", "尝试次数过多"),
    500: ("A fault of ours", "系统内部故障"),
    503: ("Not available now", "暂时不可用"),
}

# msgspec ends its message with the place: "Expected `str`, got `int` - at `$.device.label`".
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<key>key in )?\$(?P<path>[^`]*)`)?$", re.DOTALL)
# Litestar names a missing parameter in its sentence alone.
_MISSING = re.compile(r"Missing required \w+ parameter '(?P<name>[^']+)'")
# An unknown or missing field is named in the message, not in the place.
_NAMED = re.compile(r"(?:missing required|contains unknown) field `(?P<name>[^`]+)`")


def status_of(problem: MusterError) -> int:
    """The HTTP status of an error of ours."""
    return STATUS_OF_CODE.get(problem.code) or STATUS_OF_KIND[problem.kind]


def invalid_by(problem: msgspec.ValidationError, code: str = "body.invalid") -> Invalid:
    """msgspec's complaint as an Invalid that names the field as a path: ``device.label``, ``items[0].at``."""
    match = _PLACE.match(str(problem))
    what, path = (match["what"], match["path"] or "") if match else (str(problem), "")
    named = _NAMED.search(what)
    if named:
        path = f"{path}.{named['name']}"
    field = path.lstrip(".") or None
    place = f" ({field})" if field else ""
    return Invalid(code, f"{what}{place}", f"{field or '请求内容'} 不正确：{what}", field=field)


def answer(request: Request[Any, Any, Any], problem: Exception) -> Response[Problem]:
    """Any exception as a problem document; registered for Exception in the app."""
    language = choose(request.headers.get("accept-language"))
    known = _known(problem)
    if isinstance(known, HTTPException):
        return _of_litestar(request, known, language)
    if known is None:
        log.error("api.failed", method=request.method, path=request.url.path, exc_info=problem)
        return _response(500, "internal", *_texts(500), language)
    headers: dict[str, str] = {}
    status = status_of(known)
    if isinstance(known, Unavailable):
        headers["Retry-After"] = str(max(1, round(known.retry_after_s or 1)))
    if status == 401:
        scheme = "Basic" if known.code in DEVICE_SIGN_IN_FIRST else "Bearer"
        headers["WWW-Authenticate"] = f'{scheme} realm="muster"'
    return _response(
        status, known.code, known.en, known.zh, language, known.field, known.value, known.limit, headers=headers
    )


def _known(problem: Exception) -> MusterError | HTTPException | None:
    """The error of ours in what was raised: groups are opened, PostgreSQL's refusals named."""
    if isinstance(problem, MusterError | HTTPException):
        return problem
    if isinstance(problem, ExceptionGroup):
        return next((known for inner in problem.exceptions if (known := _known(inner)) is not None), None)
    if isinstance(problem, msgspec.ValidationError):
        return None  # an answer of ours that does not fit its own contract is our fault, not the client's
    return _of_postgres(problem)


def _of_postgres(problem: Exception) -> MusterError | None:
    if isinstance(problem, asyncpg.DeadlockDetectedError | asyncpg.LockNotAvailableError):
        return Unavailable("database.busy", "somebody else is changing this; try again", "他人正在修改，请重试")
    if isinstance(problem, asyncpg.UniqueViolationError):
        return Conflict("conflict.concurrent", "somebody else did this at the same time", "他人同时进行了同样的操作")
    if isinstance(problem, asyncpg.DataError) and isinstance(problem.__cause__, OverflowError):
        # A time like 9999-12-31T23:59-12:00: an instant after the last one that Python has.
        return Invalid(
            "value.unstorable", "a number or time is beyond what can be stored", "数值或时间超出可保存的范围"
        )
    if isinstance(problem, asyncpg.CharacterNotInRepertoireError | asyncpg.UntranslatableCharacterError):
        return Invalid("text.unstorable", "the text has a character that can not be stored", "文本含有无法保存的字符")
    return None


def _of_litestar(request: Request[Any, Any, Any], problem: HTTPException, language: Language) -> Response[Problem]:
    status = problem.status_code
    headers = dict(problem.headers or {})
    if isinstance(problem, ValidationException) and isinstance(problem.extra, list) and problem.extra:
        first: Any = problem.extra[0]
        field, what = _wire_name(request, first.get("key")), str(first.get("message", ""))
        return _response(400, "request.invalid", f"{what} ({field})", f"{field} 不正确：{what}", language, field)
    if missing := _MISSING.match(problem.detail or ""):
        name = missing["name"]
        return _response(400, "request.invalid", f"{name} is required", f"缺少 {name}", language, name)
    code = {404: "path.not_found", 405: "method.not_allowed", 413: "body.too_large"}.get(status, "request.invalid")
    if status >= 500:
        return _response(500, "internal", *_texts(500), language)
    english, chinese = _texts(status)
    return _response(status, code, problem.detail or english, chinese, language, headers=headers)


def _wire_name(request: Request[Any, Any, Any], parameter: str | None) -> str | None:
    """What the wire calls a handler's parameter: ``state`` is a word of Litestar's own, so its parameter is another."""
    known = request.route_handler.parsed_fn_signature.parameters.get(parameter or "")
    definition = None if known is None else known.kwarg_definition
    return getattr(definition, "name", None) or getattr(definition, "query", None) or parameter


def _texts(status: int) -> tuple[str, str]:
    return TITLES.get(status, (f"HTTP {status}", f"HTTP {status}"))


def _response(
    status: int,
    code: str,
    english: str,
    chinese: str,
    language: Language,
    field: str | None = None,
    value: object = None,
    limit: object = None,
    headers: dict[str, str] | None = None,
) -> Response[Problem]:
    zh = language == "zh-CN"
    body = Problem(
        type=f"urn:muster:problem:{code}",
        title=_texts(status)[1 if zh else 0],
        status=status,
        code=code,
        detail=chinese if zh else english,
        field=field,
        value=value,
        limit=limit,
    )
    return Response(
        body,
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={"Content-Language": language, "Cache-Control": "no-store", **(headers or {})},
    )
