"""Fire: seen by a detector or called in by a person."""

from incidents.plans.library.parts import (
    LIGHTS,
    SIREN,
    STOP_MACHINES,
    TAP,
    call_ambulance,
    call_fire_brigade,
    do,
    role,
    sources,
)
from incidents.plans.model import Evacuation, GradeRule, LevelIs, PeopleAre, PlanTemplate, TaskTemplate, Trigger
from mobile_contract.text import Text

PLAN = PlanTemplate(
    slug="fire",
    version=1,
    title=Text("火灾：{place}", "Fire: {place}"),
    sources=sources("osha-38", "osha-157", "gb-30077", "nfpa-55"),
    triggers=(Trigger(agents=("smoke", "flame", "heat", "fire"), manual=True),),
    priority=10,
    grade_rules=(
        GradeRule(LevelIs(1), 2, Text("火灾蔓延以分钟计", "Fire spreads within minutes")),
        GradeRule(LevelIs(2), 1, Text("火势无法控制", "The fire is out of control")),
    ),
    roles=(
        role("fire-fighter", "灭火员", "Fire-fighter", "fire_fighting", count=2),
        role("marshal", "疏散引导员", "Marshal", "marshal"),
    ),
    do_nots=(
        Text("不要乘电梯", "Do not use lifts"),
        Text("不要返回取物", "Do not go back for anything"),
        Text("不要打开发烫的门", "Do not open a door that is hot"),
        Text("不要用水扑救溶剂、电气或金属火灾", "No water on solvents, electrical or metal fires"),
    ),
    tasks=(
        TaskTemplate(
            slug="evacuate",
            role="marshal",
            title=Text("疏散{place}所在建筑", "Clear the building of {place}"),
            within_s=300.0,
            steps=(
                do("osha-38", "大声喊“着火了，离开”，打开逃生门", "Shout “Fire, get out”, open the escape doors"),
                do("osha-38", "逐间查看，弯腰走，随手关门", "Look into each room, stay low, close the doors behind you"),
                do("osha-38", "到集合点清点人数，报告缺谁", "Count at the assembly point; say who is missing", confirm=TAP),
            ),
        ),
        TaskTemplate(
            slug="fight",
            role="fire-fighter",
            title=Text("初期灭火：{place}", "First attack on the fire: {place}"),
            within_s=180.0,
            steps=(
                do("osha-157", "两人一组，背对出口；火比您高就撤离", "Go in pairs, keep the exit behind you; if the fire is taller than you, leave"),
                do("nfpa-55", "能在外面关断的先关断：气源、溶剂、电源", "Shut off what you can from outside: gas, solvent, power"),
                do("osha-157", "一具灭火器没有扑灭：关门离开", "One extinguisher did not do it: close the door and leave"),
                do("osha-38", "报告：已灭／未灭", "Report: out or not", confirm=TAP),
            ),
        ),
        TaskTemplate(
            slug="lead",
            role="safety_officer",
            title=Text("指挥：疏散、断气断电、接应消防", "Lead: evacuation, supplies off, meet the fire brigade"),
            within_s=300.0,
            steps=(
                do("osha-38", "确认疏散警报已响", "See that the alarm sounds"),
                do("gb-30077", "关闭通往火场的通风和可燃气体", "Stop ventilation and flammable gas to the fire"),
                do("gb-30077", "把平面图、化学品清单和失踪名单交给消防队", "Give the fire brigade the floor plan, the list of chemicals and who is missing"),
            ),
        ),
    ),
    actions=(SIREN, LIGHTS, STOP_MACHINES),
    evacuation=Evacuation("building", 1),
    calls=(
        call_fire_brigade("着火，地点{place}；报厂名、地址、燃烧物、是否有人被困", "Fire at {place}; give the plant's name, address, what burns, whether anyone is trapped"),
        call_ambulance("火灾伤员，地点{place}；报人数", "Injured by fire at {place}; give how many", PeopleAre(1)),
    ),
)  # fmt: skip
