"""A person was splashed by a chemical."""

from incidents.plans.library.parts import FIRST_AIDERS, TAP, call_ambulance, do, sources
from incidents.plans.model import AgentIs, Evacuation, PlanTemplate, TaskTemplate, Trigger
from mobile_contract.text import Text

_HF = AgentIs(("hydrogen-fluoride",))

PLAN = PlanTemplate(
    slug="chemical-splash",
    version=1,
    title=Text("化学品溅到人：{place}", "Chemical splash on a person: {place}"),
    sources=sources("gb-38144", "ansi-z358", "erg-154", "erg-125", "niosh-npg", "osha-151", "gb-30077"),
    triggers=(Trigger(manual=True),),
    roles=(FIRST_AIDERS,),
    do_nots=(
        Text("不要等医生来了才冲洗", "Do not wait for a doctor before rinsing"),
        Text("不要用酸碱中和皮肤上的化学品", "Do not neutralise anything on the skin with acid or alkali"),
        Text("不要揉眼睛", "Do not rub the eyes"),
    ),
    tasks=(
        TaskTemplate(
            slug="rinse",
            role="first-aider",
            title=Text("立即冲洗伤者：{place}", "Rinse the person at once: {place}"),
            within_s=120.0,
            steps=(
                do("gb-38144", "10 秒内带到最近的喷淋或洗眼器", "To the nearest shower or eyewash within 10 seconds", confirm=TAP, within_s=60.0),
                do("ansi-z358", "连续冲洗至少 15 分钟，边冲边脱衣服", "Rinse for at least 15 minutes; take the clothes off under the water"),
                do("ansi-z358", "眼睛：用手撑开眼皮，一直冲", "Eyes: hold the lids open and keep rinsing"),
                do("erg-125", "氢氟酸：冲 5 分钟后涂葡萄糖酸钙凝胶；没有凝胶就一直冲", "Hydrogen fluoride: rinse 5 minutes, then calcium gluconate gel; without gel keep rinsing", when=_HF),
                do("niosh-npg", "带上容器标签或安全技术说明书送医", "Send the label or safety data sheet along to the doctor", confirm=TAP),
            ),
        ),
        TaskTemplate(
            slug="contain",
            role="responder",
            title=Text("控制溅出物：{place}", "Contain what was spilt: {place}"),
            within_s=600.0,
            steps=(
                do("erg-154", "戴手套、护目镜和防护服", "Put on gloves, goggles and a suit"),
                do("erg-154", "让其他人离开，关闭来源", "Send the others away, shut the source"),
                do("erg-154", "用合适的吸附物围堵，不要冲进下水道", "Dam it with the right absorbent; keep it out of the drain"),
            ),
        ),
        TaskTemplate(
            slug="lead",
            role="safety_officer",
            title=Text("指挥：查明化学品并送医", "Lead: find out what it was, get them to a doctor"),
            within_s=300.0,
            steps=(
                do("osha-151", "查明化学品名称和浓度", "Find out which chemical and how strong"),
                do("osha-151", "确认有人陪同伤者", "See that somebody stays with the person"),
                do("gb-30077", "氢氟酸：确认急救员带着葡萄糖酸钙", "Hydrogen fluoride: see that the first-aiders have calcium gluconate", when=_HF),
            ),
        ),
    ),
    evacuation=Evacuation("none"),
    calls=(
        call_ambulance("{agent}溅伤，地点{place}；报部位、已冲洗多久", "Splashed by {agent} at {place}; say where on the body and how long it was rinsed"),
    ),
)  # fmt: skip
