#!/usr/bin/python3
"""Our client against foreign servers, unmodified: npm oidc-provider and oauth2-mock-server; and the credentials file of the
PyPI package rapidata, each reading what the other wrote. The last line is "N passed, N failed".

    run.py [PYTHON]     # of the environment that has rapidata
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / 'flow'), str(HERE.parent)]
sys.dont_write_bytecode = True
import harness  # noqa: E402
import requests  # noqa: E402
from peer import SECRET, answer_pages, check, finish  # noqa: E402


class Us:
    """`mintmark` with a home of its own."""

    def __init__(self, home, issuer, **env):
        Path(home).mkdir()
        self.env = harness.clean_env(HOME=str(home), MINTMARK_ISSUER=issuer, **env)
        for name in ('XDG_CACHE_HOME', 'DISPLAY', 'WAYLAND_DISPLAY', 'BROWSER'):
            self.env.pop(name, None)

    def run(self, *args):
        done = subprocess.run([str(harness.BINARY), *args], env=self.env, capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            print(done.stderr.strip())
        return done.stdout.strip()

    def start(self, *args):
        return subprocess.Popen([str(harness.BINARY), *args], env=self.env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def service(folder, name, issuer):
    us = Us(folder / name, issuer, MINTMARK_CLIENT_ID='service', MINTMARK_CLIENT_SECRET=SECRET)
    token = us.run('token')
    check(f'{name} gives a token', token)
    check(f'{name} is asked once', us.run('token') == token)
    check(f'{name} gives another one', us.run('token', '--fresh'))
    wrong = Us(folder / f'{name}-wrong', issuer + '/', MINTMARK_CLIENT_ID='service', MINTMARK_CLIENT_SECRET=SECRET)
    check(f'{name} with a slash too much is another issuer', wrong.run('token') == '')


def refused(folder, issuer):
    us = Us(folder / 'refused', issuer, MINTMARK_CLIENT_ID='service', MINTMARK_CLIENT_SECRET='wrong' * 9)
    done = subprocess.run([str(harness.BINARY), 'token'], env=us.env, capture_output=True, text=True, timeout=60)
    check('oidc-provider refuses a wrong secret, and it is said so', done.returncode == 1 and 'invalid_client' in done.stderr)


def by_browser(folder, issuer):
    us = Us(folder / 'browser', issuer, MINTMARK_LOGIN_CLIENT_ID='app')
    process = us.start('login', '--no-browser', '--wait', '60')
    process.stderr.readline()
    url = process.stderr.readline().strip()
    back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))['redirect_uri']
    requests.get(answer_pages(url, back, 'ada'), timeout=60)
    said = process.communicate(timeout=600)[1]
    check('oidc-provider: login by browser', process.returncode == 0)
    if process.returncode != 0:
        print(said)
        return
    check('oidc-provider: whoami', json.loads(us.run('whoami', '--json') or '{}').get('email') == 'ada@example.org')
    first = us.run('token')
    check('oidc-provider: a token by the refresh token', us.run('token', '--fresh') not in ('', first))


def by_device(folder, issuer):
    us = Us(folder / 'device', issuer, MINTMARK_LOGIN_CLIENT_ID='app')
    process = us.start('login', '--device', '--wait', '60')
    lines = [process.stderr.readline().strip() for _ in range(4)]
    check('oidc-provider: a code to enter', lines[1].startswith(issuer) and len(lines[3]) >= 8)
    process.terminate()
    process.wait()


RAPIDATA = '''
import sys
from datetime import datetime, timezone
from rapidata.service.credential_manager import ClientCredential, CredentialManager
manager = CredentialManager(endpoint='https://auth.example')
if sys.argv[1] == 'write':
    for day, name in ((1, 'old'), (2, 'new')):
        at = datetime(2025, 1, day, 12, 0, 0, 5, tzinfo=timezone.utc)
        manager._store_credential(ClientCredential(display_name=name, client_id=name, client_secret='secret-' + name,
                                                   endpoint=manager.endpoint, created_at=at, last_used=at))
found = manager.stored_credential()
print(found.client_id, found.client_secret)
'''


def rapidata_file(folder, python):
    home = folder / 'rapidata'
    us = Us(home, 'https://auth.example')
    theirs = lambda what: subprocess.run([python, '-c', RAPIDATA, what], env={**us.env}, capture_output=True, text=True,
                                         timeout=600)
    done = theirs('write')
    check('rapidata writes its file', done.stdout.split() == ['new', 'secret-new'])
    # our program reads and writes the folder of the app mintmark; the format is the same
    os.symlink(home / '.config/rapidata', home / '.config/mintmark')
    listed = json.loads(us.run('credentials', 'list', '--json') or '{"credentials": []}')['credentials']
    check('we read what rapidata wrote, newest first', [c['client_id'] for c in listed] == ['new', 'old'])
    us.run('credentials', 'use', 'old')
    check('rapidata reads what we wrote', theirs('read').stdout.split() == ['old', 'secret-old'])
    us.run('credentials', 'remove', 'old')
    check('and what we took away', theirs('read').stdout.split() == ['new', 'secret-new'])


def python_package(folder, issuer):
    """The wheel as a stranger gets it: built from its folder alone, installed where there is nothing but Python."""
    shutil.copytree(harness.ROOT / 'python', folder / 'python', ignore=shutil.ignore_patterns('build', '*.egg-info', '*.so'))
    env = harness.clean_env(MINTMARK_BUILD=str(harness.RELEASE.parent), MINTMARK_INCLUDE=str(harness.ROOT / 'include'))
    python = folder / 'venv/bin/python'
    subprocess.run(['/usr/bin/python3', '-m', 'venv', folder / 'venv'], check=True, timeout=600)
    subprocess.run([python, '-m', 'pip', 'wheel', '-q', '--no-deps', '-w', folder, folder / 'python'], check=True, env=env, timeout=300)
    [wheel] = folder.glob('mintmark-*-abi3-*.whl')
    subprocess.run([python, '-m', 'pip', 'install', '-q', f'{wheel}[requests,httpx]'], check=True, env=env, timeout=300)
    code = """
import httpx, mintmark, requests
client = mintmark.Client()
token = client.token()
first = requests.get(client_issuer + '/me', auth=client.requests_auth(), timeout=60)
again = httpx.get(client_issuer + '/me', auth=client.httpx_auth(), timeout=60)
print(len(token), first.request.headers['Authorization'] != '', 'authorization' in again.request.headers)
"""
    us = Us(folder / 'package', issuer, MINTMARK_CLIENT_ID='service', MINTMARK_CLIENT_SECRET=SECRET)
    done = subprocess.run([python, '-I', '-c', f'client_issuer = {issuer!r}\n{code}'], env=us.env, capture_output=True, text=True,
                          timeout=60)
    print(done.stderr.strip())
    check('the Python package, in a clean environment, gets a token from oidc-provider', done.stdout.split()[1:] == ['True', 'True'])


def main():
    port, mock_port = harness.free_port(), harness.free_port()
    env = {**os.environ, 'PORT': str(port), 'MOCK_PORT': str(mock_port), 'CLIENT_ID': 'service', 'CLIENT_SECRET': SECRET,
           'APP_ID': 'app'}
    foreign = subprocess.Popen(['node', str(HERE / 'servers.mjs')], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True)
    try:
        mock = foreign.stdout.readline().strip()
        issuer = f'http://127.0.0.1:{port}'
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            service(folder, 'oidc-provider', issuer)
            service(folder, 'oauth2-mock-server', mock)
            refused(folder, issuer)
            by_browser(folder, issuer)
            by_device(folder, issuer)
            python_package(folder, issuer)
            if len(sys.argv) > 1:
                rapidata_file(folder, sys.argv[1])
    finally:
        foreign.terminate()
        foreign.wait()
    return finish()


sys.exit(main())
