"""Settings: precedence of their origins, and errors."""

from pathlib import Path

import pytest

from models.definitions.action_policy import ActionPolicy
from models.definitions.definitions import Definitions
from streams.config.load import SETTINGS, load, unknown_variables
from streams.errors import SettingsError
from streams.secret import redact


@pytest.fixture
def config(tmp_path):
    def write(content):
        path = tmp_path / "retention.toml"
        path.write_text(content, encoding="utf-8")
        return {"RETENTION_CONFIG": str(path)}

    return write


def error_of(environ, flags=None):
    with pytest.raises(SettingsError) as caught:
        load(flags or {}, environ)
    assert "\n" not in str(caught.value)
    return caught.value


def test_defaults_are_the_published_ones():
    settings = load({}, {})
    assert settings.broker == "127.0.0.1:9092"
    assert (settings.group, settings.partitions, settings.replication) == ("retention", 8, 1)
    assert (settings.clock, settings.host, settings.port) == ("wall", "127.0.0.1", 6066)
    assert (settings.redis, settings.config) == (None, None)
    assert settings.session_timeout == 10
    assert settings.client_options() == {"bootstrap_servers": "127.0.0.1:9092"}
    assert settings.data_dir.is_absolute()
    assert settings.data_dir.name == "retention"
    assert settings.definitions == Definitions()
    assert set(settings.sources.values()) == {"default"}


def test_flags_win_over_environment_and_environment_over_file(config):
    environ = config('port = 1\ngroup = "file"\npartitions = 3\n') | {
        "RETENTION_PORT": "2",
        "RETENTION_GROUP": "env",
    }
    settings = load({"port": 3, "group": None}, environ)
    assert (settings.port, settings.group, settings.partitions) == (3, "env", 3)
    assert settings.sources["port"] == "flag --port"
    assert settings.sources["group"] == "environment RETENTION_GROUP"
    assert settings.sources["partitions"] == f"in {environ['RETENTION_CONFIG']}"
    assert settings.sources["clock"] == "default"


def test_empty_variable_counts_as_unset():
    assert load({}, {"RETENTION_PORT": "", "RETENTION_REDIS": ""}) == load({}, {})


def test_flag_names_the_configuration_file(config):
    path = config('base_currency = "EUR"')["RETENTION_CONFIG"]
    assert load({"config": path}, {}).definitions.base_currency == "EUR"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("kafka", "kafka:9092"),
        ("kafka:1", "kafka:1"),
        ("a:1, b:2", "a:1,b:2"),
        ("[::1]:9092", "[::1]:9092"),
    ],
)
def test_bootstrap_servers_are_parsed(text, read):
    assert load({}, {"RETENTION_BROKER": text}).broker == read


@pytest.mark.parametrize(
    ("variable", "text", "hint"),
    [
        ("RETENTION_BROKER", "kafka://a:1", "bootstrap servers"),
        ("RETENTION_BROKER", "a:1,,b:2", "bootstrap servers"),
        ("RETENTION_BROKER", "a:99999", "bootstrap servers"),
        ("RETENTION_GROUP", "a b", "letters"),
        ("RETENTION_GROUP", "..", "letters"),
        ("RETENTION_PARTITIONS", "0", "1 to 1024"),
        ("RETENTION_PARTITIONS", "8.0", "1 to 1024"),
        ("RETENTION_PARTITIONS", "-1", "1 to 1024"),
        ("RETENTION_PARTITIONS", "9" * 5000, "1 to 1024"),
        ("RETENTION_REPLICATION", "none", "1 to 32767"),
        ("RETENTION_SESSION_TIMEOUT", "0", "1 to 1800"),
        ("RETENTION_CLOCK", "sun", "wall or event"),
        ("RETENTION_HOST", "http://x", "one address"),
        ("RETENTION_PORT", "70000", "0 to 65535"),
        ("RETENTION_PORT", "http", "0 to 65535"),
        ("RETENTION_REDIS", "localhost:6379", "redis://"),
        ("RETENTION_DATA_DIR", __file__, "directory"),
    ],
)
def test_invalid_setting_names_source_and_valid_values(variable, text, hint):
    error = error_of({variable: text})
    assert str(error).startswith(f"{variable} (environment {variable}): ")
    assert hint in error.hint


def test_invalid_flag_is_reported_as_a_flag():
    assert "(flag --data-dir)" in str(error_of({}, {"data_dir": __file__}))


def test_invalid_file_setting_is_reported_as_from_the_file(config):
    environ = config("port = 70000")
    assert f"RETENTION_PORT (in {environ['RETENTION_CONFIG']})" in str(error_of(environ))
    assert str(error_of(config("port = true"))).startswith("port (in ")
    assert str(error_of(config("port = 1.5"))).startswith("port (in ")


def test_a_password_is_never_shown():
    assert redact("redis://user:secret@h:1/0") == "redis://user:***@h:1/0"
    assert redact("redis://:secret@h:1/0") == "redis://:***@h:1/0"
    assert redact("redis://h:1/0") == "redis://h:1/0"
    assert redact("http://a:1 and 'http://u:se@cr/et@h:1'") == "http://a:1 and 'http://u:***@h:1'"
    assert redact("kafka:9092,u:secret@h,u:s:cret@h").count("cret") == 0
    assert "secret" not in str(error_of({"RETENTION_REDIS": "http://user:secret@h:1"}))
    settings = load({}, {"RETENTION_REDIS": "redis://user:secret@h:1/0"})
    assert settings.redis == "redis://user:secret@h:1/0"
    assert "user:secret" not in f"{settings!r} {settings.redis} {settings.redis!r}"
    assert settings.shown("redis") == str(settings.redis) == "redis://user:***@h:1/0"


def test_definitions_in_the_file_replace_only_their_defaults(config):
    environ = config(
        """
        base_currency = "EUR"
        windows = ["14d", "28d"]
        horizon_days = 100
        lifecycle_days = 30
        channels = ["web"]
        payment_methods = ["card"]
        [rates]
        USD = 0.5
        [sla.urgent]
        first_response = "30m"
        resolution = "1d"
        [tiers]
        vip = 2000
        [actions]
        off = ["win_back"]
        weekly_cap = 1
        [actions.expiry]
        recover_cart = "12h"
        """
    )
    definitions = load({}, environ).definitions
    assert definitions == Definitions(
        base_currency="EUR",
        rates={"EUR": 1.0, "USD": 0.5},
        windows=("14d", "28d"),
        horizon_days=100,
        lifecycle_days=30,
        channels=("web",),
        payment_methods=("card",),
        sla={**Definitions().sla, "urgent": (1800, 86_400)},
        tiers={"silver": 200, "gold": 500, "vip": 2000},
        actions=ActionPolicy(
            off=("win_back",), weekly_cap=1, expiry={**ActionPolicy().expiry, "recover_cart": 12 * 3600}
        ),
    )


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        ("partitons = 8", "partitons", "did you mean partitions?"),
        ("flavour = 1", "flavour", "docs/reference/settings.md lists all settings"),
        ("create_topics = 1.5", "create_topics", "expected a string or a whole number"),
        ('base_currency = "usd"', "base_currency", "'usd' is not an ISO 4217 code"),
        ('config = "x"', "config", "unknown setting"),
        ("horizon_days = 100", "horizon_days", "less than twice the longest window, 365d"),
        ('horizon_days = "long"', "horizon_days", "is text; expected a whole number"),
        ('windows = ["a week"]', "windows", "'7d' or '36h'"),
        ("windows = 7", "windows", "is a whole number; expected a list"),
        ("windows = [7]", "windows[0]", "is a whole number; expected text"),
        ("rates = 1", "rates", "is a whole number; expected a table"),
        ('[rates]\nEUR = "1.1"', "rates.EUR", "'1.1' is not valid; expected a number"),
        ("[rates]\nUSD = 2", "rates", "base currency USD must have the rate 1"),
        ("[rates]\nEUR = -1", "rates", "not above 0"),
        ("[tiers]\ngold = 1", "tiers", "rise"),
        ("[tiers]\nplatinum = 1", "tiers.platinum", "expected silver, gold, vip"),
        ("[tiers]\nsilver = true", "tiers.silver", "True is not valid; expected a number"),
        ("tiers = 1", "tiers", "is a whole number; expected a table"),
        ("sla = 1", "sla", "a table for each priority"),
        ("[sla.asap]", "sla.asap", "expected low, normal, high, urgent"),
        ('[sla]\nhigh = "1h"', "sla.high", 'such as first_response = "30m" and resolution = "8h"'),
        ('[sla.high]\nresolutoin = "1h"', "sla.high.resolutoin", "did you mean resolution?"),
        ('[sla.high]\nresolution = "9999999d"\nfirst_response = "1h"', "sla.high.resolution", "ten years"),
        ('[sla.high]\nresolution = "1h"\nfirst_response = 60', "sla.high.first_response", '"30m"'),
        ('[sla.high]\nresolution = "0h"\nfirst_response = "1h"', "sla.high.resolution", '"30m"'),
        ('[actions]\noff = ["spam"]', "actions.off", "'spam' is unknown"),
        ("[actions]\nheld_out = 2", "actions.held_out", "2.0 is not a share"),
        ('[actions]\nheld_out = "10%"', "actions.held_out", "is text; expected a number"),
        ("[actions]\nheld_in = 1", "actions.held_in", "did you mean held_out?"),
        ('[actions.expiry]\nwin_back = "soon"', "actions.expiry.win_back", '"2d"'),
        ('[actions.expiry]\nwin_baq = "1d"', "actions.expiry.win_baq", "did you mean win_back?"),
        ("windows = [", "RETENTION_CONFIG", "is not TOML"),
    ],
)
def test_invalid_key_of_the_file_is_named(config, content, name, expected):
    error = error_of(config(content))
    assert error.name == name
    assert expected in str(error)
    assert "retention.toml" in str(error)


def test_boolean_is_written_as_in_toml(config):
    assert load({}, config("create_topics = false")).create_topics is False
    assert str(error_of(config("group = true"))).startswith("group (in ")


def test_missing_or_binary_file_is_an_error(tmp_path):
    assert "cannot be read: No such file" in str(error_of({"RETENTION_CONFIG": str(tmp_path / "none.toml")}))
    assert "cannot be read: Is a directory" in str(error_of({"RETENTION_CONFIG": str(tmp_path)}))
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    assert "is not UTF-8" in str(error_of({"RETENTION_CONFIG": str(tmp_path / "latin.toml")}))


def test_misspelt_variable_is_reported():
    environ = {"RETENTION_PROT": "1", "RETENTION_PORT": "1", "RETENTION_DEBUG": "1", "HOME": "/"}
    environ |= {"RETENTION_TOKEN_FIEL": "token", "RETENTION_XYZ": "1", "RETENTION_NOTHING": ""}
    assert unknown_variables(environ) == {
        "RETENTION_PROT": "RETENTION_PORT",
        "RETENTION_TOKEN_FIEL": "RETENTION_TOKEN_FILE",
        "RETENTION_XYZ": "",
    }


def test_kubernetes_service_variables_are_not_misspelt_settings():
    """As a pod finds them beside services that are named `retention` and `retention-kafka`."""
    address = "tcp://10.0.0.1:9092"
    environ = {
        f"RETENTION_{of}{name}": value
        for of in ("", "KAFKA_")
        for name, value in {
            "SERVICE_HOST": "10.0.0.1",
            "SERVICE_PORT": "9092",
            "SERVICE_PORT_METRICS": "9092",
            "PORT_9092_TCP": address,
            "PORT_9092_TCP_PROTO": "tcp",
            "PORT_9092_TCP_PORT": "9092",
            "PORT_9092_TCP_ADDR": "10.0.0.1",
        }.items()
    }
    environ["RETENTION_KAFKA_PORT"] = address
    assert unknown_variables(environ) == {}
    assert load({}, environ) == load({}, {})


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("SECURITY_PROTOCAL", "SECURITY_PROTOCOL"),
        ("SASL_USER", "SASL_USERNAME"),
        ("SASL_PASSWORT", "SASL_PASSWORD"),
        ("SASL_PASSWORD_FIEL", "SASL_PASSWORD_FILE"),
        ("TLS_CAFILE", "TLS_CA_FILE"),
    ],
)
def test_misspelt_security_setting_is_an_error(given, meant):
    error = error_of({f"RETENTION_{given}": "x"})
    assert (error.name, error.hint) == (f"RETENTION_{given}", f"did you mean RETENTION_{meant}?")


def test_tilde_expands_to_the_home_directory():
    assert load({}, {"RETENTION_DATA_DIR": "~/shop"}).data_dir == Path.home() / "shop"
    assert all(setting.variable.startswith("RETENTION_") for setting in SETTINGS.values())


def test_segments_beyond_the_budget_end_the_start(config):
    segment = '[[segments]]\nname = "country"\nfield = "country"\nvalues = ["DE"]\n'
    assert load({}, config(segment)).definitions.segments[0].name == "country"
    error = error_of(config("max_series = 10\n" + segment))
    assert error.name == "max_series"
    assert "with the segment 'country', 156 series by segment" in str(error)


def test_unknown_key_of_a_segment_is_named(config):
    error = error_of(config('[[segments]]\nname = "country"\nfields = "country"\n'))
    assert str(error).startswith("segments[0].fields")
    assert "did you mean field?" in str(error)
