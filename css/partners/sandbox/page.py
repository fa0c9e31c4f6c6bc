"""The table of scenarios for people: ``python -m css.partners.sandbox.page`` renews ``docs/sandbox.md`` from the table itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from css.core.ids import IdKind, make_id
from css.partners.sandbox.area import LETTERS
from css.partners.sandbox.fault_scenarios import ABOVE_ORDERS, FAULTS, FaultScenario
from css.partners.sandbox.scenarios import GROUPS, RETRY_SECONDS, SCENARIOS, SLOW_SECONDS, SPEED_MAX, Scenario

PAGE: Final = Path(__file__).parent.parent.parent.parent / "docs" / "sandbox.md"

ACCOUNT: Final = make_id(LETTERS, IdKind.ACCOUNT, 7)
"""One of the right form."""
_HEAD: Final = f"""\
# The test area

Every answer that CSS can give, on demand, before a single order is real. Your test area lies beside the gateway in earnest, below
`/partner/v1/sandbox/`, and is opened by keys of its own, which open nothing else. It reads a message as the gateway does: the same
sizes, schemas, header checks, DUPLICATE and 409, and the same rules of what an order must say, at once and with paths. What happens to an
order or a fault there is told by a **magic number**, the last three digits of the address or of the telephone number:

- AddressKey `A00000000NNN`, or
- TelephoneNumber (or NewNumber) `+441632960NNN`; a contact's does not count.

Any AccountNumber of the right form will do: `{ACCOUNT}`. RequiredDate is counted from today. There are no other addresses and numbers
than these thousand, and no order before yours: each is there afresh for every message. Nothing there is anybody's, and nothing that you do
is seen outside.

This page is written by `python -m css.partners.sandbox.page` from the table that is played; a test plays every row.

## A first quarter of an hour

You need a key of the area (we make it with `css partners key BRACKWAT --area sandbox`) and the schemas' samples. The first lines make an
order of one of them: a line is ceased, by magic number 000. NOW is our clock's time, which in a demo is the demo's day; CreatedAt of
any answer of ours says it.

```sh
now=${{NOW:-$(date -u +%Y-%m-%dT%H:%M:%SZ)}}
uuid() {{ cat /proc/sys/kernel/random/uuid; }}
sed -e "s|\\(<c:MessageId>\\).*<|\\1$(uuid)<|; s|\\(<c:ConversationId>\\).*<|\\1$(uuid)<|; s|\\(<c:CreatedAt>\\).*<|\\1$now<|" \\
    -e "s|PO-2026-000615|PO-$(date +%s)|; s|+441632960123|+441632960000|; s|2026-06-30|$(date -u -d "$now +28 days" +%F)|" \\
    schemas/samples/valid/submit-order-2-cease.xml > order.xml
curl --silent --show-error --header "Authorization: Bearer $SANDBOX_KEY" --header "Content-Type: application/xml" \\
     --header "CSS-Sandbox-Speed: 60" --data-binary @order.xml "$GATEWAY/partner/v1/sandbox/messages"
curl --silent --show-error --header "Authorization: Bearer $SANDBOX_KEY" "$GATEWAY/partner/v1/sandbox/outbox?after=0"
curl --silent --show-error --request POST --header "Authorization: Bearer $SANDBOX_KEY" "$GATEWAY/partner/v1/sandbox/reset"
```

| Address | Does |
| --- | --- |
| `POST sandbox/messages` | takes a message, as `messages` does |
| `POST sandbox/queries` | answers a question at once, as `queries` does |
| `POST sandbox/soap`, `GET sandbox/soap?wsdl` | both of these in SOAP envelopes, with a WSDL of its own address |
| `GET sandbox/outbox?after=N`, `GET sandbox/outbox/N` | the next document, or one, with the headers of the live outbox |
| `POST sandbox/reset` | empties the area: 204. The outbox begins again at 1 with new message ids; what you have passed stays passed |
| `GET sandbox/scenarios` | the tables below as text |
| `GET sandbox/progress` | which of them you have passed, as text |

A document lies in the outbox from the second at which the table says it happens, dated so, whether anybody looked or not. With
`CSS-Sandbox-Speed: 60` in the request that places an order or a fault, its seconds go by sixty times as fast; from 1 to {SPEED_MAX}.
DoneDate is the day that the order was worked for, not today.

A scenario is **passed** when its last document is fetched. `progress` says how far you are: *in-test*; *ready*, when all that are asked
for are passed; *live*, while you hold a live key. AmendOrder and CancelOrder may come at any time while an order is open; a cancelled
order is heard of no more.
"""

_TAIL: Final = """\
## What the test area does not do

- Plant, stock and people are played: nothing is free or taken but by number. Reference data (products, prices, care levels, lead times) is
  read as it is on that day.
- There are no bills, no drop folders and no push: these go over the same documents, and are tried in earnest with us.
- SequenceNo is read and not held against what came before.
- It holds 20,000 documents, then it must be emptied.
"""


def page() -> str:
    """The whole page."""
    return "\n".join((_HEAD, *_orders(), *_faults(), _TAIL))


def table_text() -> str:
    """Number and title of every scenario, a line each; of orders and then of faults."""
    lines = ["Orders", *(f"{number:03d}  {scenario.title}" for number, scenario in sorted(SCENARIOS.items()))]
    lines += ["", "Faults", *(f"{number - ABOVE_ORDERS:03d}  {scenario.title}" for number, scenario in sorted(FAULTS.items()))]
    return "\n".join(lines) + "\n"


def _orders() -> Iterator[str]:
    for group in GROUPS:
        yield f"## {group.name} ({group.first:03d}–{group.first + 99:03d})\n\n{group.words}\n"
        yield "| Number | Plays | And you are told |\n| --- | --- | --- |"
        for number, scenario in sorted(SCENARIOS.items()):
            if scenario.group == group.name:
                yield f"| {number:03d} | {scenario.title} | {_told(scenario)} |"
        yield ""


def _told(scenario: Scenario) -> str:
    """What is told of an order and when, in seconds from its placing."""
    if scenario.refuses:
        return f"ORDER_REJECTED {', '.join(scenario.refuses)}".replace("*", "with that code")
    steps = [f"{step.kind.value}{f' {step.problem_code}' if step.problem_code else ''} {step.after_seconds} s" for step in scenario.steps]
    return ", ".join(["ACKNOWLEDGED", *steps])


def _faults() -> Iterator[str]:
    yield "## Faults\n"
    yield "By the TelephoneNumber of SubmitFault. The numbers are a table of their own; only those of trouble on the way are the same."
    yield "A clear waits for ConfirmClear as long as its row leaves it; a clear that you reject is followed by another in half a minute.\n"
    yield "| Number | Plays | And you are told |\n| --- | --- | --- |"
    for number, scenario in sorted(FAULTS.items()):
        yield f"| {number - ABOVE_ORDERS:03d} | {scenario.title} | {_told_of_fault(scenario)} |"
    yield ""


def _told_of_fault(scenario: FaultScenario) -> str:
    if scenario.refuses:
        return f"FAULT_REJECTED {', '.join(scenario.refuses)}".replace("*", "with that code")
    return ", ".join(["ACKNOWLEDGED", *(f"{step.kind} {step.after_seconds} s" for step in scenario.steps)])


def main() -> None:
    """Renew the page."""
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"Wrote docs/{PAGE.name}; an answer is slow for {SLOW_SECONDS} s and is tried again after {RETRY_SECONDS} s.\n")


if __name__ == "__main__":
    main()
