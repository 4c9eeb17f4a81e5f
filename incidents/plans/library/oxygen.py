"""Oxygen out of limits: nitrogen, argon or a cryogen took its place, or there is too much of it."""

from incidents.plans.library.parts import (
    BREATHING_PAIR,
    LIGHTS,
    SECOND_LEVEL,
    TAP,
    VENTILATE,
    at_least,
    call_ambulance,
    do,
    sources,
)
from incidents.plans.model import (
    ActionTemplate,
    AlarmIs,
    Evacuation,
    NotOf,
    PlanTemplate,
    TaskTemplate,
    Trigger,
)
from mobile_contract.text import Text

# A person who starts the plan does not say which way it is: both are shown.
_HIGH = NotOf(AlarmIs(("low",)))
_LOW = NotOf(AlarmIs(("high",)))

PLAN = PlanTemplate(
    slug="oxygen",
    version=2,
    title=Text("氧气浓度异常：{place}", "Oxygen out of limits: {place}"),
    sources=sources("eiga-44", "nfpa-55", "gb-30871", "osha-146", "ilcor-bls", "gb-30077"),
    triggers=(Trigger(hazards=("asphyxiant",), manual=True),),
    roles=(BREATHING_PAIR,),
    do_nots=(
        Text("不要进去救人：没有空气呼吸器，您也会倒下", "Do not run in to help: without breathing apparatus you fall too"),
        Text("不要用过滤式面罩，它不供氧", "Do not trust a filter mask: it gives no oxygen"),
        Text("不要碰低温液体和结霜的管道", "Do not touch cryogenic liquid or frosted pipes"),
    ),
    tasks=(
        TaskTemplate(
            slug="clear",
            role="responder",
            title=Text("疏散{place}，不得贸然进入", "Clear {place}; do not walk in"),
            within_s=300.0,
            steps=(
                do("eiga-44", "从门口喊话，让里面的人出来", "Call people out from the door"),
                do("eiga-44", "低于 19.5 %：无空气呼吸器不得进入，看不见、闻不到", "Below 19.5 %: nobody enters without breathing apparatus; it has no smell", when=_LOW),
                do("nfpa-55", "高于 23.5 %：消除火源，油污衣物易燃", "Above 23.5 %: no flames or sparks; oily clothing burns", when=_HIGH),
                do("nfpa-55", "关闭氮气、氩气或氧气的供气阀", "Close the supply of nitrogen, argon or oxygen", confirm=TAP, within_s=180.0),
                do("gb-30871", "在门口测氧，19.5 % 以上方可进入", "Measure oxygen at the door: 19.5 % or more before anyone enters", when=_LOW, confirm=at_least(19.5, "%")),
            ),
        ),
        TaskTemplate(
            slug="lead",
            role="safety_officer",
            title=Text("指挥：确认通风与人员", "Lead: confirm ventilation and people"),
            within_s=300.0,
            steps=(
                do("eiga-44", "确认排风已证实运转", "See that the fan has proved it runs"),
                do("osha-146", "有人倒下：带呼吸器的两人一组施救，拨打 120", "Someone down: a pair with breathing apparatus goes; call 120"),
            ),
        ),
        TaskTemplate(
            slug="rescue",
            role="breathing-pair",
            title=Text("佩戴呼吸器搜救：{place}", "Search {place} with breathing apparatus"),
            within_s=300.0,
            when=SECOND_LEVEL,
            steps=(
                do("osha-146", "两人佩戴正压式空气呼吸器，系救生绳，一人在门外", "Two with breathing apparatus on a lifeline, one more stays at the door", confirm=TAP, within_s=180.0),
                do("eiga-44", "先看低处和坑内：冷的气体往下沉", "Look low and in pits first: cold gas sinks"),
                do("ilcor-bls", "救出后没有呼吸：立即心肺复苏", "Brought out and not breathing: start resuscitation at once"),
            ),
        ),
    ),
    actions=(VENTILATE, LIGHTS, ActionTemplate("siren", "sound", 2), ActionTemplate("valve", "close", 2)),
    evacuation=Evacuation("zone", 1),
    calls=(call_ambulance("缺氧窒息，地点{place}；报人数，是否有呼吸", "Suffocation at {place}; give how many and whether they breathe", SECOND_LEVEL),),
)  # fmt: skip
