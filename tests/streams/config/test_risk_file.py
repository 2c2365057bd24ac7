"""The model file: a written file can be read, and an invalid file is an error with its reason."""

from datetime import UTC, datetime

import pytest

from models.definitions.risk_model import Parameters
from streams.config.load import load
from streams.config.risk_file import ModelFile, read, text, write
from streams.errors import SettingsError

FILE = ModelFile(
    format=1,
    model="mbg_nbd",
    version="2026-06-30-1f0c8d2e",
    fitted_at=datetime(2026, 7, 1, 9, tzinfo=UTC),
    fitted_with="scipy 1.17.1",
    now=datetime(2026, 6, 30, 23, 59, 59, 500_000, tzinfo=UTC),
    customers=23_570,
    returning=11_516,
    log_likelihood=-258955.35277281847,
    data_sha256="1f0c8d2e",
    typical_gap_days=34.5,
    parameters=Parameters(1e-05, 69.22567850062089, 123456.75, 0.8585147905067554),
)


@pytest.fixture
def configured(tmp_path):
    """Load settings of a configuration beside which the model stands."""

    def go(risk, model=None):
        if model is not None:
            (tmp_path / "model.toml").write_text(model)
        (tmp_path / "retention.toml").write_text(risk)
        return load({}, {"RETENTION_CONFIG": str(tmp_path / "retention.toml")}).definitions.risk

    return go


def test_written_model_is_read_back_exactly(tmp_path):
    path = tmp_path / "model.toml"
    path.write_text("an older one")
    write(path, FILE)
    assert read(path) == FILE.risk_model()
    assert [file.name for file in tmp_path.iterdir()] == ["model.toml"]


def test_model_path_is_relative_to_the_configuration_file(configured):
    assert configured('[risk]\nmodel = "model.toml"', text(FILE)) == FILE.risk_model()
    assert configured("") is None


@pytest.mark.parametrize(
    ("risk", "expected"),
    [
        ("risk = 1", "risk .* expected the key `model` alone"),
        ('[risk]\nmodle = "model.toml"', "risk .* expected the key `model` alone"),
        ("[risk]\nmodel = 3", "risk .* expected the key `model` alone"),
        ('[risk]\nmodel = "none.toml"', r"risk.model .*none.toml cannot be read: No such file"),
        ('[risk]\nmodel = "."', r"risk.model .* cannot be read: Is a directory"),
    ],
)
def test_invalid_model_path_is_an_error(configured, risk, expected):
    with pytest.raises(SettingsError, match=expected):
        configured(risk)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("format = 1", "format = 2"), "has format 2, and this release reads up to 1"),
        (("mbg_nbd", "bg_nbd"), "is not a model file of `retention fit`: .*model"),
        (("r = 1e-05", "r = -1.0"), "r: -1.0 is not above 0"),
        (("r = 1e-05", 'r = "a"'), "Expected `float`, got `str`"),
        (("r = 1e-05\n", ""), "missing required field `r`"),
        (("b = 0.8", "c = 1\nb = 0.8"), "unknown field `c`"),
        (("34.5", "nan"), "typical_gap_days: nan is not above 0"),
        (("[parameters]", "[parameters"), "is not TOML"),
    ],
    ids=str,
)
def test_invalid_model_file_is_an_error(configured, change, expected):
    content = text(FILE)
    assert change[0] in content
    with pytest.raises(SettingsError, match=rf"risk.model .*{expected}"):
        configured('[risk]\nmodel = "model.toml"', content.replace(*change))
