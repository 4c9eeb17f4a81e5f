"""What stops a use case of presence."""

from __future__ import annotations

from core.errors import Conflict, Invalid, NotFound


def not_found(what: str, value: object, *, field: str = "id") -> NotFound:
    """There is no such door, badge, visit, person, site, zone or controller in this tenant."""
    name = {
        "door": "门",
        "badge": "门禁卡",
        "visit": "来访记录",
        "account": "账号",
        "site": "站点",
        "zone": "区域",
        "device": "设备",
    }[what]
    return NotFound(f"{what}.not_found", f"there is no such {what}", f"没有此{name}", field=field, value=str(value))


def badge_taken(number: str) -> Conflict:
    """Somebody else holds the card in that time."""
    return Conflict(
        "badge.taken",
        f"badge {number} is somebody else's in that time",
        f"门禁卡 {number} 在该时段已分配给他人",
        field="number",
        value=number,
    )


def wrong_order(field: str, value: object, limit: object) -> Invalid:
    """An end before its beginning."""
    return Invalid(
        "presence.wrong_order",
        f"{field} {value} is not after {limit}",
        f"{field} {value} 须晚于 {limit}",
        field=field,
        value=str(value),
        limit=str(limit),
    )
