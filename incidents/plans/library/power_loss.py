"""The power is gone: exhaust, scrubbers and doors may be gone with it."""

from incidents.plans.library.parts import TAP, do, sources
from incidents.plans.model import Evacuation, PlanTemplate, TaskTemplate, Trigger
from mobile_contract.text import Text

PLAN = PlanTemplate(
    slug="power-loss",
    version=1,
    title=Text("停电：{place}", "Power loss: {place}"),
    sources=sources("osha-38", "nfpa-55", "semi-s2", "gb-30077", "osha-147", "iso-14644-5"),
    triggers=(Trigger(agents=("mains-power", "power"), manual=True),),
    do_nots=(
        Text("排风停了，不要留在有气体或溶剂的房间", "Do not stay in rooms with gas or solvent: the exhaust is off"),
        Text("不要乘电梯", "Do not use lifts"),
        Text("来电前不要伸手进停下的机器", "No hand in a machine that stopped: it may start again"),
    ),
    tasks=(
        TaskTemplate(
            slug="make-safe",
            role="responder",
            title=Text("停气停工：{place}", "Shut gas and stop work: {place}"),
            within_s=600.0,
            steps=(
                do("nfpa-55", "关闭特种气体和溶剂供应", "Shut the special gases and the solvent supply", confirm=TAP, within_s=300.0),
                do("semi-s2", "停止湿法和加热工序，盖好槽体", "Stop wet and hot processes; cover the baths"),
                do("osha-147", "停下的机器切到“关”，避免来电自启动", "Switch stopped machines off, so that they do not start by themselves"),
            ),
        ),
        TaskTemplate(
            slug="people",
            role="responder",
            title=Text("带人离开无通风区域", "Bring people out of rooms without ventilation"),
            within_s=600.0,
            steps=(
                do("osha-38", "用手电查看电梯、更衣室和洁净室", "Take a torch; look into lifts, changing rooms and clean rooms"),
                do("osha-38", "带到集合点并清点", "Bring them to the assembly point and count"),
            ),
        ),
        TaskTemplate(
            slug="lead",
            role="safety_officer",
            title=Text("指挥：备用电源与恢复", "Lead: emergency power and coming back"),
            within_s=600.0,
            steps=(
                do("semi-s2", "确认应急电源带起排风、洗涤塔和气体报警", "See that emergency power carries exhaust, scrubbers and gas alarms", confirm=TAP),
                do("gb-30077", "未带起：疏散有气体的区域", "It does not: evacuate the areas with gas"),
                do("iso-14644-5", "来电后先恢复排风，再恢复供气，最后恢复生产", "When it is back: exhaust first, then gas, then production"),
            ),
        ),
    ),
    evacuation=Evacuation("zone", 2),
)  # fmt: skip
