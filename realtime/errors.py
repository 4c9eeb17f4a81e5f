"""Errors of use cases as the live wire says them: a problem frame, or a close code for who is not signed in."""

from __future__ import annotations

from core.errors import MusterError
from mobile_contract.live import CloseCode, ProblemFrame
from mobile_contract.text import Text
from people.errors import SIGN_IN_FIRST


def close_code(error: MusterError) -> CloseCode | None:
    """The code that closes the socket; None when a problem frame is enough."""
    if error.code == "token.expired":
        return CloseCode.TOKEN_EXPIRED
    if error.code in SIGN_IN_FIRST:
        return CloseCode.SIGNED_OUT
    return None


def problem_frame(error: MusterError, key: str | None) -> ProblemFrame:
    """The frame that refuses one frame of the client."""
    return ProblemFrame(key=key, code=error.code, field=error.field, detail=Text(zh=error.zh, en=error.en))
