"""Settings, ids, clocks, logs: what everything stands on."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import ids
from core.clock import ManualClock
from core.errors import Invalid
from core.ids import new_id
from core.logging import configure_logging, get_logger
from core.settings import Settings, describe_settings, load_settings


def test_settings_come_from_the_environment_and_nowhere_else() -> None:
    settings = load_settings({"MUSTER_HTTP_PORT": "9000", "MUSTER_DEMO": "false", "PATH": "/bin"})
    assert (settings.http_port, settings.demo, settings.lease_s) == (9000, False, Settings().lease_s)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("MUSTER_HTTP_PORT", "eighty", "MUSTER_HTTP_PORT='eighty'"),
        ("MUSTER_HTTP_PORT", "70000", "<= 65535"),
        ("MUSTER_RECEIPT_TIMEOUT_S", "0", "> 0"),
        ("MUSTER_MQTT_BROKER", "emqx", "auto, mosquitto, amqtt"),
        ("MUSTER_HTTP_PROT", "1", "is not a setting"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value_and_limit(name: str, value: str, says: str) -> None:
    with pytest.raises(Invalid) as caught:
        load_settings({name: value})
    assert name in str(caught.value)
    assert says in str(caught.value)
    assert (caught.value.field, caught.value.value) == (name, value)


def test_an_error_speaks_the_readers_language_and_english_where_it_has_no_other() -> None:
    both = Invalid("limit.unsourced", "a limit needs its source", "限值必须注明来源")
    assert (both.detail("zh-CN"), both.detail("en")) == ("限值必须注明来源", "a limit needs its source")
    assert Invalid("limit.unsourced", "a limit needs its source").detail("zh-CN") == "a limit needs its source"


def test_every_setting_is_described() -> None:
    rows = describe_settings()
    assert {name for name, _, _ in rows} == {"MUSTER_" + f.upper() for f in Settings.__struct_fields__}
    assert all(meaning.endswith(".") for _, _, meaning in rows)


@given(st.lists(st.integers(min_value=0, max_value=2**48 - 1), min_size=2, max_size=50))
def test_ids_are_uuid7_and_rise_even_when_the_clock_steps_back(times: list[int]) -> None:
    before = ids._last_ms, ids._counter
    try:
        made = [new_id(ms) for ms in times]
    finally:
        # A clock of the year 10889 would leave the other tests of this process ids that do not rise.
        ids._last_ms, ids._counter = before
    assert all(i.version == 7 and i.variant == "specified in RFC 4122" for i in made)
    assert made == sorted(set(made))


def test_a_manual_clock_moves_when_told_even_backwards() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    clock = ManualClock(start)
    clock.advance(90)
    assert clock.advance(-30) == datetime(2026, 3, 1, 0, 1, tzinfo=UTC)


def test_logs_are_json_and_hide_secrets() -> None:
    out = io.StringIO()
    configure_logging("test", "info", out)
    get_logger("unit").info("account.signed_in", login="wang", password="hunter2")
    line = json.loads(out.getvalue())
    assert line["event"] == "account.signed_in"
    assert (line["login"], line["password"], line["role"]) == ("wang", "***", "test")
