"""Somebody at a real browser who looks at every screen in every state once, and asks each state everything.

What they bring back is a list of complaints by question; the tests of accessibility and of print say which must be empty.
"""

from __future__ import annotations

import io
import string
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pypdfium2
from playwright.sync_api import BrowserContext, Page

from css.web.screen import Screen
from tests.web.showroom import Showroom, example

AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
PROBES: Final = Path(__file__).with_name("probes.js").read_text(encoding="utf-8")
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS: Final = ["color-contrast", "link-in-text-block"]
"""What a theme can change; the other rules are asked once."""
WIDE, NARROW, ZOOMED = (1280, 800), (320, 640), (640, 400)
"""A usual window; the same at 400 %; the same at 200 %."""
PANELS: Final = {"help": "#help", "values": "#choices"}
"""States that only open something: that is judged, the rest of the page has been."""
ARRIVED: Final = "main:not([data-before])"


@dataclass
class Seen:
    """What was found in one state of one screen, by what was asked."""

    complaints: dict[str, list[str]] = field(default_factory=dict)

    def ask(self, what: str, found: list[str]) -> None:
        self.complaints.setdefault(what, []).extend(found)


@dataclass
class Viewer:
    """A browser with a window for each seat of the showroom."""

    base: str
    contexts: dict[str, BrowserContext]
    """A window for every seat: by the code of a screen that has a seat of its own, else under ``""``."""
    showroom: Showroom
    looked: dict[str, dict[str, Seen]] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)

    def look(self, screen: Screen) -> dict[str, Seen]:
        """The states of a screen by name, each with what there is to say of it. Looked at once, however often it is asked."""
        if screen.code not in self.looked:
            began = time.perf_counter()
            self.looked[screen.code] = _Visit(self, screen).all()
            self.spent[screen.code] = time.perf_counter() - began
        return self.looked[screen.code]


class _Visit:
    """One screen in one window."""

    def __init__(self, viewer: Viewer, screen: Screen) -> None:
        self.viewer, self.screen = viewer, screen
        context = viewer.contexts.get(screen.code, viewer.contexts[""])
        self.page: Page = context.new_page()
        self.seen: dict[str, Seen] = {}
        self.outside: list[str] = []
        self.page.on("request", lambda asked: None if asked.url.startswith(viewer.base) else self.outside.append(asked.url))
        self.page.on("console", lambda said: self.outside.append(said.text) if said.type == "error" and "422" not in said.text else None)
        self.page.on("pageerror", lambda error: self.outside.append(str(error)))

    def all(self) -> dict[str, Seen]:
        for state in self._states():
            self.seen[state] = found = Seen()
            self._judge(found, PANELS.get(state, ""))
            if state in {"loaded", "effect"}:
                found.ask("print", self._printed())
            if state == "loaded":
                found.ask("keys", self._keys())
            if state not in PANELS:
                self._walk(found)
        self.seen["loaded"].ask("own", self.outside)
        self.page.close()
        return self.seen

    def _states(self) -> Iterator[str]:
        """Bring the page from one state to the next. Each is left as the judging left it."""
        page = self.page
        self._open()
        yield "loaded"
        fields = [one.name for one in self.screen.fields if one.kind != "hidden" and page.locator(f"#{one.name}").count()]
        self._press("F1")
        page.wait_for_selector("#help dl >> visible=true")
        yield "help"
        coded = next((name for name in fields if self.screen.field(name).kind == "code"), None)
        if coded is not None:
            page.focus(f"#{coded}")
            self._press("F4")
            page.wait_for_selector("#choices [role=option] >> visible=true")
            yield "values"
        if fields:
            self._key_in({name: "x" * (self.screen.field(name).length_max + 1) for name in fields})
            assert page.locator("[aria-invalid=true]").count() == len(fields), "too long a text is wrong in every field"
            yield "errors"
        keyed = example(self.screen).fields(self.viewer.showroom.names)
        if keyed:
            self._open()
            self._key_in(keyed)
            said = page.inner_text(".messages >> nth=0")
            assert "CSS366I" in said, f"what is keyed shows no effect: {page.inner_text('form')[:400]}"
            yield "effect"

    def _open(self) -> None:
        self.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        self.page.goto(self.viewer.base + self.viewer.showroom.address(self.screen))
        self.page.evaluate(PROBES)

    def _key_in(self, keyed: dict[str, str]) -> None:
        """Fill the fields and press Enter in the last; back when the answer stands."""
        for name, value in keyed.items():
            self.page.fill(f"#{name}", value)
        self.page.evaluate("document.querySelector('main').dataset.before = 'yes'")
        self._press("Enter")
        self.page.wait_for_selector(ARRIVED)
        self.page.evaluate(PROBES)

    def _press(self, key: str) -> None:
        if key == "Enter" and self.page.evaluate("document.activeElement.matches('textarea')"):
            # In a field of several lines Enter begins a new one.
            self.page.focus("form input:not([type=hidden])")
        self.page.keyboard.press(key)

    # --- judging ---

    def _judge(self, found: Seen, panel: str) -> None:
        page = self.page
        self._theme("paper")
        found.ask("axe", self._axe({"runOnly": RULES}, panel))
        self._theme("green")
        found.ask("axe", self._axe({"runOnly": {"type": "rule", "values": COLOURS}}, panel))
        found.ask("targets", self._probe("targets"))
        found.ask("moves", self._probe("moves"))
        title = page.title()
        if not title.startswith(self.screen.code):
            found.ask("title", [f"the title is {title!r}"])
        if not page.locator("[role=status]").count():
            found.ask("live", ["no live region stands ready"])
        found.ask("labels", [name for name in self._labels() if name])
        for size in (NARROW, ZOOMED):
            self._size(size)
            found.ask("reflow", self._probe("overflow"))
        found.ask("targets", self._probe("targets"))
        self._probe("loosen")
        found.ask("spacing", self._probe("overflow"))
        self._probe("tighten")
        self._size(WIDE)

    def _walk(self, found: Seen) -> None:
        """What has the focus is plain to see, wherever Tab leads; last, because it moves the focus about."""
        for size in (WIDE, NARROW):
            self._size(size)
            for theme in ("paper", "green"):
                self._theme(theme)
                found.ask("focus", self._probe("focus"))
        self.page.emulate_media(forced_colors="active")
        found.ask("forced", self.page.evaluate("cssProbes.focus({ forced: true })"))
        self.page.emulate_media(forced_colors="none")
        self._size(WIDE)

    def _axe(self, options: dict[str, object], within: str) -> list[str]:
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE)
        # Without preloading: no rule of ours reads the style sheets themselves, and fetching them anew is half the time.
        settled = options | {"resultTypes": ["violations"], "preload": False, "iframes": False}
        answer: dict[str, Any] = self.page.evaluate("([within, options]) => axe.run(within || document, options)", [within, settled])
        return [
            f"{one['id']}: {one['help']}: {node['target']} {node['html'][:160]} {node['failureSummary'][:300]}"
            for one in answer["violations"]
            for node in one["nodes"]
        ]

    def _labels(self) -> Iterator[str]:
        for one in self.screen.fields:
            label = self.page.evaluate(
                "(name) => { const el = document.getElementById(name); return el && el.labels && el.labels[0].innerText; }", one.name
            )
            if label is not None and not label.startswith(one.label):
                yield f"{one.name} is called {label!r}"

    def _keys(self) -> list[str]:
        """Tab goes in the order of the record, reaches everything and comes out again; no bare letter does anything."""
        page, complaints = self.page, []
        before = page.evaluate("cssProbes.reachable()")
        page.evaluate("cssProbes.watch()")
        for _ in range(len(before) + 4):
            page.keyboard.press("Tab")
        stops: list[str] = page.evaluate("cssStops")
        if missed := [stop for stop in before if stop not in stops]:
            complaints.append(f"Tab never comes to {missed}")
        order = [one.name for one in self.screen.fields if one.name in before]
        met = list(dict.fromkeys(stop for stop in stops if stop in order))
        if order and met != order[(at := order.index(met[0])) :] + order[:at]:
            complaints.append(f"Tab goes {met}, the record {order}")
        page.evaluate("document.activeElement.blur()")
        where, title = page.url, page.title()
        page.keyboard.type(string.ascii_letters + string.digits + ",.;'/?-=[]")
        if (page.url, page.title()) != (where, title) or page.locator("dialog[open], #help[open]").count():
            complaints.append("a bare letter does something")
        return complaints

    def _printed(self) -> list[str]:
        """What the paper lacks, or has too much."""
        page = self.page
        page.emulate_media(media="print")
        with pypdfium2.PdfDocument(io.BytesIO(page.pdf(prefer_css_page_size=True))) as document:
            text = " ".join(" ".join(sheet.get_textpage().get_text_bounded() for sheet in document).split())
        page.emulate_media(media="screen")
        wanted = [self.screen.code, page.inner_text("h1").partition(" ")[2]]
        if not self.screen.is_public:
            wanted += ["ALL1", "Tue 3 Mar 2026 09:40"]
        reference = example(self.screen).arguments.partition("/")[0]
        if reference in {"{account}", "{order}", "{fault}", "{bill}", "{number}"}:
            wanted.append(reference.format_map(self.viewer.showroom.names)[-4:])
        complaints = [f"{one!r} is not printed" for one in wanted if one not in text]
        return complaints + [f"{one!r} is printed" for one in ("F10", "===>", "⇧") if one in text]

    def _probe(self, name: str) -> list[str]:
        found: list[str] | None = self.page.evaluate(f"cssProbes.{name}()")
        return found or []

    def _theme(self, theme: str) -> None:
        self.page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)

    def _size(self, size: tuple[int, int]) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
