"""The field that takes an address: its key, or postcode and house, looked up and put into the field as the key."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy.orm import Session

from css.core.errors import BadMessage, CssError, NotFound, Refused
from css.core.words import AddressMatch
from css.master.find import criteria_of
from css.master.queries import SiteAnswer, site_by_key, sites_by_postcode
from css.web.form import Form

ADDRESS_KEY: Final = re.compile(r"^[AS][0-9]{11}\Z")


def look_up_address(session: Session, form: Form, name: str = "address_key") -> tuple[SiteAnswer, ...]:
    """Turn a postcode and house into the address key, in the field itself; the addresses to choose from when there are more.

    Hangs on the field: CSS382E neither a key nor a postcode, CSS383E several addresses, CSS384E none.
    """
    typed = form.text(name)
    if not typed or name in form.errors:
        return ()
    if ADDRESS_KEY.match(typed.upper()):
        site = site_by_key(session, typed)
        return (site,) if site else ()
    criteria = form.reading(name, criteria_of)
    if criteria is None or not criteria.postcode:
        if name not in form.errors:
            form.take(BadMessage("CSS382E", "Key an address key, or a postcode with the house: ZZ4 7QT 14.", element=name))
        return ()
    sites = sites_by_postcode(session, criteria.postcode, criteria.house)
    if len(sites) == 1:
        form.values[name] = sites[0].address_key
    elif sites:
        sentence = "There are {count} addresses; add the house, or key the key of one."
        form.take(Refused("CSS383E", sentence, count=len(sites), element=name))
    else:
        form.take(NotFound("CSS384E", "No address is known by {text!r}; look for the postcode alone.", text=typed, element=name))
    return sites


def addresses_for(session: Session, typed: str) -> tuple[tuple[str, str], ...]:
    """The addresses that a postcode, with or without a house, may mean, as values for F4: key and words. None for anything else."""
    try:
        criteria = criteria_of(typed)
    except CssError:
        return ()
    if criteria is None or not criteria.postcode:
        return ()
    return tuple((site.address_key, address_in_words(site)) for site in sites_by_postcode(session, criteria.postcode, criteria.house))


def address_in_words(site: SiteAnswer) -> str:
    """An address to choose, with the plant that would serve it."""
    plant = "stopped line" if site.stopped_lines else "spare pair" if site.spare_pairs else "no pair"
    return f"{site.premises} {site.street}, {plant if site.match is AddressMatch.GOLD else 'silver'}"
