"""Every query that a script can reach, by name: the whole registration of ``css ask``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from batch import balance, console
from batch import control as night_control
from batch import queries as batch_queries
from batch.balance import rejects as reject_queries
from batch.clock import resources, schedules
from batch.outputs import queries as outputs_queries
from batch.report.board import night_board
from batch.report.reading import morning_report
from batch.upkeep import keeping
from billing import queries as billing_queries
from billing.actions.dry_run import dry_run_bill
from billing.queries import benefits as benefit_queries
from billing.queries import periods
from billing.queries import suspense as suspense_queries
from billing.queries import usage as usage_queries
from billing.queries.adjustments import adjustments_of_account
from billing.queries.bill_calls import calls_of_bill
from billing.queries.bill_story import bill_line_story, bill_story
from billing.queries.explain_call import calls_of_number, explain_call
from billing.queries.first_bill import first_bill
from billing.queries.redress_terms import redress_terms as redress_terms_now
from billing.queries.statements import statement_file, statements_of_account
from billing.queries.tariff_comparison import tariff_comparison
from billing.queries.tariffs import tariff_book, tariff_card, tariff_versions
from billing.queries.terms_card import account_terms as account_terms_of
from billing.queries.worth import repair_worth
from css import handover
from css.care import queries as care_queries
from css.master import (
    appointment_queries,
    approvals,
    audit_trail,
    cards,
    customer_record,
    desk_queries,
    duplicates,
    find,
    line_story,
    news,
    people,
    pins,
    working_queries,
)
from css.master import queries as master_queries
from css.partners.access import certificates, keys_actions, terms
from css.partners.desk import cards as message_cards
from css.partners.desk import looking as message_lists
from css.partners.outgoing import redelivering
from css.partners.sandbox import progress as sandbox_progress
from css.quotes.placing import order_effect
from css.redress.explain import explain_fault
from css.redress.worth import fault_worth
from orders.queries import cards as order_queries
from orders.queries import entry as entry_queries
from orders.queries import notes as seeing_queries
from orders.queries import numbers as number_queries
from orders.queries import plant as plant_queries
from orders.queries import reconciling
from orders.queries import requests as request_queries
from orders.queries import tasks as task_queries
from orders.queries import work as work_queries
from orders.queries.counts import orders_at_risk
from orders.queries.delays import delays_of_account
from orders.queries.links import orders_beside
from orders.queries.quotes import quote_card, quotes_of_account
from orders.queries.worth import cancellation_charges
from orders.timings import timings
from repairs.queries import cards as fault_queries
from repairs.queries import clock as clock_queries
from repairs.queries import dispatch as dispatch_queries
from repairs.queries import outages as outage_queries
from repairs.queries import problems as problem_queries
from repairs.queries import queue as queue_queries
from repairs.queries import testing as test_queries
from repairs.queries.counts import faults_due, faults_waiting
from repairs.reference import policy_on

QUERIES: Mapping[str, Callable[..., Any]] = {
    "districts": master_queries.districts,
    "providers": master_queries.providers,
    "operators": people.operators,
    "operator-card": people.operator_card,
    "operators-on-duty": people.operators_on_duty,
    "approvals-waiting": approvals.approvals_waiting,
    "approvals-decided": approvals.approvals_decided,
    "approvals-about": approvals.approvals_about,
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
    "pins": pins.pins,
    "accounts-of-customer": desk_queries.accounts_of_customer,
    "holds-of-account": handover.holds_of_account,
    "recent-accounts": desk_queries.recent_accounts,
    "orders-at-risk": orders_at_risk,
    "delays-of-account": delays_of_account,
    "faults-due": faults_due,
    "faults-waiting": faults_waiting,
    "timeline": care_queries.timeline,
    "line-timeline": care_queries.line_timeline,
    "order-card": order_queries.order_card,
    "order-effect": order_effect,
    "cancellation-charges": cancellation_charges,
    "quote-card": quote_card,
    "quotes-of-account": quotes_of_account,
    "open-orders": order_queries.open_orders,
    "open-orders-of-provider": reconciling.open_order_page,
    "lines-of-provider": reconciling.own_lines,
    "account-orders": order_queries.account_orders,
    "orders-of-line": order_queries.orders_of_line,
    "order-work-list": order_queries.order_work_list,
    "work-page": work_queries.work_page,
    "order-progress": work_queries.order_progress,
    "order-tasks": task_queries.order_tasks,
    "tasks-to-do": task_queries.tasks_to_do,
    "tasks-waiting": task_queries.tasks_waiting,
    "order-notes": seeing_queries.order_notes,
    "orders-beside": orders_beside,
    "entry-answer": entry_queries.entry_answer,
    "free-numbers": entry_queries.free_numbers,
    "plant-at": plant_queries.plant_at,
    "number-card": number_queries.number_card,
    "number-stock": number_queries.number_stock,
    "reserved-numbers": number_queries.reserved_numbers,
    "ported-numbers": number_queries.ported_numbers,
    "networks": number_queries.networks,
    "waiting-order-requests": request_queries.waiting_order_requests,
    "slot-week": appointment_queries.slot_week,
    "order-timings": timings,
    "free-slots": appointment_queries.free_slots,
    "appointment-card": appointment_queries.appointment_card,
    "appointments-of-site": appointment_queries.appointments_of_site,
    "appointments-of-day": appointment_queries.appointments_of_day,
    "fault-card": fault_queries.fault_card,
    "open-faults": fault_queries.open_faults,
    "faults-of-account": fault_queries.faults_of_account,
    "faults-of-line": fault_queries.faults_of_line,
    "fault-queue": queue_queries.queue_page,
    "engineers": dispatch_queries.engineers,
    "engineer-card": dispatch_queries.engineer_card,
    "engineer-day": dispatch_queries.engineer_day,
    "dispatch-board": dispatch_queries.dispatch_board,
    "fault-clock": clock_queries.fault_clock,
    "mborcs": clock_queries.mborcs,
    "line-test": test_queries.line_test,
    "tests-of-line": test_queries.tests_of_line,
    "plant-troubles": test_queries.plant_troubles,
    "care-levels": working_queries.care_levels,
    "working-calendar": working_queries.working_calendar,
    "due-time": working_queries.due_time,
    "repair-policy": policy_on,
    "outages": outage_queries.outages,
    "outage-card": outage_queries.outage_card,
    "outage-of-line": outage_queries.outage_of_line,
    "problems": problem_queries.problems,
    "problem-card": problem_queries.problem_card,
    "breaches": problem_queries.breaches,
    "symptoms": fault_queries.symptoms,
    "clear-codes": fault_queries.clear_codes,
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
    "closed-periods": periods.closed_periods,
    "month-end": periods.month_end,
    "quarter-end": periods.quarter_end,
    "vat-return": periods.house_vat_return,
    "bill-card": billing_queries.bill_card,
    "bill-file": billing_queries.bill_file,
    "dry-run-bill": dry_run_bill,
    "bill-story": bill_story,
    "bill-line-story": bill_line_story,
    "bill-calls": calls_of_bill,
    "first-bill": first_bill,
    "repair-worth": repair_worth,
    "fault-worth": fault_worth,
    "explain-fault": explain_fault,
    "redress-terms": redress_terms_now,
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
    "deliveries": redelivering.deliveries,
    "delivery-attempts": redelivering.delivery_attempts,
    "partner-keys": keys_actions.partner_keys,
    "partner-certificates": certificates.partner_certificates,
    "partner-terms": terms.partner_terms,
    "sandbox-progress": sandbox_progress.sandbox_progress,
    "partner-messages": message_lists.partner_messages,
    "partner-message": message_cards.partner_message,
    "conversation": message_cards.conversation,
    "partner-usage": message_cards.partner_usage,
    "night-runs": batch_queries.runs,
    "night-steps": batch_queries.steps,
    "night-totals": batch_queries.totals,
    "night-balances": batch_queries.balances,
    "night-rejects": batch_queries.rejects,
    "rejects": reject_queries.rejects,
    "reject": reject_queries.reject,
    "book-checks": balance.book_checks,
    "books": balance.books,
    "generations": outputs_queries.generations,
    "retention": keeping.retention,
    "retention-runs": keeping.retention_runs,
    "night-plan": console.night_plan,
    "night-step": console.night_step,
    "morning-report": morning_report,
    "night-board": night_board,
    "night-year": schedules.night_year,
    "night-schedules": schedules.night_schedules,
    "night-clocks": schedules.night_clocks,
    "night-resources": resources.night_resources,
    "night-attempts": batch_queries.night_attempts,
    "night-alarms": batch_queries.night_alarms,
    "night-alarm": batch_queries.night_alarm,
    "night-actions": batch_queries.night_actions,
    "night-verb": night_control.night_verb,
    "night-verbs": night_control.night_verbs,
    "waiting-usage": suspense_queries.waiting_usage,
    "waiting-records": suspense_queries.waiting_records,
    "waiting-calls": suspense_queries.waiting_calls,
    "usage-files": usage_queries.files,
    "usage-file": usage_queries.file_card,
    "usage-set-aside": usage_queries.set_aside_records,
    "usage-record": usage_queries.raw_record,
    "usage-alarms": usage_queries.alarms,
}
