"""A person calls for help, is down, or a lone worker did not check in."""

from incidents.plans.library.parts import FIRST_AIDERS, TAP, call_ambulance, do, sources
from incidents.plans.model import Evacuation, GradeRule, LevelIs, PlanTemplate, TaskTemplate, Trigger
from mobile_contract.text import Text

PLAN = PlanTemplate(
    slug="sos",
    version=1,
    title=Text("求救：{place}", "Call for help: {place}"),
    sources=sources("ilcor-bls", "osha-151", "eiga-44", "gb-30077"),
    triggers=(Trigger(sos=True, manual=True),),
    priority=20,
    grade_rules=(GradeRule(LevelIs(1), 2, Text("有人求救", "A person calls for help")),),
    roles=(FIRST_AIDERS,),
    do_nots=(
        Text("不要直接冲进去：先看是什么让人倒下", "Do not run in: see first what brought the person down"),
        Text("不要给失去知觉的人喝水", "Give nothing to drink to a person who is not awake"),
    ),
    tasks=(
        TaskTemplate(
            slug="help",
            role="first-aider",
            title=Text("前往救助：{place}", "Go and help: {place}"),
            within_s=180.0,
            steps=(
                do("eiga-44", "先看门口气体读数，异常就不进入，等呼吸器", "Look at the gas reading at the door: if it is wrong, wait for breathing apparatus"),
                do("ilcor-bls", "喊他、拍肩；没有反应就喊人帮忙", "Call, tap the shoulder; no answer: shout for help"),
                do("ilcor-bls", "没有正常呼吸：立即按压，每分钟 100 到 120 次，取 AED", "Not breathing normally: press the chest 100 to 120 times a minute, get the AED"),
                do("osha-151", "报告：神志、呼吸、出血", "Report: awake, breathing, bleeding", confirm=TAP, within_s=180.0),
            ),
        ),
        TaskTemplate(
            slug="lead",
            role="safety_officer",
            title=Text("指挥：联系本人并派救护", "Lead: reach the person, send an ambulance"),
            within_s=120.0,
            steps=(
                do("osha-151", "打电话给本人；没有接听按倒地处理", "Call the person; no answer counts as down"),
                do("gb-30077", "派人到大门接应", "Send someone to the gate"),
            ),
        ),
    ),
    evacuation=Evacuation("none"),
    calls=(call_ambulance("有人倒地，地点{place}；报神志和呼吸", "A person is down at {place}; say whether awake and breathing", LevelIs(2)),),
)  # fmt: skip
