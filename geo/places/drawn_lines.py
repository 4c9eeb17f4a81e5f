"""Lines that somebody drew to be walked -> nodes and ways: where lines share a position they meet. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from geo.places.model import RiseKind, Way, WayKind, WayNode

# Positions equal to this many decimals of a degree (a centimetre) are one node.
DECIMALS = 7


class Lines:
    """Collects lines; nodes are numbered by the first line that has them."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[int, float, float], WayNode] = {}
        self.ways: list[Way] = []
        self._exits: set[str] = set()

    def add(
        self,
        own: str,
        places: Sequence[tuple[float, float]],
        levels: tuple[int, int],
        *,
        kind: WayKind = "walk",
        rise: RiseKind | None = None,
        one_way: bool = False,
        exit_end: bool = False,
    ) -> bool:
        """Add a line from the first level to the second, which it reaches at its last position; False: of no length.

        ``exit_end``: who stands at its last position is out of the building.
        """
        nodes = [self._node(levels[0], lon, lat) for lon, lat in places[:-1]]
        nodes.append(self._node(levels[1], *places[-1]))
        steps = [(a, b) for a, b in pairwise(nodes) if a != b]
        for number, (a, b) in enumerate(steps):
            named = own if len(steps) == 1 else f"{own[:90]}/{number}"
            self.ways.append(
                Way(id=named, ends=(a, b), kind=kind, one_way=one_way, rise=rise if number == len(steps) - 1 else None)
            )
        if exit_end:
            self._exits.add(nodes[-1])
        return bool(steps)

    @property
    def nodes(self) -> list[WayNode]:
        """The nodes of all lines."""
        return [
            WayNode(id=node.id, level=node.level, at=node.at, exit=True) if node.id in self._exits else node
            for node in self._nodes.values()
        ]

    def _node(self, level: int, lon: float, lat: float) -> str:
        key = (level, round(lon, DECIMALS), round(lat, DECIMALS))
        node = self._nodes.setdefault(key, WayNode(id=f"node {len(self._nodes)}", level=level, at=(lon, lat)))
        return node.id
