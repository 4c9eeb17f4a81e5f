"""What the shipped plans are written with: short words for steps, and the sources they come from."""

from __future__ import annotations

from incidents.plans.model import (
    ActionTemplate,
    Condition,
    Confirm,
    LevelIs,
    OutsideCall,
    Phone,
    PlanRole,
    PlanSource,
    StepTemplate,
)
from mobile_contract.text import Text

TAP = Confirm("tap", required=False)
MUST_TAP = Confirm("tap")
TWO = Confirm("second_person")
PHOTO = Confirm("photo", required=False)
SECOND_LEVEL = LevelIs(2)


def do(
    source: str,
    zh: str,
    en: str,
    *,
    when: Condition | None = None,
    confirm: Confirm = Confirm(),  # noqa: B008 - frozen
    within_s: float | None = None,
) -> StepTemplate:
    """One instruction and the key of its source."""
    return StepTemplate(Text(zh, en), when, within_s, confirm, source)


def at_most(high: float, unit: str) -> Confirm:
    """A reading that is written down, and whether it is low enough."""
    return Confirm("value", required=False, unit=unit, high=high)


def at_least(low: float, unit: str) -> Confirm:
    """A reading that is written down, and whether it is high enough."""
    return Confirm("value", required=False, unit=unit, low=low)


def role(slug: str, zh: str, en: str, *skills: str, count: int = 1, moving: bool = False) -> PlanRole:
    """A part for responders with these skills."""
    fact = "moving" if moving else "acknowledged"
    return PlanRole(slug=slug, name=Text(zh, en), skills=skills, count=count, fact=fact)  # type: ignore[arg-type]


FIRST_AIDERS = role("first-aider", "急救员", "First-aider", "first_aid", count=2)
BREATHING_PAIR = role("breathing-pair", "呼吸器双人组", "Pair with breathing apparatus", "breathing_apparatus", count=2)

VENTILATE = ActionTemplate("fan", "start")
SHUT = ActionTemplate("valve", "close")
LIGHTS = ActionTemplate("beacon", "start")
SIREN = ActionTemplate("siren", "sound")
STOP_MACHINES = ActionTemplate("machine_stop", "stop")

_FIRE = (Phone("CN", "119"), Phone("US", "911"), Phone("EU", "112"))
_AMBULANCE = (Phone("CN", "120"), Phone("US", "911"), Phone("EU", "112"))


def call_fire_brigade(zh: str, en: str, when: Condition | None = None) -> OutsideCall:
    """The fire service, and what to say."""
    name = Text("消防队", "fire brigade")
    return OutsideCall(slug="fire-brigade", name=name, phones=_FIRE, say=Text(zh, en), when=when, source="gb-30077")


def call_ambulance(zh: str, en: str, when: Condition | None = None) -> OutsideCall:
    """The ambulance, and what to say."""
    name = Text("急救中心", "ambulance")
    return OutsideCall(slug="ambulance", name=name, phones=_AMBULANCE, say=Text(zh, en), when=when, source="gb-30077")


def _source(key: str, jurisdiction: str, edition: str, source: str) -> PlanSource:
    return PlanSource(key, jurisdiction, edition, source)


SOURCES: dict[str, PlanSource] = {
    source.key: source
    for source in (
        _source("erg-115", "US/CA/MX", "2024", "Emergency Response Guidebook, guide 115: gases, flammable"),
        _source("erg-120", "US/CA/MX", "2024", "Emergency Response Guidebook, guide 120: gases, inert, also refrigerated"),
        _source("erg-123", "US/CA/MX", "2024", "Emergency Response Guidebook, guide 123: gases, toxic"),
        _source("erg-125", "US/CA/MX", "2024", "Emergency Response Guidebook, guide 125: gases, toxic and/or corrosive"),
        _source("erg-127", "US/CA/MX", "2024", "Emergency Response Guidebook, guide 127: flammable liquids, water-miscible"),
        _source("erg-154", "US/CA/MX", "2024", "Emergency Response Guidebook, guide 154: toxic and/or corrosive, non-combustible"),
        _source("niosh-npg", "US", "2020", "NIOSH Pocket Guide to Chemical Hazards, DHHS 2005-149, first aid and respirators"),
        _source("eiga-44", "EU", "44/18", "EIGA Doc 44: Hazards of oxygen-deficient atmospheres"),
        _source("gb-30871", "CN", "2022", "GB 30871 危险化学品企业特殊作业安全规范, confined space and rescue"),
        _source("gb-30077", "CN", "2023", "GB 30077 危险化学品单位应急救援物资配备要求"),
        _source("gb-50493", "CN", "2019", "GB/T 50493 石油化工可燃气体和有毒气体检测报警设计标准"),
        _source("gb-38144", "CN", "2019", "GB/T 38144.1 眼面部防护 应急喷淋和洗眼设备"),
        _source("ansi-z358", "US", "2014", "ANSI/ISEA Z358.1: emergency eyewash and shower equipment, 15 minutes"),
        _source("osha-147", "US", "current", "29 CFR 1910.147: the control of hazardous energy (lock-out/tag-out)"),
        _source("osha-146", "US", "current", "29 CFR 1910.146: permit-required confined spaces, (k) rescue"),
        _source("osha-38", "US", "current", "29 CFR 1910.38: emergency action plans"),
        _source("osha-157", "US", "current", "29 CFR 1910.157: portable fire extinguishers"),
        _source("osha-120", "US", "current", "29 CFR 1910.120(q): emergency response to hazardous substance releases"),
        _source("osha-151", "US", "current", "29 CFR 1910.151: medical services and first aid"),
        _source("nfpa-55", "US", "2023", "NFPA 55: compressed gases and cryogenic fluids code"),
        _source("nfpa-2", "US", "2023", "NFPA 2: hydrogen technologies code"),
        _source("semi-s2", "International", "S2", "SEMI S2: environmental, health and safety guideline for semiconductor equipment"),
        _source("iso-14644-2", "International", "2015", "ISO 14644-2: monitoring of air cleanliness by particle concentration"),
        _source("iso-14644-5", "International", "2004", "ISO 14644-5: cleanroom operations"),
        _source("iso-10816-3", "International", "2009", "ISO 10816-3: mechanical vibration, zones C and D"),
        _source("iec-62682", "International", "2022", "IEC 62682: management of alarm systems for the process industries"),
        _source("ilcor-bls", "International", "2020", "ILCOR consensus on science: adult basic life support"),
    )
}  # fmt: skip


def sources(*keys: str) -> tuple[PlanSource, ...]:
    """The sources a plan's steps name."""
    return tuple(SOURCES[key] for key in keys)
