"""What docs/operating.md says is so."""

import re
from pathlib import Path

from streams import errors
from streams.backfill.rejected_lines import REJECTED
from streams.cli.group import COMMANDS, INTERRUPTED
from streams.config.load import SETTINGS, load

TEXT = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")


def rows(first):
    """Cells of the lines of tables whose first cell matches."""
    return [
        [cell.strip(" `") for cell in row.split("|")[1:-1]]
        for row in re.findall(rf"^\| {first}.*$", TEXT, re.MULTILINE)
    ]


def test_every_command_is_there():
    names = {re.match(r"retention ([a-z-]+)", command)[1] for command, _ in rows("`retention ")}
    assert names == {name for section in COMMANDS.values() for name in section}


def test_every_setting_is_there_with_its_default_in_order():
    documented = [(name, default) for name, default, _ in rows("`RETENTION_")]
    expected = [(setting.variable, setting.default or "none") for setting in SETTINGS.values()]
    assert [
        (name, "none" if name == "RETENTION_DATA_DIR" else default) for name, default in documented
    ] == expected


def test_every_exit_code_is_there():
    codes = {int(code) for code, _ in rows("[0-9]")}
    types = [found for found in vars(errors).values() if isinstance(found, type)]
    raised = {error.exit_code for error in types if issubclass(error, errors.RetentionError)}
    assert codes == raised | {INTERRUPTED, REJECTED}


def test_the_file_is_valid(tmp_path):
    path = tmp_path / "retention.toml"
    path.write_text(re.search(r"```toml\n(.*?)```", TEXT, re.DOTALL)[1])
    settings = load({}, {"RETENTION_CONFIG": str(path)})
    assert settings.partitions == 16
    assert settings.definitions.rates == {"EUR": 1, "USD": 0.92, "GBP": 1.17}
    assert settings.definitions.sla["urgent"] == (1800, 28_800)
