"""Real processes for the flow tests: start `mintmark serve`, ask it by curl, requests or a raw socket, stop it tidily.

    def test_x(server):                 # one server per test module, with the demo objects
        r = server.token()              # requests.Response of POST /oauth2/token as the demo service client
        r = server.raw(b'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')       # Response of a raw socket
        made = server.cli('client', 'list')                           # parsed --json output
    def test_y(new_server):             # a factory, when a test stops, kills or configures its own
        s = new_server(); s.stop()

MINTMARK_BIN chooses the binary (default build-test/mintmark).
"""
import contextlib
import itertools
import json
import os
import random
import re
import shlex
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get('MINTMARK_BIN') or ROOT / 'build-test/mintmark').resolve()
RELEASE = ROOT / 'build/mintmark'
REPORT = re.compile(r'AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:')
PATIENCE_S = START_S = STOP_S = 60  # no promises: sanitizers and busy machines are slow, and stand still now and then


def clean_env(**more):
    """No proxies, no Mintmark settings and no session bus of whoever runs the tests: logins are kept there."""
    foreign = ('DBUS_SESSION_BUS_ADDRESS', 'XDG_RUNTIME_DIR')
    kept = {k: v for k, v in os.environ.items()
            if not k.lower().endswith('_proxy') and not k.startswith('MINTMARK_') and k not in foreign}
    return {**kept, 'UBSAN_OPTIONS': 'print_stacktrace=1:halt_on_error=1', **more}


def run(*args, check=True, timeout=120, **more):
    """A command with its output as text; `check` asserts status 0."""
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=timeout,
                          env=more.pop('env', None) or clean_env(), stdin=subprocess.DEVNULL, **more)
    assert not check or done.returncode == 0, f'{args[0]} gave {done.returncode}: {done.stderr or done.stdout}'
    return done


def handed_out_ports():
    """Ports that the kernel gives to nobody who does not name them: what is free stays free until somebody listens there."""
    first, last = map(int, Path('/proc/sys/net/ipv4/ip_local_port_range').read_text().split())
    ports = [port for port in range(15000, 65000) if not first <= port <= last]
    at = random.randrange(len(ports)) if ports else 0
    return iter(ports[at:] + ports[:at])


PORTS = handed_out_ports()


def free_port():
    """Another one at each call."""
    for port in itertools.chain(PORTS, itertools.repeat(0)):
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(('127.0.0.1', port))
            return s.getsockname()[1]
    raise AssertionError('unreachable')


def wait_until(condition, what):
    """Poll until the condition gives something true, and return that."""
    end = time.monotonic() + PATIENCE_S
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < end, f'{what}: not within {PATIENCE_S} s'
        time.sleep(0.01)


def is_alive(pid):
    """Also while its other threads end: they hold the sockets as long as they are there."""
    try:
        fields = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
        return fields[0] != 'Z' or int(fields[17]) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False


def freeze(pid):
    """SIGSTOP, and wait until no thread of it runs any more: each stops when it is scheduled the next time."""
    os.kill(pid, signal.SIGSTOP)
    stats = lambda: [p.read_text().rsplit(')', 1)[1].split()[0] for p in Path(f'/proc/{pid}/task').glob('*/stat')]
    wait_until(lambda: set(stats()) == {'T'}, 'the stop of all threads')


@dataclass
class Response:
    """One HTTP response as it came over a raw socket. Header names are lower-cased; order and repeats are kept."""
    status: int
    reason: str
    headers: list
    body: bytes
    rest: bytes = b''     # what came behind it
    closed: bool = False  # whether the server ended the connection
    raw: bytes = field(default=b'', repr=False)

    def header(self, name):
        """The only header of this name, or None."""
        values = [v for k, v in self.headers if k == name.lower()]
        assert len(values) < 2, f'{name} came {len(values)} times'
        return values[0] if values else None

    def json(self):
        return json.loads(self.body, object_pairs_hook=no_repeats)


def no_repeats(pairs):
    assert len({k for k, _ in pairs}) == len(pairs), f'duplicate member in {pairs}'
    return dict(pairs)


def parse_response(data, head_request=False):
    """(Response, whether it is complete); None when there is no complete head yet."""
    head, end, rest = data.partition(b'\r\n\r\n')
    if not end:
        return None
    first, *lines = head.decode('latin-1').split('\r\n')
    match = re.fullmatch(r'HTTP/1\.[01] (\d{3})(?: (.*))?', first)
    assert match, f'not a status line: {first!r}'
    headers = []
    for line in lines:
        name, colon, value = line.partition(':')
        assert colon and re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name), f'not a header field: {line!r}'
        headers.append((name.lower(), value.strip(' \t')))
    status = int(match[1])
    length = 0 if head_request or status in (204, 304) or status < 200 else int(dict(headers).get('content-length', -1))
    body, rest = (rest, b'') if length < 0 else (rest[:length], rest[length:])
    complete = length >= 0 and len(body) == length
    return Response(status, match[2] or '', headers, body, rest, False, data), complete


class Connection:
    """A raw socket to the server. Use it in a `with`."""

    def __init__(self, port, timeout_s=PATIENCE_S):
        self.socket = socket.create_connection(('127.0.0.1', port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left, self.eof = b'', False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """A server that has answered and closed already is no failure of the sender."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            self.eof = True
        return self

    def more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b''
        self.left += data
        self.eof = not data
        return data

    def receive(self, head_request=False):
        """The next response, None when the server closed without one. Interim (1xx) responses are returned too."""
        while True:
            parsed = parse_response(self.left, head_request)
            if parsed and (parsed[1] or self.eof):
                response = parsed[0]
                self.left, response.closed = response.rest, self.eof
                return response
            if self.eof:
                assert not self.left, f'cut off: {self.left!r}'
                return None
            self.more()

    def is_closed_by_server(self, within_s=PATIENCE_S):
        self.socket.settimeout(within_s)
        try:
            while self.more():
                pass
        except TimeoutError:
            return False
        return True


class Server:
    def __init__(self, var, binary=BINARY, port=None, demo=True, env=None):
        self.var, self.binary, self.port = Path(var), Path(binary), port or free_port()
        self.config = self.var / 'mintmark.yaml'
        self.issuer = f'http://127.0.0.1:{self.port}'
        self.env, self.process, self.demo = clean_env(**(env or {})), None, {}
        self.log_path = self.var.parent / f'{self.var.name}.log'
        self.http = requests.Session()
        self.http.trust_env = False  # neither proxies nor .netrc
        self.init_output = run(binary, 'init', '--var', var, '--port', self.port, *(['--demo'] if demo else []),
                               env=self.env).stdout
        if demo:
            self.demo = read_env(self.var / 'demo.env')
            self.issuer = self.demo['ISSUER']

    # Life

    def launch(self):
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen([self.binary, 'serve', '--config', self.config], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=self.env, start_new_session=True)
        return self

    def start(self):
        self.launch()
        wait_until(self.is_ready, f'/readyz of {self.issuer}\n{self.log()}')
        return self

    def is_ready(self):
        assert self.process.poll() is None, f'the server ended with {self.process.returncode}:\n{self.log()}'
        try:
            return requests.get(f'http://127.0.0.1:{self.port}/readyz', timeout=5,
                                proxies={'http': ''}).status_code == 200
        except requests.RequestException:
            return False

    def stop(self, sig=signal.SIGTERM, within_s=STOP_S):
        """Ask the supervisor to end; status 0, no process left, no sanitizer report."""
        if not self.process:
            return
        process, self.process = self.process, None
        family = {process.pid, *descendants(process.pid)}
        if process.poll() is None:
            process.send_signal(sig)
        try:
            status = process.wait(within_s)
        except subprocess.TimeoutExpired:
            for pid in family:
                kill(pid)
            process.wait()
            raise AssertionError(f'still running {within_s} s after {sig}:\n{self.log()}') from None
        self.http.close()
        self.check_log()
        assert status == 0, f'ended with {status}:\n{self.log()}'
        wait_until(lambda: not any(map(is_alive, family)), f'end of all of {family}')

    def kill_all(self):
        """kill -9 of the whole family at once, as when the machine loses power (the disk's cache aside)."""
        process, self.process = self.process, None
        for pid in [process.pid, *descendants(process.pid)]:
            kill(pid)
        process.wait()

    def check_log(self):
        report = REPORT.search(self.log())
        assert not report, f'sanitizer report:\n{self.log()[report.start() - 200:][:6000]}'

    # What is where

    def pids(self, role=None):
        """{role: pid} of supervisor, keyd and server; or the pid of one role (None while it is not there)."""
        found = {'supervisor': self.process.pid}
        for pid in descendants(self.process.pid):
            match = re.search(r'--role[=\0](\w+)', read_cmdline(pid))
            if match and is_alive(pid):
                found[match[1]] = pid
        return found.get(role) if role else found

    def log(self):
        return self.log_path.read_text(errors='replace') if self.log_path.exists() else ''

    def url(self, path):
        return f'http://127.0.0.1:{self.port}{path}'

    # Talking to it

    def get(self, path, **more):
        return self.http.get(self.url(path), timeout=PATIENCE_S, allow_redirects=False, **more)

    def post(self, path, data=None, **more):
        return self.http.post(self.url(path), data=data, timeout=PATIENCE_S, allow_redirects=False, **more)

    def client(self, kind='service'):
        """(client_id, client_secret) of the demo client of this kind: service or account."""
        return self.demo[f'{kind.upper()}_CLIENT_ID'], self.demo[f'{kind.upper()}_CLIENT_SECRET']

    def token(self, auth='demo', path='/oauth2/token', data=None, **form):
        """POST to the token endpoint: client credentials by Basic, as the demo service client unless auth says else."""
        auth = self.client() if auth == 'demo' else auth
        body = data if data is not None else {'grant_type': 'client_credentials', **form}
        return self.post(path, body, auth=auth)

    def access_token(self, **more):
        response = self.token(**more)
        assert response.status_code == 200, response.text
        return response.json()['access_token']

    def connect(self, timeout_s=PATIENCE_S):
        return Connection(self.port, timeout_s)

    def raw(self, data, head_request=False):
        """One connection, these bytes, one response (None: closed without one)."""
        with self.connect() as connection:
            return connection.send(data).receive(head_request)

    def cli(self, *args, json_output=True, check=True, **more):
        """mintmark's command line against this server: parsed --json output, or the CompletedProcess of run()."""
        flags = ['--config', str(self.config)] + (['--json'] if json_output else [])
        done = run(self.binary, *args, *flags, check=check, env=self.env, **more)
        if not json_output or not check:
            return done
        return json.loads(done.stdout, object_pairs_hook=no_repeats) if done.stdout.strip() else None


def read_env(path):
    """The variables of a shell file, read by a shell."""
    text = Path(path).read_text()
    names = re.findall(r'^(?:export )?([A-Z_]+)=', text, re.M)
    script = f'. {shlex.quote(str(path))}; ' + ' '.join(f'printf "%s\\n" "${n}";' for n in names)
    return dict(zip(names, run('sh', '-eu', '-c', script).stdout.splitlines()))


def open_files(pid):
    """{descriptor: what it leads to} of a process that may open and close others meanwhile."""
    found = {}
    for entry in Path(f'/proc/{pid}/fd').iterdir():
        with contextlib.suppress(FileNotFoundError):
            found[int(entry.name)] = os.readlink(entry)
    return found


def read_cmdline(pid):
    try:
        return Path(f'/proc/{pid}/cmdline').read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ''


def descendants(pid):
    """Processes and threads may end while they are looked at."""
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in os.listdir(f'/proc/{pid}/task'):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                for child in map(int, Path(f'/proc/{pid}/task/{thread}/children').read_text().split()):
                    found += [child, *descendants(child)]
    return found


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
