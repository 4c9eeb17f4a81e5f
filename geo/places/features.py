"""GeoJSON files that strangers made -> features, bounded, with every fault named. Pure.

A file that is no FeatureCollection at all is one Invalid; whatever is wrong with one feature is a Finding, and the
others are read on.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from core.errors import Invalid
from geo.places.findings import Finding, FindingKind
from geo.zones import POSITIONS_MAX
from mobile_contract.text import Text

# The largest public indoor data set at hand has 1 MB a file; this is one read of a disk and one of memory.
FILE_MAX_BYTES = 64 * 1024 * 1024
FILES_MAX = 200
# A campus of 80 buildings has 5,100 features.
FEATURES_MAX = 100_000
# A position indented one number a line takes some sixty bytes.
GEOMETRY_MAX_BYTES = 200 * POSITIONS_MAX
# Tags, names in several languages, opening hours; neighbours of a node.
PROPERTIES_MAX_BYTES = 65_536
ID_MAX_CHARS = 100
NAME_MAX_CHARS = 200
# The tallest building has 163 floors; a mine's floors are counted, not metres.
LEVEL_MIN, LEVEL_MAX = -100, 200

Members: TypeAlias = dict[str, Any]


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """A feature as it was written: ``geometry`` is GeoJSON not looked at yet, None where it has none.

    ``id`` is unique among all files read together; ``place`` names the feature by file and its own id. ``members``: its
    members outside RFC 7946 (IMDF's feature_type).
    """

    id: str
    place: str
    file: str
    properties: Members
    geometry: Members | None
    members: Members


class _Collection(msgspec.Struct):
    features: list[msgspec.Raw]
    type: str = "FeatureCollection"


class _Written(msgspec.Struct):
    """One feature's parts, each decoded only after its size is known."""

    id: msgspec.Raw = msgspec.Raw(b"null")
    geometry: msgspec.Raw = msgspec.Raw(b"null")
    properties: msgspec.Raw = msgspec.Raw(b"null")
    feature_type: msgspec.Raw = msgspec.Raw(b"null")
    levels: msgspec.Raw = msgspec.Raw(b"null")


def read_features(
    files: Mapping[str, bytes], *, ids_by_file: bool = False
) -> tuple[list[Feature], list[Finding], dict[str, int]]:
    """Files by name -> their features, what was wrong with others, and how many each file holds.

    ``ids_by_file``: the files number their features each for itself. A second feature of an id is kept under a new one,
    so what refers to the id means the first. Raises Invalid, naming the file, when one is too large, holds too many
    features, or is no FeatureCollection.
    """
    check_files(files)
    features: list[Feature] = []
    findings: list[Finding] = []
    seen: dict[str, int] = {}
    counts: dict[str, int] = {}
    for file, data in files.items():
        raws = _collection(file, data)
        counts[file] = len(raws)
        if sum(counts.values()) > FEATURES_MAX:
            raise unreadable(file, f"more than {FEATURES_MAX} features", f"要素超过 {FEATURES_MAX} 个", FEATURES_MAX)
        for index, raw in enumerate(raws):
            feature = _feature(file, index, bytes(raw), findings)
            if feature is not None:
                if ids_by_file:
                    feature = msgspec.structs.replace(feature, id=f"{stem(file)}:{feature.id}"[-ID_MAX_CHARS:])
                features.append(_unique(feature, seen, findings))
    return features, findings, counts


def check_files(files: Mapping[str, bytes]) -> None:
    """Raise Invalid, naming the file, for too many files or one that is too large."""
    if not files:
        raise unreadable("", "there is no file", "没有文件")
    if len(files) > FILES_MAX:
        raise unreadable("", f"more than {FILES_MAX} files", f"文件超过 {FILES_MAX} 个", FILES_MAX)
    for file, data in files.items():
        if clean(file) != file:
            raise unreadable(file, "its name is too long or no text", "文件名过长或不是文本", NAME_MAX_CHARS)
        if len(data) > FILE_MAX_BYTES:
            raise unreadable(file, f"more than {FILE_MAX_BYTES} bytes", f"超过 {FILE_MAX_BYTES} 字节", FILE_MAX_BYTES)


def stem(file: str) -> str:
    """A file's name without folders and endings."""
    return file.replace("\\", "/").rsplit("/", 1)[-1].split(".", 1)[0]


def unreadable(file: str, en: str, zh: str, limit: object = None) -> Invalid:
    """The one error of a reader: this file can not be read."""
    name = clean(file) or ""
    return Invalid("geo.file_invalid", f"{name}: {en}", f"{name}：{zh}", field="files", value=name, limit=limit)


def clean(text: object, limit: int = NAME_MAX_CHARS) -> str | None:
    """A text of one line without control characters, cut at ``limit``; None when nothing is left of it."""
    if not isinstance(text, str):
        return None
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text[: 4 * limit])
    return " ".join(kept.split())[:limit].strip() or None


def level_of(value: object) -> int | None:
    """A floor's number, None when it is none or no building has it."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not LEVEL_MIN <= value <= LEVEL_MAX:
        return None
    return int(value) if value == int(value) else None


def _collection(file: str, data: bytes) -> list[msgspec.Raw]:
    try:
        read = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Collection)
    except RecursionError:
        raise unreadable(file, "nested too deeply", "嵌套过深") from None
    except (msgspec.DecodeError, ValueError) as problem:
        detail = clean(str(problem)) or ""
        raise unreadable(file, f"no GeoJSON FeatureCollection: {detail}", f"不是 GeoJSON 要素集合：{detail}") from None
    if read.type != "FeatureCollection":
        raise unreadable(file, "its type is not FeatureCollection", "类型不是 FeatureCollection")
    return read.features


def _feature(file: str, index: int, raw: bytes, findings: list[Finding]) -> Feature | None:
    """One feature read, or None and a finding that names why not."""
    fault: tuple[FindingKind, Text] = ("file_invalid", Text("不是 GeoJSON 要素", "no GeoJSON feature"))
    own = None
    try:
        written = msgspec.json.decode(raw, type=_Written)
        own = _scalar(written.id)
        found = _too_large(written)
        if found is None:
            properties = msgspec.json.decode(written.properties)
            geometry = msgspec.json.decode(written.geometry)
            kind, levels = msgspec.json.decode(written.feature_type), msgspec.json.decode(written.levels)
            if isinstance(properties, dict | None) and isinstance(geometry, dict | None):
                properties = properties or {}
                named = own or _id(properties.get("id")) or _id(properties.get("@id"))
                return Feature(
                    id=named or f"{stem(file)[:80]}#{index}",
                    place=f"{file}#{named or index}",
                    file=file,
                    properties=properties,
                    geometry=geometry,
                    members={"feature_type": kind, "levels": levels},
                )
        fault = found or fault
    except (msgspec.DecodeError, ValueError, RecursionError):
        pass
    findings.append(Finding(kind=fault[0], outcome="refused", place=f"{file}#{own or index}", detail=fault[1]))
    return None


def _too_large(written: _Written) -> tuple[FindingKind, Text] | None:
    geometry, properties = bytes(written.geometry), bytes(written.properties)
    if len(geometry) > GEOMETRY_MAX_BYTES or geometry.count(b"[") > 2 * POSITIONS_MAX:
        limit = POSITIONS_MAX
        return "too_many_positions", Text(
            f"几何的坐标点超过 {limit} 个", f"the geometry has more than {limit} positions"
        )
    if len(properties) + len(bytes(written.levels)) + len(bytes(written.feature_type)) > PROPERTIES_MAX_BYTES:
        limit = PROPERTIES_MAX_BYTES
        return "property_invalid", Text(f"属性超过 {limit} 字节", f"the properties have more than {limit} bytes")
    return None


def _scalar(raw: msgspec.Raw) -> str | None:
    return _id(msgspec.json.decode(raw)) if len(bytes(raw)) <= 6 * ID_MAX_CHARS else None


def _id(value: object) -> str | None:
    """A GeoJSON id is a string or a number (RFC 7946, 3.2); one that can not be kept is as none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    # A number of thousands of digits is not turned into text at all.
    text = value if isinstance(value, str) else str(value) if abs(value) < 2**63 else ""
    return text if len(text) <= ID_MAX_CHARS and clean(text, ID_MAX_CHARS) == text else None


def _unique(feature: Feature, seen: dict[str, int], findings: list[Finding]) -> Feature:
    if feature.id not in seen:
        seen[feature.id] = 1
        return feature
    new = feature.id
    while new in seen:
        seen[feature.id] += 1
        new = f"{feature.id[: ID_MAX_CHARS - 8]}~{seen[feature.id]}"
    seen[new] = 1
    findings.append(
        Finding(
            kind="duplicate_id",
            outcome="repaired",
            place=feature.place,
            detail=Text(f"编号重复，改为 {new}", f"the id is given twice; this one is now {new}"),
        )
    )
    return msgspec.structs.replace(feature, id=new)
