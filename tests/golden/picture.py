"""The picture of a bill in the README: ``python -m tests.golden.picture`` draws the golden bill ``small`` anew."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pypdfium2
from PIL import Image

from billing.bill_pdf import render_pdf
from tests.golden.documents import GOLDEN

PICTURE: Final = Path(__file__).parents[2] / "docs" / "pictures" / "bill.png"
PIXELS_PER_POINT: Final = 1.15
GAP: Final = 14
DESK: Final = "#8c949c"
COLOURS: Final = 40
"""A bill has few colours; what is left over are shades of its edges."""


def draw(name: str = "small") -> Image.Image:
    """The pages of a golden bill beside each other, as they lie on a desk."""
    pages = [page.render(scale=PIXELS_PER_POINT).to_pil().convert("RGB") for page in pypdfium2.PdfDocument(render_pdf(GOLDEN[name]()))]
    width, height = pages[0].size
    desk = Image.new("RGB", (len(pages) * (width + GAP) + GAP, height + 2 * GAP), DESK)
    for number, page in enumerate(pages):
        desk.paste(page, (GAP + number * (width + GAP), GAP))
    return desk.quantize(COLOURS, dither=Image.Dither.NONE)


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    draw().save(PICTURE, optimize=True)
