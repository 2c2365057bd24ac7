"""Reviews and survey answers by hand (docs/metrics.md, "Feedback")."""

import pytest

from models.entities import feedback
from models.entities.exposures import BAD_EXPERIENCE
from models.entities.feedback import CES, NPS, Review
from models.facts.claims import Answered, Removed, Submitted
from tests.support.partitions import HOUR


def test_latest_version_of_a_review_counts():
    found = [Submitted(2 * HOUR, "b", 4, None), Submitted(HOUR, "a", 1, -500)]
    assert feedback.derive(found) == Review(hour=2, rating=4, sentiment=None)


def test_removed_review_stays_removed():
    found = [Removed(HOUR, "a"), Submitted(2 * HOUR, "b", 5, None)]
    assert feedback.derive(found) is None


def test_latest_nps_answer_ignores_other_surveys():
    found = [Answered(1, "a", NPS, 3), Answered(2, "b", NPS, 9), Answered(3, "c", CES, 7)]
    assert feedback.latest_nps(found).score == 9


@pytest.mark.parametrize(("score", "exposures"), [(6, ((BAD_EXPERIENCE, 4),)), (7, ())])
def test_detractor_has_a_bad_experience(score, exposures):
    assert feedback.claim_exposures(Answered(4 * HOUR, "a", NPS, score)) == exposures


@pytest.mark.parametrize(("rating", "exposures"), [(2, ((BAD_EXPERIENCE, 4),)), (3, ())])
def test_review_of_two_stars_is_a_bad_experience(rating, exposures):
    assert feedback.review_exposures(Review(4, rating, None)) == exposures
