"""`retention explain`: explain why a ratio moved."""

import asyncio
from typing import Final, get_args

import click
import msgspec

from models.query.movement_parameters import Against, ExplainedMetric, RefundBasis, Stratification
from models.query.movement_responses import Movement
from streams.cli.explanation_text import print_movement
from streams.cli.options import settings_options
from streams.config.load import Settings
from streams.operations import worker_api

# Click keeps the line breaks of a paragraph that begins with a backspace.
_EXAMPLES: Final = """\b
retention explain retention_churn_ratio --window 30d
retention explain retention_churn_ratio --window 90d --against 4w --segment country
retention explain retention_sla_breach_ratio --sla resolution --window 24h --by channel
"""


@click.command("explain", epilog=_EXAMPLES)
@click.argument("metric", type=click.Choice(get_args(ExplainedMetric)), metavar="METRIC")
@click.option("--window", default="30d", show_default=True, help="A window of the metric.")
@click.option(
    "--against",
    type=click.Choice(get_args(Against)),
    default="1w",
    show_default=True,
    help="The earlier instant: a week or four weeks ago.",
)
@click.option("--segment", help="A configured segment, whose values are the strata.")
@click.option("--by", type=click.Choice(get_args(Stratification)), help="The strata without a segment.")
@click.option("--sla", help="Kind of target, for retention_sla_breach_ratio.")
@click.option("--basis", type=click.Choice(get_args(RefundBasis)), help="Basis of retention_refund_ratio.")
@click.option(
    "--worker", help="URL of any worker of the group [default: that of RETENTION_HOST and RETENTION_PORT]."
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer of /explain.")
@settings_options("host", "port", "token")
def command(
    settings: Settings, metric: str, worker: str | None, *, as_json: bool, **chosen: str | None
) -> None:
    """Explain why METRIC moved within a week or four weeks.

    METRIC is retention_churn_ratio, retention_rate_ratio, retention_sla_breach_ratio or
    retention_refund_ratio.

    Asks a worker, which counts the customers of all workers at both instants. Prints whether the change is
    more than chance, the effects of each stratum, and the change of the earlier value by late data.
    """
    query = {"metric": metric} | {name: value for name, value in chosen.items() if value is not None}
    worker = worker or worker_api.address_of(settings)
    movement = asyncio.run(worker_api.get(worker, "/explain", query, Movement, settings.token))
    if as_json:
        click.echo(msgspec.json.encode(movement))
    else:
        print_movement(movement, worker)
