"""Every code that can be said is explained in docs/messages.md, and nothing is explained that cannot be said."""

from __future__ import annotations

import re
from collections import Counter

from tests.house.source import PACKAGES, ROOT, texts

CODE = re.compile(r"CSS[0-9]{3}[EWI]\b")


def _said() -> dict[str, str]:
    """Code to a file that says it."""
    found: dict[str, str] = {}
    for name, source in texts().items():
        if name.startswith(tuple(f"{package}/" for package in PACKAGES)):
            for code in CODE.findall(source):
                found.setdefault(code, name)
    return found


def _explained() -> Counter[str]:
    page = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
    return Counter(re.findall(r"^(?:#{3,4} |\*\*)(CSS[0-9]{3}[EWI])\b", page, re.MULTILINE))


def test_every_code_is_explained() -> None:
    assert {code: where for code, where in sorted(_said().items()) if code not in _explained()} == {}


def test_nothing_is_explained_that_is_never_said() -> None:
    assert sorted(set(_explained()) - set(_said())) == []


def test_no_code_is_explained_twice() -> None:
    assert [code for code, times in _explained().items() if times > 1] == []
