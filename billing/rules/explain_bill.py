"""Why a bill comes to what it comes to: its VAT, its amount due, and why it was held."""

from __future__ import annotations

from billing.rules.explain_facts import BillFacts, VatFacts
from billing.rules.explain_sum import Part, Step, part, pence_of, step
from billing.rules.explain_words import day
from billing.rules.vat import REASONS
from css.core.money import Percent


def vat_part(one: VatFacts) -> Part:
    """The VAT at one rate: once, on the net total of the lines, half up."""
    rate = Percent(one.tax.basis_points)
    which = f"lines {', '.join(map(str, one.lines))}" if len(one.lines) > 1 else f"line {', '.join(map(str, one.lines))}"
    named = f"{one.tax.category} {rate}%"
    reason = f" ({REASONS[one.tax.category]})" if one.tax.category in REASONS else ""
    vat = step(f"{rate}% of {one.net.sterling}", f"{one.net.pence} x {rate} / 100")
    reckoned = part(f"VAT {named}{reason} on the net total of {which}", (vat,))
    if reckoned.amount == one.vat:
        return reckoned
    # Of a credit note; credits of a bill together bear the VAT of what they credit together.
    words = f"{rate}% of all that was given back of each bill by now, less {rate}% of what was given back before, each rounded"
    return part(reckoned.words, (step(words, pence_of(one.vat)),))


def net_part(bill: BillFacts) -> Part:
    """The net total: the lines."""
    return part("Net of VAT", (step(f"line {number}", pence_of(net)) for number, net in bill.line_nets))


def invoice_part(bill: BillFacts) -> Part:
    """The invoice total: supplies and their VAT."""
    steps = [step("net of VAT", pence_of(bill.invoice_net))]
    steps += [step(f"VAT {one.tax.category} {Percent(one.tax.basis_points)}%", pence_of(one.vat)) for one in bill.vat]
    return part("Invoice total", steps)


def due_part(bill: BillFacts) -> Part:
    """The amount due: what was owed before, what came in, what is owed without being a supply, and the invoice."""
    steps: list[Step] = [step("brought forward: the amount due on the bill before", pence_of(bill.brought_forward))]
    steps += [step(f"{one.words}, {day(one.on)}", pence_of(one.amount)) for one in bill.payments]
    steps += [step(f"{one.words}, {day(one.on)}, outside the invoice", pence_of(one.amount)) for one in bill.outside]
    return part("Amount due", (*steps, step("invoice total", pence_of(bill.invoice_gross))))
