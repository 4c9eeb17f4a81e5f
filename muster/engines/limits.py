"""How much either broker holds, so that both behave alike."""

from __future__ import annotations

# A batch of readings is a few kB; far above the largest we send, so that one device can not fill memory.
MESSAGE_BYTES_MAX = 256 * 1024
# The gateway acknowledges only after its batch is committed: at 5,000 messages/s and 100 ms a commit 500 are in flight;
# four times that carries it over a slow commit. A packet id is 16 bits, so it must stay far below 65,535.
IN_FLIGHT_MAX = 2_000
# What waits for a gateway that is away: 20 s of 5,000 messages/s, longer than any restart. Beyond it the newest is
# dropped for that subscriber; devices keep what we have not acknowledged ourselves and send it again.
QUEUED_MAX = 100_000
# The same bound in memory, for messages larger than a few readings.
QUEUED_BYTES_MAX = 128 * 1024 * 1024
