"""Use cases of evidence files: kept whole before anything names them, given to whom they concern."""

from __future__ import annotations

import asyncio
import hashlib
from uuid import UUID

from core import audit
from core.database import Tx
from core.errors import Unavailable
from core.file_store import FileStore
from core.ids import new_id
from people.actor import Actor
from people.permissions import Permission
from people.qualifications import training_queries as queries
from people.qualifications.errors import no_evidence
from people.qualifications.evidence import evidence_key, media_type_of
from people.qualifications.model import Evidence


async def keep(files: FileStore, actor: Actor, content: bytes) -> tuple[str, str]:
    """Put the content into the store: (media type, sha256); before its row is written, so that a row has its file.

    A file that no row comes to name, because the process died between, is harmless: nobody can ask for it.
    """
    actor.require(Permission.MANAGE_PEOPLE)
    media_type = media_type_of(content)
    digest = await asyncio.to_thread(_sha256, content)
    await files.put(evidence_key(actor.tenant_id, digest), content)
    return media_type, digest


async def enter(tx: Tx, actor: Actor, media_type: str, sha256: str, size_bytes: int) -> Evidence:
    """Give a kept file its id."""
    actor.require(Permission.MANAGE_PEOPLE)
    made = Evidence(actor.tenant_id, new_id(), media_type, size_bytes, sha256, actor.account_id, tx.now)
    saved = await queries.insert_evidence(tx, actor.tenant_id, made)
    facts = {"media_type": media_type, "size_bytes": size_bytes, "sha256": sha256}
    await audit.record(tx, actor.account_id, "evidence.uploaded", "evidence", saved.id, facts)
    return saved


async def find_allowed(tx: Tx, actor: Actor, evidence_id: UUID) -> Evidence:
    """The file's row: any with READ_QUALIFICATIONS, else what proves something of one's own."""
    found = await queries.find_evidence(tx, actor.tenant_id, evidence_id)
    if found is None:
        raise no_evidence(evidence_id)
    if not actor.may(Permission.READ_QUALIFICATIONS) and not await queries.proves_something_of(
        tx, actor.tenant_id, evidence_id, actor.account_id
    ):
        raise no_evidence(evidence_id)
    return found


async def read(files: FileStore, it: Evidence) -> bytes:
    """The bytes, checked against their hash. Raises Unavailable when the store has lost or changed them."""
    content = await files.find(evidence_key(it.tenant_id, it.sha256))
    if content is None or await asyncio.to_thread(_sha256, content) != it.sha256:
        raise Unavailable(
            "evidence.damaged",
            f"the file of evidence {it.id} is missing or damaged in the store",
            f"证明文件 {it.id} 在存储中缺失或已损坏",
            value=str(it.id),
        )
    return content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
