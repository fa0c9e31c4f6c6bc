"""Every verb and every query that a script can reach, by name: the whole registration of ``css do`` and ``css ask``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from batch import console
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
    redress_terms,
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
from css.care import actions as care_actions
from css.care import queries as care_queries
from css.master import (
    appointment_holding,
    appointment_planning,
    appointment_queries,
    approvals,
    audit_trail,
    authorised,
    cards,
    change_customer,
    credit_limits,
    customer_record,
    desk_queries,
    duplicates,
    enrol,
    find,
    line_story,
    news,
    operator_changes,
    people,
    pins,
    wholesale,
    working_calendar_actions,
    working_queries,
)
from css.master import queries as master_queries
from css.partners import cards as message_cards
from css.partners import certificates, keys, keys_actions, redelivering, terms
from css.partners import looking as message_lists
from css.partners import operating as message_operating
from css.partners.sandbox import area as sandbox_area
from css.partners.sandbox import progress as sandbox_progress
from css.quotes.placing import order_effect
from css.quotes.quote import quote_order
from css.redress import verbs as credited
from css.redress.explain import explain_fault
from css.redress.worth import fault_worth
from css.web import approvals as web_approvals
from orders import actions as order_actions
from orders.actions import reference as order_reference
from orders.actions import requests as order_requests
from orders.actions import reserve
from orders.actions.bulk import place_orders_in_bulk
from orders.actions.quoting import consent_quote
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
from repairs import actions as repair_actions
from repairs.actions.policy import set_repair_policy
from repairs.queries import cards as fault_queries
from repairs.queries import clock as clock_queries
from repairs.queries import dispatch as dispatch_queries
from repairs.queries import outages as outage_queries
from repairs.queries import problems as problem_queries
from repairs.queries import queue as queue_queries
from repairs.queries import testing as test_queries
from repairs.queries.counts import faults_due, faults_waiting
from repairs.reference import policy_on

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
    "pin": pins.pin,
    "quote-order": quote_order,
    "consent-quote": consent_quote,
    "place-order": order_actions.place_order,
    "complete-order": credited.complete_order,
    "delay-order": order_actions.delay_order,
    "resume-order": order_actions.resume_order,
    "cancel-order": order_actions.cancel_order,
    "cancel-other": order_actions.cancel_other,
    "commit-order": order_actions.commit_order,
    "amend-order": order_actions.amend_order,
    "inform-order": order_actions.inform_order,
    "terminate-order": order_actions.terminate_order,
    "complete-task": credited.complete_task,
    "fail-task": order_actions.fail_task,
    "retry-task": order_actions.retry_task,
    "miss-appointment": credited.miss_appointment,
    "chase-order": order_actions.chase_order,
    "escalate-order": order_actions.escalate_order,
    "take-order": order_actions.take_order,
    "place-orders-in-bulk": place_orders_in_bulk,
    "take-order-requests": order_requests.take_order_requests,
    "reserve-number": reserve.reserve_number,
    "release-number": reserve.release_number,
    "reserve-slot": appointment_holding.reserve_slot,
    "move-appointment": appointment_holding.move_appointment,
    "release-slot": appointment_holding.release_slot,
    "lapse-slots": appointment_holding.lapse_slots,
    "set-slot-capacity": appointment_planning.set_slot_capacity,
    "set-slot-pattern": appointment_planning.set_slot_pattern,
    "set-order-timing": order_reference.set_order_timing,
    "set-quarantine": order_reference.set_quarantine,
    "set-working-hours": working_calendar_actions.set_working_hours,
    "set-calendar-exception": working_calendar_actions.set_calendar_exception,
    "set-care-level": working_calendar_actions.set_care_level,
    "set-repair-policy": set_repair_policy,
    "report-fault": repair_actions.report_fault,
    "clear-fault": credited.clear_fault,
    "accept-clear": repair_actions.accept_clear,
    "accept-silent-clears": repair_actions.accept_silent_clears,
    "reject-clear": repair_actions.reject_clear,
    "appoint-fault": repair_actions.appoint_fault,
    "miss-visit": credited.miss_visit,
    "withdraw-fault": repair_actions.withdraw_fault,
    "report-damage": repair_actions.report_damage,
    "amend-fault": repair_actions.amend_fault,
    "chase-fault": repair_actions.chase_fault,
    "own-fault": repair_actions.own_fault,
    "test-line": repair_actions.test_line,
    "collect-line-tests": repair_actions.collect_line_tests,
    "break-plant": repair_actions.break_plant,
    "mend-plant": repair_actions.mend_plant,
    "add-engineer": repair_actions.add_engineer,
    "change-engineer": repair_actions.change_engineer,
    "assign-fault": repair_actions.assign_fault,
    "take-next": repair_actions.take_next,
    "arrive-on-site": repair_actions.arrive_on_site,
    "return-fault": credited.return_fault,
    "recall-fault": repair_actions.recall_fault,
    "diagnose-fault": repair_actions.diagnose_fault,
    "queue-fault": repair_actions.queue_fault,
    "park-fault": repair_actions.park_fault,
    "resume-fault": repair_actions.resume_fault,
    "expedite-fault": repair_actions.expedite_fault,
    "declare-mborc": repair_actions.declare_mborc,
    "narrow-mborc": repair_actions.narrow_mborc,
    "lift-mborc": repair_actions.lift_mborc,
    "declare-outage": repair_actions.declare_outage,
    "update-outage": repair_actions.update_outage,
    "clear-outage": credited.clear_outage,
    "withdraw-outage": repair_actions.withdraw_outage,
    "detach-fault": repair_actions.detach_fault,
    "mark-breaches": repair_actions.mark_breaches,
    "warn-of-breaches": repair_actions.warn_of_breaches,
    "find-problems": repair_actions.find_problems,
    "close-problem": repair_actions.close_problem,
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
    "set-compensation-rate": redress_terms.set_compensation_rate,
    "set-compensation-policy": redress_terms.set_compensation_policy,
    "set-guarantee-rate": redress_terms.set_guarantee_rate,
    "set-outside-nominal": redress_terms.set_outside_nominal,
    "issue-partner-key": keys.issue_partner_key,
    "revoke-partner-key": keys_actions.revoke_partner_key,
    "expire-partner-key": keys_actions.expire_partner_key,
    "register-partner-certificate": certificates.register_partner_certificate,
    "revoke-partner-certificate": certificates.revoke_partner_certificate,
    "set-partner-terms": terms.set_partner_terms,
    "resend-document": redelivering.resend_document,
    "deliver-after": redelivering.deliver_after,
    "reset-sandbox": sandbox_area.reset_sandbox,
    "retry-message": message_operating.retry_message,
    "accept-rejected": message_operating.accept_rejected,
}

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
    "night-rejects": batch_queries.rejects,
    "night-plan": console.night_plan,
    "night-step": console.night_step,
    "waiting-usage": suspense_queries.waiting_usage,
    "waiting-records": suspense_queries.waiting_records,
    "waiting-calls": suspense_queries.waiting_calls,
    "usage-files": usage_queries.files,
    "usage-file": usage_queries.file_card,
    "usage-set-aside": usage_queries.set_aside_records,
    "usage-record": usage_queries.raw_record,
    "usage-alarms": usage_queries.alarms,
}
