"""Supervisor, keyd and server: restarts, sandbox, who holds which key, reload, TLS."""
import base64
import ctypes
import datetime
import ipaddress
import os
import re
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import time
from pathlib import Path

import harness
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.oid import NameOID
from world import World, basic, check_busy, check_error, check_token, configure, header_of, reload, token_request


def ask_or_none(world):
    """A token request; None when the connection broke (its server was killed)."""
    try:
        return world.ask(auth='demo')
    except (OSError, AssertionError):
        return None


@pytest.fixture
def alone(new_server):
    return World(new_server())


@pytest.fixture
def patient(new_server):
    """Gives requests under way a minute at the end; the half second that it is by itself may pass while a machine stands still."""
    server = new_server(start=False)
    configure(server, limits__drain_ms=60000)
    return World(server.start())


# Restarts.

def test_cc_48_keyd_dies(alone):
    """Nothing but 200 and 503 with Retry-After: 1 while keyd is gone; then the same key signs again."""
    world, server = alone, alone.server
    kid = header_of(check_token(world.ask(auth='demo'))['access_token'])['kid']
    refused = 0
    with server.connect() as connection:  # one connection, all the time: the server itself must not stumble
        for _ in range(5):
            old, supervisor = server.pids('keyd'), server.pids('supervisor')
            harness.freeze(supervisor)  # so that it surely is missed
            os.kill(old, signal.SIGKILL)
            harness.wait_until(lambda pid=old: not harness.is_alive(pid), 'the end of keyd')
            good, end = 0, time.monotonic() + harness.PATIENCE_S
            while good < 20:
                assert time.monotonic() < end, f'no token again:\n{server.log()[-3000:]}'
                connection.send(token_request('grant_type=client_credentials', [basic(*server.client())], close=False))
                response = connection.receive()
                assert response is not None and response.status in (200, 503)
                os.kill(supervisor, signal.SIGCONT)
                if response.status == 503:
                    check_error(response, 503, 'temporarily_unavailable')
                    assert response.header('retry-after') == '1'
                    refused, good = refused + 1, 0
                    time.sleep(0.01)
                else:
                    assert header_of(check_token(response)['access_token'])['kid'] == kid
                    good += 1
            assert server.pids('keyd') not in (None, old)
    assert refused >= 5, 'keyd was not missed'
    assert server.process.poll() is None


def test_server_dies(alone):
    world, server = alone, alone.server
    check_token(world.ask(auth='demo'))
    for _ in range(3):
        old = server.pids('server')
        os.kill(old, signal.SIGKILL)
        end = time.monotonic() + harness.PATIENCE_S
        while True:
            response = ask_or_none(world)
            if response is not None and response.status == 200:
                break
            assert response is None or response.status == 503, response
            if response is not None:
                check_busy(response)
            assert time.monotonic() < end, server.log()[-3000:]
        assert server.pids('server') not in (None, old)
    assert server.process.poll() is None


def test_supervisor_dies_and_its_children_with_it(alone):
    pids = alone.server.pids()
    assert set(pids) == {'supervisor', 'keyd', 'server'}
    os.kill(pids['supervisor'], signal.SIGKILL)
    alone.server.process.wait()
    alone.server.process = None
    harness.wait_until(lambda: not any(map(harness.is_alive, pids.values())), 'the end of keyd and server')
    with pytest.raises(OSError):
        alone.server.raw(b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    alone.server.start()
    check_token(alone.ask(auth='demo'))


def test_requests_in_work_are_answered_at_the_end(patient):
    """SIGTERM drains: whose secret is being hashed in that moment gets his token."""
    world, server = patient, patient.server
    scope = world.control('api.list')['apis'][0]['scopes'][0]['name']
    slow = world.make(client_id='slow.client', client_secret='a chosen secret', scope=scope)
    check_token(world.ask(auth=slow))
    connections = [server.connect() for _ in range(4)]
    for connection in connections:
        connection.send(token_request('grant_type=client_credentials', [basic(*slow)], close=False))
    time.sleep(0.02)
    server.process.send_signal(signal.SIGTERM)
    responses = [connection.receive() for connection in connections]
    for connection in connections:
        connection.socket.close()
    assert [response and response.status for response in responses] == [200] * 4
    assert server.process.wait(harness.STOP_S) == 0  # asked again, it would not finish its work
    server.stop()
    assert 'server_not_drained' not in server.log()


@pytest.mark.parametrize('kept', [False, True])
def test_requests_that_have_arrived_are_answered_at_the_end(patient, kept):
    """Nor is a request dropped that stands in the kernel when SIGTERM comes: on a new connection, or on a kept one."""
    world, server = patient, patient.server
    data = token_request('grant_type=client_credentials', [basic(*world.clients['demo'])], close=False)
    connections = [server.connect() for _ in range(20)]
    if kept:
        for connection in connections:
            check_token(connection.send(data).receive())
    harness.freeze(server.pids('server'))
    for connection in connections:
        connection.send(data)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    os.kill(server.pids('server'), signal.SIGCONT)
    responses = [connection.receive() for connection in connections]
    for connection in connections:
        connection.socket.close()
    assert [response and response.status for response in responses] == [200] * 20
    assert server.process.wait(harness.STOP_S) == 0  # asked again, it would not finish its work
    server.stop()
    assert 'server_not_drained' not in server.log()


def test_pipelined_requests_behind_a_keyd_that_hangs(new_server):
    """Each is told so: the second, which the refusal of the first lets in, does not wait for something else to happen."""
    server = new_server(start=False)
    configure(server, server__loops=1, limits__head_ms=600000, limits__idle_ms=600000)
    world = World(server.start())
    data = token_request('grant_type=client_credentials', [basic(*world.clients['demo'])], close=False)
    with server.connect() as connection:
        check_token(connection.send(data).receive())
        harness.freeze(server.pids('keyd'))
        try:
            connection.send(data * 3)
            for _ in range(3):
                check_error(connection.receive(), 503, 'temporarily_unavailable')
        finally:
            os.kill(server.pids('keyd'), signal.SIGCONT)
    harness.wait_until(lambda: world.ask(auth='demo').status == 200, 'a token, once keyd goes on')


# The sandbox.

def status_of(pid):
    text = Path(f'/proc/{pid}/status').read_text()
    return dict(re.findall(r'^(\w+):\s*(.*)$', text, re.M))


def test_keyd_is_sandboxed_and_both_may_gain_nothing(server):
    """seccomp filters every thread of keyd; the probe of what it still may call is in tests/unit/keys."""
    pids = server.pids()
    for role in ('keyd', 'server'):
        for task in Path(f'/proc/{pids[role]}/task').iterdir():
            assert status_of(f'{pids[role]}/task/{task.name}')['NoNewPrivs'] == '1', role
    for task in Path(f'/proc/{pids["keyd"]}/task').iterdir():
        assert status_of(f'{pids["keyd"]}/task/{task.name}')['Seccomp'] == '2'


def test_keyd_holds_pipes_and_sockets_only(server):
    """No file that could be read, no network: its sockets are nameless pairs."""
    pid = server.pids('keyd')
    links = harness.open_files(pid)
    assert links.pop(0) == '/dev/null'
    for fd in (1, 2):
        assert links.pop(fd) in ('/dev/null', str(server.log_path)) or links.get(fd, '').startswith(('pipe:', 'socket:'))
    assert len(links) > 2
    assert all(link.startswith(('pipe:', 'socket:')) for link in links.values()), links
    inodes = {re.search(r'\[(\d+)\]', link)[1] for link in links.values() if link.startswith('socket:')}
    for table in ('tcp', 'tcp6', 'udp', 'udp6', 'raw', 'netlink', 'packet'):
        path = Path(f'/proc/{pid}/net/{table}')
        rows = [line.split() for line in path.read_text().splitlines()[1:]] if path.exists() else []
        assert not inodes & {field for row in rows for field in row if field in inodes}, table
    for row in Path(f'/proc/{pid}/net/unix').read_text().splitlines()[1:]:
        fields = row.split()
        assert fields[6] not in inodes or len(fields) == 7, f'keyd has the named socket {fields[7:]}'


def refuse_to_start(server):
    """Its log; the supervisor gives up with what the operator must mend."""
    server.launch()
    assert server.process.wait(harness.START_S) == 78, server.log()
    server.process = None
    server.check_log()
    return server.log()


def move_key(server, to):
    (server.var / 'master.key').rename(to)


def test_master_key_below_the_store_is_refused(new_server):
    """All below the store's folder is open to the server process: by its name, and by a symbolic link to it."""
    server = new_server(start=False)
    good = server.config.read_text()
    configure(server, keys__master_key='store/master.key')
    move_key(server, server.var / 'store/master.key')
    said = refuse_to_start(server)
    assert 'store.path' in said and 'keys.master_key' in said and 'mintmark.yaml:' in said
    server.log_path.unlink()
    if not has_landlock():
        pytest.skip('no Landlock: the server could not find out')
    (server.var / 'elsewhere').symlink_to('store')
    configure(server, keys__master_key='elsewhere/master.key')
    said = refuse_to_start(server)
    assert 'master_key_exposed' in said and 'store.path' in said and 'keys.master_key' in said
    server.log_path.unlink()
    (server.var / 'store/master.key').rename(server.var / 'master.key')
    server.config.write_text(good)
    check_token(World(server.start()).ask(auth='demo'))
    assert 'landlock_absent' not in server.log()


def has_landlock():
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(444, None, 0, 1) > 0  # landlock_create_ruleset: its ABI version


NO_LANDLOCK = """#!/usr/bin/python3
import ctypes, os, sys
lib = ctypes.CDLL('libseccomp.so.2')
lib.seccomp_init.restype = ctypes.c_void_p
ctx = ctypes.c_void_p(lib.seccomp_init(0x7fff0000))  # allow
assert lib.seccomp_rule_add(ctx, 0x00050000 | 38, 444, 0) == 0 and lib.seccomp_load(ctx) == 0  # ENOSYS
os.execv({binary!r}, [{binary!r}, *sys.argv[1:]])
"""


def test_a_kernel_without_landlock(new_server, tmp_path):
    """It serves, and says what is missing."""
    server = new_server(start=False)
    wrapper = tmp_path / 'wrapper'
    wrapper.write_text(NO_LANDLOCK.format(binary=str(server.binary)))
    wrapper.chmod(0o755)
    server.binary = wrapper
    check_token(World(server.start()).ask(auth='demo'))
    assert server.log().count('landlock_absent') == 1


def test_the_old_place_of_the_store_is_refused(new_server):
    server = new_server(start=False)
    configure(server, store__path='mintmark.db')
    said = refuse_to_start(server)
    assert re.search(r'mintmark\.yaml:\d+:\d+: store\.path: .*keys\.master_key', said)


# No private key in the server process.

def text16(data, at):
    n = struct.unpack_from('>H', data, at)[0]
    return data[at + 2:at + 2 + n], at + 2 + n


def private_keys(server):
    """(kid, private key, its DER, sealed bytes) of all keys in the store, opened as src/crypto/seal.h and src/keys/keyring.c say."""
    text = (server.var / 'master.key').read_text().strip()
    master = bytes.fromhex(text) if len(text) == 64 else base64.urlsafe_b64decode(text + '=')
    assert len(master) == 32
    key = HKDF(hashes.SHA256(), 32, None, b'mintmark seal v1:key').derive(master)
    path = next(p for p in (server.var / 'store').iterdir() if p.is_file() and p.read_bytes()[:15] == b'SQLite format 3')
    with sqlite3.connect(f'file:{path}?mode=ro', uri=True) as db:
        rows = db.execute("SELECT kid, sealed FROM signing_key WHERE length(sealed) > 0").fetchall()
    found = []
    for kid, sealed in rows:
        assert sealed[:3] == b'mk1'
        _, at = text16(sealed, 3)
        name, at = text16(sealed, at)
        assert name.decode() == kid and sealed[at] == 1
        der = AESGCM(key).decrypt(sealed[at + 1:at + 13], sealed[at + 13:], sealed[3:at])
        found.append((kid, serialization.load_der_private_key(der, None), der, sealed))
    return master, text, found


def needles(server):
    """What must not be found: {name: bytes}. Numbers as they are written and as OpenSSL's limbs have them."""
    master, text, keys = private_keys(server)
    wanted = {'master key': master, 'master key as text': text.encode()}
    for kid, key, der, _ in keys:
        wanted[f'{kid} DER'] = der
        if isinstance(key, ed25519.Ed25519PrivateKey):
            wanted[f'{kid} seed'] = key.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw,
                                                      serialization.NoEncryption())
            continue
        numbers = key.private_numbers()
        if isinstance(key, ec.EllipticCurvePrivateKey):
            parts = {'d': numbers.private_value}
        else:
            assert isinstance(key, rsa.RSAPrivateKey)
            parts = {'p': numbers.p, 'q': numbers.q, 'd': numbers.d, 'dp': numbers.dmp1, 'dq': numbers.dmq1}
        for name, number in parts.items():
            length = (number.bit_length() + 7) // 8
            wanted[f'{kid} {name} big-endian'] = number.to_bytes(length, 'big')
            wanted[f'{kid} {name} little-endian'] = number.to_bytes(length, 'little')
    return wanted


def search_memory(pid, wanted):
    """Names of what stands anywhere in the readable memory of a process, and how many bytes were searched."""
    found, searched = set(), 0
    with open(f'/proc/{pid}/mem', 'rb', 0) as mem:
        for line in Path(f'/proc/{pid}/maps').read_text().splitlines():
            match = re.match(r'([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)', line)
            start, end, flags, name = int(match[1], 16), int(match[2], 16), match[3], match[4]
            if 'r' not in flags or name in ('[vvar]', '[vsyscall]'):
                continue
            assert end - start < 1 << 30, 'too large to search: not the optimised binary?'
            mem.seek(start)
            try:
                data = mem.read(end - start)
            except OSError:
                continue
            searched += len(data)
            found |= {n for n, value in wanted.items() if value in data}
    return found, searched


def test_the_server_never_maps_a_private_key(new_server, release):
    """keyd's memory is the positive control: the same search finds the same bytes there."""
    if os.geteuid() != 0:
        pytest.skip('needs root')
    server = new_server(binary=release, start=False)
    configure(server, keys__algs='["ES256", "RS256", "PS256", "EdDSA"]')
    server.start()
    world = World(server)
    for alg in ('RS256', 'EdDSA'):
        world.control('api.create', audience=f'https://{alg}.example', alg=alg, scopes=[{'name': alg}])
        check_token(world.ask(auth=world.make(scope=alg)))
    check_token(world.ask(auth='demo'))
    world.control('key.rotate', now=True)  # generating passes a sealed key through the server
    check_token(world.ask(auth='demo'))
    wanted = needles(server)
    assert sum('seed' in n for n in wanted) and sum(' p ' in n for n in wanted) and sum(' d ' in n for n in wanted)
    here, n_keyd = search_memory(server.pids('keyd'), wanted)
    kids = {n.split()[0] for n in wanted} - {'master'}
    assert 'master key' in here, 'the search does not find what must be there'
    for kid in kids:
        assert any(n.startswith(kid) for n in here), f'the search does not find {kid} in keyd'
    for role in ('server', 'supervisor'):
        found, n = search_memory(server.pids(role), wanted)
        assert n > 1 << 20
        assert not found, f'{role} maps {found}'
    assert n_keyd > 1 << 20


# Reload.

def replace(path, text):
    """Rename over: whoever had the old file open still sees the old one."""
    new = path.with_name(path.name + '.new')
    new.write_text(text)
    new.chmod(0o600)
    new.rename(path)


def test_reload_of_a_file_that_was_replaced(new_server):
    """The server can't open the configuration: what it gets is the descriptor that the supervisor opened at SIGHUP."""
    server = new_server()
    for age in (71, 72):
        text = re.sub(r'\njwks:\n.*\n', '\n', server.config.read_text())
        replace(server.config, text + f'jwks:\n  max_age_s: {age}\n')
        reload(server)
        assert f'max-age={age}' in server.get('/.well-known/jwks.json').headers['Cache-Control']
    good = server.config.read_text()
    server.config.unlink()
    reload(server, 'reload_failed')
    server.config.mkdir()
    reload(server, 'config_refused')
    server.config.rmdir()
    os.mkfifo(server.config)  # holds up nobody
    reload(server, 'config_refused')
    replace(server.config, good + '#' * 65536)
    reload(server, 'config_refused')
    assert 'longer than 65536 bytes' in server.log()
    check_token(World(server).ask(auth='demo'))
    fds = harness.open_files(server.pids('server'))
    assert not any('mintmark.yaml' in fd for fd in fds.values()), 'a descriptor of a reload stayed open'
    replace(server.config, good)
    reload(server)


def test_reload_applies_and_a_bad_file_changes_nothing(new_server):
    server = new_server(start=False)
    configure(server, log__requests='false')
    world = World(server.start())
    pids = server.pids()
    check_token(world.ask(auth='demo'))
    assert 'event":"request' not in server.log() and ' request ' not in server.log()
    configure(server, log__requests='true', log__format='json', log__level='debug', limits__head_ms=2000, jwks__max_age_s=77,
              tokens__access_lifetime_s=1800)
    reload(server)
    assert server.cli('api', 'create', '--audience', 'urn:example:reloaded')['token_lifetime'] == 1800
    assert 'max-age=77' in server.get('/.well-known/jwks.json').headers['Cache-Control']
    check_token(world.ask(auth='demo'))
    harness.wait_until(lambda: '"event":"request"' in server.log(), 'a request in the log')
    with server.connect() as connection:
        check_error(connection.send(b'GET /').receive(), 408, 'request_timeout')
    good = server.config.read_text()
    for bad in ('limits: {head_ms: 1}\n', 'nonsense: 1\n', 'log:\n  level: loud\n', '\t{', good + 'behind_proxy: maybe\n', ''):
        server.config.write_text(bad)
        reload(server, 'config_refused')
        assert 'max-age=77' in server.get('/.well-known/jwks.json').headers['Cache-Control']
        check_token(world.ask(auth='demo'))
    server.config.write_text(good)
    configure(server, jwks__max_age_s=78, issuer='http://127.0.0.1:1/')
    reload(server)
    assert 'max-age=78' in server.get('/.well-known/jwks.json').headers['Cache-Control']
    assert server.get('/.well-known/openid-configuration').json()['issuer'] == server.issuer  # needs a restart, and says so
    assert re.search(r'config_reloaded.*issuer', server.log())
    assert server.pids() == pids
    server.config.write_text(good)


def test_reload_reaches_the_keeper(new_server):
    server = new_server(start=False)
    configure(server, usage__flush_s=3600)
    world = World(server.start())
    check_token(world.ask(auth='demo'))
    configure(server, usage__flush_s=1)
    reload(server)
    def count():  # where it is written: who asks for figures has them written first
        with sqlite3.connect(f'file:{next(server.var.glob("**/mintmark.db"))}?mode=ro', uri=True) as db:
            return db.execute('SELECT sum(use_count) FROM client_secret').fetchone()[0]
    harness.wait_until(lambda: count() == 1, 'the use in the store')


def test_figures_are_never_behind_what_happened(new_server):
    """Who asks whether a secret is still in use gets the truth, not that of the last flush."""
    server = new_server(start=False)
    configure(server, usage__flush_s=3600)
    world = World(server.start())
    client_id = world.clients['demo'][0]
    for count in (1, 2):
        check_token(world.ask(auth='demo'))
        assert server.cli('client', 'secret', 'list', client_id)['secrets'][0]['use_count'] == count
    check_token(world.ask(auth='demo'))
    assert server.cli('client', 'show', client_id)['secrets'][0]['use_count'] == 3
    check_token(world.ask(auth='demo'))
    assert server.cli('usage', 'show', client_id)['use_count'] == 4


# TLS.

def write_certificate(folder, name, key_type=None):
    key = key_type or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.utcnow()
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName('localhost'), x509.IPAddress(ipaddress.ip_address('127.0.0.1'))]), False)
            .add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256()))
    (folder / 'cert.pem').write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / 'key.pem').write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                       serialization.NoEncryption()))
    (folder / 'key.pem').chmod(0o600)


class Tls:
    """Token requests over TLS to a server on this port."""

    def __init__(self, server):
        self.server = server

    def context(self, version=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.server.var / 'cert.pem')
        if version:
            context.minimum_version = context.maximum_version = version
        return context

    def open(self, context, session=None):
        raw = socket.create_connection(('127.0.0.1', self.server.port), timeout=60)
        try:
            return context.wrap_socket(raw, server_hostname='localhost', session=session)
        except BaseException:
            raw.close()
            raise

    def token(self, s):
        s.sendall(token_request('grant_type=client_credentials', [basic(*self.server.client())], close=False))
        data = b''
        while True:
            more = s.recv(65536)
            assert more, f'closed: {data!r}'
            data += more
            parsed = harness.parse_response(data)
            if parsed and parsed[1]:
                return check_token(parsed[0])['access_token']

    def is_up(self):
        assert self.server.process.poll() is None, self.server.log()
        try:
            with self.open(self.context()):
                return True
        except OSError:
            return False


@pytest.fixture
def tls(new_server):
    server = new_server(start=False)
    write_certificate(server.var, 'first')
    server.issuer = f'https://localhost:{server.port}'
    configure(server, issuer=server.issuer, tls__certificate='cert.pem', tls__key='key.pem')
    server.launch()
    made = Tls(server)
    harness.wait_until(made.is_up, 'TLS')
    return made


@pytest.mark.parametrize('version', [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_and_resumption(tls, version):
    """RFC 8446 2.2: a second handshake resumes the first; that is what a client without kept connections lives on."""
    context = tls.context(version)
    with tls.open(context) as s:
        assert tls.token(s) and s.version() == version.name.replace('_', '.')
        session = s.session
        assert not s.session_reused
    resumed = []
    for _ in range(6):  # another event loop may get the connection: tickets must fit all of them
        with tls.open(context, session) as s:
            assert tls.token(s)
            resumed.append(s.session_reused)
            session = s.session or session
    assert all(resumed), resumed


def test_tls_refuses_the_old_and_the_plain(tls):
    for version in ('TLSv1', 'TLSv1.1'):
        flags = {'TLSv1': '-tls1', 'TLSv1.1': '-tls1_1'}
        done = subprocess.run(['openssl', 's_client', '-connect', f'127.0.0.1:{tls.server.port}', flags[version], '-cipher', 'ALL:@SECLEVEL=0'],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        assert 'Cipher is (NONE)' in done.stdout or done.returncode != 0, done.stdout
    with tls.server.connect() as connection:  # plain http to a TLS port: no token, no crash
        connection.send(token_request('grant_type=client_credentials', [basic(*tls.server.client())]))
        assert connection.is_closed_by_server() and b'access_token' not in connection.left
    with tls.open(tls.context()) as s:
        assert tls.token(s)


def test_tls_handshake_has_a_deadline(tls):
    configure(tls.server, limits__handshake_ms=1000, limits__head_ms=600000, limits__idle_ms=600000)
    reload(tls.server)
    with tls.server.connect() as connection:
        assert connection.is_closed_by_server()


def serial(tls, context):
    with tls.open(context) as s:
        return s.getpeercert()['serialNumber']


def test_tls_certificate_is_swapped_by_reload(tls):
    old_context = tls.context()
    before = serial(tls, old_context)
    with tls.open(old_context) as kept:
        assert tls.token(kept)
        write_certificate(tls.server.var, 'second')
        assert serial(tls, old_context) == before  # not before it is told
        reload(tls.server)
        context = tls.context()
        harness.wait_until(lambda: try_serial(tls, context) not in (None, before), 'the new certificate')
        assert tls.token(kept)  # and nobody is thrown out
        new = serial(tls, context)
        (tls.server.var / 'key.pem').write_text('nonsense')
        reload(tls.server, 'tls_refused')
        assert serial(tls, context) == new  # a bad pair leaves the good one
        write_certificate(tls.server.var, 'third')
        (tls.server.var / 'key.pem').write_bytes(other_key())
        reload(tls.server, 'tls_refused')
        assert serial(tls, context) == new  # a key that does not fit, too
    write_certificate(tls.server.var, 'fourth')
    reload(tls.server)
    harness.wait_until(lambda: try_serial(tls, tls.context()) not in (None, new), 'the fourth certificate')


def try_serial(tls, context):
    try:
        return serial(tls, context)
    except OSError:
        return None


def other_key():
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
