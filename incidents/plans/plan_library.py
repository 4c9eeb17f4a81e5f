"""The plan templates that come with Muster: what to do, who does it, which actuators move. Data, versioned.

A change of a template's content is a new version: incidents keep the version they were bound from (plan_templates).
Sources of the steps: ERG 2024 guides 127 (flammable, polar solvents) and 125 (corrosive gases); GB 30077-2013 (emergency
supplies), AQ/T 9007 (exercise of plans); for oxygen EIGA Doc 44/18; for machines ISO 10816-3 zones C and D.
"""

from __future__ import annotations

from typing import Any

import msgspec

from incidents.alarms.agents import Hazard, hazard_of
from mobile_contract.room import Step
from mobile_contract.text import Text


class TaskTemplate(msgspec.Struct, frozen=True):
    """One person's part. ``within_s``: to be done after the alarm; ``from_level``: given from this alarm level on."""

    role: str
    title: Text
    steps: tuple[Text, ...]
    within_s: float
    from_level: int = 1

    def numbered(self) -> list[Step]:
        """The steps as an order shows them."""
        return [Step(n, text) for n, text in enumerate(self.steps, start=1)]


class ActionTemplate(msgspec.Struct, frozen=True):
    """What every actuator of a kind near the alarm does, from an alarm level on."""

    kind: str
    action: str
    from_level: int = 1


class PlanTemplate(msgspec.Struct, frozen=True):
    """A plan before it is bound to a place and a moment. ``title`` and texts may hold ``{place}``, ``{agent}``,
    ``{source}``."""

    slug: str
    version: int
    title: Text
    tasks: tuple[TaskTemplate, ...]
    actions: tuple[ActionTemplate, ...] = ()
    evacuate_from_level: int | None = None


_CORDON = TaskTemplate(
    "responder",
    Text("封锁{place}周边", "Keep people out of {place}"),
    (
        Text("在上风向的入口处设警戒，不让任何人进入", "Stand at the upwind entrance and let nobody in"),
        Text("把在场人员带到集合点", "Send those who are there to the assembly point"),
        Text("清点人数，报告安全主管", "Count them and tell the safety officer"),
    ),
    300.0,
)

FLAMMABLE = PlanTemplate(
    "solvent-leak",
    1,
    Text("{agent}泄漏：{place}", "Leak of {agent}: {place}"),
    (
        TaskTemplate(
            "responder",
            Text("查看并控制{agent}泄漏：{place}", "Check and stop the leak of {agent}: {place}"),
            (
                Text("戴好呼吸防护，穿防静电服，两人同行", "Put on breathing protection and antistatic clothing; go in pairs"),
                Text("不开关任何电器，不用手机拍照，消除火源", "Switch nothing on or off; no sparks, no flames"),
                Text("到{place}门口看浓度，高于 25 % LEL 不得进入", "Read the level at the door of {place}: do not enter above 25 % LEL"),
                Text("关闭泄漏的阀门或扶正容器，用吸附棉覆盖", "Close the leaking valve or right the drum; cover with absorbent"),
                Text("退出并报告：已止住／未止住", "Leave and report: stopped or not"),
            ),
            600.0,
        ),
        _CORDON,
        TaskTemplate(
            "safety_officer",
            Text("指挥：确认排风与人员", "Lead: confirm ventilation and people"),
            (
                Text("看排风机是否已证实运转，未证实则派人手动开启", "See that the fan has proved it runs; if not, send someone to start it by hand"),
                Text("决定是否疏散相邻区域", "Decide whether the rooms beside are evacuated"),
                Text("泄漏未止住或达二级报警：拨打 119", "Not stopped, or second level: call the fire brigade (119 in China)"),
            ),
            300.0,
        ),
    ),
    (
        ActionTemplate("fan", "start"),
        ActionTemplate("beacon", "start"),
        ActionTemplate("siren", "sound"),
        ActionTemplate("valve", "close"),
    ),
    evacuate_from_level=2,
)  # fmt: skip

TOXIC = PlanTemplate(
    "toxic-gas",
    1,
    Text("{agent}泄漏：{place}", "Release of {agent}: {place}"),
    (
        TaskTemplate(
            "responder",
            Text("救出并封闭：{place}", "Rescue and close off: {place}"),
            (
                Text("立即离开{place}，向上风向走", "Leave {place} at once, upwind"),
                Text("只有佩戴正压式空气呼吸器、两人一组方可返回", "Go back only with self-contained breathing apparatus, in pairs"),
                Text("有人接触{agent}：脱去衣物，大量清水冲洗 15 分钟，送医", "Anyone touched by {agent}: clothes off, rinse with water for 15 minutes, to a doctor"),
                Text("关闭气源总阀（在门外操作）", "Close the gas supply's main valve from outside"),
                Text("报告：人数、伤员、气源状态", "Report people, injured, state of the supply"),
            ),
            300.0,
        ),
        _CORDON,
        TaskTemplate(
            "safety_officer",
            Text("指挥：疏散与外援", "Lead: evacuation and outside help"),
            (
                Text("疏散{place}及相邻区域", "Evacuate {place} and the rooms beside it"),
                Text("拨打 119 与 120，说明物质：{agent}", "Call 119 and 120 (or your own numbers); name the agent: {agent}"),
                Text("确认排风与警笛已证实动作", "See that fan and sirens have proved their effect"),
            ),
            180.0,
        ),
    ),
    (
        ActionTemplate("fan", "start"),
        ActionTemplate("siren", "sound"),
        ActionTemplate("beacon", "start"),
        ActionTemplate("valve", "close"),
    ),
    evacuate_from_level=1,
)  # fmt: skip

OXYGEN = PlanTemplate(
    "oxygen",
    1,
    Text("氧气浓度异常：{place}", "Oxygen out of limits: {place}"),
    (
        TaskTemplate(
            "responder",
            Text("疏散{place}，不得贸然进入", "Clear {place}; do not walk in"),
            (
                Text("从门口喊话，让里面的人出来", "Call people out from the door"),
                Text("低于 19.5 %：无空气呼吸器不得进入，看不见、闻不到", "Below 19.5 %: nobody enters without breathing apparatus; it has no smell"),
                Text("高于 23.5 %：消除火源，油污衣物易燃", "Above 23.5 %: no flames or sparks; oily clothing burns"),
                Text("关闭氮气、氩气或氧气的供气阀", "Close the supply of nitrogen, argon or oxygen"),
            ),
            300.0,
        ),
        TaskTemplate(
            "safety_officer",
            Text("指挥：确认通风与人员", "Lead: confirm ventilation and people"),
            (
                Text("确认排风已证实运转", "See that the fan has proved it runs"),
                Text("有人倒下：带呼吸器的两人一组施救，拨打 120", "Someone down: a pair with breathing apparatus goes; call 120"),
            ),
            300.0,
        ),
    ),
    (ActionTemplate("fan", "start"), ActionTemplate("beacon", "start"), ActionTemplate("siren", "sound", 2)),
    evacuate_from_level=1,
)  # fmt: skip

MACHINE = PlanTemplate(
    "machine-vibration",
    1,
    Text("振动超限：{place}", "Vibration above its limit: {place}"),
    (
        TaskTemplate(
            "responder",
            Text("检查{source}：{place}", "Check {source}: {place}"),
            (
                Text("到机旁听声、测温，不伸手进防护罩", "Listen and feel for heat at the machine; no hand behind the guard"),
                Text("一级：降低负荷，安排检修", "First level: reduce the load, plan a repair"),
                Text("二级：停机、挂牌上锁，通知维修", "Second level: stop it, lock and tag it, call maintenance"),
            ),
            1800.0,
        ),
    ),
)  # fmt: skip

PARTICLES = PlanTemplate(
    "particles",
    1,
    Text("洁净度超限：{place}", "Particles above the class: {place}"),
    (
        TaskTemplate(
            "responder",
            Text("检查{place}的压差与过滤", "Check pressure and filters of {place}"),
            (
                Text("看压差与门是否关好", "Look at the pressure difference and the doors"),
                Text("暂停暴露工序，标记在制品", "Pause open processes, mark the parts in work"),
            ),
            1800.0,
        ),
    ),
)  # fmt: skip

NO_DATA = PlanTemplate(
    "no-data",
    1,
    Text("传感器无数据：{place}", "No data from a sensor: {place}"),
    (
        TaskTemplate(
            "responder",
            Text("{place}传感器无数据：当作有危险处理", "A sensor of {place} is silent: act as if there were danger"),
            (
                Text("带便携式检测仪去{place}，在门口测量", "Take a portable detector to {place} and measure at the door"),
                Text("检查供电、网线与探头", "Check power, network and the sensor head"),
                Text("恢复前由人定时测量并记录", "Until it is back, measure by hand at set times and write it down"),
            ),
            900.0,
        ),
    ),
)  # fmt: skip

NO_EFFECT = PlanTemplate(
    "no-effect",
    1,
    Text("未证实动作：{place}", "No proof of effect: {place}"),
    (
        TaskTemplate(
            "responder",
            Text("手动操作{source}：{place}", "Work {source} by hand: {place}"),
            (
                Text("在安全位置用现场按钮或手轮操作{source}", "Use the local switch or hand wheel of {source}, from a safe place"),
                Text("看、听、摸确认它已动作", "See, hear, feel that it acts"),
                Text("动不了：报告安全主管，改用其他手段", "It does not: tell the safety officer; use another means"),
            ),
            180.0,
        ),
    ),
)  # fmt: skip

TEMPLATES = {t.slug: t for t in (FLAMMABLE, TOXIC, OXYGEN, MACHINE, PARTICLES, NO_DATA, NO_EFFECT)}

_BY_HAZARD: dict[Hazard, PlanTemplate] = {
    "flammable": FLAMMABLE,
    "toxic": TOXIC,
    "asphyxiant": OXYGEN,
    "machine": MACHINE,
    "particles": PARTICLES,
}


def choose_template(kind: str, agent: str | None) -> PlanTemplate:
    """The plan for an alarm; an agent nobody classified is treated as toxic, the more careful of the two."""
    if kind in ("stale", "discrepancy"):
        return NO_DATA
    if kind == "no_effect":
        return NO_EFFECT
    hazard = hazard_of(agent)
    return _BY_HAZARD[hazard] if hazard is not None else TOXIC


def bind_text(text: Text, place: Text, agent: Text, source: Text) -> Text:
    """The text with its place, agent and source filled in."""
    return Text(
        _upper(text.zh.format(place=place.zh, agent=agent.zh, source=source.zh)),
        _upper(text.en.format(place=place.en, agent=agent.en, source=source.en)),
    )


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def as_stored(template: PlanTemplate) -> dict[str, Any]:
    """The template as plan_templates keeps it."""
    plain: dict[str, Any] = msgspec.to_builtins(template)
    return plain
