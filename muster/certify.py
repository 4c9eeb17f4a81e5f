"""``muster certify TENANT/SITE/DEVICE --csr FILE``: a device's certificate request, signed as an admin over HTTP."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from core.errors import Invalid, NotFound
from core.settings import load_settings
from mobile_contract.paging import Page
from mobile_contract.plant import DeviceCertificateView, NewDeviceCertificate, PlantDeviceView
from muster.addresses import find_addresses
from muster.client import Client
from muster.demo import catalogue

PASSWORD_VARIABLE = "MUSTER_CERTIFY_PASSWORD"  # noqa: S105 - the variable's name
# Items a page: the edge's own limit.
PAGE = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``muster certify``."""
    parser.add_argument("device", metavar="TENANT/SITE/DEVICE", help="the device's login: the request's common name")
    parser.add_argument("--csr", type=Path, required=True, metavar="FILE", help="the request, PKCS #10 in PEM")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the certificate; the authority's beside it, .ca.pem")
    parser.add_argument("--days", type=int, default=365, help="how long it is good (%(default)s)")
    parser.add_argument(
        "--admin",
        default="admin",
        metavar="LOGIN",
        help=f"who signs (%(default)s); the password is in {PASSWORD_VARIABLE}, or the demo's, or asked for",
    )
    parser.add_argument("--url", default="", help="Muster's address; the one running from the data folder by default")


def run(args: argparse.Namespace) -> int:
    """Sign it and write it; without --out both certificates go to stdout. Returns the exit status."""
    settings = load_settings(os.environ)
    tenant = _tenant_of(args.device)
    csr = _read(args.csr)
    password = find_password(args.admin, tenant, os.environ)
    made = asyncio.run(_certify(args, args.url or find_addresses(settings).http_url, tenant, password, csr))
    if args.out is None:
        print(made.certificate + made.ca, end="")
        return 0
    authority = args.out.with_suffix(".ca.pem")
    try:
        args.out.write_text(made.certificate, encoding="ascii")
        authority.write_text(made.ca, encoding="ascii")
    except OSError as problem:
        raise Invalid("certify.out", f"{args.out}: {problem}", field="out", value=str(args.out)) from problem
    print(f"{args.out} is good until {made.expires_at:%Y-%m-%d %H:%M} UTC; {authority} is whom the device trusts")
    return 0


async def _certify(args: argparse.Namespace, url: str, tenant: str, password: str, csr: str) -> DeviceCertificateView:
    client = Client(url)
    try:
        await client.sign_in(tenant, args.admin, password, label="muster certify")
        return await certify(client, args.device, csr, days=args.days)
    finally:
        await client.close()


async def certify(client: Client, login: str, csr: str, *, days: int) -> DeviceCertificateView:
    """The device's certificate, asked for as the signed-in admin; raises NotFound and what the server refuses."""
    device = await _find_device(client, login)
    asked = NewDeviceCertificate(csr, days)
    return await client.post(f"/v1/plant/devices/{device.id}/certificate", asked, DeviceCertificateView)


async def _find_device(client: Client, login: str) -> PlantDeviceView:
    query: dict[str, str | int] = {"q": login.rsplit("/", 1)[1], "limit": PAGE}
    while True:
        page = await client.get("/v1/plant/devices", Page[PlantDeviceView], **query)
        for device in page.items:
            if device.login == login:
                return device
        if page.next is None:
            raise NotFound("certify.device", f"no device {login}", f"没有设备 {login}", field="device", value=login)
        query["cursor"] = page.next


def _tenant_of(login: str) -> str:
    parts = login.split("/")
    if len(parts) != 3 or not all(parts):
        raise Invalid(
            "certify.device",
            f"{login!r} is not TENANT/SITE/DEVICE",
            f"{login!r} 不是 TENANT/SITE/DEVICE",
            field="device",
        )
    return parts[0]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as problem:
        raise Invalid("certify.csr", f"{path}: {problem}", field="csr", value=str(path)) from problem


def find_password(admin: str, tenant: str, environ: Mapping[str, str]) -> str:
    """The admin's password; raises Invalid when there is nobody to ask for it."""
    if environ.get(PASSWORD_VARIABLE):
        return environ[PASSWORD_VARIABLE]
    if tenant == catalogue.TENANT and admin in {account.username for account in catalogue.ACCOUNTS}:
        return catalogue.PASSWORD
    if not sys.stdin.isatty():
        raise Invalid("certify.password", f"{admin}'s password is in {PASSWORD_VARIABLE}", field=PASSWORD_VARIABLE)
    return getpass.getpass(f"{admin}@{tenant}: ")
