"""A real Kafka with TLS, SASL, OAuth 2.0 and the authorizer."""

import base64
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import trustme
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from streams.local.kafka import EmbeddedKafka
from streams.local.ports import free_port

USER, PASSWORD = "shop", "geheim-4711"
SECRETS = (PASSWORD, "client-secret-42")
#: Listener -> security protocol. PLAINTEXT is for the superusers: the brokers, and the tests.
LISTENERS = {
    "SCRAM": "SASL_SSL",
    "OAUTH": "SASL_SSL",
    "MTLS": "SSL",
    "OTHER": "SSL",
    "CLEAR": "SASL_PLAINTEXT",
}
_SECURITY = "org.apache.kafka.common.security"


def free_ports(count):
    """Return `count` distinct free ports."""
    ports = set()
    while len(ports) < count:
        ports.add(free_port())
    return list(ports)


class Certificates:
    """An authority, certificates of brokers (one with a wrong host name), and one of a client."""

    def __init__(self, directory):
        self.directory = directory
        authority = trustme.CA()
        self.ca = directory / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca))
        self.foreign_ca = directory / "foreign.pem"
        trustme.CA().cert_pem.write_to_path(str(self.foreign_ca))
        self.broker = self._write("broker", authority.issue_cert("127.0.0.1", "localhost"))
        self.elsewhere = self._write("elsewhere", authority.issue_cert("kafka.example"))
        client = authority.issue_cert("client@shop.example", common_name=USER)
        self.client = self._write("client", client)
        self.locked = self._write("locked", client, serialization.BestAvailableEncryption(b"key-geheim"))

    def _write(self, name, issued, encryption=serialization.NoEncryption()):  # noqa: B008 - a constant
        """Write key and chain to one file, the key in PKCS #8, the only form that Java reads."""
        key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
        encoded = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        path = self.directory / f"{name}.pem"
        path.write_bytes(encoded + b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        return path


def _base64(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class TokenIssuer:
    """An OAuth 2.0 token endpoint that signs its tokens; Kafka checks the signatures with `keys`."""

    def __init__(self, directory):
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.life = 3600
        self.requests = []  #: of each request: authorization, form
        self.fails = False
        numbers = self._key.public_key().public_numbers()
        n, e = (_base64(i.to_bytes((i.bit_length() + 7) // 8)) for i in (numbers.n, numbers.e))
        self.keys = directory / "jwks.json"
        jwk = {"kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256", "n": n, "e": e}
        self.keys.write_text(json.dumps({"keys": [jwk]}))

    def jwt(self, subject=USER):
        now = int(time.time())
        claims = {"sub": subject, "iss": "tests", "aud": "kafka", "iat": now, "exp": now + self.life}
        head = {"alg": "RS256", "kid": "k1", "typ": "JWT"}
        signed = ".".join(_base64(json.dumps(part).encode()) for part in (head, claims))
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_base64(signature)}"

    @contextmanager
    def serving(self):
        """Start to serve, and return the URL."""
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                issuer.requests.append((self.headers["Authorization"], form))
                status, answer = issuer.answer(self.headers["Authorization"])
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_):
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}/token"
            finally:
                server.shutdown()
                thread.join()

    def answer(self, authorization):
        if self.fails:
            return 503, {}
        if authorization != "Basic " + base64.b64encode(f"{USER}:client-secret-42".encode()).decode():
            return 401, {"error": "invalid_client", "error_description": "who is that?"}
        return 200, {"access_token": self.jwt(), "token_type": "Bearer", "expires_in": self.life}


class SecuredKafka(EmbeddedKafka):
    """A Kafka with one listener for each security protocol. ACLs limit all users but superusers."""

    def __init__(self, directory):
        self.certificates = Certificates(directory)
        self.tokens = TokenIssuer(directory)
        port, controller, *others = free_ports(2 + len(LISTENERS))
        self.ports = dict(zip(LISTENERS, others, strict=True))
        super().__init__(
            directory / "kafka",
            port=port,
            settings=self._settings(port, f"127.0.0.1:{controller}"),
            scram={USER: PASSWORD},
            jvm_flags=(
                "-Xmx384m",
                f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={self.tokens.keys.as_uri()}",
                f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.files={self.tokens.keys}",
            ),
        )

    def address(self, listener):
        return f"127.0.0.1:{self.ports[listener]}"

    def _settings(self, port, controller):
        doors = {"PLAINTEXT": f"127.0.0.1:{port}", "CONTROLLER": controller}
        doors |= {name: self.address(name) for name in LISTENERS}
        spoken = {"PLAINTEXT": "PLAINTEXT", "CONTROLLER": "PLAINTEXT"} | LISTENERS
        certificates = self.certificates
        settings = {
            "controller.quorum.voters": f"1@{controller}",
            "listeners": ",".join(f"{name}://{address}" for name, address in doors.items()),
            "listener.security.protocol.map": ",".join(f"{k}:{v}" for k, v in spoken.items()),
            "inter.broker.listener.name": "PLAINTEXT",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
            "connection.failed.authentication.delay.ms": "0",
            "metadata.max.idle.interval.ms": "0",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(certificates.broker),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(certificates.ca),
            "listener.name.other.ssl.keystore.type": "PEM",
            "listener.name.other.ssl.keystore.location": str(certificates.elsewhere),
            "listener.name.mtls.ssl.client.auth": "required",
            "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/",
            "listener.name.scram.sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512,PLAIN",
            "listener.name.clear.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.oauth.sasl.enabled.mechanisms": "OAUTHBEARER",
            # A session lives as long as its token, and no longer than this.
            "listener.name.oauth.connections.max.reauth.ms": "5000",
            "listener.name.oauth.sasl.oauthbearer.jwks.endpoint.url": self.tokens.keys.as_uri(),
            "listener.name.oauth.sasl.oauthbearer.expected.audience": "kafka",
            "listener.name.oauth.oauthbearer.sasl.server.callback.handler.class": (
                f"{_SECURITY}.oauthbearer.OAuthBearerValidatorCallbackHandler"
            ),
            "listener.name.oauth.oauthbearer.sasl.jaas.config": (
                f"{_SECURITY}.oauthbearer.OAuthBearerLoginModule required;"
            ),
        }
        for mechanism in ("scram-sha-256", "scram-sha-512"):
            settings[f"listener.name.scram.{mechanism}.sasl.jaas.config"] = (
                f"{_SECURITY}.scram.ScramLoginModule required;"
            )
        for listener in ("scram", "clear"):
            settings[f"listener.name.{listener}.plain.sasl.jaas.config"] = (
                f'{_SECURITY}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
            )
        return settings

    def ways_in(self):
        """Return method of authentication -> settings of a client that uses it."""
        scram = {"SECURITY_PROTOCOL": "SASL_SSL", "TLS_CA_FILE": self.certificates.ca}
        scram |= {"SASL_USERNAME": USER, "SASL_PASSWORD": PASSWORD, "BROKER": self.address("SCRAM")}
        return {
            "plain": scram | {"SASL_MECHANISM": "PLAIN"},
            "scram-256": scram | {"SASL_MECHANISM": "SCRAM-SHA-256"},
            "scram-512": scram | {"SASL_MECHANISM": "SCRAM-SHA-512"},
            "mtls": {
                "SECURITY_PROTOCOL": "SSL",
                "TLS_CA_FILE": self.certificates.ca,
                "TLS_CERT_FILE": self.certificates.client,
                "BROKER": self.address("MTLS"),
            },
            "oauth": {
                "SECURITY_PROTOCOL": "SASL_SSL",
                "TLS_CA_FILE": self.certificates.ca,
                "BROKER": self.address("OAUTH"),
                "SASL_MECHANISM": "OAUTHBEARER",
                "SASL_WITHOUT_TLS": "true",
                "OAUTH_TOKEN_URL": "http://127.0.0.1:1/token",
                "OAUTH_CLIENT_ID": USER,
                "OAUTH_CLIENT_SECRET": "client-secret-42",
                "OAUTH_SCOPE": "kafka",
            },
        }


def environ(settings):
    """Return settings as environment variables."""
    return {f"RETENTION_{name}": str(value) for name, value in settings.items()}
