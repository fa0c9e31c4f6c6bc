"""What stands on every bill of ours and in no table yet: how to reach us, where to pay, the line of company law."""

from __future__ import annotations

from typing import Final

from billing.document import Address, BankAccount, ContactLine

# Sample particulars: a freephone range kept for drama and a sort code no bank has.
CONTACTS: Final = (
    ContactLine("Bills and payments", "0808 157 0100"),
    ContactLine("Report a fault", "0808 157 0151"),
    ContactLine("Online", "www.example.com/bills"),
)
MAILBOX: Final = "bills@example.com"
"""Whom bills by e-mail come from, and what is named after us in their ids."""
BANK: Final = BankAccount("Bill payments", "000000", "00000012")


_LEGAL_FORMS: Final = (" plc", " Ltd", " Limited", " LLP")


def trading_name(legal_name: str) -> str:
    """The brand, printed large: the company's name without its legal form."""
    for form in _LEGAL_FORMS:
        legal_name = legal_name.removesuffix(form)
    return legal_name


def registered_text(name: str, address: Address) -> str:
    """The line of company law at the foot of page one."""
    return f"{name}. Registered office: {', '.join(address.lines)} {address.postcode}."
