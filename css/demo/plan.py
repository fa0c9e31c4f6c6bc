"""What is to be made, and the word lists it is made from. Nobody here exists, nor do the streets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

DISTRICT: Final = "ZZ"
STARTS_ON: Final = date(2026, 3, 1)
"""A fixed day, so that the same seed makes the same district whenever it is run; rentals change on the 1st of April."""
PASSWORD: Final = "wren-song-4"  # noqa: S105 - printed at the end of the demo: it opens nothing but the demo
LINES_MAX: Final = 700_000
"""As many as the synthetic numbers reach for, with room left for new lines."""
DAYS_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """The size of a demo."""

    lines: int = 1000
    days: int = 31
    seed: int = 1
    district: str = DISTRICT
    starts_on: date = STARTS_ON


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


TITLES: Final = ("Mr", "Mrs", "Ms", "Miss", "Dr")
FIRST_NAMES: Final = _words(
    """
    Ada Alun Amir Anna Arthur Beatrix Bryn Carys Clara Daniel Dilys Edith Eira Elias Emrys Esme Fatima Felix Flora Gareth
    Grace Gwen Hamish Harriet Hugh Imran Iris Isla Ivor Jack Jean Joan Kavita Keir Leila Lewis Lloyd Lucy Mabel Magnus Maeve
    Mina Morag Nadia Nesta Nina Olive Omar Owen Pearl Percy Ravi Rhys Rosa Ruth Samir Sian Silas Stella Tariq Thea Una Vera
    Violet Walter Wendy Yusuf Zara
    """
)
SURNAMES: Final = _words(
    """
    Ackerby Aldermoor Ashcombe Barrowden Beckwith Bellhouse Birkdale Blackthorn Bramhope Brightwater Burnside Calloway
    Carrick Chalkley Cloverly Coldwell Copperfield Cragside Dalewood Darnley Downham Eastmere Elmsworth Fairholme Fenwright
    Foxcroft Garstang Glenorchy Greenhalgh Hartwell Hathersage Hawkridge Hazelmere Heatherly Highmoor Holloway Ironside
    Kestrel Kilbride Langdale Larkhill Leatherby Linden Lockwood Marchbanks Mayfield Merriweather Millbrook Moorcroft
    Netherby Northcote Oakhanger Orchardson Pemberly Pennington Quarrie Ravensworth Redfern Rivington Rookwood Rushworth
    Saltmarsh Sandringham Silverdale Southgate Stonebridge Tansley Thistlewood Thornbury Underhill Wainscott Waterhouse
    Westerby Whitmore Winterbourne Woodrow Yarrow Yewdale
    """
)
STREETS: Final = _words(
    """
    Alder Anvil Apple Badger Barley Beacon Bellflower Bluebell Bracken Bramble Canal Chestnut Clover Copper Cowslip Curlew
    Daisy Elderflower Ferry Foundry Foxglove Gorse Granary Harvest Hawthorn Heron Honeysuckle Ivy Juniper Kiln Kingfisher
    Lantern Lark Lavender Maltings Marigold Meadow Mill Nightingale Orchard Otter Poppy Primrose Quarry Rowan Saddler
    Skylark Smithy Sorrel Swallow Tanner Teasel Thistle Weaver Wheatsheaf Willow Wren Yarrow
    """
)
STREET_KINDS: Final = ("Road", "Street", "Close", "Lane", "Avenue", "Gardens", "Way", "Rise")
TOWNS: Final = ("Wrenford", "Brackwater", "Harrowmere", "Thornleigh", "Saltby", "Kingsfell", "Ottersbridge", "Marlow Green")
TRADES: Final = ("Bakery", "Joinery", "Motors", "Dental Practice", "Nursery", "Printers", "Electrical", "Solicitors", "Garage", "Florist")
