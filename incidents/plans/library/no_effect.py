"""An actuator has not proved its effect: a control is missing."""

from incidents.plans.library.parts import TAP, do, sources
from incidents.plans.model import PlanTemplate, TaskTemplate, Trigger
from mobile_contract.text import Text

PLAN = PlanTemplate(
    slug="no-effect",
    version=2,
    title=Text("未证实动作：{place}", "No proof of effect: {place}"),
    sources=sources("iec-62682", "gb-50493", "osha-120"),
    triggers=(Trigger(alarms=("no_effect",)),),
    tasks=(
        TaskTemplate(
            slug="by-hand",
            role="responder",
            title=Text("手动操作{source}：{place}", "Work {source} by hand: {place}"),
            within_s=180.0,
            steps=(
                do("gb-50493", "在安全位置用现场按钮或手轮操作{source}", "Use the local switch or hand wheel of {source}, from a safe place"),
                do("iec-62682", "看、听、摸确认它已动作", "See, hear, feel that it acts", confirm=TAP),
                do("osha-120", "动不了：报告安全主管，改用其他手段", "It does not: tell the safety officer; use another means"),
            ),
        ),
    ),
)  # fmt: skip
