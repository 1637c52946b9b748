"""A provider of OAuth 1 made of oauthlib's endpoints, for oauthlib_test.go.

Everybody consents at once. All that is signed and verified is oauthlib's doing.
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from oauthlib.oauth1 import RequestValidator, WebApplicationServer


class Validator(RequestValidator):
    allowed_signature_methods = (os.environ["METHOD"],)
    enforce_ssl = False  # this is loopback
    client_key_length = (4, 30)
    dummy_client = dummy_request_token = dummy_access_token = "nobody"

    def __init__(self):
        super().__init__()
        self.requests, self.tokens, self.verifiers, self.nonces = {}, {}, {}, set()

    def validate_client_key(self, client_key, request):
        return client_key == os.environ["CLIENT_ID"]

    def get_client_secret(self, client_key, request):
        return os.environ.get("CLIENT_SECRET", "")

    def get_rsa_key(self, client_key, request):
        return os.environ["PUBLIC_KEY"]

    def validate_timestamp_and_nonce(self, client_key, timestamp, nonce, request, request_token=None, access_token=None):
        used = (timestamp, nonce, request_token or access_token)
        fresh = used not in self.nonces
        self.nonces.add(used)
        return fresh

    def get_default_realms(self, client_key, request):
        return []

    def validate_requested_realms(self, client_key, realms, request):
        return True

    def validate_realms(self, client_key, token, request, uri=None, realms=None):
        return True

    def get_realms(self, token, request):
        return []

    def verify_realms(self, token, realms, request):
        return True

    def validate_redirect_uri(self, client_key, redirect_uri, request):
        return redirect_uri == os.environ["REDIRECT_URI"]

    def save_request_token(self, token, request):
        self.requests[token["oauth_token"]] = {**token, "callback": request.redirect_uri}

    def verify_request_token(self, token, request):
        return token in self.requests

    def validate_request_token(self, client_key, token, request):
        return token in self.requests

    def get_request_token_secret(self, client_key, token, request):
        return self.requests.get(token, {}).get("oauth_token_secret", "")

    def get_redirect_uri(self, token, request):
        return self.requests[token]["callback"]

    def save_verifier(self, token, verifier, request):
        self.verifiers[token] = verifier["oauth_verifier"]

    def validate_verifier(self, client_key, token, verifier, request):
        return self.verifiers.get(token) == verifier

    def invalidate_request_token(self, client_key, request_token, request):
        del self.requests[request_token]

    def save_access_token(self, token, request):
        self.tokens[token["oauth_token"]] = token["oauth_token_secret"]

    def validate_access_token(self, client_key, token, request):
        return token in self.tokens

    def get_access_token_secret(self, client_key, token, request):
        return self.tokens.get(token, "")


server = WebApplicationServer(Validator())


class Handler(BaseHTTPRequestHandler):
    def do(self):
        uri = "http://" + self.headers["Host"] + self.path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        asked = (uri, self.command, body, dict(self.headers))
        path = self.path.partition("?")[0]
        if path == "/request":
            self.say(*server.create_request_token_response(*asked))
        elif path == "/authorize":
            self.say(*server.create_authorization_response(*asked, realms=[]))
        elif path == "/token":
            self.say(*server.create_access_token_response(*asked, credentials={"user": "4711"}))
        else:
            valid, request = server.validate_protected_resource_request(*asked, realms=[])
            if not valid:
                self.say({}, None, 401)
                return
            got = sorted(p for p in request.params if not p[0].startswith("oauth_"))
            self.say({"Content-Type": "application/json"}, json.dumps({"id": "4711", "got": got}), 200)

    do_GET = do_POST = do_PUT = do

    def say(self, headers, body, status):
        body = (body or "").encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(listener.server_address[1], flush=True)
listener.serve_forever()
