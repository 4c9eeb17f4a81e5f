"""``muster courier``: deliveries, escalations, drills that end, feeds and the database's upkeep."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from core.settings import Settings
from core.worker import apart
from incidents.alarms.kpi_upkeep import keep_rolled_up
from incidents.drills.watch import DrillWatch
from incidents.exposure.watch import keep_watching
from incidents.matrix.job import keep_replaying
from incidents.matrix.timers import keep_firing
from incidents.reaching.delivery import DeliveryPolicy
from incidents.record.anchors import keep_anchoring
from incidents.record.feed import read_networks
from incidents.record.feed_post import Poster
from incidents.record.feed_sender import FeedSender
from incidents.record.vault import Vault
from incidents.roll_call.watch import RollCallWatch
from muster.process import Process, health_port
from muster.upkeep import keep_up
from people.reach import readiness_watch
from realtime.channels import Channel
from realtime.check_in_sender import CheckInSender
from realtime.comm_test_sender import CommTestSender
from realtime.courier import Courier
from realtime.notice_sender import NoticeSender
from realtime.push import Fcm
from realtime.web_push import WebPush, load_vapid_key


async def main(process: Process) -> None:
    """Send and escalate until the process stops."""
    settings, db = process.settings, process.db
    policy = DeliveryPolicy(settings.receipt_timeout_s, settings.acknowledge_timeout_s)
    async with AsyncExitStack() as stack:
        channels = await _channels(stack, settings)
        await stack.enter_async_context(health_port(process))
        poster = await stack.enter_async_context(Poster.open(read_networks(settings.feed_networks)))
        feed_sender = FeedSender(db, poster, Vault(settings.keys_dir))
        courier = Courier(db, channels, policy=policy, lease_s=settings.lease_s, details=settings.push_details)
        async with asyncio.TaskGroup() as group:
            # A fault in any of them is said and mended; none may end the courier, on whom people's lives wait.
            beside = [
                group.create_task(apart(name, work))
                for name, work in {
                    "upkeep": partial(keep_up, db),
                    "anchors": partial(keep_anchoring, db),
                    "exposure": partial(keep_watching, db),
                    "alarm_rollups": partial(keep_rolled_up, db),
                    "matrix_timers": partial(keep_firing, db),
                    "matrix_replays": partial(keep_replaying, db),
                    "comm_tests": partial(CommTestSender(db, channels).run, process.listener),
                    "notices": partial(NoticeSender(db, channels).run, process.listener),
                    "phones_before_duty": partial(readiness_watch.keep_watching, db),
                    "check_ins": partial(CheckInSender(db, channels).run, process.listener),
                    "roll_calls": partial(RollCallWatch(db).run, process.listener),
                    "drills": partial(DrillWatch(db).run, process.listener),
                }.items()
            ]
            feeds = group.create_task(apart("feeds", partial(feed_sender.run, process.listener, process.stopping)))
            await courier.run(process.listener, process.stopping)
            await feeds
            for task in beside:
                task.cancel()


async def _channels(stack: AsyncExitStack, settings: Settings) -> dict[str, Channel]:
    """The channels this installation has, in the order they are tried; the open socket needs no courier."""
    channels: list[Channel] = []
    if settings.push_credentials:
        account = Path(settings.push_credentials)
        opening = Fcm.open(account, url=settings.push_service_url, details=settings.push_details)
        channels.append(await stack.enter_async_context(opening))
    if settings.web_push_subject:
        key = load_vapid_key(settings.keys_dir)
        opening_web = WebPush.open(
            key,
            subject=settings.web_push_subject,
            hosts=tuple(settings.web_push_hosts.split(",")),
            details=settings.push_details,
        )
        channels.append(await stack.enter_async_context(opening_web))
    return {channel.name: channel for channel in channels}
