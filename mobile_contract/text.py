"""Texts for people, in every language the product speaks."""

from __future__ import annotations

import msgspec


class Text(msgspec.Struct, frozen=True):
    """One text in zh-CN and en; neither may be empty on the wire."""

    zh: str
    en: str

    def in_(self, locale: str) -> str:
        """The text in the reader's locale (BCP 47); anything but Chinese reads English."""
        return self.zh if locale.lower().startswith("zh") else self.en
