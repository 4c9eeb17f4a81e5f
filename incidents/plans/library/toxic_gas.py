"""A toxic gas, or an agent nobody classified, is released."""

from incidents.plans.library.parts import (
    BREATHING_PAIR,
    FIRST_AIDERS,
    LIGHTS,
    SECOND_LEVEL,
    SHUT,
    SIREN,
    TAP,
    VENTILATE,
    call_ambulance,
    call_fire_brigade,
    do,
    sources,
)
from incidents.plans.model import Evacuation, PlanTemplate, TaskTemplate, Trigger
from mobile_contract.text import Text

PLAN = PlanTemplate(
    slug="toxic-gas",
    version=2,
    title=Text("{agent}泄漏：{place}", "Release of {agent}: {place}"),
    sources=sources("erg-123", "erg-125", "niosh-npg", "gb-30077", "gb-30871", "osha-120", "semi-s2"),
    triggers=(Trigger(hazards=("toxic",), manual=True),),
    roles=(BREATHING_PAIR, FIRST_AIDERS),
    do_nots=(
        Text("没有正压式空气呼吸器，不要返回", "Do not go back without self-contained breathing apparatus"),
        Text("不要闻气味判断是否安全", "Do not smell the air to see whether it is safe"),
    ),
    tasks=(
        TaskTemplate(
            slug="rescue",
            role="responder",
            title=Text("救出并封闭：{place}", "Rescue and close off: {place}"),
            within_s=300.0,
            steps=(
                do("erg-123", "立即离开{place}，向上风向走", "Leave {place} at once, upwind"),
                do("osha-120", "只有佩戴正压式空气呼吸器、两人一组方可返回", "Go back only with self-contained breathing apparatus, in pairs", confirm=TAP),
                do("erg-125", "有人接触{agent}：脱去衣物，大量清水冲洗 15 分钟，送医", "Anyone touched by {agent}: clothes off, rinse with water for 15 minutes, to a doctor"),
                do("semi-s2", "关闭气源总阀（在门外操作）", "Close the gas supply's main valve from outside", confirm=TAP, within_s=180.0),
                do("osha-120", "报告：人数、伤员、气源状态", "Report people, injured, state of the supply", confirm=TAP),
            ),
        ),
        TaskTemplate(
            slug="cordon",
            role="responder",
            title=Text("封锁{place}周边", "Keep people out of {place}"),
            within_s=300.0,
            steps=(
                do("erg-123", "在上风向的入口处设警戒，不让任何人进入", "Stand at the upwind entrance and let nobody in"),
                do("erg-123", "把在场人员带到上风向集合点", "Send those who are there to the assembly point upwind"),
                do("osha-120", "清点人数，报告安全主管", "Count them and tell the safety officer"),
            ),
        ),
        TaskTemplate(
            slug="lead",
            role="safety_officer",
            title=Text("指挥：疏散与外援", "Lead: evacuation and outside help"),
            within_s=180.0,
            steps=(
                do("erg-123", "疏散{place}及相邻区域", "Evacuate {place} and the rooms beside it"),
                do("gb-30077", "拨打 119 与 120，说明物质：{agent}", "Call 119 and 120 (or your own numbers); name the agent: {agent}"),
                do("gb-30871", "确认排风与警笛已证实动作", "See that fan and sirens have proved their effect"),
            ),
        ),
        TaskTemplate(
            slug="first-aid",
            role="first-aider",
            title=Text("在上风向接收伤员", "Receive the injured, upwind"),
            within_s=300.0,
            when=SECOND_LEVEL,
            steps=(
                do("niosh-npg", "带急救箱和氧气到上风向集合点", "Take the first-aid kit and oxygen to the assembly point upwind"),
                do("niosh-npg", "没有呼吸：立即心肺复苏，不要口对口", "Not breathing: start chest compressions at once; no mouth to mouth"),
                do("erg-123", "保持安静和温暖，观察 24 小时", "Keep them still and warm; they are watched for 24 hours"),
            ),
        ),
    ),
    actions=(VENTILATE, SIREN, LIGHTS, SHUT),
    evacuation=Evacuation("adjoining", 1),
    calls=(
        call_fire_brigade("有毒气体{agent}泄漏，地点{place}；报风向和上风向入口", "Toxic gas {agent} released at {place}; give the wind and the entrance upwind", SECOND_LEVEL),
        call_ambulance("{agent}中毒，地点{place}；报伤员人数和症状", "Poisoning by {agent} at {place}; give how many and how they are", SECOND_LEVEL),
    ),
)  # fmt: skip
