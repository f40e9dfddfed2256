#!/usr/bin/python3
"""The unmodified PyPI package rapidata against a running server: credentials by environment, login by bridge, its cheapest API call.

    run.py PYTHON      # of the environment that has the package; the last line is "N passed, N failed"

One TLS listener (nginx) is auth.localhost and api.localhost: the first is `mintmark serve`, the second a stub behind
`mintmark gate`. Their names are put into /etc/hosts of a mount namespace of our own, which ends with this process.
"""
import base64
import hashlib
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / 'flow'))
sys.dont_write_bytecode = True
import gate_world  # noqa: E402
import harness  # noqa: E402
import people  # noqa: E402
import world as worlds  # noqa: E402

AUTH, API = 'auth.localhost', 'api.localhost'
SPEC = """
openapi: 3.0.3
info: {title: stub, version: '1'}
servers: [{url: 'https://HOST'}]
components:
  securitySchemes:
    OpenIdConnect: {type: openIdConnect, openIdConnectUrl: 'ISSUER.well-known/openid-configuration'}
paths:
  /audiences:
    get: {security: [{OpenIdConnect: [api]}], responses: {default: {description: x}}}
  /audience/audiences:
    get: {security: [{OpenIdConnect: [api]}], responses: {default: {description: x}}}
"""
AUTH_SERVER = """
    server {
        listen 127.0.0.1:PORT ssl;
        server_name auth.localhost;
        CERTIFICATE
        location / { proxy_pass http://127.0.0.1:UPSTREAM; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr; }
    }
"""


def enter_namespace():
    """Again, where both names lead to this machine; nothing of it is left behind."""
    if os.environ.get('PEER_NAMESPACE'):
        return
    script = 'mount --bind "$0" /etc/hosts && exec "$@"'
    with tempfile.NamedTemporaryFile('w', prefix='hosts.', delete=False) as hosts:
        # no request of the package leaves the machine: it asks for its newest release, and would report how it is used
        hosts.write(f'127.0.0.1 localhost {AUTH} {API} api.github.com otlp-sdk.rapidata.ai\n')
    os.chmod(hosts.name, 0o644)
    try:
        for options in (['-m'], ['-rm']):
            if subprocess.run(['unshare', *options, 'sh', '-c', script, hosts.name, 'true'], capture_output=True, check=False).returncode == 0:
                done = subprocess.run(['unshare', *options, 'sh', '-c', script, hosts.name, sys.executable, __file__, *sys.argv[1:]],
                                      env={**os.environ, 'PEER_NAMESPACE': '1'}, check=False)
                sys.exit(done.returncode)
    finally:
        os.unlink(hosts.name)
    print('no mount namespace can be made here: run this as root\n0 passed, 1 failed')
    sys.exit(1)


class Stub(gate_world.Quiet):
    """The API: an empty page, and who asked."""
    seen = []

    def do_GET(self):
        Stub.seen.append((self.path, dict(self.headers.items())))
        self.reply({'total': 0, 'page': 1, 'pageSize': 10, 'items': [], 'totalPages': 0})


class Stack:
    """Everything that the package talks to."""

    def __init__(self, folder, python):
        self.folder, self.python, self.started = folder, python, []
        self.port = harness.free_port()
        self.issuer, self.api = f'https://{AUTH}:{self.port}/', f'https://{API}:{self.port}'
        self.make_certificate()
        self.server = self.make_server()
        self.stub = gate_world.Web(Stub)
        self.keep(self.stub)
        self.nginx = self.start_nginx()
        self.gate = self.start_gate()
        # what tests/flow/people.py needs of a server
        self.site = SimpleNamespace(issuer=self.issuer.rstrip('/'), url=lambda path: self.issuer.rstrip('/') + path, cli=self.server.cli)

    def keep(self, thing):
        self.started.append(thing)
        return thing

    def make_certificate(self):
        self.ca, self.key = self.folder / 'ca.pem', self.folder / 'key.pem'
        harness.run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', self.key,
                    '-out', self.ca, '-days', '2', '-subj', '/CN=peers', '-addext', f'subjectAltName=DNS:{AUTH},DNS:{API}')
        public = subprocess.run(['openssl', 'x509', '-in', self.ca, '-noout', '-pubkey'], capture_output=True, check=True).stdout
        der = subprocess.run(['openssl', 'pkey', '-pubin', '-outform', 'DER'], input=public, capture_output=True, check=True).stdout
        self.spki = base64.b64encode(hashlib.sha256(der).digest()).decode()

    def make_server(self):
        server = harness.Server(self.folder / 'var', binary=harness.RELEASE, demo=False)
        worlds.configure(server, issuer=self.issuer, behind_proxy=True, trusted_proxies=['127.0.0.1'], compat__rapidata=True)
        server.start()
        self.keep(server)
        server.cli('api', 'create', '--audience', self.api, '--scope', 'api')
        return server

    def start_nginx(self):
        """The sample of the gate, as api.localhost; beside it the server, as auth.localhost."""
        certificate = f'ssl_certificate {self.ca}; ssl_certificate_key {self.key};'
        auth = gate_world.replaced(AUTH_SERVER, ('PORT', self.port), ('CERTIFICATE', certificate), ('UPSTREAM', self.server.port))
        credentials = f'location ~ ^/[Cc]lients?(/|$) {{ proxy_pass http://127.0.0.1:{self.server.port}; }}\n\n        location / {{'
        config = self.folder / 'nginx.conf'
        config.write_text('user root;\n' * (os.getuid() == 0) + gate_world.replaced(
            (gate_world.EXAMPLES / 'nginx.conf').read_text(), ('/run/mintmark/gate.sock', self.folder / 'gate.sock'),
            ('127.0.0.1:9000', f'127.0.0.1:{self.stub.port}'), ('/run/nginx-mintmark.pid', self.folder / 'nginx.pid'),
            ('listen 127.0.0.1:8081;', f'listen 127.0.0.1:{self.port} ssl; server_name {API}; {certificate}'),
            ('location / {', credentials), ('    server {\n', auth + '\n    server {\n'),
            ('/var/log/nginx/mintmark-error.log', self.folder / 'nginx-error.log'),
            ('/var/log/nginx/mintmark-access.log;', f'{self.folder}/access.log; ' + ' '.join(
                f'{name}_temp_path {self.folder}/{name};' for name in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi')))))
        args = [gate_world.need('nginx'), '-c', config, '-e', self.folder / 'nginx-start.log', '-g', 'daemon off; master_process off;']
        proxy = gate_world.Proxy(gate_world.Process(args, self.folder / 'nginx.log').wait_for(self.port), self.port)
        return self.keep(proxy)

    def start_gate(self):
        spec, path = self.folder / 'api.yaml', self.folder / 'gate.sock'
        spec.write_text(SPEC.replace('ISSUER', self.issuer).replace('HOST', f'{API}:{self.port}'))
        args = [harness.RELEASE, 'gate', '--mode', 'nginx', '--listen', f'unix:{path}', '--socket-mode', '0666', '--openapi', spec,
                '--issuer', self.issuer, '--audience', self.api, '--ca-file', self.ca, '--revocation', 'closed']
        return self.keep(gate_world.Process(args, self.folder / 'gate.log').wait_for(path=path))

    def stop(self):
        for thing in reversed(self.started):
            thing.stop()

    # The package

    def environment(self, home, **more):
        home.mkdir(exist_ok=True)
        return harness.clean_env(HOME=str(home), RAPIDATA_ENVIRONMENT=f'localhost:{self.port}', SSL_CERT_FILE=str(self.ca), BROWSER='true',
                                 REQUESTS_CA_BUNDLE=str(self.ca), OTEL_SDK_DISABLED='true', **more)

    def start(self, home, **more):
        return subprocess.Popen([self.python, HERE / 'client.py'], env=self.environment(home, **more), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self, process, said=''):
        out, err = process.communicate(timeout=600)
        assert process.returncode == 0, said + err
        return json.loads(out.strip().splitlines()[-1])

    def login(self, process, visit):
        """Its login prompt names a link; somebody goes there."""
        lines, link = [], None
        for line in process.stderr:
            lines.append(line)
            found = re.search(r'https://\S+/connect/authorize/external\S+', line)
            if found:
                link = found[0]
                break
        assert link, ''.join(lines)
        rest = threading.Thread(target=lambda: lines.extend(process.stderr), daemon=True)
        rest.start()
        visit(link)
        process.wait(300)
        rest.join(10)
        assert process.returncode == 0, ''.join(lines)
        return json.loads(process.stdout.read().strip().splitlines()[-1])

    # People

    def person(self):
        browser = people.Browser(self.site)
        browser.session.verify = str(self.ca)
        return browser, people.sign_up_account(self.site, browser=browser)

    def by_forms(self, browser):
        def visit(link):
            page = browser.get(unquote(link))
            assert 'Rapidata Python SDK' in page.text and '127.0.0.1' in page.text, page.text
            assert browser.submit(page, '/connect/authorize/external', button='Approve').status == 200
        return visit

    def by_chromium(self, person):
        def visit(link):
            done = subprocess.run(['node', HERE / 'browser.mjs', link, self.spki], capture_output=True, text=True, timeout=600, check=False,
                                  env={**os.environ, 'EMAIL': person.email, 'PASSWORD': person.password})
            assert done.returncode == 0, done.stderr
            for text in ('Rapidata Python SDK', '127.0.0.1', 'Did you start this yourself', person.email):
                assert text in done.stdout, done.stdout
        return visit


GOOD = {'audiences': 0, 'expires_in': 3600, 'token_type': 'Bearer', 'refresh': False}


def test_credentials_by_environment(stack):
    """A pair made under Tokens (here by the command line) is all that a headless machine needs."""
    browser, person = stack.person()
    made = stack.server.cli('client', 'create', '--name', 'env', '--account', person.email, '--scope',
                            'openid profile email roles api offline_access', '--api', stack.api)
    Stub.seen.clear()
    done = stack.finish(stack.start(stack.folder / 'home-env', RAPIDATA_CLIENT_ID=made['client_id'], RAPIDATA_CLIENT_SECRET=made['client_secret']))
    assert done == GOOD, done
    assert not (stack.folder / 'home-env/.config/rapidata/credentials.json').exists()
    (path, headers), = Stub.seen
    assert headers['X-Mintmark-Subject'].startswith('mma_') and headers['X-Mintmark-Client-Id'] == made['client_id'], headers
    log = (stack.folder / 'access.log').read_text()
    assert re.search(r'GET /connect/userinfo HTTP/1.1" 200', log), log


def test_login_by_chromium(stack):
    """The bridge, with a real browser; then the stored pair, without one."""
    _, person = stack.person()
    home = stack.folder / 'home-chromium'
    assert stack.login(stack.start(home), stack.by_chromium(person)) == GOOD
    path = home / '.config/rapidata/credentials.json'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    (name, (entry,)), = json.loads(path.read_text()).items()
    assert name == stack.issuer.rstrip('/') == entry['endpoint'] and entry['client_id'].startswith('mmc_')
    assert set(entry) == {'display_name', 'client_id', 'client_secret', 'endpoint', 'created_at', 'last_used'}
    assert stack.finish(stack.start(home)) == GOOD
    assert json.loads(path.read_text())[name][0]['client_id'] == entry['client_id']


def test_credentials_that_ended(stack):
    """invalid_client makes the package forget the pair and log in anew."""
    browser, _ = stack.person()
    home = stack.folder / 'home-again'
    assert stack.login(stack.start(home), stack.by_forms(browser)) == GOOD
    path = home / '.config/rapidata/credentials.json'
    (entry,), = json.loads(path.read_text()).values()
    stack.server.cli('client', 'delete', entry['client_id'], '--yes')
    assert stack.login(stack.start(home), stack.by_forms(browser)) == GOOD
    (now,), = json.loads(path.read_text()).values()
    assert now['client_id'] != entry['client_id']


def ours(stack, home, *command):
    """Our own SDK in the same home, told the names of this provider: a token's claims, by the library or the command line."""
    env = harness.clean_env(HOME=str(home), MINTMARK_ISSUER=stack.issuer, MINTMARK_CA_FILE=str(stack.ca))
    if not command:
        command = (sys.executable, HERE.parent / 'glewlwyd/library.py', harness.ROOT / 'build/include/libmintmark.so', 'prefix=RAPIDATA',
                   'app=rapidata', f'issuer={stack.issuer}', f'ca_file={stack.ca}', f'audience={stack.api}')
    done = subprocess.run(list(map(str, command)), env=env, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def claims(token):
    part = token.split('.')[1]
    return json.loads(base64.urlsafe_b64decode(part + '=' * (-len(part) % 4)))


def test_credentials_file_that_the_package_wrote(stack):
    """What the package wrote after its login, our library and our command line read."""
    browser, _ = stack.person()
    home = stack.folder / 'home-theirs'
    assert stack.login(stack.start(home), stack.by_forms(browser)) == GOOD
    path = home / '.config/rapidata/credentials.json'
    (name, (theirs,)), = json.loads(path.read_text()).items()
    text = path.read_text()
    assert claims(ours(stack, home))['client_id'] == theirs['client_id']
    assert path.read_text() == text, 'who reads changes nothing'
    listed = json.loads(ours(stack, home, 'sh', '-c', 'mkdir -m 700 -p ~/.config/mintmark && cp -p ~/.config/rapidata/credentials.json '
                             f'~/.config/mintmark/ && {harness.RELEASE} credentials list --json'))['credentials']
    assert [(c['client_id'], c['issuer']) for c in listed] == [(theirs['client_id'], name)], listed


def test_credentials_that_the_command_line_chose(stack):
    """What we write the package reads: of two pairs it takes the one that `mintmark credentials use` chose."""
    _, person = stack.person()
    home = stack.folder / 'home-two'
    path = home / '.config/mintmark/credentials.json'
    path.parent.mkdir(parents=True, mode=0o700)
    name, pairs = stack.issuer.rstrip('/'), []
    for day in (1, 2):
        made = stack.server.cli('client', 'create', '--name', f'pair {day}', '--account', person.email, '--scope',
                                'openid profile email roles api offline_access', '--api', stack.api)
        pairs.append({'display_name': f'pair {day}', 'client_id': made['client_id'], 'client_secret': made['client_secret'], 'endpoint': name,
                      'created_at': '2025-01-01T00:00:00+00:00', 'last_used': f'2025-01-0{day}T00:00:00+00:00'})
    path.write_text(json.dumps({name: pairs}))
    path.chmod(0o600)
    ours(stack, home, harness.RELEASE, 'credentials', 'use', pairs[0]['client_id'])
    path.parent.rename(home / '.config/rapidata')
    Stub.seen.clear()
    assert stack.finish(stack.start(home)) == GOOD
    assert Stub.seen[0][1]['X-Mintmark-Client-Id'] == pairs[0]['client_id'], Stub.seen


def test_token_file_of_ours(stack):
    """`mintmark token-file` holds the secret, the package reads tokens."""
    _, person = stack.person()
    made = stack.server.cli('client', 'create', '--name', 'worker', '--account', person.email, '--scope',
                            'openid profile email roles api offline_access', '--api', stack.api)
    home, path = stack.folder / 'home-worker', stack.folder / 'worker.json'
    home.mkdir()
    ours(stack, home, 'env', f'MINTMARK_CLIENT_ID={made["client_id"]}', f'MINTMARK_CLIENT_SECRET={made["client_secret"]}', harness.RELEASE,
         'token-file', path, '--audience', stack.api)
    Stub.seen.clear()
    done = stack.finish(stack.start(home, RAPIDATA_TOKEN_FILE=str(path)))
    assert done['audiences'] == 0, done
    assert Stub.seen[0][1]['X-Mintmark-Client-Id'] == made['client_id'], Stub.seen
    assert not (home / '.config/rapidata/credentials.json').exists()


def test_denied(stack):
    browser, _ = stack.person()
    process = stack.start(stack.folder / 'home-denied')
    try:
        stack.login(process, lambda link: browser.submit(browser.get(unquote(link)), '/connect/authorize/external', button='Deny'))
    except AssertionError as failure:
        assert 'Failed to fetch client credentials' in str(failure), failure
    else:
        raise AssertionError('it got in')


def test_token_of_another_audience(stack):
    """The stub is reached by no token but those for it: the gate is really asked."""
    Stub.seen.clear()
    made = stack.server.cli('client', 'create', '--name', 'no api', '--scope', 'openid')
    token = stack.server.access_token(auth=(made['client_id'], made['client_secret']), path='/connect/token')
    for header in ({}, {'Authorization': 'Bearer x'}, {'Authorization': 'Bearer ' + token}):
        answer = harness.requests.get(stack.api + '/audiences', headers=header, verify=str(stack.ca), timeout=60, proxies={'https': ''})
        assert answer.status_code == 401, answer.text
    assert not Stub.seen


def main():
    enter_namespace()
    results = {True: 0, False: 0}
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder), sys.argv[1])
        try:
            for name, test in list(globals().items()):
                if not name.startswith('test_'):
                    continue
                try:
                    test(stack)
                    results[True] += 1
                except Exception:
                    traceback.print_exc(file=sys.stdout)
                    print(f'failed: {name}')
                    results[False] += 1
        finally:
            stack.stop()
    print(f'{results[True]} passed, {results[False]} failed')
    return 1 if results[False] else 0


if __name__ == '__main__':
    sys.exit(main())
