"""What a replay keeps of its device in the data folder: the secret Muster chose, for its owner's eyes alone."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import msgspec

from core.errors import Invalid, Unavailable
from muster.engines.files import write_private

FOLDER = "replay"


class Kept(msgspec.Struct, frozen=True):
    """A registered device; ``speed`` is what its delays were registered for."""

    device: UUID
    secret: str
    speed: float


def kept_path(data_path: Path, tenant: str, site: str, device: str) -> Path:
    """The device's file. Slugs hold neither a separator nor "+"."""
    return data_path / FOLDER / f"{tenant}+{site}+{device}.json"


def find_kept(path: Path) -> Kept | None:
    """What is kept, None when nothing is. Raises Invalid naming a file that can not be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Kept)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as problem:
        raise Invalid("replay.kept", f"{path}: {problem}; remove it and register again", field="file") from problem


def keep(path: Path, kept: Kept) -> None:
    """Keep it. Raises Unavailable when the disk does not take it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, msgspec.json.encode(kept))
    except OSError as problem:
        raise Unavailable("replay.not_kept", f"{path}: {problem}") from problem
