"""A schema registry as a real HTTP server, with the schemas of a test."""

import base64

from aiohttp import web

#: What it asks for.
AUTH = "me:it's:secret"


def framed(number, content, middle=b""):
    return b"\0" + number.to_bytes(4) + middle + content


class RegistryServer:
    """The two calls of Confluent's registry API that a reader needs, with a password."""

    def __init__(self):
        self.schemas, self.subjects, self.requests = {}, {}, []
        self.refusing, self.answer, self.status, self.headers = False, None, 200, {}
        self.wants = "Basic " + base64.b64encode(AUTH.encode()).decode()
        app = web.Application()
        app.router.add_get("/schemas/ids/{id}", self._by_id)
        app.router.add_get("/subjects/{subject}/versions/{version}", self._by_subject)
        self._runner = web.AppRunner(app)

    async def __aenter__(self):
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        return self

    async def also_by(self, context):
        """Serve over TLS as well."""
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        return f"https://localhost:{site._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_):
        await self._runner.cleanup()

    async def _by_id(self, request):
        return self._answer(request, self.schemas.get(int(request.match_info["id"])))

    async def _by_subject(self, request):
        return self._answer(
            request, self.subjects.get((request.match_info["subject"], request.match_info["version"]))
        )

    def _answer(self, request, found):
        self.requests.append(request.path_qs)
        if request.headers.get("Authorization") != self.wants:
            return web.json_response({"error_code": 40101, "message": "Unauthorized"}, status=401)
        if self.refusing:
            return web.json_response({"error_code": 50001}, status=503)
        if self.answer is not None:
            return web.Response(
                text=self.answer, content_type="application/json", status=self.status, headers=self.headers
            )
        if found is None:
            return web.json_response({"error_code": 40403, "message": "Schema not found"}, status=404)
        return web.Response(**found) if "status" in found else web.json_response(found)
