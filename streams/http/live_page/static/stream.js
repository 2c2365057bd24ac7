// The connection: it comes back by itself, whatever becomes of the worker or of the network.

const SILENT_MS = 10_000; // an event comes every second
const AGAIN_MS = 2_000;
const HIDDEN_MS = 60_000; // a page that nobody looks at frees its connection

/** Listen; `on` has snapshot(data), update(data) and link(state), state being connecting, live or lost. */
export function listen(on) {
  let source = null;
  let timer = 0;
  let heard = 0;

  const open = () => {
    clearTimeout(timer);
    source?.close();
    heard = Date.now();
    source = new EventSource("/stream");
    source.addEventListener("snapshot", (event) => take(() => on.snapshot(JSON.parse(event.data))));
    source.addEventListener("update", (event) => take(() => on.update(JSON.parse(event.data))));
    source.onerror = () => {
      on.link("lost");
      // It tries again by itself, but not where it was answered with an error.
      if (source.readyState === EventSource.CLOSED) again();
    };
  };
  const take = (act) => {
    heard = Date.now();
    on.link("live");
    act();
  };
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(open, AGAIN_MS);
  };

  setInterval(() => {
    if (source && Date.now() - heard > SILENT_MS) {
      on.link("lost");
      open();
    }
  }, SILENT_MS / 2);

  let hiding = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (!document.hidden && !source) open();
    if (document.hidden) {
      hiding = setTimeout(() => {
        source?.close();
        source = null;
        clearTimeout(timer);
      }, HIDDEN_MS);
    }
  });
  on.link("connecting");
  open();
}
