"""`retention fit`: fit the churn risk model to event files (docs/risk.md)."""

from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

from models.risk.purchase_history import PurchaseHistories
from streams.backfill.facts import read_facts
from streams.backfill.files import read
from streams.backfill.rejected_lines import RejectedLines
from streams.cli.file_options import FILES, Instant, OutputFile, print_summary
from streams.cli.messages import warn
from streams.cli.options import settings_options
from streams.cli.progress import ReadProgress
from streams.clock import wall_us
from streams.config import risk_file
from streams.config.load import Settings
from streams.config.risk_file import ModelFile
from streams.errors import RetentionError, missing_extra

if TYPE_CHECKING:
    from streams.backfill.fit import Fit, PurchaseSample

_HASH_CHARACTERS = 8


@click.command("fit")
@FILES
@click.option(
    "--now",
    type=Instant(),
    help="Use events up to this instant, RFC 3339 with offset [default: the latest event's time].",
)
@click.option(
    "--output",
    "-o",
    type=OutputFile(Path),
    help="The model file; an existing one is replaced [default: risk-VERSION.toml].",
)
@settings_options()
def command(files: tuple[str, ...], now: int | None, output: Path | None, settings: Settings) -> int:
    """Fit the churn risk model to the events in FILEs (JSON lines, plain or gzip; - for standard input).

    The command writes a model file. With the file named under [risk] in the configuration, workers compute
    the probability that each customer is still active. Invalid lines are reported and counted on standard
    error; they are skipped and the exit code is 9, as with `retention compute`.
    """
    fit = _import_fit()
    rejected = RejectedLines(warn)
    histories, now = _read(files, now, settings, rejected)
    sample = fit.summarise(histories.at(now, settings.definitions), now)
    found = fit.fit(sample)
    file = _model_file(found, sample, now)
    path = output or Path(f"risk-{file.version}.toml")
    try:
        risk_file.write(path, file)
    except OSError as error:
        raise RetentionError(f"{path} cannot be written: {error.strerror}") from None
    active = fit.expected_active(found.parameters, sample.histories)
    click.echo(_summary(file, active, path))
    return print_summary(rejected)


def _import_fit() -> ModuleType:
    """Import the module that needs SciPy, an extra."""
    try:
        from streams.backfill import fit  # noqa: PLC0415 - SciPy may not be installed
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "scipy":
            raise
        raise missing_extra("a fit", "SciPy", "fit") from None
    return fit


def _read(
    files: tuple[str, ...], now: int | None, settings: Settings, rejected: RejectedLines
) -> tuple[PurchaseHistories, int]:
    histories, latest = PurchaseHistories(), 0
    with ReadProgress(files, "Reading") as progress:
        lines = read(files, progress, notice=warn)
        for event in read_facts(lines, now, settings.definitions, rejected, progress):
            latest = event.stream_time
            for customer, fact in event.facts:
                histories.add(customer, fact)
    if not latest:
        raise RetentionError("the files have no valid event with a time, so there is nothing to fit")
    return histories, latest if now is None else now


def _model_file(found: "Fit", sample: "PurchaseSample", now: int) -> ModelFile:
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


def _summary(file: ModelFile, active: float, path: Path) -> str:
    parameters = file.parameters
    return (
        f"{file.customers:,} customers until {file.now:%Y-%m-%d}; {file.returning:,} came back,"
        f" typically after {file.typical_gap_days:g} days.\n"
        f"r {parameters.r:.4g}, alpha {parameters.alpha:.4g} days, a {parameters.a:.4g},"
        f" b {parameters.b:.4g}; log-likelihood {file.log_likelihood:,.1f}.\n"
        f"According to this model, {active:,.0f} of them are still active.\n"
        f'Written to {path}. To use the model, add this to the configuration:\n\n[risk]\nmodel = "{path}"'
    )
