"""What a file that proves something is, by its content alone. Pure."""

from __future__ import annotations

from uuid import UUID

from core.errors import Invalid

# A page scanned at 300 dpi as JPEG is some 1 MB; a certificate of several pages fits.
EVIDENCE_MAX_BYTES = 10 * 1024 * 1024

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"IEND\xaeB`\x82"
SUFFIXES = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


def media_type_of(content: bytes) -> str:
    """application/pdf, image/jpeg or image/png; raises Invalid evidence.too_large, evidence.type.

    Both ends are looked at, so that an upload cut short is refused: PDF (ISO 32000-1 7.5.2, 7.5.5), JPEG (ITU-T T.81
    B.1.1.3: SOI, EOI), PNG (W3C PNG 5.2, 11.2.5). Some bytes after the end are let pass, as readers do.
    """
    if len(content) > EVIDENCE_MAX_BYTES:
        raise Invalid(
            "body.too_large",
            f"a file has at most {EVIDENCE_MAX_BYTES // 1024 // 1024} MiB",
            f"文件不得超过 {EVIDENCE_MAX_BYTES // 1024 // 1024} MiB",
            value=len(content),
            limit=EVIDENCE_MAX_BYTES,
        )
    tail = content[-1024:]
    if content.startswith(b"%PDF-") and b"%%EOF" in tail:
        return "application/pdf"
    if content.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in tail:
        return "image/jpeg"
    if content.startswith(_PNG) and _PNG_END in tail:
        return "image/png"
    raise Invalid(
        "evidence.type",
        "the content is no whole PDF, JPEG or PNG",
        "内容不是完整的 PDF、JPEG 或 PNG 文件",
        field="body",
        value=content[:8].hex(),
        limit=sorted(SUFFIXES),
    )


def evidence_key(tenant_id: UUID, sha256: str) -> str:
    """Where the bytes are: the tenant's own folder, then the hash; equal files of one tenant are one."""
    return f"{tenant_id}/evidence/{sha256[:2]}/{sha256}"
