"""The phone's own words, in both languages."""

from __future__ import annotations

from mobile_contract.text import Text

GRADES = {
    1: Text("一级（红色）", "Grade I (red)"),
    2: Text("二级（橙色）", "Grade II (orange)"),
    3: Text("三级（黄色）", "Grade III (yellow)"),
    4: Text("四级（蓝色）", "Grade IV (blue)"),
}
STANDINGS = {
    "new": Text("等待答复", "waits for your answer"),
    "late": Text("已超时,仍可接受", "late, you can still take it"),
    "taken": Text("已接受", "taken"),
    "moving": Text("已出发", "on the way"),
    "done": Text("已完成", "done"),
    "declined": Text("已拒绝", "declined"),
    "elsewhere": Text("已转给他人", "given to somebody else"),
    "over": Text("已结束", "over"),
}
INCIDENT_STATES = {
    "open": Text("进行中", "open"),
    "returned": Text("已恢复正常,待关闭", "back to normal, not closed"),
    "closed": Text("已关闭", "closed"),
}
TASK_STATES = {
    "open": Text("待接受", "open"),
    "acknowledged": Text("已接受", "taken"),
    "done": Text("已完成", "done"),
    "unanswered": Text("无人答复", "unanswered"),
    "cancelled": Text("已取消", "cancelled"),
}
ALARM_LETTERS = {
    "A": Text("正常", "normal"),
    "B": Text("报警,未确认", "active, not acknowledged"),
    "C": Text("报警,已确认", "active, acknowledged"),
    "D": Text("已恢复,未确认", "returned, not acknowledged"),
    "E": Text("锁定,未确认", "latched, not acknowledged"),
    "F": Text("锁定,已确认", "latched, acknowledged"),
    "G": Text("已搁置", "shelved"),
    "H": Text("设计抑制", "suppressed by design"),
    "I": Text("停用", "out of service"),
}
# Only a confirmed command is a fact about the plant; every other word says that nothing was proved.
COMMAND_STATES = {
    "requested": Text("已请求,未证实", "requested, no proof yet"),
    "sent": Text("已下发,未证实", "sent, no proof yet"),
    "confirmed": Text("已证实", "proved"),
    "failed": Text("失败,未证实", "failed, no proof"),
    "timed_out": Text("超时,未证实", "no proof in time"),
    "held_back": Text("演习,未发出", "drill, held back"),
}
ACTIONS = {
    "start": Text("启动", "start"),
    "stop": Text("停止", "stop"),
    "sound": Text("鸣响", "sound"),
    "silence": Text("静音", "silence"),
    "open": Text("打开", "open"),
    "close": Text("关闭", "close"),
}
CONFIRMS = {
    "tap": Text("须确认", "to confirm"),
    "photo": Text("须拍照", "to confirm by a photo"),
    "value": Text("须记录数值", "to confirm by a value"),
    "second_person": Text("须两人确认", "to confirm by two persons"),
}
CONFIRMED = Text("已确认", "confirmed")
OPTIONAL = Text("可不确认", "may stay open")
ONE_OF_TWO = Text("还须另一人确认", "one more person has to confirm")
OUT_OF_RANGE = Text("超出范围,未确认", "out of range, not confirmed")
STEP_DUE = Text("限于", "by")
NO_STEP = Text("此任务没有要确认的该步骤", "the task has no such step to confirm")
VALUE_WANTED = Text("此步骤须写明数值：confirm 序号 数值", "this step asks for a number: confirm N VALUE")
PHOTO_WANTED = Text("此步骤须写明照片名：confirm 序号 照片", "this step asks for a photo's name: confirm N PHOTO")
VOTED = Text("票越限", "beyond the limit")
PPE = Text("防护", "Wear")
FIRST_AID = Text("急救", "First aid")
ISOLATE = Text("隔离", "Keep away")
ROLL_CALLS = Text("人员清点", "Roll call")
EXPECTED = Text("应到", "expected")
ACCOUNTED = Text("已到", "accounted")
NEED_HELP = Text("需要帮助", "need help")
LEFT_SITE = Text("已离开", "left")
MISSING = Text("失踪", "missing")
UNSURE = Text("不明", "unsure")
ROLL_CALL_STATES = {
    "open": Text("清点中", "being counted"),
    "all_clear": Text("险情解除", "all clear"),
    "re_entry": Text("可以返回", "re-entry allowed"),
}
NO_ROLL_CALL = Text("现在没有人员清点", "no roll call runs now")
FLOOD = Text("报警风暴", "alarm flood")
INHIBITED = Text("演习,未动作", "drill, nothing moves")
FIRST_OUT = Text("首发", "first out")
EXERCISE = Text("演习", "EXERCISE")
NO_ORDER = Text("没有待办任务", "no order for you")
NOTHING = Text("没有任务,没有事件", "No orders, no incidents.")
ONLINE = Text("在线", "online")
OFFLINE = Text("离线", "OFFLINE")
CONNECTING = Text("正在连接", "connecting")
UNSENT = Text("未发送", "not sent yet")
ANSWER_UNSENT = Text("答复尚未发送", "the answer is not sent yet")
WAITING = Text("个任务等待答复", "waiting for your answer")
BY_PUSH = Text("推送：有紧急任务,连接后显示内容", "by push: an urgent order, its content comes with the line")
NOTICE = Text("通知", "notice")
ORDER = Text("任务", "ORDER")
ALARMS = Text("报警", "Alarms")
COMMANDS = Text("设备动作", "Machines")
TASKS = Text("任务", "Tasks")
ROOM = Text("房间", "Room")
AGENT = Text("物质", "agent")
DEADLINE = Text("期限", "by")
LEFT = Text("剩余", "left")
OVERDUE = Text("已超期", "overdue")
ME = Text("我", "me")
MUSTER = Text("系统", "Muster")
EVERYBODY = Text("全员", "everybody")
NOBODY = Text("无人", "nobody")
REFUSED = Text("被拒绝", "refused")
SENT = Text("已送达", "sent")
SET_ASIDE = Text("服务器不接受,不再重发", "not accepted by the server, not sent again")
NO_TARGET = Text("现在没有可答复的任务", "there is no order to answer now")
NO_ROOM = Text("现在没有房间", "there is no room now")
NO_ALARM = Text("没有待确认的报警", "no alarm waits to be acknowledged")
SIGN_OUT_WAITS = Text(
    "仍有未发送内容或离线,暂不能退出登录",
    "not signed out: the line is down or something is not sent yet",
)
NOT_KEPT = Text("手机记录无法写入磁盘", "the phone's memory can not be written")
HELP_HINT = Text("? 帮助", "? help")
WRITES = {
    "post": Text("消息", "message"),
    "answer": Text("答复", "answer"),
    "receipt": Text("回执", "receipt"),
    "finish": Text("任务完成", "task done"),
    "acknowledge_alarm": Text("确认报警", "alarm acknowledged"),
    "confirm_step": Text("步骤确认", "step"),
    "mark_self": Text("本人状态", "how you are"),
}
ESCALATIONS = {
    "running": Text("正在找人", "being staffed"),
    "met": Text("人员已齐", "enough are coming"),
    "exhausted": Text("无人可派", "nobody is left to ask"),
    "paused": Text("已暂停", "paused"),
    "cancelled": Text("不再找人", "asks nobody"),
}
OBJECTIVES = {
    "open": Text("进行中", "open"),
    "met": Text("已达成", "met"),
    "dropped": Text("已放弃", "dropped"),
}
RESOURCES = {
    "requested": Text("已请求", "requested"),
    "assigned": Text("已指派", "assigned"),
    "on_scene": Text("已到场", "on scene"),
    "released": Text("已撤离", "released"),
}
SOS_OPEN = Text("求救中", "needs help")
SOS_OVER = Text("已解除", "over")
DRILLS = {
    "running": Text("演习进行中", "a drill runs"),
    "finished": Text("演习完成", "the drill is finished"),
    "stopped": Text("演习中止", "the drill was stopped"),
    "time": Text("演习到时", "the drill's time is up"),
    "real_alarm": Text("有真实报警,演习终止", "something real happens, the drill is over"),
}
HAZARD_BANS = Text("禁止进入", "do not enter")
HAZARD_SLOWS = Text("尽量绕行", "keep away if you can")
HAZARD_NOT_NOW = Text("目前没有范围", "nowhere at present")
HAZARD_OVER = Text("已解除", "over")
HAZARD_FORECAST = Text("预测", "forecast")
LEVELS = Text("楼层", "level")
ROUTE_CHANGED = Text("路线已变更", "ROUTE CHANGED")
ROUTE_CAUSES = {
    "given": Text("新路线", "a new way"),
    "hazard": Text("危险区有变化", "the hazard has moved"),
    "passage": Text("门或通道有变化", "a door or stairs changed"),
    "off_route": Text("已偏离原路线", "you left the way"),
    "faster": Text("有更快的路线", "there is a faster way"),
    "next_stop": Text("前往下一处", "on to the next place"),
    "place_known": Text("已知所在位置", "your place is known now"),
    "plan": Text("平面图已更新", "the plan of the place is another"),
    "muster_point": Text("集合点已变更", "another assembly point"),
}
ROUTE_OVER = Text("路线结束", "the way is over")
OFF_ROUTE = Text("已偏离路线", "off the way")
ARRIVED = Text("已到达", "arrived")
ARRIVES = Text("到达时间", "there at")
STILL = Text("还有", "still")
SECONDS = Text("秒", "s")
MINUTES = Text("分钟", "min")
NO_ROUTE = Text("没有可走的路线", "there is no way to walk")
WALKING = Text("正在行走", "walking")
STANDING_STILL = Text("已停下", "standing still")
EVENTS = {
    "incident.opened": Text("事件开启", "incident opened"),
    "incident.regraded": Text("等级变更", "regraded"),
    "incident.returned": Text("恢复正常", "back to normal"),
    "incident.reopened": Text("再次报警", "reopened"),
    "incident.closed": Text("事件关闭", "incident closed"),
    "alarm.joined": Text("新报警", "alarm"),
    "alarm.changed": Text("报警", "alarm"),
    "task.assigned": Text("任务分配", "task given"),
    "task.changed": Text("任务", "task"),
    "task.steps_changed": Text("步骤", "steps"),
    "command.changed": Text("设备动作", "machine"),
    "roll_call.changed": Text("人员清点", "roll call"),
    "flood.started": Text("报警风暴开始", "alarm flood begins"),
    "flood.ended": Text("报警风暴结束", "alarm flood is over"),
    "delivery.changed": Text("送达", "delivery"),
    "escalation.changed": Text("召集", "people"),
    "commander.changed": Text("指挥", "commander"),
    "objective.changed": Text("目标", "objective"),
    "resource.changed": Text("资源", "resource"),
    "route.changed": Text("路线", "route"),
    "evacuation.planned": Text("疏散方案", "evacuation plan"),
    "route.progressed": Text("行进", "on the way"),
    "incident.merged": Text("事件合并", "merged"),
    "incident.split": Text("事件拆分", "split"),
    "sos.changed": Text("求救", "call for help"),
    "drill.changed": Text("演习", "drill"),
    "hazard.changed": Text("危险区", "hazard"),
    "message.posted": Text("消息", "message"),
    "member.joined": Text("加入", "joined"),
    "member.left": Text("离开", "left"),
}


def say(table: dict[str, Text], key: str, locale: str) -> str:
    """The word for a state; a state of a newer server is shown as it is called."""
    return table[key].in_(locale) if key in table else key
