"""TLS: the contexts of the gateway's server, and one connection's layer between the wire and the words.

The layer works on memory, not on a socket: asyncio's own keeps a quarter of a megabyte for each connection, and thousands
of them must be cheap.
"""

from __future__ import annotations

import hashlib
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Final

from css.core.errors import BadMessage

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; those of 1.3 are all good."""
_READ_BYTES: Final = 16_384
"""A record of TLS holds no more."""


def server_context(certificate: Path, key: Path, *, client_ca: Path | None = None, required: bool = False) -> ssl.SSLContext:
    """What the server shows and what it asks of clients.

    Args:
        certificate: PEM, ours first, then what leads to its root.
        key: PEM, without a password.
        client_ca: PEM of whoever signs partners' certificates (or of those that sign themselves); none: no client is asked.
        required: a client without a certificate is turned away at the handshake.

    Raises:
        BadMessage: CSS548E, a file cannot be read or is not what it should be, or the key is not the certificate's.
    """
    if required and client_ca is None:
        raise BadMessage("CSS548E", "Certificates of clients can be required only with --client-ca.")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_alpn_protocols(["http/1.1"])
    # Each connection proves itself anew: a certificate no longer trusted must not live on in a ticket.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    named = certificate
    try:
        # No terminal is asked for the password of a key that has one: it is refused.
        context.load_cert_chain(certificate, key, password=lambda: "")
        if client_ca is not None:
            named = client_ca
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    except (OSError, ValueError):
        raise BadMessage(
            "CSS548E", "{path} (or its key) cannot be read, is no PEM file, or certificate and key do not belong together.", path=str(named)
        ) from None
    return context


class Layer:
    """One connection's TLS."""

    __slots__ = ("_in", "_object", "_out", "fingerprint", "is_ended", "is_shaken")

    def __init__(self, context: ssl.SSLContext) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._in, self._out, server_side=True)
        self.is_shaken = False
        self.is_ended = False
        """The client said that nothing more comes."""
        self.fingerprint: str | None = None
        """SHA-256 of the client's certificate in DER, in hexadecimal; none when it showed none."""

    def opened(self, data: bytes) -> bytes:
        """The words in what came from the wire. What is to go back meanwhile is in ``outgoing``.

        Raises:
            ssl.SSLError: no TLS, or none that we speak, or a certificate that nobody we trust has signed.
        """
        self._in.write(data)
        if not self.is_shaken:
            try:
                self._object.do_handshake()
            except ssl.SSLWantReadError:
                return b""
            self.is_shaken = True
            shown = self._object.getpeercert(binary_form=True)
            self.fingerprint = None if shown is None else hashlib.sha256(shown).hexdigest()
        words = bytearray()
        try:
            while piece := self._object.read(_READ_BYTES):
                words += piece
            self.is_ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.is_ended = True
        return bytes(words)

    def sealed(self, words: bytes) -> bytes:
        """What goes to the wire for these words."""
        if words:
            self._object.write(words)
        return self._out.read()

    def outgoing(self) -> bytes:
        """What goes to the wire of TLS's own accord: the handshake, an alert."""
        return self._out.read()

    def farewell(self) -> bytes:
        """What tells the client that nothing more comes, so that it knows nothing was cut off."""
        # It wants the client's farewell too; ours is written by then.
        with suppress(ssl.SSLError):
            self._object.unwrap()
        return self._out.read()
