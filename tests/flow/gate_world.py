"""What the gate's tests stand on: an issuer that counts, an upstream that records, the gate, nginx and HAProxy as Debian
packages them, each started on loopback with its own folder and stopped by its pid."""
import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from urllib.parse import parse_qs, urlsplit
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import harness

AUDIENCE = 'https://api.example/v1'
EXAMPLES = harness.ROOT / 'examples/gate'
SPEC = """
openapi: 3.0.3
info: {title: test, version: '1'}
servers: [{url: 'https://api.example/v1'}]
components:
  securitySchemes:
    bearer: {type: http, scheme: bearer}
    oauth:
      type: openIdConnect
      openIdConnectUrl: ISSUER/.well-known/openid-configuration
    key: {type: apiKey, in: header, name: X-Api-Key}
security: [{oauth: [things:read]}]
paths:
  /things/{id}:
    get: {operationId: things.get, responses: {default: {description: x}}}
    post: {operationId: things.post, security: [{oauth: [things:write]}], responses: {default: {description: x}}}
  /either:
    get: {security: [{oauth: [a:read, b:read]}, {oauth: [admin]}], responses: {default: {description: x}}}
  /any:
    get: {security: [{bearer: []}], responses: {default: {description: x}}}
  /admin:
    get: {operationId: admin, security: [{oauth: [admin]}], responses: {default: {description: x}}}
  /public:
    get: {operationId: public, security: [], responses: {default: {description: x}}}
    options: {security: [], responses: {default: {description: x}}}
  /public/{name}:
    get: {security: [], responses: {default: {description: x}}}
  /keyed:
    get: {security: [{key: []}], responses: {default: {description: x}}}
"""


class Quiet(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def reply(self, body, status=200):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(data)


class Listener(ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 128

    def handle_error(self, *_):
        """A peer that goes away is no news."""


class Web:
    """An HTTP server in a thread of this process."""

    def __init__(self, handler):
        self.server = Listener(('127.0.0.1', 0), handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Issuer:
    """Metadata and keys, counted; tokens of any shape. `gate` holds back the answer for the keys while it is clear."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.counts, self.open, self.down, self.revoked = {}, threading.Event(), False, []
        self.open.set()
        issuer = self

        class Handler(Quiet):
            def do_GET(self):
                issuer.counts[self.path] = issuer.counts.get(self.path, 0) + 1
                if self.path.startswith('/revocations'):
                    return self.reply({}, 500) if issuer.down else self.reply_feed(parse_qs(urlsplit(self.path).query))
                if self.path == '/jwks':
                    issuer.open.wait(60)
                    return self.reply({}, 500) if issuer.down else self.reply({'keys': [issuer.jwk()]})
                if self.path == '/.well-known/openid-configuration':
                    return self.reply({'issuer': issuer.url, 'jwks_uri': issuer.url + '/jwks'})
                return self.reply({}, 404)

            def reply_feed(self, query):
                since, end = int(query.get('since', ['0'])[0]), time.monotonic() + min(float(query.get('wait', ['0'])[0]), 1)
                while len(issuer.revoked) <= since and time.monotonic() < end and not issuer.down:
                    time.sleep(0.02)
                data = issuer.feed(since).encode()
                self.send_response(200)
                self.send_header('Content-Type', 'application/jwt')
                self.send_header('Content-Length', str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.web = Web(Handler)
        self.url = f'http://127.0.0.1:{self.web.port}'

    def fetches(self):
        return self.counts.get('/jwks', 0)

    def jwk(self):
        numbers = self.key.public_key().public_numbers()
        x, y = (base64.urlsafe_b64encode(n.to_bytes(32, 'big')).rstrip(b'=').decode() for n in (numbers.x, numbers.y))
        return {'kty': 'EC', 'crv': 'P-256', 'alg': 'ES256', 'use': 'sig', 'kid': 'k1', 'x': x, 'y': y}

    def feed(self, since):
        now, entries = int(time.time()), [dict(entry, seq=i + 1) for i, entry in enumerate(self.revoked)]
        claims = {'iss': self.url, 'iat': now, 'exp': now + 300, 'feed': 'f1', 'since': since, 'seq': len(entries), 'more': False,
                  'revocations': entries[since:]}
        return jwt.encode(claims, self.key, 'ES256', headers={'typ': 'revocations+jwt', 'kid': 'k1'})

    def token(self, scope='things:read', header=None, key=None, **claims):
        now = int(time.time())
        claims = {'iss': self.url, 'sub': 'mmc_test', 'client_id': 'mmc_test', 'aud': AUDIENCE, 'iat': now, 'exp': now + 600,
                  'jti': os.urandom(8).hex(), 'scope': scope, **claims}
        claims = {k: v for k, v in claims.items() if v is not None}
        return jwt.encode(claims, key or self.key, 'ES256', headers={'typ': 'at+jwt', 'kid': 'k1', **(header or {})})

    def stop(self):
        self.open.set()
        self.web.stop()


class Upstream:
    """The API behind the proxy: answers what it got, byte for byte as far as the line and the headers go."""

    def __init__(self):
        self.seen = []
        upstream = self

        class Handler(Quiet):
            def answer(self):
                length = int(self.headers.get('Content-Length') or 0)
                self.rfile.read(length)
                got = {'method': self.command, 'target': self.requestline.split(' ')[1], 'headers': self.headers.items()}
                upstream.seen.append(got)
                self.reply(got)

        for method in ('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'):
            setattr(Handler, f'do_{method}', Handler.answer)
        self.web = Web(Handler)
        self.port = self.web.port

    def stop(self):
        self.web.stop()


class Process:
    """A program with a log, stopped by its pid."""

    def __init__(self, args, log_path, env=None):
        self.log_path = log_path
        with open(log_path, 'ab') as log:
            self.process = subprocess.Popen([str(a) for a in args], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=env or harness.clean_env(), start_new_session=True)

    def log(self):
        return self.log_path.read_text(errors='replace')

    def wait_for(self, port=None, path=None):
        def there():
            assert self.process.poll() is None, f'ended with {self.process.returncode}:\n{self.log()}'
            try:
                if path:
                    with socket.socket(socket.AF_UNIX) as s:
                        s.connect(str(path))
                else:
                    socket.create_connection(('127.0.0.1', port), 5).close()
                return True
            except OSError:
                return False
        harness.wait_until(there, f'{self.log_path.name} to listen')
        return self

    def stop(self, status=0):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            got = self.process.wait(harness.STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        report = harness.REPORT.search(self.log())
        assert not report, f'sanitizer report:\n{self.log()[report.start() - 200:][:6000]}'
        assert status is None or got == status, f'ended with {got}:\n{self.log()}'


class Gate(Process):
    def __init__(self, folder, issuer, *options, spec=SPEC, name='gate', unix=False):
        self.spec = folder / f'{name}.yaml'
        self.spec.write_text(spec.replace('ISSUER', issuer.url))
        self.port, self.socket = harness.free_port(), folder / f'{name}.sock'
        listen = ['--listen', f'unix:{self.socket}', '--socket-mode', '0666'] if unix else []
        super().__init__([harness.BINARY, 'gate', '--listen', f'127.0.0.1:{self.port}', *listen, '--openapi', self.spec,
                          '--issuer', issuer.url, '--audience', AUDIENCE, *options], folder / f'{name}.log')
        self.wait_for(self.port)

    def raw(self, data, head_request=False):
        with harness.Connection(self.port) as connection:
            return connection.send(data).receive(head_request)

    def ask(self, path='/v1/things/1', method='GET', token=None, headers=(), body=''):
        lines = [f'{method} {path} HTTP/1.1', 'Host: gate', *headers]
        if token:
            lines.append(f'Authorization: Bearer {token}')
        if body:
            lines.append(f'Content-Length: {len(body)}')
        return self.raw('\r\n'.join([*lines, '', body]).encode('latin-1'), method == 'HEAD')

    def figure(self, name):
        text = self.raw(b'GET /metrics HTTP/1.1\r\nHost: gate\r\n\r\n').body.decode()
        return int(re.search(rf'^mintmark_gate_{re.escape(name)} (\d+)$', text, re.M)[1])


def need(program):
    path = shutil.which(program, path='/usr/sbin:/usr/bin:/sbin:/bin')
    if not path:
        pytest.skip(f'{program} is not installed')
    return path


class Proxy:
    """nginx or HAProxy with the sample of examples/gate, only addresses and folders changed."""

    def __init__(self, process, port):
        self.process, self.port = process, port

    def raw(self, data, head_request=False):
        with harness.Connection(self.port) as connection:
            return connection.send(data).receive(head_request)

    def ask(self, target, method='GET', token=None, headers=()):
        lines = [f'{method} {target} HTTP/1.1', 'Host: api.example', 'Connection: close', *headers]
        if token:
            lines.append(f'Authorization: Bearer {token}')
        return self.raw('\r\n'.join([*lines, '', '']).encode('latin-1'), method == 'HEAD')

    def stop(self):
        self.process.stop(status=None)


def replaced(text, *pairs):
    for old, new in pairs:
        assert old in text, f'the sample has no {old!r} any more'
        text = text.replace(old, str(new))
    return text


def start_nginx(folder, gate, upstream):
    program, port = need('nginx'), harness.free_port()
    config = folder / 'nginx.conf'
    config.write_text(replaced(
        (EXAMPLES / 'nginx.conf').read_text(), ('/run/mintmark/gate.sock', gate.socket), ('127.0.0.1:9000', f'127.0.0.1:{upstream.port}'),
        ('listen 127.0.0.1:8081', f'listen 127.0.0.1:{port}'), ('/run/nginx-mintmark.pid', folder / 'nginx.pid'),
        ('/var/log/nginx/mintmark-error.log', folder / 'nginx-error.log'),
        ('/var/log/nginx/mintmark-access.log;', f'{folder}/nginx-access.log; ' + ' '.join(
            f'{name}_temp_path {folder}/{name};' for name in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi')))))
    args = [program, '-c', config, '-e', folder / 'nginx-start.log', '-g', 'daemon off; master_process off;']
    return Proxy(Process(args, folder / 'nginx.log').wait_for(port), port)


def start_haproxy(folder, gate, upstream):
    program, port = need('haproxy'), harness.free_port()
    config = folder / 'haproxy.cfg'
    config.write_text(replaced(
        (EXAMPLES / 'haproxy.cfg').read_text(), ('/etc/haproxy/mintmark/haproxy.lua', EXAMPLES / 'haproxy.lua'),
        ('127.0.0.1:9090', f'127.0.0.1:{gate.port}'), ('127.0.0.1:9000', f'127.0.0.1:{upstream.port}'),
        ('bind 127.0.0.1:8082', f'bind 127.0.0.1:{port}')))
    return Proxy(Process([program, '-db', '-f', config], folder / 'haproxy.log').wait_for(port), port)
