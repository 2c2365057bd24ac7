// The connection to the event stream. It reconnects after any failure of the worker or of the network.

const TIMEOUT_MS = 10_000; // an event comes every second
const RETRY_MS = 2_000;
const HIDDEN_MS = 60_000; // a hidden page closes its connection after this time

/** Connect. `on` has the callbacks snapshot(data), update(data) and link("connecting", "live" or "lost"). */
export function listen(on) {
  let source = null;
  let retryTimer = 0;
  let lastEventAt = 0;

  const open = () => {
    clearTimeout(retryTimer);
    source?.close();
    lastEventAt = Date.now();
    source = new EventSource("/stream");
    source.addEventListener("snapshot", (event) => receive(() => on.snapshot(JSON.parse(event.data))));
    source.addEventListener("update", (event) => receive(() => on.update(JSON.parse(event.data))));
    source.onerror = () => {
      on.link("lost");
      // The browser reconnects by itself, but not after an error response.
      if (source.readyState === EventSource.CLOSED) retryLater();
    };
  };
  const receive = (handle) => {
    lastEventAt = Date.now();
    on.link("live");
    handle();
  };
  const retryLater = () => {
    clearTimeout(retryTimer);
    retryTimer = setTimeout(open, RETRY_MS);
  };

  setInterval(() => {
    if (source && Date.now() - lastEventAt > TIMEOUT_MS) {
      on.link("lost");
      open();
    }
  }, TIMEOUT_MS / 2);

  let hideTimer = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hideTimer);
    if (!document.hidden && !source) open();
    if (document.hidden) {
      hideTimer = setTimeout(() => {
        source?.close();
        source = null;
        clearTimeout(retryTimer);
      }, HIDDEN_MS);
    }
  });
  on.link("connecting");
  open();
}
