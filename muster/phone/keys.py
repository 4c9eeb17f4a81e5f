"""A line typed key by key on a terminal that echoes nothing. Pure: characters in, finished lines out."""

from __future__ import annotations

import unicodedata

# A person types a message, not a document; a pasted book is cut and the contract's own limit answers.
TYPED_MAX = 8000
ENTER, BACKSPACE, CLEAR, END = "\r\n", "\x7f\x08", "\x15", "\x04"
_ESCAPE = "\x1b"


class LineEditor:
    """What is typed so far. ``ended``: the person pressed Ctrl-D on an empty line."""

    def __init__(self) -> None:
        self.typed = ""
        self.ended = False
        self._escape = ""

    def feed(self, characters: str) -> list[str]:
        """Take some characters; returns the lines they finish."""
        lines = []
        for character in characters:
            if self._in_escape(character):
                continue
            if character in ENTER:
                lines.append(self.typed)
                self.typed = ""
            elif character in BACKSPACE:
                self.typed = self.typed[:-1]
            elif character == CLEAR:
                self.typed = ""
            elif character == END:
                self.ended = self.ended or not self.typed
            elif unicodedata.category(character)[0] != "C" and len(self.typed) < TYPED_MAX:
                self.typed += character
        return lines

    def _in_escape(self, character: str) -> bool:
        """Cursor and function keys (ECMA-48 sequences) do nothing here and leave nothing behind."""
        if character == _ESCAPE:
            self._escape = _ESCAPE
            return True
        if not self._escape:
            return False
        if self._escape == _ESCAPE:
            # CSI and SS3 go on; any other second character ends the sequence.
            self._escape = character if character in "[O" else ""
            return True
        if self._escape == "O" or "\x40" <= character <= "\x7e":
            self._escape = ""
        return True
