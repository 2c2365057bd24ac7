"""Texts of reviews, short and in English, by rating."""

from random import Random
from typing import Final

_OPENINGS: Final = {
    1: ("Terrible experience.", "Never again.", "Awful, I am really angry.", "A complete waste of money."),
    2: ("Disappointing.", "Not good at all.", "I expected better.", "Quite frustrating."),
    3: ("It is okay.", "Average.", "Does what it should, no more.", "Neither good nor bad."),
    4: ("Good quality.", "Happy with it.", "Nice, I would buy it again.", "Solid and well made."),
    5: ("Absolutely love it!", "Excellent!", "Perfect, thank you!", "Best shop I know, wonderful."),
}
_DETAILS: Final = {
    1: ("It broke on the first day.", "Nobody answers.", "The worst service I have had.", "It came ruined."),
    2: (
        "It took far too long.",
        "The colour is wrong.",
        "The box was damaged.",
        "Support was slow and unhelpful.",
    ),
    3: ("Delivery took its time.", "The size runs small.", "For the price it will do.", ""),
    4: ("Delivery was quick.", "It fits well.", "Friendly support.", ""),
    5: (
        "Great service and fast delivery.",
        "My family loves it too.",
        "Beautiful, and so easy to order.",
        "",
    ),
}


def phrase(rating: int, random: Random) -> str:
    """Return a random text of a review with this rating, 1 to 5."""
    opening = _OPENINGS[rating][int(random.random() * 4)]
    detail = _DETAILS[rating][int(random.random() * 4)]
    return f"{opening} {detail}".rstrip()
