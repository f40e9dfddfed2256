"""Our HTTP layer on the wire: every malformed request beside nginx's verdict, slow and rude clients, caps, TLS.

tests/unit/http/http_probe of the build folder (MINTMARK_BUILD, default build-test) answers every request with 200 and ~900 bytes.
WIRE_SLOW=10000 raises the number of slow connections.
"""
import contextlib
import json
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest

import harness
from wire_cases import CASES, GET, HOST, POST

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get('MINTMARK_BUILD') or ROOT / 'build-test')
PROBE = BUILD / 'tests/unit/http/http_probe'
SLOW = int(os.environ.get('WIRE_SLOW', 2000))
PLAIN = GET + HOST + b'\r\n'
NGINX = shutil.which('nginx', path=os.environ.get('PATH', '') + ':/usr/sbin')


def wait_for_port(port, process):
    def is_there():
        assert process.poll() is None, f'ended with {process.returncode}'
        with contextlib.suppress(OSError):
            socket.create_connection(('127.0.0.1', port), timeout=harness.PATIENCE_S).close()
            return True
        return False
    harness.wait_until(is_there, f'port {port}')


class Probe:
    def __init__(self, **options):
        self.port = options.setdefault('port', harness.free_port())
        args = [text for name, value in options.items() for text in (f'--{name.replace("_", "-")}', str(value))]
        self.process = subprocess.Popen([PROBE, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == 'ready\n', self.process.stderr.read()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=harness.STOP_S)
        assert self.process.returncode == 0, errors[:4000]

    def signal(self, number):
        self.process.send_signal(number)

    def stats(self):
        self.signal(signal.SIGUSR1)
        return json.loads(self.process.stdout.readline())

    def rss_kib(self):
        return int(re.search(r'VmRSS:\s+(\d+)', Path(f'/proc/{self.process.pid}/status').read_text())[1])


@pytest.fixture
def probe():
    made = []

    def make(**options):
        made.append(Probe(**options))
        return made[-1]
    yield make
    for each in made:
        each.stop()


@pytest.fixture(scope='module')
def plain():
    made = Probe()
    yield made
    made.stop()


@pytest.fixture(scope='module')
def nginx(tmp_path_factory):
    if not NGINX:
        pytest.skip('nginx is not installed')
    folder = tmp_path_factory.mktemp('nginx')
    folder.chmod(0o755)
    outer, inner = harness.free_port(), harness.free_port()
    config = folder / 'nginx.conf'
    temps = ''.join(f'{kind}_temp_path {folder}/{kind};' for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
    # The proxy makes nginx read and judge the body before anything answers.
    config.write_text(f'''daemon off; pid {folder}/pid; error_log {folder}/error crit; worker_processes 1;
        events {{ worker_connections 200; }}
        http {{ access_log off; {temps} client_max_body_size 64k; large_client_header_buffers 4 16k;
            server {{ listen 127.0.0.1:{outer}; location / {{ proxy_pass http://127.0.0.1:{inner}; }} }}
            server {{ listen 127.0.0.1:{inner}; location / {{ return 200 "ok"; }} }} }}''')
    process = subprocess.Popen([NGINX, '-c', config, '-e', folder / 'error'], stderr=subprocess.DEVNULL)
    wait_for_port(outer, process)
    yield outer
    process.terminate()
    process.wait(harness.STOP_S)


def connect(port, timeout_s=harness.PATIENCE_S):
    s = socket.create_connection(('127.0.0.1', port), timeout=timeout_s)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def receive(s, want):
    """(bytes, whether the peer closed) after `want` responses, or at the end."""
    got = b''
    while True:
        try:
            data = s.recv(65536)
        except ConnectionResetError:
            return got, True
        got += data
        if not data or count_complete(got) >= want:
            return got, not data


def count_complete(data):
    done = 0
    while True:
        end = data.find(b'\r\n\r\n')
        length = re.search(rb'content-length: (\d+)', data[:end], re.I) if end >= 0 else None
        if not length or len(data) < end + 4 + int(length[1]):
            return done
        data = data[end + 4 + int(length[1]):]
        done += 1


def statuses(data):
    return [int(code) for code in re.findall(rb'HTTP/1\.1 (\d{3}) ', data)]


def talk(port, data, want):
    """What came back, and whether the server had closed by then."""
    with connect(port) as s:
        try:
            s.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        got, closed = receive(s, want)
        if statuses(got)[-1:] not in ([200], []) and not closed:
            closed = receive(s, 99)[1]
        return got, closed


def as_list(status):
    return status if isinstance(status, list) else [status]


@pytest.mark.parametrize('case', CASES, ids=lambda case: case[0].replace(' ', '-'))
def test_verdict(plain, nginx, case):
    _, data, ours, theirs, reason = case
    assert (ours == theirs) == (reason is None), 'where the verdicts differ a reason stands, and only there'
    got, closed = talk(plain.port, data, len(as_list(ours)))
    assert statuses(got) == as_list(ours)
    assert closed or ours in (200, [200, 200]), 'a refusal ends the connection'
    assert b'<' not in got and (ours == 200 or statuses(got) == [200, 200] or b'"error"' in got)
    got, _ = talk(nginx, data, max(1, len(as_list(theirs))))
    assert statuses(got) == as_list(theirs)


def test_cut_in_two_gives_the_same(plain):
    """Not at every byte here (the unit tests do that): at three places of each case."""
    for name, data, ours, _, _ in CASES:
        for cut in {1, len(data) // 2, len(data) - 1}:
            with connect(plain.port) as s:
                try:
                    s.sendall(data[:cut])
                    time.sleep(0.002)
                    s.sendall(data[cut:])
                except (BrokenPipeError, ConnectionResetError):
                    pass
                got, _ = receive(s, len(as_list(ours)))
                assert statuses(got) == as_list(ours), (name, cut)


@pytest.mark.parametrize('start, rest', [
    (b'', PLAIN * 3),
    (b'GET / HTTP/1.1\r\n', b'A: ' + b'x' * 300),
    (POST + HOST + b'Content-Length: 300\r\n\r\n', b'x' * 300),
    (POST + HOST + b'Transfer-Encoding: chunked\r\n\r\n', b'1\r\nx\r\n' * 100),
    (PLAIN, PLAIN * 3),  # the second request on a kept connection
], ids=['head-from-accept', 'head', 'body', 'chunks', 'second-head'])
def test_bytes_do_not_stretch_a_deadline(probe, start, rest):
    server = probe(head_ms=1500, body_ms=1500)
    began, got = time.monotonic(), b''
    with connect(server.port) as s:
        if start == PLAIN:
            s.sendall(start)
            receive(s, 1)
            began = time.monotonic()
        else:
            s.sendall(start)
        s.settimeout(0.3)
        for byte in rest:
            try:
                s.send(bytes([byte]))
                data = s.recv(65536)
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                break
            got += data
            if not data:
                break
    assert statuses(got) == [408]  # all the bytes would take a minute
    assert time.monotonic() - began > 1.4
    assert server.stats()['timeouts'] == 1


def test_idle_connections_end(probe):
    server, began = probe(idle_ms=500), time.monotonic()
    with connect(server.port) as kept:
        kept.sendall(PLAIN)
        receive(kept, 1)
        assert kept.recv(100) == b'' and time.monotonic() - began > 0.4
    server, began = probe(head_ms=500), time.monotonic()
    with connect(server.port) as fresh:
        assert fresh.recv(100) == b'' and time.monotonic() - began > 0.4


def test_many_slow_connections(probe):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = SLOW + 200
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f'only {hard} descriptors allowed')
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    slow = []
    try:
        server = probe()
        before = server.rss_kib()
        for _ in range(SLOW):
            slow.append(connect(server.port))
            slow[-1].sendall(b'GET / HTTP/1.1\r\nHost: a.exam')
        for _ in range(20):
            got, _ = talk(server.port, PLAIN, 1)
            assert statuses(got) == [200]
        assert server.stats()['open'] >= SLOW
        each = (server.rss_kib() - before) * 1024 / SLOW
        print(f'{each:.0f} bytes for each of {SLOW} slow connections')
        # AddressSanitizer's red zones and quarantine multiply small blocks.
        assert each < (8192 if b'__asan' in PROBE.read_bytes() else 1024)
        slow[7].sendall(b'ple\r\n\r\n')
        assert statuses(receive(slow[7], 1)[0]) == [200]
    finally:
        for s in slow:
            s.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_caps(probe):
    server = probe(connections_max=30, per_addr_max=10)
    mine = [connect(server.port) for _ in range(10)]
    harness.wait_until(lambda: server.stats()['open'] == 10, 'ten connections')
    with connect(server.port) as s:
        got, closed = receive(s, 99)
        assert statuses(got) == [503] and closed
    other = socket.create_connection(('127.0.0.1', server.port), timeout=60, source_address=('127.0.0.2', 0))
    other.sendall(PLAIN)  # another address is served
    assert statuses(receive(other, 1)[0]) == [200]
    many = [socket.create_connection(('127.0.0.1', server.port), timeout=60, source_address=(f'127.0.1.{i}', 0))
            for i in range(1, 26)]
    harness.wait_until(lambda: (s := server.stats())['open'] == 30 and s['refused_cap'] == 1 + 6, 'all of them')
    assert statuses(receive(many[-1], 99)[0]) == [503]
    for s in [*mine, *many]:
        s.close()
    harness.wait_until(lambda: server.stats()['open'] == 1, 'their end')
    with connect(server.port) as s:
        s.sendall(PLAIN)
        assert statuses(receive(s, 1)[0]) == [200]
    other.close()


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\x01\x00\x00\x00\x00\x00\x00\x00')
    s.close()


@pytest.mark.parametrize('options', [{}, {'async': 1}], ids=['at-once', 'later'])
def test_reset_in_the_middle(probe, options):
    server = probe(**options)
    for data in (b'', b'GET', PLAIN, PLAIN * 50, POST + HOST + b'Content-Length: 500\r\n\r\nabc', b'\r\n', b'x y z\r\n'):
        for _ in range(20):
            s = connect(server.port)
            s.sendall(data)
            reset(s)
    got, _ = talk(server.port, PLAIN, 1)
    assert statuses(got) == [200]
    harness.wait_until(lambda: server.stats()['open'] == 0, 'the end of all')


@pytest.mark.parametrize('options', [{}, {'async': 1}], ids=['at-once', 'later'])
def test_half_close(probe, options):
    server = probe(**options)
    with connect(server.port) as s:
        s.sendall(PLAIN * 3)
        s.shutdown(socket.SHUT_WR)
        got, closed = receive(s, 99)
        assert statuses(got) == [200, 200, 200] and closed
    with connect(server.port) as s:
        s.sendall(PLAIN[:-5])
        s.shutdown(socket.SHUT_WR)
        assert s.recv(100) == b''


def test_peer_that_never_reads(probe):
    server = probe(write_ms=1000, big=30_000_000)
    began = time.monotonic()
    with connect(server.port) as s:
        s.sendall(PLAIN * 20)
        while server.stats()['timeouts'] == 0:
            assert server.rss_kib() < 400_000, 'one reply waits, not twenty'
            assert time.monotonic() - began < harness.PATIENCE_S
            time.sleep(0.05)
        assert server.stats()['open'] == 0 and time.monotonic() - began > 0.9
    assert server.stats()['timeouts'] == 1


def test_refused_body_gets_its_answer(plain):
    """The peer goes on sending while we refuse: it must read 413, not a reset."""
    for _ in range(20):
        with connect(plain.port) as s:
            s.sendall(POST + HOST + b'Content-Length: 500000\r\n\r\n')
            s.sendall(b'x' * 500000)
            assert statuses(receive(s, 1)[0]) == [413]


def test_pipelining_keeps_order_and_bounds(probe):
    server = probe(echo=1)
    with connect(server.port) as s:
        bodies = [b'%d' % n * (n % 50 + 1) for n in range(500)]
        s.sendall(b''.join(POST + HOST + b'Content-Length: %d\r\n\r\n' % len(b) + b for b in bodies))
        got, _ = receive(s, 500)
        assert re.findall(rb'\r\n\r\n(\d+)', got) == bodies


def test_drain(probe):
    server = probe()
    with connect(server.port) as kept, connect(server.port) as half:
        kept.sendall(PLAIN)
        receive(kept, 1)
        half.sendall(PLAIN[:-2])
        server.signal(signal.SIGTERM)
        assert kept.recv(100) == b''
        half.sendall(b'\r\n')
        got, closed = receive(half, 99)
        assert statuses(got) == [200] and b'Connection: close' in got and closed
    server.process.wait(harness.STOP_S)


# TLS

def make_certificate(folder, name):
    cert, key = folder / f'{name}.crt', folder / f'{name}.key'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '7',
                    '-keyout', key, '-out', cert, '-subj', f'/CN={name}', '-addext', 'subjectAltName=DNS:localhost'],
                   check=True, capture_output=True)
    return cert, key


@pytest.fixture
def tls_probe(probe, tmp_path):
    cert, key = make_certificate(tmp_path, 'first')
    server = probe(cert=cert, key=key)
    server.cert, server.key, server.folder = cert, key, tmp_path
    return server


def tls_client(cert, version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cert)
    context.set_alpn_protocols(['h2', 'http/1.1'])
    if version:
        context.minimum_version = context.maximum_version = version
    return context


def tls_connect(server, context, session=None):
    return context.wrap_socket(connect(server.port), server_hostname='localhost', session=session)


def ask(s, data=PLAIN):
    s.sendall(data)
    return statuses(receive(s, data.count(b'\r\n\r\n'))[0])


@pytest.mark.parametrize('version', [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2], ids=['1.3', '1.2'])
def test_tls_serves_and_resumes(tls_probe, version):
    context = tls_client(tls_probe.cert, version)
    with tls_connect(tls_probe, context) as s:
        assert ask(s) == [200] and ask(s, PLAIN * 30) == [200] * 30
        assert s.selected_alpn_protocol() == 'http/1.1' and not s.session_reused and s.compression() is None
        assert 'GCM' in s.cipher()[0] or 'CHACHA20' in s.cipher()[0]
        session = s.session
    with tls_connect(tls_probe, context, session) as s:
        assert ask(s) == [200] and s.session_reused


@pytest.mark.parametrize('args', [
    ['-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0'], ['-tls1', '-cipher', 'DEFAULT@SECLEVEL=0'],
    ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA256'], ['-alpn', 'h2'],
], ids=['1.1', '1.0', 'cbc', 'alpn-h2-only'])
def test_tls_refuses(tls_probe, args):
    done = subprocess.run(['openssl', 's_client', '-connect', f'127.0.0.1:{tls_probe.port}', *args], input=b'', capture_output=True)
    assert done.returncode != 0 and b'alert' in done.stderr
    assert ask(tls_connect(tls_probe, tls_client(tls_probe.cert))) == [200]
    assert tls_probe.stats()['handshakes_failed'] == 1


def test_tls_handshake_has_a_deadline(probe, tmp_path):
    cert, key = make_certificate(tmp_path, 'a')
    server = probe(cert=cert, key=key, handshake_ms=1000)
    with connect(server.port) as silent, connect(server.port) as plain_http:
        plain_http.sendall(PLAIN)
        assert b'HTTP/' not in receive(plain_http, 99)[0]
        assert silent.recv(100) == b''


def test_tls_large_reply_and_body(probe, tmp_path):
    cert, key = make_certificate(tmp_path, 'a')
    server = probe(cert=cert, key=key, big=5_000_000)
    with tls_connect(server, tls_client(cert)) as s:
        body = b'x' * 65536
        s.sendall(POST + HOST + b'Content-Length: 65536\r\n\r\n' + body + PLAIN)
        got, _ = receive(s, 2)
        assert statuses(got) == [200, 200] and len(got) > 10_000_000


def test_tls_bytes_do_not_stretch_a_deadline(probe, tmp_path):
    cert, key = make_certificate(tmp_path, 'a')
    server = probe(cert=cert, key=key, head_ms=1000)
    began = time.monotonic()
    with tls_connect(server, tls_client(cert)) as s:
        s.settimeout(0.3)
        got = b''
        for byte in PLAIN:
            try:
                s.send(bytes([byte]))
                got = s.recv(1000)
                break
            except TimeoutError:
                continue
    assert statuses(got) == [408]  # all the bytes would take ten seconds
    assert time.monotonic() - began > 0.9


def read_pieces(s, version):
    """The length of a streamed reply's content; None when it was cut short."""
    s.sendall(f'GET / HTTP/1.{version}\r\nHost: x\r\n\r\n'.encode())
    stream = s.makefile('rb')
    head = iter(stream.readline, b'\r\n')
    chunked = any(line.lower().startswith(b'transfer-encoding: chunked') for line in list(head))
    assert chunked == (version == 1)
    total = 0
    while chunked:
        size = int(stream.readline(), 16)
        data = stream.read(size + 2)
        assert data == b'p' * size + b'\r\n'
        total += size
        if size == 0:
            return total
    while data := stream.read(1 << 20):
        assert not data.strip(b'p')
        total += len(data)
    return total


@pytest.mark.parametrize('secure', [False, True])
def test_stream_in_constant_memory(probe, tmp_path, secure):
    """RFC 9112 7.1: a reply in pieces, over TLS too: whole, for a reader of any speed, with memory for a piece each."""
    cert, key = make_certificate(tmp_path, 'a')
    server = probe(stream=64, **({'cert': cert, 'key': key} if secure else {}))

    def connect():
        return tls_connect(server, tls_client(cert)) if secure else socket.create_connection(('127.0.0.1', server.port), harness.PATIENCE_S)
    with connect() as s:
        assert read_pieces(s, 1) == 64 << 20
        assert read_pieces(s, 1) == 64 << 20  # the connection lives on
        rss = server.rss_kib()
    with connect() as s:
        assert read_pieces(s, 0) == 64 << 20
    stopped = [connect() for _ in range(8)]  # readers that don't read
    for s in stopped:
        s.sendall(PLAIN)
    with connect() as s:
        assert read_pieces(s, 1) == 64 << 20
    assert server.rss_kib() - rss < 320 << 10  # 512 MiB wait to be read; the sanitizer keeps up to 256 MiB of what was freed
    for s in stopped:
        s.close()


def test_certificate_swap(tls_probe):
    """SIGHUP: old connections live on, new ones see the new certificate, tickets from before still resume."""
    old_client = tls_client(tls_probe.cert)
    old = tls_connect(tls_probe, old_client)
    assert ask(old) == [200]
    session = old.session
    new_cert, new_key = make_certificate(tls_probe.folder, 'second')
    shutil.copy(new_cert, tls_probe.cert)
    shutil.copy(new_key, tls_probe.key)
    tls_probe.signal(signal.SIGHUP)

    def is_new():
        with contextlib.suppress(ssl.SSLError), tls_connect(tls_probe, tls_client(new_cert)) as s:
            return ask(s) == [200]
        return False
    harness.wait_until(is_new, 'the new certificate')
    assert ask(old) == [200]
    with tls_connect(tls_probe, old_client, session) as s:
        assert ask(s) == [200] and s.session_reused
    old.close()


def test_resumption_across_loops(probe, tmp_path):
    cert, key = make_certificate(tmp_path, 'a')
    server = probe(cert=cert, key=key, loops=4)
    context = tls_client(cert, ssl.TLSVersion.TLSv1_2)
    with tls_connect(server, context) as s:
        assert ask(s) == [200]
        session = s.session
    for _ in range(12):  # whichever loop accepts
        with tls_connect(server, context, session) as s:
            assert ask(s) == [200] and s.session_reused


def test_bad_certificate_files(tmp_path):
    cert, key = make_certificate(tmp_path, 'a')
    _, other = make_certificate(tmp_path, 'b')
    for args, why in (((cert, other), 'mismatch'), ((tmp_path / 'none', key), 'certificate'), ((cert, cert), 'private key')):
        done = subprocess.run([PROBE, '--port', '1', '--cert', args[0], '--key', args[1]], capture_output=True, text=True)
        assert done.returncode == 1 and why in done.stderr
        assert 'PRIVATE KEY' not in done.stderr
