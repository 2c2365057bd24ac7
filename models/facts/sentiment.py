"""The sentiment of a review's text (docs/metrics.md, "Feedback")."""

from collections.abc import Callable
from functools import cache
from typing import Final

from models.contract import events

#: VADER looks back in the text for every "but": longer reviews would take it seconds. Ten thousand characters
#: are five pages.
_SENTIMENT_CHARACTERS: Final = 10_000
_BILLION: Final = 1_000_000_000


def sentiment_of(event: events.ReviewSubmitted) -> int | None:
    """In billionths: the producer's, else VADER's of an English text."""
    if event.sentiment is not None:
        return round(event.sentiment * _BILLION)
    if event.text is None or event.language != "en":
        return None
    return round(_vader()(event.text[:_SENTIMENT_CHARACTERS])["compound"] * _BILLION)


@cache
def _vader() -> Callable[[str], dict[str, float]]:
    # Its lexicon takes 50 ms to read, which those without English reviews need not spend.
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: PLC0415

    scores: Callable[[str], dict[str, float]] = SentimentIntensityAnalyzer().polarity_scores
    return scores
