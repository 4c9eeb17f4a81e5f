"""What the device authority signs, what it refuses and names, and what it keeps."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from core.certificates import (
    AUTHORITY_LIFE,
    CSR_MAX_CHARS,
    DEVICE_DAYS_MAX,
    SERVER_LIFE,
    Authority,
    dump_authority,
    load_authority,
    make_authority,
    server_is_due,
    sign_device,
    sign_revocations,
    sign_server,
)
from core.device_ca import DeviceCa
from core.errors import Invalid, Unavailable
from core.settings import load_settings
from muster.device_link import Broker, Certificate, DeviceLink, DeviceLogin
from muster.engines.device_tls import TlsFiles, TlsListener
from tests.certificate_requests import make_key, request

PUMP = "acme/north/pump-1"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
AUTHORITY = make_authority(NOW)
HOSTS = ["broker.plant", "127.0.0.1"]


def sign(csr: str, login: str = PUMP, *, days: int = 30, now: datetime = NOW) -> x509.Certificate:
    return sign_device(AUTHORITY, csr, login, days=days, now=now)


def refusal(csr: str, login: str = PUMP, **more: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        sign(csr, login, **more)
    return caught.value


def extension(certificate: x509.Certificate, kind: type[Any]) -> Any:
    return certificate.extensions.get_extension_for_class(kind).value


@pytest.mark.parametrize(
    "key",
    [
        make_key(),
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["P-256", "P-384", "Ed25519", "RSA 2048"],
)
def test_a_device_gets_a_certificate_for_its_key_and_its_name(key: CertificateIssuerPrivateKeyTypes) -> None:
    certificate = sign(request(PUMP, key=key))
    certificate.verify_directly_issued_by(AUTHORITY.certificate)
    assert [name.value for name in certificate.subject] == [PUMP]
    assert certificate.public_key() == key.public_key()
    assert certificate.not_valid_before_utc == NOW - timedelta(minutes=5)
    assert certificate.not_valid_after_utc == NOW + timedelta(days=30)


def test_a_device_certificate_signs_nothing_and_serves_nobody() -> None:
    certificate = sign(request(PUMP))
    assert extension(certificate, x509.BasicConstraints) == x509.BasicConstraints(ca=False, path_length=None)
    usage = extension(certificate, x509.KeyUsage)
    assert (usage.digital_signature, usage.key_cert_sign, usage.crl_sign) == (True, False, False)
    assert list(extension(certificate, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_only_key_and_name_are_taken_from_a_request() -> None:
    key = make_key()
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme"), x509.NameAttribute(NameOID.COMMON_NAME, PUMP)]
    )
    wanting = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("broker.plant")]), critical=False)
    )
    certificate = sign(_pem(wanting, key))
    assert [name.value for name in certificate.subject] == [PUMP]
    assert not extension(certificate, x509.BasicConstraints).ca
    assert [e.oid for e in certificate.extensions if isinstance(e.value, x509.SubjectAlternativeName)] == []


def _pem(builder: x509.CertificateSigningRequestBuilder, key: ec.EllipticCurvePrivateKey) -> str:
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def test_two_certificates_have_two_serials() -> None:
    csr = request(PUMP)
    assert sign(csr).serial_number != sign(csr).serial_number


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (rsa.generate_private_key(65537, 1024), "RSA of 1024 bits"),  # noqa: S505 - to be refused
        (ec.generate_private_key(ec.SECP192R1()), "secp192r1"),
        (ec.generate_private_key(ec.SECP256K1()), "secp256k1"),
    ],
)
def test_a_weak_key_is_named_with_what_is_taken(key: CertificateIssuerPrivateKeyTypes, value: str) -> None:
    refused = refusal(request(PUMP, key=key))
    assert (refused.code, refused.field, refused.value) == ("certificate.key", "csr.key", value)
    assert "RSA of 2048 to 4096 bits" in str(refused.limit)


@pytest.mark.parametrize(
    "names", [("acme/north/fan-1",), (), (PUMP, "acme/north/fan-1"), ("acme/north/fan-1", PUMP), (PUMP + " ",)]
)
def test_a_request_in_another_name_is_refused_with_both(names: tuple[str, ...]) -> None:
    refused = refusal(request(*names))
    assert (refused.field, refused.value, refused.limit) == ("csr.common_name", list(names), PUMP)


def test_a_request_that_another_key_signed_is_refused() -> None:
    der = bytearray(x509.load_pem_x509_csr(request(PUMP).encode()).public_bytes(Encoding.DER))
    # The last byte belongs to the signature.
    der[-1] ^= 1
    forged = x509.load_der_x509_csr(bytes(der)).public_bytes(Encoding.PEM).decode()
    assert refusal(forged).field == "csr.signature"


@pytest.mark.parametrize(
    "csr", ["", "é", "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n"]
)
def test_what_is_no_request_is_refused(csr: str) -> None:
    assert (refusal(csr).code, refusal(csr).field) == ("certificate.csr", "csr")


def test_a_long_request_is_refused_with_the_limit() -> None:
    refused = refusal("x" * (CSR_MAX_CHARS + 1))
    assert (refused.value, refused.limit) == (CSR_MAX_CHARS + 1, CSR_MAX_CHARS)


_GOOD = x509.load_pem_x509_csr(request(PUMP).encode()).public_bytes(Encoding.DER)


@settings(max_examples=300)
@given(at=st.integers(0, len(_GOOD) - 1), to=st.binary(min_size=1, max_size=4), cut=st.integers(0, 8))
def test_a_damaged_request_is_refused_and_nothing_else_is_raised(at: int, to: bytes, cut: int) -> None:
    der = (_GOOD[:at] + to + _GOOD[at + len(to) :])[: len(_GOOD) - cut]
    text = base64.encodebytes(der).decode()
    csr = f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n"
    if der != _GOOD:
        assert refusal(csr).field in {"csr", "csr.signature", "csr.key"}


def test_a_login_longer_than_a_common_name_is_named_with_the_limit() -> None:
    login = f"acme/north/{'p' * 54}"
    refused = refusal(request(PUMP), login)
    assert (refused.code, refused.value, refused.limit) == ("certificate.login_too_long", 65, 64)
    assert "64" in refused.zh
    longest = login[:-1]
    assert [name.value for name in sign(request(longest), longest).subject] == [longest]


@pytest.mark.parametrize("days", [0, -1, DEVICE_DAYS_MAX + 1])
def test_a_wrong_number_of_days_is_named_with_the_limit(days: int) -> None:
    refused = refusal(request(PUMP), days=days)
    assert (refused.field, refused.value, refused.limit) == ("days", days, DEVICE_DAYS_MAX)


def test_no_certificate_outlives_the_authority() -> None:
    end = AUTHORITY.certificate.not_valid_after_utc
    assert end == NOW + AUTHORITY_LIFE
    assert sign(request(PUMP), days=30, now=end - timedelta(days=2)).not_valid_after_utc == end
    for asked in (
        lambda: sign(request(PUMP), now=end),
        lambda: sign_server(AUTHORITY, HOSTS, end),
        lambda: sign_revocations(AUTHORITY, [], end),
    ):
        with pytest.raises(Unavailable, match="certify every device anew"):
            asked()


def test_the_brokers_certificate_is_for_its_names_and_lets_nobody_in() -> None:
    certificate, key = sign_server(AUTHORITY, HOSTS, NOW)
    names = extension(certificate, x509.SubjectAlternativeName)
    assert names.get_values_for_type(x509.DNSName) == ["broker.plant"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert list(extension(certificate, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert b"PRIVATE KEY" in key


def test_the_brokers_certificate_is_due_near_its_end_for_other_names_and_under_another_authority() -> None:
    certificate, _ = sign_server(AUTHORITY, HOSTS, NOW)
    later = NOW + SERVER_LIFE

    def due(authority: Authority = AUTHORITY, hosts: list[str] = HOSTS, now: datetime = NOW) -> bool:
        return server_is_due(authority, certificate, hosts, now)

    assert not due()
    assert not due(hosts=HOSTS[::-1])
    assert not due(now=later - timedelta(days=181))
    assert due(now=later - timedelta(days=179))
    assert due(hosts=["broker.plant"])
    assert due(authority=make_authority(NOW))


def test_the_brokers_last_certificate_is_not_renewed_again_and_again() -> None:
    near = AUTHORITY.certificate.not_valid_after_utc - timedelta(days=10)
    certificate, _ = sign_server(AUTHORITY, HOSTS, near)
    assert not server_is_due(AUTHORITY, certificate, HOSTS, near)


def test_the_revocations_are_the_authoritys_and_hold_until_its_end() -> None:
    listed = x509.load_pem_x509_crl(sign_revocations(AUTHORITY, [7, 9], NOW))
    assert listed.is_signature_valid(AUTHORITY.key.public_key())
    assert [entry.serial_number for entry in listed] == [7, 9]
    assert listed.next_update_utc == AUTHORITY.certificate.not_valid_after_utc
    assert listed.last_update_utc < NOW


def test_an_authority_is_read_as_it_was_written() -> None:
    assert load_authority(dump_authority(AUTHORITY)).certificate == AUTHORITY.certificate


# On disk.


def test_the_authority_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    ca = DeviceCa(tmp_path / "keys")
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: ca.authority(NOW).pem, range(8)))
    assert made == {DeviceCa(tmp_path / "keys").authority(NOW + timedelta(days=1)).pem}
    assert stat.S_IMODE(ca.path.stat().st_mode) == 0o600
    assert [path.name for path in ca.path.parent.iterdir()] == ["device-ca.pem"]


def test_a_damaged_authority_is_named_and_not_replaced(tmp_path: Path) -> None:
    ca = DeviceCa(tmp_path)
    ca.path.write_text("nonsense")
    with pytest.raises(Unavailable, match=r"device-ca\.pem is not a device authority"):
        ca.authority(NOW)
    assert ca.path.read_text() == "nonsense"


def test_a_revoked_devices_certificates_are_listed_until_they_end_and_others_are_not(tmp_path: Path) -> None:
    ca = DeviceCa(tmp_path)
    first = ca.certify(PUMP, request(PUMP), days=1, now=NOW)
    second = ca.certify(PUMP, request(PUMP), days=10, now=NOW)
    ca.certify("acme/north/fan-1", request("acme/north/fan-1"), days=10, now=NOW)

    def listed(now: datetime) -> set[int]:
        return {entry.serial_number for entry in x509.load_pem_x509_crl(ca.revocations(now))}

    assert listed(NOW) == set()
    assert (ca.revoke(PUMP), ca.revoke(PUMP)) == (2, 0)
    assert listed(NOW) == {int(first.serial, 16), int(second.serial, 16)}
    assert listed(NOW + timedelta(days=2)) == {int(second.serial, 16)}
    assert ca.revoke("acme/north/never-certified") == 0


def test_what_has_ended_is_kept_no_longer(tmp_path: Path) -> None:
    ca = DeviceCa(tmp_path)
    for day in range(3):
        ca.certify(PUMP, request(PUMP), days=1, now=NOW + timedelta(days=2 * day))
    assert len(list((tmp_path / "device-certificates" / PUMP).iterdir())) == 1


def test_the_brokers_folder_gets_everything_but_the_authoritys_key(tmp_path: Path) -> None:
    listener = TlsListener("0.0.0.0", 8883, DeviceCa(tmp_path / "keys"))
    (tmp_path / "data").mkdir()
    now = [NOW]
    files = TlsFiles(tmp_path / "data", listener, lambda: now[0])
    files.write()
    first = files.server.read_bytes()
    files.write()
    assert files.server.read_bytes() == first
    assert b"PRIVATE" not in files.authority.read_bytes()
    now[0] += SERVER_LIFE
    files.write()
    assert files.server.read_bytes() != first
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()} == {0o600}
    assert listener.url == "mqtts://127.0.0.1:8883"


# Settings and the device's end.


def test_the_port_for_certificates_is_off_unless_named() -> None:
    assert load_settings({}).mqtt_tls_port == 0
    chosen = load_settings({"MUSTER_MQTT_TLS_PORT": "8883", "MUSTER_MQTT_TLS_HOST": "10.0.0.4"})
    assert (chosen.mqtt_tls_port, chosen.mqtt_tls_host) == (8883, "10.0.0.4")
    with pytest.raises(Invalid, match="MUSTER_MQTT_TLS_PORT"):
        load_settings({"MUSTER_MQTT_TLS_PORT": "65536"})


def test_a_device_says_which_files_it_can_not_use_and_never_sends_a_certificate_in_the_clear(tmp_path: Path) -> None:
    missing = Certificate(str(tmp_path / "d.pem"), str(tmp_path / "d.key"), str(tmp_path / "ca.pem"))
    login = DeviceLogin("acme", "north", "pump-1", certificate=missing)
    with pytest.raises(Invalid, match=r"ca\.pem") as refused:
        DeviceLink(Broker("127.0.0.1", 8883, tls=True), login, firmware="1")
    assert refused.value.field == "certificate"
    with pytest.raises(Invalid, match="mqtts"):
        DeviceLink(Broker("127.0.0.1", 1883), login, firmware="1")
