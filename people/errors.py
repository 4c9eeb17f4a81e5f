"""What stops a sign-in. Whoever failed is not told which part was wrong."""

from __future__ import annotations

from core.errors import Forbidden, Unavailable

# Codes that mean "sign in first", not "you may not": 401 over HTTP, close code 4001 on the live wire.
SIGN_IN_FIRST = frozenset(
    {"token.missing", "token.invalid", "token.expired", "token.revoked", "sign_in.refused", "refresh.refused"}
)


def token_missing() -> Forbidden:
    """No credentials came with the request."""
    return Forbidden(
        "token.missing", "sign in first: no bearer token came with the request", "请先登录：请求没有带令牌"
    )


def token_invalid() -> Forbidden:
    """The access token is malformed, forged, or for somebody else."""
    return Forbidden("token.invalid", "the access token is not valid", "访问令牌无效")


def token_expired() -> Forbidden:
    """The access token's time is over."""
    return Forbidden("token.expired", "the access token has expired; refresh it", "访问令牌已过期，请刷新")


def token_revoked() -> Forbidden:
    """The account, device or sign-in behind the token was taken away."""
    return Forbidden("token.revoked", "this device was signed out", "此设备已退出登录")


def sign_in_refused() -> Forbidden:
    """Wrong plant, login or password, or a disabled account: all the same to the outside."""
    return Forbidden("sign_in.refused", "plant, login or password is wrong", "工厂、账号或密码不正确")


def refresh_refused() -> Forbidden:
    """The refresh token is unknown, expired, used before, or another device's."""
    return Forbidden("refresh.refused", "the refresh token is not valid; sign in again", "刷新令牌无效，请重新登录")


def too_many_attempts(limit: int, retry_after_s: float) -> Unavailable:
    """The bounded window of this login or address is full."""
    minutes = max(1, round(retry_after_s / 60))
    return Unavailable(
        "sign_in.too_many",
        f"too many attempts to sign in; try again in {minutes} min",
        f"登录尝试过多，请在 {minutes} 分钟后再试",
        limit=limit,
        retry_after_s=retry_after_s,
    )


def sign_in_busy() -> Unavailable:
    """More sign-ins at once than the processor can hash."""
    return Unavailable(
        "sign_in.busy",
        "too many people are signing in at once; try again",
        "同时登录的人太多，请稍后再试",
        retry_after_s=2.0,
    )
