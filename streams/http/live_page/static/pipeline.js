// How the worker does that serves this page, and whether its numbers can be trusted.

import { el, setText } from "./dom.js";
import { count, duration, latency, moment, rate, share } from "./format.js";
import { computed, follow } from "./number.js";
import { store, value } from "./state.js";
import { term } from "./glossary.js";

const CAUGHT_UP = "retention_caught_up";
const AS_OF = "retention_as_of_timestamp_seconds";
/** `as_of` is published every 10 s. */
const STALE_SECONDS = 30;

const own = (name) => store.pipeline?.[name];
const refused = () => Object.values(own("dead_letters") ?? {}).reduce((total, each) => total + each, 0);

/** What was refused, and why. */
function reasons() {
  const found = Object.entries(own("dead_letters") ?? {}).sort((a, b) => b[1] - a[1]);
  const listed = found.map(([reason, number]) => `${reason} ${count(number)}`).join(", ");
  return `Records that could not be used, since this worker was started; retention.dead-letters has them. ${listed}`;
}

const mapped = () => Object.entries(own("anonymous") ?? {});

/** The share of the mapped topics' records that name nobody; undefined where none was read. */
function anonymous() {
  const [nobodys, read] = mapped().reduce(([some, all], [, [nobodys, read]]) => [some + nobodys, all + read], [0, 0]);
  return read ? nobodys / read : undefined;
}

/** Which topics they are of. */
function nobodys() {
  const listed = mapped().map(([topic, [nobodys, read]]) => `${topic} ${count(nobodys)} of ${count(read)}`).join(", ");
  return `Records of mapped topics of which an event was left out because nothing says whose it is, since this worker was started: ${listed}`;
}

const age = () => (store.asOf ? Math.max(0, store.at - store.asOf) : null);

const STATS = [
  ["Caught up", CAUGHT_UP, "", () => value(CAUGHT_UP), (found) => (found === undefined || found === null ? "–" : found ? "yes" : "not yet")],
  ["Age of the numbers", AS_OF, "", () => (store.about?.clock === "wall" ? age() : undefined), duration],
  ["Events a second", "", "Of the last minute, read by this worker.", () => own("events_per_second"), rate],
  ["Events read", "", "Since this worker was started.", () => own("events"), count],
  ["Lag", "", "Records that this worker has not read yet.", () => own("lag"), count],
  ["Latency, 99%", "", "From a record's timestamp until the numbers held it, of the last minute; known to the worker that makes the numbers.",
    () => own("latency_p99") ?? undefined, (found) => (found === undefined ? "–" : `≤ ${latency(found)}`)],
  ["Refused", "", reasons, refused, count],
  ["Anonymous", "", nobodys, anonymous, share],
  ["Customers here", "", "Customer rows that this worker holds.", () => own("rows"), count],
  ["Tasks here", "", "The tasks are spread over all workers.", () => own("tasks"), count],
];

export function pipeline(panel) {
  const notes = STATS.map(([name, metric, more, compute, format]) => {
    const node = el("div", { class: "stat" }, el("dt", {}, term(name, metric, more)), el("dd", {}, computed(compute, format)));
    follow(() => (node.hidden = Boolean(store.pipeline) && compute() === undefined));
    return node;
  });
  panel.append(el("dl", { class: "stats line" }, ...notes));
}

const WORDS = {
  connecting: "Connecting",
  lost: "No answer: trying again",
  stale: "Numbers are old",
  behind: "Catching up",
  live: "Live",
};
const NEWS = {
  lost: "The worker does not answer. These are its last numbers.",
  stale: "No worker has made new numbers for a while.",
  behind: "Catching up: these are the last complete numbers.",
  live: "Live.",
};

function state() {
  if (store.link !== "live") return store.link;
  if (!store.about) return "connecting";
  if (value(CAUGHT_UP) !== 1) return "behind";
  return store.about.clock === "wall" && age() > STALE_SECONDS ? "stale" : "live";
}

/** The line at the top that says whether the numbers can be trusted; changes are told to screen readers. */
export function trust(link, text, news, asOf) {
  follow(() => {
    const now = state();
    if (link.dataset.state !== now) {
      link.dataset.state = now;
      setText(text, WORDS[now]);
      setText(news, NEWS[now] ?? "");
    }
    if (store.asOf) {
      setText(asOf, moment(store.asOf, store.at - store.asOf));
      asOf.dateTime = new Date(1000 * store.asOf).toISOString();
    }
  });
}
