// What needs somebody now, the worst first.

import { el, setText } from "./dom.js";
import { count, duration, money, share } from "./format.js";
import { computed, follow } from "./number.js";
import { denominator, store, sum, value } from "./state.js";
import { lateness } from "./support.js";
import { term } from "./glossary.js";

const DUE = "retention_tickets_due";
const PRIORITIES = ["low", "normal", "high", "urgent"];
const LEVELS = ["calm", "watch", "alarm"];
const WORDS = { calm: "Fine", watch: "Watch", alarm: "Act" };
const UNANSWERED = "retention_tickets_unanswered";
const OLDEST = "retention_oldest_unanswered_ticket_timestamp_seconds";
const BREACHES = "retention_sla_breach_ratio";
const day = { window: "24h", priority: "all" };

const some = (number) => (number > 0 ? "watch" : "calm");
const inCurrency = (amount) => money(store.about.currency)(amount);

function breaches(name, sla, meaning) {
  return {
    name, metric: BREACHES, meaning: `${meaning} Of those decided in the last 24 hours.`, format: share,
    of: () => value(BREACHES, { ...day, sla }),
    level: (ratio) => lateness(ratio, { sla, priority: "all" }),
    note: () => `of ${count(denominator(BREACHES, { ...day, sla }))} in 24 h`,
  };
}

function standing(name, state, meaning) {
  return {
    name, metric: "retention_lifecycle_customers", meaning, format: count, level: () => "watch",
    of: () => value("retention_lifecycle_customers", { state }),
    note: () => {
      const worth = value("retention_lifecycle_value", { state, currency: store.about.currency });
      return worth === undefined ? "" : `${inCurrency(worth)} a year`;
    },
  };
}

/** `of` gives the number, undefined where its series are missing. */
const ITEMS = [
  {
    name: "Waiting for a person", metric: UNANSWERED, format: count,
    of: () => sum(UNANSWERED, { by: "human" }, "priority", PRIORITIES),
    level: (number) => (value(UNANSWERED, { by: "human", priority: "urgent" }) > 0 ? "alarm" : some(number)),
    note: () => ["urgent", "high"].map((priority) => `${count(value(UNANSWERED, { by: "human", priority }))} ${priority}`).join(" · "),
  },
  {
    name: "Oldest has waited", metric: OLDEST, format: duration,
    of: () => (value(OLDEST) ? Math.max(0, store.asOf - value(OLDEST)) : value(OLDEST)),
    level: (seconds) => (seconds > store.about.targets.low[0] ? "alarm" : seconds > store.about.targets.normal[0] ? "watch" : "calm"),
    note: () => "for a first answer",
  },
  {
    name: "Answers due soon", metric: DUE, format: count, level: some,
    meaning: "By a person, within two hours. The note: what else is due by then.",
    of: () => sum(DUE, { sla: "first_human_response", within: "2h" }, "priority", PRIORITIES),
    note: () => [["resolution", "to resolve"], ["promise", "promised"]]
      .map(([sla, words]) => `${count(sum(DUE, { sla, within: "2h" }, "priority", PRIORITIES))} ${words}`).join(" · "),
  },
  breaches("First answers late", "first_human_response", "No person answered by the target."),
  breaches("Resolutions late", "resolution", "Not resolved by the target."),
  breaches("Promises missed", "promise", "Not resolved by the time that the customer was told."),
  {
    name: "Deliveries overdue", metric: "retention_deliveries_overdue", format: count,
    level: (number) => (number > store.about.limits.overdue ? "alarm" : some(number)),
    of: () => value("retention_deliveries_overdue"),
    note: () => "promised by now",
  },
  {
    name: "Refunds undecided", metric: "retention_refunds_open", format: count, level: some,
    of: () => value("retention_refunds_open"),
    note: () => "requested",
  },
  standing("At risk", "at_risk", "No order for half as long as it takes to have churned."),
  standing("Churned", "churned", "No order for as long as the shop calls churned. What they spent in the last year is what there is to win back."),
];

export function burning(panel) {
  const list = el("ul", { class: "burning" });
  const rows = ITEMS.map((item) => row(item));
  list.append(...rows.map(({ node }) => node));
  panel.append(list);
  let order = "";
  follow(() => {
    if (!store.about) return;
    for (const each of rows) each.update();
    const sorted = [...rows].sort((a, b) => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level));
    const now = sorted.map((each) => rows.indexOf(each)).join();
    if (now === order || list.contains(document.activeElement)) return; // nothing moves under who reads it
    order = now;
    list.append(...sorted.map(({ node }) => node));
  });
}

function row(item) {
  const mark = el("span", { class: "level" });
  const note = el("span", { class: "muted note" });
  const shown = computed(() => (store.about ? item.of() : undefined), item.format);
  const node = el("li", {}, mark, term(item.name, item.metric, item.meaning), note, shown);
  const self = {
    node,
    level: "calm",
    update() {
      const found = item.of();
      node.hidden = found === undefined;
      self.level = Number.isFinite(found) ? item.level(found) : "calm";
      mark.dataset.level = self.level;
      setText(mark, WORDS[self.level]);
      if (found !== undefined) setText(note, Number.isFinite(found) ? item.note() : "");
    },
  };
  return self;
}
