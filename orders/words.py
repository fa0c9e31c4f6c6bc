"""The closed lists of this room, pure, so that rules and doors may use them."""

from __future__ import annotations

from enum import StrEnum


class OrderKind(StrEnum):
    """What an order does; what each takes and does is in ``orders.rules.kinds``. Later kinds are added at the end, none is re-used."""

    PROVIDE = "provide"
    """A new line, on what plant there is."""
    CEASE = "cease"
    START = "start"
    """A stopped line at the address works again."""
    TAKEOVER = "takeover"
    """Whoever moves in takes over the working line of whoever moves out."""
    TRANSFER = "transfer"
    """The same occupant goes to another provider; everything on the line stays."""
    TRANSFER_WITH_CHANGES = "transfer-with-changes"
    PORT_IN = "port-in"
    """A number comes from another network, to a new line or to a working one."""
    PORT_OUT = "port-out"
    """The number goes to another network and the line is ceased."""
    MOVE = "move"
    """To other premises."""
    SHIFT = "shift"
    """Within the same premises."""
    RENUMBER = "renumber"
    FEATURES = "features"
    CARE = "care"
    DIRECTORY = "directory"
    """How the line is listed, and whom the emergency services are told is there."""
    LINES = "lines"
    """How many lines a multiline installation has, from 2 to 200."""
    CONVERT = "convert"
    """A multiline installation becomes a single line."""
    BAR = "bar"
    RESTORE = "restore"


class OrderState(StrEnum):
    """Where an order stands; the legal moves are in ``orders.rules.lifecycle`` with the TMF622 names beside them."""

    ACKNOWLEDGED = "acknowledged"  # -> committed, cancelled, terminated
    COMMITTED = "committed"  # -> held, completed, cancelled, terminated
    HELD = "held"  # -> committed (resumed), cancelled, terminated
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    TERMINATED = "terminated"


class KciKind(StrEnum):
    """Keep-customer-informed events."""

    ACKNOWLEDGED = "ACKNOWLEDGED"
    COMMITTED = "COMMITTED"
    DELAY = "DELAY"
    RESUMED = "RESUMED"
    REAPPOINTED = "REAPPOINTED"
    AMENDED = "AMENDED"
    CANCELLED = "CANCELLED"
    TERMINATED = "TERMINATED"
    COMPLETED = "COMPLETED"
    CREATED = "CREATED"
    """An order nobody asked for: an unsolicited cease, as it appears at the losing provider."""
    ADDITIONAL = "ADDITIONAL"
    """More is known; nothing else changed."""
    WARNING = "WARNING"
    """Something may go wrong; nothing changed yet."""


class ItemAction(StrEnum):
    """What an item does to its product on the line."""

    ADD = "add"
    REMOVE = "remove"
    KEEP = "keep"
    """It stays as it is: told so that the order shows the whole line."""


class PlantOutcome(StrEnum):
    """How a line is provided (domain: three provisioning outcomes)."""

    RESTART = "restart"
    """A stopped line at the site works again: quick, nobody visits."""
    SPARE_PAIR = "spare-pair"
    """A spare pair of the distribution point is jointed to the site."""
    BUILD = "build"
    """There is no pair: new plant first, then a pair."""


class CeaseReason(StrEnum):
    """Why a line is given up, as the caller says it."""

    NOT_NEEDED = "NN"
    MOVING = "MV"
    COST = "CO"
    SERVICE = "SV"
    """Dissatisfied with the service."""
    COMPETITOR = "CP"
    DECEASED = "DC"
    OUR_FAULT = "OF"
    """We could not provide what was promised."""
    DEBT = "DB"
    """Debt treatment's."""
    LOST = "LO"
    """Unsolicited: another occupant or another provider takes the line."""


class CancelOtherReason(StrEnum):
    """Why the losing provider stops a takeover or a transfer."""

    NOT_MOVING = "NOT_MOVING"
    """The end user is not moving."""
    SLAMMING = "SLAMMING"
    """Nobody asked for it."""
    WRONG_LINE = "WRONG_LINE"
    CHANGED_MIND = "CHANGED_MIND"
    """The end user stays after all."""


class TaskKind(StrEnum):
    """A piece of an order's work; what each is for is in ``orders.rules.tasks``."""

    SURVEY = "survey"
    NUMBER = "number"
    PLANT = "plant"
    PORTING = "porting"
    EXCHANGE = "exchange"
    FIELD = "field"
    DIRECTORY = "directory"
    EMERGENCY = "emergency"


class WorkGroup(StrEnum):
    """Whose the task is."""

    PLANNING = "planning"
    NUMBERING = "numbering"
    EXCHANGE = "exchange"
    FIELD = "field"
    RECORDS = "records"
    """Directory and emergency records."""


class TaskState(StrEnum):
    """How a task stands."""

    OPEN = "open"  # -> done, failed, withdrawn (the order ended or changed)
    DONE = "done"
    FAILED = "failed"  # -> open (tried again), withdrawn
    WITHDRAWN = "withdrawn"


class NoteKind(StrEnum):
    """What was written down about an order besides its stream."""

    NOTE = "note"
    CHASE = "chase"
    """The customer rang to ask where it is."""
    ESCALATION = "escalation"
    TAKEN = "taken"
    """Somebody took it to see it through."""
