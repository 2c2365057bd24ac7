"""The model file, which `retention fit` writes and `[risk] model` in the configuration names.

format = 1
model = "mbg_nbd"
version = "2026-06-30-1f0c8d2e"
...
[parameters]            # in days
r = 0.69
alpha = 69.2
a = 0.49
b = 0.86
"""

import json
import os
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from models.definitions.risk_model import Parameters, RiskModel

__all__ = ["FORMAT", "ModelFile", "ModelFileError", "read", "write"]

#: Version of the format. It increases with each change that an older release would misread.
FORMAT: Final = 1


class ModelFileError(ValueError):
    """A model file is missing, invalid or of a newer release."""


class ModelFile(Struct, frozen=True, kw_only=True):
    """A fitted model with its origin.

    Attributes:
        format: version of the format.
        model: name of the model.
        version: name of this fit.
        fitted_at: time of the fit.
        fitted_with: library that fitted the parameters, with its version.
        now: time up to which events were used.
        customers: number of customers with a qualifying order.
        returning: number of these customers who bought on two or more days.
        log_likelihood: log-likelihood of the parameters.
        data_sha256: hash of the histories that the model was fitted to.
        typical_gap_days: median of all gaps between purchases, days.
        parameters: parameters of the model, in days.
    """

    format: int
    model: Literal["mbg_nbd"]
    version: str
    fitted_at: datetime
    fitted_with: str
    now: datetime
    customers: int
    returning: int
    log_likelihood: float
    data_sha256: str
    typical_gap_days: float
    parameters: Parameters

    def risk_model(self) -> RiskModel:
        """Return the part that a worker needs.

        Raises:
            ValueError: the gap or the version is not valid.
        """
        return RiskModel(
            version=self.version, parameters=self.parameters, typical_gap_days=self.typical_gap_days
        )


def read(path: Path) -> RiskModel:
    """Return the model in a file.

    Raises:
        ModelFileError: the file cannot be read, or is not a model file of this release.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # invalid TOML, or invalid UTF-8
        raise ModelFileError(f"{path} is not TOML: {error}") from None
    found = document.get("format")
    if isinstance(found, int) and found > FORMAT:
        raise ModelFileError(f"{path} has format {found}, and this release reads up to {FORMAT}")
    try:
        return msgspec.convert(document, ModelFile).risk_model()
    except ValueError as error:
        raise ModelFileError(f"{path} is not a model file of `retention fit`: {error}") from None


def write(path: Path, file: ModelFile) -> None:
    """Write a model file atomically.

    Raises:
        OSError: the file cannot be written.
    """
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text(file), encoding="utf-8")
    os.replace(partial, path)  # noqa: PTH105 - `os.replace` is documented as atomic


def text(file: ModelFile) -> str:
    """Return the content of a model file as TOML."""
    values = {name: getattr(file, name) for name in file.__struct_fields__ if name != "parameters"}
    parameters = msgspec.structs.asdict(file.parameters)
    return "\n".join((
        "# Written by `retention fit`. To use it, name it in the configuration:",
        "#   [risk]",
        '#   model = "<this file>"',
        *_lines(values),
        "",
        "[parameters]            # in days",
        *_lines(parameters),
        "",
    ))  # fmt: skip


def _lines(values: dict[str, object]) -> list[str]:
    return [f"{name} = {_value(value)}" for name, value in values.items()]


def _value(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    # JSON and TOML write text and finite numbers in the same way.
    return json.dumps(value, allow_nan=False, ensure_ascii=False)
