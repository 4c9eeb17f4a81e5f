"""How kernels are compiled: to machine code, without the interpreter's lock, kept on disk where there is a place. Pure.

The place is ``NUMBA_CACHE_DIR`` when set, else the module's own ``__pycache__``, else the user's cache folder; what is
kept there goes by the content of the module's file. An install that is read-only, for a user without a home, has none
of them: then each process compiles for itself, and works.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(*, inline: bool = False) -> Callable[[F], F]:
    """A decorator for a kernel; ``inline``: what it does is put in place of each call, for what runs once an arc."""
    options: dict[str, Any] = {"nogil": True, "inline": "always" if inline else "never"}

    def decorate(function: F) -> F:
        try:
            kernel: F = njit(cache=True, **options)(function)
        except RuntimeError:
            # "no locator available": no folder that may be written to.
            kernel = njit(**options)(function)
        return kernel

    return decorate
