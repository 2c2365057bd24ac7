"""`retention fit`: the model of when customers come back, from event files (docs/risk.md)."""

from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

from models.risk.purchase_history import PurchaseHistories
from streams.cli.facts import Instant, take
from streams.cli.files import FILES, ReadProgress, read
from streams.cli.left_out import RejectedLines
from streams.cli.options import settings_options
from streams.clock import wall_us
from streams.config import risk_file
from streams.config.load import Settings
from streams.config.risk_file import ModelFile
from streams.errors import RetentionError

if TYPE_CHECKING:
    from streams.backfill.fit import Fit, Sample

_HASH_CHARACTERS = 8


@click.command("fit")
@FILES
@click.option(
    "--now",
    type=Instant(),
    help="Events up to this instant count, RFC 3339 with offset [default: the latest event's].",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The model file; one that exists is replaced [default: risk-VERSION.toml].",
)
@settings_options()
def command(files: tuple[str, ...], now: int | None, output: Path | None, settings: Settings) -> int:
    """Fit the model of when customers come back to FILEs of events (JSON lines, plain or gzip; - for stdin).

    It writes a model file, which the configuration names under [risk]: with it, a worker can say how likely
    each customer is not to have left. Lines that are no valid event are reported and counted on standard
    error; the exit code is then 9, as `retention compute` has it.
    """
    fit = _fitting()
    left_out = RejectedLines()
    histories, now = _read(files, now, settings, left_out)
    sample = fit.summarise(histories.at(now, settings.definitions), now)
    found = fit.fit(sample)
    file = _model_file(found, sample, now)
    path = output or Path(f"risk-{file.version}.toml")
    try:
        risk_file.write(path, file)
    except OSError as error:
        raise RetentionError(f"{path} cannot be written: {error.strerror}") from None
    likely = fit.likely_customers(found.parameters, sample.histories)
    click.echo(_summary(file, likely, path))
    return left_out.report()


def _fitting() -> ModuleType:
    """Import what needs SciPy, which workers do without."""
    try:
        from streams.backfill import fit  # noqa: PLC0415 - it may not be there
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "scipy":
            raise
        raise RetentionError(
            "a fit needs SciPy, which is not installed", "install it: pip install scipy (the extra `fit`)"
        ) from None
    return fit


def _read(
    files: tuple[str, ...], now: int | None, settings: Settings, left_out: RejectedLines
) -> tuple[PurchaseHistories, int]:
    histories, latest = PurchaseHistories(), now
    with ReadProgress(files, "Reading") as progress:
        for taken in take(read(files, progress), now, settings.definitions, left_out, progress):
            latest = taken.latest
            for customer, fact in taken.facts:
                histories.add(customer, fact)
    until = latest if now is None else now
    if until is None:
        raise RetentionError("there is no valid event to take the time from", "give one with --now")
    return histories, until


def _model_file(found: "Fit", sample: "Sample", now: int) -> ModelFile:
    until, digest = datetime.fromtimestamp(now / 1e6, UTC), sample.digest()
    return ModelFile(
        format=risk_file.FORMAT,
        model="mbg_nbd",
        version=f"{until.date()}-{digest[:_HASH_CHARACTERS]}",
        fitted_at=datetime.fromtimestamp(wall_us() // 1_000_000, UTC),
        fitted_with=f"scipy {metadata.version('scipy')}",
        now=until,
        customers=sample.customers,
        returning=sample.returning,
        log_likelihood=found.log_likelihood,
        data_sha256=digest,
        typical_gap_days=sample.typical_gap_days,
        parameters=found.parameters,
    )


def _summary(file: ModelFile, likely: float, path: Path) -> str:
    parameters = file.parameters
    return (
        f"{file.customers:,} customers until {file.now:%Y-%m-%d}, of whom {file.returning:,} came back,"
        f" typically after {file.typical_gap_days:g} days.\n"
        f"r {parameters.r:.4g}, alpha {parameters.alpha:.4g} days, a {parameters.a:.4g},"
        f" b {parameters.b:.4g}; log-likelihood {file.log_likelihood:,.1f}.\n"
        f"By this model {likely:,.0f} of them have not left.\n"
        f'Written to {path}. To use it, put this into the configuration:\n\n[risk]\nmodel = "{path}"'
    )
