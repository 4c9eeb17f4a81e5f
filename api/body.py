"""Request bodies are read strictly, before a transaction is opened: the error names the field.

Litestar converts leniently ("5" is a number to it); a contract says what it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request

from api.problems import invalid_by
from core.errors import Invalid

# The largest request is a batch of readings of a device that was away for a night; more belongs in several.
BODY_MAX_BYTES = 1024 * 1024


class RawBody(msgspec.Struct, frozen=True):
    """For a handler's ``opt["raw_body"]``: it reads the bytes itself; the document shows these types.

    Without ``kinds`` the body is bytes of one of the media types.
    """

    kinds: tuple[Any, ...]
    media_types: tuple[str, ...]


async def check_body(request: Request[Any, Any, Any]) -> None:
    """Raise Invalid unless the body is JSON of the handler's ``data``; runs before every handler."""
    handler: Any = request.route_handler
    data = handler.parsed_data_field
    if data is None or handler.opt.get("raw_body"):
        return
    check_media_type(request, ("application/json",))
    read_json(await request.body(), data.annotation)


def read_json(body: bytes, kind: Any) -> Any:
    """The body as what it is to be, read strictly; raises Invalid, naming the field."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as problem:
        raise invalid_by(problem) from problem
    except RecursionError as problem:
        raise Invalid("body.too_deep", "the body is nested too deep", "请求内容嵌套过深") from problem
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Invalid("body.not_json", f"the body is not JSON: {problem}", "请求内容不是有效的 JSON") from problem


def check_media_type(request: Request[Any, Any, Any], allowed: Sequence[str]) -> None:
    """Raise Invalid (415) unless the body says it is of one of these types."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type not in allowed:
        names = ", ".join(allowed)
        raise Invalid(
            "body.media_type",
            f"send Content-Type: {names}",
            f"请以 Content-Type: {names} 发送",
            field="Content-Type",
            value=media_type or None,
            limit=names,
        )
