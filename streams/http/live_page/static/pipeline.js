// The statistics of the worker that serves this page, and the freshness of its numbers.

import { el, setText } from "./dom.js";
import { count, duration, latency, moment, rate, share } from "./format.js";
import { computed, subscribe } from "./number.js";
import { state, value } from "./state.js";
import { term } from "./glossary.js";

const CAUGHT_UP = "retention_caught_up";
const AS_OF = "retention_as_of_timestamp_seconds";
/** `as_of` is published every 10 s, so that a few are missed after this time. */
const STALE_SECONDS = 30;

const workerStat = (name) => state.pipeline?.[name];
const rejected = () => Object.values(workerStat("dead_letters") ?? {}).reduce((total, each) => total + each, 0);

/** Return the text on rejected records, with their reasons. */
function rejectionReasons() {
  const found = Object.entries(workerStat("dead_letters") ?? {}).sort((a, b) => b[1] - a[1]);
  const listed = found.map(([reason, number]) => `${reason} ${count(number)}`).join(", ");
  return `Invalid records since the start of this worker. They are in the dead-letter topic: ${listed}`;
}

const mapped = () => Object.entries(workerStat("anonymous") ?? {});

/** Return the share of the mapped topics' records without a customer id; undefined before the first record. */
function shareWithoutCustomer() {
  const [without, read] = mapped().reduce((sums, [, [some, all]]) => [sums[0] + some, sums[1] + all], [0, 0]);
  return read ? without / read : undefined;
}

/** Return the text on records without a customer id, by topic. */
function topicsWithoutCustomer() {
  const listed = mapped().map(([topic, [without, read]]) => `${topic} ${count(without)} of ${count(read)}`).join(", ");
  return `Records of mapped topics with an event that was skipped because it has no customer id, since the start of this worker: ${listed}`;
}

const clockJump = () => workerStat("clock_jump") ?? undefined;
const day = (seconds) => new Date(1000 * seconds).toISOString().slice(0, 10);

/** Return the text on the record that moved the clock furthest. */
function clockJumpText() {
  const jump = clockJump();
  if (!jump) return "";
  return `The record at offset ${count(jump.offset)} of ${jump.topic}-${jump.partition} moved the clock of the event times by ${count((jump.to - jump.from) / 86400)} days, from ${day(jump.from)} to ${day(jump.to)}.`;
}

/** Return the inputs whose records were counted by another mapping; undefined if there are none. */
function changedInputs() {
  const topics = workerStat("changed_inputs") ?? [];
  return topics.length ? topics : undefined;
}

const changedInputsText = () =>
  changedInputs() ? `Records of ${changedInputs().join(", ")} were counted by another mapping than the present one of this worker. They keep what they counted until retention reset.` : "";

const age = () => (state.asOf ? Math.max(0, state.at - state.asOf) : null);

const STATS = [
  ["Caught up", CAUGHT_UP, "", () => value(CAUGHT_UP), (found) => (found === undefined || found === null ? "–" : found ? "yes" : "not yet")],
  ["Age of the numbers", AS_OF, "", () => (state.about?.clock === "wall" ? age() : undefined), duration],
  ["Events a second", "", "Read by this worker in the last minute.", () => workerStat("events_per_second"), rate],
  ["Events read", "", "Read by this worker since its start.", () => workerStat("events"), count],
  ["Lag", "", "Records that this worker has not read yet.", () => workerStat("lag"), count],
  ["Latency, 99%", "", "Time from a record's timestamp until the numbers include it, in the last minute. Only the worker that computes the totals has it.",
    () => workerStat("latency_p99") ?? undefined, (found) => (found === undefined ? "–" : `${workerStat("latency_over") ? "over" : "≤"} ${latency(found)}`)],
  ["Rejected", "", rejectionReasons, rejected, count],
  ["No customer id", "", topicsWithoutCustomer, shareWithoutCustomer, share],
  ["Clock jump", "", clockJumpText, clockJump,
    (jump) => (jump ? `${day(jump.from)} to ${day(jump.to)}, by ${jump.topic}-${jump.partition} at ${count(jump.offset)}` : "–")],
  ["Mapping changed", "", changedInputsText, changedInputs, (topics) => (topics ? topics.join(", ") : "–")],
  ["Customers here", "", "Customer rows in the state of this worker.", () => workerStat("rows"), count],
  ["Tasks here", "", "Tasks (partitions) of this worker. The tasks are spread over all workers.", () => workerStat("tasks"), count],
];

export function pipeline(panel) {
  const stats = STATS.map(([name, metric, more, compute, format]) => {
    const node = el("div", { class: "stat" }, el("dt", {}, term(name, metric, more)), el("dd", {}, computed(compute, format)));
    subscribe(() => (node.hidden = Boolean(state.pipeline) && compute() === undefined));
    return node;
  });
  panel.append(el("dl", { class: "stats line" }, ...stats));
}

const LABELS = {
  connecting: "Connecting",
  lost: "Disconnected, reconnecting",
  stale: "Numbers are old",
  behind: "Catching up",
  live: "Live",
};
const ANNOUNCEMENTS = {
  lost: "The worker is unreachable. The page shows its last numbers.",
  stale: "The numbers are old: no worker has published new ones recently.",
  behind: "Catching up. The page shows the last complete numbers.",
  live: "Live.",
};

function freshness() {
  if (state.link !== "live") return state.link;
  if (!state.about) return "connecting";
  if (value(CAUGHT_UP) !== 1) return "behind";
  return state.about.clock === "wall" && age() > STALE_SECONDS ? "stale" : "live";
}

/** Update the line at the top with the freshness of the numbers; screen readers announce its changes. */
export function statusLine(link, text, announcement, asOf) {
  subscribe(() => {
    const now = freshness();
    if (link.dataset.state !== now) {
      link.dataset.state = now;
      setText(text, LABELS[now]);
      setText(announcement, ANNOUNCEMENTS[now] ?? "");
    }
    if (state.asOf) {
      setText(asOf, moment(state.asOf, state.at - state.asOf));
      asOf.dateTime = new Date(1000 * state.asOf).toISOString();
    }
  });
}
