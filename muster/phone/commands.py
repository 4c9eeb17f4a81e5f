"""What a person types, read: a command, a message, or why it is neither. Pure."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from mobile_contract.live import REASON_MAX_CHARS
from mobile_contract.room_views import MESSAGE_MAX_CHARS
from mobile_contract.text import Text


class Acknowledge(msgspec.Struct, frozen=True):
    """I take this order."""


class Decline(msgspec.Struct, frozen=True):
    """I can not; ``reason`` for who is asked next."""

    reason: str


class Going(msgspec.Struct, frozen=True):
    """I am on the way."""


class Done(msgspec.Struct, frozen=True):
    """My task is done."""

    note: str = ""


class ConfirmStep(msgspec.Struct, frozen=True):
    """Step ``n`` is done; ``proof``: the value it asks for, or the photo's name."""

    n: int
    proof: str = ""


class Safe(msgspec.Struct, frozen=True):
    """I am safe, for the roll call."""

    note: str = ""


class NeedHelp(msgspec.Struct, frozen=True):
    """I need help, for the roll call; ``note``: where, what."""

    note: str = ""


class Walk(msgspec.Struct, frozen=True):
    """Walk the route, so many times as fast as people walk; 0: stand still."""

    times: float = 1.0


class SeeAlarm(msgspec.Struct, frozen=True):
    """I have seen the alarm."""


class Next(msgspec.Struct, frozen=True):
    """Show the next order or incident."""


class Help(msgspec.Struct, frozen=True):
    """What can I type?"""


class Quit(msgspec.Struct, frozen=True):
    """End the phone; it stays signed in."""


class SignOut(msgspec.Struct, frozen=True):
    """Sign this phone out."""


class Say(msgspec.Struct, frozen=True):
    """A message to the room."""

    text: str


class Wrong(msgspec.Struct, frozen=True):
    """Nothing is done; ``why`` for the person."""

    why: Text


Command: TypeAlias = (
    Acknowledge
    | Decline
    | Going
    | Done
    | ConfirmStep
    | Safe
    | NeedHelp
    | Walk
    | SeeAlarm
    | Next
    | Help
    | Quit
    | SignOut
    | Say
    | Wrong
)

_PLAIN: dict[str, Command] = {
    "a": Acknowledge(),
    "g": Going(),
    "done": Done(),
    "safe": Safe(),
    "help": NeedHelp(),
    "walk": Walk(),
    "ack": SeeAlarm(),
    "n": Next(),
    "?": Help(),
    "？": Help(),
    "q": Quit(),
    "out": SignOut(),
}
# As the server bounds them: a mark's note, a photo's name.
NOTE_MAX_CHARS = PROOF_MAX_CHARS = 500
# Slower is standing; faster no server takes for a person on the way.
WALK_TIMES_MIN, WALK_TIMES_MAX = 0.1, 3.0
# "/a" says "a" to the room.
ESCAPE = "/"

HELP = (
    (Text("a", "a"), Text("接受任务", "take the order")),
    (Text("d 原因", "d REASON"), Text("拒绝任务", "decline it")),
    (Text("g", "g"), Text("已出发", "on the way")),
    (Text("done [说明]", "done [NOTE]"), Text("任务完成", "task done")),
    (Text("confirm 序号 [数值]", "confirm N [VALUE]"), Text("确认步骤", "confirm a step")),
    (Text("safe", "safe"), Text("清点：我安全", "roll call: I am safe")),
    (Text("help [位置]", "help [WHERE]"), Text("清点：我需要帮助", "roll call: I need help")),
    (Text("walk [倍速|stop]", "walk [SPEED|stop]"), Text("沿路线行走（模拟）", "walk the route (simulated)")),
    (Text("ack", "ack"), Text("确认报警", "acknowledge the alarm")),
    (Text("n", "n"), Text("下一个", "next order or incident")),
    (Text("文字", "TEXT"), Text("发消息", "say it in the room")),
    (Text("/文字", "/TEXT"), Text("按原文发消息", "say it even if it is a command")),
    (Text("out", "out"), Text("退出登录", "sign out")),
    (Text("q", "q"), Text("关闭", "quit")),
)


def parse(line: str) -> Command | None:
    """The command a line means; None for an empty one."""
    text = line.strip()
    if not text:
        return None
    if text.startswith(ESCAPE) and text != ESCAPE:
        return _say(text.removeprefix(ESCAPE).strip())
    word, _, rest = text.partition(" ")
    word, rest = word.lower(), rest.strip()
    if not rest and word in _PLAIN:
        return _PLAIN[word]
    return _with_rest(word, rest) or _say(text)


def _with_rest(word: str, rest: str) -> Command | None:
    """Commands that say more than their word."""
    if word == "d":
        return _decline(rest)
    if word == "confirm":
        return _confirm(rest)
    if word == "help":
        return _too_long(word, rest, NOTE_MAX_CHARS) or NeedHelp(rest)
    if word == "walk":
        return _walk(rest)
    if word == "done":
        return _too_long(word, rest, REASON_MAX_CHARS) or Done(rest)
    return None


def _decline(reason: str) -> Command:
    if not reason:
        return Wrong(Text("拒绝任务须写明原因：d 原因", "declining needs a reason: d REASON"))
    return _too_long("d", reason, REASON_MAX_CHARS) or Decline(reason)


def _confirm(rest: str) -> Command:
    number, _, proof = rest.partition(" ")
    number = number.rstrip("、.")
    # A plan's steps are some ten; more digits than these are no step's number.
    if not (number.isascii() and number.isdigit() and len(number) <= 3 and int(number)):
        return Wrong(Text("请写明步骤序号：confirm 序号 [数值]", "which step? confirm N [VALUE]"))
    proof = proof.strip()
    return _too_long("confirm", proof, PROOF_MAX_CHARS) or ConfirmStep(int(number), proof)


def _walk(rest: str) -> Command | None:
    """A speed or "stop"; what else begins with the word is said."""
    if rest == "stop":
        return Walk(0.0)
    try:
        times = float(rest.removesuffix("x"))
    except ValueError:
        return None
    if WALK_TIMES_MIN <= times <= WALK_TIMES_MAX:
        return Walk(times)
    return Wrong(
        Text(
            f"倍速须为 {WALK_TIMES_MIN:g} 至 {WALK_TIMES_MAX:g}", f"a speed is {WALK_TIMES_MIN:g} to {WALK_TIMES_MAX:g}"
        )
    )


def _say(text: str) -> Command | None:
    if not text:
        return None
    return _too_long("", text, MESSAGE_MAX_CHARS) or Say(text)


def _too_long(word: str, text: str, limit: int) -> Wrong | None:
    if len(text) <= limit:
        return None
    what = f"{word}: " if word else ""
    return Wrong(Text(f"{what}{len(text)} 个字符,最多 {limit} 个", f"{what}{len(text)} characters, at most {limit}"))
