"""Every screen under every kind of nonsense: never a fault of ours, nothing done that was not shown, always a code and a sentence.

All of it is made from the screens' records, so a new screen is under it by being registered. (Reasons: docs/decisions/0141.)
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from io import BytesIO
from itertools import cycle, islice
from urllib.parse import urlencode

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from css.core.words import Role
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.migrations.tables import METADATA
from css.web.conversation import new_token
from css.web.form import tidied
from css.web.handbook import all_screens
from css.web.page import Page
from css.web.screen import Screen
from css.web.screens import PAGES
from tests import builders
from tests.web.conftest import MovingClock, Seat, World, seated
from tests.web.nonsense import NONSENSE, ODD_KEYS, Document, faults
from tests.web.showroom import MORNING, Showroom, example, furnished

SCREENS = all_screens()
ACTING = [code for code, page in PAGES.items() if page.act is not None]
SHORT = {name: value for name, value in NONSENSE.items() if len(value) < 1000}

BOOKS = {"css.conversation", "css.operator_session", "css.operator", "css.audit_event", "css.caller_check", "care.caller_check"}
"""What is written of looking, keying and trying: the rows of conversations and sign-ons, and the tries at a caller's answer."""
NOTED = {"sign_on", "sign_off", "disclose", "read", "check_caller", "lock_desk", "take_up_conversation", "export", "search"}
"""Verbs of the audit trail that change nothing."""


@pytest.fixture(scope="module")
def showroom(settled: tuple[Engine, World], _application: tuple[Flask, MovingClock], tmp_path_factory: pytest.TempPathFactory) -> Showroom:
    return furnished(settled, _application, tmp_path_factory.mktemp("spool"))


@pytest.fixture(autouse=True)
def _nothing_is_done(showroom: Showroom) -> Iterator[None]:
    """Whatever a test here sends, no row of anybody's business is another afterwards."""
    before = _business(showroom.engine)
    yield
    after = _business(showroom.engine)
    assert {table for table in before if before[table] != after[table]} == set(), "something was committed that nobody was shown"


def _business(engine: Engine) -> dict[str, object]:
    """A digest of every table that holds anybody's business, and the deeds of the audit trail."""
    tables = [table for table in METADATA.tables.values() if f"{table.schema}.{table.name}" not in BOOKS]
    parts = " UNION ALL ".join(
        f"SELECT '{table.schema}.{table.name}', count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) "
        f'FROM {table.schema}."{table.name}" t'
        for table in tables
    )
    with transaction(engine) as session:
        found: dict[str, object] = {name: (rows, digest) for name, rows, digest in session.execute(text(parts))}
        deeds = session.execute(text("SELECT count(*) FROM css.audit_event WHERE verb <> ALL (:noted)"), {"noted": sorted(NOTED)})
        found["deeds"] = deeds.scalar_one()
    return found


def _open(showroom: Showroom, screen: Screen) -> Seat:
    """The screen as somebody finds it; a seat whose sign-on was ended by a key sits down again."""
    seat = showroom.seat(screen)
    answer = seat.open(showroom.address(screen))
    if not screen.is_public and answer.request.path.startswith("/sign-on"):
        showroom.sit_down()
        answer = seat.open(showroom.address(screen))
    assert answer.status_code == 200, seat.said
    return seat


SHELL = {"X-CSS-Shell": "1"}
"""What our script sends: the answer is then the page itself; without it, an address to get the page from."""


def _send(seat: Seat, screen: Screen, fields: dict[str, str], key: str, *, script: bool = True) -> TestResponse:
    """Post to the page as it stands, without following; what is wrong with the answer fails here, saying what was sent."""
    sent = seat.form() | fields | {"key": key}
    answer = seat.client.post(seat.path, data=sent, headers=SHELL if script else {})
    assert faults(answer) == [], f"{screen.code} {key}: { {name: value[:60] for name, value in fields.items()} }"
    return answer


def _keyed(screen: Screen) -> list[str]:
    return [one.name for one in screen.fields if one.kind != "hidden"]


def _came_back(screen: Screen, answer: TestResponse, sent: dict[str, str]) -> None:
    """What was keyed stands in its field again, as text, whatever it was."""
    page = Document(answer.get_data(as_text=True))
    tidy = tidied(screen, sent)
    for one in screen.fields:
        if one.kind in {"password", "hidden"} or one.name not in page.fields or one.name not in sent or "\0" in sent[one.name]:
            continue
        shown = page.fields[one.name].replace("\r\n", "\n")
        assert shown == tidy[one.name].replace("\r\n", "\n"), f"{screen.code} {one.name}"


# --- nonsense in the fields ---


@pytest.mark.parametrize("screen", SCREENS.values(), ids=SCREENS)
def test_nonsense_in_every_field_of_every_screen(showroom: Showroom, screen: Screen) -> None:
    """Each kind goes into each field once, all fields at a time; now and then one of the odd keys with it."""
    names, kinds = _keyed(screen), list(NONSENSE)
    odd = cycle(ODD_KEYS)
    seat = _open(showroom, screen)
    for shift in range(len(kinds) if names else 0):
        fields = {name: NONSENSE[kinds[(shift + 7 * n) % len(kinds)]] for n, name in enumerate(names)}
        if screen.code in {"SIGN", "LOCK"} and shift % 4:
            continue  # a password's check takes its time on purpose
        answer = _send(seat, screen, fields, "Enter")
        if answer.status_code in {200, 422} and answer.mimetype == "text/html":
            _came_back(screen, answer, fields)
        if shift % 3:
            continue
        key = next(odd)
        if key == "F6" and answer.status_code == 200:
            key = next(odd)  # a reason may be any words: what was shown and is right, F6 does, as it should
        answer = _send(seat, screen, fields, key, script=False)
        if answer.status_code == 303:
            assert faults(seat.client.get(answer.headers["Location"])) == [], "it comes again as it was"
        seat = _open(showroom, screen)


@pytest.mark.parametrize("code", [code for code in ACTING if example(SCREENS[code]).keyed])
def test_one_field_of_nonsense_among_right_ones(showroom: Showroom, code: str) -> None:
    """What is right reaches the rooms' own rules, which are to refuse the rest in words; and F6 on it shows it first."""
    screen = SCREENS[code]
    seat = _open(showroom, screen)
    right = example(screen).fields(showroom.names)
    kinds = cycle(NONSENSE.values())
    for name in _keyed(screen):
        if name not in seat.form():
            continue
        for nasty in islice(kinds, 3):
            answer = _send(seat, screen, right | {name: nasty}, "Enter")
            assert answer.status_code in {200, 422, 404, 409}, f"{code} {name}: {nasty[:40]!r}"
    fresh = _open(showroom, screen)
    answer = _send(fresh, screen, right, "F6")
    assert answer.status_code == 200, "F6 on what was not shown shows it"


@pytest.mark.parametrize("code", ACTING)
def test_values_are_asked_for_whatever_is_keyed(showroom: Showroom, code: str) -> None:
    screen = SCREENS[code]
    seat = _open(showroom, screen)
    kinds = list(SHORT.values())
    for n, name in enumerate([*_keyed(screen), "no_such_field", "<b>", ""]):
        fields = {other: kinds[(n + 5 * m) % len(kinds)] for m, other in enumerate(_keyed(screen))} | {"prompt": name}
        for answer in (_send(seat, screen, fields, "Prompt"), _send(seat, screen, {"prompt": name}, "Prompt")):
            assert answer.status_code == 200
            values = answer.get_json()["values"]
            assert values is None or all(len(one) == 2 and all(isinstance(part, str) for part in one) for one in values)


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_at_the_end_of_a_call_keeps_nothing(showroom: Showroom, kind: str) -> None:
    seat = _open(showroom, SCREENS["CU03"])
    nasty = NONSENSE[kind]
    named = [name for name in seat.form() if name.startswith("wrap_") and name != "wrap_token"]
    assert named, "the end of a call is on every page with somebody in hand"
    for name in named:
        # A note may be anything that can be written down; then it is the reason that is missing.
        _send(seat, SCREENS["CU03"], {"wrap_reason": "", name: nasty}, "F2")
    for name in ("hand", "hand_telephone", "wrap_token"):
        _send(seat, SCREENS["CU03"], {"wrap_reason": nasty, name: nasty}, "F2")


# --- any of it at random ---

_TYPED = st.one_of(st.sampled_from(list(NONSENSE.values())), st.text(max_size=40), st.from_regex(r"[0-9/+ .:-]{1,12}", fullmatch=True))


@settings(max_examples=50, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_anything_at_all(showroom: Showroom, data: st.DataObject) -> None:
    screen = SCREENS[data.draw(st.sampled_from(ACTING))]
    seat = _open(showroom, screen)
    right = example(screen).fields(showroom.names) if data.draw(st.booleans()) else {}
    wrong = data.draw(
        st.dictionaries(st.sampled_from([*_keyed(screen), "row_version", "cursor", "command", "seen", "base", "x"]), _TYPED, max_size=5)
    )
    for key in data.draw(st.lists(st.sampled_from(["Enter", *ODD_KEYS]), min_size=1, max_size=3)):
        if key == "F6" and "Enter" in wrong:
            continue
        _send(seat, screen, right | wrong | {"token": new_token()}, key)


# --- tokens ---


@pytest.mark.parametrize("code", ACTING)
def test_a_token_that_is_not_this_form_s_opens_and_does_nothing(showroom: Showroom, code: str) -> None:
    screen = SCREENS[code]
    seat = _open(showroom, screen)
    right = example(screen).fields(showroom.names)
    mine = seat.form().get("token", "")
    for token in (new_token(), "", "x", "'; --", "<" * 22, "../" * 8, mine + "a", "\x00" * 22, "٣" * 22):
        # A second F6 in one conversation would rightly do what the first one showed.
        _send(seat, screen, right | {"token": token, "seen": "f" * 64}, "F6")
        answer = seat.client.get(seat.path, query_string={"c": token, "on": token})
        assert faults(answer) == []
    for csrf in ("", "x", "ImZvcmdlZCI.aaaa.bbbb", "\x00"):
        answer = seat.client.post(seat.path, data=seat.form() | right | {"key": "F6", "csrf_token": csrf})
        assert answer.status_code == 400
        assert "CSS353E" in Document(answer.get_data(as_text=True)).said


@pytest.mark.parametrize("code", [code for code in ACTING if SCREENS[code].converses])
def test_what_a_colleague_keys_is_nobody_else_s(showroom: Showroom, code: str) -> None:
    """Their conversation's token neither shows what they keyed nor lets anybody key over it, and F6 on it does nothing."""
    screen = SCREENS[code]
    seat = _open(showroom, screen)
    name = next((name for name in _keyed(screen) if name in seat.form()), None)
    if name is None:
        return  # nothing is keyed where its example looks: FL07 shows a problem, PX03 a message, and one key more does something
    answer = _send(seat, screen, {name: "quite private"}, "Keep")
    assert answer.status_code == 204
    theirs = seat.form()["token"]
    other = Seat(seated(showroom.app, showroom.engine, "SUPERVIS", MORNING).client)
    answer = other.open(f"{showroom.address(screen)}?c={theirs}")
    assert "quite private" not in other.page
    assert faults(answer) == []
    other.open("/s/MENU")
    other.path = showroom.address(screen)
    for key in ("Keep", "Enter", "F6"):
        answer = _send(other, screen, {"token": theirs, name: "overwritten"}, key)
        assert answer.status_code in {403, 404, 409}
        assert "quite private" not in answer.get_data(as_text=True)
    seat.open(f"{showroom.address(screen)}?c={theirs}")
    assert seat.form()[name] == "quite private"


# --- addresses ---


@pytest.mark.parametrize("screen", [one for one in SCREENS.values() if not one.is_public], ids=lambda screen: screen.code)
def test_the_address_of_another_role_s_screen_is_answered_with_no(showroom: Showroom, screen: Screen) -> None:
    address = showroom.address(screen)
    for role in set(Role) - screen.roles:
        seat = Seat(seated(showroom.app, showroom.engine, role.name[:8], MORNING).client)
        seat.open("/s/MENU")
        form = seat.form()
        answers = [seat.client.get(address), seat.client.get(address, query_string={"c": new_token()}), seat.client.head(address)]
        answers += [seat.client.post(address, data=form | {"key": key, "prompt": "x"}) for key in ("Enter", "F6", "F2", "Keep", "Prompt")]
        for answer in answers:
            assert answer.status_code == 403, f"{screen.code} for {role.value}"
        assert "CSS354E" in answers[0].get_data(as_text=True)
        assert screen.code not in {code for code, *_ in seat.client.get("/palette").get_json()["screens"]}


@pytest.fixture(scope="module")
def elsewhere(showroom: Showroom) -> dict[str, str]:
    """A wholesale partner's customer, with an account, a line, an order and a fault of its own: none of the desk's business."""
    with transaction(showroom.engine) as session:
        place = builders.district(session, "QQ", sites=2)
        account = builders.account(session, place, provider_code=PARTNER)
        line = builders.working_line(session, place, account)
    return {"account": account.number, "customer": account.customer_number, "number": line.number, "other": account.number}


@pytest.mark.parametrize("screen", [one for one in SCREENS.values() if not one.is_public], ids=lambda screen: screen.code)
def test_a_partner_has_no_way_to_a_screen(showroom: Showroom, elsewhere: dict[str, str], screen: Screen) -> None:
    """Its key opens the gateway and nothing here, not even what is its own; the desk, which serves all, finds it by number."""
    theirs = example(screen).address(screen.code, showroom.names | elsewhere)
    for authority in ("Bearer css-0123456789", f"Basic {'x' * 20}"):
        for answer in (
            showroom.stranger.client.get(theirs, headers={"Authorization": authority}),
            showroom.stranger.client.post(theirs, data={"key": "F6"}, headers={"Authorization": authority}),
        ):
            assert answer.status_code == 303
            assert answer.headers["Location"].startswith("/sign-on")
    assert faults(showroom.desk.open(theirs)) == []


@pytest.mark.parametrize("screen", [one for one in SCREENS.values() if not one.is_public], ids=lambda screen: screen.code)
def test_nonsense_in_an_address_is_refused_or_found_nowhere(showroom: Showroom, screen: Screen) -> None:
    client = showroom.desk.client
    real = example(screen).arguments.format_map(showroom.names)
    for nasty in SHORT.values():
        for path in (f"/s/{screen.code}/{nasty}", f"/s/{screen.code}/{real}/{nasty}"):
            answer = client.get(path.replace("?", "%3F").replace("#", "%23"))
            assert faults(answer) == [], path


# --- what a browser would never send ---


def test_bodies_of_every_other_kind(showroom: Showroom) -> None:
    for code in ACTING:
        seat = _open(showroom, SCREENS[code])
        form = seat.form() | example(SCREENS[code]).fields(showroom.names) | {"key": "F6"}
        header = {"X-CSRFToken": form["csrf_token"]}
        bodies = [
            ("application/json", b'{"key": "F6"}'),
            ("application/json", b"\xff\xfe"),
            ("text/plain", b"key=F6"),
            ("application/octet-stream", bytes(range(256))),
            ("multipart/form-data", b"--x"),
            ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\nF6'),
            ("multipart/form-data; boundary=" + "x" * 300, b""),
            ("application/x-www-form-urlencoded; charset=utf-7", b"key=+ADw-script+AD4-"),
            ("application/x-www-form-urlencoded", b"%&%zz=%ff&key=%00&=&&" + b"a=" * 30),
            ("", b"key=F6"),
            ("nonsense/;;;=", b"key=F6"),
        ]
        for kind, body in bodies:
            answer = seat.client.post(seat.path, data=body, headers=header, content_type=kind)
            assert faults(answer) == [], f"{code} {kind}"
        answer = seat.client.post(seat.path, data={**form, "key": "Keep", "upload": (BytesIO(b"\x00" * 2000), "../../x.exe")})
        assert faults(answer) == []


@pytest.mark.parametrize("code", ACTING)
def test_fields_sent_twice_and_fields_nobody_has(showroom: Showroom, code: str) -> None:
    screen = SCREENS[code]
    seat = _open(showroom, screen)
    form = seat.form() | example(screen).fields(showroom.names)
    twice = [(name, value) for name, value in form.items()] + [(name, "<script>") for name in form if name != "csrf_token"]
    twice += [("key", "Enter"), ("key", "F6"), ("__class__", "x"), ("values", "{}"), ("screen", "SIGN"), ("deed", "complete")]
    answer = seat.client.post(seat.path, data=urlencode(twice), content_type="application/x-www-form-urlencoded")
    assert faults(answer) == []
    many = form | {f"x{n}": "y" for n in range(300)} | {"key": "F6", "token": new_token()}
    answer = seat.client.post(seat.path, data=many)
    assert faults(answer) == []


def test_old_pages_and_words_at_random_are_answered_in_words(showroom: Showroom) -> None:
    """The command line, which every page has, under everything the fields were under."""
    seat = _open(showroom, SCREENS["MENU"])
    dice = random.Random(5)  # noqa: S311 - dice for a test
    words = ["..", "=", "?", "CU03", "OR01", "THEME", "..FL01", "=BL03", "3", "..MENU", *showroom.names.values(), *SHORT.values()]
    for nasty in [*NONSENSE.values(), *(" ".join(dice.sample(words, dice.randint(1, 4))) for _ in range(60))]:
        if nasty.split()[:1] == ["off"]:
            continue
        answer = seat.client.post(seat.path, data=seat.form() | {"key": "Enter", "command": nasty, "cursor": "command"})
        assert faults(answer) == [], nasty[:80]
        if answer.status_code == 303:
            assert faults(seat.client.get(answer.headers["Location"])) == [], nasty[:80]


def test_the_pages_of_all_screens_are_under_this(showroom: Showroom) -> None:
    assert set(PAGES) | {"SIGN"} <= set(SCREENS)
    assert all(isinstance(page, Page) for page in PAGES.values())
