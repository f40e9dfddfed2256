#!/usr/bin/python3
"""The unmodified npm package oidc-provider as "sign in with …": its metadata, sign-in, code, RS256 id token, userinfo. The
last line is "N passed, N failed"."""
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / 'flow'), str(HERE.parent)]
sys.dont_write_bytecode = True
import harness  # noqa: E402
import people  # noqa: E402
import requests  # noqa: E402
from peer import SECRET, answer_pages, check, finish  # noqa: E402


def sign_in(server, login):
    browser = people.Browser(server)
    page = browser.get('/signin?continue=/account')
    there = browser.get(next(u for u in page.links if u.startswith('/signin/upstream')), follow=False)
    back = urlsplit(answer_pages(there.headers['Location'], server.issuer, login))
    query = dict(parse_qsl(back.query))
    return browser, query, browser.get(back.path, params=query)


def run(server):
    _, query, page = sign_in(server, 'ada')
    check('the answer names its issuer', query.get('iss'))
    check('a newcomer gets an account', page.path == '/account')
    made = [a for a in server.cli('account', 'list')['accounts'] if a['email'] == 'ada@example.org']
    check('with the name and the verified address of userinfo',
          [(a['name'], a['email_verified']) for a in made] == [('Person ada', True)])
    before = len(server.cli('account', 'list')['accounts'])
    check('who comes again is the same', sign_in(server, 'ada')[2].path == '/account' and
          len(server.cli('account', 'list')['accounts']) == before)
    browser, query, _ = sign_in(server, 'bob')
    check('an answer is good once', browser.get('/signin/upstream/1', params=query).status == 403)


def main():
    port = harness.free_port()
    issuer = f'http://127.0.0.1:{port}'
    with tempfile.TemporaryDirectory() as folder:
        server = harness.Server(Path(folder) / 'var', binary=harness.RELEASE, demo=False, env={'UPSTREAM_SECRET': SECRET})
        with open(server.config, 'a') as config:
            config.write(f'upstream1: {{issuer: "{issuer}", client_id: us, client_secret: "env:UPSTREAM_SECRET", create: true, '
                         'domains: [example.org], private_addresses: true}\n')
        env = {**os.environ, 'PORT': str(port), 'CLIENT_ID': 'us', 'CLIENT_SECRET': SECRET,
               'REDIRECT': server.issuer + '/signin/upstream/1'}
        node = subprocess.Popen(['node', str(HERE / 'provider.mjs')], env=env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            check('the provider starts', node.stdout.readline().strip() == 'ready')
            server.start()
            run(server)
        except (AssertionError, StopIteration, KeyError, requests.RequestException) as problem:
            check(f'{type(problem).__name__}: {problem}', False)
        finally:
            server.stop()
            node.terminate()
            node.wait()
    return finish()


sys.exit(main())
