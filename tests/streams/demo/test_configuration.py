"""The configuration of the demo."""

from streams.config.load import load
from streams.demo.configuration import SHOP_FILE, configured, support_hours


def test_demo_without_a_configuration_has_hours_of_support():
    settings = configured(load({}, {}))
    assert settings.config == SHOP_FILE
    schedule = support_hours(settings.definitions)
    assert schedule == settings.definitions.schedules["support"]
    assert {policy.schedule for policy in settings.definitions.sla_policies.values()} == {"support"}


def test_demo_keeps_the_configuration_of_the_user(tmp_path):
    path = tmp_path / "retention.toml"
    path.write_text('base_currency = "EUR"')
    settings = load({}, {"RETENTION_CONFIG": str(path)})
    assert configured(settings) is settings
    assert support_hours(settings.definitions) is None
