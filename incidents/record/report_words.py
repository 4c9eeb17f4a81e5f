"""What a report calls things, in both languages. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mobile_contract.reports import Mark
from mobile_contract.text import Text
from plant.model import CommandState

ENDINGS = {
    "superseded": Text("转交他人", "went to another"),
    "exhausted": Text("未能送达", "not reached"),
    "cancelled": Text("已取消", "cancelled"),
}


TASK_STATES = {
    "open": Text("未接受", "open"),
    "acknowledged": Text("已接受", "taken"),
    "done": Text("完成", "done"),
    "unanswered": Text("无人应答", "nobody answered"),
    "cancelled": Text("已取消", "cancelled"),
}


COMMAND_STATES: dict[CommandState, tuple[Text, Mark]] = {
    CommandState.REQUESTED: (Text("已下达", "requested"), ""),
    CommandState.SENT: (Text("已发送，未证实", "sent, not proven"), "missing"),
    CommandState.CONFIRMED: (Text("已证实", "proven"), "good"),
    CommandState.FAILED: (Text("失败", "failed"), "missing"),
    CommandState.TIMED_OUT: (Text("超时未证实", "no proof in time"), "late"),
    CommandState.HELD_BACK: (Text("未发出", "held back"), ""),
}


ACTION_STATES: dict[str, tuple[Text, Mark]] = {
    "open": (Text("进行中", "open"), ""),
    "overdue": (Text("已逾期", "overdue"), "late"),
    "done": (Text("已完成，待验证", "done, to be verified"), ""),
    "verified": (Text("已验证", "verified"), "good"),
}


# What actuators are asked to do.
COMMAND_ACTIONS = {
    "start": Text("启动", "start"),
    "stop": Text("停止", "stop"),
    "open": Text("打开", "open"),
    "close": Text("关闭", "close"),
    "sound": Text("鸣响", "sound"),
    "silence": Text("消音", "silence"),
}


EVENT_NAMES = {
    "incident.opened": Text("事件开始", "Incident opened"),
    "incident.regraded": Text("等级调整", "Grade changed"),
    "incident.reopened": Text("事件重新开始", "Incident open again"),
    "incident.returned": Text("报警全部恢复", "All alarms normal"),
    "incident.closed": Text("事件关闭", "Incident closed"),
    "alarm.raised": Text("报警触发", "Alarm raised"),
    "alarm.acknowledged": Text("报警确认", "Alarm acknowledged"),
    "alarm.returned": Text("报警恢复", "Alarm returned"),
    "alarm.reraised": Text("报警再次触发", "Alarm raised again"),
    "alarm.retired": Text("报警停用", "Alarm retired"),
    "task.done": Text("任务完成", "Task done"),
    "command.requested": Text("命令下达", "Command requested"),
    "command.sent": Text("命令发送", "Command sent"),
    "command.confirmed": Text("命令证实", "Command proven"),
    "command.failed": Text("命令失败", "Command failed"),
    "command.timed_out": Text("命令超时", "Command not proven in time"),
    "report.signed_off": Text("报告签发", "Report signed off"),
    "lesson.added": Text("记录经验教训", "Lesson written"),
    "action.set": Text("确定整改措施", "Corrective action set"),
}
# Facts a reader can use, and their names; ids and structures stay in the record itself.
_TOLD = {
    "title": Text("", ""),
    "reason": Text("原因", "reason"),
    "note": Text("备注", "note"),
    "action": Text("动作", "action"),
    "value": Text("数值", "value"),
    "unit": Text("单位", "unit"),
    "from": Text("由", "from"),
    "to": Text("至", "to"),
    "number": Text("编号", "number"),
    "content_hash": Text("内容哈希", "content hash"),
}


def tell_facts(facts: Mapping[str, Any]) -> Text:
    """A line's facts as people read them, at most 300 characters."""
    zh, en = [], []
    for key, name in _TOLD.items():
        value = facts.get(key)
        if isinstance(value, dict) and {"zh", "en"} <= value.keys():
            zh.append(f"{name.zh} {value['zh']}".strip())
            en.append(f"{name.en} {value['en']}".strip())
        elif isinstance(value, str | int | float) and value != "":
            zh.append(f"{name.zh} {value}".strip())
            en.append(f"{name.en} {value}".strip())
    return Text("；".join(zh)[:300], "; ".join(en)[:300])
