"""An order as an FCM message. Pure.

A lock screen is read by whoever stands beside the phone: it says that there is an order and nothing else, unless the
plant's settings allow details. The data part carries ids; the app fetches the order over its own signed-in line.
"""

from __future__ import annotations

import re
from typing import Any

from firebase_admin import messaging

from mobile_contract.text import Text
from realtime.channels import Notice, Target

TITLE = Text(zh="紧急任务", en="Urgent order")
TITLE_EXERCISE = Text(zh="演习:紧急任务", en="Exercise: urgent order")
BODY = Text(zh="请立即打开查看并确认", en="Open it now and answer")
# An order is worth a push for this long; a phone that comes back later asks for its open orders anyway.
ORDER_TTL_S = 600
# A Firebase installation id: 17 bytes beginning with the bits 0111, base64url, cut to 22 characters
# (firebase.google.com, "Manage Firebase installations"). A registration token is far longer and has a colon.
INSTALLATION_ID = re.compile(r"^[cdef][A-Za-z0-9_-]{21}$")
# The app's Android notification channel for orders: sound, vibration, may pass "do not disturb" where granted.
ANDROID_CHANNEL = "orders"


def build_message(notice: Notice, target: Target, *, details: bool) -> Any:
    """The firebase-admin Message for one device."""
    title = (TITLE_EXERCISE if notice.exercise else TITLE).in_(target.locale)
    body = BODY.in_(target.locale)
    if details:
        title, body = f"{title} · {notice.title.in_(target.locale)}", notice.place.in_(target.locale)
    message = messaging.Message(
        data=_data(notice),
        notification=messaging.Notification(title=title, body=body),
        android=_android(notice),
        apns=_apns(notice, target),
    )
    # Set afterwards: as an argument the library calls a token deprecated, yet apps that did not opt into installation
    # ids still register tokens, and the service takes both.
    setattr(message, "fid" if INSTALLATION_ID.match(target.address) else "token", target.address)
    return message


def _data(notice: Notice) -> dict[str, str]:
    return {
        "type": "order",
        "delivery": str(notice.delivery),
        "key": notice.key,
        "task": str(notice.task),
        "incident": str(notice.incident),
        "room": str(notice.room),
        "grade": str(notice.grade),
        "exercise": "1" if notice.exercise else "0",
        "sent_at_ms": str(notice.sent_at_ms),
    }


def _android(notice: Notice) -> Any:
    # No collapse_key: a device has four of them at a time, and a fifth order would push one out (firebase.google.com,
    # "Collapsible messages"). The tag replaces a repeat on the screen, the key in the data does the rest.
    return messaging.AndroidConfig(
        priority="high",
        ttl=ORDER_TTL_S,
        notification=messaging.AndroidNotification(
            channel_id=ANDROID_CHANNEL,
            tag=notice.key,
            priority="max",
            default_sound=True,
            default_vibrate_timings=True,
            visibility="private",
        ),
    )


def _apns(notice: Notice, target: Target) -> Any:
    # Critical alerts need Apple's grant and the person's; time-sensitive passes a focus mode without either.
    critical = target.critical_alerts
    sound = messaging.CriticalSound(name="default", critical=True, volume=1.0) if critical else "default"
    level = "critical" if critical else "time-sensitive"
    return messaging.APNSConfig(
        headers={"apns-priority": "10", "apns-push-type": "alert", "apns-collapse-id": notice.key},
        payload=messaging.APNSPayload(
            aps=messaging.Aps(
                sound=sound,
                mutable_content=True,
                thread_id=str(notice.incident),
                custom_data={"interruption-level": level},
            )
        ),
    )
