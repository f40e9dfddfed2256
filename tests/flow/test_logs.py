"""CC-49: no secret and no token in logs, errors, metrics, audit, control answers, files; and no core file."""
import base64
import contextlib
import os
import re
import shutil
import signal
import stat
import tempfile
import urllib.parse
from pathlib import Path

import harness
import pytest
from world import API_A, World, basic, check_token, configure, encode_form, raw_control, token_request

GOOD = 'grant_type=client_credentials'
PLAIN = re.compile(rb'[A-Za-z0-9_.~-]{20,}')


def forms(secret):
    """What a secret looks like in disguise: as it is, percent-encoded, in hexadecimal, reversed, and in base64 at each of three offsets."""
    data = secret.encode()
    found = {data, urllib.parse.quote(secret, safe='').encode(), urllib.parse.quote_plus(secret).encode(), data.hex().encode(),
             data.hex().upper().encode(), data[::-1]}
    for pad in range(3):
        text = base64.b64encode(b'\0' * pad + data + b'\0' * (-(len(data) + pad) % 3))
        inner = text[-(-pad * 4 // 3):len(text) - (4 if (len(data) + pad) % 3 else 0)]
        found |= {inner, inner.replace(b'+', b'-').replace(b'/', b'_')}
    return {f for f in found if len(f) >= 8}


def test_forms_find_what_they_should():
    """The search must be able to find something."""
    secret = 'mms_ABCdef0123456789ABCdef0123456789ABCdef012'
    for before in ('', 'a', 'ab', 'mmc_0000000000000000000000:'):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode((before + secret + 'tail').encode())
            assert any(f in text for f in forms(secret)), (before, text)


class Watch:
    """Gathers secrets, and texts in which none of them may stand."""

    def __init__(self):
        self.secrets, self.texts = {}, {}

    def secret(self, name, value):
        self.secrets[name] = value
        return value

    def token(self, response):
        token = check_token(response)['access_token']
        head, claims, signature = token.split('.')
        n = len(self.secrets)
        self.secrets.update({f'token {n}': token, f'claims of token {n}': claims, f'signature of token {n}': signature})
        del head
        return token

    def text(self, name, data):
        self.texts[name] = data if isinstance(data, bytes) else data.encode()

    def leaks(self):
        found = []
        for name, secret in self.secrets.items():
            wanted = forms(secret)
            found += [f'{name} in {where}' for where, text in self.texts.items() if any(f in text for f in wanted)]
        return found


def collect(watch, server):
    """All that the running server says of itself."""
    for path in ('/metrics', '/healthz', '/readyz', '/.well-known/openid-configuration', '/.well-known/jwks.json'):
        watch.text(path, server.get(path).content)
    for op, args in (('client.list', {}), ('audit.list', {}), ('api.list', {}), ('account.list', {}), ('key.list', {}),
                     ('client.get', {'client_id': server.client()[0]}), ('secret.list', {'client_id': server.client()[0]})):
        watch.text(op, raw_control(server, op, **args))
    for role, pid in server.pids().items():
        for name in ('cmdline', 'environ', 'comm', 'status'):
            with contextlib.suppress(OSError):
                watch.text(f'/proc/{role}/{name}', Path(f'/proc/{pid}/{name}').read_bytes())
    for path in server.var.rglob('*'):
        with contextlib.suppress(FileNotFoundError):  # a temporary file of the store
            if path.is_file() and path.name != 'demo.env':
                watch.text(path.name, path.read_bytes())
    watch.text('log', server.log())


def provoke(watch, world):
    """Right, wrong, malformed, misplaced, in every place where a secret can be put; every answer that is no success is watched."""
    client_id, secret = world.clients['demo']
    watch.secret('demo secret', secret)
    watch.secret('account secret', world.clients['account'][1])
    chosen = watch.secret('chosen secret', 'correct+horse:battery%staple')
    imported = world.make(client_id='imported.client', client_secret=chosen, scope=world.scope)
    added = watch.secret('added secret', world.control('secret.add', client_id=client_id)['client_secret'])
    wrong = watch.secret('wrong secret', 'mms_' + 'W0rong' * 8 + 'x')
    guess = watch.secret('wrong guess', 'guess-that-is-nearly-right-0123')
    token = watch.token(world.ask(auth='demo'))
    watch.token(world.ask(auth='demo', secret=added, post=True))
    watch.token(world.ask(auth='account'))
    watch.token(world.ask(auth=imported))
    assertion = watch.secret('assertion', 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJtZSJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ')
    body = encode_form({'grant_type': 'client_credentials', 'client_id': client_id, 'client_secret': secret})
    requests = {f'{kind} {post}': {'auth': pair, 'post': post} for post in (False, True) for kind, pair in {
        'wrong': (client_id, wrong), 'guess': (client_id, guess), 'unknown client': ('nobody', secret), 'swapped': (secret, client_id),
        'secret twice': (secret, secret), 'imported wrong': (imported[0], chosen + 'x'), 'token as secret': (client_id, token)}.items()}
    requests |= {
        'secret in query': {'auth': None, 'path': f'/oauth2/token?client_secret={secret}&client_id={client_id}'},
        'secret in query of GET': {'auth': None, 'method': 'GET', 'path': f'/oauth2/token?client_secret={secret}'},
        'two mechanisms': {'auth': (client_id, secret), 'client_secret': secret}, 'scope': {'auth': 'demo', 'scope': secret},
        'resource': {'auth': 'demo', 'resource': 'https://x.example/' + secret}, 'grant': {'auth': 'demo', 'body': 'grant_type=' + secret},
        'malformed': {'auth': 'demo', 'body': f'client_secret={secret}&%zz'}, 'twice': {'auth': None, 'body': body + f'&client_secret={secret}'},
        'json': {'auth': None, 'content_type': 'application/json', 'body': f'{{"client_secret":"{secret}"}}'},
        'assertion': {'auth': None, 'client_assertion': assertion}, 'bearer': {'auth': None, 'headers': [f'Authorization: Bearer {token}']},
        'no colon': {'auth': None, 'headers': ['Authorization: Basic ' + base64.b64encode(secret.encode()).decode()]},
        'no scheme': {'auth': None, 'headers': [f'Authorization: {secret}']}, 'header': {'auth': None, 'headers': [f'X-Secret: {secret}']},
        'chunked': {'auth': None, 'headers': ['Transfer-Encoding: chunked'], 'body': body},
    }
    for name, how in requests.items():
        response = world.ask(**how)
        assert response is None or response.status >= 400, name
        watch.text(f'answer to {name}', response.raw if response else b'')
    for data in (b'POST /oauth2/token HTTP/1.1\r\nAuthorization: ' + secret.encode(), b'GET /' + secret.encode() + b' BAD\r\n\r\n',
                 b'POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n' + body.encode()):
        with world.server.connect() as connection:  # cut off in the middle
            connection.send(data)
    for _ in range(30):
        watch.text('throttled', world.ask(auth='demo', secret=guess).raw)
    watch.secret('regenerated secret', world.control('secret.regenerate', client_id=client_id)['client_secret'])
    for op, args in (('secret.add', {'client_id': imported[0], 'client_secret': chosen, 'label': 'x'}), ('client.create', {'client_secret': chosen}),
                     ('client.create', {'client_name': 'x', 'client_id': secret}), ('secret.revoke', {'client_id': client_id, 'secret_id': secret}),
                     (secret, {}), ('client.create', {'client_name': 'y', 'client_id': 'x.y', 'client_secret': wrong[:20] + '\n'})):
        watch.text(f'refused {op[:14]}', raw_control(world.server, op, **args))
    return requests


@pytest.mark.parametrize('log_format', ['text', 'json'])
def test_cc_49_nothing_leaks(new_server, log_format):
    """ATTACKS 49: search all of them, after everything went right and wrong that can, at the most talkative level."""
    server = new_server(start=False)
    configure(server, log__level='debug', log__format=log_format, log__requests='true', usage__flush_s=1)
    server.start()
    world, watch = World(server), Watch()
    world.clients['account'] = server.client('account')
    world.scope = world.control('api.list')['apis'][0]['scopes'][0]['name']
    requests = provoke(watch, world)
    for role in ('keyd', 'server'):  # and when a role is killed in the middle of it
        os.kill(server.pids(role), signal.SIGKILL)
        harness.wait_until(lambda: try_ask(world, requests['wrong False']), f'an answer after {role} was killed')
        watch.text(f'answer after {role} was killed', world.ask(**requests['wrong False']).raw)
    collect(watch, server)
    server.stop()
    watch.text('log at the end', server.log())
    for path in server.var.rglob('*'):
        if path.is_file() and path.name != 'demo.env':
            watch.text(f'{path.name} at the end', path.read_bytes())
    assert watch.texts['log'].count(b'request') > 40, 'nothing was logged: the search proves nothing'
    assert not watch.leaks()


def try_ask(world, how):
    with contextlib.suppress(OSError, AssertionError):
        response = world.ask(**how)
        return response is not None and response.status in (401, 429)
    return False


def test_one_event_is_one_line(new_server):
    """Whatever a peer sends, it can't write a line of its own into the log; request ids of log and answer are the same."""
    import json
    server = new_server(start=False)
    configure(server, log__format='json', log__requests='true', log__level='debug')
    server.start()
    world = World(server)
    evil = 'x"\r\n{"event":"forged"}\n\x1b[31m\\'
    ids = [world.ask(auth=(evil, 'y'), post=True).json()['request_id'], world.ask(auth=(evil, 'y')).json()['request_id'],
           world.ask(auth='demo', path='/x%0a%0d%22').json()['request_id']]
    harness.wait_until(lambda: all(i in server.log() for i in ids), 'the request ids in the log')
    server.stop()
    lines = [json.loads(line) for line in server.log().splitlines() if line.startswith('{')]
    greeting = [line for line in server.log().splitlines() if not line.startswith('{')]
    assert len(greeting) <= 8 and not any('forged' in line for line in greeting)
    assert 'forged' not in {line['event'] for line in lines}
    assert all(sum(line.get('request_id') == i for line in lines) >= 1 for i in ids)


# No core file: ATTACKS 49.

@pytest.fixture
def unprivileged():
    """A folder and a wrapper that runs the binary as nobody: only then /proc tells whether a process can be dumped."""
    if os.geteuid() != 0:
        pytest.skip('needs root')
    folder = Path(tempfile.mkdtemp(prefix='mint'))
    folder.chmod(0o777)
    source = harness.RELEASE if harness.RELEASE.exists() else harness.BINARY
    shutil.copy(source, folder / 'mintmark')
    (folder / 'mintmark').chmod(0o755)
    wrapper = folder / 'run'
    wrapper.write_text(f'#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups {folder}/mintmark "$@"\n')
    wrapper.chmod(0o755)
    yield folder, wrapper
    shutil.rmtree(folder, ignore_errors=True)


def test_cc_49_no_core_file_is_possible(unprivileged):
    folder, wrapper = unprivileged
    server = harness.Server(folder / 'var', binary=wrapper)
    server.start()
    try:
        for role, pid in server.pids().items():
            limits = Path(f'/proc/{pid}/limits').read_text()
            assert re.search(r'^Max core file size +0 +0 ', limits, re.M), role
            if role != 'supervisor':  # it holds neither secrets nor keys
                assert os.stat(f'/proc/{pid}/mem').st_uid == 0, f'{role} can be dumped and traced by its own user'
        assert stat.S_IMODE(os.stat(server.var / 'control.sock').st_mode) == 0o600
    finally:
        server.stop()
