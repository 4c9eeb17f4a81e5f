"""Addresses of message services as ``apprise`` reads them: of the right kind, and to whom."""

from __future__ import annotations

from urllib.parse import quote

import apprise

from core.errors import Invalid
from people.reach.model import ContactKind

# What an address of each kind may begin with; sms names gateways, of which every country has its own.
SCHEMES: dict[str, frozenset[str]] = {
    "mail": frozenset({"mailto", "mailtos"}),
    "sms": frozenset(
        {"twilio", "clickatell", "d7sms", "messagebird", "msgbird", "nexmo", "vonage", "plivo", "sinch", "sns"}
        | {"bulksms", "clicksend", "sfr", "voipms", "smseagle", "smseagles", "httpsms", "jsons", "json"}
    ),
    "wecom": frozenset({"wecombot"}),
    "dingtalk": frozenset({"dingtalk"}),
    "feishu": frozenset({"feishu"}),
}


def check_service_url(kind: ContactKind, url: str) -> None:
    """Raise Invalid unless the address is one of this kind that apprise can read; it may hold ``{to}``."""
    scheme = url.partition("://")[0].lower()
    if scheme not in SCHEMES[kind]:
        raise _bad_url(scheme, sorted(SCHEMES[kind]))
    service = open_service(url, "+8613800138000" if kind == "sms" else "a@example.com")
    if service is None:
        raise _bad_url(scheme, "https://appriseit.com/services/")
    if scheme == "json" and service.host not in ("127.0.0.1", "localhost"):
        # In clear, and to any machine: only what runs beside us, a gateway of the plant's own.
        raise _bad_url(scheme, ["jsons", "json://127.0.0.1"])


def _bad_url(value: str, limit: object) -> Invalid:
    # The address holds a secret: an error names its scheme alone.
    return Invalid(
        "message_service.url",
        "the address is not one apprise can send with, or of another kind of service",
        "地址无法用于此类消息服务",
        field="url",
        value=value,
        limit=limit,
    )


def open_service(url: str, to: str) -> apprise.NotifyBase | None:
    """The service of this address for one recipient; None when apprise can not read it."""
    made: apprise.NotifyBase | None = apprise.Apprise.instantiate(
        url.replace("{to}", quote(to, safe="")), suppress_exceptions=True
    )
    return made
