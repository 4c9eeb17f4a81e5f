"""X.509 of the devices (RFC 5280): what is signed and what is refused, from bytes and a time to bytes.

One authority an installation, whose certificates open the embedded broker: a device's by its login as the common name,
and the broker's own. Each says what it is for, so that neither serves as the other and none signs another.
"""

from __future__ import annotations

import ipaddress
import warnings
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.errors import Invalid, Unavailable

# An instrument stands for 15 years, and a new authority is a visit to every one of them.
AUTHORITY_LIFE = timedelta(days=20 * 365)
# A year is a habit; three, where nobody comes by more often. A stolen device is revoked, whatever its certificate says.
DEVICE_DAYS, DEVICE_DAYS_MAX = 365, 3 * 365
# Renewed at a start, and with every change of the devices, in its last quarter: half a year to notice.
SERVER_LIFE, SERVER_RENEW_BEFORE = timedelta(days=730), timedelta(days=180)
# The clock of a device that has just come up is behind.
CLOCK_SLACK = timedelta(minutes=5)
# RFC 5280, A.1, ub-common-name; a login has up to 191 characters.
COMMON_NAME_MAX = 64
# NIST SP 800-57 part 1 rev. 5, table 2: 112 bits of strength until 2030. Above the upper bound a signature stalls us.
RSA_BITS = (2048, 4096)
CURVES = ("secp256r1", "secp384r1")
# A request with an RSA key of 4,096 bits is 2 kB.
CSR_MAX_CHARS = 8_192

AUTHORITY_NAME = "Muster device authority"
SERVER_NAME = "Muster broker"
_KEYS = f"RSA of {RSA_BITS[0]} to {RSA_BITS[1]} bits, {' or '.join(CURVES)}, Ed25519"


class Authority(msgspec.Struct, frozen=True):
    """Who signs: its own certificate and the private key of it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate alone, for whoever shall trust it."""
        return self.certificate.public_bytes(Encoding.PEM)


def make_authority(now: datetime) -> Authority:
    """A new authority, ECDSA P-256; it signs certificates that sign nothing."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(AUTHORITY_NAME)
    builder = (
        _builder(name, name, key.public_key(), now, now + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs=True), critical=True)
    )
    return Authority(builder.sign(key, hashes.SHA256()), key)


def dump_authority(authority: Authority) -> bytes:
    """Key and certificate in one PEM text, so that there is never one without the other."""
    return dump_key(authority.key) + authority.pem


def load_authority(pem: bytes) -> Authority:
    """What dump_authority wrote; raises ValueError."""
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the device authority's key is not ECDSA")
    return Authority(x509.load_pem_x509_certificate(pem), key)


def dump_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as PEM, not encrypted: whoever can read the file can read the password beside it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def sign_device(authority: Authority, csr_pem: str, login: str, *, days: int, now: datetime) -> x509.Certificate:
    """The certificate of the device of this login, for the key of its request (PKCS #10, PEM).

    Only key and name are taken from the request. Raises Invalid for a login that no certificate can hold, a request
    that is unreadable, not signed by its own key, of a weak key or in another name; Unavailable when the authority has
    ended. It ends with the authority at the latest.
    """
    if len(login) > COMMON_NAME_MAX:
        raise Invalid(
            "certificate.login_too_long",
            f"the login {login} has {len(login)} characters, a certificate's common name holds {COMMON_NAME_MAX}"
            " (X.509): it signs in by password, or gets a shorter name",
            f"登录名 {login} 有 {len(login)} 个字符，证书的通用名称最多 {COMMON_NAME_MAX} 个（X.509）："
            "请用密码登录，或改用较短的名称",
            field="login",
            value=len(login),
            limit=COMMON_NAME_MAX,
        )
    if not 1 <= days <= DEVICE_DAYS_MAX:
        raise _refused("days", f"a certificate is for 1 to {DEVICE_DAYS_MAX} days", "days", days, DEVICE_DAYS_MAX)
    key = _read_request(csr_pem, login)
    end = min(now + timedelta(days=days), _end(authority, now))
    builder = (
        _builder(_name(login), authority.certificate.subject, key, now, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(_authority_key(authority), critical=False)
    )
    return builder.sign(authority.key, hashes.SHA256())


def sign_server(authority: Authority, hosts: Iterable[str], now: datetime) -> tuple[x509.Certificate, bytes]:
    """The broker's certificate for these names and addresses, and its new private key as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    end = min(now + SERVER_LIFE, _end(authority, now))
    builder = (
        _builder(_name(SERVER_NAME), authority.certificate.subject, key.public_key(), now, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        .add_extension(_authority_key(authority), critical=False)
    )
    return builder.sign(authority.key, hashes.SHA256()), dump_key(key)


def server_is_due(authority: Authority, certificate: x509.Certificate, hosts: Iterable[str], now: datetime) -> bool:
    """Whether the broker needs a new certificate: this one nears its end, is another authority's, or of other names."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if set(names) != {_general_name(host) for host in hosts}:
        return True
    if now > certificate.not_valid_after_utc - SERVER_RENEW_BEFORE:
        # The authority's own end may be nearer than that; then a new one would be no better.
        return certificate.not_valid_after_utc < authority.certificate.not_valid_after_utc
    signed_by = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    return signed_by != _authority_key(authority)


def sign_revocations(authority: Authority, serials: Iterable[int], now: datetime) -> bytes:
    """The list of revoked certificates, PEM. It is replaced when a device is, not fetched: so it ends with the
    authority, since a list past its end would lock every device out."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now - CLOCK_SLACK)
        .next_update(_end(authority, now))
        .add_extension(x509.CRLNumber(int(now.timestamp() * 1_000_000)), critical=False)
        .add_extension(_authority_key(authority), critical=False)
    )
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - CLOCK_SLACK)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _read_request(csr_pem: str, login: str) -> _DeviceKey:
    """The request's key, when all about the request is right; raises Invalid."""
    if len(csr_pem) > CSR_MAX_CHARS:
        raise _refused("csr", f"a request has at most {CSR_MAX_CHARS} characters", "csr", len(csr_pem), CSR_MAX_CHARS)
    try:
        with warnings.catch_warnings():
            # A common name over 64 characters: it is not the login, and refused for that.
            warnings.simplefilter("ignore", UserWarning)
            request = x509.load_pem_x509_csr(csr_pem.encode())
            names = [str(name.value) for name in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        key = request.public_key()
        signed = request.is_signature_valid
    except (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm) as problem:
        raise _refused("csr", f"not a certificate request in PEM: {problem}", "csr", None, "PKCS #10") from problem
    checked = _strong(key)
    if not signed:
        raise _refused("csr_signature", "the request is not signed by its own key", "csr.signature", None, None)
    if names != [login]:
        raise _refused("name", "the request's common name is the device's login", "csr.common_name", names, login)
    return checked


_DeviceKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


def _strong(key: object) -> _DeviceKey:
    match key:
        case rsa.RSAPublicKey() if RSA_BITS[0] <= key.key_size <= RSA_BITS[1]:
            return key
        case ec.EllipticCurvePublicKey() if key.curve.name in CURVES:
            return key
        case ed25519.Ed25519PublicKey():
            return key
        case rsa.RSAPublicKey():
            value = f"RSA of {key.key_size} bits"
        case ec.EllipticCurvePublicKey():
            value = key.curve.name
        case _:
            value = type(key).__name__.removesuffix("PublicKey")
    raise _refused("key", f"a device's key is {_KEYS}; not {value}", "csr.key", value, _KEYS)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: _DeviceKey, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _end(authority: Authority, now: datetime) -> datetime:
    end = authority.certificate.not_valid_after_utc
    if now >= end:
        raise Unavailable(
            "certificate.authority_ended",
            f"the device authority ended at {end:%Y-%m-%d}: set its file aside and certify every device anew",
            f"设备证书颁发机构已于 {end:%Y-%m-%d} 到期：请移走其文件并为每台设备重新签发证书",
            field="authority",
            value=end.isoformat(),
        )
    return end


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _authority_key(authority: Authority) -> x509.AuthorityKeyIdentifier:
    own = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    """An authority signs certificates and revocations, everybody else a handshake."""
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _refused(what: str, en: str, field: str, value: object, limit: object) -> Invalid:
    return Invalid(f"certificate.{what}", en, f"字段 {field} 无效：{en}", field=field, value=value, limit=limit)
