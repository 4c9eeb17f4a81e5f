"""Which of the product's languages a request wants."""

from __future__ import annotations

from typing import Literal, TypeAlias

Language: TypeAlias = Literal["zh-CN", "en"]

# Programs send no Accept-Language; those who read what programs print are developers.
DEFAULT: Language = "en"
# RFC 9110 puts no limit on the header; browsers send under ten languages.
_RANGES_MAX = 20


def choose(accept_language: str | None) -> Language:
    """The better of zh-CN and en by the header's weights (RFC 9110 section 12.5.4); the first named wins a tie."""
    best: Language = DEFAULT
    best_weight = 0.0
    for part in (accept_language or "").split(",")[:_RANGES_MAX]:
        tag, _, weight_text = part.strip().partition(";")
        language = _language(tag.strip().lower())
        weight = _weight(weight_text)
        if language is not None and weight > best_weight:
            best, best_weight = language, weight
    return best


def _language(tag: str) -> Language | None:
    if tag == "zh" or tag.startswith("zh-"):
        return "zh-CN"
    return "en" if tag == "en" or tag.startswith("en-") else None


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
