"""Somebody who has a keyboard and no mouse, at a real Chromium, and counts the keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from playwright.sync_api import Page

SWITCHES = [
    "--no-sandbox",  # the tests may run as root, which Chromium's sandbox refuses
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ARRIVED = "#screen:not(.is-waiting) main:not([data-left])"
COUNTED = Path(__file__).parents[2] / "docs" / "operator-handbook.md"
"""The table of tasks with the keys each takes; ``Hands.task`` holds every task against its line."""
_ROW = re.compile(r"^\| ([^|]+?) \| (\d+) \| (\d+) \|", re.MULTILINE)


@cache
def documented() -> dict[str, tuple[int, int]]:
    """Task to the keys it takes and the most it may take, from the table."""
    return {task: (int(keys), int(most)) for task, keys, most in _ROW.findall(COUNTED.read_text(encoding="utf-8"))}


@dataclass
class Hands:
    """Somebody who has a keyboard and no mouse, and counts."""

    page: Page
    base: str
    pressed: int = 0
    complaints: list[str] = field(default_factory=list)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.pressed += len(text)

    def press(self, *keys: str) -> None:
        """Keys that stay on the page."""
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1

    def go(self, key: str, *, to: str, times: int = 1) -> None:
        """A key that leads to another screen, or to the same one again, whose title then matches; twice for who hurries."""
        self.page.evaluate("document.querySelector('main').dataset.left = 'yes'")
        for _ in range(times):
            self.press(key)
        self.page.wait_for_selector(ARRIVED, state="attached")
        assert re.match(to, self.page.title()), f"{key} led to {self.page.title()}: {self.messages}"

    def command(self, text: str, *, to: str) -> None:
        """At the command line, where the cursor is already or F10 brings it."""
        if self.cursor != "command":
            self.press("F10")
        self.type(text)
        self.go("Enter", to=to)

    def choose(self, typed: str = "") -> None:
        """F4, a few letters, Enter."""
        self.press("F4")
        self.page.wait_for_selector("#choices li")
        self.type(typed)
        self.press("Enter")

    @contextmanager
    def task(self, name: str) -> Iterator[None]:
        """What is done in the block takes the keys that the table says, and not more than it allows."""
        before = self.pressed
        yield
        taken = self.pressed - before
        assert name in documented(), f"{COUNTED.name} has no task {name!r}; it takes {taken} keys"
        keys, most = documented()[name]
        assert taken == keys, f"{name!r} takes {taken} keys; {COUNTED.name} says {keys}"
        assert taken <= most, f"{name!r} takes {taken} keys, {most} at most"

    @property
    def cursor(self) -> str:
        return str(self.page.evaluate("document.activeElement.id"))

    @property
    def text(self) -> str:
        return self.page.inner_text("body")

    @property
    def told(self) -> str:
        """What the screen shows of the customer: text and fields, without the help beside it."""
        return str(
            self.page.evaluate(
                """() => [document.querySelector('header').innerText, document.querySelector('main').innerText,
                  ...[...document.querySelectorAll('main input, main textarea')].map((one) => one.value)].join('\\n')"""
            )
        )

    @property
    def messages(self) -> str:
        return " ".join(self.page.locator(".messages").all_inner_texts())

    @property
    def effect(self) -> str:
        """What F6 will do."""
        shown = self.page.locator(".effect")
        assert shown.count(), f"{self.page.title()} shows no effect: {self.messages}"
        return shown.inner_text()

    def value(self, name: str) -> str:
        return self.page.input_value(f"#{name}")

    def pane(self, caption: str) -> str:
        """What a pane says, by how its heading begins; nothing where there is none."""
        found = self.page.locator("section").filter(has=self.page.locator(f"h2:text-matches('^{caption}')"))
        return found.first.inner_text() if found.count() else ""

    def line(self, caption: str, words: str = "") -> str:
        """The number in front of a pane's first line with these words, as an operator reads it off the screen."""
        rows = self.page.locator("section").filter(has=self.page.locator(f"h2:text-matches('^{caption}')")).locator("tbody tr")
        return rows.filter(has_text=words).first.locator("td").first.inner_text()

    def sign_on(self, operator: str, password: str) -> None:
        self.page.goto(self.base)
        assert self.cursor == "operator"
        self.type(operator)
        self.press("Tab")
        assert self.cursor == "password"
        self.type(password)
        self.go("Enter", to="MENU")
