"""Drop folders: the same documents as files, for partners who exchange files and nothing else.

A message is a file and, written after it, a control file that says its length and sum; the Acknowledgement is a file beside them.
Our documents go out the same way. Whoever dies anywhere in this leaves a state from which the next round goes on: a message is
known by its id, an answer is whole or not there, and a document is on record before its files are written. (Reasons:
docs/decisions/0177.)
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.core.clock import Clock
from css.db.engine import transaction
from css.partners.access.keys import own_party
from css.partners.bringing.folder_bringing import bring_all, put_away
from css.partners.bringing.folder_files import opened
from css.partners.bringing.folder_round import CONTROL, KEPT, Exchanged, Office
from css.partners.bringing.folder_taking import take_all
from css.partners.bringing.serving import serve_forever, serve_once
from css.partners.model import DeliveryWay
from css.partners.outgoing.deliveries import Lane, folder_lanes, lane_held, lanes

EVERY_SECONDS: Final = 2.0
AFTER_TROUBLE_SECONDS: Final = 60.0
"""A folder that cannot be used is left alone for so long: it is for people to mend, who are told in the log."""

_log = logging.getLogger(__name__)


def exchange_once(
    engine: Engine,
    clock: Clock,
    directory: Path,
    *,
    provider_code: str | None = None,
    stop: threading.Event | None = None,
    handle: bool = True,
) -> Exchanged:
    """One round over the folders below ``directory``: what lies there is taken in, what is due is put there.

    Raises:
        NotFound, Unavailable: as ``inbox.receive``; what was not answered by then is taken in by the next round.
    """
    office = Office(engine, clock, directory, stop or threading.Event(), handle)
    with transaction(engine) as session:
        found = [lane for lane in folder_lanes(session) if provider_code in {None, lane.partner.code}]
    return sum(serve_once(found, lambda lane: _serve(office, lane)), Exchanged())


def exchange_forever(
    engine_giver: Callable[[], Engine],
    clock: Clock,
    directory: Path,
    stop: threading.Event,
    *,
    every_seconds: float = EVERY_SECONDS,
    handle: bool = True,
) -> None:
    """Look into the folders again and again until ``stop`` is set; then return when the file in hand is done with."""
    troubled: dict[str, float] = {}

    def busy_ones() -> Sequence[Lane]:
        with transaction(engine_giver()) as session:
            found = folder_lanes(session)
            due = {lane.partner.code for lane in lanes(session, DeliveryWay.FOLDER, at=clock.now())}
        now = time.monotonic()
        usable = [lane for lane in found if troubled.get(lane.partner.code, now) <= now]
        return [lane for lane in usable if lane.partner.code in due or _has_something(directory, lane)]

    def serve(lane: Lane) -> None:
        done = _serve(Office(engine_giver(), clock, directory, stop, handle), lane)
        troubled[lane.partner.code] = time.monotonic() + (AFTER_TROUBLE_SECONDS if done.troubled else 0)

    serve_forever(busy_ones, serve, stop, every_seconds=every_seconds)


def _has_something(directory: Path, lane: Lane) -> bool:
    """Whether a folder holds something to do, without a lock: most rounds find nothing."""
    try:
        with opened(directory, lane.folder or "") as boxes:
            return any(name.endswith(CONTROL) for name in boxes.incoming.names()) or any(
                name.endswith(KEPT) for name in boxes.outgoing.names()
            )
    except OSError:
        # Told by the round itself.
        return True


def _serve(office: Office, lane: Lane) -> Exchanged:
    with lane_held(office.engine, lane.partner.code) as still_held:
        if still_held is None:
            return Exchanged(busy=1)
        with transaction(office.engine) as session:
            us = own_party(session)
        try:
            with opened(office.directory, lane.folder or "") as boxes:
                return (
                    take_all(office, lane, us, boxes, still_held) + put_away(office, boxes) + bring_all(office, lane, us, boxes, still_held)
                )
        except OSError as trouble:
            _log.warning(
                "folder cannot be used", extra={"provider": lane.partner.code, "reason": type(trouble).__name__, "errno": trouble.errno}
            )
            return Exchanged(troubled=1)
