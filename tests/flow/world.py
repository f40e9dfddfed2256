"""The objects that the ledger tests need, and requests of every shape to the token endpoint of a running server.

    world.ask(auth='main', scope='m:read')             # a Response of one raw request, well-formed unless told otherwise
    world.ask(body='grant_type=a&grant_type=b', headers=['Authorization: Bearer x'])
    check_error(response, 401, 'invalid_client')        # everything that holds for every error
    control(server, 'client.create', client_name='x')   # an administration operation, over the control socket
"""
import base64
import json
import os
import re
import signal
import socket
import time
import urllib.parse

import harness

FORM = 'application/x-www-form-urlencoded'
API_A, API_B, API_FOREIGN = 'https://api.example/measurements', 'https://api.example/orders', 'urn:example:foreign'
CHOSEN = 'pa:ss %zz+w"rd\\&=1'  # a chosen secret with all that Basic and forms treat specially
REGISTERED = {'invalid_request', 'invalid_client', 'invalid_grant', 'unauthorized_client', 'unsupported_grant_type',
              'invalid_scope', 'invalid_target'}  # RFC 6749 5.2, RFC 8707 2
CHALLENGE = 'Basic realm="mintmark", charset="UTF-8"'


class Failed(Exception):
    """An operation was refused; its answer is the argument."""


def raw_control(server, op, timeout_s=harness.PATIENCE_S, **args):
    """The answer of an operation as it stands on the control socket."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(timeout_s)
        s.connect(str(server.var / 'control.sock'))
        s.sendall(json.dumps({'op': op, 'args': args}).encode() + b'\n')
        data = b''
        while True:
            more = s.recv(65536)
            if not more:
                break
            data += more
    return data


def control(server, op, **args):
    data = raw_control(server, op, **args)
    answer = json.loads(data, object_pairs_hook=harness.no_repeats)
    if not answer['ok']:
        raise Failed(answer)
    return answer['result']


def configure(server, **options):
    """Set options of the configuration file; `section__name=value`, a list or a scalar. Does not reload."""
    lines = server.config.read_text().splitlines()
    for dotted, value in options.items():
        section, _, name = dotted.rpartition('__')
        text = value if isinstance(value, str) else json.dumps(value)
        set_option(lines, section, name, text)
    server.config.write_text('\n'.join(lines) + '\n')
    server.config.chmod(0o600)


def set_option(lines, section, name, text):
    start, end, pad = 0, len(lines), ''
    if section:
        pad = '  '
        if f'{section}:' not in lines:
            lines.append(f'{section}:')
        start = lines.index(f'{section}:') + 1
        end = next((i for i in range(start, len(lines)) if re.match(r'[^\s#]', lines[i])), len(lines))
    old = [i for i in range(start, end) if re.match(rf'{pad}{name}\s*:', lines[i])]
    for i in old:
        while i + 1 < end and re.match(rf'{pad}(  |- )', lines[i + 1]):  # the items of a list below it
            del lines[i + 1]
            end -= 1
        del lines[i]
    lines.insert(start, f'{pad}{name}: {text}')


def reload(server, event='config_reloaded'):
    """SIGHUP, then wait for the event of this reload."""
    before = server.log().count(event)
    os.kill(server.process.pid, signal.SIGHUP)
    harness.wait_until(lambda: server.log().count(event) > before, f'{event} after SIGHUP')


class From(harness.Connection):
    """A raw connection from another loopback address."""

    def __init__(self, port, source, timeout_s=harness.PATIENCE_S):
        self.socket = socket.create_connection(('127.0.0.1', port), timeout=timeout_s, source_address=(source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left, self.eof = b'', False


def basic(client_id, secret, encode=True):
    """A Basic header; RFC 6749 2.3.1: both halves form-encoded, unless told otherwise."""
    quote = urllib.parse.quote_plus if encode else str
    return 'Authorization: Basic ' + base64.b64encode(f'{quote(client_id)}:{quote(secret)}'.encode()).decode()


def encode_form(pairs):
    return urllib.parse.urlencode(pairs)


def token_request(body='', headers=(), path='/oauth2/token', method='POST', content_type=FORM, close=True):
    body = body.encode() if isinstance(body, str) else body
    lines = [f'{method} {path} HTTP/1.1', 'Host: mint.example', f'Content-Length: {len(body)}', *headers]
    if content_type is not None:
        lines.append(f'Content-Type: {content_type}')
    if close:
        lines.append('Connection: close')
    return '\r\n'.join(lines).encode('latin-1') + b'\r\n\r\n' + body


class World:
    def __init__(self, server):
        self.server, self.clients, self.counter = server, {}, 0
        if server.demo:
            self.clients['demo'] = server.client()

    # Objects

    def populate(self):
        make = self.control
        make('api.create', audience=API_A, alg='ES256', token_lifetime=3600,
             scopes=[{'name': n} for n in ('m:read', 'm:write', 'shared')])
        make('api.create', audience=API_B, alg='RS256', token_lifetime=600,
             scopes=[{'name': n} for n in ('o:read', 'o:write', 'shared')])
        make('api.create', audience=API_FOREIGN, scopes=[{'name': 'f:read'}])
        self.account = make('account.create', email='alice@example.com', email_verified=True, name='Alice',
                            roles=['user', 'editor'])
        self.account2 = make('account.create', email='bob@example.com')
        both = {'scope': 'm:read shared o:read o:write openid offline_access', 'audiences': [API_A, API_B]}
        self.make('main', scope='m:read m:write', audiences=[API_A])
        self.make('both', default_audience=API_A, **both)
        self.make('account', account='alice@example.com', audiences=[API_A],
                  scope='openid profile email roles offline_access m:read')
        self.make('identity', account='alice@example.com', scope='openid email offline_access')
        self.make('offline', account='alice@example.com', scope='offline_access')
        self.make('bob', account='bob@example.com', scope='m:read', audiences=[API_A])
        for name, method in (('basic', 'client_secret_basic'), ('post', 'client_secret_post'), ('public', 'none')):
            self.make(name, scope='m:read', audiences=[API_A], token_endpoint_auth_method=method)
        self.make('bare')
        self.make('short', scope='m:read', audiences=[API_A], token_lifetime=120)
        self.make('imported', client_id='legacy.app_1', client_secret=CHOSEN, scope='m:read', audiences=[API_A])
        self.make('disabled', scope='m:read', audiences=[API_A])
        make('client.disable', client_id=self.clients['disabled'][0])
        return self

    def control(self, op, **args):
        return control(self.server, op, **args)

    def make(self, name=None, **args):
        """A client; its (id, secret) is kept under the name."""
        self.counter += 1
        made = self.control('client.create', client_name=name or f'client {self.counter}', **args)
        pair = made['client_id'], made.get('client_secret', args.get('client_secret', ''))
        if name:
            self.clients[name] = pair
        return pair

    # Requests

    def ask(self, body=None, auth='main', headers=(), source=None, secret=None, post=False, **more):
        """One request on one connection. auth: a client's name, an (id, secret) pair or None; post: credentials in the body."""
        how = {k: more.pop(k) for k in ('path', 'method', 'content_type') if k in more}
        pair = self.clients[auth] if isinstance(auth, str) else auth
        if pair and secret is not None:
            pair = pair[0], secret
        pairs = [('grant_type', 'client_credentials'), *more.items()]
        headers = list(headers)
        if pair and post:
            pairs += [('client_id', pair[0]), ('client_secret', pair[1])]
        elif pair:
            headers.append(basic(*pair))
        data = token_request(encode_form(pairs) if body is None else body, headers, **how)
        return self.send(data, source, how.get('method') == 'HEAD')

    def send(self, data, source=None, head_request=False):
        with From(self.server.port, source or '127.0.0.1') as connection:
            return connection.send(data).receive(head_request)

    def claims(self, **more):
        response = self.ask(**more)
        assert response.status == 200, response.body
        return claims_of(response.json()['access_token'])


def part_of(token, index):
    part = token.split('.')[index]
    return json.loads(base64.urlsafe_b64decode(part + '=' * (-len(part) % 4)), object_pairs_hook=harness.no_repeats)


def claims_of(token):
    return part_of(token, 1)


def header_of(token):
    return part_of(token, 0)


def check_error(response, status, error):
    """What holds for every error answer: RFC 6749 5.2, CC-46."""
    assert response is not None, 'closed without an answer'
    assert response.status == status, (response.status, response.body)
    assert response.header('content-type').split(';')[0] == 'application/json'
    assert response.header('cache-control') == 'no-store' and response.header('pragma') == 'no-cache'
    answer = response.json()
    assert isinstance(answer, dict) and {'error', 'error_description', 'request_id'} <= set(answer), answer
    assert set(answer) <= {'error', 'error_description', 'error_uri', 'request_id'}
    assert answer['error'] == error, answer
    for member in ('error', 'error_description'):
        assert re.fullmatch(r'[\x20-\x21\x23-\x5b\x5d-\x7e]+', answer[member]), answer
    assert answer['request_id'] and answer['request_id'] == response.header('x-request-id')
    assert response.header('www-authenticate') == (CHALLENGE if status == 401 else None)
    assert response.header('access-control-allow-origin') is None
    if status in (429, 503):
        assert re.fullmatch(r'[1-9]\d*', response.header('retry-after')), response.headers
    return answer


def check_busy(response):
    """503 of the server, or of the supervisor while there is none: that one answers without having read anything, so it has no request id."""
    if response.header('x-request-id') is not None:
        return check_error(response, 503, 'temporarily_unavailable')
    assert response.status == 503 and response.header('retry-after') == '1', response.raw
    assert response.header('content-type') == 'application/json' and response.header('cache-control') == 'no-store'
    answer = response.json()
    assert set(answer) == {'error', 'error_description'} and answer['error'] == 'temporarily_unavailable'
    return answer


def check_token(response):
    """What holds for every token answer: RFC 6749 5.1."""
    assert response is not None and response.status == 200, response and response.body
    assert response.header('content-type').split(';')[0] == 'application/json'
    assert response.header('cache-control') == 'no-store' and response.header('pragma') == 'no-cache'
    answer = response.json()
    assert set(answer) == {'access_token', 'token_type', 'expires_in', 'scope'}, answer
    return answer


def sleep_past(moment_s):
    """Until the wall clock has passed a second that the server knows of; nothing else here waits for time."""
    while time.time() < moment_s + 0.05:
        time.sleep(max(0.01, moment_s + 0.05 - time.time()))
