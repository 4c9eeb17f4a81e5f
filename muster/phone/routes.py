"""A person's way as the phone shows it: the target, what to heed, the numbered steps and the one they are on. Pure."""

from __future__ import annotations

from typing import Literal, TypeAlias

from mobile_contract.room_events import RouteChanged, RouteProgressed
from mobile_contract.wayfinding import RouteStep, RouteView
from muster.phone import words
from muster.phone.board import Card
from muster.phone.session import Phone
from muster.phone.view import View, clock_time, number_line, quantity

LineKind: TypeAlias = Literal["target", "unsafe", "warning", "now", "before", "after", "there", "near"]
# What is further down the list is in the incident's room.
NEAR_MAX = 2
# On the screen of a small terminal; which comes next is what a person needs, the others scroll.
STEPS_AHEAD_MAX = 4
_MINUTE_S = 90.0


def own_route(phone: Phone, card: Card | None) -> RouteView | None:
    """The person's way for the card's order, else any of theirs in its room, else the newest of all."""
    mine = [
        route
        for state in phone.rooms.values()
        for route in state.routes.values()
        if route.account == phone.account and route.ended_at is None
    ]
    if card is not None:
        task = None if card.seen is None else card.seen.order.task
        here = {route.id for route in phone.rooms[card.room].routes.values()} if card.room in phone.rooms else set()
        mine.sort(key=lambda route: (task is not None and route.task == task, route.id in here, route.computed_at))
        return mine[-1] if mine else None
    return max(mine, key=lambda route: route.computed_at, default=None)


def route_lines(route: RouteView, locale: str) -> list[tuple[LineKind, str]]:
    """What stands on the screen: the target first, what to heed before the first step, then the steps."""
    lines: list[tuple[LineKind, str]] = [("target", target_line(route, locale))]
    if route.reason is not None:
        lines.append(("unsafe", route.reason.in_(locale)))
    if route.off_route:
        lines.append(("unsafe", words.OFF_ROUTE.in_(locale)))
    heeded = [text.in_(locale) for text in route.warnings if text != route.reason]
    lines += [("warning", f"⚠ {text}") for text in heeded]
    if route.arrived_at is not None:
        return [*lines, ("there", words.ARRIVED.in_(locale))]
    now = max(route.step, 1)
    for step in route.steps[max(now - 2, 0) : now + STEPS_AHEAD_MAX]:
        kind: LineKind = "now" if step.n == now else "before" if step.n < now else "after"
        lines.append((kind, f"{'▶' if kind == 'now' else ' '} {route_step_line(step, locale)}"))
    for near in route.near[:NEAR_MAX]:
        lines.append(("near", f"{near.name.in_(locale)} · {duration(near.walk_s, locale)}"))
    return lines


def target_line(route: RouteView, locale: str) -> str:
    """Where to, how far and how long still, and when one is there."""
    parts = [f"→ {route.target.in_(locale)}"]
    if route.steps and route.arrived_at is None:
        parts += [f"{words.STILL.in_(locale)} {quantity(round(route.left_m), 'm')}", duration(route.left_s, locale)]
        if route.arrives_at is not None:
            parts.append(f"{words.ARRIVES.in_(locale)} {clock_time(route.arrives_at)}")
    return " · ".join(parts)


def route_step_line(step: RouteStep, locale: str) -> str:
    """A numbered step and how one knows that one is right."""
    check = f" ({step.check.in_(locale)})" if step.check is not None else ""
    return f"{number_line(step.n, step.text, locale)}{check}"


def changed_text(body: RouteChanged, view: View) -> str:
    """A way that is new, another, or over: whose, why, where to; of one's own with every step."""
    route, locale = body.route, view.locale
    own = route.account == view.phone.account
    parts = [] if own else [view.name(route.account)]
    if route.ended_at is not None:
        return " · ".join([*parts, route.target.in_(locale), words.ROUTE_OVER.in_(locale)])
    if route.cause not in ("given", "place_known"):
        parts.append(because(route, locale))
    parts.append(target_line(route, locale))
    if route.reason is not None:
        parts.append(route.reason.in_(locale))
    if own:
        parts += [f"⚠ {text.in_(locale)}" for text in route.warnings if text != route.reason]
        parts += [number_line(step.n, step.text, locale) for step in route.steps]
    return " · ".join(parts)


def because(route: RouteView, locale: str) -> str:
    """That the way is another, and why."""
    return f"{words.ROUTE_CHANGED.in_(locale)}: {words.say(words.ROUTE_CAUSES, route.cause, locale)}"


def progressed_text(body: RouteProgressed, view: View) -> str:
    """One's own next step; of others that they are there or have left their way, and nothing else."""
    locale = view.locale
    route = next((state.routes[body.route] for state in view.phone.rooms.values() if body.route in state.routes), None)
    if route is None:
        return ""
    own = route.account == view.phone.account
    who = "" if own else f"{view.name(route.account)} · "
    if body.arrived_at is not None:
        return f"{who}{words.ARRIVED.in_(locale)}: {route.target.in_(locale)}"
    if body.off_route:
        return f"{who}{words.OFF_ROUTE.in_(locale)}"
    step = next((step for step in route.steps if step.n == body.step), None)
    return route_step_line(step, locale) if own and step is not None else ""


def is_loud(body: object, phone: Phone) -> bool:
    """One's own way is another than before: whoever walks the old one has to hear it."""
    return isinstance(body, RouteChanged) and body.route.account == phone.account and body.route.ended_at is None


def duration(seconds: float, locale: str) -> str:
    """Seconds up to a minute and a half, minutes from there."""
    if seconds < _MINUTE_S:
        return f"{round(seconds)} {words.SECONDS.in_(locale)}"
    return f"{round(seconds / 60)} {words.MINUTES.in_(locale)}"
