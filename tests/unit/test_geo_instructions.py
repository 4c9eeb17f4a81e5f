"""Orders as people read them, in both languages: small buildings, each told step by step."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.errors import Invalid
from geo.instructions.amounts import about, compass, floors, metres, ordinal
from geo.instructions.cautions import CAUTIONS, least_harm
from geo.instructions.haptics import VIBRATION
from geo.instructions.model import Caution, Directions, LeastHarm, Target
from geo.instructions.names import LANDMARKS, RISES, ROOMS, Names
from geo.instructions.steps import direct, direct_here, landmark_target, target_of
from geo.instructions.wording import Told, tell
from geo.places.model import Level
from geo.places.network import ArcKind
from mobile_contract.text import Text
from tests.example_buildings import (
    DRAWN_WAY,
    GRID_WAY,
    L_WAY,
    LIFT_WAY,
    STAIRS_DOWN_WAY,
    STAIRS_UP_WAY,
    T_WAY,
    drawn_ways,
    grid_hall,
    l_corridor,
    open_stairs,
    stairwell,
    t_junction,
)
from tests.small_buildings import Building


def told(building: Building, way: tuple[str, ...], mark: str = "", **options: Any) -> tuple[Directions, Told]:
    network, around = building.network(), building.around()
    if mark:
        options["target"] = landmark_target(around, mark)
    directions = direct(around, network, *building.path(network, *way), **options)
    return directions, tell(around, directions)


class Case:
    """A way and its steps: code, zh-CN, en."""

    def __init__(
        self, name: str, building: Building, way: tuple[str, ...], steps: list[tuple[str, str, str]], **options: Any
    ) -> None:
        self.name, self.building, self.way, self.steps, self.options = name, building, way, steps, options


CASES = [
    Case(
        "a corridor with a corner, a door on the right",
        l_corridor(),
        L_WAY,
        [
            (
                "S",
                "您在1层的101实验室。从D1门出去，距离5米。",
                "You are in Laboratory 101 on the ground floor. Leave by door D1, 5 m away.",
            ),
            (
                "S",
                "通过正前方的D1门，进入A走廊，随即左转。直行15米，到拐弯处。",
                "Go through door D1 straight ahead into Corridor A, then turn left. Go 15 m to the bend.",
            ),
            (
                "L",
                "在拐弯处左转。沿A走廊直行15米，到通往库房的门。",
                "At the bend, turn left. Go 15 m along Corridor A to the door to Store.",
            ),
            (
                "R",
                "通过右侧的门，进入库房。直行5米，到洗眼器。",
                "Go through the door on your right into Store. Go 5 m to the eye wash.",
            ),
            ("A", "到达：洗眼器在您右侧。", "You are there: the eye wash is on your right."),
        ],
        mark="EW",
    ),
    Case(
        "and back",
        l_corridor(),
        L_WAY[::-1],
        [
            (
                "S",
                "您在1层的库房。从通往A走廊的门出去，距离5米。",
                "You are in Store on the ground floor. Leave by the door to Corridor A, 5 m away.",
            ),
            (
                "S",
                "通过正前方的门，进入A走廊，随即左转。直行15米，到拐弯处。",
                "Go through the door straight ahead into Corridor A, then turn left. Go 15 m to the bend.",
            ),
            (
                "R",
                "在拐弯处右转。沿A走廊直行15米，到D1门。",
                "At the bend, turn right. Go 15 m along Corridor A to door D1.",
            ),
            (
                "R",
                "通过右侧的D1门，进入101实验室，随即向左前方走。直行5米。",
                "Go through door D1 on your right into Laboratory 101, then bear left. Go 5 m.",
            ),
            ("A", "到达101实验室。", "You are there: Laboratory 101."),
        ],
    ),
    Case(
        "a junction, and the third door",
        t_junction(),
        T_WAY,
        [
            (
                "S",
                "您在1层的化验室。从通往支走廊的门出去，距离5米。",
                "You are in Assay Laboratory on the ground floor. Leave by the door to Side Corridor, 5 m away.",
            ),
            (
                "S",
                "通过正前方的门，进入支走廊。直行10米，到支走廊尽头。",
                "Go through the door straight ahead into Side Corridor. Go 10 m to the end of Side Corridor.",
            ),
            (
                "R",
                "在支走廊尽头右转。沿主走廊直行20米，到左侧第3个门。",
                "At the end of Side Corridor, turn right. Go 20 m along Main Corridor to the third door on your left.",
            ),
            (
                "L",
                "通过左侧第3个门，进入房间。直行5米。",
                "Go through the third door on your left into the room. Go 5 m.",
            ),
            ("A", "到达房间。", "You are there: the room."),
        ],
    ),
    Case(
        "a turn at a landmark",
        t_junction(extinguisher=True),
        ("s", "D", "j", "w"),
        [
            (
                "S",
                "您在1层的化验室。从通往支走廊的门出去，距离5米。",
                "You are in Assay Laboratory on the ground floor. Leave by the door to Side Corridor, 5 m away.",
            ),
            (
                "S",
                "通过正前方的门，进入支走廊。直行10米，到灭火器E7。",
                "Go through the door straight ahead into Side Corridor. Go 10 m to fire extinguisher E7.",
            ),
            (
                "L",
                "在灭火器E7处左转。沿主走廊直行10米。",
                "At fire extinguisher E7, turn left. Go 10 m along Main Corridor.",
            ),
            ("A", "到达主走廊。", "You are there: Main Corridor."),
        ],
    ),
    Case(
        "two floors up by stairs that turn back",
        stairwell(),
        STAIRS_UP_WAY,
        [
            (
                "S",
                "您在1层的001室。从南面的门出去，距离5米。",
                "You are in room 001 on Floor 1. Leave by the door to the south, 5 m away.",
            ),
            (
                "S",
                "通过正前方的门，进入走廊，随即左转。直行15米，到防火门F0。",
                "Go through the door straight ahead into the corridor, then turn left. Go 15 m to fire door F0.",
            ),
            (
                "S",
                "通过正前方的防火门F0，进入楼梯间。走几步，到1号楼梯。",
                "Go through fire door F0 straight ahead into the stairwell. Go a few steps to Stairs 1.",
            ),
            ("U", "走1号楼梯上2层楼，到3层。", "Go up Stairs 1, two floors, to Floor 3."),
            (
                "S",
                "通过防火门F2，进入走廊。直行15米，到通往201室的门。",
                "Go through fire door F2 into the corridor. Go 15 m to the door to room 201.",
            ),
            ("R", "通过右侧的门，进入201室。直行5米。", "Go through the door on your right into room 201. Go 5 m."),
            ("A", "到达201室。", "You are there: room 201."),
        ],
    ),
    Case(
        "two floors down",
        stairwell(),
        STAIRS_DOWN_WAY,
        [
            (
                "S",
                "您在3层的201室。从南面的门出去，距离5米。",
                "You are in room 201 on Floor 3. Leave by the door to the south, 5 m away.",
            ),
            (
                "S",
                "通过正前方的门，进入走廊，随即左转。直行15米，到防火门F2。",
                "Go through the door straight ahead into the corridor, then turn left. Go 15 m to fire door F2.",
            ),
            (
                "S",
                "通过正前方的防火门F2，进入楼梯间。走几步，到1号楼梯。",
                "Go through fire door F2 straight ahead into the stairwell. Go a few steps to Stairs 1.",
            ),
            ("D", "走1号楼梯下2层楼，到1层。", "Go down Stairs 1, two floors, to Floor 1."),
            (
                "S",
                "通过防火门F0，进入走廊。直行15米，到通往001室的门。",
                "Go through fire door F0 into the corridor. Go 15 m to the door to room 001.",
            ),
            ("R", "通过右侧的门，进入001室。直行5米。", "Go through the door on your right into room 001. Go 5 m."),
            ("A", "到达001室。", "You are there: room 001."),
        ],
    ),
    Case(
        "by a lift",
        stairwell(),
        LIFT_WAY,
        [
            (
                "S",
                "您在1层的001室。从南面的门出去，距离5米。",
                "You are in room 001 on Floor 1. Leave by the door to the south, 5 m away.",
            ),
            (
                "S",
                "通过正前方的门，进入走廊，随即左转。直行10米，到电梯。",
                "Go through the door straight ahead into the corridor, then turn left. Go 10 m to the lift.",
            ),
            ("U", "乘左侧的电梯上到3层。", "Take the lift on your left up to Floor 3."),
            (
                "R",
                "离开电梯后右转。沿走廊直行10米，到通往201室的门。",
                "From the lift, turn right. Go 10 m along the corridor to the door to room 201.",
            ),
            ("R", "通过右侧的门，进入201室。直行5米。", "Go through the door on your right into room 201. Go 5 m."),
            ("A", "到达201室。", "You are there: room 201."),
        ],
    ),
    Case(
        "straight stairs without a door",
        open_stairs(),
        ("a", "b", "S:0", "S:1", "x"),
        [
            (
                "S",
                "您在1层的走廊。面朝东。沿走廊直行10米，到楼梯。",
                "You are in the corridor on the ground floor. Face east. Go 10 m along the corridor to the stairs.",
            ),
            ("U", "走楼梯上1层楼，到2层。", "Go up the stairs, one floor, to level 1."),
            ("R", "离开楼梯后右转。沿走廊直行5米。", "From the stairs, turn right. Go 5 m along the corridor."),
            ("A", "到达走廊。", "You are there: the corridor."),
        ],
    ),
    Case(
        "an escalator",
        open_stairs(),
        ("a", "E:0", "E:1", "x"),
        [
            (
                "S",
                "您在1层的走廊。面朝东南。沿走廊直行10米，到自动扶梯。",
                "You are in the corridor on the ground floor. Face south-east. Go 10 m along the corridor to the escalator.",
            ),
            ("U", "乘自动扶梯上到2层。", "Take the escalator up to level 1."),
            ("A", "到达走廊。", "You are there: the corridor."),
        ],
    ),
    Case(
        "a ramp",
        open_stairs(),
        ("a", "R:0", "R:1", "y"),
        [
            (
                "S",
                "您在1层的走廊。面朝东北。沿走廊直行10米，到坡道。",
                "You are in the corridor on the ground floor. Face north-east. Go 10 m along the corridor to the ramp.",
            ),
            ("U", "沿坡道上到2层。", "Go up the ramp to level 1."),
            ("R", "离开坡道后右转。沿走廊直行10米。", "From the ramp, turn right. Go 10 m along the corridor."),
            ("A", "到达走廊。", "You are there: the corridor."),
        ],
    ),
    Case(
        "down a ladder",
        open_stairs(),
        ("y", "K:1", "K:0", "k", "b"),
        [
            (
                "S",
                "您在2层的走廊。面朝东。沿走廊直行10米，到爬梯。",
                "You are in the corridor on level 1. Face east. Go 10 m along the corridor to the ladder.",
            ),
            ("D", "沿爬梯爬下到1层。", "Climb down the ladder to the ground floor."),
            ("S", "离开爬梯。面朝西。沿走廊直行30米。", "Leave the ladder. Face west. Go 30 m along the corridor."),
            ("A", "到达走廊。", "You are there: the corridor."),
        ],
    ),
    Case(
        "a zigzag over a grid, and out",
        grid_hall(),
        GRID_WAY,
        [
            (
                "S",
                "您在1层的办公室。从东门出去，距离5米。",
                "You are in Office on the ground floor. Leave by East Door, 5 m away.",
            ),
            (
                "S",
                "通过正前方的东门，进入装配车间，随即左转。直行25米，到右侧的出口门。",
                "Go through East Door straight ahead into Assembly Hall, then turn left. Go 25 m to the exit door on your right.",
            ),
            (
                "R",
                "从右侧的出口门出去，到室外。直行30米，到1号集合点。",
                "Go outside through the exit door on your right. Go 30 m to Assembly Point 1.",
            ),
            ("A", "到达1号集合点。", "You are there: Assembly Point 1."),
        ],
    ),
    Case(
        "in from outside",
        grid_hall(),
        GRID_WAY[::-1],
        [
            (
                "S",
                "您在室外。面朝西。直行30米，到通往装配车间的门。",
                "You are outside. Face west. Go 30 m to the door to Assembly Hall.",
            ),
            (
                "S",
                "通过正前方的门，进入装配车间，随即左转。直行25米，到东门。",
                "Go through the door straight ahead into Assembly Hall, then turn left. Go 25 m to East Door.",
            ),
            ("R", "通过右侧的东门，进入办公室。直行5米。", "Go through East Door on your right into Office. Go 5 m."),
            ("A", "到达办公室。", "You are there: Office."),
        ],
    ),
    Case(
        "ways drawn without rooms",
        drawn_ways(),
        DRAWN_WAY,
        [
            (
                "S",
                "您在1层。面朝东。直行30米，到岔口。",
                "You are on the ground floor. Face east. Go 30 m to the junction.",
            ),
            ("L", "在岔口左转。直行40米，到拐弯处。", "At the junction, turn left. Go 40 m to the bend."),
            ("R", "在拐弯处右转。直行20米，到拐弯处。", "At the bend, turn right. Go 20 m to the bend."),
            ("L", "在拐弯处左转。直行35米，到目的地。", "At the bend, turn left. Go 35 m to your destination."),
            ("A", "到达目的地。", "You are there: your destination."),
        ],
    ),
    Case(
        "one who looks the other way",
        drawn_ways(),
        ("n", "j", "b"),
        [
            (
                "B",
                "您在1层。掉头往回走。直行40米，到路尽头。",
                "You are on the ground floor. Turn back. Go 40 m to the end of the path.",
            ),
            (
                "L",
                "在路尽头左转。直行30米，到目的地。",
                "At the end of the path, turn left. Go 30 m to your destination.",
            ),
            ("A", "到达目的地。", "You are there: your destination."),
        ],
        facing_deg=0,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_way_is_told_step_by_step(case: Case) -> None:
    _, said = told(case.building, case.way, **case.options)
    assert [(step.code, step.text.zh, step.text.en) for step in said.steps] == case.steps


def test_what_tells_that_one_is_right_stands_beside_the_order() -> None:
    directions, said = told(l_corridor(), L_WAY, "EW")
    assert [step.check for step in said.steps] == [
        None,
        Text(
            "门后是A走廊。途中左侧有灭火器。",
            "Behind the door is Corridor A. You pass the fire extinguisher on your left.",
        ),
        None,
        Text("门后是库房。", "Behind the door is Store."),
        None,
    ]
    (passed,) = directions.steps[1].passes
    assert (passed.landmark, passed.side, round(passed.after_m)) == ("E1", "left", 7)
    _, up = told(stairwell(), STAIRS_UP_WAY)
    assert up.steps[3].check == Text("确认已到3层。", "Check that you are on Floor 3.")


def test_a_step_is_also_short_spoken_and_felt() -> None:
    _, said = told(l_corridor(), L_WAY, "EW")
    assert [step.short.zh for step in said.steps] == [
        "D1门，5米", "D1门，左转，15米", "左转，15米", "通往库房的门，5米", "洗眼器",
    ]  # fmt: skip
    assert [step.short.en for step in said.steps] == [
        "Door D1, 5 m", "Door D1, turn left, 15 m", "Turn left, 15 m", "The door to Store, 5 m", "The eye wash",
    ]  # fmt: skip
    assert said.steps[2].spoken.en == "At the bend, turn left. Go 15 metres along Corridor A to the door to Store."
    assert said.steps[1].spoken.zh.endswith("到拐弯处。门后是A走廊。途中左侧有灭火器。")
    assert [step.vibration_ms for step in said.steps] == [VIBRATION[step.code] for step in said.steps]
    assert said.summary == Text("前往洗眼器：40米，约30秒。", "To the eye wash: 40 m, about 30 s.")
    _, up = told(stairwell(), STAIRS_UP_WAY)
    assert up.steps[3].short == Text("到3层", "To Floor 3")


def test_no_two_codes_feel_the_same_and_all_are_over_in_three_seconds() -> None:
    assert len({tuple(pattern) for pattern in VIBRATION.values()}) == len(VIBRATION)
    assert all(len(pattern) % 2 == 1 and sum(pattern) <= 3000 for pattern in VIBRATION.values())


def test_what_not_to_do_comes_before_the_first_step_and_no_safe_way_before_that() -> None:
    harm = LeastHarm(agent=Text("氨气", "ammonia"), exposed_ms=61_000, dose_share=0.31, limit=Text("AEGL-2", "AEGL-2"))
    cautions = [
        Caution(kind="no_lift"),
        Caution(kind="other", text=Text("不要开3号门", "Leave door 3 shut")),
        Caution(kind="keep_upwind"),
    ]
    _, said = told(stairwell(), STAIRS_UP_WAY, cautions=cautions, least_harm=harm)
    assert [warning.zh for warning in said.warnings] == [
        "没有安全路线。这条路线伤害最小：在氨气中停留约1分钟，剂量约为AEGL-2的35%",
        "不要乘电梯",
        "不要开3号门",
        "保持在上风侧，不要穿过烟雾和气味",
    ]
    assert said.warnings[0].en == (
        "No route is safe. This one does the least harm: about 1 min in ammonia, about 35 % of AEGL-2"
    )
    assert said.warnings[1:] == [CAUTIONS["no_lift"], cautions[1].text, CAUTIONS["keep_upwind"]]


def test_a_way_by_a_lift_that_must_not_be_used_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        told(stairwell(), LIFT_WAY, cautions=[Caution(kind="no_lift")])
    assert (caught.value.code, caught.value.value) == ("geo.way_by_lift", "L")
    told(stairwell(), LIFT_WAY, cautions=[Caution(kind="stay_low")])


@pytest.mark.parametrize("text", [None, Text("", "Mind the step"), Text("小心", " ")])
def test_a_caution_without_words_is_refused(text: Text | None) -> None:
    with pytest.raises(Invalid) as caught:
        told(l_corridor(), L_WAY, cautions=[Caution(kind="other", text=text)])
    assert caught.value.code == "geo.caution_empty"


AEGL = Text("AEGL-2", "AEGL-2")


@pytest.mark.parametrize(
    ("share", "masked", "zh", "en"),
    [
        (None, False, "吸入剂量未知", "dose not known"),
        (0.0, False, "剂量约为AEGL-2的0%", "about 0 % of AEGL-2"),
        (0.001, False, "剂量约为AEGL-2的1%", "about 1 % of AEGL-2"),
        (0.101, True, "剂量约为AEGL-2的15%（按全程戴面罩计）", "about 15 % of AEGL-2 (with the mask on)"),
        (0.99, False, "剂量约为AEGL-2的100%", "about 100 % of AEGL-2"),
        (1.0, False, "剂量约为AEGL-2的1.0倍，超过限值", "about 1.0 times AEGL-2, over the limit"),
        (1.31, False, "剂量约为AEGL-2的1.4倍，超过限值", "about 1.4 times AEGL-2, over the limit"),
    ],
)
def test_a_dose_is_rounded_up_and_said_in_words(share: float | None, masked: bool, zh: str, en: str) -> None:
    harm = LeastHarm(agent=Text("氯气", "chlorine"), exposed_ms=20_000, dose_share=share, limit=AEGL, masked=masked)
    said = least_harm(harm)
    assert said.zh.endswith(f"，{zh}")
    assert said.en.endswith(f", {en}")
    assert least_harm(msgspec.structs.replace(harm, limit=None)).en.count("dose not known") == 1


@pytest.mark.parametrize("share", [-0.1, float("nan"), float("inf")])
def test_a_dose_that_is_no_number_is_refused(share: float) -> None:
    with pytest.raises(Invalid) as caught:
        least_harm(LeastHarm(agent=AEGL, exposed_ms=1, dose_share=share, limit=AEGL))
    assert caught.value.code == "geo.dose_invalid"


@pytest.mark.parametrize(
    ("distance_m", "zh", "en", "spoken"),
    [
        (0.0, "几步", "a few steps", "a few steps"),
        (2.4, "几步", "a few steps", "a few steps"),
        (2.5, "5米", "5 m", "5 metres"),
        (12.4, "10米", "10 m", "10 metres"),
        (49.9, "50米", "50 m", "50 metres"),
        (54.9, "50米", "50 m", "50 metres"),
        (234.0, "230米", "230 m", "230 metres"),
    ],
)
def test_metres_are_rounded_as_people_count_them(distance_m: float, zh: str, en: str, spoken: str) -> None:
    assert metres(distance_m) == Text(zh, en)
    assert metres(distance_m, spoken=True).en == spoken


@pytest.mark.parametrize(
    ("millis", "zh", "en", "spoken"),
    [
        (0, "几秒", "a few seconds", "a few seconds"),
        (15_000, "约20秒", "about 20 s", "about 20 seconds"),
        (44_999, "约40秒", "about 40 s", "about 40 seconds"),
        (50_000, "约1分钟", "about 1 min", "about 1 minute"),
        (90_000, "约2分钟", "about 2 min", "about 2 minutes"),
    ],
)
def test_times_are_rounded_as_people_feel_them(millis: int, zh: str, en: str, spoken: str) -> None:
    assert about(millis) == Text(zh, en)
    assert about(millis, spoken=True).en == spoken


def test_compass_floors_and_ordinals_have_words() -> None:
    assert [compass(deg).en for deg in (0, 23, 359, 180, 337)] == [
        "north",
        "north-east",
        "north",
        "south",
        "north-west",
    ]
    assert (floors(2), floors(9)) == (Text("2层", "two floors"), Text("9层", "9 floors"))
    assert [ordinal(n).en for n in (1, 2, 3, 4)] == ["first", "second", "third", "4th"]


def test_a_long_walk_is_told_with_its_time() -> None:
    building = drawn_ways()
    building.node("far", (120, 0))
    building.link("b", "far")
    _, said = told(building, ("a", "j", "b", "far"))
    assert said.steps[0].text.en.endswith("Go 120 m to your destination (about 2 min).")
    assert said.steps[0].text.zh.endswith("直行120米，到目的地（约2分钟）。")
    assert "(about 2 minutes)" in said.steps[0].spoken.en


def test_names_of_floors_are_the_plans_or_counted_as_each_language_does() -> None:
    building = Building(levels=[Level(level=4, name=Text("", "Roof")), Level(level=5, name=Text(" ", ""))])
    names = Names(building.around())
    assert [names.level(n).zh for n in (-2, 0, 2, 4, 5)] == ["地下2层", "1层", "3层", "Roof", "6层"]
    assert [names.level(n).en for n in (-2, 0, 2, 4)] == ["level -2", "the ground floor", "level 2", "Roof"]


def test_a_number_alone_is_put_to_its_kind_and_what_has_no_name_has_its_kind() -> None:
    building = Building()
    for key, name in (("a", "204"), ("b", "烘干间|Drying Room"), ("c", None)):
        building.room(key, (0, 0, 5, 5), name=name)
    for key, name in (("d", "D1"), ("e", "南门|South Gate"), ("f", None)):
        building.door(key, (0, 0), ("a", "b"), name)
    building.rise("s", "stairs", [], "2")
    building.rise("t", "lift", [], "货梯|Goods Lift")
    building.rise("u", "ladder", [])
    for kind, key, name in (("extinguisher", "x", "E7"), ("sign", "y", "安全出口|Exit"), ("shower", "z", None)):
        building.landmark(key, kind, (0, 0), name)  # type: ignore[arg-type]
    names = Names(building.around())
    assert [names.room(key) for key in ("a", "b", "c", None)] == [
        Text("204室", "room 204"), Text("烘干间", "Drying Room"), ROOMS["room"], Text("室外", "outside"),
    ]  # fmt: skip
    assert [names.door(key) for key in "def"] == [Text("D1门", "door D1"), Text("南门", "South Gate"), None]
    assert [names.rise("stairs", "s"), names.rise("lift", "t"), names.rise("ladder", "u"), names.rise("ramp", None)] == [
        Text("2楼梯", "stairs 2"), Text("货梯", "Goods Lift"), RISES["ladder"], RISES["ramp"],
    ]  # fmt: skip
    assert [names.landmark(key) for key in "xyz"] == [
        Text("灭火器E7", "fire extinguisher E7"), Text("安全出口", "Exit"), LANDMARKS["shower"],
    ]  # fmt: skip


def english(building: Building, way: tuple[str, ...], mark: str = "", **options: Any) -> list[str]:
    return [step.text.en for step in told(building, way, mark, **options)[1].steps]


def test_one_who_faces_a_known_way_is_turned_on_the_spot() -> None:
    building = t_junction()
    for facing_deg, first in (
        (0.0, "Go straight on."),
        (90.0, "Turn left."),
        (-90.0, "Turn right."),
        (180.0, "Turn back."),
    ):
        order = english(building, T_WAY, facing_deg=facing_deg)[0]
        where = "You are in Assay Laboratory on the ground floor."
        assert order == f"{where} {first} Go 5 m to the door to Side Corridor."


def test_one_who_stands_in_a_doorway_is_told_no_metres() -> None:
    building = l_corridor()
    building.node("here", (6, 2.2), "lab")
    building.link("here", "D1")
    assert english(building, ("here", *L_WAY[1:]))[0] == (
        "You are in Laboratory 101 on the ground floor. Leave by door D1."
    )


def test_a_turn_in_an_open_hall_is_told_by_its_distance() -> None:
    building = Building()
    building.room("hall", (0, 0, 40, 40), name="装配车间|Assembly Hall")
    building.room("next", (40, 0, 50, 40))
    building.door("D", (40, 30), ("hall", "next"))
    for key, at in (("a", (1, 1)), ("b", (21, 1)), ("c", (21, 30))):
        building.node(key, at, "hall")
    building.node("d", (45, 30), "next")
    building.link("a", "b", "c", "D", "d")
    orders = english(building, ("a", "b", "c", "D", "d"))
    assert orders[1] == "After 20 m, turn left. Go 30 m through Assembly Hall."
    assert orders[0] == "You are in Assembly Hall on the ground floor. Face east. Go 20 m."
    assert orders[3] == "Go through the door straight ahead into the room. Go 5 m."


def test_a_slight_turn_is_told_and_a_jog_is_not() -> None:
    building = Building()
    for key, at in (
        ("a", (0, 0)),
        ("b", (20, 0)),
        ("c", (21.5, 1.5)),
        ("d", (40, 1.5)),
        ("e", (60, 15)),
        ("f", (80, 15)),
    ):
        building.node(key, at)
    building.link("a", "b", "c", "d", "e", "f")
    bending = "You are on the ground floor. Face east. Follow the path 80 m to your destination (about 1 min)."
    directions, said = told(building, ("a", "b", "c", "d", "e", "f"))
    # With no other way to go a slight bend is no news either.
    assert said.steps[0].text.en == bending
    assert said.steps[0].text.zh == "您在1层。面朝东。沿路前行80米，到目的地（约1分钟）。"
    assert [step.bends for step in directions.steps] == [True, False]
    for key, at in (("d2", (60, 1.5)), ("e2", (70, 30))):
        building.node(key, at)
        building.link(key[0], key)
    assert english(building, ("a", "b", "c", "d", "e", "f")) == [
        "You are on the ground floor. Face east. Go 40 m to the junction.",
        "At the junction, bear left. Go 25 m to the junction.",
        "At the junction, bear right. Go 20 m to your destination.",
        "You are there: your destination.",
    ]


def test_a_corridor_that_bends_is_followed() -> None:
    building = Building()
    building.shape("c", [(0, -1), (20, -1), (41, 11), (40, 13), (20, 1), (0, 1)], "corridor", "弯廊|Bent Corridor")
    for key, at in (("a", (0, 0)), ("b", (20, 0)), ("z", (40, 12))):
        building.node(key, at, "c")
    building.link("a", "b", "z")
    _, said = told(building, ("a", "b", "z"))
    assert said.steps[0].text == Text(
        "您在1层的弯廊。面朝东。沿弯廊前行45米。",
        "You are in Bent Corridor on the ground floor. Face east. Go 45 m along Bent Corridor.",
    )


def test_stairs_that_cannot_be_left_as_they_were_entered_are_left_by_the_compass() -> None:
    building = Building()
    building.rise("S", "stairs", [(20, 0, 0, None), (20, 0, 1, None)])
    building.node("a", (0, 0))
    building.node("z", (40, 0), level=1)
    building.link("a", "S:0")
    building.link("S:1", "z")
    assert english(building, ("a", "S:0", "S:1", "z"))[2] == "Leave the stairs. Face east. Go 20 m to your destination."


def test_more_than_three_junctions_are_not_counted() -> None:
    building = drawn_ways()
    keys = ["a"]
    for i in range(3):
        building.node(f"k{i}", (5 + 5 * i, 0))
        building.node(f"up{i}", (5 + 5 * i, 20))
        building.link(f"k{i}", f"up{i}")
        keys.append(f"k{i}")
    building.link(*keys, "j")
    assert english(building, (*keys, "j", "n"))[1] == "After 30 m, turn left. Go 40 m to your destination."


def test_a_curve_of_near_corners_is_one_turn() -> None:
    building = Building()
    for key, at in (("a", (0, 0)), ("b", (20, 0)), ("c", (21.5, 1.5)), ("d", (21.5, 20))):
        building.node(key, at)
    building.link("a", "b", "c", "d")
    directions, _ = told(building, ("a", "b", "c", "d"))
    assert [step.turn for step in directions.steps] == [None, "left", None]


def test_where_more_than_four_ways_meet_a_turn_is_told_by_its_distance() -> None:
    building = drawn_ways()
    for key, at in (("p", (40, -10)), ("q", (20, -10))):
        building.node(key, at)
        building.link("j", key)
    assert english(building, DRAWN_WAY)[1] == "After 30 m, turn left. Go 40 m to the bend."


def test_stairs_at_the_start_and_at_the_end_and_steps_within_a_floor() -> None:
    building = open_stairs()
    assert english(building, ("S:0", "S:1")) == [
        "You are in the corridor on the ground floor.",
        "Go up the stairs, one floor, to level 1.",
        "You are there: the stairs.",
    ]
    # Nothing says which way one faces who starts on a ladder.
    assert english(building, ("K:1", "K:0", "k", "b"))[2] == "Leave the ladder. Face west. Go 30 m along the corridor."
    building.node("p", (30, 0), "hall")
    building.node("q", (33, 0), "hall")
    building.node("r", (36, 0), "hall")
    building.links += [("p", "q", ArcKind.STAIRS_DOWN, None, 3000), ("q", "r", ArcKind.RAMP, None, 3000)]
    assert english(building, ("p", "q", "r")) == [
        "You are in the corridor on the ground floor.",
        "Go down the stairs.",
        "Take the ramp.",
        "You are there: the corridor.",
    ]
    assert told(building, ("p", "q", "r"))[1].steps[2].short.en == "To the ground floor"


def test_a_rise_to_one_side_and_a_turn_just_after_it() -> None:
    building = open_stairs()
    building.node("v", (10, 8), "hall")
    building.room("store", (12, 12.2, 22, 20), level=1)
    building.node("g", (17, 12), "gallery", 1)
    building.door("G", (17, 12.2), ("gallery", "store"), level=1)
    building.link("v", "S:0")
    building.link("S:1", "g", "G")
    building.node("out", (17, 18), "store", level=1)
    building.link("G", "out")
    assert english(building, ("v", "S:0", "S:1", "g", "G", "out"))[1:3] == [
        "Go up the stairs, one floor, to level 1.",
        "Go through the first door on your left into the room. Go 5 m.",
    ]


def test_the_corner_between_the_stairs_and_their_door_is_no_turn() -> None:
    building = stairwell()
    building.node("corner", (24, 1), "st0")
    building.node("landing", (24, 2.5), "st0")
    building.link("S:0", "corner", "landing", "F0")
    way = ("S:1", "S:0", "corner", "landing", "F0", "l0")
    assert english(building, way)[1:3] == [
        "Go down Stairs 1, one floor, to Floor 1.",
        "Go through fire door F0 into the corridor. Go 5 m.",
    ]


def test_a_door_to_nowhere_known_is_gone_through() -> None:
    building = Building()
    building.door("G", (5, 0), (None, None), "2号门|Gate 2")
    building.node("a", (0, 0))
    building.node("b", (10, 0))
    building.link("a", "G", "b")
    assert english(building, ("a", "G", "b"))[1] == "Go through Gate 2 straight ahead. Go 5 m to your destination."


def test_a_second_door_into_the_same_room_is_counted() -> None:
    building = l_corridor()
    building.door("D0", (22, 12), ("cor", "store"))
    assert english(building, L_WAY)[2:4] == [
        "At the bend, turn left. Go 15 m along Corridor A to the second door on your right.",
        "Go through the second door on your right into Store. Go 5 m.",
    ]


def test_an_exit_the_way_ends_in_is_gone_through_and_named() -> None:
    building = grid_hall()
    assert english(building, GRID_WAY[:-1])[-2:] == [
        "Go outside through the exit door on your right.",
        "You are there: the door.",
    ]


def test_a_landmark_without_a_wall_between_is_passed_and_no_other() -> None:
    building = l_corridor()
    # Behind the wall of the laboratory; above the corridor; beyond five metres; a marker without a name; on the way.
    building.landmark("hidden", "first_aid", (12, 4))
    building.landmark("upstairs", "first_aid", (12, 1), level=1)
    building.landmark("unnamed", "other", (13, 0))
    building.landmark("underfoot", "sign", (13.5, 1))
    building.landmark("named", "other", (18, 0), "管架|pipe rack")
    passed = told(building, L_WAY, "EW")[0].steps[1].passes
    assert [mark.landmark for mark in passed] == ["E1", "named"]
    building.landmark("third", "sign", (9, 0.2))
    assert len(told(building, L_WAY, "EW")[0].steps[1].passes) == 2


def test_what_is_beside_one_at_the_start_is_seen_and_what_is_behind_is_not() -> None:
    building = l_corridor()
    building.landmark("beside", "sign", (5.5, 8))
    building.landmark("behind", "sign", (3, 9))
    assert [mark.landmark for mark in told(building, L_WAY)[0].steps[0].passes] == ["beside"]


def test_the_target_of_a_way_is_what_its_last_node_stands_for() -> None:
    building = stairwell()
    building.meet("M", (50, 0), "集合点|Assembly Point")
    building.node("x", (60, 0))
    network, around = building.network(), building.around()
    index = {key: i for i, key in enumerate(building.nodes)}
    targets = {key: target_of(around, network, index[key]) for key in ("M", "F1", "R0", "S:1", "l2", "x")}
    assert {key: (target.id, target.name.en) for key, target in targets.items()} == {
        "M": ("M", "Assembly Point"),
        "F1": ("F1", "fire door F1"),
        "R0": ("R0", "the door"),
        "S:1": ("S", "Stairs 1"),
        "l2": ("cor2", "the corridor"),
        "x": (None, "your destination"),
    }


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ((25, 12), "the pump is on your right"),
        ((25, 18), "the pump is on your left"),
        ((29, 15), "the pump is straight ahead"),
        ((22.5, 15.2), "the pump is behind you"),
        ((25.2, 15), "the pump"),
    ],
)
def test_a_target_beside_the_last_node_is_on_a_side(at: tuple[float, float], says: str) -> None:
    building = l_corridor()
    target = Target(name=Text("泵", "the pump"), at=building.degrees(*at))
    arrived = english(building, L_WAY, target=target)[-1]
    assert arrived in (f"You are there: {says}.",)


def test_a_step_aside_that_is_undone_at_once_is_a_jog() -> None:
    building = Building()
    for key, at in (("a", (0, 0)), ("b", (20, 0)), ("c", (20.5, 2.4)), ("d", (40, 2.4))):
        building.node(key, at)
    building.link("a", "b", "c", "d")
    assert [step.kind for step in told(building, ("a", "b", "c", "d"))[0].steps] == ["start", "arrive"]


def test_a_yard_has_no_walls_and_what_one_touches_is_in_sight() -> None:
    building = Building()
    building.room("yard", (0, 0, 40, 20), "outdoors", "堆场|Yard")
    building.room("shed", (20, 10, 26, 16))
    building.door("S", (20, 12), ("yard", "shed"))
    building.node("a", (2, 12), "yard")
    building.node("hinge", (20, 12), "yard")
    building.node("in", (22, 12), "shed")
    building.link("a", "hinge", "S", "in")
    building.landmark("post", "hydrant", (10, 12.35))
    building.landmark("far", "hydrant", (10, 7.5))
    directions, said = told(building, ("a", "hinge", "S", "in"))
    assert (
        said.steps[0].text.en == "You are in Yard on the ground floor. Face east. Go 20 m to the door straight ahead."
    )
    assert [passed.landmark for passed in directions.steps[0].passes] == ["far", "post"]
    assert english(building, ("hinge", "S", "in"))[0] == "You are in Yard on the ground floor."
    around = building.around()
    assert around.clear(0, (10, 12), (10, 12.2))
    assert around.clear(3, (0, 0), (100, 100))
    assert not around.clear(0, (19, 15), (21, 15))


def test_one_who_is_there_already_is_told_so_and_what_to_heed() -> None:
    building = l_corridor()
    network, around = building.network(), building.around()
    node = list(building.nodes).index("t")
    harm = LeastHarm(agent=AEGL, exposed_ms=1000)
    here = direct_here(around, network, node, cautions=[Caution(kind="stay_low")], least_harm=harm)
    said = tell(around, here)
    assert [step.text for step in said.steps] == [Text("到达库房。", "You are there: Store.")]
    assert len(said.warnings) == 2
    assert (here.millis, here.distance_m, len(here.steps[0].line["coordinates"])) == (0, 0, 2)
    pump = Target(name=Text("泵", "the pump"))
    assert direct_here(around, network, node, target=pump).target == pump


def test_the_second_junction_is_counted_and_a_door_beside_the_way_is_no_junction() -> None:
    building = drawn_ways()
    building.node("up", (10, 20))
    building.node("k", (10, 0))
    building.door("P", (20, 1.5), (None, None))
    building.node("q", (20, 0))
    building.link("a", "k", "q", "j")
    building.link("k", "up")
    building.link("q", "P")
    assert english(building, ("a", "k", "q", "j", "n"))[:2] == [
        "You are on the ground floor. Face east. Go 30 m to the second junction.",
        "At the second junction, turn left. Go 40 m to your destination.",
    ]


def test_a_turn_is_not_told_by_a_landmark_that_is_passed_before_once_more() -> None:
    building = t_junction(extinguisher=True)
    building.landmark("EY", "extinguisher", (1, 4), "E7")
    assert english(building, T_WAY)[2].startswith("At the end of Side Corridor, turn right.")
    building.landmarks[-1] = msgspec.structs.replace(building.landmarks[-1], name=Text("E8", "E8"))
    assert english(building, T_WAY)[2].startswith("At fire extinguisher E7, turn right.")


def test_who_comes_to_a_door_with_a_badge_has_it_ready() -> None:
    building = l_corridor()
    building.doors[1] = msgspec.structs.replace(building.doors[1], state="badge")
    _, said = told(building, L_WAY)
    assert said.steps[3].text == Text(
        "准备好门卡。通过右侧的门，进入库房。直行5米。",
        "Have your badge ready. Go through the door on your right into Store. Go 5 m.",
    )


def test_a_path_around_the_corner_of_a_wall_sees_what_its_walker_sees() -> None:
    building = l_corridor()
    building.node("corner", (20, 2), "cor")
    building.link("D1", "corner", "D2")
    building.landmark("sign", "sign", (22, 1), "安全出口|Exit sign")
    building.landmark("inside", "first_aid", (19, 3))
    way = ("s", "D1", "corner", "D2", "t")
    assert english(building, way)[1:3] == [
        "Go through door D1 straight ahead into Corridor A, then turn left. Go 15 m to Exit sign.",
        "At Exit sign, turn left. Go 15 m along Corridor A to the door to Store.",
    ]
    building.landmarks.clear()
    for i, at in enumerate(((12, 1), (21, 8))):
        building.node(f"x{i}", at, "cor")
        building.link("corner", f"x{i}")
    # Many arcs leave a corner, and a corridor still only bends there.
    assert english(building, way)[2].startswith("At the bend, turn left.")
