"""What is said before the first step: what not to do, and that no way is safe. Pure."""

from __future__ import annotations

import math

from core.errors import Invalid
from geo.instructions.amounts import about
from geo.instructions.model import Caution, CautionKind, Directions, LeastHarm
from mobile_contract.text import Text

CAUTIONS: dict[CautionKind, Text] = {
    "no_lift": Text("不要乘电梯", "Do not use lifts"),
    "keep_upwind": Text("保持在上风侧，不要穿过烟雾和气味", "Keep upwind; do not walk through smoke or smell"),
    "wear_mask": Text("全程戴好面罩", "Keep your mask on all the way"),
    "stay_low": Text("有烟时弯腰低姿前进", "Where there is smoke, stay low"),
    "do_not_return": Text("不要返回取物", "Do not go back for anything"),
}


def warnings(directions: Directions) -> list[Text]:
    """Everything to know before the first step, the worst first. Raises Invalid for a caution without words and a dose
    that is no number."""
    harm = directions.least_harm
    return ([] if harm is None else [least_harm(harm)]) + [_caution(caution) for caution in directions.cautions]


def _caution(caution: Caution) -> Text:
    words = caution.text or CAUTIONS.get(caution.kind)
    if words is None or not words.zh.strip() or not words.en.strip():
        raise Invalid(
            "geo.caution_empty",
            "a caution has words in both languages",
            "注意事项须有中英文内容",
            field="cautions",
            value=caution.kind,
        )
    return words


def least_harm(harm: LeastHarm) -> Text:
    """That no way is safe, and what this one costs; a dose is rounded up, never down."""
    time = about(harm.exposed_ms)
    dose = _dose(harm)
    mask = Text("（按全程戴面罩计）", " (with the mask on)") if harm.masked else Text("", "")
    return Text(
        f"没有安全路线。这条路线伤害最小：在{harm.agent.zh}中停留{time.zh}，{dose.zh}{mask.zh}",
        f"No route is safe. This one does the least harm: {time.en} in {harm.agent.en}, {dose.en}{mask.en}",
    )


def _dose(harm: LeastHarm) -> Text:
    share, limit = harm.dose_share, harm.limit
    if share is None or limit is None:
        return Text("吸入剂量未知", "dose not known")
    if not math.isfinite(share) or share < 0:
        raise Invalid(
            "geo.dose_invalid",
            "a dose is a share of its limit, 0 or more",
            "剂量须为限值的非负比例",
            field="dose_share",
            value=str(share),
            limit=0,
        )
    if share >= 1:
        times = math.ceil(round(share * 10, 6)) / 10
        return Text(
            f"剂量约为{limit.zh}的{times:.1f}倍，超过限值", f"about {times:.1f} times {limit.en}, over the limit"
        )
    percent = math.ceil(round(share * 100, 6))
    if percent > 10:
        percent = 5 * math.ceil(percent / 5)
    return Text(f"剂量约为{limit.zh}的{percent}%", f"about {percent} % of {limit.en}")
