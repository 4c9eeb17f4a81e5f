"""What a plan says to people: when everyone is out, how good that is, and why somebody is cut off. Pure."""

from __future__ import annotations

import math

from geo.evacuation.certificate import Certificate
from geo.evacuation.model import EvacuationPlan, Reason
from mobile_contract.text import Text

REASONS: dict[Reason, Text] = {
    "no_way": Text("没有可通行的疏散路线", "No open way leads out from there"),
    "no_room": Text("可到达的出口已满", "The exits within reach are full"),
    "way_shuts": Text("轮到之前，危险将封住所有路线", "The hazard closes every way before their turn"),
    "too_late": Text("一天之内无法撤出", "Not out within a day"),
}


def clearing_text(plan: EvacuationPlan) -> Text:
    """How many are out by when, and how many are cut off."""
    out, cut_off = int((plan.party >= 0).sum()), len(plan.cut_off)
    minutes, seconds = divmod(math.ceil(plan.cleared_ms / 1000), 60)
    zh = f"预计 {minutes} 分 {seconds} 秒内 {out} 人全部撤出"
    en = f"{out} people are expected out within {minutes} min {seconds} s"
    if cut_off:
        return Text(f"{zh}；{cut_off} 人无法撤出，需要救援", f"{en}; {cut_off} are cut off and need rescue")
    return Text(zh, en)


def certificate_text(certificate: Certificate) -> Text:
    """By how much the plan can be from the best possible, at the most."""
    if certificate.cleared_ms <= certificate.bound_ms:
        return Text("没有更快的方案", "No plan is faster")
    if certificate.excess is None:
        return Text("尚无可比的下限", "There is no bound to compare with")
    # Rounded up: what it claims is sure.
    tenths = math.ceil(certificate.excess * 1000) / 10
    return Text(f"最多比最优方案慢 {tenths:g} %", f"At most {tenths:g} % slower than the best possible")
