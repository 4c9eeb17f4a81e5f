"""What to know of a place to stand before one drives there, in zh-CN and en. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from geo.places.road_network import RoadNetwork
from geo.routing.standing import Limits, OnFoot, Supply, WindSide
from mobile_contract.text import Text

# Of more roads than this only the first are named.
NAMED_MAX = 3


def road_name(roads: RoadNetwork, road: int) -> Text:
    """A road's name, or its id where it has none."""
    way = roads.roads[road]
    return way.name or Text(f"道路 {way.id}", f"road {way.id}")


def capital(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]


def cautions(
    wind: WindSide,
    supply: Supply | None,
    on_foot: OnFoot | None,
    limits: Limits,
    *,
    asked_on_foot: bool,
    in_lee: bool,
    turns_back: bool,
    unknown: Sequence[Text],
) -> list[Text]:
    """The gravest first.

    ``in_lee``: the way there passes the lee side; ``turns_back``: a way leads back to a gate; ``unknown``: roads nobody
    measured.
    """
    told = []
    if wind == "downwind":
        told.append(Text("此处在下风侧：没有其他可用位置", "Downwind: no other place is left"))
    if in_lee:
        told.append(Text("来路经过下风侧", "The way there passes downwind of the source"))
    if on_foot is not None and on_foot.through:
        names = ", ".join(on_foot.through)
        told.append(Text(f"步行须穿过危险区 {names}", f"The way on foot leads through {names}"))
    if asked_on_foot and on_foot is None:
        told.append(Text("没有步行路线到目标", "No way on foot to the place is known"))
    if on_foot is not None and on_foot.metres > limits.reach_m:
        zh, en = f"步行 {on_foot.metres:.0f} 米", f"{on_foot.metres:.0f} m on foot"
        told.append(Text(f"{zh}，水带一般只到 {limits.reach_m:.0f} 米", f"{en}; hose reaches {limits.reach_m:.0f} m"))
    if supply is None:
        zh, en = (
            f"沿路 {limits.hose_m:.0f} 米内没有可用消火栓",
            f"No usable hydrant within {limits.hose_m:.0f} m of road",
        )
        told.append(Text(zh, en))
    if not turns_back:
        told.append(Text("不能向前驶出，只能倒车", "No way out but in reverse"))
    if unknown:
        zh, en = "、".join(it.zh for it in unknown[:NAMED_MAX]), ", ".join(it.en for it in unknown[:NAMED_MAX])
        more_zh, more_en = ("等", ", ...") if len(unknown) > NAMED_MAX else ("", "")
        told.append(
            Text(f"{zh}{more_zh}的净宽、净高或承重未知", f"Width, height or weight limit not known: {en}{more_en}")
        )
    return told
