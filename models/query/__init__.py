"""Who is behind a number, and why: questions about a partition's customers (docs/api.md).

`questions` says what can be asked and `answers` what is answered; `customers`, `tickets` and `orders` find
who and what belongs to a question at `now`, by the same definitions as the gauges, and `why` the facts behind
one customer.
"""
