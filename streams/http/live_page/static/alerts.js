// The alerts that fire, where a Prometheus tells them: what is wrong, for whom, since when, and what to do.

import { el, setText } from "./dom.js";
import { duration } from "./format.js";
import { follow } from "./number.js";
import { store } from "./state.js";

const LEVEL = { critical: "alarm", warning: "watch" };
const WORDS = { critical: "Now", warning: "Soon" };
const MEANING = { critical: "wakes the team on call", warning: "for the team's next working day" };

export function alerts(panel) {
  const state = el("p", { class: "muted hint" });
  const list = el("ul", { class: "alerts", "aria-live": "polite" });
  panel.append(state, list);
  let shown = "";
  follow(() => {
    const firing = store.alerts;
    panel.hidden = firing === undefined;
    setText(state, firing === null ? "Prometheus no longer answers." : firing?.length ? "" : "No alert fires.");
    state.hidden = !state.textContent;
    const now = JSON.stringify(firing ?? []);
    if (now !== shown && !list.contains(document.activeElement)) {
      shown = now;
      list.replaceChildren(...(firing ?? []).map(item));
    }
    for (const node of list.querySelectorAll("[data-since]")) {
      setText(node, `for ${duration(Math.max(0, store.at - Number(node.dataset.since)))}`);
    }
  });
}

function item({ severity, team, summary, description, since, runbook }) {
  return el("li", {},
    el("span", { class: "level", "data-level": LEVEL[severity] ?? "watch", title: MEANING[severity] ?? null }, WORDS[severity] ?? severity),
    el("div", {},
      el("p", { class: "strong" }, summary),
      el("p", { class: "muted" }, description),
      el("p", { class: "muted hint" }, `${team}, `, el("span", { "data-since": since }),
        ...(runbook ? [" · ", el("a", { href: runbook, target: "_blank", rel: "noopener" }, "what to do",
          el("span", { class: "hidden-text" }, ` about: ${summary}`))] : []))));
}
