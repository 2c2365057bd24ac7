"""The model file: what `retention fit` writes, and `[risk] model` in the configuration names.

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

#: Raised when a file changes in a way that an older release would misread.
FORMAT: Final = 1


class ModelFileError(ValueError):
    """It is no model file that this release can read; the message says why."""


class ModelFile(Struct, frozen=True, kw_only=True):
    """A fit, and what it was made of.

    Attributes:
        format: of the file.
        model: which one its parameters are of.
        version: names this fit.
        fitted_at: when.
        fitted_with: which library found the parameters.
        now: until when the events were taken.
        customers: with a qualifying order.
        returning: of these, who bought on two days or more.
        log_likelihood: of the parameters.
        data_sha256: hash of the histories it was fitted on.
        typical_gap_days: the median of all gaps between purchases.
        parameters: in days.
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
        """Return what a worker needs of it.

        Raises:
            ValueError: the gap or the version is not valid.
        """
        return RiskModel(
            version=self.version, parameters=self.parameters, typical_gap_days=self.typical_gap_days
        )


def read(path: Path) -> RiskModel:
    """Read a model.

    Raises:
        ModelFileError: there is no such file, or it is not valid.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # TOML's, or the encoding's
        raise ModelFileError(f"{path} is not TOML: {error}") from None
    found = document.get("format")
    if isinstance(found, int) and found > FORMAT:
        raise ModelFileError(f"{path} has format {found}, and this release reads up to {FORMAT}")
    try:
        return msgspec.convert(document, ModelFile).risk_model()
    except ValueError as error:
        raise ModelFileError(f"{path} is no model of `retention fit`: {error}") from None


def write(path: Path, file: ModelFile) -> None:
    """Write a model, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    beside = path.with_name(path.name + ".partial")
    beside.write_text(text(file), encoding="utf-8")
    os.replace(beside, path)  # noqa: PTH105 - says that it is one step


def text(file: ModelFile) -> str:
    """Return a model file's content."""
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
    # What JSON makes of texts and of finite numbers is TOML as well.
    return json.dumps(value, allow_nan=False, ensure_ascii=False)
