"""A configuration of a shop with every metric that is off by default."""

#: Support is always open, so that a target is missed at any time of any day.
CONFIGURATION = """
teams = ["logistics", "billing"]
min_cell = 1
further_metrics = ["order_kinds", "second_order", "review_rate"]

[[segments]]
name = "country"
field = "country"
values = ["DE", "AT", "FR"]

[cohorts]
export = "grid"

[periods]
kinds = ["week", "month", "quarter", "year"]

[schedules.support]
zone = "UTC"
mon = ["00:00-24:00"]
tue = ["00:00-24:00"]
wed = ["00:00-24:00"]
thu = ["00:00-24:00"]
fri = ["00:00-24:00"]
sat = ["00:00-24:00"]
sun = ["00:00-24:00"]

[sla]
schedule = "support"
next_response = "8h"
"""
