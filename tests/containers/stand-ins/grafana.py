"""Answer the health check of Grafana, and keep a file in its volume."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    """Answer 200 to every request."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815 - the library's name


Path("/var/lib/grafana/grafana.db").touch()
HTTPServer(("", 3000), Handler).serve_forever()
