"""What is wrong with a matrix, named by row and column. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Literal
from uuid import UUID

import msgspec

from incidents.alarms.agents import AGENTS, hazard_of
from incidents.matrix.effects import DAY_MINUTES
from incidents.matrix.model import Cause, Cell, Effect, MatrixBody
from mobile_contract.text import Text

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
# An effect that comes later than this is no protection; a plan's step is.
DELAY_MAX_S = 3600.0
# Actions that end a protection: moved by a matrix they may undo what somebody else needs.
LETS_GO = frozenset({"stop", "silence", "open"})


class Finding(msgspec.Struct, frozen=True):
    """One thing wrong. An error keeps the matrix from being reviewed; ``row`` and ``column`` are slugs where it is
    about one."""

    severity: Literal["error", "warning"]
    code: str
    row: str | None
    column: str | None
    text: Text


class KnownRule(msgspec.Struct, frozen=True):
    """What is asked of a rule: its zone, level, and whether it is about something toxic."""

    zone: UUID
    level: int
    toxic: bool


class KnownActuator(msgspec.Struct, frozen=True):
    """What is asked of an actuator: its kind, the actions it proves, whether it is in use."""

    kind: str
    actions: frozenset[str]
    in_use: bool


class KnownPlant(msgspec.Struct, frozen=True):
    """What there is in the site; ``groups`` are its voting groups, ``plans`` the slugs of plans in force."""

    rules: Mapping[UUID, KnownRule]
    zones: frozenset[UUID]
    actuators: Mapping[UUID, KnownActuator]
    groups: frozenset[UUID]
    plans: frozenset[str]


def check(body: MatrixBody, plant: KnownPlant) -> list[Finding]:
    """Everything that is wrong, rows first, then columns, then cells."""
    found = [*_names(body)]
    for cause in body.causes:
        found += _cause(cause, plant)
    for effect in body.effects:
        found += _effect(effect, plant)
    found += _cells(body)
    found += _conflicts(body)
    found += _leads_somewhere(body, plant)
    return found


# What a draft may not even hold: ids of things that are not in the site.
UNKNOWN = frozenset({"cause.rule", "cause.vote", "cause.zone", "effect.actuator", "effect.zone"})


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether one of them keeps the matrix from being used."""
    return any(f.severity == "error" for f in findings)


def _error(code: str, row: str | None, column: str | None, zh: str, en: str) -> Finding:
    return Finding("error", code, row, column, Text(zh, en))


def _warning(code: str, row: str | None, column: str | None, zh: str, en: str) -> Finding:
    return Finding("warning", code, row, column, Text(zh, en))


def _names(body: MatrixBody) -> list[Finding]:
    found = []
    for kind, zh, slugs in (
        ("cause", "原因", Counter(c.slug for c in body.causes)),
        ("effect", "结果", Counter(e.slug for e in body.effects)),
    ):
        for slug, count in slugs.items():
            row, column = (slug, None) if kind == "cause" else (None, slug)
            if count > 1:
                twice = f"{kind} {slug} is there twice"
                found.append(_error(f"{kind}.twice", row, column, f"{zh} {slug} 重复", twice))
            if not _SLUG.fullmatch(slug):
                found.append(
                    _error(
                        f"{kind}.slug", row, column, f"{zh}代号 {slug!r} 只能用小写字母、数字和连字符",
                        f"{kind} {slug!r}: small letters, digits and hyphens, 63 at most",
                    )
                )  # fmt: skip
    return found


def _cause(cause: Cause, plant: KnownPlant) -> list[Finding]:
    row = cause.slug
    forms = [form is not None for form in (cause.rule, cause.agent, cause.vote)]
    if sum(forms) != 1:
        return [
            _error("cause.form", row, None, f"原因 {row} 须为规则、物质或表决组之一",
                   f"cause {row} is a rule, an agent or a voting group: one of them")
        ]  # fmt: skip
    found = []
    if cause.rule is not None and cause.rule not in plant.rules:
        found.append(_error("cause.rule", row, None, f"原因 {row}：站点没有规则 {cause.rule}",
                            f"cause {row}: the site has no rule {cause.rule} in force"))  # fmt: skip
    if cause.vote is not None and cause.vote not in plant.groups:
        found.append(_error("cause.vote", row, None, f"原因 {row}：站点没有表决组 {cause.vote}",
                            f"cause {row}: the site has no voting group {cause.vote}"))  # fmt: skip
    if cause.zone is not None and cause.zone not in plant.zones:
        found.append(_error("cause.zone", row, None, f"原因 {row}：站点没有区域 {cause.zone}",
                            f"cause {row}: the site has no zone {cause.zone}"))  # fmt: skip
    if cause.level not in (1, 2):
        found.append(_error("cause.level", row, None, f"原因 {row}：级别只能为 1 或 2，当前 {cause.level}",
                            f"cause {row}: a level is 1 or 2, not {cause.level}"))  # fmt: skip
    if cause.agent is not None and cause.agent not in AGENTS:
        found.append(_warning("cause.agent", row, None, f"原因 {row}：未知物质 {cause.agent}",
                              f"cause {row}: {cause.agent} is not in the library of agents"))  # fmt: skip
    return found


def _effect(effect: Effect, plant: KnownPlant) -> list[Finding]:
    column = effect.slug
    evacuates = effect.evacuate is not None or bool(effect.zones)
    if [effect.actuator is not None, evacuates, effect.plan is not None].count(True) != 1:
        return [
            _error("effect.form", None, column, f"结果 {column} 须为执行器动作、疏散或预案之一",
                   f"effect {column} is an actuator's action, an evacuation or a plan: one of them")
        ]  # fmt: skip
    found = []
    if effect.actuator is not None:
        found += _action(effect, effect.actuator, plant)
    if effect.evacuate is not None and effect.zones:
        found.append(_error("effect.scope", None, column, f"结果 {column}：范围与区域只能选一",
                            f"effect {column}: a scope or zones, not both"))  # fmt: skip
    for zone in effect.zones:
        if zone not in plant.zones:
            found.append(_error("effect.zone", None, column, f"结果 {column}：站点没有区域 {zone}",
                                f"effect {column}: the site has no zone {zone}"))  # fmt: skip
    if effect.plan is not None and effect.plan not in plant.plans:
        found.append(_error("effect.plan", None, column, f"结果 {column}：没有预案 {effect.plan}",
                            f"effect {column}: there is no plan {effect.plan}"))  # fmt: skip
    return found


def _action(effect: Effect, actuator_id: UUID, plant: KnownPlant) -> list[Finding]:
    column, known = effect.slug, plant.actuators.get(actuator_id)
    if known is None:
        return [_error("effect.actuator", None, column, f"结果 {column}：站点没有执行器 {actuator_id}",
                       f"effect {column}: the site has no actuator {actuator_id}")]  # fmt: skip
    if not known.in_use:
        return [_error("effect.retired", None, column, f"结果 {column}：执行器 {actuator_id} 已停用",
                       f"effect {column}: actuator {actuator_id} is out of use")]  # fmt: skip
    if effect.action not in known.actions:
        allowed = ", ".join(sorted(known.actions))
        return [_error("effect.action", None, column, f"结果 {column}：动作 {effect.action} 无法证实，可用：{allowed}",
                       f"effect {column}: the actuator proves no {effect.action}, only: {allowed}")]  # fmt: skip
    if effect.action in LETS_GO and known.kind != "machine_stop":
        return [_warning("effect.lets_go", None, column, f"结果 {column}：动作 {effect.action} 会解除保护",
                         f"effect {column}: {effect.action} ends a protection")]  # fmt: skip
    return []


def _cells(body: MatrixBody) -> list[Finding]:
    found = []
    causes, effects = {c.slug for c in body.causes}, {e.slug for e in body.effects}
    machines = {e.slug for e in body.effects if e.actuator is not None}
    twice = Counter((cell.cause, cell.effect) for cell in body.cells)
    for (row, column), count in twice.items():
        if count > 1:
            found.append(_error("cell.twice", row, column, f"单元格 {row} × {column} 重复",
                                f"cell {row} x {column} is there twice"))  # fmt: skip
    for cell in body.cells:
        if cell.cause not in causes or cell.effect not in effects:
            found.append(_error("cell.nowhere", cell.cause, cell.effect,
                                f"单元格 {cell.cause} × {cell.effect} 不在表中",
                                f"cell {cell.cause} x {cell.effect} has no row or no column"))  # fmt: skip
        if not (math.isfinite(cell.delay_s) and 0 <= cell.delay_s <= DELAY_MAX_S) or (
            cell.how == "inhibit" and cell.delay_s
        ):
            found.append(_error("cell.delay", cell.cause, cell.effect,
                                f"单元格 {cell.cause} × {cell.effect}：延时应为 0 至 {DELAY_MAX_S:g} 秒，抑制无延时",
                                f"cell {cell.cause} x {cell.effect}: a delay is 0 to {DELAY_MAX_S:g} s, of inhibit 0",
                                ))  # fmt: skip
        # Only a machine waits: people are led out and asked at once.
        elif cell.delay_s and cell.effect in effects - machines:
            found.append(_error("cell.delay_of", cell.cause, cell.effect,
                                f"单元格 {cell.cause} × {cell.effect}：仅执行器动作可延时，疏散与预案立即生效",
                                f"cell {cell.cause} x {cell.effect}: only an actuator's action has a delay, evacuations"
                                " and plans begin at once"))  # fmt: skip
        found += _condition(cell, causes)
    return found


def _condition(cell: Cell, causes: set[str]) -> list[Finding]:
    it = cell.condition
    if it is None:
        return []
    minutes = [m for m in (it.from_minute, it.to_minute) if m is not None]
    wrong = (
        len(minutes) == 1
        or any(not 0 <= m <= DAY_MINUTES for m in minutes)
        or (len(minutes) == 2 and minutes[0] == minutes[1])
        or any(day not in range(1, 8) for day in it.weekdays)
    )
    found = []
    if wrong:
        found.append(_error("cell.condition", cell.cause, cell.effect,
                            f"单元格 {cell.cause} × {cell.effect}：条件时间无效",
                            f"cell {cell.cause} x {cell.effect}: the condition's times are not valid"))  # fmt: skip
    if it.with_cause is not None and (it.with_cause not in causes or it.with_cause == cell.cause):
        found.append(_error("cell.with_cause", cell.cause, cell.effect,
                            f"单元格 {cell.cause} × {cell.effect}：没有另一原因 {it.with_cause}",
                            f"cell {cell.cause} x {cell.effect}: there is no other cause {it.with_cause}"))  # fmt: skip
    return found


def _conflicts(body: MatrixBody) -> list[Finding]:
    """One cause that wants two things of one actuator, whatever the delays: the later would undo the earlier."""
    effects = {e.slug: e for e in body.effects}
    wanted: dict[tuple[str, UUID], dict[str, str]] = defaultdict(dict)
    found = []
    for cell in body.cells:
        effect = effects.get(cell.effect)
        if effect is None or effect.actuator is None or effect.action is None or cell.how == "inhibit":
            continue
        actions = wanted[(cell.cause, effect.actuator)]
        other = next((column for action, column in actions.items() if action != effect.action), None)
        if other is not None:
            found.append(_error("cell.conflict", cell.cause, cell.effect,
                                f"原因 {cell.cause} 对同一执行器要求相反动作：{other} 与 {cell.effect}",
                                f"cause {cell.cause} wants two things of one actuator: {other} and {cell.effect}",
                                ))  # fmt: skip
        actions.setdefault(effect.action, cell.effect)
    return found


def _leads_somewhere(body: MatrixBody, plant: KnownPlant) -> list[Finding]:
    found = []
    effects = {e.slug: e for e in body.effects}
    evacuating = {e.slug for e in body.effects if e.evacuate is not None or e.zones}
    asked_for = {c.condition.with_cause for c in body.cells if c.condition is not None}
    for cause in body.causes:
        cells = [c for c in body.cells if c.cause == cause.slug and c.effect in effects]
        if not cells and cause.slug in asked_for:
            continue
        if not cells:
            found.append(_error("cause.no_effect", cause.slug, None, f"原因 {cause.slug} 没有任何结果",
                                f"cause {cause.slug} leads to nothing"))  # fmt: skip
        elif _poisons_gravely(cause, plant) and not any(c.effect in evacuating and c.how != "inhibit" for c in cells):
            found.append(_warning("cause.no_evacuation", cause.slug, None, f"有毒二级原因 {cause.slug} 未触发疏散",
                                  f"second-level toxic cause {cause.slug} evacuates nobody"))  # fmt: skip
    used = {c.effect for c in body.cells}
    found += [
        _warning("effect.unused", None, e.slug, f"结果 {e.slug} 没有原因", f"nothing leads to effect {e.slug}")
        for e in body.effects
        if e.slug not in used
    ]
    return found


def _poisons_gravely(cause: Cause, plant: KnownPlant) -> bool:
    if cause.rule is not None:
        rule = plant.rules.get(cause.rule)
        return rule is not None and rule.toxic and rule.level == 2
    return cause.level == 2 and hazard_of(cause.agent) == "toxic"
