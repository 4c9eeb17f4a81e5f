"""At a process's start the searches by harm are compiled, so that no first alarm waits for it."""

from __future__ import annotations

from geo.routing import harm_kernels
from geo.routing.warm import warm


def test_after_warming_both_searches_are_there() -> None:
    warm()
    for kernel in (harm_kernels.least, harm_kernels.choices):
        assert getattr(kernel, "signatures")  # noqa: B009
