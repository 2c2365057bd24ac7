// The live page: builds its parts once, and follows the worker.

import { alerts } from "./alerts.js";
import { burning } from "./urgent.js";
import { segments, setText } from "./dom.js";
import { follow, refresh } from "./number.js";
import { pipeline, trust } from "./pipeline.js";
import { cards, flow } from "./retention.js";
import { choose, store, takeSnapshot, takeUpdate, view } from "./state.js";
import { listen } from "./stream.js";
import { support } from "./support.js";
import { causes, lifecycle, orders, voice } from "./customers.js";

const SHORT_WINDOWS = ["1h", "24h"];
const byId = (id) => document.getElementById(id);

function choosers(windows) {
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
  trust(byId("link"), byId("link-text"), byId("news"), byId("as-of"));
  for (const node of document.querySelectorAll("[data-window]")) follow(() => setText(node, view.window));
  alerts(byId("alerts"));
  flow(byId("flow"));
  burning(byId("burning"));
  support(byId("support"));
  causes(byId("causes"));
  voice(byId("voice"));
  lifecycle(byId("lifecycle"));
  orders(byId("orders"));
  pipeline(byId("pipeline"));
}

let known = "";

/** The windows are the worker's setting: a restarted one may have others. */
function meet({ windows, version }) {
  setText(byId("version"), `retention ${version}`);
  if (known === windows.join()) return;
  known = windows.join();
  choosers(windows);
  cards(byId("retention"), windows);
}

build();
listen({
  snapshot(data) {
    takeSnapshot(data);
    meet(store.about);
    refresh();
  },
  update(data) {
    takeUpdate(data);
    refresh();
  },
  link(state) {
    if (store.link === state) return;
    store.link = state;
    refresh();
  },
});
