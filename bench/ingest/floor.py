"""The floor: `python -m bench.ingest.floor`, a bare aiomqtt subscriber and asyncpg's COPY, no rules, on uvloop.

The same values reach a table of the same columns and primary key, logged and synced like the product's: decoded by
msgspec, looked up in a dict, copied every FLUSH_S over one connection as the table's owner. What it leaves out: rules,
refusals, duplicates, row-level security, partitions, acknowledgement after commit (paho acknowledges on receipt) and
the devices' own acks.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from uuid import UUID

import aiomqtt
import asyncpg
import msgspec
import uvloop

from bench.world import SITE, TENANT
from mobile_contract.devices import READINGS, Batch, topic

# The product's own (plant.site_gateway.FLUSH_AFTER_S).
FLUSH_S = 0.05
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS = ("tenant_id", "sensor_id", "observed_at", "received_at", "value", "quality")
CREATE = """
CREATE TABLE bare (
    tenant_id uuid NOT NULL, sensor_id uuid NOT NULL, observed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL, value double precision, quality smallint NOT NULL,
    PRIMARY KEY (tenant_id, sensor_id, observed_at)
)
"""


class FloorConfig(msgspec.Struct, frozen=True):
    """Where the broker and the database are, and what sensors there are."""

    broker_host: str
    broker_port: int
    username: str
    password: str
    database_url: str
    tenant_id: UUID
    devices: dict[str, dict[str, UUID]]


Row = tuple[UUID, UUID, datetime, datetime, float | None, int]


class Floor:
    """Takes messages, copies rows, counts what is committed."""

    def __init__(self, config: FloorConfig) -> None:
        self._config = config
        self._decoder = msgspec.json.Decoder(Batch)
        self._pack_decoder = msgspec.msgpack.Decoder(Batch)
        self._rows: list[Row] = []
        self._by_topic = {topic(TENANT, SITE, device, READINGS): sensors for device, sensors in config.devices.items()}
        self.committed = 0

    async def run(self) -> None:
        """Until stdin ends; each line on it is answered with the number of committed rows."""
        config = self._config
        connection = await asyncpg.connect(config.database_url)
        await connection.execute(CREATE)
        client = aiomqtt.Client(
            config.broker_host,
            config.broker_port,
            username=config.username,
            password=config.password,
            identifier="bench-floor",
        )
        async with client, asyncio.TaskGroup() as tasks:
            await client.subscribe(f"muster/v1/{TENANT}/{SITE}/+/{READINGS}", qos=1)
            working = [tasks.create_task(self._take(client)), tasks.create_task(self._copy(connection))]
            print('"ready"', flush=True)
            await self._answer()
            for task in working:
                task.cancel()

    async def _take(self, client: aiomqtt.Client) -> None:
        tenant_id, by_topic = self._config.tenant_id, self._by_topic
        async for message in client.messages:
            payload = message.payload
            assert isinstance(payload, bytes)
            now = datetime.now(UTC)
            sensors = by_topic[message.topic.value]
            batch = (self._decoder if payload[:1] == b"{" else self._pack_decoder).decode(payload)
            for sample in batch.samples:
                at = EPOCH + timedelta(milliseconds=sample.at)
                self._rows.append((tenant_id, sensors[sample.series], at, now, sample.value, 0))

    async def _copy(self, connection: asyncpg.Connection) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            rows, self._rows = self._rows, []
            if rows:
                await connection.copy_records_to_table("bare", records=rows, columns=COLUMNS)
                self.committed += len(rows)

    async def _answer(self) -> None:
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while await reader.readline():
            print(self.committed, flush=True)


def main() -> None:
    """Read the configuration, then work."""
    uvloop.run(Floor(msgspec.json.decode(sys.stdin.readline(), type=FloorConfig)).run())


if __name__ == "__main__":
    main()
