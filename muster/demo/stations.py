"""Rooms of the demo plant that something can leak into: the leak, the valve that ends it, the fan that clears it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from muster.demo import gas_model as gases
from muster.demo import room_model as rooms
from muster.demo.gas_model import GAS_HOUSE_ROOM, GasState
from muster.demo.room_model import Room, RoomState

# A motorised valve of this size closes within a few seconds; a contactor, siren or beacon at once.
VALVE_TRAVEL_S = 2.0


class Station(ABC):
    """One room with its fan and its valve, advanced by ``step``. Rates in g/s, what is left to leak in g."""

    room: Room

    def __init__(self) -> None:
        self.leak_g_s = 0.0
        self.left_g = 0.0
        self.fan_on = False
        self.valve_open = True
        self._travel_s = 0.0

    @property
    def leaking(self) -> bool:
        """Whether something flows out now."""
        return self.leak_g_s > 0 and self.left_g > 0 and self.valve_open

    @property
    @abstractmethod
    def fan_speed(self) -> float:
        """The fan, as a share of full speed."""

    @property
    def air_speed_m_s(self) -> float:
        """Speed of the air in the fan's duct."""
        return self.fan_speed * self.room.fan_flow_m3_s / self.room.duct_area_m2

    def leak(self, rate_g_s: float, minutes: float) -> None:
        """Leak at this rate until that many minutes' worth is gone; opens the valve first."""
        self.valve_open, self._travel_s = True, 0.0
        self.leak_g_s, self.left_g = rate_g_s, rate_g_s * minutes * 60.0

    def repair(self) -> None:
        """End the leak; what is in the air leaves by itself."""
        self.leak_g_s = self.left_g = 0.0

    def turn_valve(self, *, wanted_open: bool) -> None:
        """Begin to open or close it."""
        self._travel_s = VALVE_TRAVEL_S if self.valve_open != wanted_open else 0.0

    def step(self, dt_s: float) -> None:
        """Move the room on."""
        if self._travel_s > 0:
            self._travel_s = max(0.0, self._travel_s - dt_s)
            if self._travel_s == 0:
                self.valve_open = not self.valve_open
        leaked_g = min(self.leak_g_s * dt_s, self.left_g) if self.leaking else 0.0
        self.left_g -= leaked_g
        self._advance(leaked_g / dt_s, dt_s)

    @abstractmethod
    def _advance(self, leak_g_s: float, dt_s: float) -> None:
        """The air ``dt_s`` later."""


class SolventStore(Station):
    """Acetone wets the tray and evaporates."""

    room = rooms.SOLVENT_STORE

    def __init__(self) -> None:
        super().__init__()
        self.air = RoomState()

    @property
    def fan_speed(self) -> float:
        """See `Station`."""
        return self.air.fan_speed

    def _advance(self, leak_g_s: float, dt_s: float) -> None:
        self.air = rooms.advance(self.air, self.room, fan_running=self.fan_on, leak_g_s=leak_g_s, dt_s=dt_s)


class HfRoom(Station):
    """Hydrogen fluoride escapes from a cylinder's fitting."""

    room = GAS_HOUSE_ROOM

    def __init__(self) -> None:
        super().__init__()
        self.air = GasState()

    @property
    def fan_speed(self) -> float:
        """See `Station`."""
        return self.air.fan_speed

    @property
    def hf_mg_m3(self) -> float:
        """What people would breathe there."""
        return self.air.gas

    def _advance(self, leak_g_s: float, dt_s: float) -> None:
        self.air = gases.advance_hf(self.air, self.room, fan_running=self.fan_on, leak_g_s=leak_g_s, dt_s=dt_s)


class NitrogenRoom(Station):
    """Liquid nitrogen runs out of a transfer hose and boils."""

    room = GAS_HOUSE_ROOM

    def __init__(self) -> None:
        super().__init__()
        self.air = GasState()

    @property
    def fan_speed(self) -> float:
        """See `Station`."""
        return self.air.fan_speed

    @property
    def oxygen_percent(self) -> float:
        """What is left of the air's oxygen, % vol."""
        return rooms.oxygen_percent(self.air.gas)

    def _advance(self, leak_g_s: float, dt_s: float) -> None:
        self.air = gases.advance_nitrogen(self.air, self.room, fan_running=self.fan_on, leak_g_s=leak_g_s, dt_s=dt_s)
