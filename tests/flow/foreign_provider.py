"""Somebody else's OpenID provider on a loopback port, which may lie: for test_upstream.py.

    with Provider() as p:
        p.user = {'sub': '1', 'email': 'ada@example.org', 'email_verified': True}
        p.bend['iss'] = 'https://evil.example'      # claims of the id token that are others
"""
import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, utils

from authenticator import b64, unb64


class Provider:
    def __init__(self, client_id='relying', secret='s3cret-of-relying'):
        self.client_id, self.secret = client_id, secret
        self.requests, self.codes, self.user = [], {}, {'sub': 'user-1'}
        self.new_key('k1')
        self.lie()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def log_message(self, *_):
                pass

            def do_GET(self):
                provider.answer(self, parse_qs(urlsplit(self.path).query), b'')

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
                provider.answer(self, parse_qs(body.decode()), body)

        self.server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.issuer = f'http://127.0.0.1:{self.server.server_port}'

    def lie(self, **how):
        """Forget all lies, then tell these."""
        self.bend, self.bend_header, self.metadata = {}, {}, {}
        self.token_status, self.token_body, self.at_hash, self.tamper = 200, None, True, lambda token: token
        self.userinfo = None
        vars(self).update(how)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def new_key(self, kid):
        self.kid, self.key = kid, ec.generate_private_key(ec.SECP256R1())

    def jwk(self):
        n = self.key.public_key().public_numbers()
        return {'kty': 'EC', 'crv': 'P-256', 'use': 'sig', 'kid': self.kid, 'x': b64(n.x.to_bytes(32, 'big')),
                'y': b64(n.y.to_bytes(32, 'big'))}

    def jws(self, claims, header):
        head = {'alg': 'ES256', 'typ': 'JWT', 'kid': self.kid, **header}
        text = '.'.join(b64(json.dumps(part).encode()) for part in (head, claims)).encode()
        if head['alg'] == 'none':
            return text.decode() + '.'
        if head['alg'] == 'HS256':
            mac = hmac.HMAC(json.dumps(self.jwk()).encode(), hashes.SHA256())
            mac.update(text)
            return text.decode() + '.' + b64(mac.finalize())
        r, s = utils.decode_dss_signature(self.key.sign(text, ec.ECDSA(hashes.SHA256())))
        return text.decode() + '.' + b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))

    def document(self):
        return {'issuer': self.issuer, 'authorization_endpoint': self.issuer + '/auth',
                'token_endpoint': self.issuer + '/token', 'jwks_uri': self.issuer + '/jwks',
                'userinfo_endpoint': self.issuer + '/me', 'id_token_signing_alg_values_supported': ['ES256', 'HS256', 'none'],
                'authorization_response_iss_parameter_supported': True, 'response_types_supported': ['code'],
                'subject_types_supported': ['public'], **self.metadata}

    def approve(self, url, **more):
        """The person agrees: path and query with which the browser comes back."""
        query = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(self.issuer + '/auth?'), url
        assert query['response_type'] == 'code' and query['client_id'] == self.client_id
        assert query['code_challenge_method'] == 'S256' and 'openid' in query['scope'].split()
        code = f'code-{len(self.codes)}'
        self.codes[code] = query
        back = urlsplit(query['redirect_uri'])
        return back.path, {k: v for k, v in {'code': code, 'state': query['state'], 'iss': self.issuer, **more}.items()
                           if v is not None}

    def answer(self, handler, form, body):
        path = urlsplit(handler.path).path
        self.requests.append((handler.command, path, dict(handler.headers), {k: v[0] for k, v in form.items()}))
        if path == '/.well-known/openid-configuration':
            return self.send(handler, 200, self.document())
        if path == '/jwks':
            return self.send(handler, 200, {'keys': [self.jwk()]})
        if path == '/me':
            return self.send(handler, 200, self.userinfo or {'sub': self.user['sub']})
        if path == '/token':
            return self.token(handler, {k: v[0] for k, v in form.items()})
        if path == '/redirect':
            handler.send_response(302)
            handler.send_header('Location', self.issuer + '/jwks')
            handler.send_header('Content-Length', '0')
            return handler.end_headers()
        if path == '/endless':
            return self.endless(handler)
        return self.send(handler, 404, {})

    def endless(self, handler):
        handler.send_response(200)
        handler.send_header('Content-Type', 'application/json')
        handler.end_headers()
        handler.close_connection = True
        try:
            while True:
                handler.wfile.write(b' ' * 65536)
        except OSError:
            pass

    def send(self, handler, status, value):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        handler.send_response(status)
        handler.send_header('Content-Type', 'application/json')
        handler.send_header('Content-Length', str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def token(self, handler, form):
        basic = base64.b64encode(f'{self.client_id}:{self.secret}'.encode()).decode()
        assert handler.headers['Authorization'] == 'Basic ' + basic
        asked = self.codes.pop(form['code'], None)
        verifier = hashlib.sha256(form['code_verifier'].encode()).digest()
        if not asked or asked['code_challenge'] != b64(verifier) or asked['redirect_uri'] != form['redirect_uri']:
            return self.send(handler, 400, {'error': 'invalid_grant'})
        if self.token_body is not None or self.token_status != 200:
            return self.send(handler, self.token_status, self.token_body or {})
        now, access = int(time.time()), 'opaque-access-token'
        claims = {'iss': self.issuer, 'aud': self.client_id, 'exp': now + 300, 'iat': now, 'nonce': asked['nonce'],
                  'at_hash': b64(hashlib.sha256(access.encode()).digest()[:16]), **self.user, **self.bend}
        claims = {k: v for k, v in claims.items() if v is not None}
        token = self.tamper(self.jws(claims, self.bend_header))
        return self.send(handler, 200, {'access_token': access, 'token_type': 'Bearer', 'id_token': token})


__all__ = ['Provider', 'unb64']
