"""AD06: the trail is searched, read in words and saved as CSV; and every look at it stands on it."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from css.audit import AuditEvent, record
from css.core.actor import Actor
from css.core.errors import CssError
from css.core.words import Role
from css.db.engine import transaction
from css.master import audit_trail as trail
from css.master.audit_trail import audit_trail
from css.master.reference import RETAIL
from css.web.screens import audit
from tests.records.people import operator
from tests.web.conftest import AT, MovingClock, Seat, World, seated

PAM = Actor("operator", "PAM", RETAIL, frozenset(), "screen")
BOSS = operator("BOSS", Role.SUPERVISOR)


@pytest.fixture
def sue(app: Flask, engine: Engine, clock: MovingClock) -> Seat:
    return seated(app, engine, "SUPERVIS", clock.at)


def events(engine: Engine, count: int, *, verb: str = "take_payment", words: str = "") -> None:
    """So many deeds of Pam, the last of them now, each a second after the other."""
    with transaction(engine) as session:
        for n in range(count):
            at = AT - timedelta(seconds=count - n)
            record(
                session,
                by=PAM,
                at=at,
                verb=verb,
                subject=("account", f"N{n}"),
                before={"amount": "1.00"},
                after={"amount": words or str(n)},
            )


def ask(session: Session, **wanted: object) -> list[str]:
    return [row.subject_number for row in audit_trail(session, by=BOSS, **wanted)]  # type: ignore[arg-type]


def test_the_trail_is_asked_by_who_what_about_whom_and_when(engine: Engine) -> None:
    with transaction(engine) as session:
        for n, (who, verb, about) in enumerate(
            [("PAM", "take_payment", "A1"), ("PAM", "adjust_account", "A2"), ("night", "post_bills", "A1")]
        ):
            by = Actor("operator", who, RETAIL, frozenset(), "screen")
            record(session, by=by, at=AT + timedelta(days=n), verb=verb, subject=("account", about))
        session.flush()
        assert ask(session, actor_name="pam", starts_on=AT.date()) == ["A2", "A1"]
        assert ask(session, actor_name="NIGHT") == ["A1"]
        assert ask(session, subject_number="A1", subject_kind="Account") == ["A1", "A1"]
        assert ask(session, verb="adjust-account") == ["A2"]
        assert ask(session, actor_name="PAM", through=AT.date()) == ["A1"], "both days are inside"
        assert ask(session, starts_on=AT.date() + timedelta(days=3)) == []
        session.rollback()


def test_pages_follow_each_other_without_a_gap_or_a_double(engine: Engine) -> None:
    """Events of one instant too: the place is the instant and the event."""
    with transaction(engine) as session:
        for n in range(7):
            record(session, by=PAM, at=AT, verb="same_moment", subject=("account", str(n)))
        session.flush()
        seen: list[str] = []
        place = ""
        while rows := audit_trail(session, by=BOSS, verb="same_moment", earlier_than=place, limit=3):
            seen += [row.subject_number for row in rows]
            place = rows[-1].place
        assert seen == ["6", "5", "4", "3", "2", "1", "0"]
        session.rollback()


@pytest.mark.parametrize(
    "place", ["x", "2026-03-02/1", "2026-03-02T10:00:00+00:00/0", "2026-03-02T10:00:00+00:00/99999999999999999999", "/"]
)
def test_a_place_that_is_none_is_told(engine: Engine, place: str) -> None:
    with transaction(engine) as session, pytest.raises(CssError) as told:
        audit_trail(session, by=BOSS, earlier_than=place)
    assert told.value.code == "CSS178E"


def test_it_is_for_supervisors(engine: Engine) -> None:
    with transaction(engine) as session, pytest.raises(CssError) as told:
        audit_trail(session, by=PAM)
    assert told.value.code == "CSS111E"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (["billing", "clerk"], "billing, clerk"),
        ({"first_name": "Ada", "born_on": None}, "first name Ada"),
        ([{"line_number": 3}], "line number 3"),
        (12, "12"),
    ],
)
def test_values_are_told_in_words(value: object, words: str) -> None:
    assert trail.said(value) == words


def test_the_desk_reads_its_own_words_and_not_what_the_program_keeps_for_itself(sue: Seat, engine: Engine) -> None:
    told = {
        "token": "k7",
        "row_version": 3,
        "failed_unlocks": 0,
        "started_at": "2026-03-02T10:15:00+00:00",
        "due_on": "2026-03-12",
        "number": "441632960123",
        "account_number": "ZZA00000588",
        "amount": "12.50",
        "lines": [{"line_number": 3, "row_version": 2}],
    }
    with transaction(engine) as session:
        record(session, by=PAM, at=AT, verb="own_words", subject=("account", "ZZA00000588"), before={"count": 2}, after=told | {"count": 0})
    sue.open("/s/AD06?verb=own-words")
    found = re.search(r'<td class="words">(.*)</td>', sue.page)
    assert found
    assert set(re.sub("<[^>]+>", "", found[1]).split("; ")) == {
        "count: 2 → 0",
        "started at: Mon 2 Mar 2026 10:15",
        "due on: 12 Mar 2026",
        "number: 01632 960123",
        "account number: ZZ A 0000 0588",
        "amount: £12.50",
        "lines: line number 3",
    }
    assert "account ZZ A 0000 0588" in sue.page


def test_a_screen_of_it_says_what_changed_and_pages_on(sue: Seat, engine: Engine) -> None:
    events(engine, trail.EVENTS_SHOWN + 5)
    sue.open("/s/AD06")
    sue.press("Enter", who="pam", verb="take-payment")
    assert sue.path.startswith("/s/AD06?who=pam&verb=take-payment")
    assert "amount: £1.00 → <b>54</b>" in sue.page
    assert sue.page.count("account N5") == 6, "N5 itself, and N50 to N54"
    further = re.search(r'href="([^"]+)" data-key="F8"', sue.page)
    assert further
    sue.open(further[1].replace("&amp;", "&"))
    assert [n for n in range(6) if f"account N{n}<" in sue.page] == [0, 1, 2, 3, 4]
    assert 'data-key="F8"' not in sue.page
    assert 'data-key="F7"' in sue.page


def test_the_command_line_takes_an_operator_or_a_number(sue: Seat, world: World) -> None:
    for argument, name in (("SUPERVIS", "who"), (world.account.number, "about"), ("01632 960123", "about")):
        sue.open(f"/s/AD06/{argument}")
        assert sue.form()[name] == argument


@pytest.mark.parametrize("keyed", [{"first": "never"}, {"last": "32/1/26"}, {"who": "x" * 41}])
def test_what_cannot_be_looked_for_is_told(sue: Seat, keyed: dict[str, str]) -> None:
    sue.open("/s/AD06")
    assert sue.press("Enter", **keyed).status_code == 422
    assert sue.cursor == next(iter(keyed))


def test_a_place_made_up_is_told(sue: Seat) -> None:
    assert sue.open("/s/AD06?place=nowhere").status_code == 422


def test_every_look_and_every_export_stands_on_the_trail(sue: Seat, engine: Engine) -> None:
    sue.open("/s/AD06?who=PAM&first=1/3/26")
    sue.open("/s/AD06?who=PAM&as=csv")
    with transaction(engine) as session:
        rows = session.execute(
            select(AuditEvent.verb, AuditEvent.subject_number, AuditEvent.after)
            .where(AuditEvent.subject_kind == "audit trail", AuditEvent.actor_name == "SUPERVIS")
            .order_by(AuditEvent.id.desc())
            .limit(2)
        ).all()
    assert [tuple(row) for row in rows] == [("export", "PAM", {"who": "PAM"}), ("read", "PAM", {"who": "PAM", "first": "1/3/26"})]


def test_the_export_is_everything_found_in_pieces_and_no_formula(sue: Seat, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "EVENTS_MAX", 7)
    events(engine, 20, verb="name_friend", words="=HYPERLINK('example.com')")
    with transaction(engine) as session:
        record(session, by=Actor("operator", "=PAM", RETAIL, frozenset(), "screen"), at=AT, verb="name_friend", subject=("account", "-1"))
    answer = sue.client.get("/s/AD06?verb=name-friend&as=csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit-trail.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True))))
    assert rows[0] == list(audit.HEADS)
    assert len(rows) == 22
    assert rows[1][1] == "'=PAM"
    assert rows[1][7] == "'-1"
    assert [row[7] for row in rows[2:]] == [f"N{n}" for n in range(19, -1, -1)]
    assert rows[2][8:] == ["amount: 1.00", "amount: =HYPERLINK('example.com')"]
    assert date.fromisoformat(rows[2][0][:10]) == AT.date()


def test_an_export_has_an_end(sue: Seat, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "EVENTS_MAX", 5)
    monkeypatch.setattr(audit, "EXPORTED_MAX", 10)
    with transaction(engine) as session:
        assert session.execute(select(func.count()).select_from(AuditEvent)).scalar_one() > 10
    rows = sue.client.get("/s/AD06?as=csv").get_data(as_text=True).splitlines()
    assert len(rows) == 1 + 10 + 1
    assert "narrow it" in rows[-1]
