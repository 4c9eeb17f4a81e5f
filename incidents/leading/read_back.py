"""A hand-over of command is heard when it is read back. Pure.

The one who takes over repeats the briefing's numbers (ICS asks for a transfer "face to face, with a briefing"; radio
practice for a read-back of every number). What is repeated wrongly is named, and nothing changes hands.
"""

from __future__ import annotations

import msgspec

from core.errors import Conflict
from incidents.leading.model import Briefing
from mobile_contract.text import Text

NAMES = {
    "grade": Text("等级", "grade"),
    "active_alarms": Text("未恢复报警数", "active alarms"),
    "open_tasks": Text("未完成任务数", "open tasks"),
    "missing": Text("失踪人数", "people missing"),
    "need_help": Text("需要帮助人数", "people who need help"),
}


def check_read_back(said: Briefing, offered: Briefing, now: Briefing) -> None:
    """Raise Conflict unless what was said is what was offered, and that is still how it stands.

    ``handover.changed``: the situation moved on since; read the new briefing. ``handover.read_back``: misheard.
    """
    for field, name in NAMES.items():
        was, stands, heard = getattr(offered, field), getattr(now, field), getattr(said, field)
        if was != stands:
            raise Conflict(
                "handover.changed",
                f"{name.en} changed meanwhile from {was} to {stands}: ask for a new briefing",
                f"{name.zh}已由 {was} 变为 {stands}:请重新交接",
                field=field,
                value=was,
                limit=stands,
            )
        if heard != was:
            raise Conflict(
                "handover.read_back",
                f"{name.en} was read back as {heard}, not {was}",
                f"{name.zh}复述为 {heard},应为 {was}",
                field=field,
                value=heard,
                limit=was,
            )


def as_facts(briefing: Briefing) -> dict[str, int]:
    """The briefing for the record."""
    facts: dict[str, int] = msgspec.structs.asdict(briefing)
    return facts
