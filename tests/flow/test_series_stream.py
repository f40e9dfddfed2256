"""Large answers of the time-series API: constant memory, slow and vanishing clients, the end of the service in the middle."""
import contextlib
import json
import re
import signal
import socket
import time
from pathlib import Path

import harness
import pytest
import requests
from test_series import ALL, AUDIENCE, SCOPES, Daemon
from world import control

SERIES = '0188cf3a-6f5b-7c53-9a3b-000000000001'
POINTS = 400_000
ROW = len(f'{{"id":"{SERIES}","timestamp":"2024-01-01T00:00:00.000000Z","value":1.5}},')
PATH = '/measurements/raalabs/V/big?from=2024-01-01&to=2025-01-01'
RSS_MAX_KIB = 64 * 1024


@pytest.fixture(scope='module')
def big(server, tmp_path_factory):
    """(database of one large series, a token that may read it)."""
    folder = tmp_path_factory.mktemp('stream')
    db = folder / 'series.db'
    binary = harness.RELEASE if harness.RELEASE.exists() else harness.BINARY
    (folder / 'series.json').write_text(json.dumps({'series': [{'id': SERIES, 'names': {'raalabs': 'V/big'}}]}))
    harness.run(binary, 'series', 'define', '--db', db, folder / 'series.json')
    first = 1704067200  # 2024-01-01
    with open(folder / 'points.csv', 'w') as f:
        f.writelines(f'{SERIES},{first + n},{n}.5\n' for n in range(POINTS))
    harness.run(binary, 'series', 'import', '--db', db, folder / 'points.csv', timeout=120)
    control(server, 'api.create', audience=AUDIENCE, scopes=[{'name': n} for n in [*SCOPES, ALL]])
    made = control(server, 'client.create', client_name='c', scope=f'series:measurements series:statistics {ALL}',
                   audiences=[AUDIENCE])
    return db, server.access_token(auth=(made['client_id'], made['client_secret']))


@pytest.fixture
def daemon(big, server):
    made = Daemon(server.issuer, big[0]).start()
    yield made
    made.stop()


def peak_rss_kib(process):
    return int(re.search(r'VmHWM:\s+(\d+) kB', Path(f'/proc/{process.pid}/status').read_text())[1])


def finished(daemon):
    return daemon.log().count(' request request_id=')


def slow_client(daemon, token, path=PATH):
    """A client that asked, took the beginning and then takes nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(('127.0.0.1', daemon.port))
    client.settimeout(30)
    client.sendall(f'GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n'.encode())
    assert client.recv(4096).startswith(b'HTTP/1.1 200 OK\r\n')
    return client


def test_constant_memory(big, server, release):
    """The issue's bound, with an answer of some 40 MB; bench/run does it with 1 GB."""
    db, token = big
    daemon = Daemon(server.issuer, db, binary=release).start()
    try:
        size = 0
        with daemon.get(PATH, token, stream=True) as response:
            assert response.headers['Transfer-Encoding'] == 'chunked'
            for piece in response.iter_content(65536):
                size += len(piece)
        assert size > POINTS * (ROW - 3)
        assert peak_rss_kib(daemon.process) < RSS_MAX_KIB
        clients = [slow_client(daemon, token) for _ in range(20)]
        assert daemon.get('/health').status_code == 200
        assert peak_rss_kib(daemon.process) < RSS_MAX_KIB
        for client in clients:
            client.close()
    finally:
        daemon.stop()


@pytest.mark.parametrize('ending', ['json', 'ndjson'])
def test_every_row_comes_once(big, daemon, ending):
    with daemon.get(f'{PATH}&format={ending}', big[1], stream=True) as response:
        text = b''.join(response.iter_content(1 << 20))
    if ending == 'json':
        assert text[:1] == b'[' and text[-1:] == b']'
        values = [float(v) for v in re.findall(rb'"value":([0-9.]+)[,}]', text)]
    else:
        values = [json.loads(line)['value'] for line in text.splitlines()]
    assert values == [n + 0.5 for n in range(POINTS)]


def test_a_window_larger_than_one_turn(big, daemon):
    """A thread looks at 65,536 points before it lets others go first; the answer is one all the same."""
    rows = daemon.get('/statistics/raalabs/V/big?year=2024&window=366d&functions=count,min,max', big[1]).json()
    assert [(row[f'{SERIES}:count'], row[f'{SERIES}:min'], row[f'{SERIES}:max']) for row in rows] == [(POINTS, 0.5, POINTS - 0.5)]


def test_client_that_vanishes_frees_its_answer(big, daemon):
    clients = [slow_client(daemon, big[1]) for _ in range(30)]  # more than there are pool threads
    assert daemon.get('/health').status_code == 200  # and nobody waits for them
    before = finished(daemon)
    for client in clients:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        client.close()
    harness.wait_until(lambda: finished(daemon) >= before + len(clients), 'the end of the streams')


def test_stream_is_cut_not_ended(big, daemon):
    """A part must not look like the whole: no last chunk when the service ends in the middle."""
    client = slow_client(daemon, big[1], f'{PATH}&format=ndjson')
    daemon.process.send_signal(signal.SIGTERM)
    received = b''
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(65536):
            received += piece
            time.sleep(0.01)  # slowly, so that it can't be finished
    client.close()
    assert not received.endswith(b'0\r\n\r\n')
    assert daemon.process.wait(harness.STOP_S) == 0


def test_short_answers_are_finished_while_draining(big, daemon):
    """A client that reads gets all of it; where the half second that it has passes before (a slow machine), it sees that it did not.
    That it is finished: tests/unit/daemon, where the end takes as long as it takes."""
    with daemon.get('/statistics/raalabs/V/big?year=2024&window=1h', big[1], stream=True) as response:
        daemon.process.send_signal(signal.SIGTERM)
        try:
            rows = response.json()
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError):
            return
    assert len(rows) == (POINTS + 3599) // 3600


def test_http_1_0_ends_with_the_connection(big, daemon):
    with socket.create_connection(('127.0.0.1', daemon.port), timeout=60) as client:
        path = '/statistics/raalabs/V/big?year=2024&window=1d'
        client.sendall(f'GET {path} HTTP/1.0\r\nAuthorization: Bearer {big[1]}\r\n\r\n'.encode())
        data = b''
        while piece := client.recv(65536):
            data += piece
    head, _, body = data.partition(b'\r\n\r\n')
    assert b'chunked' not in head.lower() and len(json.loads(body)) == 5
