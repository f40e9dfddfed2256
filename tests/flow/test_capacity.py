"""Connections: ten thousand slow ones leave the server answering; the caps in total and per address hold."""
import contextlib
import resource
import selectors
import socket

import harness
import pytest
from world import World, check_error, check_token, configure, reload

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
    s.settimeout(harness.PATIENCE_S)
    s.connect(('127.0.0.1', port))
    if data:
        s.sendall(data)
    return s


def closed(sockets, wanted):
    """How many the server has ended (with or without an answer), once it was as many as wanted, or a minute has passed."""
    ended = set()
    with selectors.DefaultSelector() as selector:
        for s in sockets:
            selector.register(s, selectors.EVENT_READ)
        while ready := selector.select(0.5 if len(ended) >= wanted else harness.PATIENCE_S):  # and whether it goes on
            for key, _ in ready:
                ended.add(key.fileobj)
                selector.unregister(key.fileobj)
    return len(ended)


def test_ten_thousand_slow_connections(new_server, release):
    """Each has sent one byte and stalls; token requests are answered meanwhile, and the slow ones when they go on."""
    raise_descriptors(SLOW + 1000)
    server = new_server(binary=release, start=False)
    configure(server, limits__connections=14000, limits__connections_per_address=3000, limits__head_ms=600000, limits__idle_ms=600000)
    server.start()
    sockets = []
    try:
        for i in range(SLOW):
            sockets.append(open_from(server.port, f'127.0.5.{1 + i % 20}'))
        held = len(harness.open_files(server.pids('server')))
        assert held > SLOW, f'the server holds {held} descriptors'
        world = World(server)
        for _ in range(20):
            check_token(world.ask(auth='demo'))
        assert closed(sockets, 0) == 0
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
    configure(server, limits__connections=40, limits__connections_per_address=15, limits__head_ms=600000, server__loops=1)
    yield World(server.start())
    server.stop()


def settle(world):
    """Until the server has noticed that all are gone."""
    world.server.http.close()
    world.server.http = harness.requests.Session()
    harness.wait_until(lambda: (r := world.ask(auth='demo', source='127.0.6.99')) and r.status == 200, 'an answer')


def test_cap_per_address(capped):
    settle(capped)
    sockets = [open_from(capped.server.port, '127.0.6.1') for _ in range(25)]
    try:
        assert closed(sockets, 10) == 10
        check_token(capped.ask(auth='demo', source='127.0.6.2'))  # others have room
        with contextlib.suppress(OSError):
            response = capped.ask(auth='demo', source='127.0.6.1')
            if response is not None:
                check_error(response, 503, 'temporarily_unavailable')
    finally:
        for s in sockets:
            s.close()
    harness.wait_until(lambda: (r := capped.ask(auth='demo', source='127.0.6.1')) and r.status == 200, 'room again')


def test_cap_in_total(capped):
    settle(capped)
    sockets = [open_from(capped.server.port, f'127.0.6.{10 + i // 10}') for i in range(60)]
    try:
        ended = closed(sockets, 60 - 40)
        assert 60 - 40 <= ended <= 60 - 40 + 2, ended  # a probe of ours may still be open
    finally:
        for s in sockets:
            s.close()
    settle(capped)


def test_idle_connections_end(new_server):
    server = new_server(start=False)
    configure(server, limits__idle_ms=300, limits__head_ms=600000)
    server.start()
    with server.connect() as connection:
        assert connection.send(b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n').receive().status == 200
        assert connection.is_closed_by_server()
    configure(server, limits__idle_ms=600000, limits__head_ms=300)
    reload(server)
    with server.connect() as connection:  # nothing sent at all
        assert connection.is_closed_by_server()
