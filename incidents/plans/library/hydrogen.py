"""Hydrogen leaks: it burns with a flame nobody sees."""

from incidents.plans.library.parts import (
    LIGHTS,
    SECOND_LEVEL,
    SHUT,
    SIREN,
    TAP,
    VENTILATE,
    call_fire_brigade,
    do,
    role,
    sources,
)
from incidents.plans.model import Evacuation, GradeRule, LevelIs, PlanTemplate, TaskTemplate, Trigger
from mobile_contract.text import Text

PLAN = PlanTemplate(
    slug="hydrogen",
    version=1,
    title=Text("氢气泄漏：{place}", "Leak of hydrogen: {place}"),
    sources=sources("erg-115", "nfpa-2", "gb-50493", "gb-30077", "osha-120"),
    triggers=(Trigger(agents=("hydrogen",), manual=True),),
    grade_rules=(GradeRule(LevelIs(2), 1, Text("氢气达二级，极易点燃", "Hydrogen at the second level: it lights at almost nothing")),),
    roles=(role("gas-shutdown", "特气切断员", "Gas shut-off", "gas_shutdown"),),
    do_nots=(
        Text("不要开关任何电器，不要使用手机和对讲机", "Do not switch anything on or off; no phones, no radios inside"),
        Text("不要扑灭着火的氢气，先断气", "Do not put out burning hydrogen: shut the supply first"),
        Text("不要靠近找漏点：火焰看不见", "Do not walk up to find the leak: the flame can not be seen"),
    ),
    tasks=(
        TaskTemplate(
            slug="shut-off",
            role="gas-shutdown",
            title=Text("在外部切断氢气：{place}", "Shut the hydrogen off from outside: {place}"),
            within_s=300.0,
            steps=(
                do("nfpa-2", "在室外切断阀或汇流排处关闭氢气", "Close the hydrogen at the valve or manifold outside", confirm=TAP, within_s=120.0),
                do("nfpa-2", "看压力表下降，确认已断气", "See the pressure fall: the supply is shut"),
                do("osha-120", "报告：已断气／未断气", "Report: shut or not", confirm=TAP),
            ),
        ),
        TaskTemplate(
            slug="cordon",
            role="responder",
            title=Text("撤离并封锁{place}", "Clear {place} and keep people out"),
            within_s=300.0,
            steps=(
                do("erg-115", "让所有人立即离开，四周至少 100 米", "Everybody out at once, 100 m away in every direction"),
                do("erg-115", "消除一切火源和静电，不开关电灯", "No sparks, no static, no light switches"),
                do("erg-115", "清点人数，报告安全主管", "Count them and tell the safety officer"),
            ),
        ),
        TaskTemplate(
            slug="lead",
            role="safety_officer",
            title=Text("指挥：确认断气与通风", "Lead: confirm supply shut and ventilation"),
            within_s=300.0,
            steps=(
                do("nfpa-2", "确认排风已证实运转，氢气积在屋顶下", "See that the fan has proved it runs: hydrogen gathers under the roof"),
                do("gb-50493", "低于 10 % LEL 前不准任何人返回", "Nobody goes back above 10 % LEL"),
            ),
        ),
    ),
    actions=(VENTILATE, SHUT, SIREN, LIGHTS),
    evacuation=Evacuation("adjoining", 1),
    calls=(call_fire_brigade("氢气泄漏，地点{place}，有爆炸危险；火焰看不见", "Hydrogen leak at {place}, it may explode; the flame can not be seen", SECOND_LEVEL),),
)  # fmt: skip
