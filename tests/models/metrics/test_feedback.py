"""Metrics of surveys and reviews, by hand (docs/metrics.md, "Feedback")."""

from models.entities.feedback import CES, CSAT, NPS
from models.facts import claims
from tests.support.partitions import DAY, NOW


def answer(shop, survey, score, customer, at=NOW):
    shop.process(claims.Answered, "", at, survey, score, customer=customer)


def test_nps_is_promoters_less_detractors_in_percent(shop):
    for customer, score in (("a", 10), ("b", 9), ("c", 8), ("d", 6)):
        answer(shop, NPS, score, customer)
    answer(shop, NPS, 0, "a", NOW - DAY)
    assert shop.value("retention_nps", "7d") == 25
    assert shop.value("retention_responses", "nps", "7d") == 4


def test_scores_count_every_answer_of_a_customer(shop):
    for score in (2, 7):
        answer(shop, CES, score, "ada")
    for score in (3, 4, 5, 1):
        answer(shop, CSAT, score, "ada")
    assert shop.value("retention_ces", "7d") == 4.5
    assert shop.value("retention_csat_ratio", "7d") == 0.5


def test_sentiment_is_the_mean_of_reviews_that_have_one(shop):
    for review, rating, sentiment in (("a", 5, 500_000_000), ("b", 2, -100_000_000), ("c", 5, None)):
        shop.process(claims.Submitted, review, NOW, rating, sentiment)
    assert shop.value("retention_review_rating", "7d") == 4
    assert shop.value("retention_sentiment", "7d") == 0.2
