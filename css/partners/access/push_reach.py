"""Where documents may be pushed: public addresses, with TLS, and those networks that ``CSS_PUSH_NETWORKS`` names.

A partner's address is looked at when it is agreed, as far as its words tell; where its name leads is looked at by whoever pushes.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import SplitResult, urlsplit

from css.core.errors import BadMessage
from css.settings import Settings

SECONDS_MAX: Final = 30
"""For all of it: name, connection, handshake, sending, the whole answer."""
_URL: Final = re.compile(r"https?://[!-~]{1,500}")
_EMBEDDED: Final = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"), ipaddress.ip_network("2002::/16"))
"""Addresses that hold another one inside, which a gateway on the way would go to."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class PushRefusedError(Exception):
    """Why nothing is sent there."""


@dataclass(frozen=True)
class Reach:
    """Where documents may be pushed, and whom a server's certificate must come from."""

    networks: tuple[Network, ...] = ()
    """Allowed beside the public addresses; within them a server may also be without TLS."""
    certificates: str | None = None
    """A file with the certificates of authorities to trust instead of the system's."""
    seconds: float = SECONDS_MAX

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """Verifies the chain and the name. Made once: reading the system's authorities takes tens of milliseconds."""
        return ssl.create_default_context(cafile=self.certificates)

    def allows(self, address: Address) -> bool:
        """Whether documents may go to an address."""
        plain = _plain(address)
        if self.names(plain):
            return True
        if any(plain.version == network.version and plain in network for network in _EMBEDDED):
            return False
        return plain.is_global and not plain.is_multicast

    def names(self, address: Address) -> bool:
        """Whether an address lies in one of the networks named."""
        plain = _plain(address)
        return any(plain.version == network.version and plain in network for network in self.networks)


def networks_of(text: str) -> tuple[Network, ...]:
    """Networks as a setting writes them: ``127.0.0.0/8,10.20.0.0/16``. Errors: CSS001E."""
    try:
        return tuple(ipaddress.ip_network(word.strip()) for word in text.split(",") if word.strip())
    except ValueError:
        words = "CSS_PUSH_NETWORKS is {value!r}; it must be networks like 10.20.0.0/16, with commas between."
        raise BadMessage("CSS001E", words, value=text[:80]) from None


def reach_of(chosen: Settings) -> Reach:
    """Where this installation pushes to. Errors: CSS001E, the setting names no networks."""
    certificates = None if chosen.push_certificates is None else str(chosen.push_certificates)
    return Reach(networks_of(chosen.push_networks or ""), certificates)


def refuse_push_url(url: str, reach: Reach) -> None:
    """Refuse an address that nothing would ever be pushed to, as far as can be told without asking a name service.

    Raises:
        BadMessage: CSS580E.
    """
    try:
        _refuse_plainly(parts_of(url), reach)
    except PushRefusedError as no:
        raise BadMessage("CSS580E", "That is no address to push to: {why}.", why=str(no), element="push_url") from None


def parts_of(url: str) -> SplitResult:
    """An address to push to in its parts. Raises: PushRefusedError, it is none."""
    if not _URL.fullmatch(url):
        raise PushRefusedError("it is no https:// address")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise PushRefusedError("it is no https:// address") from None
    if not parts.hostname or port == 0:
        raise PushRefusedError("it names no server")
    if "@" in parts.netloc or parts.fragment:
        raise PushRefusedError("it holds a name, a password or a fragment")
    return parts


def _refuse_plainly(parts: SplitResult, reach: Reach) -> None:
    if parts.scheme != "https" and not reach.networks:
        raise PushRefusedError("without TLS documents are pushed nowhere")
    try:
        address = ipaddress.ip_address(str(parts.hostname))
    except ValueError:
        return
    if not reach.allows(address):
        raise PushRefusedError("the address is not one to which documents may be pushed")
    if parts.scheme != "https" and not reach.names(address):
        raise PushRefusedError("without TLS documents are pushed nowhere but in networks of ours")


def _plain(address: Address) -> Address:
    """The address inside one that only wraps another."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
