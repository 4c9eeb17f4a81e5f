"""What a person can be asked to do because they were trained for it: codes and their names. Pure.

Plans and escalation policies name skills by these codes; qualifications give them (see ``service``). A plant may add
codes of its own: a code is 1 to 63 of a-z 0-9 and _.
"""

from __future__ import annotations

from mobile_contract.text import Text

SKILLS: dict[str, Text] = {
    "first_aid": Text("急救", "First aid"),
    "hf_handling": Text("氢氟酸作业", "Handling hydrogen fluoride"),
    "breathing_apparatus": Text("正压式空气呼吸器", "Self-contained breathing apparatus"),
    "electrical_lockout": Text("电气停电挂牌上锁", "Electrical lock-out and tag-out"),
    "fire_fighting": Text("灭火", "Fire fighting"),
    "confined_space_rescue": Text("有限空间救援", "Rescue from confined spaces"),
    "solvent_spill": Text("溶剂泄漏处置", "Solvent spill control"),
    "gas_shutdown": Text("特气切断", "Shutting off special gases"),
    "machine_rescue": Text("机械夹困救援", "Freeing people from machines"),
    "marshal": Text("疏散集合点清点", "Counting at an assembly point"),
    "incident_command": Text("现场指挥", "Incident command"),
}


def skill_name(code: str) -> Text:
    """The skill's name for people; a plant's own code is its own name."""
    return SKILLS.get(code, Text(code, code))
