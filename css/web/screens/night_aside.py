"""BA07 what the night set aside and what it warns of, as a work list; BA08 one of these: looked at, tried again, given up."""

from __future__ import annotations

from typing import Any, Final

from flask import Response
from sqlalchemy.orm import Session

from batch.balance.actions import drop_reject, replay_reject
from batch.balance.commands import DropReject, RejectSettled, ReplayReject
from batch.balance.rejects import RejectCard, reject, rejects
from batch.control import see_alarm
from batch.control.commands import AlarmSeen, SeeAlarm
from batch.queries import AlarmRow, night_alarm
from css.core.actor import Actor
from css.core.errors import NotFound
from css.core.words import Role
from css.web.desk import Desk
from css.web.form import Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.deeds import Deed, Record, page_of
from css.web.screens.night_places import KEEPERS, alarms_here, night_place
from css.web.screens.night_told import HOUSE, TELLERS, net_args
from css.web.screens.work_lists import NOT_SAID, leaf

REPLAY: Final = "replay"
DROP: Final = "drop"
SEE: Final = "see"
ALARM: Final = "a"
"""Before an alarm's number in addresses; an item set aside has its number alone."""
LISTED_MAX: Final = 10_000
ALARMS_MAX: Final = 50
DROPPERS: Final = frozenset({Role.SUPERVISOR})

BA07: Final = Screen(
    code="BA07",
    title="Set aside by the night",
    family="The night",
    help=(
        "What waits for a person: alarms that nobody has looked at, and items that a step set aside so that the rest could go on, the "
        "oldest first, with why and for how long. Key a number to open one. What the night finds mended it settles by itself. F7 and F8 "
        "turn the pages."
    ),
    roles=KEEPERS,
    response=ResponseClass.R1,
    takes="[district or HOUSE [step]]",
    keys=(Key(name="F7", label="page back"), Key(name="F8", label="page on"), Key(name="F11", label="night")),
    polls_seconds=10,
)

BA08: Final = Screen(
    code="BA08",
    title="Set aside, one item",
    family="The night",
    help=(
        "One item that a step set aside, as it came, with what a person does about it; or one alarm. When the cause is mended Shift+F4 "
        "tries it again, Shift+F6 gives it up for good, which needs a supervisor. Of an alarm Shift+F5 says that you have looked at it. "
        "Enter says what comes of it, F6 does it."
    ),
    roles=KEEPERS,
    response=ResponseClass.R1,
    takes="number [replay | drop | see]",
    fields=(
        Field(name="row_version", label="Version", help="What you saw.", kind="hidden", length_max=10),
        Field(name="was_state", label="State", help="How it stood.", kind="hidden", length_max=20),
        Field(
            name="reason",
            label="Why",
            help="What was mended, why it is given up, or what you found. It stays with it.",
            length_max=200,
            width=60,
            is_required=True,
        ),
    ),
    keys=(
        Key(name="Enter", label="check", sends=True, deeds=frozenset({REPLAY, DROP, SEE})),
        Key(name="F6", label="commit", sends=True, deeds=frozenset({REPLAY, DROP, SEE})),
        Key(name="S-F4", label="try again", roles=TELLERS),
        Key(name="S-F5", label="looked at", roles=TELLERS),
        Key(name="S-F6", label="give up", roles=DROPPERS),
    ),
    converses=True,
    in_menu=False,
)

Item = RejectCard | AlarmRow


def _read(session: Session, key: str, _by: Actor) -> Item:
    digits = key[1:] if key[:1].lower() == ALARM else key
    if not (digits.isascii() and digits.isdigit() and len(digits) < 18):  # noqa: PLR2004 - as many as an id has
        raise NotFound("CSS948E", "{key} is no number of an alarm or of an item set aside; BA07 lists them.", key=key[:20])
    return night_alarm(session, int(digits)) if digits != key else reject(session, int(digits))


def _key(item: Item) -> str:
    return f"{ALARM}{item.alarm_id}" if isinstance(item, AlarmRow) else str(item.reject_id)


def _state(item: Item) -> str:
    if isinstance(item, RejectCard):
        return item.state.value
    return "looked at" if item.seen_at else "over" if item.ended_at else "open"


def _require_fit(arguments: Arguments) -> None:
    """Error: NotFound CSS949E, an alarm is no item and the other way round."""
    if (arguments[1].lower() == SEE) != arguments[0].lower().startswith(ALARM):
        raise NotFound("CSS949E", "An alarm is looked at; an item set aside is tried again or given up.")


def _replay(form: Form, item: Item, _: object) -> ReplayReject | None:
    assert isinstance(item, RejectCard), "no alarm is tried again"
    return None if form.has_errors else ReplayReject(reject_id=item.reject_id, reason=form.text("reason"))


def _drop(form: Form, item: Item, _: object) -> DropReject | None:
    assert isinstance(item, RejectCard), "no alarm is given up"
    return None if form.has_errors else DropReject(reject_id=item.reject_id, reason=form.text("reason"))


def _see(form: Form, item: Item, _: object) -> SeeAlarm | None:
    assert isinstance(item, AlarmRow), "only alarms are looked at"
    return None if form.has_errors else SeeAlarm(alarm_id=item.alarm_id, words=form.text("reason"))


def _said(_deed: str, item: Item, done: Any) -> tuple[str, str]:  # noqa: ANN401 - what the deed's action answers
    if isinstance(done, AlarmSeen):
        return f"You have looked at it: {done.words}", "CSS944I"
    assert isinstance(done, RejectSettled), "one of the two"
    return f"{_key(item)}: {done.state.value}. {done.words}", "CSS944I"


ITEM: Final[Record[Any]] = Record(
    kind="set aside",
    screen=BA08,
    shown_by="BA08",
    deeds={
        REPLAY: Deed("its cause is mended, and it is tried again", TELLERS, replay_reject, _replay),
        DROP: Deed("nothing more becomes of it", DROPPERS, drop_reject, _drop),
        SEE: Deed("you have looked at it", TELLERS, see_alarm, _see),
    },
    read=_read,
    number=_key,
    version=lambda item: int(_state(item) != "open"),
    seen=lambda item: {"was_state": ("State", _state(item))},
    in_hand=lambda _: None,
    unknown=("CSS945E", "Say what is done: the number, and one of {deeds}."),
    said=_said,
    besides=lambda item, _: {"is_alarm": isinstance(item, AlarmRow), "state": _state(item), "net_args": net_args},
)
DEEDS: Final = page_of(ITEM)


def show_aside(at_desk: Desk, arguments: Arguments) -> Response:
    step = arguments[1].lower() if len(arguments) > 1 and arguments[1] != NOT_SAID else ""
    after = arguments[2] if len(arguments) > 2 else ""  # noqa: PLR2004 - district, step, place
    with at_desk.reading() as session:
        places, chosen, district = night_place(session, arguments)
        page = leaf(rejects(session, district, step=step, limit=LISTED_MAX) if chosen else (), after)
        alarms = alarms_here(session, district, ALARMS_MAX) if chosen and not step else ()
    wanted = {"F7": page.back, "F8": page.forward}
    links = {key: address("BA07", chosen, step or NOT_SAID, place) for key, place in wanted.items() if place is not None}
    return show(
        at_desk,
        BA07,
        links={**links, "F11": address("BA01", chosen)},
        places=places,
        chosen=chosen,
        step=step,
        page=page,
        alarms=alarms,
        alarm_key=ALARM,
    )


def version_of_aside(at_desk: Desk, arguments: Arguments) -> str:
    with at_desk.reading() as session:
        _, _, district = night_place(session, arguments)
        found = rejects(session, district, limit=LISTED_MAX)
        alarms = alarms_here(session, district, ALARMS_MAX)
    return "|".join((*(f"{one.reject_id}" for one in found), *(f"a{one.alarm_id}.{one.times}" for one in alarms)))


def show_item(at_desk: Desk, arguments: Arguments) -> Response:
    if not arguments:
        return go("BA07")
    if len(arguments) > 1:
        _require_fit(arguments)
        return DEEDS.show(at_desk, arguments)
    with at_desk.reading() as session:
        item = _read(session, arguments[0], at_desk.by)
    state = _state(item)
    links: dict[str, str] = {}
    if state == "open":
        deeds = {"S-F5": SEE} if isinstance(item, AlarmRow) else {"S-F4": REPLAY, "S-F6": DROP}
        links = {key: address("BA08", _key(item), deed) for key, deed in deeds.items()}
    back = address("BA07", item.district_code or HOUSE)
    return show(
        at_desk,
        BA08,
        links={"F3": back, "F12": back, **links},
        without=frozenset({"Enter", "F6"}),
        card=item,
        is_alarm=isinstance(item, AlarmRow),
        state=state,
        net_args=net_args,
    )


def act_item(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    """A deed checked or done; a page that only shows is looked at again."""
    if len(arguments) > 1 and DEEDS.act is not None:
        _require_fit(arguments)
        return DEEDS.act(at_desk, arguments, posted)
    return go("BA08", *arguments)


PAGES: Final = (Page(BA07, show_aside, version=version_of_aside), Page(BA08, show_item, act_item, DEEDS.prompt))
