"""Reviews and survey answers by hand (docs/metrics.md, "Feedback")."""

import pytest

from models.entities import feedback
from models.entities.exposures import BAD_EXPERIENCE
from models.entities.feedback import CES, CSAT, NPS, Review
from models.facts import claims
from models.facts.claims import Answered, Removed, Submitted
from tests.support.partitions import DAY, HOUR, NOW


def test_latest_version_of_a_review_counts():
    found = [Submitted(2 * HOUR, "b", 4, None), Submitted(HOUR, "a", 1, -500)]
    assert feedback.derive(found) == Review(hour=2, rating=4, sentiment=None)


def test_version_with_an_unchanged_text_keeps_the_sentiment():
    first, second = Submitted(HOUR, "a", 1, -500), Submitted(2 * HOUR, "b", 2, -700)
    unchanged = Submitted(3 * HOUR, "c", 4, None, text_unchanged=True)
    assert feedback.derive([unchanged, second, first]) == Review(hour=3, rating=4, sentiment=-700)
    assert feedback.derive([unchanged]) == Review(hour=3, rating=4, sentiment=None)


def test_version_without_a_text_has_no_sentiment():
    found = [Submitted(HOUR, "a", 1, -500), Submitted(2 * HOUR, "b", 4, None)]
    unchanged = Submitted(3 * HOUR, "c", 4, None, text_unchanged=True)
    assert feedback.derive(found).sentiment is None
    assert feedback.derive([*found, unchanged]).sentiment is None, "what was not known stays so"


def test_removed_review_stays_removed():
    found = [Removed(HOUR, "a"), Submitted(2 * HOUR, "b", 5, None)]
    assert feedback.derive(found) is None


def test_latest_nps_answer_ignores_other_surveys():
    found = [Answered(1, "a", NPS, 3), Answered(2, "b", NPS, 9), Answered(3, "c", CES, 7)]
    assert feedback.latest_nps(found).score == 9


def test_answers_without_an_id_are_separate():
    found = [Answered(1, "a", CSAT, 3), Answered(2, "b", CSAT, 5), Answered(3, "c", CSAT, 4, "x")]
    assert feedback.answers_that_hold(found) == found


@pytest.mark.parametrize(("score", "exposures"), [(6, ((BAD_EXPERIENCE, 4),)), (7, ())])
def test_detractor_has_a_bad_experience(score, exposures):
    assert feedback.claim_exposures(Answered(4 * HOUR, "a", NPS, score)) == exposures


@pytest.mark.parametrize(("rating", "exposures"), [(2, ((BAD_EXPERIENCE, 4),)), (3, ())])
def test_review_of_two_stars_is_a_bad_experience(rating, exposures):
    assert feedback.review_exposures(Review(4, rating, None)) == exposures


def answers(shop):
    look = shop.samples()
    return {kind: look["retention_responses", kind, "7d"].value for kind in ("nps", "csat")} | {
        "ratio": look["retention_csat_ratio", "7d"].value,
        "score": look["retention_nps", "7d"].value,
    }


def test_versions_of_an_answer_count_once_as_the_latest(shop):
    for event, hours, score in (("bad", 3, 1), ("good", 1, 5), ("old", 5, 2)):
        shop.process(claims.Answered, "", NOW - hours * HOUR, CSAT, score, "a1", event_id=event)
    assert (answers(shop)["csat"], answers(shop)["ratio"]) == (1, 1)


def test_answers_without_an_id_each_count(shop):
    for event, score in (("x", 1), ("y", 5)):
        shop.process(claims.Answered, "", NOW - HOUR, CSAT, score, event_id=event)
    assert (answers(shop)["csat"], answers(shop)["ratio"]) == (2, 0.5)


def test_withdrawal_takes_back_earlier_answers_of_every_survey(shop):
    shop.process(claims.Answered, "", NOW - 3 * HOUR, CSAT, 5, "a1", event_id="csat")
    shop.process(claims.Answered, "", NOW - 3 * HOUR, NPS, 9, "a1", event_id="nps")
    shop.process(claims.AnswersWithdrawn, "", NOW - 2 * HOUR, "a1", event_id="w")
    assert (answers(shop)["csat"], answers(shop)["nps"]) == (0, 0)
    shop.process(claims.Answered, "", NOW - HOUR, CSAT, 1, "a1", event_id="again")
    assert (answers(shop)["csat"], answers(shop)["ratio"]) == (1, 0)


def exposed(shop):
    """Return the number of customers in start who had a bad experience."""
    return shop.samples()["retention_churn_by_exposure_ratio", "bad_experience", "7d"].denominator


def test_exposure_follows_the_version_that_counts(shop):
    shop.order("o", NOW - 8 * DAY)
    shop.process(claims.Answered, "", NOW - 10 * DAY, NPS, 0, "a", event_id="1")
    assert exposed(shop) == 1
    shop.process(claims.Answered, "", NOW - 9 * DAY, NPS, 10, "a", event_id="3")
    assert exposed(shop) == 0
    shop.process(claims.Answered, "", NOW - 9 * DAY - HOUR, NPS, 1, "a", event_id="2")
    assert exposed(shop) == 0
    shop.restart()
    assert exposed(shop) == 0


def test_withdrawn_answer_is_no_exposure(shop):
    shop.order("o", NOW - 8 * DAY)
    shop.process(claims.Answered, "", NOW - 10 * DAY, NPS, 0, "a", event_id="1")
    shop.process(claims.AnswersWithdrawn, "", NOW, "a", event_id="2")
    assert exposed(shop) == 0
    shop.restart()
    assert exposed(shop) == 0


def test_nps_falls_back_to_the_latest_answer_that_holds(shop):
    shop.process(claims.Answered, "", NOW - 5 * HOUR, NPS, 10, "first", event_id="1")
    shop.process(claims.Answered, "", NOW - 3 * HOUR, NPS, 0, "second", event_id="2")
    assert answers(shop)["score"] == -100
    shop.process(claims.AnswersWithdrawn, "", NOW - HOUR, "second", event_id="3")
    assert answers(shop)["score"] == 100
