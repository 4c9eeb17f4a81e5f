"""What a person types, read: a command, a message, or why it is neither. Pure."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from mobile_contract.live import REASON_MAX_CHARS
from mobile_contract.room import MESSAGE_MAX_CHARS
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


Command: TypeAlias = Acknowledge | Decline | Going | Done | SeeAlarm | Next | Help | Quit | SignOut | Say | Wrong

_PLAIN: dict[str, Command] = {
    "a": Acknowledge(),
    "g": Going(),
    "done": Done(),
    "ack": SeeAlarm(),
    "n": Next(),
    "?": Help(),
    "？": Help(),
    "q": Quit(),
    "out": SignOut(),
}
# "/a" says "a" to the room.
ESCAPE = "/"

HELP = (
    (Text("a", "a"), Text("接受任务", "take the order")),
    (Text("d 原因", "d REASON"), Text("拒绝任务", "decline it")),
    (Text("g", "g"), Text("已出发", "on the way")),
    (Text("done [说明]", "done [NOTE]"), Text("任务完成", "task done")),
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
    if word == "d":
        return _decline(rest)
    if word == "done" and rest:
        return _too_long("done", rest, REASON_MAX_CHARS) or Done(rest)
    if not rest and word in _PLAIN:
        return _PLAIN[word]
    return _say(text)


def _decline(reason: str) -> Command:
    if not reason:
        return Wrong(Text("拒绝任务须写明原因：d 原因", "declining needs a reason: d REASON"))
    return _too_long("d", reason, REASON_MAX_CHARS) or Decline(reason)


def _say(text: str) -> Command | None:
    if not text:
        return None
    return _too_long("", text, MESSAGE_MAX_CHARS) or Say(text)


def _too_long(word: str, text: str, limit: int) -> Wrong | None:
    if len(text) <= limit:
        return None
    what = f"{word}: " if word else ""
    return Wrong(Text(f"{what}{len(text)} 个字符,最多 {limit} 个", f"{what}{len(text)} characters, at most {limit}"))
