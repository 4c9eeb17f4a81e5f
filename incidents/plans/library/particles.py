"""More particles than the clean room's class allows."""

from incidents.plans.library.parts import PHOTO, TAP, do, sources
from incidents.plans.model import Evacuation, LevelIs, PlanTemplate, TaskTemplate, Trigger
from mobile_contract.text import Text

PLAN = PlanTemplate(
    slug="particles",
    version=2,
    title=Text("洁净度超限：{place}", "Particles above the class: {place}"),
    sources=sources("iso-14644-2", "iso-14644-5"),
    triggers=(Trigger(hazards=("particles",), manual=True),),
    tasks=(
        TaskTemplate(
            slug="check",
            role="responder",
            title=Text("检查{place}的压差与过滤", "Check pressure and filters of {place}"),
            within_s=1800.0,
            steps=(
                do("iso-14644-2", "看压差与门是否关好", "Look at the pressure difference and the doors", confirm=TAP),
                do("iso-14644-5", "暂停暴露工序，标记在制品", "Pause open processes, mark the parts in work", confirm=PHOTO),
                do("iso-14644-5", "减少人员走动，停止清扫和开箱", "Fewer people moving; no sweeping, no unpacking"),
                do("iso-14644-2", "换手持计数器在三处复测", "Measure again by hand at three places", when=LevelIs(2)),
            ),
        ),
    ),
    evacuation=Evacuation("none"),
)  # fmt: skip
