"""What each number means, in a sentence: the panels quote it (docs/metrics.md, and the contract's section 4)."""

DEFINITIONS = {
    "retention_customers": "start: customers with a qualifying order in the window before, end: in the window; "
    "retained: in both; lost: in the one before only; new: the first order ever is in the window; "
    "reactivated: all others of end.",
    "retention_rate_ratio": "cohort: retained / start. textbook: (end - new) / start, which reactivation flatters.",
    "retention_churn_ratio": "lost / start: of the customers of the window before, those who did not order in it.",
    "retention_channel_rate_ratio": "retained / start, of the customers whose first qualifying order came by the channel.",
    "retention_experiment_rate_ratio": "retained / start, of the customers whose latest event with the experiment, "
    "before the window, shows the variant.",
    "retention_returning_customer_ratio": "customers with two qualifying orders or more / end; "
    "window: both in the window, lifetime: ever.",
    "retention_orders": "Qualifying orders of the window: neither cancelled nor fully refunded.",
    "retention_purchase_frequency": "Qualifying orders of the window / end.",
    "retention_referred_orders": "Qualifying orders of the window that name another customer as referrer.",
    "retention_referred_revenue": "Net amount of the referred orders.",
    "retention_net_revenue": "Amount less refunds of the window's qualifying orders.",
    "retention_average_order_value": "Net amount of the window's qualifying orders / their number; "
    "first: the customer's first ever, repeat: all others.",
    "retention_customer_lifetime_value": "Average order value x purchase frequency x retention rate, all of 365 days.",
    "retention_realised_value": "Net amount of all known qualifying orders / customers with one.",
    "retention_refund_ratio": "Of the window's orders not cancelled: orders: with any refund, full: fully refunded, "
    "value: share of the amount refunded.",
    "retention_refund_rejected_ratio": "Refunds rejected / (rejected + completed), by the hour of the decision.",
    "retention_refund_seconds": "From a refund's request to its completion, by the hour of completion.",
    "retention_refunds_open": "Refunds requested and neither completed nor rejected.",
    "retention_first_response_seconds": "From a customer's ticket to the first public reply; "
    "any: of an agent or a bot, human: of an agent.",
    "retention_first_response_mean_seconds": "The mean of the same times, exact.",
    "retention_channel_first_response_seconds": "Time to the first public reply of an agent, by the ticket's channel.",
    "retention_resolution_seconds": "From opening to resolution; first: the earliest solved or closed, "
    "full: the last, while the ticket stays resolved.",
    "retention_resolution_mean_seconds": "The mean of the same times, exact.",
    "retention_requester_wait_seconds": "Time a ticket spent open or on hold until its full resolution.",
    "retention_reopened_ratio": "Of the tickets fully resolved in the window, those once resolved and reopened.",
    "retention_transferred_ratio": "Of the tickets fully resolved in the window, those that were transferred.",
    "retention_bot_only_ratio": "Of the tickets fully resolved in the window, those a bot answered and no agent.",
    "retention_deadline_told_ratio": "Of the tickets first answered in the window, those told a deadline.",
    "retention_sla_breach_ratio": "Targets breached / decided; a target is decided when it is met or falls due, "
    "whichever is first.",
    "retention_tickets_due": "Targets neither met nor missed yet that fall due within two hours.",
    "retention_tickets": "Tickets not solved or closed, now.",
    "retention_tickets_unanswered": "Open tickets of customers without a response (any: of agent or bot, human), now.",
    "retention_oldest_unanswered_ticket_timestamp_seconds": "When the ticket was opened that has waited longest "
    "for a person.",
    "retention_nps": "100 x (promoters 9-10 - detractors 0-6) / answers, of each customer's latest answer.",
    "retention_ces": "Mean customer effort score, 1 to 7, 7 is easiest.",
    "retention_csat_ratio": "Share of the satisfaction answers that are 4 or 5.",
    "retention_review_rating": "Mean rating of the reviews not removed, 1 to 5.",
    "retention_sentiment": "Mean sentiment of the reviews that have one, -1 to 1.",
    "retention_responses": "How many answers and reviews the scores rest on.",
    "retention_cart_abandonment_ratio": "Carts left for an hour and not converted / (those + converted), "
    "of carts with their last activity in the window.",
    "retention_cart_recovery_ratio": "Carts converted an hour or more after their last activity / (those + abandoned).",
    "retention_checkout_seconds": "From a cart's first checkout.started to its order.",
    "retention_delivery_seconds": "From order to delivery.",
    "retention_payment_failures": "Payments failed in the window.",
    "retention_stockouts": "Times a customer wanted what was out of stock, in the window.",
    "retention_on_time_delivery_ratio": "Of the promised orders delivered in the window, those by the promised time.",
    "retention_deliveries_overdue": "Qualifying orders past their promised time and not delivered, now.",
    "retention_lifecycle_customers": "By the time since the last qualifying order: churned from 90 days, "
    "at_risk from 45; new: one order; reactivated: came back after 90 days.",
    "retention_lifecycle_value": "Net amount of 365 days of the customers in the state.",
    "retention_loyalty_customers": "Customers by the net amount of 365 days.",
    "retention_spender_sender_customers": "Spender: ordered within 365 days. Sender: shared, promotes or referred.",
    "retention_action_return_ratio": "Actions whose 30 days ended in the window, after which the customer ordered "
    "within them; held_out: nothing was said of them.",
    "retention_churn_by_exposure_ratio": "Of the customers at the start who had met it before, the share lost; "
    "none: who met nothing of it.",
    "retention_as_of_timestamp_seconds": "The moment that the published numbers describe.",
    "retention_caught_up": "1: everything was read; 0: the numbers are the last complete ones.",
    "retention_worker_events_total": "Records read from the inputs.",
    "retention_worker_outputs_total": "Records written to the derived topics, by topic.",
    "retention_worker_read_model_up": "1: Redis takes the read model.",
    "retention_worker_read_model_behind_records": "Records that are not in the read model yet.",
    "retention_worker_anonymous_records_total": "Records of a mapped topic that count for nothing because they name "
    "nobody.",
    "retention_worker_duplicates_total": "Facts that were known already.",
    "retention_worker_rerouted_total": "Facts forwarded to the worker of their customer.",
    "retention_worker_dead_letters_total": "Records refused, by reason.",
    "retention_worker_lag_records": "Records not read yet.",
    "retention_worker_event_to_metric_seconds": "From a record's timestamp until it was in the exported metrics.",
    "retention_worker_flush_seconds": "Time of a task's transaction.",
    "retention_worker_recovery_seconds": "How long the last task took to be restored.",
    "retention_worker_state_rows": "Customer rows held.",
    "retention_worker_state_bytes": "Bytes of the customer rows held.",
    "retention_worker_tasks_owned": "Tasks (partitions) running on the worker.",
    "retention_worker_records_lost_total": "Records deleted by a topic's retention before they were read.",
    "retention_worker_caught_up": "1: every task of the worker has read all there was.",
    "retention_worker_info": "The version that runs.",
    "up": "1: Prometheus reached the worker.",
}

OPERATIONAL = frozenset(name for name in DEFINITIONS if name.startswith("retention_worker_")) | {"up"}
