// What customers say, why they leave, where they stand, and what they order.

import { el } from "./dom.js";
import { count, fixed, money, share, signed } from "./format.js";
import { follow, number } from "./number.js";
import { exists, store, value, view } from "./state.js";
import { term } from "./glossary.js";

const windowed = (labels = {}) => ({ window }) => ({ ...labels, window });
/** Money is shown in the currency that the worker counts in, known once it has answered. */
const inCurrency = (digits) => (amount) => (store.about ? money(store.about.currency, digits)(amount) : "–");
const currency = () => ({ currency: store.about?.currency ?? "" });

/** Hide a panel none of whose series is there. */
function only(panel, ...metrics) {
  follow(() => (panel.hidden = Boolean(store.about) && !metrics.some(exists)));
}

const SAYS = [
  ["Net promoter score", "retention_nps", signed, "nps"],
  ["Satisfied (CSAT)", "retention_csat_ratio", share, "csat"],
  ["Ease (CES), of 7", "retention_ces", fixed(2), "ces"],
  ["Review rating, of 5", "retention_review_rating", fixed(2), "review"],
  ["Sentiment, −1 to 1", "retention_sentiment", fixed(2), "review"],
];

export function voice(panel) {
  const rows = SAYS.map(([name, metric, format, kind]) =>
    el("tr", {},
      el("th", { scope: "row" }, term(name, metric)),
      el("td", { class: "strong" }, number(metric, windowed(), format)),
      el("td", { class: "muted" }, number("retention_responses", windowed({ kind }), count))));
  panel.append(el("table", { class: "numbers airy" },
    el("thead", {}, el("tr", {}, ...["", "score", "answers"].map((text) => el("th", { scope: "col" }, text || el("span", { class: "hidden-text" }, "what"))))),
    el("tbody", {}, ...rows)));
  only(panel, "retention_nps");
}

const EXPOSURES = [
  ["none", "none of these"],
  ["slow_response", "a slow first answer"],
  ["late_delivery", "a late delivery"],
  ["refund", "a refund"],
  ["refund_rejected", "a refused refund"],
  ["stockout", "a product out of stock"],
  ["bad_experience", "a bad experience"],
];
const CHURN = "retention_churn_by_exposure_ratio";

/** Churn after each kind of trouble, beside churn without any. */
export function causes(panel) {
  panel.append(
    el("p", { class: "muted hint" }, "Share of customers lost, by what they had met before"),
    el("ul", { class: "bars" }, ...EXPOSURES.map(([exposure, name]) => {
      const fill = el("span", { class: "fill" });
      const node = el("li", { class: exposure === "none" ? "baseline" : null },
        term(name, CHURN, exposure === "none" ? "What the others are to be compared with." : ""),
        el("span", { class: "muted" }, "of ", number(CHURN, windowed({ exposure }), count, 1)),
        number(CHURN, windowed({ exposure }), share),
        el("span", { class: "track", "aria-hidden": "true" }, fill));
      follow(() => (fill.style.width = `${100 * (value(CHURN, { window: view.window, exposure }) ?? 0)}%`));
      return node;
    })));
  only(panel, CHURN);
}

const STATES = [
  ["returning", "returning", "--retained"],
  ["reactivated", "reactivated", "--reactivated"],
  ["new", "new", "--new"],
  ["at_risk", "at risk", "--watch"],
  ["churned", "churned", "--lost"],
  ["prospect", "no order yet", "--faint"],
];

export function lifecycle(panel) {
  const people = (state) => value("retention_lifecycle_customers", { state }) ?? 0;
  const bar = el("div", { class: "flow-bar", "aria-hidden": "true" });
  const rows = STATES.map(([state, name, color]) => {
    const [mark, piece] = [el("span", { class: "mark" }), el("span", { class: "piece" })];
    for (const each of [mark, piece]) each.style.background = `var(${color})`;
    bar.append(piece);
    follow(() => {
      const all = STATES.reduce((total, [each]) => total + people(each), 0);
      piece.style.width = `${(100 * people(state)) / (all || 1)}%`;
    });
    return el("tr", {},
      el("th", { scope: "row" }, mark, term(name, "retention_lifecycle_customers")),
      el("td", { class: "strong" }, number("retention_lifecycle_customers", { state }, count)),
      el("td", { class: "muted" }, number("retention_lifecycle_value", () => ({ state, ...currency() }), inCurrency(0))));
  });
  panel.append(bar, el("table", { class: "numbers airy" },
    el("thead", {}, el("tr", {}, ...["state", "customers", "net, a year"].map((text) => el("th", { scope: "col" }, text)))),
    el("tbody", {}, ...rows)));
  only(panel, "retention_lifecycle_customers");
}

const ORDERS = [
  ["Orders", "retention_orders", windowed(), count],
  ["Net revenue", "retention_net_revenue", (chosen) => ({ window: chosen.window, ...currency() }), inCurrency(0)],
  ["Average order", "retention_average_order_value", (chosen) => ({ window: chosen.window, orders: "all", ...currency() }), inCurrency(2)],
  ["Lifetime value", "retention_customer_lifetime_value", () => ({ method: "cohort", ...currency() }), inCurrency(2)],
  ["Bought twice or more", "retention_returning_customer_ratio", windowed({ method: "window" }), share],
  ["On time", "retention_on_time_delivery_ratio", windowed(), share],
  ["Orders refunded", "retention_refund_ratio", windowed({ basis: "orders" }), share],
  ["Carts abandoned", "retention_cart_abandonment_ratio", windowed(), share],
];

export function orders(panel) {
  panel.append(el("dl", { class: "stats eight" }, ...ORDERS.map(([name, metric, labels, format]) => {
    const node = el("div", { class: "stat" }, el("dt", {}, term(name, metric)), el("dd", {}, number(metric, labels, format)));
    only(node, metric);
    return node;
  })));
}
