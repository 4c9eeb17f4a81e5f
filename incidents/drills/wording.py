"""What people read of drills, in both languages. Pure."""

from __future__ import annotations

from incidents.drills.model import EndedWhy, GoalName, GoalScore, Overall
from mobile_contract.text import Text

# The words that everybody in a drill's room reads when something real happens.
REAL = Text(
    "这是真实警情：演习结束，立即停止演习动作", "This is real: the exercise is over, stop whatever belongs to it"
)
ENDED: dict[EndedWhy, Text] = {
    "finished": Text("演习结束", "The exercise is over"),
    "stopped": Text("演习已中止", "The exercise was stopped"),
    "time": Text("演习时间已到，演习结束", "The exercise's time is up: it is over"),
    "real_alarm": Text("因真实警情终止", "Ended by something real"),
}
OVERALL: dict[Overall, Text] = {
    "passed": Text("全部达标", "Passed: every goal was met"),
    "partly": Text("部分达标", "Partly: some goals were met"),
    "failed": Text("未达标", "Failed: no goal was met"),
    "unscored": Text("未评定", "Not scored: no goal had its time"),
}
GOALS: dict[GoalName, Text] = {
    "receipt": Text("送达本人设备", "Orders on people's devices"),
    "acknowledge": Text("任务被接受", "Tasks taken"),
    "quorum": Text("人数与技能到位", "People and skills complete"),
    "accounted": Text("人员清点完毕", "Everyone accounted for"),
}


def show_s(seconds: float | None) -> Text:
    """Seconds to a tenth; a dash where it never was."""
    if seconds is None:
        return Text("—", "—")
    return Text(f"{seconds:.1f} 秒", f"{seconds:.1f} s")


def says(goal: GoalScore) -> Text:
    """One goal's result as a sentence, with its margin."""
    limit = f"{goal.limit_s:g}"
    if goal.result == "undecided":
        return Text(f"时限 {limit} 秒未到演习已结束", f"the drill ended before its {limit} s were up")
    if goal.took_s is None or goal.margin_s is None:
        return Text(f"{limit} 秒内未达到", f"not reached within {limit} s")
    if goal.result == "met":
        return Text(
            f"{goal.took_s:.1f} 秒达到，余 {goal.margin_s:.1f} 秒",
            f"reached in {goal.took_s:.1f} s, {goal.margin_s:.1f} s to spare",
        )
    return Text(
        f"{goal.took_s:.1f} 秒达到，超 {-goal.margin_s:.1f} 秒",
        f"reached in {goal.took_s:.1f} s, {-goal.margin_s:.1f} s late",
    )
