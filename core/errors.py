"""The five kinds of error a use case may raise.

Each is mapped once: to RFC 9457 problem details by ``api``, to problem frames and close codes by
``realtime``. An error names the fact: which field, which value, which limit.
"""

from __future__ import annotations


class MusterError(Exception):
    """A fact that stopped a use case.

    ``code`` is stable and machine-readable (``alarm.not_found``); ``en`` and ``zh`` are sentences
    for people; ``field``, ``value`` and ``limit`` name what was wrong.
    """

    kind = "error"

    def __init__(
        self,
        code: str,
        en: str,
        zh: str = "",
        *,
        field: str | None = None,
        value: object = None,
        limit: object = None,
    ) -> None:
        super().__init__(en)
        self.code = code
        self.en = en
        self.zh = zh or en
        self.field = field
        self.value = value
        self.limit = limit

    def detail(self, locale: str) -> str:
        """The sentence in the reader's locale."""
        return self.zh if locale.lower().startswith("zh") else self.en


class NotFound(MusterError):
    """The thing does not exist, or not for this tenant."""

    kind = "not_found"


class Forbidden(MusterError):
    """The actor may not do this."""

    kind = "forbidden"


class Conflict(MusterError):
    """The state of the thing does not allow it now."""

    kind = "conflict"


class Invalid(MusterError):
    """The input is wrong; ``field``, ``value`` and ``limit`` say how."""

    kind = "invalid"


class Unavailable(MusterError):
    """Something this use case needs is down; the same request may succeed later."""

    kind = "unavailable"

    def __init__(
        self,
        code: str,
        en: str,
        zh: str = "",
        *,
        field: str | None = None,
        value: object = None,
        limit: object = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(code, en, zh, field=field, value=value, limit=limit)
        self.retry_after_s = retry_after_s
