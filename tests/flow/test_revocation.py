"""Revocation (RFC 7009), introspection (RFC 7662) and the feed that verifiers follow. ATTACKS 35, 41, 42."""
import base64
import concurrent.futures
import json
import os
import sqlite3
import threading
import time

import pytest
import requests

import harness
from world import configure

INACTIVE = {'active': False}
REVOKE = ['/oauth2/revoke', '/connect/revocation']
INTROSPECT = ['/oauth2/introspect', '/connect/introspect']


def unpack(jwt):
    head, claims, _ = (json.loads(base64.urlsafe_b64decode(part + '==')) if i < 2 else part
                       for i, part in enumerate(jwt.split('.')))
    return head, claims


class Issuer:
    """One server with an API of its own, a client of it, and a resource server that may ask about its tokens."""

    def __init__(self, server):
        self.server = server
        self.cli = server.cli
        self.audience = 'https://revocation.example'
        self.api = self.cli('api', 'create', '--audience', self.audience, '--scope', 'read Read.', '--scope', 'write Write.')
        self.rs = self.make('--name', 'resource server')
        self.cli('api', 'update', self.audience, '--resource-server', self.rs[0])

    def make(self, *args, scope=None):
        scope = ['--api', self.audience, '--scope', scope] if scope else []
        made = self.cli('client', 'create', *(args or ('--name', 'client')), *scope)
        return made['client_id'], made['client_secret']

    def client(self):
        return self.make('--name', 'client', scope='read')

    def token(self, client):
        return self.server.access_token(auth=client)

    def introspect(self, token, client=None, path=INTROSPECT[0], **form):
        done = self.server.post(path, {'token': token, **form}, auth=client or self.rs)
        assert done.status_code == 200, done.text
        return done.json()

    def is_active(self, token, client=None):
        answer = self.introspect(token, client)
        assert answer['active'] or answer == INACTIVE
        return answer['active']

    def revoke(self, token, client, path=REVOKE[0], **form):
        return self.server.post(path, {'token': token, **form}, auth=client)

    def regenerate(self, client, *args):
        made = self.cli('client', 'secret', 'regenerate', client[0], '--yes', *args)
        return client[0], made['client_secret']

    def feed_response(self, since=None, wait=None, **more):
        asked = {k: v for k, v in (('since', since), ('wait', wait)) if v is not None}
        return requests.get(self.server.url('/revocations'), params=asked, timeout=60, proxies={'http': ''}, **more)

    def feed(self, since=None, wait=None):
        done = self.feed_response(since, wait)
        assert done.status_code == 200, done.text
        assert done.headers['Content-Type'] == 'application/jwt'
        head, claims = unpack(done.text)
        assert head['typ'] == 'revocations+jwt' and claims['iss'] == self.server.issuer
        assert claims['exp'] == claims['iat'] + 300 and abs(claims['iat'] - time.time()) < 60
        assert done.headers['ETag'] == f'"{claims["feed"]}-{claims["seq"]}"'
        return claims

    def entry(self, kind, name):
        """What the whole feed says of a subject."""
        since, found = 0, None
        while True:
            page = self.feed(since)
            found = next((r for r in page['revocations'] if r.get(kind) == name), found)
            if not page['more']:
                return found
            since = page['seq']


@pytest.fixture(scope='module')
def issuer(server):
    return Issuer(server)


@pytest.fixture(scope='module')
def client(issuer):
    return issuer.client()


# Introspection: RFC 7662

def test_7662_an_active_token(issuer, client):
    """RFC 7662 2.2: scope a string, exp and iat numbers; ledger 7662-7, 7662-11."""
    token = issuer.token(client)
    claims = unpack(token)[1]
    done = issuer.server.post(INTROSPECT[0], {'token': token}, auth=issuer.rs)
    assert done.status_code == 200 and done.headers['Cache-Control'] == 'no-store'
    assert done.headers['Content-Type'] == 'application/json'
    assert done.json() == {'active': True, 'scope': 'read', 'client_id': client[0], 'token_type': 'Bearer', 'exp': claims['exp'],
                           'iat': claims['iat'], 'sub': client[0], 'aud': issuer.audience, 'iss': issuer.server.issuer,
                           'jti': claims['jti']}


def test_7662_body_credentials_and_both_paths(issuer, client):
    token = issuer.token(client)
    for path in INTROSPECT:
        form = {'token': token, 'client_id': issuer.rs[0], 'client_secret': issuer.rs[1]}
        assert issuer.server.post(path, form).json()['active'] is True


def test_7662_the_hint_is_advisory(issuer, client):
    """RFC 7662 2.1; ledger 7662-6."""
    token = issuer.token(client)
    for hint in ('access_token', 'refresh_token', 'made_up', ''):
        assert issuer.introspect(token, token_type_hint=hint)['active'] is True


@pytest.mark.parametrize('path', INTROSPECT + REVOKE)
def test_attack_42_get_is_refused(issuer, client, path):
    """RFC 7662 2.1: POST; ledger 7662-5."""
    done = issuer.server.get(path, params={'token': issuer.token(client)}, auth=issuer.rs)
    assert done.status_code == 405 and done.headers['Allow'] == 'POST'


@pytest.mark.parametrize('path', INTROSPECT + REVOKE)
def test_attack_42_caller_unauthenticated(issuer, client, path):
    """RFC 7662 2.1, 2.3, RFC 7009 2.1: 401 invalid_client; ledger 7662-2, 7009-4."""
    token = issuer.token(client)
    for auth in (None, (issuer.rs[0], 'wrong'), ('mmc_nobody', issuer.rs[1])):
        done = issuer.server.post(path, {'token': token}, auth=auth)
        assert done.status_code == 401 and done.json()['error'] == 'invalid_client'
        assert done.headers['WWW-Authenticate'].startswith('Basic ')
    assert issuer.is_active(token)


@pytest.mark.parametrize('path', INTROSPECT + REVOKE)
def test_malformed_requests(issuer, client, path):
    """RFC 7009 2.1, RFC 7662 2.1: token is required, once, in the body; ledger 7009-8."""
    token = issuer.token(client)
    for body, query in (({}, ''), ({'token': ''}, ''), ([('token', token), ('token', token)], ''), ({'token': token}, f'?token={token}'),
                        ({}, f'?token={token}')):
        done = issuer.server.post(path + query, body, auth=issuer.rs)
        assert done.status_code == 400 and done.json()['error'] == 'invalid_request', (body, query)
    done = issuer.server.post(path, json.dumps({'token': token}), headers={'Content-Type': 'application/json'}, auth=issuer.rs)
    assert done.status_code == 400
    assert issuer.is_active(token)


def test_attack_42_caller_is_no_intended_audience(issuer, client):
    """RFC 7662 2.2, 4: what does not concern the caller is not active, and nothing else is said; ledger 7662-1, 7662-3, 7662-9."""
    token, stranger = issuer.token(client), issuer.make('--name', 'stranger')
    assert issuer.introspect(token, stranger) == INACTIVE
    assert issuer.introspect(token, client)['active'] is True  # it was issued to this one
    other = issuer.cli('api', 'create', '--audience', 'https://other.example', '--scope', 'other Other.',
                       '--resource-server', stranger[0])
    assert other['resource_servers'] == [stranger[0]]
    assert issuer.introspect(token, stranger) == INACTIVE  # resource server of another API
    issuer.cli('api', 'update', issuer.audience, '--resource-server', issuer.rs[0], '--resource-server', stranger[0])
    assert issuer.introspect(token, stranger)['active'] is True
    issuer.cli('api', 'update', issuer.audience, '--resource-server', issuer.rs[0])
    assert issuer.introspect(token, stranger) == INACTIVE
    assert issuer.cli('api', 'show', issuer.audience)['resource_servers'] == [issuer.rs[0]]


def test_resource_servers_exist(issuer):
    assert issuer.cli('api', 'update', issuer.audience, '--resource-server', 'mmc_nobody', check=False).returncode == 3
    issuer.cli('api', 'update', issuer.audience, '--no-resource-servers')
    assert issuer.cli('api', 'show', issuer.audience)['resource_servers'] == []
    issuer.cli('api', 'update', issuer.audience, '--resource-server', issuer.rs[0])


def test_attack_41_garbage_is_inactive(issuer, client):
    """Truncated, extended, bit-flipped, other type, other signer."""
    token = issuer.token(client)
    head, body, signature = token.split('.')
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b'=').decode()
    bad = ['x', 'a.b.c', token[:-1], token + 'A', token + '=', token[1:], token.upper(), f'{head}.{body}.', f'{none}.{body}.',
           f'{head}.{body}', ' ' + token, token + '\n', 'é', '.' * 3000, 'A' * 60000, issuer.feed_response().text]
    for part in range(3):
        for at in (0, 7, -5):
            parts = [head, body, signature]
            flipped = list(parts[part])
            flipped[at] = 'A' if flipped[at] != 'A' else 'B'
            parts[part] = ''.join(flipped)
            bad.append('.'.join(parts))
    for value in bad:
        assert issuer.introspect(value) == INACTIVE, value
        assert issuer.revoke(value, client).status_code == 200
    assert issuer.is_active(token)


def test_attack_41_token_of_another_issuer(issuer, client, new_server):
    other = Issuer(new_server())
    foreign = other.token(other.client())
    assert other.is_active(foreign)
    assert issuer.introspect(foreign) == INACTIVE
    assert other.introspect(issuer.token(client)) == INACTIVE


def test_attack_42_expired(issuer):
    """RFC 7662 4: from its exp on; ledger 7662-4, 7519-1."""
    short = issuer.make('--name', 'short', '--lifetime', '30s', scope='read')
    token = issuer.token(short)
    assert issuer.is_active(token)
    assert unpack(token)[1]['exp'] - unpack(token)[1]['iat'] == 30  # the boundary itself: tests/unit/oauth/test_own_token.c


# Revocation: RFC 7009

@pytest.mark.parametrize('path', REVOKE)
def test_7009_a_revoked_token_is_inactive_at_once(issuer, client, path):
    """RFC 7009 2.2; ATTACKS 42; ledger 7009-1: again, and it is still 200."""
    keeps, token = issuer.token(client), issuer.token(client)
    before = issuer.feed()['seq']
    done = issuer.revoke(token, client, path)
    assert done.status_code == 200 and done.headers['Cache-Control'] == 'no-store'
    assert not issuer.is_active(token) and not issuer.is_active(token, client)
    assert issuer.revoke(token, client, path).status_code == 200
    assert issuer.is_active(keeps)
    news = issuer.feed(before)
    claims = unpack(token)[1]
    assert news['since'] == before and news['seq'] == before + 1 and news['more'] is False
    assert news['revocations'] == [{'seq': before + 1, 'jti': claims['jti'], 'until': claims['exp'] + 4200}]
    entry = issuer.cli('audit', 'list')['entries'][-1]
    assert entry['action'] == 'token.revoke' and entry['actor'] == f'client:{client[0]}'


def test_7009_the_hint_does_not_stop_the_search(issuer, client):
    """RFC 7009 2.1: ledger 7009-2, 7009-3."""
    for hint in ('refresh_token', 'access_token', 'made_up'):
        token = issuer.token(client)
        assert issuer.revoke(token, client, token_type_hint=hint).status_code == 200
        assert not issuer.is_active(token)


def test_7009_another_clients_token_stays_valid(issuer, client):
    """RFC 7009 2.1; ledger 7009-5. The resource server may see it and may still not end it."""
    token = issuer.token(client)
    before = issuer.feed()['seq']
    for stranger in (issuer.client(), issuer.rs):
        assert issuer.revoke(token, stranger).status_code == 200
    assert issuer.is_active(token) and issuer.feed()['seq'] == before


def test_7009_the_same_token_by_many(issuer, client):
    """Ledger 7009-11: one entry, whoever was first."""
    token, before = issuer.token(client), issuer.feed()['seq']
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: requests.post(issuer.server.url(REVOKE[0]), {'token': token}, auth=client, timeout=60,
                                                     proxies={'http': ''}).status_code, range(16)))
    assert done == [200] * 16 and issuer.feed()['seq'] == before + 1


# All tokens of a client or an account

def test_attack_42_regenerate_ends_tokens_and_the_new_secret_works_in_the_same_second(issuer):
    """ATTACKS 42: not before, and not after. No clock is compared, so it holds within one second."""
    client = issuer.client()
    for _ in range(5):
        old = issuer.token(client)
        fresh = issuer.regenerate(client)
        new = issuer.token(fresh)
        assert not issuer.is_active(old) and issuer.is_active(new)
        assert issuer.server.token(auth=client).status_code == 401
        entry = issuer.entry('client_id', client[0])
        assert unpack(old)[1].get('epoch', 0) < entry['epoch'] == unpack(new)[1]['epoch']
        assert entry['until'] > entry['not_before'] + 86400 and set(entry) == {'seq', 'client_id', 'epoch', 'not_before', 'until'}
        client = fresh


def test_regenerate_can_keep_tokens(issuer):
    client = issuer.client()
    old, before = issuer.token(client), issuer.feed()['seq']
    issuer.regenerate(client, '--keep-tokens')
    assert issuer.is_active(old) and issuer.feed()['seq'] == before


def test_add_and_revoke_of_a_secret_keep_tokens_unless_told(issuer):
    client = issuer.client()
    token = issuer.token(client)
    added = issuer.cli('client', 'secret', 'add', client[0])
    issuer.cli('client', 'secret', 'revoke', client[0], added['secret_id'])
    assert issuer.is_active(token)
    issuer.cli('client', 'secret', 'add', client[0], '--revoke-tokens')
    assert not issuer.is_active(token)
    token = issuer.token(client)
    issuer.cli('client', 'secret', 'revoke', client[0], added['secret_id'], '--revoke-tokens')
    assert not issuer.is_active(token) and issuer.is_active(issuer.token(client))


def test_disabling_a_client_ends_its_tokens_for_good(issuer):
    client = issuer.client()
    token = issuer.token(client)
    issuer.cli('client', 'disable', client[0])
    assert not issuer.is_active(token) and issuer.entry('client_id', client[0])['epoch'] == 1
    issuer.cli('client', 'enable', client[0])
    assert not issuer.is_active(token) and issuer.is_active(issuer.token(client))


def test_disabling_an_account_ends_tokens_of_all_its_clients(issuer):
    account = issuer.cli('account', 'create', '--email', 'revoked@example.com')['account_id']
    clients = [issuer.make('--name', 'of an account', '--account', account, scope='read') for _ in range(2)]
    tokens = [issuer.token(c) for c in clients]
    assert unpack(tokens[0])[1]['sub'] == account and all(map(issuer.is_active, tokens))
    issuer.cli('account', 'disable', account)
    assert not any(map(issuer.is_active, tokens))
    issuer.cli('account', 'enable', account)
    assert not any(map(issuer.is_active, tokens))
    token = issuer.token(clients[0])
    entry = issuer.entry('account', account)
    assert issuer.is_active(token) and unpack(token)[1]['account_epoch'] == entry['epoch'] == 1
    assert set(entry) == {'seq', 'account', 'epoch', 'not_before', 'until'}


def test_attack_42_client_and_account_epochs_together(issuer):
    """CVE-2026-8922: one not-before must not hide the other."""
    account = issuer.cli('account', 'create', '--email', 'both@example.com')['account_id']
    client = issuer.make('--name', 'both', '--account', account, scope='read')
    one = issuer.token(client)
    client = issuer.regenerate(client)
    two = issuer.token(client)
    issuer.cli('account', 'disable', account)
    issuer.cli('account', 'enable', account)
    three = issuer.token(client)
    client = issuer.regenerate(client)
    four = issuer.token(client)
    assert [issuer.is_active(t) for t in (one, two, three, four)] == [False, False, False, True]


def test_deleting_a_client_and_making_it_again(issuer):
    """The id comes back: tokens of its predecessor stay dead, its own live."""
    client = issuer.make('--name', 'imported', '--id', 'legacy-7', scope='read')
    old = issuer.token(client)
    issuer.cli('client', 'delete', 'legacy-7', '--yes')
    assert not issuer.is_active(old)
    client = issuer.make('--name', 'imported', '--id', 'legacy-7', scope='read')
    new = issuer.token(client)
    assert not issuer.is_active(old) and issuer.is_active(new)
    assert unpack(new)[1]['epoch'] == issuer.entry('client_id', 'legacy-7')['epoch']


# The feed

def test_feed_answers_from_what_was_asked(issuer, client):
    issuer.revoke(issuer.token(client), client)
    all_of_it = issuer.feed()
    assert all_of_it['since'] == 0 and [r['seq'] for r in all_of_it['revocations']] == sorted(
        r['seq'] for r in all_of_it['revocations'])
    newest = issuer.feed(all_of_it['seq'])
    assert newest['revocations'] == [] and newest['since'] == newest['seq'] == all_of_it['seq'] and newest['more'] is False
    ahead = issuer.feed(all_of_it['seq'] + 1000, wait=5)  # it is not ours to wait for
    assert ahead['since'] == 0 and ahead['revocations'] == all_of_it['revocations']


def test_feed_is_a_public_document(issuer):
    done = issuer.feed_response()
    assert done.headers['Cache-Control'] == 'no-cache' and done.headers['Access-Control-Allow-Origin'] == '*'
    same = issuer.feed_response(headers={'If-None-Match': done.headers['ETag']})
    assert same.status_code == 304 and not same.content and same.headers['ETag'] == done.headers['ETag']
    assert requests.head(issuer.server.url('/revocations'), timeout=60, proxies={'http': ''}).status_code == 200
    assert issuer.server.post('/revocations').status_code == 405


@pytest.mark.parametrize('query', ['since=x', 'since=-1', 'since=1&since=2', 'since=99999999999999999999', 'wait=x', 'since=0x10'])
def test_feed_refuses_malformed_questions(issuer, query):
    done = issuer.server.get(f'/revocations?{query}')
    assert done.status_code == 400 and done.json()['error'] == 'invalid_request'


def test_feed_wakes_at_once(issuer, client):
    """The answer comes by the news, not by the end of the wait (half a minute; a machine that stands still so long tells nothing)."""
    for _ in range(5):
        began = time.monotonic()
        check_wakes(issuer, client)
        if time.monotonic() - began < 29:
            return
    pytest.fail('as if it had waited to the end')


def check_wakes(issuer, client):
    token, seq = issuer.token(client), issuer.feed()['seq']
    jti = unpack(token)[1]['jti']
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(issuer.feed, seq, 30) for _ in range(20)]
        harness.wait_until(lambda: waiting_now(issuer.server) == 20 or any(w.done() for w in waiting), 'waiters')
        assert issuer.revoke(token, client).status_code == 200
        answers = [w.result() for w in waiting]
    for answer in answers:
        assert answer['since'] == seq and [r.get('jti') for r in answer['revocations']] == [jti]


def waiting_now(server):
    text = server.get('/metrics').text
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith('mintmark_feed_waiting '))


def test_feed_wait_ends(issuer):
    seq = issuer.feed()['seq']
    began = time.monotonic()
    answer = issuer.feed(seq, wait=1)
    assert answer['seq'] == seq and answer['revocations'] == [] and time.monotonic() - began > 0.9


def test_feed_signs_an_answer_once_a_second(issuer):
    """Strangers can't buy signatures: what is asked twice in a second is the same bytes, and odd questions have a budget."""
    def burst(_):
        return issuer.feed_response().text
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(burst, range(80)))
    by_second = {}
    for answer in answers:
        by_second.setdefault(unpack(answer)[1]['iat'], set()).add(answer)
    assert all(len(texts) <= os.cpu_count() for texts in by_second.values())  # one per event loop


def test_metrics_know_the_endpoints(issuer, client):
    issuer.revoke(issuer.token(client), client)
    text = issuer.server.get('/metrics').text
    for name in ('revoke', 'introspect', 'revocations'):
        assert f'endpoint="{name}"' in text


# Across ends and beginnings

def fill_feed(server, rows):
    """Thousands of entries, as a long life would leave them, while the server is down. The next start must like them."""
    with sqlite3.connect(server.var / 'store' / 'mintmark.db') as db:
        first = db.execute('SELECT revocation_seq FROM state').fetchone()[0]
        for i, (jti, owner) in enumerate(rows):
            db.execute('INSERT INTO revocation VALUES (?, 2, ?, 0, ?, ?, ?)', (first + 1 + i, jti, 1, int(time.time()) + 9000, owner))
        db.execute('UPDATE state SET revocation_seq = ?', (first + len(rows),))
    db.close()


def test_attack_42_what_is_revoked_stays_so_over_restart_and_kill(new_server):
    """A second server life, a kill -9 right behind the answer, a server process that died: introspection and feed agree."""
    server = new_server()
    issuer = Issuer(server)
    client, other = issuer.client(), issuer.client()
    old, one = issuer.token(client), issuer.token(other)
    lives = issuer.token(other)
    feed = issuer.feed()['feed']

    def check():
        assert [issuer.is_active(t) for t in (old, one, lives)] == [False, False, True]
        page = issuer.feed()
        assert page['feed'] == feed
        assert [r.get('client_id', r.get('jti')) for r in page['revocations']] == [client[0], unpack(one)[1]['jti']]

    issuer.regenerate(client)
    assert issuer.revoke(one, other).status_code == 200
    server.kill_all()
    server.start()
    check()
    server.stop()
    server.start()
    check()
    harness.kill(server.pids('server'))
    harness.wait_until(lambda: ready_again(server), 'a new server process')
    check()
    assert issuer.revoke(lives, other).status_code == 200 and not issuer.is_active(lives)


def ready_again(server):
    try:
        return server.get('/readyz').status_code == 200 and server.pids('server')
    except requests.RequestException:
        return False


def test_feed_of_thousands(new_server):
    """Pages of at most 32 KiB of claims, in order, nothing twice, nothing left out; what is asked oddly has a budget."""
    server = new_server()
    issuer = Issuer(server)
    client = issuer.client()
    server.stop()
    names = [f'{"j" * 50}{i:06}' for i in range(4000)]
    fill_feed(server, [(n, f'mmc_{i // 500}') for i, n in enumerate(names)] + [(f'own-{i}', client[0]) for i in range(999)])
    server.start()
    found, since = [], 0
    while True:
        page = issuer.feed(since)
        size = len(json.dumps(page, separators=(',', ':')))
        assert page['since'] == since and size <= 32768 and [r['seq'] for r in page['revocations']] == list(
            range(since + 1, page['seq'] + 1))
        found += [r['jti'] for r in page['revocations']]
        since = page['seq']
        if not page['more']:
            break
        assert len(page['revocations']) == 160
    assert found == names + [f'own-{i}' for i in range(999)]

    # Signatures for strangers: at most so many a second, and those who follow don't suffer.
    answers = {200: 0, 503: 0}
    began = time.monotonic()
    for odd in range(1, 400):
        done = server.get('/revocations', params={'since': odd})
        answers[done.status_code] += 1
        assert done.status_code == 200 or done.headers['Retry-After']
    assert answers[200] <= 50 * (time.monotonic() - began + 2)
    assert issuer.feed(since)['seq'] == since and issuer.feed()['since'] == 0

    # One client can't fill the feed, and hears that its token lives (RFC 7009 2.2.1, 7009-9).
    one, two = issuer.token(client), issuer.token(client)
    assert issuer.revoke(one, client).status_code == 200
    done = issuer.revoke(two, client)
    assert done.status_code == 503 and int(done.headers['Retry-After']) > 0
    assert not issuer.is_active(one) and issuer.is_active(two)
    other = issuer.client()
    assert issuer.revoke(issuer.token(other), other).status_code == 200


def test_drain_answers_those_who_wait(new_server):
    server = new_server(start=False)
    configure(server, limits__drain_ms=60000)
    server.start()
    issuer = Issuer(server)
    seq = issuer.feed()['seq']
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        waiting = [pool.submit(issuer.feed, seq, 30) for _ in range(10)]
        harness.wait_until(lambda: waiting_now(server) == 10, 'waiters')
        server.stop()
        for answer in waiting:
            assert answer.result(harness.PATIENCE_S)['seq'] == seq


def test_attack_42_tokens_that_race_a_regeneration(issuer):
    """What was asked for with the old secret dies, however late it was signed; what comes of the new one lives."""
    client = issuer.client()
    tokens, stop = [], threading.Event()

    def ask():
        session = requests.Session()
        session.trust_env = False
        while not stop.is_set():
            done = session.post(issuer.server.url('/oauth2/token'), {'grant_type': 'client_credentials'}, auth=client, timeout=60)
            if done.status_code != 200:
                assert done.status_code == 401
                return
            tokens.append(done.json()['access_token'])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    harness.wait_until(lambda: len(tokens) > 20, 'tokens')
    fresh = issuer.regenerate(client)
    new = issuer.token(fresh)
    stop.set()
    for thread in threads:
        thread.join()
    epoch = issuer.entry('client_id', client[0])['epoch']
    assert all(unpack(t)[1].get('epoch', 0) < epoch for t in tokens)
    assert not any(map(issuer.is_active, tokens[-20:])) and issuer.is_active(new)
