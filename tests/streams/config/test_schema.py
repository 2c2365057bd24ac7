"""The reference of the settings is generated from their list."""

from docs import generate
from streams.config.schema import SETTINGS


def test_every_setting_is_in_the_reference():
    [content] = generate.pages().values()
    assert all(f"| `{name}` |" in content for name in SETTINGS)


def test_generated_pages_are_current():
    for path, content in generate.pages().items():
        assert path.read_text() == content, "run python -m docs.generate"
