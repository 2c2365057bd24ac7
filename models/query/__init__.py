"""The customers, tickets and orders behind a number, and the facts behind a customer (docs/api.md).

The package answers the queries of the HTTP API for the customers of one partition, with the definitions that
the gauges use. It imports `outputs`, `customers`, `entities`, `risk` and the packages below them.
`streams.http.api` parses the requests and combines the partitions.

Start with `parameters` (the queries) and `responses` (the items):

- `customers`, `tickets` and `orders` select the items of a list at `now`,
- `matching_gauge` names the series that counts exactly these items,
- `explanation` explains each event of a customer with the rules of `explain_facts`,
- `identities` lists the ids that are one customer.
"""
