"""ATTACKS 23, 24: what is good for one use, brought fifty times at once, again after a restart and after kill -9.

Exactly one request gets tokens; who comes later ends the family, whose access tokens are in the feed and not active at introspection.
Also 48: the disk fails while a token is rotated. The browser's half is not needed here: codes are put into the file of a stopped server.
"""
import base64
import hashlib
import json
import secrets
import sqlite3
import threading
import time
import zlib

import pytest

import harness
from test_store_faults import Disk, shim  # noqa: F401 pylint: disable=unused-import
from world import claims_of, configure, encode_form, token_request

AUDIENCE = 'https://races.example'
REDIRECT = 'https://app.example/back'
VERIFIER = 'v' * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip('=')
DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
PARALLEL, CODES = 50, 40


def base62(number, digits):
    return ''.join(DIGITS[number // 62 ** i % 62] for i in reversed(range(digits)))


def new_bearer(prefix):
    text = prefix + base62(secrets.randbits(256), 43)
    return text + base62(zlib.crc32(text.encode()), 6)


class Races:
    """A server, an app, an account, codes that were granted to them, and a resource server that may introspect."""

    def __init__(self, server):
        self.server = server
        server.start()
        cli = server.cli
        cli('api', 'create', '--audience', AUDIENCE, '--scope', 'read Read.')
        made = cli('client', 'create', '--name', 'resource server')
        self.rs = made['client_id'], made['client_secret']
        cli('api', 'update', AUDIENCE, '--resource-server', self.rs[0])
        self.account = cli('account', 'create', '--email', 'races@example.com')['account_id']
        self.app = cli('client', 'create', '--kind', 'app', '--name', 'app', '--public', '--redirect-uri', REDIRECT, '--grant', 'code',
                       '--grant', 'refresh', '--api', AUDIENCE, '--scope', 'read openid offline_access', '--id-token-alg', 'ES256')['client_id']
        server.stop()
        self.codes = [new_bearer('mmo_') for _ in range(CODES)]
        with sqlite3.connect(server.var / 'store/mintmark.db') as db:
            self.fill(db)
        db.close()

    def fill(self, db):
        n, = db.execute('SELECT n FROM client WHERE id = ?', (self.app,)).fetchone()
        account_n, = db.execute('SELECT n FROM account WHERE id = ?', (self.account,)).fetchone()
        api_id, = db.execute('SELECT id FROM api WHERE audience = ?', (AUDIENCE,)).fetchone()
        now = int(time.time())
        for code in self.codes:
            db.execute('INSERT INTO code (sha256, client_n, account_n, session_id, redirect_uri, scope, api_id, nonce, challenge,'
                       ' methods, auth_s, created_s, expires_s, used) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, 0)',
                       (hashlib.sha256(code.encode()).digest(), n, account_n, 'mmx_of_a_test', REDIRECT,
                        'read openid offline_access', api_id, '', CHALLENGE, now, now, now + 3600))

    def code_form(self, code=None):
        return {'grant_type': 'authorization_code', 'client_id': self.app, 'code': code or self.codes.pop(),
                'redirect_uri': REDIRECT, 'code_verifier': VERIFIER}

    def refresh_form(self, token):
        return {'grant_type': 'refresh_token', 'client_id': self.app, 'refresh_token': token}

    def ask(self, form):
        return self.server.raw(token_request(encode_form(form)))

    def tokens(self, form):
        response = self.ask(form)
        assert response.status == 200, response.body
        return response.json()

    def refused(self, form):
        response = self.ask(form)
        assert response.status == 400 and response.json()['error'] == 'invalid_grant', response.raw

    def at_once(self, form, killer=None):
        """The same request on fifty connections. The tokens of those that won; killed servers give none."""
        data = token_request(encode_form(form))
        connections = [self.server.connect() for _ in range(PARALLEL)]
        barrier, answers = threading.Barrier(PARALLEL + bool(killer)), []

        def ask(connection):
            barrier.wait()
            try:
                answers.append(connection.send(data).receive())
            except (OSError, AssertionError):  # cut off in the middle
                answers.append(None)
        threads = [threading.Thread(target=ask, args=(c,)) for c in connections]
        for thread in threads:
            thread.start()
        if killer:
            barrier.wait()
            killer()
        for thread in threads:
            thread.join()
        for connection in connections:
            connection.__exit__()
        assert killer or None not in answers
        for answer in answers:
            assert answer is None or answer.status == 200 or killer or \
                (answer.status == 400 and answer.json()['error'] == 'invalid_grant'), answer.raw
        return [a.json() for a in answers if a and a.status == 200]

    def is_active(self, token):
        done = self.server.post('/oauth2/introspect', {'token': token}, auth=self.rs)
        assert done.status_code == 200, done.text
        return done.json()['active']

    def feed(self):
        """All that the feed says of single tokens."""
        found, since = set(), 0
        while True:
            claims = claims_of(self.server.get(f'/revocations?since={since}').text)
            found |= {row['jti'] for row in claims['revocations'] if 'jti' in row}
            if not claims['more']:
                return found
            since = claims['seq']

    def family_is_dead(self, *answers):
        named = self.feed()
        for answer in answers:
            assert not self.is_active(answer['access_token'])
            assert claims_of(answer['access_token'])['jti'] in named
            self.refused(self.refresh_form(answer['refresh_token']))


@pytest.fixture(scope='module')
def races(tmp_path_factory):
    made = harness.Server(tmp_path_factory.mktemp('races') / 'var', demo=False)
    configure(made, throttle__failures=1000000)
    races = Races(made)
    made.start()
    yield races
    made.stop()


def test_attack_23_a_code_redeemed_fifty_times_at_once(races):
    form = races.code_form()
    won = races.at_once(form)
    assert len(won) == 1
    races.family_is_dead(*won)
    assert races.at_once(form) == []


def test_attack_23_a_code_again_later(races):
    form = races.code_form()
    answer = races.tokens(form)
    newer = races.tokens(races.refresh_form(answer['refresh_token']))
    assert races.is_active(answer['access_token']) and races.is_active(newer['access_token'])
    races.refused(form)
    races.family_is_dead(answer, newer)


def test_attack_24_a_refresh_token_rotated_fifty_times_at_once(races):
    first = races.tokens(races.code_form())
    won = races.at_once(races.refresh_form(first['refresh_token']))
    assert len(won) == 1
    races.family_is_dead(first, *won)


def test_attack_24_other_families_live_on(races):
    """Ending one family ends nothing else of the same person and app."""
    other, stolen = races.tokens(races.code_form()), races.tokens(races.code_form())
    races.tokens(races.refresh_form(stolen['refresh_token']))
    races.refused(races.refresh_form(stolen['refresh_token']))
    assert races.is_active(other['access_token'])
    races.tokens(races.refresh_form(other['refresh_token']))


def test_attack_23_24_again_after_a_restart(races):
    code = races.code_form()
    answer = races.tokens(code)
    old = races.tokens(races.code_form())
    new = races.tokens(races.refresh_form(old['refresh_token']))
    races.server.stop()
    races.server.start()
    assert races.is_active(answer['access_token']) and races.is_active(new['access_token'])
    assert races.at_once(code) == []
    races.family_is_dead(answer)
    assert races.at_once(races.refresh_form(old['refresh_token'])) == []
    races.family_is_dead(old, new)


@pytest.mark.parametrize('delay_s', [0, 0.02, 0.06])
def test_attack_23_24_killed_in_the_middle(races, delay_s):
    """kill -9 of everything while fifty ask: before and after together one gets tokens at most; nobody gets them twice."""
    def kill_soon():
        time.sleep(delay_s)
        races.server.kill_all()
    refresh = races.refresh_form(races.tokens(races.code_form())['refresh_token'])
    for form in (races.code_form(), refresh):
        before = races.at_once(form, kill_soon)
        races.server.start()
        after = races.at_once(form)
        assert len(before) + len(after) <= 1
        races.family_is_dead(*before, *after)


@pytest.fixture(scope='module')
def faulty_races(shim, tmp_path_factory):  # noqa: F811 pylint: disable=redefined-outer-name
    if not harness.RELEASE.exists():
        pytest.skip('build/mintmark is not built')
    folder = tmp_path_factory.mktemp('faulty')
    made = harness.Server(folder / 'var', binary=harness.RELEASE, demo=False)
    configure(made, throttle__failures=1000000)
    races = Races(made)
    races.disk = Disk(folder / 'control')
    made.env = {**made.env, 'LD_PRELOAD': str(shim), 'FAULTFS_CONTROL': str(races.disk.path), 'FAULTFS_DIR': str(made.var)}
    made.start()
    yield races
    races.disk.set('-')
    made.stop()


@pytest.mark.parametrize('kind', ['W', 'S', 'A'])
def test_attack_48_the_disk_fails_while_tokens_are_rotated(faulty_races, kind):
    """Full (W), no sync (S), nothing works (A): no token, no family ended for it, and once more when the disk is well."""
    races = faulty_races
    first = races.tokens(races.code_form())
    code, refresh = races.code_form(), races.refresh_form(first['refresh_token'])
    with races.disk(kind):
        for form in (code, refresh) * 3:
            response = races.ask(form)
            assert response.status == 503 and response.json()['error'] == 'temporarily_unavailable', response.raw
            assert b'token' not in response.body.replace(b'tokens', b'')
    harness.wait_until(lambda: races.server.get('/readyz').status_code == 200, '/readyz says 200')
    assert races.is_active(first['access_token'])
    won = races.at_once(code)
    assert len(won) == 1
    second = races.tokens(refresh)
    assert races.is_active(second['access_token'])
    races.family_is_dead(*won)
    races.refused(refresh)
    races.family_is_dead(first, second)


def test_attack_48_the_disk_comes_and_goes_while_fifty_ask(faulty_races):
    """One wins at most; what it got counts, whatever the disk did to the others."""
    races = faulty_races
    for kind in 'WSAWSA':
        form, over = races.code_form(), threading.Event()

        def trouble(kind=kind, over=over):
            while not over.is_set():
                with races.disk(kind):
                    time.sleep(0.003)
                time.sleep(0.003)
        thread = threading.Thread(target=trouble)
        thread.start()
        won = races.at_once(form, lambda: None)
        over.set()
        thread.join()
        harness.wait_until(lambda: races.server.get('/readyz').status_code == 200, '/readyz says 200')
        won += races.at_once(form)
        assert len(won) <= 1
        races.family_is_dead(*won)
