"""What a device keeps and obeys: a batch waits for its ack, a key is obeyed once, the leak's story ends by itself."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from mobile_contract.devices import Sample
from muster.demo import catalogue
from muster.demo.devices import Obeyed
from muster.demo.room_model import OXYGEN_IN_AIR_PERCENT
from muster.demo.world import World
from muster.device_buffer import RESEND_AFTER_S, DeviceBuffer

SAMPLE = Sample("acetone", 1, 2.0, "[ppm]")


def test_a_batch_is_sent_once_and_again_only_when_its_ack_is_late() -> None:
    buffer = DeviceBuffer(first_seq=7)
    seq = buffer.put([SAMPLE])
    assert [batch.seq for batch in buffer.due(0.0)] == [seq]
    buffer.sent(seq, 0.0)
    assert buffer.due(RESEND_AFTER_S - 0.01) == []
    assert [batch.seq for batch in buffer.due(RESEND_AFTER_S)] == [seq]
    assert buffer.acked(seq)
    assert not buffer.acked(seq)
    assert buffer.due(100.0) == []


def test_everything_waiting_is_due_after_a_reconnect() -> None:
    buffer = DeviceBuffer(first_seq=1)
    seqs = [buffer.put([SAMPLE]) for _ in range(3)]
    for seq in seqs:
        buffer.sent(seq, 0.0)
    buffer.reconnected()
    assert [batch.seq for batch in buffer.due(0.1)] == seqs


@given(
    st.lists(
        st.one_of(st.just(("put", 0)), st.tuples(st.sampled_from(["ack", "sent"]), st.integers(0, 60))), max_size=200
    )
)
def test_nothing_is_forgotten_but_by_ack_or_by_a_counted_drop(script: list[tuple[str, int]]) -> None:
    buffer = DeviceBuffer(first_seq=0, max_batches=10)
    put = 0
    for now, (what, seq) in enumerate(script):
        if what == "put":
            put += 1
            buffer.put([SAMPLE])
        elif what == "ack":
            buffer.acked(seq)
        else:
            buffer.sent(seq, float(now))
        assert put == len(buffer) + buffer.committed + buffer.dropped
        assert len(buffer) <= 10
    buffer.reconnected()
    due = [batch.seq for batch in buffer.due(1e9)]
    assert due == sorted(due, key=lambda seq: seq or 0)
    assert len(due) == len(buffer)


def test_a_key_is_obeyed_once_and_memory_of_keys_is_bounded() -> None:
    obeyed = Obeyed(keys_max=2)
    assert obeyed.first_time("a")
    assert not obeyed.first_time("a")
    assert obeyed.first_time("b")
    assert obeyed.first_time("c")
    assert obeyed.first_time("a")


def _run(world: World, seconds: float) -> list[float]:
    detector = catalogue.device("gas-store-1")
    shown = []
    for _ in range(int(seconds)):
        for _ in range(4):
            world.step(0.25)
        value = world.measure(detector)["acetone"]
        assert value is not None
        shown.append(value)
    return shown


def test_a_leak_with_the_fan_started_at_its_first_alarm_returns_by_itself_within_three_minutes() -> None:
    world = World(seed=3)
    world.step(0.25)
    world.store.leak(4.0, 1.0)
    fan = catalogue.device("fan-store-1")
    detector = catalogue.device("gas-store-1")
    crossed = None
    for second in range(180):
        for _ in range(4):
            world.step(0.25)
        value = world.measure(detector)["acetone"] or 0.0
        if crossed is None and value >= 250:
            crossed = second
            world.act(fan, "fan-1", "start")
    assert crossed is not None
    assert 8 <= crossed <= 25
    assert not world.store.leaking
    assert (world.measure(detector)["acetone"] or 0.0) < 225


def test_without_the_fan_the_vapour_stays() -> None:
    world = World()
    world.store.leak(4.0, 1.0)
    world.fan_stuck = True
    assert not world.act(catalogue.device("fan-store-1"), "fan-1", "start")
    assert _run(world, 180)[-1] > 3000


def test_closing_the_valve_ends_the_leak_after_its_travel() -> None:
    world = World()
    world.store.leak(4.0, 10.0)
    _run(world, 5)
    world.act(catalogue.device("valve-store-1"), "valve-1", "close")
    world.step(1.0)
    assert world.store.leaking
    world.step(1.5)
    assert not world.store.leaking
    assert world.shows(catalogue.device("valve-store-1"), "valve-1").state == "closed"


def test_every_actuator_reaches_the_state_its_proof_asks_for() -> None:
    world = World()
    for device in catalogue.DEVICES:
        for actuator in device.actuators:
            for action, expected in actuator.expected.items():
                assert world.act(device, actuator.slug, action)
                for _ in range(int(actuator.deadline_s * 4)):
                    world.step(0.25)
                shown = world.shows(device, actuator.slug)
                assert shown.state == expected.state
                if expected.at_least is not None:
                    assert (shown.value or 0.0) >= expected.at_least
                if expected.at_most is not None:
                    assert (shown.value or 0.0) <= expected.at_most


def test_a_healthy_plant_reads_normal_for_an_hour() -> None:
    world = World()
    for _ in range(3600):
        world.step(1.0)
        for device in catalogue.DEVICES:
            shown = world.measure(device)
            assert all(value is not None for value in shown.values())
            assert (shown.get("acetone") or 0.0) < 25
            assert (shown.get("acetone-lel") or 0.0) <= 2
            assert 20.0 < (shown.get("oxygen") or 20.9) < 22.0
            assert (shown.get("vibration") or 0.0) < 1.4


def _seconds(world: World, seconds: int) -> None:
    for _ in range(seconds * 4):
        world.step(0.25)


def _until(world: World, is_so: Callable[[], bool]) -> int:
    """Seconds until it is so, at most a minute."""
    for second in range(60):
        _seconds(world, 1)
        if is_so():
            return second
    raise AssertionError("not within a minute")


def _hf(world: World) -> list[float]:
    return sorted(world.measure(catalogue.device(slug))["hydrogen-fluoride"] or 0.0 for slug in catalogue.HF_VOTERS)


def test_hydrogen_fluoride_shut_off_at_the_first_level_still_gets_two_votes_and_is_gone_within_four_minutes() -> None:
    world = World(seed=3)
    _seconds(world, 1)
    world.hf_room.leak(0.036, 2.0)
    assert 5 <= _until(world, lambda: _hf(world)[-1] >= 2.0) <= 20
    world.act(catalogue.device("valve-hf-1"), "valve-1", "close")
    world.act(catalogue.device("fan-hf-1"), "fan-1", "start")
    assert 2 <= _until(world, lambda: _hf(world)[-2] >= 4.0) <= 30
    assert not world.hf_room.leaking
    _seconds(world, 200)
    assert _hf(world)[-1] < 1.9


def test_nitrogen_takes_the_second_level_of_oxygen_even_with_the_fan_until_the_valve_closes() -> None:
    world = World(seed=3)
    _seconds(world, 1)
    world.nitrogen_room.leak(250.0, 5.0)
    world.act(catalogue.device("fan-nitrogen-1"), "fan-1", "start")
    _seconds(world, 90)
    detector = catalogue.device("oxygen-1")
    assert 15.0 < (world.measure(detector)["oxygen"] or 0.0) < 18.0
    world.act(catalogue.device("valve-nitrogen-1"), "valve-1", "close")
    _seconds(world, 90)
    assert (world.measure(detector)["oxygen"] or 0.0) > 19.7


def test_one_room_s_leak_is_no_other_room_s() -> None:
    world = World()
    world.hf_room.leak(0.036, 2.0)
    _seconds(world, 60)
    assert world.store.air.acetone_ppm == 0.0
    assert world.nitrogen_room.oxygen_percent == OXYGEN_IN_AIR_PERCENT
    world.repair()
    assert not world.hf_room.leaking
