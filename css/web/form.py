"""What was keyed into a screen: the text as typed, read field by field, and everything that is wrong with it at once."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, TypeVar

from css.core.errors import BadMessage, CssError, Several
from css.core.marks import has_unseen
from css.core.money import Money
from css.web.conversation import TOKEN_FORM, new_token
from css.web.screen import Field, Screen

T = TypeVar("T")

ENTER: Final = "Enter"
COMMIT: Final = "F6"
REFRESH: Final = "F5"
WRAP: Final = "F2"
LEAVE: Final = "F3"
BACK: Final = "F12"
PARK: Final = "S-F12"
KEEP: Final = "Keep"
"""Sent by the browser and not by a finger: write down what is keyed, say nothing."""
PROMPT: Final = "Prompt"
"""Sent by the browser for F4."""
BASE_LENGTH_MAX: Final = 20_000
KEPT_LENGTH_MAX: Final = 12_000
"""Of one field; far more than any takes, so that what is too long can be shortened where it stands."""
_OFFSET: Final = re.compile(r"^\+([0-9]{1,3})\Z")
_NUMERIC: Final = re.compile(r"^([0-9]{1,2})[/. -]([0-9]{1,2})[/. -]([0-9]{2}|[0-9]{4})\Z")
_NAMED: Final = re.compile(r"^([0-9]{1,2})[ -]?([A-Za-z]{3})[A-Za-z]*[ -]?([0-9]{2}|[0-9]{4})\Z")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass
class Form:
    """One filling-in of a screen. Values keep what was typed; errors hang on fields by name, the rest are for the message line."""

    screen: Screen
    deed: str = ""
    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, list[CssError]] = field(default_factory=dict)
    general: list[CssError] = field(default_factory=list)
    token: str = ""
    """The conversation's: it names the row of what is keyed, and ties every press of F6 to one deed."""
    seen: str = ""
    """The digest of the values whose effect was shown: F6 commits only those. From the conversation's row, never from the browser."""
    base: dict[str, str] = field(default_factory=dict)
    """What the fields began with, to tell who changed what."""
    theirs: dict[str, str] = field(default_factory=dict)
    """What a colleague has made of a field meanwhile that was keyed here, too."""
    subject: str = ""
    """What it is about, for telling colleagues who have it open, too; empty for the account in hand."""
    key: str = ENTER
    cursor: str = ""
    """The field the cursor was in when the key was pressed; empty when the browser did not say."""
    start: str = ""
    """Where the cursor goes next, when it is not to the first wrong or the first empty field."""
    at_command: bool = False
    """The cursor starts on the command line, unless something is wrong."""
    checked: tuple[str, str] = ("CSS366I", "Checked. F6 commits what is shown.")
    """What the message line says of the effect on the page: code and sentence."""
    look_first: bool = False
    """F6 was pressed on what had not been shown; it is shown now."""

    @classmethod
    def blank(cls, screen: Screen, deed: str = "", **prefilled: str | None) -> Form:
        """A screen nobody has keyed into yet, with what is known already."""
        known = {name: value or "" for name, value in prefilled.items()}
        return cls(screen, deed, values=known, token=new_token())

    @classmethod
    def posted(cls, screen: Screen, posted: Mapping[str, str], deed: str = "") -> Form:
        """What a browser sent. Fields of the screen that it did not send are empty; what is no field of it is ignored."""
        token = posted.get("token", "")
        form = cls(
            screen,
            deed,
            token=token if TOKEN_FORM.match(token) else new_token(),
            seen=posted.get("seen", "")[:64],
            base=base_of(screen, posted.get("base", "")),
            key=posted.get("key", ENTER)[:8],
            cursor=posted.get("cursor", "")[:40],
        )
        for one in screen.shown_fields(deed):
            typed = posted.get(one.name, "")
            form.values[one.name] = typed if one.kind == "password" else _tidy(typed, lines=one.kind == "words")
            form._check(one)
        return form

    def _check(self, one: Field) -> None:
        typed = self.values[one.name]
        if len(typed) > one.length_max:
            self.wrong(one.name, "CSS361E", "{label} has {length} characters; {most} is the most.", length=len(typed), most=one.length_max)
        elif has_unseen(typed):
            self.wrong(one.name, "CSS362E", "{label} has a character in it that cannot be seen; key it again.")
        elif one.is_required and not typed:
            self.wrong(one.name, "CSS360E", "{label} must be keyed.")

    def meet(self, theirs: Mapping[str, str], row_version: int) -> None:
        """After a conflict: a field only the other changed takes their value, one that both changed keeps ours and shows theirs.

        ``theirs`` are the record's values now, as this screen would show them. The next check is against ``row_version``.
        """
        for name, now in theirs.items():
            mine, began = self.values.get(name, ""), self.base.get(name, "")
            if now not in {mine, began}:
                if mine == began:
                    self.values[name] = now
                else:
                    self.theirs[name] = now
            elif mine == began:
                self.values[name] = now
        self.base |= dict(theirs)
        self.values["row_version"] = str(row_version)
        self.seen = ""

    def wrong(self, name: str, code: str, template: str, **fields: object) -> None:
        """Hang an error on a field; its label is ``{label}`` in the sentence."""
        label = self.screen.field(name).label
        self.errors.setdefault(name, []).append(BadMessage(code, template, element=name, label=label, **fields))

    def take(self, error: CssError) -> None:
        """Hang what an action or a reader refused on the fields it names; what names none goes to the message line.

        ``product_codes[2]`` is the field ``product_codes``; a field may go by other names too (``Field.also``).
        """
        shown = {name: one.name for one in self.screen.shown_fields(self.deed) for name in (one.name, *one.also)}
        for one in error.errors if isinstance(error, Several) else (error,):
            name = shown.get((one.element or "").partition("[")[0])
            if name is None:
                self.general.append(one)
            else:
                self.errors.setdefault(name, []).append(one)

    @property
    def has_errors(self) -> bool:
        return bool(self.errors or self.general)

    @property
    def summary(self) -> list[tuple[str, CssError]]:
        """Every error with its field's name (empty for none), in the order of the screen."""
        order = [one.name for one in self.screen.shown_fields(self.deed)]
        by_field = sorted(self.errors.items(), key=lambda pair: order.index(pair[0]) if pair[0] in order else len(order))
        return [("", error) for error in self.general] + [(name, error) for name, errors in by_field for error in errors]

    def digest(self) -> str:
        """What stands in the fields, in short."""
        return hashlib.sha256(json.dumps([self.screen.code, self.deed, self.token, self.values], sort_keys=True).encode()).hexdigest()

    @property
    def commits(self) -> bool:
        """Whether F6 was pressed on exactly what was shown."""
        return self.key == COMMIT and self.seen == self.digest()

    def goes_on(self) -> bool:
        """Whether all that is wrong is that later blocks are still empty: then Enter moves the cursor on instead of scolding."""
        steps = self.screen.steps
        here = next((one.step for one in self.screen.fields if one.name == self.cursor), steps[-1] if steps else "")
        later = set(steps[steps.index(here) + 1 :]) if here in steps else set()
        missing = [name for name, errors in self.errors.items() if all(error.code == "CSS360E" for error in errors)]
        if self.key != ENTER or self.general or len(missing) < len(self.errors):
            return False
        if not missing or any(self.screen.field(name).step not in later for name in missing):
            return False
        self.start = next(one.name for one in self.screen.fields if one.step in later)
        self.errors.clear()
        return True

    @property
    def shows(self) -> bool:
        """Whether the page shows an effect: then the reader's eye, and the cursor, belong there."""
        return bool(self.seen) and not self.has_errors

    @property
    def focus(self) -> str:
        """The field to start in: the first wrong one, else where ``start`` says, else the first empty one that is needed."""
        shown = [one for one in self.screen.shown_fields(self.deed) if one.kind != "hidden"]
        wrong = next((one.name for one in shown if one.name in self.errors or one.name in self.theirs), "")
        empty = next((one.name for one in shown if one.is_needed(self.deed) and not self.values.get(one.name)), "")
        if not wrong and (self.at_command or (self.shows and not self.start)):
            return ""
        return wrong or self.start or empty or (shown[0].name if shown else "")

    # --- reading, each answering None after hanging its error on the field ---

    def reading(self, name: str, read: Callable[[str], T]) -> T | None:
        """What ``read`` makes of a field's text; None when it is empty or is refused."""
        typed = self.values.get(name, "")
        if not typed or name in self.errors:
            return None
        try:
            return read(typed)
        except CssError as error:
            for one in error.errors if isinstance(error, Several) else (error,):
                self.errors.setdefault(name, []).append(one)
            return None

    def text(self, name: str) -> str:
        return self.values.get(name, "")

    def optional(self, name: str) -> str | None:
        return self.values.get(name, "") or None

    def code(self, name: str) -> str:
        """A code, in capitals."""
        return self.values.get(name, "").upper()

    def words(self, name: str) -> tuple[str, ...]:
        """Several codes with spaces or commas between them."""
        return tuple(self.code(name).replace(",", " ").split())

    def money(self, name: str) -> Money | None:
        return self.reading(name, Money.parse)

    def whole(self, name: str) -> int | None:
        """A whole number."""
        typed = self.text(name)
        if not typed or name in self.errors:
            return None
        if typed.isascii() and typed.isdigit():
            return int(typed)
        self.wrong(name, "CSS845E", "{label}: a whole number.")
        return None

    def yes(self, name: str) -> bool:
        """Y or N; empty is no."""
        typed = self.code(name)
        if typed not in {"", "Y", "N", "YES", "NO"}:
            self.wrong(name, "CSS363E", "{label}: key Y or N.")
        return typed in {"Y", "YES"}

    def version(self) -> int | None:
        """The version of the record that was seen, from the hidden field ``row_version``; None when the browser sent none."""
        typed = self.text("row_version")
        return int(typed) if typed.isascii() and typed.isdigit() else None

    def day(self, name: str, today: date) -> date | None:
        """A date as ``read_day`` takes it."""
        return self.reading(name, lambda typed: read_day(typed, today, element=name))

    def member(self, name: str, kind: type[T], among: Mapping[str, T]) -> T | None:  # noqa: ARG002 - says what comes out
        """One of a closed list, by its code."""
        typed = self.code(name)
        if not typed or name in self.errors:
            return None
        if typed not in among:
            self.wrong(name, "CSS364E", "{label}: {typed} is not one of {known}.", typed=typed[:20], known=", ".join(among))
            return None
        return among[typed]


def base_of(screen: Screen, said: str) -> dict[str, str]:
    """What a browser says the fields of a screen began with; nothing of what cannot be that."""
    try:
        found = json.loads(said[:BASE_LENGTH_MAX]) if said else {}
    except (ValueError, RecursionError):
        return {}
    names = {one.name for one in screen.fields if one.kind != "password"}
    if not isinstance(found, dict):
        return {}
    return {name: value[:KEPT_LENGTH_MAX] for name, value in found.items() if name in names and isinstance(value, str)}


def tidied(screen: Screen, posted: Mapping[str, str]) -> dict[str, str]:
    """What was keyed into the fields of a screen, as ``Form.posted`` would have it; passwords are not repeated."""
    fields = [one for one in screen.fields if one.kind != "password" and one.name in posted]
    return {one.name: _tidy(posted[one.name], lines=one.kind == "words")[:KEPT_LENGTH_MAX] for one in fields}


def read_day(text: str, today: date, *, element: str = "day") -> date:
    """A date as people key it: ``5/3/26``, ``05.03.2026``, ``5 Mar 2026``, ``2026-03-05``, or ``+3`` for three days from today.

    Day before month, as the country writes it; two digits of a year are of this century. Error: CSS365E.
    """
    offset, numeric, named = _OFFSET.match(text), _NUMERIC.match(text), _NAMED.match(text)
    try:
        if offset:
            return today + timedelta(days=int(offset[1]))
        if numeric:
            return date(_year(numeric[3]), int(numeric[2]), int(numeric[1]))
        if named and named[2].lower() in _MONTHS:
            return date(_year(named[3]), _MONTHS.index(named[2].lower()) + 1, int(named[1]))
        return date.fromisoformat(text)
    except ValueError:
        raise BadMessage(
            "CSS365E", "{text!r} is not a date; key it like 5/3/26 or 5 Mar 2026, or +3 for three days on.", element=element, text=text[:20]
        ) from None


def _tidy(typed: str, *, lines: bool) -> str:
    return typed.replace("\r\n", "\n").strip() if lines else " ".join(typed.split())


def _year(digits: str) -> int:
    return int(digits) + 2000 if len(digits) == 2 else int(digits)  # noqa: PLR2004 - 26 means 2026
