"""Reviews and survey answers, computed naively."""

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from tests.oracle.customer import Customer
from tests.oracle.values import Event, Expected, Paragraph, claim, last, mean, once, ratio
from tests.oracle.world import World

VADER = SentimentIntensityAnalyzer()


@once
def reviews_of(customer: Customer) -> list[Event]:
    """Return the latest version of each review without a `review.removed`, which is final."""
    removed = customer.about("review_id", "review.removed")
    submitted = customer.about("review_id", "review.submitted")
    return [_with_text(versions) for key, versions in submitted.items() if key not in removed]


def _with_text(versions: list[Event]) -> Event:
    """Return the latest version, with the text of the latest one whose text is not unchanged."""
    ordered = sorted(versions, key=claim)
    written = [review for review in ordered if not _keeps_text(review)]
    if ordered[-1] in written:
        return ordered[-1]
    text = {name: written[-1].get(name) if written else None for name in ("text", "language", "sentiment")}
    return ordered[-1] | text


def _keeps_text(review: Event) -> bool:
    own = review.get("text") is not None or review.get("sentiment") is not None
    return bool(review.get("text_unchanged")) and not own


def sentiment(review: Event) -> float | None:
    """Return "the field, or where `language` is `en` VADER's compound of `text`"; None without both."""
    if review.get("sentiment") is not None:
        return review["sentiment"]
    if review.get("language") == "en" and review.get("text") is not None:
        return VADER.polarity_scores(review["text"])["compound"]
    return None


@once
def answers(customer: Customer, survey: str) -> list[Event]:
    """Return the customer's answers to one survey that hold, earliest first.

    "An answer is (customer, `survey`, `answer_id`); events of one answer are its versions, and the latest
    counts. `survey.withdrawn` takes back the answers of every survey with that `answer_id`, if it is later
    than they are. An answer without `answer_id` stands alone."
    """
    given = [event for event in customer.of("survey.answered") if event["survey"] == survey]
    standalone = [event for event in given if event.get("answer_id") is None]
    withdrawn = customer.about("answer_id", "survey.withdrawn")
    versions = customer.about("answer_id", "survey.answered")
    latest = [
        max(mine, key=claim)
        for answer in versions
        if (mine := [event for event in versions[answer] if event["survey"] == survey])
    ]
    hold = [e for e in latest if not any(claim(w) > claim(e) for w in withdrawn[e["answer_id"]])]
    return sorted([*standalone, *hold], key=claim)


def feedback(world: World) -> Paragraph:
    """Yield scores and numbers of survey answers and reviews.

    "NPS over each customer's latest `nps` answer, if in the window: promoters 9-10, detractors 0-6, 100 x
    (promoters - detractors) / answers. CES = mean; CSAT = share of 4-5; rating = mean over reviews not
    removed; sentiment = mean over reviews that have one."

    Decided: a review counts in the hour of its latest version. `retention_responses` counts the responses in
    the score of its kind: for `nps` the latest answers, for `review` the reviews that are not removed.
    """
    latest = [last(answers(c, "nps")) for c in world.customers]
    reviews = [review for c in world.customers for review in reviews_of(c)]
    for name, within in world.spans(minutes=False):
        labels = {"window": name}
        nps = [a["score"] for a in latest if a and within(a["at"])]
        promoters, detractors = sum(score >= 9 for score in nps), sum(score <= 6 for score in nps)
        score = ratio(100 * (promoters - detractors), len(nps)).value
        yield "retention_nps", labels, Expected(score)
        scores = {
            survey: [a["score"] for c in world.customers for a in answers(c, survey) if within(a["at"])]
            for survey in ("ces", "csat")
        }
        yield "retention_ces", labels, mean(scores["ces"])
        satisfied = sum(score >= 4 for score in scores["csat"])
        yield "retention_csat_ratio", labels, ratio(satisfied, len(scores["csat"]))
        recent = [review for review in reviews if within(review["at"])]
        yield "retention_review_rating", labels, mean([review["rating"] for review in recent])
        felt = [sentiment(review) for review in recent]
        yield "retention_sentiment", labels, mean([value for value in felt if value is not None])
        counts = {"nps": nps, "ces": scores["ces"], "csat": scores["csat"], "review": recent}
        for kind, counted in counts.items():
            yield "retention_responses", {**labels, "kind": kind}, Expected(len(counted))
