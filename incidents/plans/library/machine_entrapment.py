"""A person is caught in a machine."""

from incidents.plans.library.parts import (
    FIRST_AIDERS,
    MUST_TAP,
    STOP_MACHINES,
    TAP,
    TWO,
    call_ambulance,
    call_fire_brigade,
    do,
    role,
    sources,
)
from incidents.plans.model import Evacuation, GradeRule, LevelIs, PlanTemplate, TaskTemplate, Trigger
from mobile_contract.text import Text

PLAN = PlanTemplate(
    slug="machine-entrapment",
    version=1,
    title=Text("有人被机器夹住：{place}", "Person caught in a machine: {place}"),
    sources=sources("osha-147", "osha-151", "gb-30077", "ilcor-bls"),
    triggers=(Trigger(manual=True),),
    grade_rules=(GradeRule(LevelIs(1), 2, Text("有人被困，生命受威胁", "A person is trapped: life is at stake")),),
    roles=(
        role("machine-rescue", "机械救援员", "Machine rescue", "machine_rescue", count=2),
        role("lock-out", "停电上锁员", "Lock-out", "electrical_lockout"),
        FIRST_AIDERS,
    ),
    do_nots=(
        Text("不要反转或点动机器", "Do not reverse or jog the machine"),
        Text("不要硬拉被夹的人", "Do not pull the person"),
        Text("未上锁之前，不要把手伸进去", "No hand goes in before it is locked out"),
    ),
    tasks=(
        TaskTemplate(
            slug="lock-out",
            role="lock-out",
            title=Text("停机并上锁：{place}", "Stop the machine and lock it out: {place}"),
            within_s=180.0,
            steps=(
                do("osha-147", "按急停，断开总电源、气源和液压", "Press the emergency stop; isolate power, air and hydraulics", confirm=MUST_TAP, within_s=60.0),
                do("osha-147", "挂牌上锁，泄放残余压力，撑住悬起部件", "Lock and tag, bleed the pressure, block raised parts"),
                do("osha-147", "两人各自确认：试启动不动", "Two people confirm: a try start does nothing", confirm=TWO),
            ),
        ),
        TaskTemplate(
            slug="free",
            role="machine-rescue",
            title=Text("解救被夹的人：{place}", "Free the person: {place}"),
            within_s=900.0,
            after=("lock-out",),
            steps=(
                do("osha-147", "先看锁牌在不在，再动手", "See the lock first, then start"),
                do("osha-147", "拆开或撑开部件，不要反转机器", "Take the parts off or spread them; do not reverse the machine"),
                do("ilcor-bls", "松开前告诉急救员：解压后可能大出血", "Tell the first-aiders before you let go: it may bleed hard"),
                do("osha-151", "报告：已救出", "Report: the person is free", confirm=TAP),
            ),
        ),
        TaskTemplate(
            slug="first-aid",
            role="first-aider",
            title=Text("陪护伤者：{place}", "Care for the person: {place}"),
            within_s=180.0,
            steps=(
                do("osha-151", "一直陪着说话，保暖", "Stay, talk to them, keep them warm"),
                do("ilcor-bls", "大出血：用力直接压迫，必要时上止血带并记时间", "Heavy bleeding: press hard on it; a tourniquet if need be, write the time down"),
                do("ilcor-bls", "没有呼吸：立即心肺复苏", "Not breathing: start resuscitation at once"),
            ),
        ),
        TaskTemplate(
            slug="lead",
            role="safety_officer",
            title=Text("指挥：救护车与现场保护", "Lead: ambulance, and keep the scene as it is"),
            within_s=300.0,
            steps=(
                do("gb-30077", "派人到大门接救护车", "Send someone to the gate for the ambulance"),
                do("osha-147", "除救人外不改变现场", "Change nothing at the scene except to help"),
            ),
        ),
    ),
    actions=(STOP_MACHINES,),
    evacuation=Evacuation("none"),
    calls=(
        call_ambulance("有人被机器夹住，地点{place}；报部位、神志、出血", "A person is caught in a machine at {place}; say which part of the body, awake or not, bleeding"),
        call_fire_brigade("机器夹人需破拆，地点{place}", "Cutting gear is needed to free a person from a machine at {place}"),
    ),
)  # fmt: skip
