"""The sentiment of a review's text (docs/metrics.md, "Feedback")."""

from collections.abc import Callable
from functools import cache
from typing import Final

from models.contract import events

#: Longest text that is scored, characters: about five pages. VADER searches the text once for every "but", so
#: longer reviews would take it seconds.
_SENTIMENT_CHARACTERS: Final = 10_000
_BILLION: Final = 1_000_000_000


def sentiment_of(event: events.ReviewSubmitted) -> int | None:
    """Return the sentiment of a review in billionths, -10^9 to 10^9.

    It is the producer's, or VADER's of an English text. None for a review with neither.
    """
    if event.sentiment is not None:
        return round(event.sentiment * _BILLION)
    if event.text is None or event.language != "en":
        return None
    return round(_vader()(event.text[:_SENTIMENT_CHARACTERS])["compound"] * _BILLION)


@cache
def _vader() -> Callable[[str], dict[str, float]]:
    # Reading the lexicon takes 50 ms, which shops without English reviews do not need.
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: PLC0415

    scores: Callable[[str], dict[str, float]] = SentimentIntensityAnalyzer().polarity_scores
    return scores
