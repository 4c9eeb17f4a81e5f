"""What the gateway asks of the layer above it: decide on readings.

The gateway stores readings; the sink says which of them change something. A reading that changes
something is handed to ``transition``, which opens one transaction, calls ``store`` in it and writes its own state
and news in it: state change and reading commit together. Only then is the MQTT message acknowledged.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from core.database import Tx
from plant.badge_protocol import DeviceSwipe
from plant.model import Command, Lease, Reading

# Writes every reading of the messages at hand (also those that change nothing) in the caller's transaction. Calling
# it is the sink's duty; a duplicate (same sensor, observed_at) is one reading.
Store = Callable[[Tx], Awaitable[None]]


class ReadingSink(Protocol):
    """Decides on the readings of one leased site; lives as long as the lease."""

    def screen(self, reading: Reading) -> bool:
        """Whether this reading may change something and must take the transaction path.

        Called once for every accepted reading, in the order they arrived, before it is stored; must be cheap (15,000 a
        second) and may remember when a sensor was last heard. A reading may be seen again (redelivery, a retried
        batch). Once True for a sensor, its following readings go the same way unasked until the transition has
        committed, so their order is kept; ``screen`` is called for those as well and its answer ignored.
        """
        ...

    async def transition(self, readings: Sequence[Reading], store: Store) -> None:
        """Decide on these readings, in order, in one transaction of the sink's own that also calls ``store``.

        Returns after COMMIT. Calls never overlap within a site. Raises ``Unavailable`` when the database is away: the
        same readings come again. Any other exception is taken as a fault in deciding: the readings are offered again
        sensor by sensor, so that one sensor's fault does not hold up the others; its message is not acknowledged until
        it succeeds, or until ``decider.ASIDE_MAX`` newer ones wait behind it: then it is stored undecided. Raises
        ``plant.errors.LeaseLost`` (from ``plant.leases.assert_held``) to stop the site.
        """
        ...

    async def command_changing(self, tx: Tx, command: Command) -> None:
        """A command is about to be looked at for ``command_changed``: take what locks that will need, because the
        command's row is locked next and comes after them in the order of docs/architecture.md.
        """
        ...

    async def command_changed(self, tx: Tx, command: Command) -> None:
        """A command of this site was sent for the first time, confirmed, failed or timed out: ``tx`` is the transaction
        that says so, and what the layer above makes of it commits with it. The command's row is locked.
        """
        ...

    async def badges_read(self, tx: Tx, swipes: Sequence[DeviceSwipe]) -> None:
        """Badges were at readers of this site: ``tx`` stores them and what follows from them; the controller is told
        after its COMMIT. The same swipe may come again, and in any order.
        """
        ...


class SinkFactory(Protocol):
    """Opens the sink of a site when its lease is taken; left when the lease ends or moves.

    Inside, the sink loads its states and owns its timers. News ``plant.changed`` (key: site id) says that
    sensors, zones or actuators of the site were edited.
    """

    def __call__(self, lease: Lease) -> AbstractAsyncContextManager[ReadingSink]: ...
