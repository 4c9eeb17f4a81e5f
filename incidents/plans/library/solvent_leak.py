"""A flammable solvent or gas leaks."""

from incidents.plans.library.parts import (
    BREATHING_PAIR,
    LIGHTS,
    SECOND_LEVEL,
    SHUT,
    SIREN,
    TAP,
    VENTILATE,
    at_most,
    call_fire_brigade,
    do,
    role,
    sources,
)
from incidents.plans.model import Evacuation, PlanTemplate, TaskTemplate, Trigger
from mobile_contract.text import Text

PLAN = PlanTemplate(
    slug="solvent-leak",
    version=2,
    title=Text("{agent}泄漏：{place}", "Leak of {agent}: {place}"),
    sources=sources("erg-127", "gb-30077", "gb-50493", "osha-120", "niosh-npg"),
    triggers=(Trigger(hazards=("flammable",), manual=True),),
    roles=(role("spill-team", "溶剂泄漏处置员", "Spill team", "solvent_spill"), BREATHING_PAIR),
    do_nots=(
        Text("不要开关任何电器，不要使用明火", "Do not switch anything on or off; no flames"),
        Text("不要独自进入", "Do not go in alone"),
        Text("浓度高于 25 % LEL 不得进入", "Do not enter above 25 % LEL"),
    ),
    tasks=(
        TaskTemplate(
            slug="stop-leak",
            role="responder",
            title=Text("查看并控制{agent}泄漏：{place}", "Check and stop the leak of {agent}: {place}"),
            within_s=600.0,
            steps=(
                do("niosh-npg", "戴好呼吸防护，穿防静电服，两人同行", "Put on breathing protection and antistatic clothing; go in pairs", confirm=TAP, within_s=180.0),
                do("erg-127", "不开关任何电器，不用手机拍照，消除火源", "Switch nothing on or off; no sparks, no flames"),
                do("gb-50493", "到{place}门口看浓度，高于 25 % LEL 不得进入", "Read the level at the door of {place}: do not enter above 25 % LEL", confirm=at_most(25.0, "%{LEL}")),
                do("erg-127", "关闭泄漏的阀门或扶正容器，用吸附棉覆盖", "Close the leaking valve or right the drum; cover with absorbent"),
                do("osha-120", "退出并报告：已止住／未止住", "Leave and report: stopped or not", confirm=TAP),
            ),
        ),
        TaskTemplate(
            slug="cordon",
            role="responder",
            title=Text("封锁{place}周边", "Keep people out of {place}"),
            within_s=300.0,
            steps=(
                do("erg-127", "在上风向的入口处设警戒，不让任何人进入", "Stand at the upwind entrance and let nobody in"),
                do("erg-127", "把在场人员带到集合点", "Send those who are there to the assembly point"),
                do("osha-120", "清点人数，报告安全主管", "Count them and tell the safety officer"),
            ),
        ),
        TaskTemplate(
            slug="lead",
            role="safety_officer",
            title=Text("指挥：确认排风与人员", "Lead: confirm ventilation and people"),
            within_s=300.0,
            steps=(
                do("gb-50493", "看排风机是否已证实运转，未证实则派人手动开启", "See that the fan has proved it runs; if not, send someone to start it by hand"),
                do("erg-127", "决定是否疏散相邻区域", "Decide whether the rooms beside are evacuated"),
                do("gb-30077", "泄漏未止住或达二级报警：拨打 119", "Not stopped, or second level: call the fire brigade (119 in China)"),
            ),
        ),
    ),
    actions=(VENTILATE, LIGHTS, SIREN, SHUT),
    evacuation=Evacuation("adjoining", 2),
    calls=(call_fire_brigade("{agent}泄漏，地点{place}，有爆炸危险；报厂名、地址、伤员人数", "Leak of {agent} at {place}, it may explode; give the plant's name, address and the number of injured", SECOND_LEVEL),),
)  # fmt: skip
