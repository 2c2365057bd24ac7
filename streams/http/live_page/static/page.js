// Build the live page once, and update it with the events of the worker.

import { alerts } from "./alerts.js";
import { cohorts } from "./cohorts.js";
import { causes, feedback, lifecycle, orders } from "./customers.js";
import { segments, setText } from "./dom.js";
import { subscribe, refresh } from "./number.js";
import { pipeline, statusLine } from "./pipeline.js";
import { cards, flow } from "./retention.js";
import { applySnapshot, applyUpdate, choose, state, view } from "./state.js";
import { listen } from "./stream.js";
import { support } from "./support.js";
import { urgent } from "./urgent.js";

const SHORT_WINDOWS = ["1h", "24h"];
const byId = (id) => document.getElementById(id);

function showWindows(windows) {
  const all = [...SHORT_WINDOWS, ...windows];
  if (!windows.includes(view.window)) choose({ window: windows.includes("30d") ? "30d" : windows[0] });
  if (!all.includes(view.supportWindow)) choose({ supportWindow: "24h" });
  segments(byId("windows"), windows, view.window, (window) => change({ window }));
  segments(byId("support-windows"), all, view.supportWindow, (supportWindow) => change({ supportWindow }));
}

function change(chosen) {
  choose(chosen);
  refresh();
}

function build() {
  statusLine(byId("link"), byId("link-text"), byId("announcement"), byId("as-of"));
  for (const node of document.querySelectorAll("[data-window]")) subscribe(() => setText(node, view.window));
  alerts(byId("alerts"));
  flow(byId("flow"));
  urgent(byId("urgent"));
  support(byId("support"));
  causes(byId("causes"));
  feedback(byId("feedback"));
  lifecycle(byId("lifecycle"));
  cohorts(byId("cohorts"));
  orders(byId("orders"));
  pipeline(byId("pipeline"));
}

let shownWindows = "";

/** Show the worker's version, its windows, and whether anything protects it. A restarted worker may have other windows. */
function showSettings({ windows, version, missing_token: missingToken }) {
  setText(byId("version"), `retention ${version}`);
  setText(byId("missing-token"), missingToken ?? "");
  byId("missing-token").hidden = !missingToken;
  if (shownWindows === windows.join()) return;
  shownWindows = windows.join();
  showWindows(windows);
  cards(byId("retention"), windows);
}

build();
listen({
  snapshot(data) {
    applySnapshot(data);
    showSettings(state.about);
    refresh();
  },
  update(data) {
    applyUpdate(data);
    refresh();
  },
  link(link) {
    if (state.link === link) return;
    state.link = link;
    refresh();
  },
});
