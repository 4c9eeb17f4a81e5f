"""Physics of the demo's gas house: a gas that escapes from a cylinder or a hose, mixed into a ventilated room. Pure.

Each room is one well-mixed volume V with the exact solution of ``room_model.mix`` in every step.

Hydrogen fluoride: mg/m3, V dC/dt = G - Q C (well-mixed box: Keil, Mathematical Models for Estimating Occupational
Exposure to Chemicals, AIHA). It is taken for an ideal gas that neither settles nor reacts: walls and moisture
take some of it in truth, so the real room is cleaner.

Nitrogen: the share I of the air it displaces. An exhaust fan draws Q out of the room and R flows in, so that
V dI/dt = R - max(Q, R) I, and oxygen is 20.9 % of what is left (Fermilab ES&H Manual 4240, oxygen deficiency hazards:
a fan that draws out, with what overpressure pushes out when more comes in than the fan takes).
"""

from __future__ import annotations

import math

import msgspec

from muster.demo.room_model import MOLAR_VOLUME_M3, Room, mix, spin

# 4 x 3 x 3 m; 6 air changes/h at rest and 100/h with the fan, 3,600 m3/h through a duct of 0.4 m: GB 50019-2015 asks
# for 12/h of emergency ventilation as the least, and this is far above it so that the story ends within a few minutes.
# There is no tray: what escapes here is a gas at once.
GAS_HOUSE_ROOM = Room(
    volume_m3=36.0,
    base_flow_m3_s=6.0 * 36.0 / 3600.0,
    fan_flow_m3_s=3600.0 / 3600.0,
    duct_area_m2=math.pi * 0.2**2,
    tray_area_m2=0.0,
    film_depth_m=0.0,
    floor_air_speed_m_s=0.0,
    fan_spin_up_s=3.0,
    fan_coast_s=2.5,
)
# Molar mass (PubChem CID 947). A litre of liquid, 0.807 kg, becomes 0.69 m3 of gas at 20 Cel.
NITROGEN_G_PER_MOL = 28.014


class GasState(msgspec.Struct, frozen=True):
    """What the room is like now: ``gas`` in mg/m3 (HF) or ppm of the volume (nitrogen that displaced air)."""

    gas: float = 0.0
    fan_speed: float = 0.0


def advance_hf(state: GasState, room: Room, *, fan_running: bool, leak_g_s: float, dt_s: float) -> GasState:
    """The room with hydrogen fluoride ``dt_s`` later; ``mix`` counts in millionths, so kg become mg."""
    speed, flow_m3_s = _ventilate(state, room, fan_running, dt_s)
    return GasState(mix(state.gas, leak_g_s / 1000.0, flow_m3_s, room.volume_m3, dt_s), speed)


def advance_nitrogen(state: GasState, room: Room, *, fan_running: bool, leak_g_s: float, dt_s: float) -> GasState:
    """The room with nitrogen ``dt_s`` later; what is spilt as a liquid is a gas as warm as the room at once."""
    speed, flow_m3_s = _ventilate(state, room, fan_running, dt_s)
    source_m3_s = leak_g_s / NITROGEN_G_PER_MOL * MOLAR_VOLUME_M3
    return GasState(mix(state.gas, source_m3_s, max(flow_m3_s, source_m3_s), room.volume_m3, dt_s), speed)


def _ventilate(state: GasState, room: Room, fan_running: bool, dt_s: float) -> tuple[float, float]:
    """(fan speed afterwards, mean flow during the step in m3/s)."""
    speed, mean_speed = spin(state.fan_speed, fan_running, room, dt_s)
    return speed, room.base_flow_m3_s + mean_speed * room.fan_flow_m3_s
