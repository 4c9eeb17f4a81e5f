"""The phone's screen as a `rich` renderable of a given width and height. Pure: same view and time, same picture."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.layout import Layout
from rich.panel import Panel
from rich.segment import Segment
from rich.table import Table
from rich.text import Text as Styled

from incidents.alarms.agents import name_of
from mobile_contract.room import RoomState
from muster.phone import words
from muster.phone.board import Card, is_unsent, step_of
from muster.phone.commands import HELP
from muster.phone.routes import LineKind, own_route, route_lines
from muster.phone.view import (
    View,
    alarm_line,
    card_lines,
    clock_time,
    command_line,
    grade_text,
    incident_line,
    printable,
    remaining,
    roll_call_line,
    step_line,
    step_state,
    task_line,
)

# The four colours of China's emergency grades; the words beside them say the same.
GRADE_STYLES = {
    1: "bold white on red",
    2: "bold black on dark_orange",
    3: "bold black on yellow",
    4: "bold white on blue",
}
_COMMAND_STYLES = {"confirmed": "green", "failed": "bold red", "timed_out": "bold red", "held_back": "yellow"}
_TASK_STYLES = {"done": "green", "unanswered": "bold red", "cancelled": "dim"}
_ROUTE_STYLES: dict[LineKind, str] = {
    "target": "bold cyan", "unsafe": "bold red", "warning": "bold yellow", "now": "bold reverse", "before": "dim",
    "after": "", "there": "bold green", "near": "cyan",
}  # fmt: skip
# What stays visible of a room on a small terminal.
_MESSAGES_MIN = 4
# A screen this wide has room for the order beside the incident; a narrower one stacks them.
WIDE = 90
_HEADER_ROWS = 1
_PROMPT_ROWS = 2


def render(view: View, now: datetime, width: int, height: int) -> Layout:
    """The whole screen."""
    card = view.card()
    screen = Layout()
    order = _order_panel(view, card, now)
    body = Layout(name="body")
    incident = Layout(_incident_panel(view), name="incident", ratio=3)
    talk = Layout(_room_panel(view, height), name="room", ratio=2, minimum_size=_MESSAGES_MIN)
    if width >= WIDE:
        below = Layout(name="below", ratio=2)
        below.split_row(incident, talk)
        body.split_column(Layout(order, name="order", size=_rows(view, card, width)), below)
    else:
        body.split_column(Layout(order, name="order", size=_rows(view, card, width)), incident, talk)
    screen.split_column(
        Layout(header(view, now), size=_HEADER_ROWS), body, Layout(_prompt(view, width), size=_PROMPT_ROWS)
    )
    return screen


def header(view: View, now: datetime) -> Styled:
    """Who, whether the line is up, and what has not left this phone."""
    locale, phone = view.locale, view.phone
    line = Styled(no_wrap=True, overflow="ellipsis")
    line.append(f" {view.who} ", "bold reverse")
    if view.line.online:
        line.append(f" ● {words.ONLINE.in_(locale)}", "bold green")
    else:
        line.append(f" ○ {words.OFFLINE.in_(locale)}: {view.line.why.in_(locale)}", "bold red")
    if phone.unsent:
        line.append(f" · {phone.unsent} {words.UNSENT.in_(locale)}", "bold yellow")
    waiting = sum(card.is_waiting for card in view.cards())
    if waiting:
        line.append(f" · {waiting} {words.WAITING.in_(locale)}", "bold red")
    line.append(f" · {clock_time(now)}", "dim")
    return line


def _rows(view: View, card: Card | None, width: int) -> int:
    """The order's panel is never cut: its own rows, wrapped at this width, and its frame."""
    inner = max(width - 4, 10)
    measure = Console(width=inner)
    return 2 + sum(len(line.wrap(measure, inner)) for line in _order_lines(view, card, None))


def _order_panel(view: View, card: Card | None, now: datetime) -> Panel:
    style = "dim"
    if card is not None and card.seen is not None:
        style = GRADE_STYLES.get(_grade(view, card), "bold") if card.is_waiting else "green"
    position = _position(view, card)
    return Panel(
        Group(*_order_lines(view, card, now)),
        title=f"{words.ORDER.in_(view.locale)}{position}",
        title_align="left",
        border_style=style,
    )


def _position(view: View, card: Card | None) -> str:
    keys = [found.key for found in view.cards()]
    return f" {keys.index(card.key) + 1}/{len(keys)}" if card is not None and len(keys) > 1 else ""


def _order_lines(view: View, card: Card | None, now: datetime | None) -> list[Styled]:
    locale = view.locale
    lines = [
        _styled(f"{grade_text(rung.grade, locale)} · {words.BY_PUSH.in_(locale)}", GRADE_STYLES.get(rung.grade, "bold"))
        for rung in view.phone.rung.values()
    ]
    if card is None:
        return [*lines, _styled(words.NOTHING.in_(locale), "dim")]
    if card.seen is None or card.standing is None:
        return [*lines, _styled(words.NO_ORDER.in_(locale), "dim"), *_route_lines(view, card)]
    order = card.seen.order
    drill = f" {words.EXERCISE.in_(locale)} ·" if order.exercise else ""
    grade = _grade(view, card)
    style = GRADE_STYLES.get(grade, "bold")
    lines.append(_styled(f"{drill} {grade_text(grade, locale)} · {order.title.in_(locale)} ", style))
    agent = f" · {words.AGENT.in_(locale)}: {name_of(order.agent).in_(locale)}" if order.agent else ""
    lines.append(_styled(f"{order.place.in_(locale)}{agent}", "bold"))
    lines += [_styled(f"✗ {text.in_(locale)}", "bold red") for text in order.do_nots]
    lines += [_styled(text, "cyan") for text in (card_lines(order.card, locale) if order.card is not None else [])]
    for step in order.steps:
        lines.append(_styled(step_line(step, locale)))
        if state := step_state(step, step_of(view.phone, card.seen, step.n), locale):
            lines.append(_styled(f"   {state}", "green" if state.startswith("✓") else "yellow"))
    # Sized without a time: any remaining time takes this many cells.
    left = "000:00:00 overdue" if now is None else remaining(order.deadline_at, now, locale)
    stands = f"{words.DEADLINE.in_(locale)} {clock_time(order.deadline_at)} ({left}) · "
    stands += words.STANDINGS[card.standing].in_(locale)
    lines.append(_styled(stands, "bold red" if card.is_waiting else "bold"))
    if is_unsent(view.phone, card.seen):
        lines.append(_styled(words.ANSWER_UNSENT.in_(locale), "bold yellow"))
    return [*lines, *_route_lines(view, card)]


def _route_lines(view: View, card: Card | None) -> list[Styled]:
    route = own_route(view.phone, card)
    return (
        [] if route is None else [_styled(text, _ROUTE_STYLES[kind]) for kind, text in route_lines(route, view.locale)]
    )


def _grade(view: View, card: Card) -> int:
    """The incident's grade as it is now; as it was when the order was given before the room has come."""
    assert card.seen is not None
    room = view.phone.rooms.get(card.room)
    return card.seen.order.grade if room is None or room.incident is None else room.incident.grade


def _incident_panel(view: View) -> Panel:
    locale, room = view.locale, view.room()
    if room is None or room.incident is None:
        return Panel(_styled(words.NOTHING.in_(locale), "dim"), border_style="dim")
    style = GRADE_STYLES.get(room.incident.grade, "bold")
    lines: list[RenderableType] = [_styled(reason.in_(locale), "italic") for reason in room.incident.reasons]
    lines += _section(words.ALARMS.in_(locale), _alarms(room, view))
    lines += _section(words.ROLL_CALLS.in_(locale), _roll_calls(room, view))
    lines += _section(words.COMMANDS.in_(locale), _commands(room, view))
    lines += _section(words.TASKS.in_(locale), _tasks(room, view))
    title = _styled(incident_line(room.incident, locale), style)
    return Panel(Group(title, *lines), border_style="default")


def _section(title: str, lines: Iterable[Styled]) -> list[RenderableType]:
    found = list(lines)
    return [_styled(title, "bold underline"), *found] if found else []


def _alarms(room: RoomState, view: View) -> Iterable[Styled]:
    for alarm in sorted(room.alarms.values(), key=lambda alarm: (not alarm.first_out, alarm.raised_at)):
        yield _styled(f"• {alarm_line(alarm, view.locale)}", "red" if alarm.letter in "BCEF" else "")


def _roll_calls(room: RoomState, view: View) -> Iterable[Styled]:
    for call in sorted(room.roll_calls.values(), key=lambda call: call.started_at):
        asks = call.state == "open" and (call.missing or call.need_help)
        yield _styled(f"• {roll_call_line(call, view.locale)}", "bold red" if asks else "")


def _commands(room: RoomState, view: View) -> Iterable[Styled]:
    for command in sorted(room.commands.values(), key=lambda command: command.requested_at):
        yield _styled(f"• {command_line(command, view)}", _COMMAND_STYLES.get(command.state, "yellow"))


def _tasks(room: RoomState, view: View) -> Iterable[Styled]:
    for task in sorted(room.tasks.values(), key=lambda task: task.position):
        yield _styled(f"• {task_line(task, view)}", _TASK_STYLES.get(task.state, ""))


def _room_panel(view: View, height: int) -> Panel:
    if view.help:
        return Panel(_help_table(view.locale), title="?", title_align="left", border_style="cyan")
    room = view.room()
    said = () if room is None else room.messages[-height:]
    lines = [_styled(f"{clock_time(message.at)} {view.name(message.by)}: {message.text}") for message in said]
    return Panel(_Tail(lines), title=words.ROOM.in_(view.locale), title_align="left", border_style="default")


def _styled(text: str, style: str = "") -> Styled:
    return Styled(printable(text), style)


class _Tail:
    """Lines of which the last ones stay visible when there is no room for all."""

    def __init__(self, lines: list[Styled]) -> None:
        self._lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rendered = console.render_lines(Group(*self._lines), options.update(height=None), pad=False)
        for line in rendered[-options.height :] if options.height else rendered:
            yield from line
            yield Segment.line()


def _prompt(view: View, width: int) -> Group:
    hint = _styled(view.notice or words.HELP_HINT.in_(view.locale), "yellow" if view.notice else "dim")
    hint.no_wrap, hint.overflow = True, "ellipsis"
    return Group(hint, _styled(f"> {_tail(view.typed, width - 4)}▏", "bold"))


def _tail(typed: str, cells: int) -> str:
    """The end of what is typed, as much as fits beside the prompt."""
    while typed and cell_len(typed) > cells:
        typed = typed[1:]
    return typed


def _help_table(locale: str) -> Table:
    """Every command, one a row."""
    table = Table.grid(padding=(0, 2))
    for command, meaning in HELP:
        table.add_row(command.in_(locale), meaning.in_(locale))
    return table
