"""What happens when: the rounds of a soak, from its seed."""

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple

#: Latest begin of a fault after that of its round, and its shortest and longest time, seconds.
_LATEST, _SHORTEST, _LONGEST = 8.0, 1.0, 12.0
_MOST_FAULTS = 4
#: Every eighth round also compares the outputs. Their oracle takes a millisecond for each event.
THOROUGH = 8
#: Rounds before the first fault after which workers may emit outputs twice. The last of them is thorough.
LATE = 5 * THOROUGH


class Step(NamedTuple):
    """One fault of a round.

    Attributes:
        fault: its name.
        begin: seconds after the start of the round.
        seconds: how long it takes.
        seed: seed of its own choices, such as which worker it strikes.
    """

    fault: str
    begin: float
    seconds: float
    seed: str


class Round(NamedTuple):
    """Faults that overlap. At the end of a round everything is healed, and the numbers must be right.

    Attributes:
        number: from 1.
        steps: the faults by their start.
        thorough: whether outputs, dead letters and the read model are checked too.
    """

    number: int
    steps: tuple[Step, ...]
    thorough: bool


def rounds(
    seed: int, resources: Mapping[str, str], names: Sequence[str], late: Sequence[str] = ()
) -> Iterator[Round]:
    """Yield rounds without end; the first ones have one fault each, until each fault was the only one once.

    Args:
        seed: seed of the soak.
        resources: fault -> what it breaks. A round breaks nothing twice at a time.
        names: faults to choose from.
        late: faults of these that come only after `LATE` rounds.
    """
    early = [name for name in resources if name in names and name not in late]
    first = random.Random(f"{seed}/order").sample(early, len(early))
    single = dict(enumerate(first, 1)) | dict(enumerate(late, LATE + 1))
    for number in count(1):
        rng = random.Random(f"{seed}/{number}")
        available = early if number <= LATE else [*early, *late]
        chosen = [single[number]] if number in single else _chosen(rng, available, resources)
        steps = [_step(rng, name, f"{seed}/{number}/{place}") for place, name in enumerate(chosen)]
        yield Round(number, tuple(sorted(steps, key=lambda step: step.begin)), number % THOROUGH == 0)


def _chosen(rng: random.Random, names: Sequence[str], resources: Mapping[str, str]) -> list[str]:
    """Return up to four faults that break different things."""
    found: dict[str, str] = {}
    for name in rng.choices(names, k=rng.randint(2, _MOST_FAULTS)):
        found.setdefault(resources[name], name)
    return list(found.values())


def _step(rng: random.Random, name: str, seed: str) -> Step:
    return Step(name, rng.uniform(0, _LATEST), rng.uniform(_SHORTEST, _LONGEST), seed)
