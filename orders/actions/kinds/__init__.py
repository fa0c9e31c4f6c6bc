"""How each kind of order works: what it finds when it is placed, and what it does when the work is done. One module a family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orders.actions.kinds.bars import BAR, RESTORE
from orders.actions.kinds.care import CARE
from orders.actions.kinds.cease import CEASE
from orders.actions.kinds.directory import DIRECTORY
from orders.actions.kinds.features import FEATURES
from orders.actions.kinds.lines import CONVERT, LINES
from orders.actions.kinds.move import MOVE
from orders.actions.kinds.numbering import PORT_IN, PORT_OUT, RENUMBER
from orders.actions.kinds.provide import PROVIDE
from orders.actions.kinds.shift import SHIFT
from orders.actions.kinds.start import START
from orders.actions.kinds.takeover import TAKEOVER
from orders.actions.kinds.transfer import TRANSFER
from orders.actions.working import Working
from orders.words import OrderKind

WORKINGS: Final[Mapping[OrderKind, Working]] = {
    OrderKind.PROVIDE: PROVIDE,
    OrderKind.CEASE: CEASE,
    OrderKind.START: START,
    OrderKind.TAKEOVER: TAKEOVER,
    OrderKind.TRANSFER: TRANSFER,
    OrderKind.TRANSFER_WITH_CHANGES: TRANSFER,
    OrderKind.PORT_IN: PORT_IN,
    OrderKind.PORT_OUT: PORT_OUT,
    OrderKind.RENUMBER: RENUMBER,
    OrderKind.MOVE: MOVE,
    OrderKind.SHIFT: SHIFT,
    OrderKind.LINES: LINES,
    OrderKind.CONVERT: CONVERT,
    OrderKind.FEATURES: FEATURES,
    OrderKind.CARE: CARE,
    OrderKind.DIRECTORY: DIRECTORY,
    OrderKind.BAR: BAR,
    OrderKind.RESTORE: RESTORE,
}
