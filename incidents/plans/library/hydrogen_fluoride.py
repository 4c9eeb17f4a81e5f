"""Hydrogen fluoride: a toxic gas whose burns need calcium gluconate. That treatment is for fluoride and nothing else."""

from incidents.plans.library.parts import (
    BREATHING_PAIR,
    LIGHTS,
    SHUT,
    SIREN,
    TAP,
    VENTILATE,
    call_ambulance,
    call_fire_brigade,
    do,
    role,
    sources,
)
from incidents.plans.model import Evacuation, GradeRule, LevelIs, PlanTemplate, TaskTemplate, Trigger
from mobile_contract.text import Text

PLAN = PlanTemplate(
    slug="hydrogen-fluoride",
    version=1,
    title=Text("氟化氢泄漏：{place}", "Release of hydrogen fluoride: {place}"),
    sources=sources("erg-125", "niosh-npg", "gb-30077", "gb-50493", "osha-120", "semi-s2"),
    triggers=(Trigger(agents=("hydrogen-fluoride",), manual=True),),
    grade_rules=(
        GradeRule(LevelIs(1), 2, Text("氟化氢经皮肤吸收可致命", "Hydrogen fluoride kills through the skin")),
    ),
    roles=(
        BREATHING_PAIR,
        role("hf-handler", "氢氟酸处置员", "HF handler", "hf_handling"),
        role("hf-first-aider", "急救员", "First-aider", "first_aid", count=2),
    ),
    do_nots=(
        Text("没有防酸服和正压式空气呼吸器，不要进入", "Do not enter without an acid suit and breathing apparatus"),
        Text("不要触碰液滴，不痛也会深度烧伤", "Do not touch any drop: it burns deep without pain"),
        Text("接触后即使不痛，也不要等待", "After contact do not wait, even without pain"),
    ),
    tasks=(
        TaskTemplate(
            slug="rescue",
            role="responder",
            title=Text("救出并封闭：{place}", "Rescue and close off: {place}"),
            within_s=300.0,
            steps=(
                do("erg-125", "立即离开{place}，向上风向走", "Leave {place} at once, upwind"),
                do("osha-120", "只有穿防酸服、戴正压式空气呼吸器、两人一组方可返回", "Go back only in an acid suit with breathing apparatus, in pairs", confirm=TAP),
                do("semi-s2", "在门外关闭气源总阀", "Close the main valve of the supply from outside", confirm=TAP, within_s=180.0),
                do("osha-120", "报告：人数、伤员、气源状态", "Report people, injured, state of the supply", confirm=TAP),
            ),
        ),
        TaskTemplate(
            slug="hf-first-aid",
            role="hf-first-aider",
            title=Text("氢氟酸急救：上风向喷淋处", "HF first aid: at the shower upwind"),
            within_s=300.0,
            steps=(
                do("gb-30077", "带 2.5 % 葡萄糖酸钙凝胶到最近的上风向喷淋处", "Take the 2.5 % calcium gluconate gel to the nearest shower upwind", confirm=TAP, within_s=180.0),
                do("erg-125", "边冲水边脱去全部衣物、首饰和手表", "Under the shower take off all clothes, rings and watches"),
                do("erg-125", "有凝胶：冲洗 5 分钟后涂凝胶；没有凝胶：一直冲洗到医生接手", "With gel: rinse 5 minutes, then gel. Without gel: keep rinsing until a doctor takes over"),
                do("erg-125", "戴手套反复揉涂凝胶，一直不停，直到医生接手", "Wear gloves; rub the gel in again and again until a doctor takes over"),
                do("niosh-npg", "眼睛：只用清水冲洗，不要用凝胶", "Eyes: rinse with water only; no gel in the eyes"),
                do("niosh-npg", "吸入：移到新鲜空气处，给氧，立即送医", "Breathed in: fresh air, oxygen, to hospital at once"),
            ),
        ),
        TaskTemplate(
            slug="cordon",
            role="responder",
            title=Text("封锁{place}周边", "Keep people out of {place}"),
            within_s=300.0,
            steps=(
                do("erg-125", "在上风向的入口处设警戒，不让任何人进入", "Stand at the upwind entrance and let nobody in"),
                do("erg-125", "把在场人员带到上风向集合点", "Send those who are there to the assembly point upwind"),
                do("osha-120", "逐人询问：有没有被溅到或闻到", "Ask each one: were you splashed, did you breathe it in"),
            ),
        ),
        TaskTemplate(
            slug="lead",
            role="safety_officer",
            title=Text("指挥：疏散与外援", "Lead: evacuation and outside help"),
            within_s=180.0,
            steps=(
                do("erg-125", "疏散{place}及相邻区域", "Evacuate {place} and the rooms beside it"),
                do("gb-50493", "确认排风与警笛已证实动作", "See that fan and sirens have proved their effect"),
                do("gb-30077", "确认有人带着葡萄糖酸钙在路上", "See that someone is on the way with calcium gluconate", confirm=TAP, within_s=120.0),
            ),
        ),
        TaskTemplate(
            slug="make-safe",
            role="hf-handler",
            title=Text("复测并处置{place}", "Measure again and make {place} safe"),
            within_s=1800.0,
            after=("rescue",),
            steps=(
                do("gb-50493", "在门口复测，低于 2 mg/m³ 方可进入清理", "Measure at the door: below 2 mg/m³ before anyone cleans up"),
                do("erg-125", "用碳酸钙或氢氧化钙中和残液，不要直接冲水", "Neutralise what was spilt with calcium carbonate or lime; no water jet on it"),
            ),
        ),
    ),
    actions=(VENTILATE, SIREN, LIGHTS, SHUT),
    evacuation=Evacuation("adjoining", 1),
    calls=(
        call_ambulance("氢氟酸中毒或烧伤，地点{place}；请带葡萄糖酸钙", "Poisoning or burns by hydrogen fluoride at {place}; bring calcium gluconate"),
        call_fire_brigade("氟化氢泄漏，地点{place}；报风向和上风向入口", "Hydrogen fluoride released at {place}; give the wind and the entrance upwind", LevelIs(2)),
    ),
)  # fmt: skip
