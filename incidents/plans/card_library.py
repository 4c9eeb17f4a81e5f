"""The agent cards that come with Muster, by agent: data, each figure with its source.

Hazard statements: Regulation (EC) 1272/2008 (CLP), annex VI, harmonised classification; ozone as notified to ECHA.
IDLH (immediately dangerous to life or health): NIOSH. Isolation: Emergency Response Guidebook 2024, the orange guides.
For gases that are toxic to breathe its tables 1 and 3 (day and night, downwind) are to be added by the plant from its own
copy: a figure that was not checked is not shipped.
"""

from __future__ import annotations

from mobile_contract.agent_cards import (
    CardBody,
    CardText,
    Detection,
    FirstAid,
    HazardPhrase,
    Isolation,
    Pictogram,
    Route,
)

_CLP = "Regulation (EC) 1272/2008, annex VI"
_IDLH = "NIOSH IDLH values"
_ERG = "ERG 2024"

_PHRASES: dict[str, tuple[str, str]] = {
    "H220": ("极易燃气体", "Extremely flammable gas"),
    "H221": ("易燃气体", "Flammable gas"),
    "H225": ("高度易燃液体和蒸气", "Highly flammable liquid and vapour"),
    "H270": ("可引起或加剧燃烧；氧化剂", "May cause or intensify fire; oxidiser"),
    "H280": ("内装加压气体；遇热可能爆炸", "Contains gas under pressure; may explode if heated"),
    "H281": ("内装冷冻气体；可造成低温灼伤", "Contains refrigerated gas; may cause cryogenic burns"),
    "H300": ("吞咽致命", "Fatal if swallowed"),
    "H310": ("皮肤接触致命", "Fatal in contact with skin"),
    "H314": ("造成严重皮肤灼伤和眼损伤", "Causes severe skin burns and eye damage"),
    "H315": ("造成皮肤刺激", "Causes skin irritation"),
    "H319": ("造成严重眼刺激", "Causes serious eye irritation"),
    "H330": ("吸入致命", "Fatal if inhaled"),
    "H331": ("吸入会中毒", "Toxic if inhaled"),
    "H335": ("可能造成呼吸道刺激", "May cause respiratory irritation"),
    "H336": ("可能造成昏睡或眩晕", "May cause drowsiness or dizziness"),
    "H360D": ("可能对胎儿造成伤害", "May damage the unborn child"),
    "H372": ("长期或反复接触会损害器官", "Causes damage to organs through prolonged exposure"),
    "H400": ("对水生生物毒性极大", "Very toxic to aquatic life"),
}

_BREATHING = CardText("正压式空气呼吸器", "Self-contained breathing apparatus")
_GLOVES = CardText("耐化学品手套和护目镜", "Chemical-resistant gloves and goggles")
_ANTISTATIC = CardText("防静电服和防静电鞋", "Antistatic clothing and shoes")
_ACID_SUIT = CardText("全身防酸服、氯丁或丁基手套、面屏", "Full acid suit, neoprene or butyl gloves, face shield")
_COLD = CardText("防冻手套和面屏", "Cryogenic gloves and a face shield")

_AIR = FirstAid(
    "inhaled",
    CardText(
        "移到新鲜空气处，平躺，保暖；没有呼吸就按压",
        "To fresh air, lie down, keep warm; not breathing: start compressions",
    ),
)
_RINSE = FirstAid("skin", CardText("脱去衣物，清水冲洗 15 分钟", "Clothes off, rinse with water for 15 minutes"))
_EYES = FirstAid("eyes", CardText("撑开眼皮，清水冲洗 15 分钟", "Hold the lids open, rinse with water for 15 minutes"))
_NO_SPARK = CardText("不要开关电器，不要使用明火", "Do not switch anything on or off; no flames")
_NO_ENTRY = CardText("没有空气呼吸器不要进入", "Do not enter without breathing apparatus")
_OXIDISERS = CardText("氧化剂、浓硝酸、过氧化物", "Oxidisers, strong nitric acid, peroxides")


def _aid(route: Route, zh: str, en: str) -> FirstAid:
    return FirstAid(route, CardText(zh, en))


def _idlh(ppm: float) -> Detection:
    return Detection(CardText("立即威胁生命或健康", "Immediately dangerous to life or health"), ppm, "[ppm]", _IDLH)


def _lel(percent: float) -> Detection:
    return Detection(CardText("爆炸下限", "Lower explosive limit"), percent, "%", "IEC 60079-20-1:2010, table B.1")


def _isolation(guide: int, initial_m: float, downwind_large_km: float | None = None) -> tuple[Isolation, ...]:
    near = Isolation("any", initial_m, f"{_ERG}, guide {guide}")
    if downwind_large_km is None:
        return (near,)
    far = Isolation("large", initial_m, f"{_ERG}, guide {guide}, large spill", downwind_large_km, downwind_large_km)
    return (near, far)


def _card(
    zh: str,
    en: str,
    cas: str | None,
    un: str | None,
    pictograms: tuple[Pictogram, ...],
    codes: tuple[str, ...],
    *,
    ppe: tuple[CardText, ...],
    first_aid: tuple[FirstAid, ...],
    isolation: tuple[Isolation, ...] = (),
    incompatible: tuple[CardText, ...] = (),
    detection: tuple[Detection, ...] = (),
    do_nots: tuple[CardText, ...] = (),
    source: str = _CLP,
) -> CardBody:
    return CardBody(
        name=CardText(zh, en),
        cas=cas,
        un=un,
        pictograms=pictograms,
        hazards=tuple(HazardPhrase(code, CardText(*_PHRASES[code])) for code in codes),
        ppe=ppe,
        first_aid=first_aid,
        isolation=isolation,
        incompatible=incompatible,
        detection=detection,
        do_nots=do_nots,
        sources=(source, "NIOSH Pocket Guide to Chemical Hazards", _ERG),
    )


def _solvent(zh: str, en: str, cas: str, un: str, codes: tuple[str, ...], idlh: float, lel: float) -> CardBody:
    return _card(
        zh,
        en,
        cas,
        un,
        ("GHS02", "GHS07"),
        codes,
        ppe=(_BREATHING, _GLOVES, _ANTISTATIC),
        first_aid=(_AIR, _RINSE, _EYES),
        isolation=_isolation(127, 50.0, 0.3),
        incompatible=(_OXIDISERS,),
        detection=(_idlh(idlh), _lel(lel)),
        do_nots=(_NO_SPARK,),
    )


CARDS: dict[str, CardBody] = {
    "acetone": _solvent("丙酮", "Acetone", "67-64-1", "1090", ("H225", "H319", "H336"), 2500.0, 2.5),
    "ethanol": _solvent("乙醇", "Ethanol", "64-17-5", "1170", ("H225", "H319"), 3300.0, 3.1),
    "isopropanol": _solvent("异丙醇", "Isopropanol", "67-63-0", "1219", ("H225", "H319", "H336"), 2000.0, 2.0),
    "hydrogen": _card(
        "氢气", "Hydrogen", "1333-74-0", "1049", ("GHS02", "GHS04"), ("H220", "H280"),
        ppe=(_BREATHING, _ANTISTATIC),
        first_aid=(_AIR,),
        isolation=_isolation(115, 100.0, 0.8),
        incompatible=(CardText("氧气、氯气、其他氧化剂", "Oxygen, chlorine, other oxidisers"),),
        detection=(_lel(4.0),),
        do_nots=(_NO_SPARK, CardText("不要走近找漏点：火焰看不见", "Do not walk up to find the leak: the flame can not be seen")),
    ),
    "flammable-gas": _card(
        "可燃气体", "Flammable gas", None, None, ("GHS02", "GHS04"), ("H220", "H280"),
        ppe=(_BREATHING, _ANTISTATIC),
        first_aid=(_AIR,),
        isolation=_isolation(115, 100.0, 0.8),
        incompatible=(_OXIDISERS,),
        do_nots=(_NO_SPARK,),
    ),
    "hydrogen-fluoride": _card(
        "氟化氢", "Hydrogen fluoride", "7664-39-3", "1052", ("GHS05", "GHS06"), ("H300", "H310", "H330", "H314"),
        ppe=(_BREATHING, _ACID_SUIT),
        first_aid=(
            _aid("skin", "边冲边脱衣物；冲 5 分钟后反复涂 2.5 % 葡萄糖酸钙凝胶；没有凝胶就一直冲", "Clothes off under water; rinse 5 minutes, then 2.5 % calcium gluconate gel again and again; without gel keep rinsing"),
            _aid("eyes", "只用清水冲洗，不用凝胶", "Rinse with water only, no gel"),
            _aid("inhaled", "新鲜空气、给氧，立即送医，即使没有症状", "Fresh air, oxygen, to hospital at once, also without symptoms"),
        ),
        isolation=_isolation(125, 100.0),
        incompatible=(CardText("玻璃、金属、碱、水（放热）", "Glass, metals, alkalis, water (heat)"),),
        detection=(_idlh(30.0),),
        do_nots=(_NO_ENTRY, CardText("不痛也不要等待", "Do not wait, even without pain")),
    ),
    "carbon-monoxide": _card(
        "一氧化碳", "Carbon monoxide", "630-08-0", "1016", ("GHS02", "GHS06", "GHS08"), ("H220", "H331", "H360D", "H372"),
        ppe=(_BREATHING,),
        first_aid=(_aid("inhaled", "新鲜空气、给纯氧，送医", "Fresh air, pure oxygen, to hospital"),),
        isolation=_isolation(119, 100.0),
        incompatible=(CardText("氧化剂、卤素", "Oxidisers, halogens"),),
        detection=(_idlh(1200.0),),
        do_nots=(_NO_ENTRY, CardText("不要靠气味判断：无色无味", "Do not trust your nose: it has no smell"), _NO_SPARK),
    ),
    "ammonia": _card(
        "氨", "Ammonia", "7664-41-7", "1005", ("GHS04", "GHS05", "GHS06", "GHS09"), ("H221", "H331", "H314", "H400"),
        ppe=(_BREATHING, _ACID_SUIT),
        first_aid=(_EYES, _RINSE, _AIR),
        isolation=_isolation(125, 100.0),
        incompatible=(CardText("氯气、次氯酸盐、酸、汞", "Chlorine, hypochlorites, acids, mercury"),),
        detection=(_idlh(300.0),),
        do_nots=(_NO_ENTRY, CardText("不要把水直接喷到液氨上", "No water jet onto liquid ammonia")),
    ),
    "chlorine": _card(
        "氯气", "Chlorine", "7782-50-5", "1017", ("GHS03", "GHS04", "GHS06", "GHS09"), ("H270", "H331", "H315", "H319", "H335", "H400"),
        ppe=(_BREATHING, _ACID_SUIT),
        first_aid=(_AIR, _EYES, _RINSE),
        isolation=_isolation(124, 100.0),
        incompatible=(CardText("氨、氢气、溶剂、油脂", "Ammonia, hydrogen, solvents, grease"),),
        detection=(_idlh(10.0),),
        do_nots=(_NO_ENTRY, CardText("不要走低处：氯气比空气重", "Do not go low: it is heavier than air")),
    ),
    "hydrogen-chloride": _card(
        "氯化氢", "Hydrogen chloride", "7647-01-0", "1050", ("GHS04", "GHS05", "GHS06"), ("H331", "H314"),
        ppe=(_BREATHING, _ACID_SUIT),
        first_aid=(_AIR, _RINSE, _EYES),
        isolation=_isolation(125, 100.0),
        incompatible=(CardText("碱、金属、胺", "Alkalis, metals, amines"),),
        detection=(_idlh(50.0),),
        do_nots=(_NO_ENTRY,),
    ),
    "ozone": _card(
        "臭氧", "Ozone", "10028-15-6", None, ("GHS03", "GHS06"), ("H270", "H330", "H315", "H319", "H335"),
        ppe=(_BREATHING,),
        first_aid=(_aid("inhaled", "新鲜空气，静卧，观察：肺水肿可能数小时后出现", "Fresh air, rest; watch them: the lungs may fill hours later"), _EYES),
        incompatible=(CardText("有机物、还原剂、橡胶", "Organic matter, reducing agents, rubber"),),
        detection=(_idlh(5.0),),
        do_nots=(_NO_ENTRY,),
        source="ECHA C&L inventory, notified classification",
    ),
    "hydrogen-sulfide": _card(
        "硫化氢", "Hydrogen sulfide", "7783-06-4", "1053", ("GHS02", "GHS04", "GHS06", "GHS09"), ("H220", "H330", "H400"),
        ppe=(_BREATHING,),
        first_aid=(_AIR, _EYES),
        isolation=_isolation(117, 100.0),
        incompatible=(_OXIDISERS,),
        detection=(_idlh(100.0),),
        do_nots=(_NO_ENTRY, CardText("闻不到不代表安全：它使嗅觉失灵", "No smell is no safety: it numbs the nose"), _NO_SPARK),
    ),
    "oxygen": _card(
        "氧气", "Oxygen", "7782-44-7", "1072", ("GHS03", "GHS04"), ("H270", "H280"),
        ppe=(CardText("低于 19.5 %：正压式空气呼吸器", "Below 19.5 %: self-contained breathing apparatus"), CardText("高于 23.5 %：干净无油的衣物", "Above 23.5 %: clean clothes without oil")),
        first_aid=(_AIR,),
        isolation=_isolation(122, 100.0),
        incompatible=(CardText("油脂、溶剂、可燃物", "Oil, grease, solvents, anything that burns"),),
        detection=(
            Detection(CardText("缺氧", "Oxygen-deficient below"), 19.5, "%", "29 CFR 1910.146"),
            Detection(CardText("富氧", "Oxygen-enriched above"), 23.5, "%", "29 CFR 1910.146"),
        ),
        do_nots=(_NO_ENTRY, CardText("富氧时不要有任何火花", "No spark at all where there is too much")),
    ),
    "nitrogen": _card(
        "氮气", "Nitrogen", "7727-37-9", "1977", ("GHS04",), ("H280", "H281"),
        ppe=(_BREATHING, _COLD),
        first_aid=(
            _AIR,
            _aid("skin", "冻伤：用温水慢慢复温，不要揉搓", "Frostbite: warm it slowly in lukewarm water, do not rub"),
        ),
        isolation=_isolation(120, 100.0),
        detection=(Detection(CardText("此氧浓度以下不得进入", "Do not enter below this oxygen"), 19.5, "%", "EIGA Doc 44/18"),),
        do_nots=(_NO_ENTRY, CardText("不要进坑和地下室：冷氮气往下沉", "Do not go into pits and cellars: cold nitrogen sinks")),
    ),
}  # fmt: skip
