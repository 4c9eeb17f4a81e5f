"""What a push says, whichever service carries it. Pure.

A lock screen is read by whoever stands beside the phone: it says that there is an order and nothing else, unless the
plant's settings allow details. The data part carries ids; the app fetches the order over its own signed-in line.
"""

from __future__ import annotations

from mobile_contract.text import Text
from realtime.channels import Notice

TITLE = Text(zh="紧急任务", en="Urgent order")
TITLE_EXERCISE = Text(zh="演习:紧急任务", en="Exercise: urgent order")
TITLE_TEST = Text(zh="通信测试", en="Test of communications")
TITLE_CHECK_IN = Text(zh="请报平安", en="Check in")
TITLE_NOTICE = Text(zh="通知", en="Notice")
BODY_CHECK_IN = Text(zh="打开应用轻点一下,否则将派人前往", en="Open the app and tap, or somebody is sent")
BODY = Text(zh="请立即打开查看并确认", en="Open it now and answer")
BODY_TEST = Text(zh="收到即可,无需行动", en="Nothing to do: receiving it is enough")

# A lock screen shows half of it; two such lines fit into what a push carries (4096 bytes) in any language.
LINE_MAX_CHARS = 200


def lock_screen(notice: Notice, locale: str, *, details: bool) -> tuple[str, str]:
    """Title and body in the reader's language."""
    if notice.type == "check_in":
        return TITLE_CHECK_IN.in_(locale), BODY_CHECK_IN.in_(locale)
    if notice.type == "test":
        return TITLE_TEST.in_(locale), BODY_TEST.in_(locale)
    if notice.type == "notice":
        title = TITLE_NOTICE.in_(locale)
        return (f"{title} · {notice.title.in_(locale)}", notice.place.in_(locale)) if details else (title, "")
    title = (TITLE_EXERCISE if notice.exercise else TITLE).in_(locale)
    if details:
        return _line(f"{title} · {notice.title.in_(locale)}"), _line(notice.place.in_(locale))
    return title, BODY.in_(locale)


def _line(text: str) -> str:
    return text if len(text) <= LINE_MAX_CHARS else f"{text[: LINE_MAX_CHARS - 1]}…"


def notice_data(notice: Notice) -> dict[str, str]:
    """The data part: ids and no content; strings alone, as FCM wants them."""
    return {
        "type": notice.type,
        "delivery": str(notice.delivery),
        "key": notice.key,
        "task": str(notice.task),
        "incident": str(notice.incident),
        "room": str(notice.room),
        "grade": str(notice.grade),
        "exercise": "1" if notice.exercise else "0",
        "sent_at_ms": str(notice.sent_at_ms),
    }
