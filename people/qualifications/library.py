"""A starting set of qualification types, each with what it stands on. A plant edits them, or enters its own.

Where the law names no term the source says "plant practice": the months are what such plants usually set themselves.
"""

from __future__ import annotations

from mobile_contract.text import Text
from people.qualifications.type_service import TypeDraft

_PRACTICE = "；有效期：企业惯例 (term: plant practice)"
# Articles 19 and 21: the certificate is valid for six years and reviewed every three.
_SPECIAL_OPERATIONS = (
    "特种作业人员安全技术培训考核管理规定（国家安全监管总局令第30号，2015年第80号令修正）"
    "第十九条、第二十一条 (six years, reviewed every three)"
)
# Article 4: whoever handles dangerous chemicals is trained and examined before they do.
_CHEMICALS = "危险化学品安全管理条例（国务院令第591号，2013年第645号令修订）第四条" + _PRACTICE
_EMERGENCIES = "生产安全事故应急条例（国务院令第708号，2019）" + _PRACTICE
_SPECIAL_TERM = {"validity_months": 72, "review_months": 36, "warn_days": 90}

LIBRARY: tuple[TypeDraft, ...] = (
    TypeDraft(
        "first-aid",
        Text("救护员证（心肺复苏与创伤救护）", "First-aider certificate (CPR and wounds)"),
        ["first_aid"],
        "中国红十字会救护员证，有效期三年 (Red Cross Society of China, first-aider: three years)",
        validity_months=36,
    ),
    TypeDraft(
        "hf-first-response",
        Text("氢氟酸作业与应急处置", "Handling hydrogen fluoride and first response"),
        ["hf_handling"],
        _CHEMICALS,
        validity_months=12,
        warn_days=30,
    ),
    TypeDraft(
        "breathing-apparatus",
        Text("正压式空气呼吸器佩戴与使用", "Wearing self-contained breathing apparatus"),
        ["breathing_apparatus"],
        "GB/T 18664-2002 呼吸防护用品的选择、使用与维护" + _PRACTICE,
        validity_months=12,
        warn_days=30,
    ),
    TypeDraft(
        "special-operations-electrical",
        Text("特种作业操作证（低压电工作业）", "Special-operations certificate (low-voltage electrician)"),
        ["electrical_lockout"],
        _SPECIAL_OPERATIONS,
        **_SPECIAL_TERM,
    ),
    TypeDraft(
        "confined-space-rescue",
        Text("有限空间作业应急救援", "Rescue from confined spaces"),
        ["confined_space_rescue"],
        "工贸企业有限空间作业安全规定（应急管理部令第13号，2023）(training every year)",
        validity_months=12,
        warn_days=30,
    ),
    TypeDraft(
        "fire-brigade",
        Text("志愿消防队员", "Member of the plant's fire brigade"),
        ["fire_fighting"],
        "机关、团体、企业、事业单位消防安全管理规定（公安部令第61号，2001）第三十六条 (training every year)",
        validity_months=12,
        warn_days=30,
    ),
    TypeDraft(
        "solvent-spill-response",
        Text("溶剂泄漏处置", "Solvent spill control"),
        ["solvent_spill"],
        _CHEMICALS,
        validity_months=24,
    ),
    TypeDraft(
        "special-gas-shutdown",
        Text("特气系统切断", "Shutting off special gases"),
        ["gas_shutdown"],
        _CHEMICALS,
        validity_months=24,
    ),
    TypeDraft(
        "machine-rescue",
        Text("机械夹困救援", "Freeing people from machines"),
        ["machine_rescue"],
        _EMERGENCIES,
        validity_months=24,
    ),
    TypeDraft(
        "assembly-marshal",
        Text("疏散集合点清点员", "Marshal of an assembly point"),
        ["marshal"],
        _EMERGENCIES,
        validity_months=24,
    ),
    TypeDraft(
        "incident-commander",
        Text("现场应急指挥", "Incident commander"),
        ["incident_command", "marshal"],
        _EMERGENCIES,
        validity_months=36,
    ),
)
