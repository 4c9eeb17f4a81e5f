"""How a gas fills a building: well-mixed rooms that exchange air with each other and the outside. Pure.

In every room the air is taken to be one mixture (Etheridge and Sandberg, Building Ventilation, 1996, chapter 6), so
with constant flows the masses m (mg) follow dm/dt = A m + s. No entry of A off its diagonal is negative and no column
sums to more than nothing, so exp(A t) is a mixture of non-negative steps weighted by a Poisson distribution
(uniformisation: Jensen 1953; Grassmann, Computers and Operations Research 4 (1977), 47-53). No mass turns negative,
none is lost, and what cutting the distribution changes is less than rounding does.

Outside air is clean. Where fans bring a room more than they take, the rest goes outside; where they take more, outside
air comes in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from geo.graph.csr import Floats
from geo.hazards.model import OFFSET_MAX_MS
from geo.places.model import Door, PlaceId

# Dense: 500 rooms are 2 MB, and a step of them a quarter of a million products.
ROOMS_MAX = 500
REGIMES_MAX = 100
MOMENTS_MAX = 100_000
# A hangar of the largest aircraft plant holds 13 million m3; no fan moves a thousandth of it a second.
VOLUME_MAX_M3 = 2e7
FLOW_MAX_M3_S = 1e4
AIR_CHANGES_MAX_H = 1_000.0
LEAK_MAX_MG_S = 1e12
# Changes of the fastest room's air: above it doubling is the shorter way, and from 708 on exp(-mean) is no float.
_MEAN_MAX = 200.0

# Brown and Solvason, International Journal of Heat and Mass Transfer 5 (1962), 859-868: the coefficient of a doorway.
_DOORWAY = 0.65
_GRAVITY_M_S2 = 9.80665
# EN 12101-6:2005, annex A: a single-leaf door leaks through 0.02 m2, Q = 0.83 A sqrt(dp).
_CLOSED_AREA_M2 = 0.02
# The pressure across an inner door without fans, and the height of doors: practice.
_CLOSED_PA = 1.0
_DOOR_HEIGHT_M = 2.0


class MixedRoom(msgspec.Struct, frozen=True):
    """A room's air: its volume, and how much of the gas it held at the beginning."""

    id: PlaceId
    volume_m3: float
    mg_m3: float = 0.0


class Exchange(msgspec.Struct, frozen=True):
    """As much air one way as the other between two rooms: an open doorway, a leaky door."""

    rooms: tuple[PlaceId, PlaceId]
    m3_s: float


class Flow(msgspec.Struct, frozen=True):
    """Air moved one way by a fan or a draught; None: outside."""

    start: PlaceId | None
    end: PlaceId | None
    m3_s: float


class Regime(msgspec.Struct, frozen=True, kw_only=True):
    """What holds from ``start_ms`` until the next regime.

    ``air_changes_h``: how often an hour a room's air is replaced by outside air; ``leaks_mg_s``: gas into rooms.
    """

    start_ms: int = 0
    air_changes_h: Mapping[PlaceId, float] = {}
    exchanges: Sequence[Exchange] = ()
    flows: Sequence[Flow] = ()
    leaks_mg_s: Mapping[PlaceId, float] = {}


class Filling(msgspec.Struct, frozen=True):
    """``mg_m3`` float64 (k, n): each moment's concentration in each room; ``outside_mg`` (k): what has left by then."""

    moments_ms: npt.NDArray[np.int64]
    mg_m3: Floats
    outside_mg: Floats


def fill(rooms: Sequence[MixedRoom], regimes: Sequence[Regime], moments_ms: Sequence[int]) -> Filling:
    """The concentrations at moments (ascending, from 0) under regimes (ascending, the first at 0).

    Raises Invalid (geo.mixing_invalid), naming the field, for a room, flow, leak or moment that is none.
    """
    _check_rooms(rooms)
    _check_moments("moments_ms", moments_ms, MOMENTS_MAX)
    _check_moments("regimes", [it.start_ms for it in regimes], REGIMES_MAX)
    if regimes[0].start_ms != 0:
        raise _invalid("regimes.0.start_ms", "the first regime starts at 0", "首个时段须从 0 开始", regimes[0].start_ms)
    volumes = np.array([room.volume_m3 for room in rooms])
    index = {room.id: number for number, room in enumerate(rooms)}
    made = [_rates(index, volumes, number, regime) for number, regime in enumerate(regimes)]
    ends = [*(it.start_ms for it in regimes[1:]), max(moments_ms[-1], OFFSET_MAX_MS)]
    # The outside is the last compartment: nothing comes back from it.
    mass = np.append(volumes * [room.mg_m3 for room in rooms], 0.0)
    rows, now, current = [], 0, 0
    for moment in moments_ms:
        while now < moment:
            until = min(moment, ends[current])
            mass = advance(*made[current], mass, (until - now) / 1_000)
            now = until
            current += now == ends[current] and current + 1 < len(made)
        rows.append(mass)
    table = np.array(rows)
    return Filling(np.array(moments_ms, dtype=np.int64), table[:, :-1] / volumes, table[:, -1])


def advance(rates: Floats, leak: Floats, mass: Floats, seconds: float) -> Floats:
    """The solution of dm/dt = rates m + leak after ``seconds``.

    ``rates`` (n, n) per second: off the diagonal nothing negative, columns that sum to nothing or less.
    """
    fastest = float(-rates.diagonal().min(initial=0.0))
    mean = fastest * seconds
    if mean < 1e-12:
        # Next to nothing moves: what the square of this would change is beyond rounding.
        return np.asarray(mass + (rates @ mass + leak) * seconds)
    stay = np.eye(len(mass)) + rates / fastest
    if mean <= _MEAN_MAX:
        return _weighted(stay, mass, leak / fastest, mean)
    # Air that changes often over a long time: one short step, doubled until it is as long.
    doublings = math.ceil(math.log2(mean))
    short = mean / 2**doublings
    there = _weighted(stay, np.eye(len(mass)), np.zeros_like(stay), short)
    leaked = _weighted(stay, np.zeros_like(mass), leak / fastest, short)
    for _ in range(doublings):
        there, leaked = there @ there, leaked + there @ leaked
    return there @ mass + leaked


def _weighted(stay: Floats, mass: Floats, leak: Floats, mean: float) -> Floats:
    """sum of P(N = k) stay^k mass + P(N > k) stay^k leak, with N a Poisson number of this mean.

    Terms until the mean + 8 of its roots + 30: by Bernstein's inequality less than 1e-17 is beyond.
    """
    terms = math.ceil(mean + 8 * math.sqrt(mean) + 30)
    logs = np.concatenate(([0.0], np.cumsum(math.log(mean) - np.log(np.arange(1, terms + 1)))))
    here = np.exp(logs - mean)
    here /= here.sum()
    # Summed from the far end, so that small chances keep their digits; together they are the mean.
    beyond = np.append(np.cumsum(here[:0:-1])[::-1], 0.0)
    beyond *= mean / beyond.sum()
    result = here[0] * mass + beyond[0] * leak
    for chance, later in zip(here[1:], beyond[1:], strict=True):
        mass, leak = stay @ mass, stay @ leak
        result = result + chance * mass + later * leak
    return np.asarray(result)


def door_exchange_m3_s(door: Door, *, warmer_by_k: float = 1.0, air_k: float = 293.15) -> float:
    """The air that two rooms exchange through a door by its state, m3/s each way.

    Open: by the weight of warmer air, C / 3 W H sqrt(g H dT / T) (Brown and Solvason 1962); a kelvin is what rooms of
    one building differ by (practice). Otherwise what leaks around the leaf: half of it each way.
    """
    if not (0 <= warmer_by_k <= 100 and 200 <= air_k <= 400):
        raise _invalid("warmer_by_k", "air differs by 0 to 100 K, at 200 to 400 K", "温差无效", [warmer_by_k, air_k])
    if door.state == "open":
        fall = math.sqrt(_GRAVITY_M_S2 * _DOOR_HEIGHT_M * warmer_by_k / air_k)
        return _DOORWAY / 3 * door.width_m * _DOOR_HEIGHT_M * fall
    return 0.83 * _CLOSED_AREA_M2 * math.sqrt(_CLOSED_PA) / 2


def _rates(index: Mapping[PlaceId, int], volumes: Floats, number: int, regime: Regime) -> tuple[Floats, Floats]:
    """The matrix A (n + 1, n + 1) and the leaks s (n + 1) of a regime."""
    field = f"regimes.{number}"
    outside = len(index)
    moved = np.zeros((outside + 1, outside + 1))
    for name, changes in regime.air_changes_h.items():
        _check_number(f"{field}.air_changes_h.{name}", changes, AIR_CHANGES_MAX_H)
        room = _room(f"{field}.air_changes_h", index, name)
        moved[outside, room] += changes / 3_600 * volumes[room]
    for it in regime.exchanges:
        _check_number(f"{field}.exchanges", it.m3_s, FLOW_MAX_M3_S)
        one, other = (_room(f"{field}.exchanges", index, name) for name in it.rooms)
        moved[one, other] += it.m3_s
        moved[other, one] += it.m3_s
    balance = np.zeros(outside + 1)
    for flow in regime.flows:
        _check_number(f"{field}.flows", flow.m3_s, FLOW_MAX_M3_S)
        start, end = (outside if it is None else _room(f"{field}.flows", index, it) for it in (flow.start, flow.end))
        moved[end, start] += flow.m3_s
        balance[end] += flow.m3_s
        balance[start] -= flow.m3_s
    moved[outside, :outside] += np.maximum(balance[:outside], 0.0)
    np.fill_diagonal(moved, 0.0)
    rates = moved / np.append(volumes, 1.0)
    rates[:, outside] = 0.0
    np.fill_diagonal(rates, -rates.sum(axis=0))
    leak = np.zeros(outside + 1)
    for name, mg_s in regime.leaks_mg_s.items():
        _check_number(f"{field}.leaks_mg_s.{name}", mg_s, LEAK_MAX_MG_S)
        leak[_room(f"{field}.leaks_mg_s", index, name)] += mg_s
    return rates, leak


def _room(field: str, index: Mapping[PlaceId, int], name: PlaceId) -> int:
    if name not in index:
        raise _invalid(field, f"there is no room {name}", f"没有房间 {name}", name)
    return index[name]


def _check_rooms(rooms: Sequence[MixedRoom]) -> None:
    if not 1 <= len(rooms) <= ROOMS_MAX:
        raise _invalid("rooms", f"1 to {ROOMS_MAX} rooms are mixed", f"房间须为 1 至 {ROOMS_MAX} 个", len(rooms))
    seen: set[PlaceId] = set()
    for number, room in enumerate(rooms):
        if room.id in seen:
            raise _invalid(f"rooms.{number}.id", "a room is named twice", "房间重复", room.id)
        seen.add(room.id)
        _check_number(f"rooms.{number}.mg_m3", room.mg_m3, LEAK_MAX_MG_S)
        if not 0.1 <= room.volume_m3 <= VOLUME_MAX_M3:
            raise _invalid(
                f"rooms.{number}.volume_m3", f"a room has 0.1 to {VOLUME_MAX_M3:.0f} m3", "房间体积无效", room.volume_m3
            )


def _check_moments(field: str, moments: Sequence[int], limit: int) -> None:
    if not 1 <= len(moments) <= limit:
        raise _invalid(field, f"there are 1 to {limit} of them", f"须为 1 至 {limit} 个", len(moments))
    before = -1
    for number, moment in enumerate(moments):
        if not before < moment <= OFFSET_MAX_MS:
            raise _invalid(f"{field}.{number}", "they ascend, from 0 to a week", "须递增，且在一周以内", moment)
        before = moment


def _check_number(field: str, value: float, limit: float) -> None:
    if not 0 <= value <= limit:
        raise _invalid(field, f"it is 0 to {limit:g}", f"须为 0 至 {limit:g}", value)


def _invalid(field: str, en: str, zh: str, value: object) -> Invalid:
    return Invalid("geo.mixing_invalid", f"{field}: {en}", f"{field}：{zh}", field=field, value=value)
