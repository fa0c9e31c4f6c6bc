"""What nobody should key, and what an answer must look like whatever was keyed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

from werkzeug.test import TestResponse

NONSENSE: Final = {
    "sql": "' OR 1=1; DROP TABLE css.customer; --",
    "sql number": "1 OR 1=1",
    "like": "%_%\\",
    "mark-up": "<script>alert(1)</script>",
    "attribute": '" autofocus onfocus="alert(1)',
    "end of field": "</textarea></form><img src=x onerror=alert(1)>",
    "template": "{{ 7*7 }}{% include '/etc/passwd' %}",
    "format": "{label} {0.__class__} %s %(x)s",
    "path": "../../etc/passwd",
    "header": "a\r\nSet-Cookie: a=b\r\n\r\n<html>",
    "lines": "one\ntwo\nthree",
    "nul": "a\x00b",
    "escape": "\x1b[31mred\x07",
    "bidi": "\u202e\u2066reversed\u2069",
    "lone surrogate": "%ED%A0%80 \ufffd",
    "zero width": "a\u200bb\u200d\ufeff",
    "emoji": "😀👩‍👩‍👧🏳️‍🌈",
    "combining": "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L",
    "other digits": "٣١٢",
    "homoglyph": "О1632 96О123",
    "wide digits": "０１６３２ ９６０１２３",
    "superscript": "1²³",
    "long": "x" * 10_000,
    "long words": "word " * 2_000,
    "huge number": "9" * 60,
    "negative": "-1",
    "exponent": "1e9999",
    "infinity": "NaN",
    "no such day": "31/2/26",
    "day nought": "00/00/0000",
    "far day": "31/12/9999",
    "offset": "+999999999",
    "leap": "29 Feb 2027",
    "hour": "99:99",
    "check digit": "ZZA00000018",
    "spaces": "   \t  ",
    "one mark": "'",
    "json": '{"$gt": ""}',
}
"""By what it is. Each goes into every field of every screen."""

ODD_KEYS: Final = ("F5", "F6", "F2", "F12", "S-F12", "Keep", "F3", "F99", "", "Prompt", "S-F1")
CODE: Final = re.compile(r"^CSS\d{3}[EWI]\Z")


@dataclass
class Document(HTMLParser):
    """A page as a browser reads it: what would run, what is in the fields, what is said."""

    text: str
    runs: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    """Code to sentence."""
    title: str = ""
    _inside: str = ""
    _area: str = ""
    _code: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.runs += [f"{tag} {name}" for name in given if name.startswith("on") or name == "style"]
        self.runs += [f"{tag} {value}" for name, value in given.items() if name in {"href", "src", "action"} and not _is_ours(value)]
        if tag in {"style", "iframe", "object", "base"} or (tag == "script" and "src" not in given):
            self.runs.append(tag)
        if tag == "input":
            self.fields[given.get("name", "")] = given.get("value", "")
        if tag == "textarea":
            self._area = given.get("name", "")
            self.fields[self._area] = ""
        self._inside = tag
        if tag != "b" and tag not in {"a", "p", "li"}:
            self._code = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            # The first line's end after the tag is not part of the text.
            self.fields[self._area] = self.fields[self._area].removeprefix("\n")
            self._area = ""
        if tag in {"p", "li"}:
            self._code = ""
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data
        elif self._inside == "title":
            self.title += data
        elif self._inside == "b" and CODE.match(data.strip()):
            self._code = data.strip()
            self.said.setdefault(self._code, "")
        elif self._code:
            self.said[self._code] += data


def _is_ours(address: str) -> bool:
    return address == "" or (address.startswith(("/", "#")) and not address.startswith("//"))


def faults(answer: TestResponse) -> list[str]:
    """What is wrong with an answer, whatever was asked: nothing, or a list of sentences."""
    found = []
    if answer.status_code >= 500:
        found.append(f"status {answer.status_code}: {answer.get_data(as_text=True)[-400:]}")
    if "Set-Cookie" in answer.headers and "a=b" in answer.headers["Set-Cookie"]:
        found.append("a header was made of what was keyed")
    if answer.mimetype == "application/json":
        return found if set(answer.get_json()) <= {"values", "screens"} else [*found, "JSON of another kind"]
    if answer.status_code in {204, 304} or 300 <= answer.status_code < 400:
        return found
    if answer.mimetype != "text/html":
        return [*found, f"an answer of {answer.mimetype}"]
    page = Document(answer.get_data(as_text=True))
    found += [f"would run or fetch: {one}" for one in page.runs]
    if not re.match(r"\s*[A-Z]{2,4}[0-9]{0,3}[EWI]?\s+\S", page.title):
        found.append(f"the title is {page.title!r}")
    if answer.status_code >= 400:
        sentences = {code: " ".join(said.split()) for code, said in page.said.items() if code.endswith("E")}
        if not any(len(said.split()) >= 3 for said in sentences.values()):
            found.append(f"status {answer.status_code} without a code and a sentence: {page.said}")
    return found
