"""The modules whose every branch is tried are pure, and the list of them names modules that are there."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PURE: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["run"]["include"]
# Waiting, the network, the disk, the database, the clock.
NOT_PURE = {"asyncio", "threading", "socket", "subprocess", "os", "time", "asyncpg", "aiomqtt", "httpx", "litestar"}
NOT_PURE |= {"core.database", "core.outbox", "core.clock", "core.settings"}


@pytest.mark.parametrize("path", PURE)
def test_a_module_under_the_gate_neither_waits_nor_asks_anybody(path: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    imported: set[str] = set()
    for node in ast.walk(tree):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), f"{path}:{node.lineno} waits"
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    assert {name for name in imported if name in NOT_PURE or name.endswith("queries")} == set()
