"""The demo plant's door controller as data: its readers, whose badge is which, and who came to work."""

from __future__ import annotations

import msgspec

from mobile_contract.text import Text

CONTROLLER = "doors-1"
CONTROLLER_NAME = Text("门禁控制器", "Door controller")
SECRET = "demo-secret-doors-1"  # noqa: S105
GATE = "gate-1"


class DemoDoor(msgspec.Struct, frozen=True):
    """A reader: "in" leads from one zone to the other; the gate leads into the site."""

    door: str
    from_zone: str | None
    to_zone: str | None
    gate: bool = False


DOORS = (
    DemoDoor(GATE, None, None, gate=True),
    DemoDoor("solvent-store", "corridor", "solvent-store"),
    DemoDoor("gas-room", "optics-coating", "gas-room"),
    DemoDoor("optics-coating", "corridor", "optics-coating"),
    DemoDoor("clean-room", "corridor", "clean-room"),
    DemoDoor("machine-hall", "corridor", "machine-hall"),
    DemoDoor("office", None, "office"),
    DemoDoor("gas-lobby", None, "gas-lobby"),
    DemoDoor("hf-room", "gas-lobby", "hf-room"),
    DemoDoor("nitrogen-room", "gas-lobby", "nitrogen-room"),
)

# Badge number and account; the cards are numbered as a card printer does it.
BADGES = (("100001", "wang"), ("100002", "li"), ("100003", "zhao"), ("100004", "chen"), ("100005", "admin"))

# Who is in when the plant is made, and through which door they went last; all of them came in by the gate.
PEOPLE_IN = (("100001", "machine-hall"), ("100002", "machine-hall"), ("100003", "office"), ("100004", "clean-room"))
