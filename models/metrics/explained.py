"""The ratios whose changes can be explained (docs/metrics.md, "Why a number moved")."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from models.metrics.samples import Sample

#: Metric -> the labels of its series that can be explained, besides the window, the target and the basis.
EXPLAINED: Final[Mapping[str, Mapping[str, str]]] = {
    "retention_churn_ratio": {},
    "retention_rate_ratio": {"method": "cohort"},
    "retention_sla_breach_ratio": {"priority": "all"},
    "retention_refund_ratio": {},
}


def explained_samples(samples: Iterable[Sample]) -> Iterator[Sample]:
    """Yield the samples of the ratios whose changes can be explained, without undefined ones."""
    for sample in samples:
        labels = EXPLAINED.get(sample.metric)
        if labels is not None and labels.items() <= sample.labels.items() and sample.denominator:
            yield sample
