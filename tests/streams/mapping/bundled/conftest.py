"""A fixture of these tests: the numbers of a vendor's records."""

import pytest

from tests.support.command_fixtures import events_file, retention
from tests.support.vendor_records import Numbers

__all__ = ["compute", "events_file", "retention"]


@pytest.fixture
def compute(retention, events_file, tmp_path):
    """Compute the numbers of records, as a bundled mapping reads them, at the end of June 2026."""

    def numbers(mapping, *records, rates="USD = 1.0"):
        config = tmp_path / "retention.toml"
        config.write_text(f'base_currency = "USD"\n[rates]\n{rates}\n')
        arguments = ("--mapping", mapping, "--now", "2026-06-30T12:00:00Z", "--config", config, "--json")
        result = retention("compute", events_file(*records), *arguments)
        assert result.code == 0, result.err
        return Numbers(result.out)

    return numbers
