"""An order as an FCM message. Pure; what it says is in ``notice_text``."""

from __future__ import annotations

import re
from typing import Any

from firebase_admin import messaging

from realtime.channels import Notice, Target
from realtime.notice_text import lock_screen, notice_data

# An order is worth a push for this long; a phone that comes back later asks for its open orders anyway.
ORDER_TTL_S = 600
# A notice is worth one for a day; a phone that was off for longer finds it in the list.
NOTICE_TTL_S = 86_400
# A Firebase installation id: 17 bytes beginning with the bits 0111, base64url, cut to 22 characters
# (firebase.google.com, "Manage Firebase installations"). A registration token is far longer and has a colon.
INSTALLATION_ID = re.compile(r"^[cdef][A-Za-z0-9_-]{21}$")
# The app's Android notification channel for orders: sound, vibration, may pass "do not disturb" where granted.
ANDROID_CHANNEL = "orders"
# Notices: shown and not rung; the person may silence them without silencing orders.
ANDROID_QUIET_CHANNEL = "notices"


def build_message(notice: Notice, target: Target, *, details: bool) -> Any:
    """The firebase-admin Message for one device."""
    title, body = lock_screen(notice, target.locale, details=details)
    message = messaging.Message(
        data=notice_data(notice),
        notification=messaging.Notification(title=title, body=body),
        android=_android(notice),
        apns=_apns(notice, target),
    )
    # Set afterwards: as an argument the library calls a token deprecated, yet apps that did not opt into installation
    # ids still register tokens, and the service takes both.
    setattr(message, "fid" if INSTALLATION_ID.match(target.address) else "token", target.address)
    return message


def _android(notice: Notice) -> Any:
    if notice.quiet:
        shown = messaging.AndroidNotification(
            channel_id=ANDROID_QUIET_CHANNEL, tag=notice.key, priority="default", visibility="private"
        )
        return messaging.AndroidConfig(priority="normal", ttl=NOTICE_TTL_S, notification=shown)
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
    if notice.quiet:
        aps = messaging.Aps(custom_data={"interruption-level": "passive"})
        # Priority 5: sent with regard to the phone's battery (Apple, "Sending notification requests to APNs").
        headers = {"apns-priority": "5", "apns-push-type": "alert", "apns-collapse-id": notice.key}
        return messaging.APNSConfig(headers=headers, payload=messaging.APNSPayload(aps=aps))
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
