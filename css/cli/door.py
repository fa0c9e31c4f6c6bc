"""``css do VERB`` and ``css ask QUERY``: every verb and query there is, JSON in and JSON out, built from their types.

Whatever a screen or a partner can do, a script can do: the command is the same record and meets the same rules. Lines of
the two tables below are the whole registration; nothing is found by magic.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn, get_type_hints

import typer
from sqlalchemy.orm import Session

from batch import queries as batch_queries
from billing import actions as billing_actions
from billing import queries as billing_queries
from billing.actions import (
    account_terms,
    adjustments,
    copies,
    groups,
    long_calls,
    outside,
    prices,
    promotions,
    rerating,
    statements,
    suspense,
)
from billing.actions import benefits as benefit_actions
from billing.actions.dry_run import dry_run_bill
from billing.queries import benefits as benefit_queries
from billing.queries import suspense as suspense_queries
from billing.queries import usage as usage_queries
from billing.queries.adjustments import adjustments_of_account
from billing.queries.bill_story import bill_line_story, bill_story
from billing.queries.explain_call import calls_of_number, explain_call
from billing.queries.statements import statement_file, statements_of_account
from billing.queries.tariff_comparison import tariff_comparison
from billing.queries.tariffs import tariff_book, tariff_card, tariff_versions
from billing.queries.terms_card import account_terms as account_terms_of
from css import handover
from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.care import actions as care_actions
from css.care import queries as care_queries
from css.cli.acting import acting
from css.cli.asker import system_user
from css.core.actor import Actor
from css.core.codec import describe, from_plain, phrase, to_plain
from css.core.errors import BadMessage, Refusals
from css.core.words import Role
from css.db.engine import database, transaction
from css.master import (
    approvals,
    audit_trail,
    authorised,
    cards,
    change_customer,
    credit_limits,
    customer_record,
    duplicates,
    enrol,
    find,
    line_story,
    news,
    operator_changes,
    people,
    wholesale,
)
from css.master import queries as master_queries
from css.master.districts import District, no_district
from css.master.reference import RETAIL
from css.web import approvals as web_approvals
from orders import actions as order_actions
from orders import queries as order_queries
from repairs import actions as repair_actions
from repairs import queries as repair_queries

COMMAND_BYTES_MAX = 5_000_000

VERBS: Mapping[str, Callable[..., Any]] = {
    "open-district": enrol.open_district,
    "add-provider": enrol.add_provider,
    "set-wholesale-tariff": wholesale.set_wholesale_tariff,
    "add-operator": enrol.add_operator,
    "set-credit-limit": credit_limits.set_credit_limit,
    "change-operator": operator_changes.change_operator,
    "set-password": operator_changes.set_password,
    "end-sign-ons": operator_changes.end_sign_ons,
    "post-news": news.post_news,
    "end-news": news.end_news,
    "ask-approval": web_approvals.ask_approval,
    "approve": web_approvals.approve,
    "refuse-approval": approvals.refuse_approval,
    "withdraw-approval": approvals.withdraw_approval,
    "add-customer": enrol.add_customer,
    "open-account": enrol.open_account,
    "take-on-customer": enrol.take_on_customer,
    "change-customer": change_customer.change_customer,
    "authorise-person": authorised.authorise_person,
    "end-authorisation": authorised.end_authorisation,
    "record-contact": care_actions.record_contact,
    "check-caller": care_actions.check_caller,
    "end-caller-check": care_actions.end_caller_check,
    "wrap-up": care_actions.wrap_up,
    "complete-follow-up": care_actions.complete_follow_up,
    "place-order": order_actions.place_order,
    "complete-order": order_actions.complete_order,
    "delay-order": order_actions.delay_order,
    "resume-order": order_actions.resume_order,
    "cancel-order": order_actions.cancel_order,
    "report-fault": repair_actions.report_fault,
    "clear-fault": repair_actions.clear_fault,
    "withdraw-fault": repair_actions.withdraw_fault,
    "take-payment": billing_actions.take_payment,
    "release-bill": billing_actions.release_bill,
    "withdraw-bill": billing_actions.withdraw_bill,
    "withdraw-run": billing_actions.withdraw_run,
    "approve-bills": billing_actions.approve_bills,
    "set-bill-control": billing_actions.set_bill_control,
    "request-bill": billing_actions.request_bill,
    "cancel-bill-request": billing_actions.cancel_bill_request,
    "define-benefit": benefit_actions.define_benefit,
    "end-benefit": benefit_actions.end_benefit,
    "name-friend": benefit_actions.name_friend,
    "drop-friend": benefit_actions.drop_friend,
    "give-promotion": promotions.give_promotion,
    "end-promotion": promotions.end_promotion,
    "credit-bill-line": adjustments.credit_bill_line,
    "adjust-account": adjustments.adjust_account,
    "enter-outside-item": outside.enter_outside_item,
    "join-group": groups.join_group,
    "leave-group": groups.leave_group,
    "copy-bill": copies.copy_bill,
    "make-statement": statements.make_statement,
    "load-tariff": billing_actions.load_tariff,
    "release-tariff": billing_actions.release_tariff,
    "withdraw-tariff": billing_actions.withdraw_tariff,
    "replay-usage": suspense.replay_usage,
    "approve-late-usage": suspense.approve_late_usage,
    "write-off-usage": suspense.write_off_usage,
    "accept-duplicate": suspense.accept_duplicate,
    "assemble-usage": long_calls.assemble_usage,
    "rerate-usage": rerating.rerate_usage,
    "set-product-price": prices.set_product_price,
    "announce-vat-rate": prices.announce_vat_rate,
    "set-vat-status": account_terms.set_vat_status,
    "change-cycle": account_terms.change_cycle,
    "change-billing": account_terms.change_billing,
}

QUERIES: Mapping[str, Callable[..., Any]] = {
    "districts": master_queries.districts,
    "providers": master_queries.providers,
    "operators": people.operators,
    "operator-card": people.operator_card,
    "operators-on-duty": people.operators_on_duty,
    "approvals-waiting": approvals.approvals_waiting,
    "approvals-decided": approvals.approvals_decided,
    "approval": approvals.approval,
    "audit-trail": audit_trail.audit_trail,
    "news": news.news,
    "products": master_queries.products,
    "product-prices": master_queries.product_prices,
    "tariffs": tariff_book,
    "tariff-versions": tariff_versions,
    "tariff-card": tariff_card,
    "tariff-comparison": tariff_comparison,
    "sites-by-postcode": master_queries.sites_by_postcode,
    "site-by-key": master_queries.site_by_key,
    "find-customers": find.find_customers,
    "customer-card": cards.customer_card,
    "account-card": cards.account_card,
    "line-card": cards.line_card,
    "line-story": line_story.line_story,
    "customer-record": customer_record.customer_record,
    "possible-duplicates": duplicates.possible_duplicates,
    "caller-check-of": care_queries.caller_check_of,
    "follow-ups": care_queries.follow_ups,
    "wrap-reasons": care_queries.wrap_reasons,
    "timeline": care_queries.timeline,
    "line-timeline": care_queries.line_timeline,
    "order-card": order_queries.order_card,
    "open-orders": order_queries.open_orders,
    "account-orders": order_queries.account_orders,
    "order-work-list": order_queries.order_work_list,
    "fault-card": repair_queries.fault_card,
    "open-faults": repair_queries.open_faults,
    "faults-of-account": repair_queries.faults_of_account,
    "symptoms": repair_queries.symptoms,
    "clear-codes": repair_queries.clear_codes,
    "account-balance": billing_queries.account_balance,
    "account-terms": account_terms_of,
    "statement": billing_queries.statement,
    "bills-of-account": billing_queries.bills_of_account,
    "bills-of-night": billing_queries.bills_of_night,
    "held-bills": billing_queries.held_bills,
    "parked-accounts": billing_queries.parked_accounts,
    "bill-runs": billing_queries.bill_runs,
    "bill-run": billing_queries.bill_run,
    "sample-of-night": billing_queries.sample_of_night,
    "bill-control": billing_queries.bill_control,
    "bill-card": billing_queries.bill_card,
    "bill-file": billing_queries.bill_file,
    "dry-run-bill": dry_run_bill,
    "bill-story": bill_story,
    "bill-line-story": bill_line_story,
    "benefits": benefit_queries.benefits,
    "benefit-card": benefit_queries.benefit_card,
    "friends": benefit_queries.friends,
    "allowances": benefit_queries.allowances,
    "promotions": benefit_queries.promotions,
    "adjustments-of-account": adjustments_of_account,
    "statements-of-account": statements_of_account,
    "statement-file": statement_file,
    "explain-call": explain_call,
    "calls-of-number": calls_of_number,
    "reratings": billing_queries.reratings,
    "rerating-card": billing_queries.rerating_card,
    "outbox-after": handover.outbox_after,
    "night-runs": batch_queries.runs,
    "night-steps": batch_queries.steps,
    "night-totals": batch_queries.totals,
    "night-rejects": batch_queries.rejects,
    "waiting-usage": suspense_queries.waiting_usage,
    "waiting-records": suspense_queries.waiting_records,
    "waiting-calls": suspense_queries.waiting_calls,
    "usage-files": usage_queries.files,
    "usage-file": usage_queries.file_card,
    "usage-set-aside": usage_queries.set_aside_records,
    "usage-record": usage_queries.raw_record,
    "usage-alarms": usage_queries.alarms,
}

do = typer.Typer(add_completion=False)
ask = typer.Typer(add_completion=False)

_NAMED = re.compile(r"^([a-z_]+)=(.*)$", re.DOTALL)
"""A criterion by its name; what has no name before the sign is a value with a sign in it."""
_GIVEN = frozenset({"session", "by"})
"""What the door itself gives to a query."""


def the_asker() -> Actor:
    """Whoever is signed on to the operating system, acting for the own retail arm with every role: the owner's door."""
    return Actor("operator", system_user().upper()[:8], RETAIL, frozenset(role.value for role in Role), "command line")


@do.command()
def do_verb(
    verb: Annotated[str, typer.Argument(help="One of the verbs; without one they are listed.")] = "",
    file: Annotated[str, typer.Argument(help="A JSON file with the command, or - for standard input.")] = "",
    *,
    fields: Annotated[bool, typer.Option("--fields", help="Say what the verb takes, and do nothing.")] = False,
    by: Annotated[
        str, typer.Option("--by", help="The operator who does it, and gives a password; left out, whoever is signed on here.")
    ] = "",
) -> None:
    """Do a deed: any verb, with its command as JSON. Prints the answer as JSON."""
    if not verb:
        _list(VERBS)
        return
    action = _named(VERBS, verb, "verb", "do")
    command_type = _command_type(action)
    if fields:
        _print(describe(command_type))
        return
    if by and file in {"", "-"}:
        raise BadMessage("CSS007E", "With --by the command stands in a file: standard input is for the password.")
    command: Any = from_plain(_read_json(file, verb), command_type)
    actor, at = acting(by)
    with transaction(database()) as session:
        answer = action(session, command, by=actor, at=at)
    _print(to_plain(answer))


@ask.command()
def ask_query(
    query: Annotated[str, typer.Argument(help="One of the queries; without one they are listed.")] = "",
    criteria: Annotated[list[str] | None, typer.Argument(help="What to look for, as name=value, or values in order.")] = None,
    *,
    fields: Annotated[bool, typer.Option("--fields", help="Say what the query takes, and ask nothing.")] = False,
) -> None:
    """Ask a question: any query, its rows as JSON."""
    if not query:
        _list(QUERIES)
        return
    function = _named(QUERIES, query, "query", "ask")
    wanted = _criteria_of(function)
    if fields:
        _print({name: phrase(kind) + ("" if is_required else ", optional") for name, (kind, is_required) in wanted.items()})
        return
    arguments = _arguments(wanted, criteria or [])
    parameters = inspect.signature(function).parameters
    if "by" in parameters:
        arguments["by"] = the_asker()
    with transaction(database()) as session:
        if "session" in parameters:
            arguments["session"] = session
        _refuse_unknown_district(session, arguments)
        rows = function(**arguments)
    _print(to_plain(rows))


def _refuse_unknown_district(session: Session, arguments: Mapping[str, Any]) -> None:
    """A district nobody knows is a slip of the keys, not a district with nothing in it."""
    code = arguments.get("district_code") or arguments.get("district")
    if isinstance(code, str) and session.get(District, code) is None:
        raise no_district(code)


def _list(table: Mapping[str, Callable[..., Any]]) -> None:
    """Each name with the first sentence of what its function says of itself."""
    width = max(map(len, table))
    for name, function in table.items():
        first_line = (inspect.getdoc(function) or "").partition("\n")[0]
        print(f"{name:<{width}}  {re.split(r'(?<=[.]) ', first_line)[0]}")


def _named(table: Mapping[str, Callable[..., Any]], name: str, what: str, door: str) -> Callable[..., Any]:
    if name in table:
        return table[name]
    raise BadMessage(
        "CSS006E",
        "There is no {what} {name!r}; `css {door}` knows: {known}.",
        what=what,
        name=name[:40],
        door=door,
        known=", ".join(sorted(table)),
    )


def _command_type(action: Callable[..., Any]) -> type:
    """The type of what comes after the session."""
    kind: type = get_type_hints(action)[list(inspect.signature(action).parameters)[1]]
    return kind


def _read_json(file: str, verb: str) -> Any:  # noqa: ANN401 - JSON is of any type until its record is known
    name = file or "standard input"
    if not file and sys.stdin.isatty():
        sentence = "Give the command as a JSON file, or - to type it; `css do {verb} --fields` says its fields."
        raise BadMessage("CSS007E", sentence, verb=verb)
    content = sys.stdin.buffer.read(COMMAND_BYTES_MAX + 1) if file in {"", "-"} else _read_file(Path(file))
    if len(content) > COMMAND_BYTES_MAX:
        raise BadMessage("CSS007E", "{file} is larger than {limit} bytes.", file=name, limit=COMMAND_BYTES_MAX)
    if not content.strip():
        raise BadMessage("CSS007E", "{file} is empty; `css do {verb} --fields` says what the command needs.", file=name, verb=verb)
    try:
        text = content.decode("utf-8-sig")
        return json.loads(text, parse_float=_no_float, parse_constant=_no_constant, object_pairs_hook=_no_doubles)
    except UnicodeDecodeError:
        raise BadMessage("CSS007E", "{file} is not text in UTF-8.", file=name) from None
    except json.JSONDecodeError as problem:
        sentence = "{file} is not JSON: line {line}, column {column}."
        raise BadMessage("CSS007E", sentence, file=name, line=problem.lineno, column=problem.colno) from None
    except (RecursionError, ValueError):  # brackets without end; a number of thousands of digits
        raise BadMessage("CSS007E", "{file} is JSON past any use: nested too deeply, or a number too long.", file=name) from None


def _read_file(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(COMMAND_BYTES_MAX + 1)


def _no_float(text: str) -> NoReturn:
    raise BadMessage("CSS007E", 'The number {text} has a fraction; write amounts as text, like "12.34".', text=text[:40])


def _no_constant(text: str) -> NoReturn:
    raise BadMessage("CSS007E", '{text} is no amount; write amounts as text, like "12.34".', text=text)


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadMessage("CSS007E", "The field {name!r} is named twice in one object; say it once.", name=twice[:40])
    return found


def _criteria_of(function: Callable[..., Any]) -> dict[str, tuple[Any, bool]]:
    """The criteria of a query in order: their type, and whether they must be given."""
    hints = get_type_hints(function)
    return {
        name: (hints[name], parameter.default is inspect.Parameter.empty)
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in _GIVEN
    }


def _arguments(wanted: Mapping[str, tuple[Any, bool]], words: list[str]) -> dict[str, Any]:
    """The criteria as values. Everything wrong with the values is told at once."""
    given = _by_name(wanted, words)
    missing = [name for name, (_, is_required) in wanted.items() if is_required and name not in given]
    wrong = Refusals()
    if missing:
        sentence = "The query needs {missing}; give it as {example}=VALUE."
        wrong.add(BadMessage("CSS008E", sentence, missing=", ".join(missing), example=missing[0]))
    values = {name: wrong.reading(partial(_value, word, wanted[name][0], name)) for name, word in given.items()}
    wrong.tell()
    return values


def _by_name(wanted: Mapping[str, tuple[Any, bool]], words: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for word in words:
        named = _NAMED.match(word)
        name = named[1] if named else next((free for free in wanted if free not in given), "")
        if name not in wanted:
            names = ", ".join(wanted) or "nothing"
            raise BadMessage("CSS008E", "Nobody asked for {word!r}; the query takes {names}.", word=word[:40], names=names)
        if name in given:
            raise BadMessage("CSS008E", "{name} is given twice.", name=name)
        given[name] = named[2] if named else word
    return given


def _value(word: str, kind: Any, name: str) -> Any:  # noqa: ANN401 - a word of the command line for a parameter of any type
    """Numbers and switches are read as such; everything else is text to the codec."""
    kinds = getattr(kind, "__args__", (kind,))
    plain: str | int = word
    if int in kinds and re.fullmatch(r"-?[0-9]{1,20}", word):
        plain = int(word)
        if plain < 0:
            raise BadMessage("CSS008E", "{name} is nought or more.", name=name, element=name)
    elif bool in kinds and word in {"true", "false"}:
        plain = word == "true"
    return from_plain(plain, kind, path=name)


def _print(plain: Any) -> None:  # noqa: ANN401 - see _read_json
    print(json.dumps(plain, indent=2, ensure_ascii=False))
