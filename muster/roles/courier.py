"""``muster courier``: deliveries, escalations, feeds and the database's upkeep."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from core.settings import Settings
from incidents.reaching.delivery import DeliveryPolicy
from incidents.record.anchors import keep_anchoring
from incidents.record.feed import read_networks
from incidents.record.feed_post import Poster
from incidents.record.feed_sender import FeedSender
from incidents.record.vault import Vault
from muster.process import Process, health_port
from muster.upkeep import keep_up
from realtime.channels import Channel
from realtime.courier import Courier
from realtime.push import Fcm


async def main(process: Process) -> None:
    """Send and escalate until the process stops."""
    settings = process.settings
    policy = DeliveryPolicy(settings.receipt_timeout_s, settings.acknowledge_timeout_s)
    async with AsyncExitStack() as stack:
        channels = await _channels(stack, settings)
        await stack.enter_async_context(health_port(process))
        poster = await stack.enter_async_context(Poster.open(read_networks(settings.feed_networks)))
        feed_sender = FeedSender(process.db, poster, Vault(settings.keys_dir))
        courier = Courier(process.db, channels, policy=policy, lease_s=settings.lease_s)
        async with asyncio.TaskGroup() as group:
            upkeep = [group.create_task(keep_up(process.db)), group.create_task(keep_anchoring(process.db))]
            feeds = group.create_task(feed_sender.run(process.listener, process.stopping))
            await courier.run(process.listener, process.stopping)
            await feeds
            for task in upkeep:
                task.cancel()


async def _channels(stack: AsyncExitStack, settings: Settings) -> dict[str, Channel]:
    """The channels this installation has, in the order they are tried; the open socket needs no courier."""
    if not settings.push_credentials:
        return {}
    fcm = await stack.enter_async_context(
        Fcm.open(Path(settings.push_credentials), url=settings.push_service_url, details=settings.push_details)
    )
    return {fcm.name: fcm}
