"""What `muster up` hands to its roles and tells a new user."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.errors import Invalid, Unavailable
from core.settings import Settings, load_settings
from muster.demo import catalogue
from muster.process import need
from muster.up import banner, environ_of, http_url, run_up, without_login

SETTINGS = Settings(data_dir="/var/lib/muster", http_port=9000, demo=False, lease_s=2.5, push_details=True)


def test_a_role_reads_the_settings_it_was_started_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSTER_LOG_LEVEL", "debug")
    environ = environ_of(SETTINGS)
    assert load_settings(environ) == SETTINGS
    assert "MUSTER_LOG_LEVEL" not in environ


def test_the_banner_says_where_and_who() -> None:
    text = banner(replace(SETTINGS, demo=True))
    assert "http://127.0.0.1:9000/docs" in text
    assert all(account.username in text for account in catalogue.ACCOUNTS)
    assert catalogue.PASSWORD in text
    assert "wang" not in banner(SETTINGS)
    assert "mqtts://" not in banner(SETTINGS)
    assert "mqtts://127.0.0.1:8883" in banner(SETTINGS, "mqtts://127.0.0.1:8883")


@pytest.mark.parametrize(("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("10.1.2.3", "10.1.2.3")])
def test_the_address_is_one_a_browser_can_open(host: str, shown: str) -> None:
    assert http_url(replace(SETTINGS, http_host=host)) == f"http://{shown}:9000"


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=f"{port} can not be listened on") as refused:
            run_up(Settings(data_dir=str(tmp_path), http_port=port))
    assert refused.value.field == "MUSTER_HTTP_PORT"
    assert list(tmp_path.iterdir()) == []


def test_a_port_for_certificates_is_the_embedded_brokers(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path), http_port=0, mqtt_url="mqtt://broker.plant", mqtt_tls_port=8883)
    with pytest.raises(Invalid, match="MUSTER_MQTT_URL names another") as refused:
        run_up(settings)
    assert (refused.value.field, refused.value.value) == ("MUSTER_MQTT_TLS_PORT", 8883)
    assert list(tmp_path.iterdir()) == []


def test_a_role_without_its_database_says_which_variable() -> None:
    with pytest.raises(Invalid, match="MUSTER_DATABASE_URL"):
        need(SETTINGS, "database_url")
    need(replace(SETTINGS, database_url="postgresql://x"), "database_url")


@pytest.mark.parametrize("url", ["mqtt://muster-gateway:p%40ss@broker:1883", "mqtt://broker:1883"])
def test_the_gateways_login_is_not_told_to_devices(url: str) -> None:
    assert without_login(url) == "mqtt://broker:1883"
    assert without_login("") == ""
