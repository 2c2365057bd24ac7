"""The reference pages name every command and exit code, and their examples are valid."""

import re
from pathlib import Path

import pytest

from streams import errors
from streams.backfill.rejected_lines import REJECTED
from streams.cli.group import COMMANDS, INTERRUPTED
from streams.config.load import load

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
COMMANDS_PAGE = (REFERENCE / "commands.md").read_text(encoding="utf-8")
FILE_PAGE = (REFERENCE / "configuration-file.md").read_text(encoding="utf-8")
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def rows(first):
    """Return the cells of table rows whose first cell matches."""
    return [
        [cell.strip(" `") for cell in row.split("|")[1:-1]]
        for row in re.findall(rf"^\| {first}.*$", COMMANDS_PAGE, re.MULTILINE)
    ]


def test_every_command_is_documented():
    names = {re.match(r"retention ([a-z-]+)", command)[1] for command, _ in rows("`retention ")}
    assert names == {name for section in COMMANDS.values() for name in section}


def test_every_exit_code_is_documented():
    codes = {int(code) for code, _ in rows("[0-9]")}
    types = [found for found in vars(errors).values() if isinstance(found, type)]
    raised = {error.exit_code for error in types if issubclass(error, errors.RetentionError)}
    assert codes == raised | {INTERRUPTED, REJECTED}


def test_the_example_configuration_file_is_valid(tmp_path):
    path = tmp_path / "retention.toml"
    path.write_text(re.search(r"```toml\n(.*?)```", FILE_PAGE, re.DOTALL)[1])
    settings = load({}, {"RETENTION_CONFIG": str(path)})
    assert settings.partitions == 16
    assert settings.definitions.rates == {"EUR": 1, "USD": 0.92, "GBP": 1.17}
    assert settings.definitions.sla["urgent"] == (1800, 28_800)


def anchors(page):
    """Return the anchors of a page's headings, as repository hosts make them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("http:", "https:")):
            continue
        path, _, anchor = link.partition("#")
        target = page if not path else (page.parent / path)
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_the_index_lists_every_page():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages if f"({page})" not in index} == {"index.md"}
