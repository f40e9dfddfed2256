#!/usr/bin/python3
"""Our client at Debian's glewlwyd, unmodified: `mintmark token` and libmintmark get tokens, by Basic and by the body. The last line is
"N passed, N failed"."""
import base64
import gzip
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / 'flow'), str(HERE.parent)]
sys.dont_write_bytecode = True
import harness  # noqa: E402
import requests  # noqa: E402
from peer import SECRET, check, finish  # noqa: E402

ID = 'our-client'
LIBRARY = harness.ROOT / 'build/include/libmintmark.so'

GLEWLWYD = """
port={port}
bind_address="127.0.0.1"
external_url="http://127.0.0.1:{port}"
login_url="login.html"
api_prefix="api"
log_mode="file"
log_level="INFO"
log_file="{folder}/log"
cookie_domain="127.0.0.1"
cookie_secure=0
session_expiration=3600
session_key="SESSION"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database = {{ type="sqlite3" path="{folder}/db" }};
"""
OFF = {f'auth-type-{name}-enabled': False for name in ('code', 'token', 'id-token', 'none', 'password', 'refresh', 'device')}


class Glewlwyd:
    """Set up by its own API, with the account that its database begins with."""
    scope = 'read'

    def __init__(self, folder, method):
        self.port, self.folder = harness.free_port(), folder
        self.base = f'http://127.0.0.1:{self.port}/api'
        self.issuer = self.base + '/oidc'
        self.make_database()
        config = folder / 'glewlwyd.conf'
        config.write_text(GLEWLWYD.format(port=self.port, folder=folder))
        self.process = subprocess.Popen(['glewlwyd', f'--config-file={config}'], env=harness.clean_env(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.set_up(method)
        except BaseException:
            self.process.terminate()
            self.process.wait()
            raise

    def make_database(self):
        with gzip.open('/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz', 'rt') as script:
            with sqlite3.connect(self.folder / 'db') as database:
                database.executescript(script.read())

    def set_up(self, method):
        session = requests.Session()
        session.trust_env = False

        def is_there():
            try:
                return session.post(self.base + '/auth/', json={'username': 'admin', 'password': 'password'}, timeout=60)
            except requests.ConnectionError:
                return None
        session.headers['Cookie'] = harness.wait_until(is_there, 'glewlwyd').headers['Set-Cookie'].split(';')[0]

        def add(path, **document):
            answer = session.post(f'{self.base}/{path}/', json=document, timeout=60)
            assert answer.status_code == 200, (path, answer.text)
        add('mod/plugin', module='oidc', name='oidc', display_name='oidc', parameters={
            'iss': self.issuer, 'jwt-type': 'sha', 'jwt-key-size': '256', 'key': SECRET, 'access-token-duration': 3600,
            'refresh-token-duration': 3600, 'code-duration': 600, 'auth-type-client-enabled': True, 'allow-non-oidc': True,
            'subject-type': 'public', 'scope': [], **OFF})
        add('scope', name='read', display_name='read', password_required=False, scheme={})
        add('client', client_id=ID, name=ID, password=SECRET, client_secret=SECRET, confidential=True, enabled=True,
            authorization_type=['client_credentials'], token_endpoint_auth_method=[method], scope=['read'])

    def tokens(self):
        with sqlite3.connect(self.folder / 'db', timeout=60) as database:
            return database.execute('SELECT count(*) FROM gpo_access_token').fetchone()[0]


class Person:
    """Somebody on this machine, with two variables set."""

    def __init__(self, home, server, **more):
        home.mkdir()
        env = harness.clean_env(HOME=str(home), MINTMARK_ISSUER=server.issuer, MINTMARK_CLIENT_ID=ID, MINTMARK_CLIENT_SECRET=SECRET,
                                MINTMARK_SCOPE=server.scope, **more)
        self.env = {k: v for k, v in env.items() if not k.startswith('XDG_')}

    def run(self, *command):
        return subprocess.run(list(map(str, command)), env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              check=False)

    def cli(self, *args):
        return self.run(harness.RELEASE, 'token', *args)

    def library(self, **options):
        return self.run(sys.executable, HERE / 'library.py', LIBRARY, *(f'{k}={v}' for k, v in options.items()))


def claims(token):
    part = token.split('.')[1]
    return json.loads(base64.urlsafe_b64decode(part + '=' * (-len(part) % 4)))


def ask(server, folder):
    person, before = Person(folder / 'home', server), server.tokens()
    done = person.cli()
    check(f'mintmark token{": " + done.stderr if done.returncode else ""}', done.returncode == 0 and done.stdout.strip())
    token = done.stdout.strip()
    said = claims(token)
    check('the token is its own, for us', said['iss'] == server.issuer and said['client_id'] == ID)
    check('with the scope', set(said['scope'].split()) == set(server.scope.split()))
    check('and the audience', said['aud'] == server.scope)
    check('the library takes it from the cache', person.library().stdout.strip() == token)
    check('one request in all', server.tokens() == before + 1)
    fresh = Person(folder / 'home-2', server).library(flags=1)
    check(f'the library by itself{": " + fresh.stderr if fresh.returncode else ""}',
          fresh.returncode == 0 and claims(fresh.stdout.strip())['iss'] == server.issuer and server.tokens() == before + 2)
    # glewlwyd names no error (RFC 6749 5.2 wants invalid_client)
    person.env['MINTMARK_CLIENT_SECRET'] = 'another-secret-of-more-than-thirty-two-characters'
    wrong = person.cli()
    good = wrong.returncode != 0 and wrong.stdout == '' and 'status 403 and no OAuth error' in wrong.stderr
    check(f'a wrong secret is named as what it is{"" if good else ": " + wrong.stderr}', good)


def in_the_body(server, folder):
    """RFC 6749 2.3.1; MINTMARK_CLIENT_POST is 4, and nothing is kept."""
    done = Person(folder / 'home', server).library(flags=5)
    check(f'id and secret in the body{": " + done.stderr if done.returncode else ""}',
          done.returncode == 0 and claims(done.stdout.strip())['client_id'] == ID)


def main():
    if not shutil.which('glewlwyd') or not LIBRARY.exists():
        check('glewlwyd and libmintmark are there', False)
    for method, play in (('client_secret_basic', ask), ('client_secret_post', in_the_body)):
        with tempfile.TemporaryDirectory() as folder:
            try:
                server = Glewlwyd(Path(folder), method)
                try:
                    play(server, Path(folder))
                finally:
                    server.process.terminate()
                    server.process.wait()
            except Exception:
                traceback.print_exc(file=sys.stdout)
                check(method, False)
    return finish()


sys.exit(main())
