"""A machine vibrates above its limit."""

from incidents.plans.library.parts import TAP, do, sources
from incidents.plans.model import PlanTemplate, TaskTemplate, Trigger
from mobile_contract.text import Text

PLAN = PlanTemplate(
    slug="machine-vibration",
    version=2,
    title=Text("振动超限：{place}", "Vibration above its limit: {place}"),
    sources=sources("iso-10816-3", "osha-147"),
    triggers=(Trigger(hazards=("machine",), manual=True),),
    do_nots=(Text("不要把手伸进防护罩", "No hand behind the guard"),),
    tasks=(
        TaskTemplate(
            slug="check",
            role="responder",
            title=Text("检查{source}：{place}", "Check {source}: {place}"),
            within_s=1800.0,
            steps=(
                do("iso-10816-3", "到机旁听声、测温，不伸手进防护罩", "Listen and feel for heat at the machine; no hand behind the guard"),
                do("iso-10816-3", "一级：降低负荷，安排检修", "First level: reduce the load, plan a repair"),
                do("osha-147", "二级：停机、挂牌上锁，通知维修", "Second level: stop it, lock and tag it, call maintenance", confirm=TAP),
            ),
        ),
    ),
)  # fmt: skip
