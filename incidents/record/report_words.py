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
    CommandState.HELD_BACK: (Text("演习，未发出", "drill, held back"), ""),
}


def proof_text(feedback: Mapping[str, Any] | None) -> Text:
    """What ended a command, see ``plant.commands``: a measurement, the device's own word, a fault, a later command."""
    known = feedback or {}
    value, state = known.get("value"), known.get("state")
    amount = "" if value is None else f" {value:g}{'' if known.get('unit') is None else ' ' + str(known['unit'])}"
    if "superseded_by" in known:
        said = Text("被后续命令取代", "called off by a later command")
    elif "fault" in known:
        said = Text(f"设备报告故障：{known['fault']}", f"the device says fault: {known['fault']}")
    elif "sensor" in known:
        said = Text(f"实测{amount}", f"measured{amount}")
    elif state is not None or amount:
        told = f"{state or ''}{amount}".strip()
        said = Text(f"设备报告 {told}", f"the device says {told}")
    else:
        return Text("—", "—")
    return Text(said.zh + "（迟到）", said.en + " (late)") if known.get("late") else said


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
    "roll_call.started": Text("开始疏散点名", "Evacuation and roll call begun"),
    "roll_call.listed": Text("应到人员已列出", "Those expected were listed"),
    "roll_call.widened": Text("疏散范围扩大", "Evacuation widened"),
    "roll_call.marked": Text("人员报告", "People were marked"),
    "roll_call.left": Text("人员经门离开", "People left by a gate"),
    "roll_call.back": Text("离开者重新进入", "People who had left came back in"),
    "roll_call.marshal": Text("指定清点员", "A marshal was appointed"),
    "roll_call.search": Text("开始搜寻", "A search was sent"),
    "evacuation.points": Text("集合点变更", "Where people gather changed"),
    "roll_call.all_clear": Text("解除警报", "All-clear"),
    "roll_call.re_entry": Text("允许返回", "Re-entry allowed"),
    "command.taken": Text("接任指挥", "Command taken"),
    "command.offered": Text("提出交接指挥", "Command offered"),
    "command.handed_over": Text("指挥已交接", "Command handed over"),
    "command.declined": Text("拒绝交接指挥", "Command declined"),
    "command.withdrawn": Text("撤回交接指挥", "Offer of command withdrawn"),
    "objective.set": Text("设定目标", "Objective set"),
    "objective.changed": Text("目标变更", "Objective changed"),
    "resource.added": Text("登记资源", "Resource noted"),
    "resource.changed": Text("资源变更", "Resource changed"),
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
    "route.told": Text("给出路线", "A way was told"),
    "hazard.stated": Text("划定危险区", "Hazard stated"),
    "hazard.restated": Text("危险区更新", "Hazard stated anew"),
    "hazard.ended": Text("危险区解除", "Hazard over"),
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
