"""The operators' handbook of screens, written from the records the screens are made of: pure text, the same every time.

``css handbook`` writes it to docs/screens.md; a test holds the page against the records. (Reasons: docs/decisions/0142.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from css.core.words import Role
from css.web.lock import LOCK
from css.web.screen import BUDGET_MILLISECONDS, KEY_MEANINGS, Field, FieldKind, Screen
from css.web.screens import every_screen

PICTURES: Final = "pictures/screens"
"""Where the pictures lie, from the page."""
KINDS: Final[Mapping[FieldKind, str]] = {
    "text": "text",
    "code": "code, F4 lists",
    "number": "number",
    "telephone": "telephone",
    "date": "date",
    "money": "£ and p",
    "yes-no": "Y or N",
    "password": "password",
    "words": "several lines",
    "hidden": "",
}
_HEAD: Final = """\
# Screens

Every screen with its fields and keys. This page is written by `css handbook` from the records that the screens are made of; change those
and not this page. How the work is done with them, by task, is in the [operator handbook](operator-handbook.md); what a code means
is in [messages.md](messages.md).

A field with a star must be filled in. *Answers within* is what the server keeps to for 95 of 100 keys of a busy morning.
"""

_COMMANDS: Final[Mapping[str, str]] = {
    "OR01 ZZ A 0000 0013": "opens a screen by its code, with what it is about behind it",
    "01632 960123": "any number opens its own screen: telephone, account, customer, order, fault or bill",
    "tansley zz4 7qt": "a name, alone or with the postcode, looks for the customer",
    "3": "opens what stands on line 3 of the page",
    "3 FL01": "opens a screen for what line 3 is about",
    "..OR03 ZZ O 0000 0012": "opens a screen on top of this one; F3 comes back to it as it was",
    "=CU03 01632 960123": "leaves everything that lies below, and goes there",
    "?bill": "lists the screens about something",
    "THEME PAPER": "changes the colours: PAPER, GREEN, or SYSTEM for what the computer is set to",
    "LOCK": "covers the desk until your password",
    "OFF": "signs off",
}


def all_screens() -> dict[str, Screen]:
    """Every screen by its code, with the one that covers a desk left alone."""
    sign, *others = every_screen()
    return {screen.code: screen for screen in (sign, LOCK, *others)}


def handbook(screens: Iterable[Screen], pictures: Collection[str] = ()) -> str:
    """The page. ``pictures`` are the names of the files there are (``CU03.png``, ``OR01-errors.png``); others are not shown."""
    listed = list(screens)
    families = dict.fromkeys(screen.family for screen in listed)
    keyed = ["## Keys\n", key_table(), "", "## At the command line\n", command_table(), ""]
    parts = [_HEAD, *keyed, "## Who may use which\n", role_table(listed), ""]
    for family in families:
        parts += [f"## {family}\n"]
        parts += [section(screen, pictures) for screen in listed if screen.family == family]
    return "\n".join(parts).rstrip() + "\n"


def key_table() -> str:
    """What each key always means."""
    rows = [f"| {key} | {_cell(meaning)} |" for key, meaning in KEY_MEANINGS.items()]
    return "\n".join(["| Key | Always means |", "| --- | --- |", *rows])


def command_table() -> str:
    """What can be keyed behind ``===>``."""
    return "\n".join(["| Key | What it does |", "| --- | --- |", *(f"| `{keyed}` | {does} |" for keyed, does in _COMMANDS.items())])


def role_table(screens: Iterable[Screen]) -> str:
    """Every screen with the roles that may use it."""
    head = f"| Code | Screen | {' | '.join(role.value for role in Role)} |"
    rows = [
        f"| **{screen.code}** | {_cell(screen.title)} | {' | '.join('yes' if role in screen.roles else '–' for role in Role)} |"
        for screen in screens
    ]
    return "\n".join([head, "| --- | --- |" + " --- |" * len(Role), *rows])


def section(screen: Screen, pictures: Collection[str] = ()) -> str:
    """What there is to know of one screen."""
    lines = [f"### {screen.code} {screen.title}\n", f"{screen.help}\n", *_facts(screen)]
    shown = [field for field in screen.fields if field.kind != "hidden"]
    if shown:
        has_deeds = any(field.deeds for field in shown)
        lines += ["", *_fields(shown, has_deeds=has_deeds)]
    for name, words in ((f"{screen.code}.png", screen.title), (f"{screen.code}-errors.png", f"{screen.title}, with errors")):
        if name in pictures:
            lines += ["", f"![{screen.code} {words}]({PICTURES}/{name})"]
    return "\n".join(lines) + "\n"


def _facts(screen: Screen) -> Iterator[str]:
    if not screen.is_public:
        yield f"* At the command line: `{f'{screen.code} {screen.takes}'.rstrip()}`"
        yield f"* For: {', '.join(role.value for role in Role if role in screen.roles)}"
    if screen.keys:
        yield f"* Its keys: {'; '.join(_key(screen, n) for n in range(len(screen.keys)))}"
    if screen.discloses:
        yield "* Shows what only the customer may hear: the caller is made sure of first, and that it was opened is written down"
    if screen.parks:
        yield "* Half-keyed, it can be parked (Shift+F12) and taken up again"
    if screen.polls_seconds:
        yield f"* Looks for news every {screen.polls_seconds} seconds; what is keyed and where the cursor is stay"
    yield f"* Answers within: {_answers(screen)}"


def _key(screen: Screen, n: int) -> str:
    key = screen.keys[n]
    only = [role.value for role in Role if role in key.roles] if not screen.roles <= key.roles else []
    return f"{key.name.replace('S-', 'Shift+')} {_cell(key.label)}" + (f" ({', '.join(only)})" if only else "")


def _answers(screen: Screen) -> str:
    budget = BUDGET_MILLISECONDS.get(screen.response)
    return f"{budget:,} ms ({screen.response.value})" if budget else f"at once that it runs on, with its progress ({screen.response.value})"


def _fields(fields: Iterable[Field], *, has_deeds: bool) -> Iterator[str]:
    yield "| Field | Takes | Most | What goes in |" + (" For |" if has_deeds else "")
    yield "| --- | --- | --- | --- |" + (" --- |" if has_deeds else "")
    block = ""
    for field in fields:
        if field.step != block:
            block = field.step
            yield f"| **{_cell(block)}** | | | |" + (" |" if has_deeds else "")
        label = _cell(field.label) + (" *" if field.is_required else "")
        takes = KINDS[field.kind] + (", F4 lists" if field.prompts and field.kind != "code" else "")
        deeds = f" {', '.join(_deeds(field)) or 'all'} |" if has_deeds else ""
        yield f"| {label} | {takes} | {field.length_max} | {_cell(field.help)} |{deeds}"


def _deeds(field: Field) -> Iterator[str]:
    """The deeds it is for, with a star where it must be filled in."""
    return (f"{deed} *" if deed in field.needed_by else deed for deed in sorted(field.deeds))


def _cell(words: str) -> str:
    """Words that break no table."""
    return words.replace("|", "\\|").replace("\n", " ")
