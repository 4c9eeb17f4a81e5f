"""Searches are compiled before they are needed, and work on a machine that keeps nothing."""

from __future__ import annotations

from pathlib import Path

import numba
import numpy as np
import pytest

from geo.graph import kernels
from geo.graph.compiled import compiled
from geo.graph.csr import build
from geo.graph.landmarks import landmarks
from geo.graph.nearest import first_to_reach, nearest, times_between
from geo.graph.paths import all_to_one, fastest
from geo.graph.repair import repair
from geo.graph.timed import itinerary, timed_tree
from geo.graph.trees import paths, tree_from, tree_to
from geo.graph.warm import warm, whatever_the_disk


def _compiled() -> dict[str, int]:
    """How many versions there are of each kernel that Python calls."""
    found = {name: getattr(kernels, name) for name in dir(kernels) if not name.startswith("_")}
    return {name: len(k.signatures) for name, k in found.items() if hasattr(k, "signatures")}


def test_after_the_warm_up_nothing_is_left_to_compile_however_arguments_come() -> None:
    warm()
    before = _compiled()
    graph, _ = build([0, 1, 2], [0] * 3, [0] * 3, [0, 1, 2, 1], [1, 2, 1, 0], [5, 6, 7, 8])
    for times in (None, [9, 9, 9, 9], np.array([9] * 4, dtype=np.int64), np.full((4, 2), 9, dtype=np.int32)[:, 0]):
        for tree in (tree_from(graph, [0, 2], times, offsets=[0, 4], limit_ms=50), tree_to(graph, [0], times)):
            paths(repair(tree, graph, [10, 10, 10, 10]).tree, graph, [1, 2])
        nearest(graph, [0, 1], np.array([1, 2]), 2, times)
        first_to_reach(graph, [0, 1], [1, 2], 1, times)
        times_between(graph, [0, 1], [1], times)
        times_between(graph, [0], [1, 2], times)
        fastest(landmarks(graph, 2), [0], [2], times)
        all_to_one(graph, [1, 2], 0, times)
        for slices in ([graph.millis], np.asfortranarray([graph.millis] * 2)):
            itinerary(timed_tree(graph, [0], slices, 10, waiting=times is None), graph, 2)
    assert len(before) > 8
    assert _compiled() == before


def test_where_no_folder_can_be_written_to_a_kernel_is_compiled_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(numba.core.config, "CACHE_LOCATOR_CLASSES", "UserProvidedCacheLocator")
    monkeypatch.setattr(numba.core.config, "CACHE_DIR", str(tmp_path / "file" / "folder"))

    def twice(value: int) -> int:
        return 2 * value

    with pytest.raises(RuntimeError, match="no locator available"):
        numba.njit(cache=True)(twice)
    assert compiled()(twice)(21) == 42


def test_a_disk_that_is_full_delays_the_warm_up_and_does_not_stop_it() -> None:
    refusals = iter([OSError("full"), OSError("full"), None])

    def step() -> None:
        if (refusal := next(refusals)) is not None:
            raise refusal

    whatever_the_disk(step)
    assert list(refusals) == []


def test_a_disk_that_fails_for_another_reason_is_told() -> None:
    def step() -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        whatever_the_disk(step, tries=3)
