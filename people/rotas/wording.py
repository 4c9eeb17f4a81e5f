"""Why somebody is on duty, or nobody, as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from mobile_contract.text import Text
from people.rotas.on_call import OffBecause, Reason, Roster

_OFF: dict[OffBecause, tuple[str, str]] = {
    "not_begun": ("尚未开始", "has not begun"),
    "ended": ("已结束", "has ended"),
    "between": ("不在班次时间内", "is between two turns"),
    "outside": ("不在限定时段内", "is outside its hours"),
    "short": ("本轮人数不足", "has nobody at this position in this turn"),
}


def explain(roster: Roster, reason: Reason, names: Mapping[UUID, str]) -> Text:
    """The reason in both languages; people by name where ``names`` has it, else by id."""
    who = "" if reason.instead_of is None else names.get(reason.instead_of, str(reason.instead_of))
    match reason.cause:
        case "rotation":
            return _rotation(roster, reason)
        case "holiday":
            return Text(f"节假日 {reason.day} 专门排班", f"set for the holiday of {reason.day}")
        case "override" | "swap":
            return _change(reason, who)
        case "removed":
            return Text(f"无人：{who} 被临时调离", f"nobody: {who} was taken off by an override")
        case "disabled":
            return Text(f"无人：{who} 的账号已停用", f"nobody: the account of {who} is disabled")
        case "nobody":
            return _nobody(roster, reason)


def _rotation(roster: Roster, reason: Reason) -> Text:
    assert reason.layer is not None
    assert reason.turn is not None
    assert reason.since is not None
    layer = roster.definition.layers[reason.layer]
    turns = len(layer.turns)
    since = reason.since.astimezone(roster.zone).strftime("%Y-%m-%d %H:%M")
    zh = f"“{layer.name.zh}”第 {reason.turn % turns + 1}/{turns} 班，{since} 交接"
    en = f"“{layer.name.en}”, turn {reason.turn % turns + 1} of {turns}, handed over {since}"
    if reason.day is not None:
        return Text(f"{zh}；{reason.day} 为节假日，按星期日", f"{en}; {reason.day} is a holiday and counts as a Sunday")
    return Text(zh, en)


def _change(reason: Reason, who: str) -> Text:
    if reason.cause == "swap":
        return Text(f"已同意的换班，替 {who}", f"an accepted swap with {who}")
    if who:
        return Text(f"临时调整，替 {who}", f"an override, instead of {who}")
    return Text("临时增派", "added by an override")


def _nobody(roster: Roster, reason: Reason) -> Text:
    states = [(roster.definition.layers[layer].name, _OFF[off]) for layer, off in reason.off]
    if not states:
        return Text("无人：没有班次覆盖此岗位", "nobody: no layer covers this position")
    zh = "；".join(f"“{name.zh}”{off[0]}" for name, off in states)
    en = "; ".join(f"“{name.en}” {off[1]}" for name, off in states)
    return Text(f"无人：{zh}", f"nobody: {en}")
