"""Connections: ten thousand slow ones leave the server answering; the caps in total and per address hold."""
import contextlib
import resource
import selectors
import socket
import time

import harness
import pytest
from world import World, check_error, check_token, configure

SLOW = 10000


def raise_descriptors(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < wanted:
        pytest.skip(f'RLIMIT_NOFILE is {soft} of {hard}, {wanted} needed')


def open_from(port, source, data=b'P'):
    s = socket.socket()
    s.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: the port is chosen per connection
    s.bind((source, 0))
    s.settimeout(20)
    s.connect(('127.0.0.1', port))
    if data:
        s.sendall(data)
    return s


def closed(sockets, within_s=3):
    """How many the server has ended (with or without an answer)."""
    ended, end = set(), time.monotonic() + within_s
    with selectors.DefaultSelector() as selector:
        for s in sockets:
            selector.register(s, selectors.EVENT_READ)
        while time.monotonic() < end:
            for key, _ in selector.select(0.2):
                ended.add(key.fileobj)
                selector.unregister(key.fileobj)
    return len(ended)


def test_ten_thousand_slow_connections(new_server, release):
    """Each has sent one byte and stalls; a token request is answered within a second, and fast ones are not forgotten."""
    raise_descriptors(SLOW + 1000)
    server = new_server(binary=release, start=False)
    configure(server, limits__connections=14000, limits__connections_per_address=3000, limits__head_ms=120000, limits__idle_ms=120000)
    server.start()
    sockets = []
    try:
        for i in range(SLOW):
            sockets.append(open_from(server.port, f'127.0.5.{1 + i % 20}'))
        held = len(harness.open_files(server.pids('server')))
        assert held > SLOW, f'the server holds {held} descriptors'
        world, took = World(server), []
        for _ in range(20):
            began = time.monotonic()
            check_token(world.ask(auth='demo'))
            took.append(time.monotonic() - began)
        assert max(took) < 1, took
        assert closed(sockets, 0.5) == 0
        for s in sockets[::100]:  # and the slow ones are served when they wake up
            s.sendall(b'OST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
            assert s.recv(65536).startswith(b'HTTP/1.1 404 ')
    finally:
        for s in sockets:
            s.close()
    check_token(World(server).ask(auth='demo'))


@pytest.fixture(scope='module')
def capped(tmp_path_factory):
    server = harness.Server(tmp_path_factory.mktemp('capped') / 'var')
    configure(server, limits__connections=40, limits__connections_per_address=15, limits__head_ms=20000, server__loops=1)
    yield World(server.start())
    server.stop()


def settle(world):
    """Until the server has noticed that all are gone."""
    world.server.http.close()
    world.server.http = harness.requests.Session()
    harness.wait_until(lambda: (r := world.ask(auth='demo', source='127.0.6.99')) and r.status == 200, 10, 'an answer')


def test_cap_per_address(capped):
    settle(capped)
    sockets = [open_from(capped.server.port, '127.0.6.1') for _ in range(25)]
    try:
        assert closed(sockets, 1) == 10
        check_token(capped.ask(auth='demo', source='127.0.6.2'))  # others have room
        with contextlib.suppress(OSError):
            response = capped.ask(auth='demo', source='127.0.6.1')
            if response is not None:
                check_error(response, 503, 'temporarily_unavailable')
    finally:
        for s in sockets:
            s.close()
    harness.wait_until(lambda: (r := capped.ask(auth='demo', source='127.0.6.1')) and r.status == 200, 10, 'room again')


def test_cap_in_total(capped):
    settle(capped)
    sockets = [open_from(capped.server.port, f'127.0.6.{10 + i // 10}') for i in range(60)]
    try:
        ended = closed(sockets, 1)
        assert 60 - 40 <= ended <= 60 - 40 + 2, ended  # a probe of ours may still be open
    finally:
        for s in sockets:
            s.close()
    settle(capped)


def test_idle_connections_end(new_server):
    server = new_server(start=False)
    configure(server, limits__idle_ms=300, limits__head_ms=1000)
    server.start()
    with server.connect() as connection:
        assert connection.send(b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n').receive().status == 200
        began = time.monotonic()
        assert connection.is_closed_by_server(5) and time.monotonic() - began < 3
    with server.connect() as connection:  # nothing sent at all
        assert connection.is_closed_by_server(5)
