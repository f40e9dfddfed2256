"""`make run`: authorization server, time-series API and gate together, with demo data (tools/run; the build is `make test`'s)."""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess

import harness
import pytest



class Run:
    """tools/run in a process group of its own, as a terminal would start it."""

    def __init__(self, var, port=None, **env):
        self.var, self.port = var, port or harness.free_port()
        self.log_path = var.parent / f'{var.name}.run.log'
        with open(self.log_path, 'wb') as log:
            self.process = subprocess.Popen([harness.ROOT / 'tools/run'], cwd=harness.ROOT, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True,
                                            env=harness.clean_env(VAR=str(var), PORT=str(self.port), **env))

    def start(self):
        harness.wait_until(self.is_ready, 'make run')
        self.env = harness.read_env(self.var / 'demo.env')
        return self

    def is_ready(self):
        assert self.process.poll() is None, self.log()
        return '$GATE_URL$SERIES_ALLOWED' in self.log()

    def log(self):
        return self.log_path.read_text(errors='replace')

    def family(self):
        """{name: pid} of the daemons, below the process that started them."""
        found = {}
        for pid in harness.descendants(self.process.pid):
            match = re.match(r'build/mintmark\0(\w+)\0(?!--role)', harness.read_cmdline(pid))
            if match and '--role' not in harness.read_cmdline(pid):
                found[match[1]] = pid
        return found

    def stop(self, sig=signal.SIGINT):
        """Ctrl-C: to the whole group. Returns its status."""
        family = harness.descendants(self.process.pid)
        if self.process.poll() is None:
            os.killpg(self.process.pid, sig)
        status = self.process.wait(harness.STOP_S)
        harness.wait_until(lambda: not any(map(harness.is_alive, family)), 'end of all processes')
        return status

    def token(self):
        done = harness.run('curl', '-sS', '--fail-with-body', '-X', 'POST', f'{self.env["ISSUER"]}/oauth2/token', '-u',
                           f'{self.env["SERVICE_CLIENT_ID"]}:{self.env["SERVICE_CLIENT_SECRET"]}', '-d', 'grant_type=client_credentials')
        return json.loads(done.stdout)['access_token']

    def status(self, url, token=None):
        bearer = ['-H', f'Authorization: Bearer {token}'] if token else []
        return harness.run('curl', '-sS', '-o', '/dev/null', '-w', '%{http_code}', url, *bearer).stdout


@pytest.fixture
def run(release, tmp_path):
    del release
    made = []

    def start(**options):
        made.append(Run(tmp_path / 'var', **options))
        return made[-1]
    yield start
    for one in made:
        one.stop()


def check_series(one):
    env, token = one.env, one.token()
    assert one.status(env['SERIES_URL'] + env['SERIES_ALLOWED'], token) == '200'
    assert one.status(env['SERIES_URL'] + env['SERIES_DENIED'], token) == '403'
    assert one.status(env['SERIES_URL'] + env['SERIES_ALLOWED']) == '401'
    assert one.status(env['GATE_URL'] + env['SERIES_ALLOWED'], token) == '200'
    assert one.status(env['GATE_URL'] + env['SERIES_ALLOWED']) == '401'


def test_first_run(run):
    one = run().start()
    assert one.env['SERIES_URL'].startswith('http://127.0.0.1:') and one.env['GATE_URL'].startswith('http://127.0.0.1:')
    check_series(one)
    printed = one.log().split("The demo's time series are at")[1]
    calls = re.findall(r'^  (\. .*|TOKEN=.*|curl -i .*)$', printed, re.M)
    assert len(calls) == 5, printed
    done = harness.run('sh', '-ec', '\n'.join(calls), cwd=harness.ROOT)
    assert re.findall(r'HTTP/1\.1 (\d+) ', done.stdout) == ['200', '403', '200'], done.stdout
    rows = json.loads(re.search(r'\[\{.*?\}\]', done.stdout)[0])
    assert len(rows) > 10 and all(set(row) == {'id', 'timestamp', 'value'} for row in rows)
    for path in one.var.rglob('*'):
        assert path.is_dir() or path.name == 'mintmark.yaml' or not path.stat().st_mode & 0o077, path
    assert set(one.family()) == {'serve', 'series', 'gate'}
    assert one.stop() == 0, one.log()
    assert 'killed' not in one.log()
    assert not harness.REPORT.search(one.log())
    again = run(port=one.port).start()  # keeps all of it
    chosen = {'SERIES_URL', 'GATE_URL'}  # beside PORT where that is free
    assert {k: v for k, v in again.env.items() if k not in chosen} == {k: v for k, v in one.env.items() if k not in chosen}
    check_series(again)


@pytest.mark.parametrize('name', ['serve', 'series', 'gate'])
def test_one_ends_all_end(run, name):
    one = run().start()
    os.kill(one.family()[name], signal.SIGKILL)
    assert one.process.wait(harness.STOP_S) == 1
    assert f'mintmark {name} ended with status -9; the others are stopped' in one.log()
    assert not one.family()


def listen_above_a_free_port():
    """A listening socket whose port follows a free one."""
    for _ in range(100):
        s = socket.socket()
        s.bind(('127.0.0.1', 0))
        with socket.socket() as below, contextlib.suppress(OSError):
            below.bind(('127.0.0.1', s.getsockname()[1] - 1))
            s.listen()
            return s
        s.close()
    raise AssertionError('no two free ports in a row')


def test_ports(run):
    """PORT+1 is taken: another one is found. Explicit ones are honoured."""
    with listen_above_a_free_port() as s:
        taken, gate = s.getsockname()[1], harness.free_port()
        one = run(port=taken - 1, GATE_PORT=str(gate)).start()
        assert one.env['GATE_URL'] == f'http://127.0.0.1:{gate}'
        assert one.env['SERIES_URL'] != f'http://127.0.0.1:{taken}'
        check_series(one)


def test_port_in_use_is_said(run):
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        s.listen()
        one = run(SERIES_PORT=str(s.getsockname()[1]))
        assert one.process.wait(harness.START_S) == 1
        assert 'mintmark series ended with status' in one.log() and str(s.getsockname()[1]) in one.log()


def test_bad_ports(run):
    for options in ({'SERIES_PORT': 'x'}, {'GATE_PORT': '70000'}):
        one = run(**options)
        assert one.process.wait(harness.START_S) != 0 and 'port' in one.log() and 'Traceback' not in one.log()


def test_state_of_an_earlier_version_is_completed(run, new_server):
    server = new_server(start=False, binary=harness.RELEASE)
    audience, client_id = server.demo['API_AUDIENCE'], server.demo['SERVICE_CLIENT_ID']
    server.cli('api', 'update', audience, '--scope', 'measurements:read', '--scope', 'measurements:write', '--scope', 'api',
               '--scope', 'own:scope')  # grants of the others go too
    server.cli('api', 'create', '--audience', 'https://own.example', '--scope', 'x')
    server.cli('client', 'update', client_id, '--scope', 'measurements:read x', '--api', audience, '--api', 'https://own.example')
    path = server.var / 'demo.env'
    path.write_text(''.join(line for line in path.read_text().splitlines(True) if not line.startswith(('SERIES_', 'GATE_'))))
    one = run(port=server.port).start()
    assert one.env.items() >= {k: v for k, v in server.demo.items() if not k.startswith(('SERIES_', 'GATE_'))}.items()
    check_series(one)
    assert {'own:scope', 'series:write'} <= {s['name'] for s in server.cli('api', 'show', audience)['scopes']}
    scope = server.cli('client', 'show', client_id)['scope'].split()
    assert {'measurements:read', 'x', 'series:measurements'} <= set(scope) and 'measurements:write' not in scope
