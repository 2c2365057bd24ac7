"""Define each metric in a sentence, for the panel descriptions. The full definitions are in docs/metrics.md."""

DEFINITIONS = {
    "retention_customers": "start: customers with a qualifying order in the window before. end: customers with one in the window. "
    "retained: in both. lost: only in the window before. new: the first order ever is in the window. "
    "reactivated: end without retained and new.",
    "retention_rate_ratio": "cohort: retained / start. textbook: (end - new) / start, which reactivated customers raise.",
    "retention_churn_ratio": "lost / start: the share of the customers of the window before without an order in the window.",
    "retention_channel_rate_ratio": "retained / start, over the customers whose first qualifying order came through the channel.",
    "retention_experiment_rate_ratio": "retained / start, over the customers whose latest event with the experiment "
    "before the window has the variant.",
    "retention_returning_customer_ratio": "Customers with at least two qualifying orders / end. "
    "window: two in the window. lifetime: two ever.",
    "retention_orders": "Qualifying orders of the window. An order qualifies unless it is cancelled or fully refunded.",
    "retention_purchase_frequency": "Qualifying orders of the window / end.",
    "retention_referred_orders": "Qualifying orders of the window that name another customer as referrer.",
    "retention_referred_revenue": "Net amount of the referred orders.",
    "retention_net_revenue": "Amount of the window's qualifying orders, less their refunds.",
    "retention_average_order_value": "Net amount of the window's qualifying orders / their number. "
    "first: each customer's first order ever. repeat: later orders.",
    "retention_customer_lifetime_value": "Average order value x purchase frequency x retention rate, each over 365 days.",
    "retention_realised_value": "Net amount of all qualifying orders in the event retention / customers with such an order.",
    "retention_refund_ratio": "Shares of the window's orders that are not cancelled. orders: with a refund. full: fully refunded. "
    "value: refunded share of the amount.",
    "retention_refund_rejected_ratio": "Refunds rejected / (rejected + completed), by the hour of the decision.",
    "retention_refund_seconds": "Time from a refund's request to its completion, by the hour of completion.",
    "retention_refunds_reversed": "Paid refunds that failed or were taken back, by the hour of the reversal.",
    "retention_refunds_open": "Refunds requested and not yet completed, rejected or reversed, now.",
    "retention_first_response_seconds": "Time from a customer's ticket to the first public reply. "
    "any: by an agent or a bot. human: by an agent.",
    "retention_first_response_mean_seconds": "The mean of the same times, exact.",
    "retention_channel_first_response_seconds": "Time to the first public reply by an agent, by the ticket's channel.",
    "retention_next_response_seconds": "Time from a customer's later reply to the next public reply of an agent. "
    "calendar: elapsed time. business: only while support is open.",
    "retention_next_response_mean_seconds": "The mean of the same times, exact.",
    "retention_opened_outside_hours_ratio": "Share of the tickets that customers opened while support was closed.",
    "retention_support_open": "Whether support is open now, 1 or 0, by schedule.",
    "retention_resolution_seconds": "Time from opening to resolution. first: the earliest time that the ticket was solved or closed. "
    "full: the last time, if the ticket is still resolved.",
    "retention_resolution_mean_seconds": "The mean of the same times, exact.",
    "retention_requester_wait_seconds": "Time a ticket spent open or on hold until its full resolution.",
    "retention_reopened_ratio": "Share of the tickets fully resolved in the window that had been resolved and reopened before.",
    "retention_transferred_ratio": "Share of the tickets fully resolved in the window that were transferred.",
    "retention_bot_only_ratio": "Share of the tickets fully resolved in the window that a bot answered and no agent did.",
    "retention_team_first_response_seconds": "Time to the first public reply by an agent, by the ticket's latest team.",
    "retention_team_resolution_seconds": "Time from opening to the full resolution, by the ticket's latest team.",
    "retention_team_sla_breach_ratio": "Targets breached / targets decided, by the ticket's latest team.",
    "retention_team_tickets": "Tickets not solved or closed, now, by their latest team.",
    "retention_team_csat_ratio": "Share of the satisfaction answers that are 4 or 5, by the latest team of the ticket.",
    "retention_repeat_contact_ratio": "Share of the tickets fully resolved a week before the window after which the customer opened "
    "another within 7 days.",
    "retention_tickets_withdrawn": "Tickets that were withdrawn as spam, deleted, merged, a test, or for another reason, by the hour "
    "of the withdrawal. No other number counts them.",
    "retention_deadline_told_ratio": "Share of the tickets first answered in the window whose customer was given a deadline.",
    "retention_sla_breach_ratio": "Targets breached / targets decided. A target is decided when it is met or when it is due, "
    "whichever is first.",
    "retention_tickets_due": "Open targets that are due within two hours.",
    "retention_tickets": "Tickets not solved or closed, now.",
    "retention_tickets_paused": "Open tickets whose first resolution waits for the customer, so that its target does not run, now.",
    "retention_tickets_unanswered": "Open customer tickets without a response, now. any: by an agent or a bot. human: by an agent.",
    "retention_oldest_unanswered_ticket_timestamp_seconds": "Opening time of the ticket that has waited longest "
    "for a response by an agent.",
    "retention_nps": "100 x (promoters 9-10 - detractors 0-6) / answers, over each customer's latest answer.",
    "retention_ces": "Mean customer effort score, 1 to 7. 7 is easiest.",
    "retention_csat_ratio": "Share of the satisfaction answers that are 4 or 5.",
    "retention_review_rating": "Mean rating of the reviews that are not removed, 1 to 5.",
    "retention_sentiment": "Mean sentiment of the reviews that have one, -1 to 1.",
    "retention_responses": "Number of answers and reviews that the scores are computed from.",
    "retention_cart_abandonment_ratio": "Abandoned / (abandoned + converted) carts, by their last activity in the window. "
    "A cart is abandoned after an hour without activity.",
    "retention_cart_recovery_ratio": "Recovered / (recovered + abandoned) carts. A cart is recovered if it converts an hour or more "
    "after its last activity.",
    "retention_checkout_seconds": "Time from a cart's first checkout.started to its order.",
    "retention_delivery_seconds": "Time from order to delivery.",
    "retention_payment_failures": "Payments that failed in the window.",
    "retention_stockouts": "Requests of customers for products out of stock, in the window.",
    "retention_on_time_delivery_ratio": "Share of the orders with a promised time, delivered in the window, that were delivered by it.",
    "retention_deliveries_overdue": "Qualifying orders past their promised time that are not delivered, now.",
    "retention_lifecycle_customers": "Customers by the time since the last qualifying order. churned: 90 days or more. "
    "at_risk: 45 days or more. new: one order. reactivated: ordered again after 90 days.",
    "retention_lifecycle_value": "Net amount of 365 days, over the customers in the state.",
    "retention_loyalty_customers": "Customers by the net amount of 365 days.",
    "retention_spender_sender_customers": "spender: ordered within 365 days. sender: shared, is a promoter, or referred a customer.",
    "retention_action_return_ratio": "Share of the actions followed by an order within 30 days, over the actions whose 30 days ended in "
    "the window. held_out: the control group, whose actions were not emitted.",
    "retention_churn_by_exposure_ratio": "lost / start, over the customers with the exposure before the window. none: without any exposure.",
    "retention_orders_by_kind": "Orders neither cancelled nor fully refunded. first: the customers' first orders. repeat: all others.",
    "retention_net_revenue_by_kind": "Order amounts less refunds. first: the customers' first orders. repeat: all others.",
    "retention_second_order_seconds": "Time from a customer's first order to the second one, by when the second one was placed.",
    "retention_second_order_mean_seconds": "Mean time from a customer's first order to the second one.",
    "retention_review_ratio": "Orders with a review up to 30 days after the delivery / delivered orders whose 30 days are over.",
    "retention_cohort_age_ratio": "Customers who ordered again / customers for whom the period of their age is over, over all "
    "months of the first order. nth: in the period. by: before its end. unbounded: since its start, up to now.",
    "retention_cohort_age_value": "Net amount before the end of the period of age / customers for whom it is over.",
    "retention_cohort_customers": "Customers by the month of their first order. before: months that are not compared.",
    "retention_cohort_ratio": "Customers who ordered again / customers for whom the period of their age is over, by the month of "
    "their first order. nth: in the period. by: before its end. unbounded: since its start, up to now.",
    "retention_cohort_value": "Net amount before the end of the period of age / customers for whom it is over, by the month of "
    "their first order.",
    "retention_segment_customers": "start: customers with a qualifying order in the window before. retained: with one in the window too. "
    "lost: without one. By the value that the customer had when the window began.",
    "retention_segment_rate_ratio": "retained / start, by the value that the customer had when the window began.",
    "retention_segment_churn_ratio": "lost / start, by the value that the customer had when the window began.",
    "retention_segment_orders": "Qualifying orders of the window, by the value of the order, or of its customer at its time.",
    "retention_segment_net_revenue": "Amount of the window's qualifying orders, less their refunds, by the value of the order, or of "
    "its customer at its time.",
    "retention_segment_average_order_value": "Net revenue of the value / its qualifying orders.",
    "retention_segment_refund_ratio": "Share of the window's orders with a refund, of those that are not cancelled.",
    "retention_segment_on_time_delivery_ratio": "Deliveries by the promised time / deliveries with a promised time.",
    "retention_segment_first_response_mean_seconds": "Mean time from a customer's ticket to the first public reply by an agent.",
    "retention_segment_sla_breach_ratio": "Targets missed / targets decided in the window, over all priorities.",
    "retention_segment_csat_ratio": "Satisfied answers (4 or 5) / all, by the customer's value at the time of the answer.",
    "retention_segment_nps": "Share of promoters minus share of detractors, x 100, by the customer's value at the time of the answer.",
    "retention_period_rate_ratio": "cohort: retained / start. textbook: (end - new) / start. start: customers with an order in "
    "the calendar period before.",
    "retention_period_churn_ratio": "lost / start: the share of the customers of the calendar period before without an order in "
    "this one.",
    "retention_period_customers": "Customers by set. start: with an order in the calendar period before. end: with an order in this "
    "one.",
    "retention_period_orders": "Qualifying orders placed in the calendar period.",
    "retention_period_net_revenue": "Order amounts less refunds, of the qualifying orders placed in the calendar period.",
    "retention_period_average_order_value": "Net amount / qualifying orders placed in the calendar period.",
    "retention_period_refund_ratio": "Orders with a completed refund / orders placed in the calendar period and not cancelled.",
    "retention_period_sla_breach_ratio": "Targets breached / targets decided in the calendar period.",
    "retention_period_csat_ratio": "csat answers of 4 or 5 / csat answers in the calendar period.",
    "retention_period_changes": "Facts since the close that change the calendar period or the one before it, by cause. "
    "configuration: 1 if the definitions differ from those of the frozen values, or if the changes were not "
    "counted all the time since.",
    "retention_period_nps": "% promoters - % detractors among each customer's latest answer in the calendar period.",
    "retention_as_of_timestamp_seconds": "The event time that the published numbers describe.",
    "retention_caught_up": "caught up: all records were read. catching up: the numbers are the last complete ones.",
    "retention_worker_events_total": "Records read from the inputs.",
    "retention_worker_outputs_total": "Records written to the derived topics, by topic.",
    "retention_worker_read_model_up": "accepts: Redis accepts writes of the read model.",
    "retention_worker_read_model_behind_records": "Records that are not yet in the read model.",
    "retention_worker_anonymous_records_total": "Records of a mapped topic that are not counted because they have no "
    "customer id.",
    "retention_worker_duplicates_total": "Facts that were already stored.",
    "retention_worker_conflicting_duplicates_total": "Events with the id of another event of their customer and a "
    "different content.",
    "retention_worker_rerouted_total": "Facts forwarded to the partition of their customer.",
    "retention_worker_dead_letters_total": "Records rejected, by reason.",
    "retention_worker_lag_records": "Records that are not yet read.",
    "retention_worker_event_to_metric_seconds": "Time from a record's timestamp until the exported metrics include it.",
    "retention_worker_flush_seconds": "Duration of a task's transaction.",
    "retention_worker_recovery_seconds": "Duration of the latest restore of a task.",
    "retention_worker_state_rows": "Customer rows in the worker's state.",
    "retention_worker_state_bytes": "Bytes of the customer rows in the worker's state.",
    "retention_worker_tasks_owned": "Tasks (partitions) running on the worker.",
    "retention_worker_records_lost_total": "Records deleted by a topic's retention before they were read.",
    "retention_worker_caught_up": "caught up: every task of the worker has read all records.",
    "retention_worker_info": "The version of the worker.",
    "retention_workers_expected": "Workers that joined the group and have not left in order.",
    "up": "1: Prometheus scraped the worker.",
}

OPERATIONAL = frozenset(name for name in DEFINITIONS if name.startswith("retention_worker_")) | {"up"}
