"""Checks of optional packages that a setting does not name."""

from importlib.util import find_spec

from streams.errors import missing_extra


def require_sentiment() -> None:
    """Check that the sentiment of English reviews can be scored (docs/metrics.md, "Feedback").

    Any review may need a score, and without the package its text would be lost for the metric. So commands
    that read reviews check at their start.

    Raises:
        MissingExtra: vaderSentiment is not installed.
    """
    if find_spec("vaderSentiment") is None:
        raise missing_extra("the sentiment of reviews", "vaderSentiment", "sentiment")
