"""The nets there are, as data."""

from __future__ import annotations

from typing import Final

from batch.nets.housekeeping import HOUSEKEEPING
from batch.nets.month_end import MONTH_END, QUARTER_END
from batch.nets.night import NIGHT

NETS: Final = {net.name: net for net in (NIGHT, MONTH_END, QUARTER_END, HOUSEKEEPING)}

__all__ = ["HOUSEKEEPING", "MONTH_END", "NETS", "NIGHT", "QUARTER_END"]
