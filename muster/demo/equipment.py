"""The demo plant's safety equipment: what hangs where, what has run out, and putting it there.

Places follow practice: extinguishers by the fires they are for (GB 50140-2005, 4.2) where they are seen and reached
(5.1.1), eye wash and shower within ten seconds of the acid (ANSI/ISEA Z358.1-2014), breathing apparatus outside of the
room one needs it for.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from core.database import Tx
from mobile_contract.text import Text
from muster.demo.catalogue import ZONES, lon_lat
from resources.equipment import service
from resources.equipment.model import EquipmentDraft, EquipmentKind, FireClass


class DemoEquipment(msgspec.Struct, frozen=True):
    """A thing ``at`` so many metres east and north of the origin; ``zone`` None: outdoors. ``expires_days`` from the
    day of seeding, None: never."""

    slug: str
    kind: EquipmentKind
    name: Text
    zone: str | None
    at: tuple[float, float]
    classes: tuple[FireClass, ...] | None = None
    in_stock: int = 1
    expires_days: int | None = None
    inspection_days: int | None = None
    note: str = ""


_POWDER: tuple[FireClass, ...] = ("A", "B", "C", "E")
_CO2: tuple[FireClass, ...] = ("B", "C", "E")
_FOAM: tuple[FireClass, ...] = ("A", "B")

EQUIPMENT = (
    # Optics building.
    DemoEquipment(
        "ext-solvent", "extinguisher", Text("溶剂库泡沫灭火器", "Foam extinguisher, solvent store"), "solvent-store",
        (2.9, 11.7), _FOAM, expires_days=400, inspection_days=20,
    ),
    DemoEquipment(
        "ext-gas-room", "extinguisher", Text("特气间二氧化碳灭火器", "CO2 extinguisher, special gas room"), "gas-room",
        (2.9, 0.3), _CO2, expires_days=400, inspection_days=20,
    ),
    DemoEquipment(
        "ext-coating", "extinguisher", Text("镀膜车间干粉灭火器", "Powder extinguisher, optics coating"),
        "optics-coating", (19.7, 11.7), _POWDER, in_stock=2, expires_days=400, inspection_days=20,
    ),
    # It is found by whoever looks for what has expired.
    DemoEquipment(
        "ext-coating-west", "extinguisher", Text("镀膜车间西侧灭火器", "Extinguisher, optics coating west"),
        "optics-coating", (3.5, 6.0), _POWDER, expires_days=-12, inspection_days=-12, note="待更换 / to be replaced",
    ),
    DemoEquipment(
        "ext-clean-room", "extinguisher", Text("洁净室二氧化碳灭火器", "CO2 extinguisher, clean room"), "clean-room",
        (39.7, 11.7), _CO2, in_stock=2, expires_days=400, inspection_days=20,
    ),
    DemoEquipment(
        "ext-corridor-west", "extinguisher", Text("走廊西侧干粉灭火器", "Powder extinguisher, corridor west"),
        "corridor", (1.0, 14.7), _POWDER, in_stock=2, expires_days=400, inspection_days=20,
    ),
    DemoEquipment(
        "ext-corridor-east", "extinguisher", Text("走廊东侧干粉灭火器", "Powder extinguisher, corridor east"),
        "corridor", (38.0, 14.7), _POWDER, in_stock=2, expires_days=25, inspection_days=20,
    ),
    DemoEquipment(
        "blanket-coating", "fire_blanket", Text("镀膜车间灭火毯", "Fire blanket, optics coating"), "optics-coating",
        (12.0, 0.3),
    ),
    DemoEquipment(
        "spill-solvent", "spill_kit", Text("溶剂库泄漏应急包", "Spill kit, solvent store"), "solvent-store", (0.3, 9.8),
        in_stock=2, expires_days=300,
    ),
    DemoEquipment(
        "spill-corridor", "spill_kit", Text("走廊溶剂泄漏应急包", "Solvent spill kit, corridor"), "corridor",
        (4.0, 12.3), in_stock=2, expires_days=300, note="溶剂库门外 / outside the solvent store",
    ),
    DemoEquipment(
        "ba-corridor", "breathing_apparatus", Text("走廊空气呼吸器柜", "Breathing apparatus, corridor"), "corridor",
        (8.0, 12.3), in_stock=4, expires_days=200, inspection_days=10,
    ),
    DemoEquipment(
        "eye-wash-coating", "eye_wash", Text("镀膜车间洗眼器", "Eye wash, optics coating"), "optics-coating",
        (3.6, 9.0), inspection_days=6,
    ),
    DemoEquipment(
        "first-aid-corridor", "first_aid", Text("走廊急救箱", "First aid, corridor"), "corridor", (20.0, 12.3),
        expires_days=150,
    ),
    DemoEquipment("aed-corridor", "aed", Text("走廊除颤仪", "AED, corridor"), "corridor", (20.6, 12.3),
                  expires_days=500),
    DemoEquipment(
        "detector-corridor", "gas_detector", Text("走廊便携式气体检测仪", "Portable gas detectors, corridor"),
        "corridor", (8.6, 12.3), in_stock=3, inspection_days=30,
    ),
    DemoEquipment(
        "alarm-corridor", "alarm_button", Text("走廊手动报警按钮", "Alarm button, corridor"), "corridor", (0.3, 13.5),
    ),
    # Machining building.
    DemoEquipment(
        "ext-machine-hall", "extinguisher", Text("机加工车间干粉灭火器", "Powder extinguisher, machine hall"),
        "machine-hall", (20.0, 15.3), _POWDER, in_stock=2, expires_days=400, inspection_days=20,
    ),
    # Magnesium chips.
    DemoEquipment(
        "ext-machine-hall-metal", "extinguisher", Text("机加工车间 D 类灭火器", "Class D extinguisher, machine hall"),
        "machine-hall", (30.0, 34.7), ("D",), expires_days=400, inspection_days=20,
    ),
    # It is what nobody may be sent to.
    DemoEquipment(
        "first-aid-machine-hall", "first_aid", Text("机加工车间急救箱", "First aid, machine hall"), "machine-hall",
        (39.7, 16.0), in_stock=0, expires_days=150, note="已用完 / used up",
    ),
    DemoEquipment("stretcher-machine-hall", "stretcher", Text("机加工车间担架", "Stretcher, machine hall"),
                  "machine-hall", (38.5, 15.3)),
    DemoEquipment("first-aid-office", "first_aid", Text("办公室急救箱", "First aid, office"), "office", (1.0, 15.5),
                  expires_days=150),
    # Gas house.
    DemoEquipment("shower-hf", "shower", Text("氟化氢间喷淋", "Shower, HF room"), "hf-room", (-16.4, 0.4),
                  inspection_days=6),
    DemoEquipment("eye-wash-hf", "eye_wash", Text("氟化氢间洗眼器", "Eye wash, HF room"), "hf-room", (-16.4, 1.0),
                  inspection_days=6),
    DemoEquipment("shower-gas-lobby", "shower", Text("气站前室喷淋", "Shower, gas house lobby"), "gas-lobby",
                  (-15.7, 0.4), inspection_days=6),
    DemoEquipment("eye-wash-gas-lobby", "eye_wash", Text("气站前室洗眼器", "Eye wash, gas house lobby"), "gas-lobby",
                  (-15.7, 1.0), inspection_days=6),
    DemoEquipment(
        "ba-gas-lobby", "breathing_apparatus", Text("气站前室空气呼吸器柜", "Breathing apparatus, gas house lobby"),
        "gas-lobby", (-14.3, 2.7), in_stock=2, expires_days=200, inspection_days=10,
    ),
    DemoEquipment(
        "first-aid-hf", "first_aid", Text("氟化氢急救箱（葡萄糖酸钙）", "HF first aid (calcium gluconate)"),
        "gas-lobby", (-14.3, 0.4), expires_days=90, note="含葡萄糖酸钙凝胶 / with calcium gluconate gel",
    ),
    DemoEquipment(
        "ext-gas-lobby", "extinguisher", Text("气站前室干粉灭火器", "Powder extinguisher, gas house lobby"),
        "gas-lobby", (-15.0, 2.7), _POWDER, expires_days=400, inspection_days=20,
    ),
    # Outdoors.
    DemoEquipment("hydrant-west", "hydrant", Text("西侧消火栓", "Hydrant west"), None, (-6.0, 18.0),
                  inspection_days=60),
    DemoEquipment("hydrant-south", "hydrant", Text("南侧消火栓", "Hydrant south"), None, (25.0, -6.0),
                  inspection_days=60),
    DemoEquipment("hydrant-east", "hydrant", Text("东侧消火栓", "Hydrant east"), None, (46.0, 25.0),
                  inspection_days=60),
)  # fmt: skip


async def place_equipment(tx: Tx, site_id: UUID) -> None:
    """Put it all in place."""
    levels = {zone.slug: zone.level for zone in ZONES}
    assert tx.tenant_id is not None
    today = await service.today(tx, tx.tenant_id, site_id)
    for it in EQUIPMENT:
        lon, lat = lon_lat(*it.at)
        draft = EquipmentDraft(
            site_id=site_id,
            slug=it.slug,
            kind=it.kind,
            name=it.name,
            lon=lon,
            lat=lat,
            level=0 if it.zone is None else levels[it.zone],
            classes=None if it.classes is None else list(it.classes),
            in_stock=it.in_stock,
            expires_at=None if it.expires_days is None else tx.now + timedelta(days=it.expires_days),
            next_inspection_on=None if it.inspection_days is None else today + timedelta(days=it.inspection_days),
            note=it.note,
        )
        await service.create_equipment(tx, None, draft)
