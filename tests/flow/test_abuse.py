"""What an attacker tries at the token endpoint: the lines of the list of attacks that client credentials can meet, by number.

Everything here must be refused exactly, and must leave the owner served. The ledger tests hold the single rules.
"""
import contextlib
import os
import re
import socket
import threading
import time
from pathlib import Path

import harness
import pytest
from world import API_A, API_B, Failed, From, World, basic, check_error, check_token, configure, token_request

GOOD = 'grant_type=client_credentials'


@pytest.fixture(scope='module')
def guarded(tmp_path_factory):
    """A server with the throttle as it is delivered, but for a window that does not move on while a slow machine works."""
    server = harness.Server(tmp_path_factory.mktemp('guarded') / 'var')
    configure(server, throttle__window_s=3600)
    made = World(server.start()).populate()
    yield made
    server.stop()


def storm(world, requests, source='127.0.0.1', lanes=32):
    """Many requests over a few kept connections, one after the other on each; the statuses, in order where there is one lane."""
    statuses, requests = [], list(requests)
    lanes = [From(world.server.port, source, 60) for _ in range(lanes)]
    try:
        for at in range(0, len(requests), len(lanes)):
            pairs = list(zip(lanes, requests[at:at + len(lanes)]))
            for connection, data in pairs:
                connection.send(data)
            for connection, _ in pairs:
                response = connection.receive()
                assert response is not None, f'closed after {len(statuses)}'
                statuses.append(response.status)
                assert response.json()['error'] in ('invalid_client', 'slow_down')
    finally:
        for connection in lanes:
            connection.socket.close()
    return statuses


def wrong(client_id, i):
    return token_request(GOOD, [basic(client_id, f'mms_wrong{i}')], close=False)


# 15, 16: two methods, downgrade.

@pytest.mark.parametrize('order', [('header', 'body'), ('body', 'header')])
def test_attack_15_two_methods(world, order):
    """RFC 6749 2.3: whichever of the two is right, the request is malformed, and told so without a look at either."""
    right, false = world.clients['main'], (world.clients['main'][0], 'wrong')
    header, body = (right, false) if order[0] == 'header' else (false, right)
    check_error(world.ask(auth=header, client_id=body[0], client_secret=body[1]), 400, 'invalid_request')
    check_error(world.ask(auth=header, client_id=world.clients['both'][0], client_secret=world.clients['both'][1]), 400, 'invalid_request')


def test_attack_16_downgrade(world):
    """A restricted client is not let in by another method, and a wrong secret there tells nothing."""
    for client, post in (('basic', True), ('post', False)):
        right = world.ask(auth=client, post=post)
        false = world.ask(auth=client, post=post, secret='wrong')
        check_error(right, 401, 'invalid_client')
        assert {k: v for k, v in right.json().items() if k != 'request_id'} == {k: v for k, v in false.json().items() if k != 'request_id'}
    for how in ({'auth': None, 'client_id': world.clients['public'][0]}, {'auth': (world.clients['public'][0], '')}):
        check_error(world.ask(**how), 401, 'invalid_client')


# 17: Basic. More in CC-16.

@pytest.mark.parametrize('prefix', ['Basic\t', 'Basic \t', '\tBasic ', 'Basic,', 'Basic:', 'Basic=', 'BasicBasic ', 'Basic Basic '])
def test_attack_17_separators(world, prefix):
    import base64
    token = base64.b64encode(':'.join(world.clients['main']).encode()).decode()
    response = world.ask(auth=None, headers=[f'Authorization: {prefix}{token}'])
    if prefix == '\tBasic ':  # leading white space belongs to the field, not to its value: RFC 9110 5.5
        check_token(response)
    else:
        check_error(response, 401, 'invalid_client')


# 19: nobody learns which clients exist. Times and bytes in CC-15; here the side door of the throttle.

def test_attack_19_the_throttle_tells_nothing(guarded):
    """Unknown ids are slowed down after as many failures as known ones."""
    turns = {}
    for source, client_id in (('127.0.7.1', guarded.clients['main'][0]), ('127.0.7.2', 'mmc_' + 'n' * 22),
                              ('127.0.7.3', guarded.clients['disabled'][0]), ('127.0.7.4', 'no-such-client')):
        statuses = storm(guarded, [wrong(client_id, i) for i in range(15)], source, 1)
        turns[client_id] = statuses.index(429)
        assert set(statuses[turns[client_id]:]) == {429}
    assert len(set(turns.values())) == 1, turns


# 21: ended secrets.

def test_attack_21_after_a_restart(new_server):
    """Revoked and regenerated secrets stay dead, living ones alive, over a kill -9 right after the acknowledgement."""
    server = new_server()
    world = World(server)
    world.control('api.create', audience=API_A, scopes=[{'name': 'm:read'}])
    client_id, first = world.make(scope='m:read')
    added = world.control('secret.add', client_id=client_id)
    check_token(world.ask(auth=(client_id, first)))
    first_id = next(s['secret_id'] for s in world.control('secret.list', client_id=client_id)['secrets'] if s['secret_id'] != added['secret_id'])
    world.control('secret.revoke', client_id=client_id, secret_id=first_id)
    other = world.make(scope='m:read')
    new = world.control('secret.regenerate', client_id=other[0])['client_secret']
    server.kill_all()
    server.start()
    for pair, alive in (((client_id, first), False), ((client_id, added['client_secret']), True), (other, False), ((other[0], new), True)):
        if alive:
            check_token(world.ask(auth=pair))
        else:
            check_error(world.ask(auth=pair), 401, 'invalid_client')


# 22: brute force. The owner is never locked out.

def owner(world, source, client='main'):
    check_token(world.ask(auth=client, source=source))


def test_attack_22_one_address(guarded):
    """Thousands of wrong secrets for one client from one address: slowed down; the owner is served there and everywhere."""
    client_id = guarded.clients['main'][0]
    statuses = storm(guarded, [wrong(client_id, i) for i in range(3000)], '127.0.8.1')
    assert statuses.count(429) > 2900 and set(statuses) == {401, 429}
    for source in ('127.0.8.1', '127.0.8.2'):
        owner(guarded, source)
    owner(guarded, '127.0.8.1', 'both')


def test_attack_22_many_addresses(guarded):
    """The same from two hundred addresses: each is slowed down for itself; the owner is served at every one of them."""
    client_id = guarded.clients['main'][0]
    for i in range(200):
        statuses = storm(guarded, [wrong(client_id, k) for k in range(15)], f'127.0.9.{1 + i}', 15)
        assert set(statuses) == {401, 429}
    for i in (0, 50, 199):
        owner(guarded, f'127.0.9.{1 + i}')
    owner(guarded, '127.0.10.1')


def test_attack_22_chosen_secret(guarded):
    """Where a hash must be computed the flood is cut off before it, and the owner is served from every other address."""
    client_id = guarded.clients['imported'][0]
    statuses = storm(guarded, [wrong(client_id, i) for i in range(1000)], '127.0.11.1')
    assert statuses.count(429) > 950
    check_token(guarded.ask(auth='imported', source='127.0.11.2'))
    check_token(guarded.ask(auth='main', source='127.0.11.1'))


def test_attack_22_spraying_client_ids(guarded):
    """One guess at each of thousands of ids from one address is slowed down too; who knows his secret is served there."""
    statuses = storm(guarded, [wrong(f'mmc_{i:022}', i) for i in range(3000)], '127.0.12.1')
    assert statuses.count(429) > 2500, statuses.count(429)
    owner(guarded, '127.0.12.1')
    owner(guarded, '127.0.12.2')
    check_error(guarded.ask(auth='both', secret='wrong', source='127.0.12.2'), 401, 'invalid_client')


def test_attack_22_while_the_owner_works(guarded):
    """The owner's tokens go on in the middle of four floods."""
    client_id, over, failures = guarded.clients['main'][0], threading.Event(), []

    def flood(source):
        try:
            while not over.is_set():
                storm(guarded, [wrong(client_id, i) for i in range(40)], source)
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=flood, args=(f'127.0.13.{i}',)) for i in range(1, 5)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(100):
            owner(guarded, '127.0.13.1')
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not failures


def test_attack_22_forwarded_addresses_are_not_believed(guarded):
    """Without a trusted proxy, X-Forwarded-For is just a header: nobody buys guesses or blames others with it."""
    client_id = guarded.clients['main'][0]
    requests = [token_request(GOOD, [basic(client_id, f'x{i}'), f'X-Forwarded-For: 192.0.2.{i}', f'Forwarded: for=192.0.2.{i}'], close=False)
                for i in range(30)]
    statuses = storm(guarded, requests, '127.0.14.1')
    assert statuses.count(429) >= 15


def test_attack_22_trusted_proxy(new_server):
    """Behind a trusted proxy the address that it saw counts, not the ones that its peer made up before."""
    server = new_server(start=False)
    configure(server, trusted_proxies='["127.0.15.1"]', throttle__failures=3, throttle__window_s=3600)
    world = World(server.start())

    def status(forwarded, source='127.0.15.1'):
        return world.ask(auth='demo', secret='wrong', source=source, headers=[f'X-Forwarded-For: {forwarded}']).status
    assert [status('192.0.2.1') for _ in range(6)][-1] == 429
    assert status('192.0.2.2') == 401
    assert [status(f'203.0.113.{i}, 192.0.2.3') for i in range(6)][-1] == 429
    check_token(world.ask(auth='demo', source='127.0.15.1', headers=['X-Forwarded-For: 192.0.2.1']))


def test_attack_22_is_in_the_audit_chain(guarded):
    """Throttling is a security event: an entry for each beginning, not one per attempt."""
    client_id = guarded.clients['post'][0]
    storm(guarded, [wrong(client_id, i) for i in range(100)], '127.0.16.1')

    def entries():
        found, after = [], 0
        while True:
            page = guarded.control('audit.list', after_seq=after)
            found += [e for e in page['entries'] if e['action'] == 'throttle' and e['target'] == client_id]
            if 'next_seq' not in page:
                return found
            after = page['next_seq']
    harness.wait_until(entries, 'the entry')
    assert len(entries()) == 1 and '127.0.16.1' in entries()[0]['detail']
    guarded.control('audit.verify')


# 26, 27: scope and resource. The single rules in CC-26 to CC-32.

@pytest.mark.parametrize('form, error', [
    ({'scope': 'm:read"'}, 'invalid_scope'), ({'scope': 'm:read\\'}, 'invalid_scope'), ({'scope': 'offline_access'}, 'invalid_scope'),
    ({'scope': ' '.join(f'x{i}' for i in range(9000))}, 'invalid_scope'), ({'scope': 'm:read' + '\u200b'}, 'invalid_scope'),
    ({'resource': '../x'}, 'invalid_target'), ({'resource': API_A + '#x'}, 'invalid_target'), ({'resource': API_B}, 'invalid_target'),
    ({'resource': 'https://api.example/measurements/../orders'}, 'invalid_target'), ({'resource': 'https://api.example/%6deasurements'}, 'invalid_target'),
    ({'resource': API_A, 'scope': 'o:read'}, 'invalid_scope')])
def test_attack_26_27_scope_and_resource(world, form, error):
    check_error(world.ask(**form), 400, error)


# 28: shapes.

def test_attack_28_shapes(world):
    """More in CC-03, CC-07, CC-12."""
    check_error(world.ask(body='&'.join([GOOD] * 2)), 400, 'invalid_request')
    check_error(world.ask(path='/oauth2/token?' + GOOD), 400, 'invalid_request')
    check_error(world.send(b'POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n' + b'x' * 65536), 413, 'request_too_large')
    check_token(world.ask(body=GOOD + '&' + '&'.join(f'{"n" * 20}{i}={"v" * 20}' for i in range(1000))))


def test_attack_28_chunked_body_that_never_ends(hurried):
    with hurried.server.connect() as connection:
        connection.send(token_request(headers=['Transfer-Encoding: chunked']).replace(b'Content-Length: 0\r\n', b''))
        response = None
        connection.socket.settimeout(0.3)
        for _ in range(200):  # a minute
            connection.send(b'1\r\nx\r\n')
            with contextlib.suppress(TimeoutError):
                response = connection.receive()
                break
    check_error(response, 408, 'request_timeout')


# 29: confusion of clients and users. RFC 9068 5; ledger 9068-8.

def test_attack_29_a_client_cannot_take_a_users_id(world):
    account_id = world.account['account_id']
    for client_id in (account_id, 'mma_' + 'x' * 22, 'mma_', 'mmc_' + 'x' * 22, 'mmk_x', 'mmr_x', 'mms_x'):
        with pytest.raises(Failed):
            world.make(client_id=client_id, client_secret='some chosen secret', scope='m:read')
    for client in ('main', 'both', 'imported', 'short'):
        assert not world.claims(auth=client)['sub'].startswith('mma_')


# 30: what a wrong secret costs.

def cpu_ns(pids):
    """Time on a processor, to the nanosecond, of all threads. (The ticks of /proc/PID/stat mistake short work behind a timer for long.)"""
    total = 0
    for path in (Path(f'/proc/{pid}/task/{thread}/schedstat') for pid in pids for thread in os.listdir(f'/proc/{pid}/task')):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended
            total += int(path.read_text().split()[0])
    return total


def test_attack_30_wrong_secrets_are_cheap(new_server, release):
    """With the maximum number of living secrets a wrong one costs at most twice a right one: CPU of all processes together."""
    server = new_server(binary=release, start=False)
    configure(server, throttle__failures=1000000)
    world = World(server.start())
    world.control('api.create', audience=API_A, scopes=[{'name': 'm:read'}])
    client_id, secret = world.make(scope='m:read')
    with pytest.raises(Failed):
        for _ in range(64):
            secret = world.control('secret.add', client_id=client_id)['client_secret']
    check_token(world.ask(auth=(client_id, secret)))
    lanes = [server.connect(60) for _ in range(64)]

    def cost(presented, rounds=60):
        data = token_request(GOOD, [basic(client_id, presented)], close=False)
        pids = server.pids().values()
        before = cpu_ns(pids)
        for _ in range(rounds):
            for connection in lanes:
                connection.send(data)
            for connection in lanes:
                connection.receive()
        return (cpu_ns(pids) - before) / rounds / len(lanes) / 1000
    last = '0' if secret[-1] != '0' else '1'
    try:
        for presented in (secret, secret[:-1] + last):
            cost(presented, 5)
        pairs = [(cost(secret), cost(secret[:-1] + last)) for _ in range(3)]
    finally:
        for connection in lanes:
            connection.socket.close()
    assert min(false / right for right, false in pairs) <= 2, f'us per right and wrong one: {pairs}'


def test_attack_30_wrong_chosen_secrets_are_bounded(guarded):
    """Many wrong chosen secrets at once (each a memory-hard hash) do not stop tokens of others, nor take memory without bound."""
    sockets = []
    pid = guarded.server.pids('server')
    for i in range(60):
        s = socket.create_connection(('127.0.0.1', guarded.server.port), timeout=60, source_address=(f'127.0.17.{1 + i}', 0))
        s.sendall(token_request(GOOD, [basic(guarded.clients['imported'][0], f'wrong {i}')]))
        sockets.append(s)
    for _ in range(5):  # they have threads of their own: tests/unit/base/test_pool.c
        check_token(guarded.ask(source='127.0.17.200'))
    threads = int(re.search(r'Threads:\s+(\d+)', Path(f'/proc/{pid}/status').read_text())[1])
    assert threads < 60
    answers = [s.recv(65536) for s in sockets]
    assert all(a.startswith((b'HTTP/1.1 401 ', b'HTTP/1.1 503 ', b'HTTP/1.1 429 ')) for a in answers)
    for s in sockets:
        s.close()
    check_token(guarded.ask(auth='imported', source='127.0.17.200'))


# 31: truncation.

def test_attack_31_long_secrets_differ_to_the_last_byte(world):
    """A hundred bytes, of which 73 to 100 differ (bcrypt would not see it); and to the maximum of 256."""
    for length in (100, 256):
        secret = ('0123456789abcdefghij' * 13)[:length]
        pair = world.make(client_id=f'long.secret.{length}', client_secret=secret, scope='m:read')
        check_token(world.ask(auth=pair))
        for at in {72, 73, 99, length - 1}:
            other = secret[:at] + '!' + secret[at + 1:]
            check_error(world.ask(auth=(pair[0], other)), 401, 'invalid_client')
        for other in (secret[:72], secret[:-1], secret + 'x', secret + '\0'):
            check_error(world.ask(auth=(pair[0], other)), 401, 'invalid_client')


# 32: answers are exact. RFC 6749 5.1 and 5.2.

@pytest.mark.parametrize('how, status, error', [
    ({'body': ''}, 400, 'invalid_request'), ({'auth': None}, 401, 'invalid_client'), ({'secret': 'x'}, 401, 'invalid_client'),
    ({'auth': 'bare'}, 400, 'unauthorized_client'), ({'body': 'grant_type=x'}, 400, 'unsupported_grant_type'), ({'scope': 'x'}, 400, 'invalid_scope'),
    ({'resource': 'x'}, 400, 'invalid_target'), ({'method': 'GET'}, 405, 'method_not_allowed'), ({'path': '/x'}, 404, 'not_found')])
def test_attack_32_exact_answers(world, how, status, error):
    """no-store, JSON only, a challenge on every 401 and nowhere else: check_error."""
    response = world.ask(**how)
    check_error(response, status, error)
    assert response.header('server') is None or not any(c.isdigit() for c in response.header('server'))
    assert response.header('x-content-type-options') == 'nosniff' and response.header('location') is None
    assert int(response.header('content-length')) == len(response.body)


# Slow peers: the cap of ten thousand is in test_capacity.

def test_slow_connections_leave_the_server_answering(hurried):
    """A byte every 0.3 s from two hundred connections: each ends at its total deadline (2 s here), and others are served meanwhile."""
    sockets = [socket.create_connection(('127.0.0.1', hurried.server.port), timeout=harness.PATIENCE_S, source_address=(f'127.0.18.{1 + i % 50}', 0))
               for i in range(200)]
    data = token_request(GOOD)
    for turn in range(12):
        for s in sockets:
            try:
                s.sendall(data[turn:turn + 1])
            except OSError:
                pass
        check_token(hurried.ask(auth='demo', source='127.0.18.200'))
        time.sleep(0.3)
    for s in sockets:
        try:
            answer = s.recv(65536)
        except ConnectionResetError:
            answer = b''
        assert answer == b'' or answer.startswith(b'HTTP/1.1 408 ')
        s.close()
    assert hurried.server.get('/healthz').status_code == 200
