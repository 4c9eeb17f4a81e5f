"""Roll calls as rooms and the API show them."""

from __future__ import annotations

import msgspec

from incidents.roll_call.model import RollCall
from mobile_contract.room_views import RollCallView


def roll_call_view(call: RollCall) -> RollCallView:
    """The numbers and where it stands; never a name."""
    return RollCallView(
        id=call.id,
        scope=call.scope,
        zones=call.zone_ids,
        place=call.place,
        state=call.state,
        exercise=call.exercise,
        started_at=call.started_at,
        all_clear_at=call.all_clear_at,
        re_entry_at=call.re_entry_at,
        **msgspec.structs.asdict(call.counts),
    )
