"""``muster verify``: follow every hash chain, and hold them against a signed export that was kept outside."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

from msgspec.structs import replace

from core.database import Database
from core.errors import Invalid, NotFound
from core.settings import Settings
from incidents.record import anchor_export
from incidents.record import verification_queries as sql
from incidents.record.anchor_export import Anchored, Header, Writer
from incidents.record.verification import Break
from incidents.record.verifying import verify_audit, verify_timeline
from muster.engines.postgres import find_app_url

# Ids in memory at once.
PAGE = 500
_FIRST = UUID(int=0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``muster verify``."""
    parser.add_argument("--tenant", default="", metavar="SLUG", help="this tenant alone")
    parser.add_argument("--incident", type=UUID, metavar="ID", help="this incident alone; needs --tenant")
    parser.add_argument("--export", type=Path, metavar="FILE", help="write the tenant's anchors, signed")
    parser.add_argument("--against", type=Path, metavar="FILE", help="hold the tenant's chains against such a file")
    parser.add_argument(
        "--key", default="", metavar="BASE64", help="the file's public key; by default the data folder's"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    """A line for each broken chain; the exit status is 1 when there is one. Without a database named in the settings it
    is the one that `muster up` runs in the data folder."""
    if not settings.database_url:
        settings = replace(settings, database_url=find_app_url(settings.data_path / "postgres"))
    if not args.tenant and (args.incident or args.export or args.against):
        raise Invalid("verify.tenant", "--incident, --export and --against need --tenant", field="tenant")
    return asyncio.run(verify(args, settings))


async def verify(args: argparse.Namespace, settings: Settings) -> int:
    """Follow the chains asked for and print what is wrong; returns the exit status."""
    async with Database.connect(settings.database_url, max_size=2) as db:
        tenants = await _tenants(db, args.tenant)
        broken = chains = 0
        for tenant_id in tenants:
            async for name, found in _chains(db, tenant_id, args.incident):
                chains += 1
                if found is not None:
                    broken += 1
                    print(f"{name}: {found.damage} at position {found.position}", flush=True)
        if args.against is not None:
            key = args.key or anchor_export.public_text(anchor_export.signing_key(settings.keys_dir).public_key())
            broken += await _hold_against(db, tenants[0], args.against, key)
        if args.export is not None and not broken:
            await _export(db, tenants[0], args.export, settings)
    print(f"{chains} chains, {broken} broken", flush=True)
    return 1 if broken else 0


async def _tenants(db: Database, slug: str) -> list[UUID]:
    async with db.transaction(None) as tx:
        if not slug:
            return await sql.list_tenants(tx)
        found = await sql.find_tenant(tx, slug)
    if found is None:
        raise NotFound("tenant.not_found", f"there is no tenant {slug}", field="tenant", value=slug)
    return [found]


async def _chains(db: Database, tenant_id: UUID, only: UUID | None) -> AsyncIterator[tuple[str, Break | None]]:
    """Each chain of a tenant by name, and what is wrong with it."""
    async with db.transaction(tenant_id) as tx:
        slug = await sql.find_slug(tx, tenant_id)
    if only is not None:
        yield f"{slug} incident {only}", (await verify_timeline(db, tenant_id, only)).broken
        return
    yield f"{slug} audit", (await verify_audit(db, tenant_id)).broken
    after = _FIRST
    while True:
        async with db.transaction(tenant_id) as tx:
            page = await sql.list_incident_ids(tx, tenant_id, after=after, limit=PAGE)
        for incident_id in page:
            yield f"{slug} incident {incident_id}", (await verify_timeline(db, tenant_id, incident_id)).broken
        if len(page) < PAGE:
            return
        after = page[-1]


async def _export(db: Database, tenant_id: UUID, path: Path, settings: Settings) -> None:
    """Write it beside the place and move it there, so that half a file never has the name."""
    part = path.with_name(path.name + ".part")
    async with db.transaction(tenant_id) as tx:
        slug, audit = await sql.find_slug(tx, tenant_id), await sql.find_audit_head(tx, tenant_id)
        writer = Writer(anchor_export.signing_key(settings.keys_dir), str(slug), tx.now)
    with part.open("wb") as out:
        out.write(writer.header)
        if audit is not None:
            out.write(writer.add(Anchored(None, audit.position, audit.hash)))
        after = _FIRST
        while True:
            async with db.transaction(tenant_id) as tx:
                page = await sql.list_heads(tx, tenant_id, after=after, limit=PAGE)
            for head in page:
                out.write(writer.add(Anchored(str(head.incident_id), head.position, head.hash)))
            if len(page) < PAGE:
                break
            after = page[-1].incident_id
        out.write(writer.close())
    part.replace(path)
    print(f"anchors written to {path}", flush=True)


async def _hold_against(db: Database, tenant_id: UUID, path: Path, key: str) -> int:
    """How many chains do not have what the export says they had; the file is read twice, its seal first."""
    for _ in anchor_export.read(_lines(path), key):
        pass
    broken = 0
    for item in anchor_export.read(_lines(path), key):
        if isinstance(item, Header):
            await _check_tenant(db, tenant_id, item, path)
            continue
        now = await _hash_at(db, tenant_id, item)
        if now != item.hash:
            broken += 1
            name = "audit" if item.incident is None else f"incident {item.incident}"
            damage = "missing" if now is None else "changed"
            print(f"{name}: {damage} at position {item.position}, by the export", flush=True)
    return broken


async def _check_tenant(db: Database, tenant_id: UUID, header: Header, path: Path) -> None:
    async with db.transaction(tenant_id) as tx:
        if header.tenant != await sql.find_slug(tx, tenant_id):
            raise Invalid("verify.export", f"{path} is of tenant {header.tenant}", field="against")


async def _hash_at(db: Database, tenant_id: UUID, item: Anchored) -> str | None:
    async with db.transaction(tenant_id) as tx:
        if item.incident is None:
            rows = await sql.list_audit(tx, tenant_id, after=item.position - 1, limit=1)
            return rows[0].hash if rows and rows[0].position == item.position else None
        return (await sql.list_hashes(tx, tenant_id, UUID(item.incident), [item.position])).get(item.position)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while line := file.readline(anchor_export.LINE_MAX_BYTES + 1):
                yield line
    except OSError as problem:
        raise Invalid("verify.export", f"{path}: {problem}", field="against", value=str(path)) from problem
