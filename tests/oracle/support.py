"""Tickets, SLA targets and feedback, computed naively."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from tests.oracle.world import (
    MINUTE,
    PRIORITIES,
    RESOLVED,
    Customer,
    Event,
    Expected,
    Paragraph,
    World,
    claim,
    elapsed,
    last,
    mean,
    microseconds,
    quantiles,
    ratio,
)

OPEN_STATUSES = ("open", "pending", "on_hold")
SLA_KINDS = ("first_response", "first_human_response", "resolution", "promise")
VADER = SentimentIntensityAnalyzer()


@dataclass
class Ticket:
    """A ticket: the winning `ticket.opened` and all events that name its id. Times are in microseconds."""

    opened: Event
    replies: list[Event]
    changes: list[Event]
    transfers: list[Event]

    @property
    def at(self) -> int:
        """Return the opening time: "the earliest `ticket.opened`"."""
        return self.opened["at"]

    @property
    def priority(self) -> str:
        """Return the priority, `normal` by default."""
        return self.opened.get("priority") or "normal"

    @property
    def by_customer(self) -> bool:
        """Return whether the customer opened it. "Tickets opened by an agent have no first response." """
        return (self.opened.get("opened_by") or "customer") == "customer"

    def answers(self, *authors: str) -> list[Event]:
        """Return the public replies of these authors; a reply without `public` is public."""
        return [r for r in self.replies if r["author"] in authors and r.get("public") is not False]

    def response(self, by: str) -> int | None:
        """Return the time of the first response, None without one.

        "`by="any"`: the earliest public reply of an agent or a bot, `by="human"` of an agent."
        """
        if not self.by_customer:
            return None
        authors = ("agent", "bot") if by == "any" else ("agent",)
        return min((reply["at"] for reply in self.answers(*authors)), default=None)

    @cached_property
    def walk(self) -> list[tuple[int, str]]:
        """Return (begin, status) of each status, by (`time`, `id`). "A ticket starts `open`." """
        changes = sorted(self.changes, key=claim)
        return [(self.at, "open"), *((change["at"], change["status"]) for change in changes)]

    @property
    def status(self) -> str:
        """Return the latest status."""
        return self.walk[-1][1]

    @property
    def first_resolution(self) -> int | None:
        """Return the first resolution: "the earliest `solved` or `closed`"."""
        return min((change["at"] for change in self.changes if change["status"] in RESOLVED), default=None)

    @cached_property
    def full_resolution(self) -> int | None:
        """Return the time of the full resolution, None without one.

        "While the latest status is one of these: the moment the ticket last went from unresolved to
        resolved."
        """
        if self.status not in RESOLVED:
            return None
        moment = None
        for (_, before), (time, after) in pairwise(self.walk):
            if before not in RESOLVED and after in RESOLVED:
                moment = time
        return moment

    @property
    def reopened(self) -> bool:
        """Return whether the ticket "went from resolved to unresolved"."""
        statuses = [status in RESOLVED for _, status in self.walk]
        return any(before and not after for before, after in pairwise(statuses))

    @property
    def wait(self) -> int:
        """Return the requester wait: "the time in `open` or `on_hold` until full resolution".

        Decided: it begins at the opening; time before the opening counts as zero.
        """
        waited = 0
        for (since, status), (until, _) in pairwise(self.walk):
            ends = min(until, self.full_resolution)
            if status in ("open", "on_hold"):
                waited += elapsed(max(since, self.at), ends)
        return waited

    @property
    def bot_only(self) -> bool:
        """Return whether the ticket has "a bot's public reply and no agent's"."""
        return bool(self.answers("bot")) and not self.answers("agent")

    @property
    def promises(self) -> list[Event]:
        """Return the replies for "deadline told": public, of an agent or bot, with `promised_at`."""
        return [reply for reply in self.answers("agent", "bot") if reply.get("promised_at")]

    def goals(self, world: World) -> Iterator[tuple[str, int | None, int]]:
        """Yield kind, time of fulfilment (None without one) and due time of each target.

        "Due = opened + target. Decided at min(fulfilled, due); breached if not fulfilled by the due instant.
        `promise` (first resolution, due at the promise told last). Solving does not stop a first-response
        target."

        Decided: a ticket opened by an agent has no first response, so no such target.
        """
        targets = world.definitions.sla[self.priority]
        first_due, resolution_due = (self.at + seconds * 1_000_000 for seconds in targets)
        yield "resolution", self.first_resolution, resolution_due
        if self.by_customer:
            yield "first_response", self.response("any"), first_due
            yield "first_human_response", self.response("human"), first_due
        promise = last(self.promises)
        if promise:
            yield "promise", self.first_resolution, microseconds(promise["promised_at"])

    def decisions(self, world: World) -> Iterator[tuple[str, int, bool]]:
        """Kind, decided at, breached. Decided: at `now` = due it is decided."""
        for kind, fulfilled, due in self.goals(world):
            if fulfilled is not None and fulfilled <= due:
                yield kind, fulfilled, False
            elif due <= world.now:
                yield kind, due, True

    def undecided(self, world: World) -> Iterator[tuple[str, int]]:
        """Yield kind and due time of each target that is neither fulfilled nor breached at `now`."""
        for kind, fulfilled, due in self.goals(world):
            if due > world.now and (fulfilled is None or fulfilled > due):
                yield kind, due


def tickets_of(customer: Customer) -> list[Ticket]:
    """Return the known tickets. "What names a ticket that is not known waits for it." """
    replies = customer.about("ticket_id", "ticket.replied")
    changes = customer.about("ticket_id", "ticket.status_changed")
    transfers = customer.about("ticket_id", "ticket.transferred")
    return [
        Ticket(min(claims, key=claim), replies[key], changes[key], transfers[key])
        for key, claims in customer.about("ticket_id", "ticket.opened").items()
    ]


def all_tickets(world: World) -> list[Ticket]:
    """Return the tickets of all customers."""
    return [ticket for customer in world.customers for ticket in tickets_of(customer)]


def by_priority(tickets: list[Ticket]) -> Iterator[tuple[str, list[Ticket]]]:
    """Yield `all` and each priority with its tickets."""
    yield "all", tickets
    for priority in PRIORITIES:
        yield priority, [ticket for ticket in tickets if ticket.priority == priority]


def durations(metric: str, labels: dict[str, str], values: list[int]) -> Paragraph:
    """Yield a metric's quantiles and mean in seconds, given durations in microseconds."""
    for q, value in quantiles(values):
        yield f"{metric}_seconds", {**labels, "quantile": q}, value
    exact = mean(values)
    yield f"{metric}_mean_seconds", labels, Expected(exact.value / 1e6)


def first_response(world: World) -> Paragraph:
    """Yield first response times, in the window of the response.

    "First response `by="any"`: the earliest public reply of an agent or a bot (an acknowledgement counts),
    `by="human"` of an agent. Tickets opened by an agent have no first response. Deadline told: over tickets
    first answered (any) in the window. Durations below zero count as zero, and belong to when they ended."
    """
    tickets = all_tickets(world)
    for name, within in world.spans(minutes=True):
        for by in ("any", "human"):
            answered = [t for t in tickets if t.response(by) is not None and within(t.response(by))]
            for priority, chosen in by_priority(answered):
                labels = {"window": name, "by": by, "priority": priority}
                times = [elapsed(ticket.at, ticket.response(by)) for ticket in chosen]
                yield from durations("retention_first_response", labels, times)
        answered = [t for t in tickets if t.response("human") is not None and within(t.response("human"))]
        for channel in world.channels:
            chosen = [t for t in answered if world.channel(t.opened) == channel]
            for q, value in quantiles([elapsed(t.at, t.response("human")) for t in chosen]):
                labels = {"window": name, "channel": channel, "quantile": q}
                yield "retention_channel_first_response_seconds", labels, value
    for name, within in world.spans(minutes=False):
        answered = [t for t in tickets if t.response("any") is not None and within(t.response("any"))]
        with_promise = [ticket for ticket in answered if ticket.promises]
        yield "retention_deadline_told_ratio", {"window": name}, ratio(len(with_promise), len(answered))


def resolution(world: World) -> Paragraph:
    """Yield resolution times, and shares of the resolved tickets.

    "Full resolution: the moment the ticket last went from unresolved to resolved (`solved` then `closed` is
    one resolution). Reopened, transferred and bot-only ratios: over tickets fully resolved in the window."
    """
    tickets = all_tickets(world)
    moments = {"first": lambda t: t.first_resolution, "full": lambda t: t.full_resolution}
    for name, within in world.spans(minutes=True):
        for kind, moment in moments.items():
            resolved = [t for t in tickets if moment(t) is not None and within(moment(t))]
            for priority, chosen in by_priority(resolved):
                labels = {"window": name, "kind": kind, "priority": priority}
                times = [elapsed(ticket.at, moment(ticket)) for ticket in chosen]
                yield from durations("retention_resolution", labels, times)
    for name, within in world.spans(minutes=False):
        resolved = [t for t in tickets if t.full_resolution is not None and within(t.full_resolution)]
        labels = {"window": name}
        for q, value in quantiles([ticket.wait for ticket in resolved]):
            yield "retention_requester_wait_seconds", {**labels, "quantile": q}, value
        shares = {
            "retention_reopened_ratio": [t for t in resolved if t.reopened],
            "retention_transferred_ratio": [t for t in resolved if t.transfers],
            "retention_bot_only_ratio": [t for t in resolved if t.bot_only],
        }
        for metric, chosen in shares.items():
            yield metric, labels, ratio(len(chosen), len(resolved))


def open_tickets(world: World) -> Paragraph:
    """Yield the numbers of open and of unanswered tickets.

    "Unanswered (any, human): opened by a customer, no such response, not solved or closed."
    """
    unresolved = [ticket for ticket in all_tickets(world) if ticket.status not in RESOLVED]
    for priority in PRIORITIES:
        mine = [ticket for ticket in unresolved if ticket.priority == priority]
        for status in OPEN_STATUSES:
            labels = {"status": status, "priority": priority}
            yield "retention_tickets", labels, Expected(sum(ticket.status == status for ticket in mine))
        for by in ("any", "human"):
            waiting = [t for t in mine if t.by_customer and t.response(by) is None]
            labels = {"by": by, "priority": priority}
            yield "retention_tickets_unanswered", labels, Expected(len(waiting))
    waiting = [t.at for t in unresolved if t.by_customer and t.response("human") is None]
    oldest = min(waiting) / 1e6 if waiting else math.nan
    yield "retention_oldest_unanswered_ticket_timestamp_seconds", {}, Expected(oldest)


def sla(world: World) -> Paragraph:
    """Yield breach ratios and the numbers of targets that are due soon.

    "Ratio = breached / decided, over decisions in the window." Decided: a target is due soon if it is
    not decided at `now` and its due time is in the event minutes `M ... M+119`.
    """
    tickets = all_tickets(world)
    for name, within in world.spans(minutes=True):
        for priority, chosen in by_priority(tickets):
            decided = [d for t in chosen for d in t.decisions(world) if within(d[1])]
            for kind in SLA_KINDS:
                outcomes = [breached for which, _, breached in decided if which == kind]
                labels = {"window": name, "sla": kind, "priority": priority}
                yield "retention_sla_breach_ratio", labels, ratio(sum(outcomes), len(outcomes))
    for priority in PRIORITIES:
        due = [goal for t in tickets if t.priority == priority for goal in t.undecided(world)]
        for kind in SLA_KINDS:
            soon = [at for which, at in due if which == kind and at // MINUTE < world.now // MINUTE + 120]
            labels = {"sla": kind, "priority": priority, "within": "2h"}
            yield "retention_tickets_due", labels, Expected(len(soon))


def reviews_of(customer: Customer) -> list[Event]:
    """Return the latest version of each review without a `review.removed`, which is final."""
    removed = customer.about("review_id", "review.removed")
    submitted = customer.about("review_id", "review.submitted")
    return [max(versions, key=claim) for key, versions in submitted.items() if key not in removed]


def sentiment(review: Event) -> float | None:
    """Return "the field, or where `language` is `en` VADER's compound of `text`"; None without both."""
    if review.get("sentiment") is not None:
        return review["sentiment"]
    if review.get("language") == "en" and review.get("text") is not None:
        return VADER.polarity_scores(review["text"])["compound"]
    return None


def answers(customer: Customer, survey: str) -> list[Event]:
    """Return the customer's answers to one survey, earliest first."""
    return [event for event in customer.of("survey.answered") if event["survey"] == survey]


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
