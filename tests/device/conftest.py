"""Both brokers, each in a folder of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from muster.engines.broker import Broker
from muster.engines.mosquitto import find_mosquitto
from tests.conftest import absent


@pytest_asyncio.fixture(params=[pytest.param(kind, marks=pytest.mark.device) for kind in ("mosquitto", "amqtt")])
async def broker(request: Any) -> AsyncIterator[Broker]:
    """A running broker that knows the gateway alone."""
    if request.param == "mosquitto" and find_mosquitto() is None:
        absent("mosquitto is not installed")
    folder = Path(tempfile.mkdtemp(prefix="muster-broker-"))
    try:
        async with Broker.start(folder, kind=request.param) as running:
            yield running
    finally:
        shutil.rmtree(folder)
