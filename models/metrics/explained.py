"""The ratios whose changes can be explained (docs/metrics.md, "Why a number moved")."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from models.definitions.definitions import Definitions
from models.definitions.hashes import definitions_hash
from models.metrics.samples import Sample

#: Metric -> the labels of its series that can be explained, besides the window, the target and the basis.
EXPLAINED: Final[Mapping[str, Mapping[str, str]]] = {
    "retention_churn_ratio": {},
    "retention_rate_ratio": {"method": "cohort"},
    "retention_sla_breach_ratio": {"priority": "all"},
    "retention_refund_ratio": {},
}
#: Metric -> the definitions that change its values.
_DEFINITIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "retention_churn_ratio": ("horizon_days",),
    "retention_rate_ratio": ("horizon_days",),
    "retention_sla_breach_ratio": (
        "horizon_days",
        "sla",
        "sla_policies",
        "schedules",
        "tiers",
        "base_currency",
        "rates",
    ),
    "retention_refund_ratio": ("horizon_days", "base_currency", "rates"),
}


def hash_behind(metric: str, definitions: Definitions) -> str:
    """Return a hash of the definitions that change the values of an explained metric.

    A published value with another hash differs from the value as known now by more than late data.
    """
    return definitions_hash(definitions, _DEFINITIONS[metric])


def explained_samples(samples: Iterable[Sample]) -> Iterator[Sample]:
    """Yield the samples of the ratios whose changes can be explained, without undefined ones."""
    for sample in samples:
        labels = EXPLAINED.get(sample.metric)
        if labels is not None and labels.items() <= sample.labels.items() and sample.denominator:
            yield sample
