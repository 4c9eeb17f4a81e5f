"""A sensor is silent: nobody knows, which is not the same as normal."""

from incidents.plans.library.parts import TAP, do, sources
from incidents.plans.model import PlanTemplate, TaskTemplate, Trigger
from mobile_contract.text import Text

PLAN = PlanTemplate(
    slug="no-data",
    version=2,
    title=Text("传感器无数据：{place}", "No data from a sensor: {place}"),
    sources=sources("gb-50493", "iec-62682", "osha-120"),
    triggers=(Trigger(alarms=("stale", "discrepancy")),),
    tasks=(
        TaskTemplate(
            slug="check",
            role="responder",
            title=Text("{place}传感器无数据：当作有危险处理", "A sensor of {place} is silent: act as if there were danger"),
            within_s=900.0,
            steps=(
                do("gb-50493", "带便携式检测仪去{place}，在门口测量", "Take a portable detector to {place} and measure at the door", confirm=TAP),
                do("iec-62682", "检查供电、网线与探头", "Check power, network and the sensor head"),
                do("osha-120", "恢复前由人定时测量并记录", "Until it is back, measure by hand at set times and write it down"),
            ),
        ),
    ),
)  # fmt: skip
