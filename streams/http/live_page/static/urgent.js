// The numbers that need action, most urgent first.

import { el, setText } from "./dom.js";
import { count, duration, money, share } from "./format.js";
import { computed, subscribe } from "./number.js";
import { denominator, state, sum, supportClock, value } from "./state.js";
import { lateness } from "./support.js";
import { term } from "./glossary.js";

const DUE = "retention_tickets_due";
const PRIORITIES = ["low", "normal", "high", "urgent"];
const LEVELS = ["calm", "watch", "alarm"];
const LABELS = { calm: "OK", watch: "Watch", alarm: "Act" };
const UNANSWERED = "retention_tickets_unanswered";
const OLDEST = "retention_oldest_unanswered_ticket_timestamp_seconds";
const BREACHES = "retention_sla_breach_ratio";
const day = { window: "24h", priority: "all" };

const watchIfAny = (number) => (number > 0 ? "watch" : "calm");
const inCurrency = (amount) => money(state.about.currency)(amount);

function breaches(name, sla, meaning) {
  return {
    name, metric: BREACHES, meaning: `${meaning} Over the targets decided in the last 24 hours.`, format: share,
    of: () => value(BREACHES, { ...day, sla }),
    level: (ratio) => lateness(ratio, { sla, priority: "all" }),
    note: () => `of ${count(denominator(BREACHES, { ...day, sla }))} in 24 h`,
  };
}

/** Return the level of the longest wait. Time limits are in open hours if support has hours, and a wait is not. */
function waitLevel(seconds) {
  if (supportClock() === "business") return "calm";
  return seconds > state.about.targets.low[0] ? "alarm" : seconds > state.about.targets.normal[0] ? "watch" : "calm";
}

function lifecycle(name, lifecycleState, meaning) {
  return {
    name, metric: "retention_lifecycle_customers", meaning, format: count, level: () => "watch",
    of: () => value("retention_lifecycle_customers", { state: lifecycleState }),
    note: () => {
      const revenue = value("retention_lifecycle_value", { state: lifecycleState, currency: state.about.currency });
      return revenue === undefined ? "" : `${inCurrency(revenue)} a year`;
    },
  };
}

/** `of` returns the number, or undefined if its series are missing; `level` its urgency; `note` the text beside it. */
const ITEMS = [
  {
    name: "Waiting for an agent", metric: UNANSWERED, format: count,
    of: () => sum(UNANSWERED, { by: "human" }, "priority", PRIORITIES),
    level: (number) => (value(UNANSWERED, { by: "human", priority: "urgent" }) > 0 ? "alarm" : watchIfAny(number)),
    note: () => ["urgent", "high"].map((priority) => `${count(value(UNANSWERED, { by: "human", priority }))} ${priority}`).join(" · "),
  },
  {
    name: "Longest wait", metric: OLDEST, format: duration,
    of: () => (value(OLDEST) ? Math.max(0, state.asOf - value(OLDEST)) : value(OLDEST)),
    level: waitLevel,
    note: () => (supportClock() === "business" ? "for a first response, nights included" : "for a first response"),
  },
  {
    name: "Responses due soon", metric: DUE, format: count, level: watchIfAny,
    meaning: "First responses by an agent that are due within two hours. The note has the other targets due by then.",
    of: () => sum(DUE, { sla: "first_human_response", within: "2h" }, "priority", PRIORITIES),
    note: () => [["resolution", "resolutions"], ["promise", "promises"], ["next_response", "next responses"]]
      .map(([sla, words]) => [sum(DUE, { sla, within: "2h" }, "priority", PRIORITIES), words])
      .filter(([due]) => due).map(([due, words]) => `${count(due)} ${words}`).join(" · "),
  },
  breaches("First responses late", "first_human_response", "No agent responded by the due time."),
  breaches("Resolutions late", "resolution", "Not resolved by the due time."),
  breaches("Next responses late", "next_response", "No agent responded to a customer's later reply by the due time."),
  breaches("Promises missed", "promise", "Not resolved by the deadline given to the customer."),
  {
    name: "Deliveries overdue", metric: "retention_deliveries_overdue", format: count,
    level: (number) => (number > state.about.limits.overdue ? "alarm" : watchIfAny(number)),
    of: () => value("retention_deliveries_overdue"),
    note: () => "past the promised time",
  },
  {
    name: "Refunds undecided", metric: "retention_refunds_open", format: count, level: watchIfAny,
    of: () => value("retention_refunds_open"),
    note: () => "requested",
  },
  lifecycle("At risk", "at_risk", "No order for at least half the time after which a customer has churned."),
  lifecycle("Churned", "churned", "No order for the time after which a customer has churned. The note has their revenue of the last year."),
];

export function urgent(panel) {
  const list = el("ul", { class: "urgent" });
  const rows = ITEMS.map((item) => row(item));
  list.append(...rows.map(({ node }) => node));
  panel.append(list);
  let order = "";
  subscribe(() => {
    if (!state.about) return;
    for (const each of rows) each.update();
    const sorted = [...rows].sort((a, b) => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level));
    const now = sorted.map((each) => rows.indexOf(each)).join();
    if (now === order || list.contains(document.activeElement)) return; // rows do not move while one has the focus
    order = now;
    list.append(...sorted.map(({ node }) => node));
  });
}

function row(item) {
  const mark = el("span", { class: "level" });
  const note = el("span", { class: "muted note" });
  const shown = computed(() => (state.about ? item.of() : undefined), item.format);
  const node = el("li", {}, mark, term(item.name, item.metric, item.meaning), note, shown);
  const self = {
    node,
    level: "calm",
    update() {
      const found = item.of();
      node.hidden = found === undefined;
      self.level = Number.isFinite(found) ? item.level(found) : "calm";
      mark.dataset.level = self.level;
      setText(mark, LABELS[self.level]);
      if (found !== undefined) setText(note, Number.isFinite(found) ? item.note() : "");
    },
  };
  return self;
}
