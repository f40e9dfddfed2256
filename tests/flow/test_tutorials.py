"""The tutorials in docs/, pasted: each block of commands or code as printed, with our addresses and ids in the places of the examples'."""
import http.client
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import threading

import pytest

import harness
import people
import rp
from test_client_python import python  # noqa: F401, a fixture

API, SCOPE = 'https://api.example.com', 'measurements:read'
DOCS = ('protect-my-api', 'call-a-protected-api', 'ship-my-own-sdk')


def blocks(name, language):
    text = (harness.ROOT / f'docs/{name}.md').read_text()
    return re.findall(rf'^```{language}\n(.*?)^```$', text, re.M | re.S)


def block(name, language, word):
    """The one block with this word. A tutorial that lost it fails here."""
    [found] = [b for b in blocks(name, language) if word in b]
    return found


class Api(http.server.BaseHTTPRequestHandler):
    """Whoever comes is welcome, and remembered."""
    seen = []

    def log_message(self, *_):
        pass

    def do_GET(self):
        Api.seen.append(self.headers['Authorization'])
        self.send_response(200)
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'{}')


class Reader:
    """Somebody with a server, a shell and an API, who follows the tutorials."""

    def __init__(self, server, folder):
        self.server, self.folder, self.home = server, folder, folder / 'home'
        (self.home / 'src').mkdir(parents=True)
        (folder / 'bin').mkdir()
        (folder / 'bin/mintmark').symlink_to(harness.BINARY)
        self.web = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Api)
        threading.Thread(target=self.web.serve_forever, args=(0.02,), daemon=True).start()
        self.places = {'https://mint.example.com': server.issuer, f'{API}/measurements': f'http://127.0.0.1:{self.web.server_port}/measurements',
                       'http://127.0.0.1:8000/': f'http://127.0.0.1:{self.web.server_port}/', '/run/mint/': f'{folder}/'}
        env = harness.clean_env(HOME=str(self.home), MINTMARK_CONFIG=str(server.config), NO_PROXY='127.0.0.1')
        self.env = {k: v for k, v in env.items() if k not in ('XDG_CACHE_HOME', 'DISPLAY', 'WAYLAND_DISPLAY', 'BROWSER')}
        self.env['PATH'] = f'{folder}/bin:{self.env["PATH"]}'
        made = self.paste(block('protect-my-api', 'sh', 'mintmark api create'))
        self.pair = re.search(r'\bmmc_\w+', made)[0], re.search(r'\bmms_\w+', made)[0]
        (folder / 'mint').write_text(self.pair[1] + '\n')
        self.places['/run/secrets/mint'] = str(folder / 'mint')

    def fitted(self, text):
        for example, ours in self.places.items():
            text = text.replace(example, ours)
        return text

    def shell(self, text):
        return subprocess.Popen(['sh', '-euc', self.fitted(text)], env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def paste(self, text, status=0):
        process = self.shell(text)
        out, err = process.communicate(timeout=120)
        assert process.returncode == status and not harness.REPORT.search(err), f'{text}\n{out}\n{err}'
        return out

    def program(self, interpreter, text, **env):
        """Python, as `python -m asyncio` takes it: await may stand anywhere."""
        run = ('import ast, asyncio, inspect, sys; code = compile(sys.stdin.read(), "tutorial", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT); '
               'coroutine = eval(code, {"__name__": "__main__"}); inspect.iscoroutine(coroutine) and asyncio.run(coroutine)')
        done = subprocess.run([str(interpreter), '-I', '-c', run], input=self.fitted(text), env={**self.env, **self.credentials(), **env},
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def credentials(self):
        return {'MINTMARK_ISSUER': self.server.issuer, 'MINTMARK_CLIENT_ID': self.pair[0], 'MINTMARK_CLIENT_SECRET': self.pair[1]}

    def exported(self):
        """The variables as the tutorial sets them."""
        lines = block('call-a-protected-api', 'sh', 'MINTMARK_CLIENT_SECRET_FILE=')
        return lines.replace('mmc_…', self.pair[0])


@pytest.fixture(scope='module')
def reader(tmp_path_factory):
    server = harness.Server(tmp_path_factory.mktemp('mint') / 'var', demo=False).start()
    made = Reader(server, tmp_path_factory.mktemp('reader'))
    yield made
    made.web.shutdown()
    made.web.server_close()
    server.stop()


@pytest.mark.parametrize('name', DOCS)
def test_readme_leads_there(name):
    assert f'(docs/{name}.md)' in (harness.ROOT / 'README.md').read_text()


def test_every_block_is_played_here():
    """A new block needs a test: these are the words by which the tests find theirs."""
    words = {'sh': ['mintmark api create', 'mintmark gate', 'mintmark verify -', 'MINTMARK_CLIENT_SECRET_FILE=', 'mintmark exec', 'mintmark login',
                    'mintmark token-file', 'mintmark scan', '--kind app', '--app acme'],
             'python': ['Verifier', 'httpx_auth', 'mintmark.Client('], 'c': ['mintmark_client_curl', 'acme_client']}
    for language, known in words.items():
        found = [b for name in DOCS for b in blocks(name, language)]
        assert len(found) == len(known) and all(any(w in b for w in known) for b in found), (language, found)


# Protect my API


def test_gate(reader):
    (reader.folder / 'api.yaml').write_text(
        "openapi: 3.1.0\ninfo: {title: x, version: '1'}\nservers: [{url: '" + API + "'}]\nsecurity: [{oidc: ['" + SCOPE + "']}]\n"
        "components: {securitySchemes: {oidc: {type: openIdConnect, openIdConnectUrl: '" + reader.server.issuer + "/.well-known/openid-configuration'}}}\n"
        "paths: {/measurements: {get: {}}}\n")
    port = harness.free_port()
    process = reader.shell(block('protect-my-api', 'sh', 'mintmark gate').replace('127.0.0.1:9090', f'127.0.0.1:{port}'))
    try:
        def ask(token):
            connection = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
            try:
                connection.request('GET', '/measurements', headers={'Authorization': f'Bearer {token}'} if token else {})
                return connection.getresponse().status
            except OSError:
                assert process.poll() is None, process.communicate()
                return None
            finally:
                connection.close()
        token = reader.paste(reader.exported() + 'mintmark token').strip()
        harness.wait_until(lambda: ask(None) == 401, 'the gate')
        harness.wait_until(lambda: ask(token) == 200, 'the keys of the issuer')
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=60)


def test_verifier_in_fastapi(reader, python):
    pytest.importorskip('fastapi')
    token = reader.paste(reader.exported() + 'mintmark token').strip()
    out = reader.program(python, block('protect-my-api', 'python', 'Verifier') + f"""
from starlette.testclient import TestClient
client = TestClient(app)
print(client.get('/measurements').status_code, client.get('/measurements', headers={{'Authorization': 'Bearer {token}'}}).json())
""")
    assert out.split(' ', 1) == ['401', str({'for': reader.pair[0]}) + '\n']


def test_try_it(reader):
    text = block('protect-my-api', 'sh', 'mintmark verify -').replace('MINTMARK_CLIENT_ID=…', f'MINTMARK_CLIENT_ID={reader.pair[0]}')
    Api.seen.clear()
    out = reader.paste(text.replace('MINTMARK_CLIENT_SECRET=…', f'MINTMARK_CLIENT_SECRET={reader.pair[1]}'))
    assert len(Api.seen) == 1 and Api.seen[0].startswith('Bearer ey') and SCOPE in out, out


# Call a protected API


def test_from_the_shell(reader):
    (reader.folder / 'nightly.sh').write_text('#!/bin/sh\necho "$MINTMARK_TOKEN" "${MINTMARK_CLIENT_SECRET_FILE:-no secret}"\n')
    (reader.folder / 'nightly.sh').chmod(0o755)
    Api.seen.clear()
    out = reader.paste(reader.exported() + block('call-a-protected-api', 'sh', 'mintmark exec'))
    token = reader.paste(reader.exported() + 'mintmark token').strip()
    assert Api.seen == [f'Bearer {token}'] * 2 and out == '{}{}' + f'{token} no secret\n'


def test_from_python(reader, python):
    Api.seen.clear()
    reader.program(python, block('call-a-protected-api', 'python', 'httpx_auth'))
    assert len(Api.seen) == 2 and len(set(Api.seen)) == 1 and Api.seen[0].startswith('Bearer ey')


def compiled(reader, command):
    """With what is installed: here the library of build/, found by pkg-config."""
    packages = harness.ROOT / 'build/meson-uninstalled'
    if not packages.exists() or not (harness.ROOT / 'build/include/libmintmark.so').exists():
        pytest.skip('build/ has no libmintmark')
    reader.paste(f'export PKG_CONFIG_PATH={packages}\n{command}')


def test_from_c(reader):
    """The whole program by the printed command, and the printed block in a program around it."""
    text = (harness.ROOT / 'docs/call-a-protected-api.md').read_text()
    command = re.search(r'`(cc call\.c .*?)`', text)[1]
    (reader.folder / 'call.c').write_text((harness.ROOT / 'examples/call.c').read_text())
    compiled(reader, f'{command} -o call')
    head, body = block('call-a-protected-api', 'c', 'mintmark_client_curl').split('\n\n', 1)
    (reader.folder / 'printed.c').write_text(f'{head}\nint main(void)\n{{\n{reader.fitted(body).replace("…", "return rc;")}\nreturn 1;\n}}\n')
    compiled(reader, command.replace('call.c', 'printed.c') + ' -o printed')
    Api.seen.clear()
    library = f'export LD_LIBRARY_PATH={harness.ROOT}/build/include\n'
    reader.paste(reader.exported() + library + f'./call {API}/measurements\n./printed')
    assert len(Api.seen) == 2 and Api.seen[0] == Api.seen[1]


@pytest.mark.parametrize('tutorial, word', [('call-a-protected-api', 'mintmark login'), ('ship-my-own-sdk', '--app acme')])
def test_as_a_person(reader, tutorial, word):
    """The client of the third tutorial, then the login of the second, or by names of one's own; a browser stands where BROWSER says."""
    made = reader.paste(block('ship-my-own-sdk', 'sh', '--kind app').replace('https://api.acme.example', API))
    app = re.search(r'\bmmc_\w+', made)[0]
    browser = reader.folder / 'browser'
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" >{reader.folder}/url.new && mv {reader.folder}/url.new {reader.folder}/url\n')
    browser.chmod(0o755)
    (reader.folder / 'url').unlink(missing_ok=True)
    text = f'export MINTMARK_ISSUER={reader.server.issuer} BROWSER={browser}\n' + block(tutorial, 'sh', word)
    process = reader.shell(text.replace('mmc_…', app).replace('https://auth.acme.example', reader.server.issuer))
    try:
        harness.wait_until((reader.folder / 'url').exists, 'the browser')
        person, who = rp.signed_in(reader.server)
        page = person.get((reader.folder / 'url').read_text().removeprefix(reader.server.issuer))
        page = person.submit(page, '/consent', button='Allow') if page.status == 200 else page
        assert people.requests.get(page.headers['Location'], timeout=60).status_code == 200
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0 and (who.email in out or (word == '--app acme' and out.startswith('ey'))), out + err


def test_from_an_agent(reader):
    maintain, use = block('call-a-protected-api', 'sh', 'mintmark token-file').splitlines()
    process = reader.shell(reader.exported() + maintain.replace(' &', '').replace('mintmark', 'exec mintmark', 1))
    try:
        harness.wait_until((reader.folder / 'token.json').exists, 'the token file')
        assert (reader.folder / 'token.json').stat().st_mode & 0o777 == 0o640
        assert reader.paste(use).strip() == json.loads((reader.folder / 'token.json').read_text())['access_token']
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_when_it_leaked(reader):
    """Last: it ends the secret. 1: something was found."""
    made = reader.server.cli('client', 'create', '--name', 'leaky', '--scope', 'openid')
    (reader.home / 'src/config').write_text(f'key = {made["client_secret"]}\n')
    look, revoke = (line.split('#')[0].replace('/etc', str(reader.home / 'src')) for line in block('call-a-protected-api', 'sh', 'mintmark scan').splitlines())
    assert 'config:1:' in reader.paste(look, 1)
    assert 'config:1:' in reader.paste(revoke, 1)
    assert reader.server.token(auth=(made['client_id'], made['client_secret'])).status_code == 401


# Ship my own SDK on top


def test_own_sdk_in_python(reader, python):
    text = block('ship-my-own-sdk', 'python', 'mintmark.Client(').replace('https://auth.acme.example', reader.server.issuer)
    out = reader.program(python, text.replace('https://api.acme.example', API) + '\nprint(client().token())',
                         ACME_CLIENT_ID=reader.pair[0], ACME_CLIENT_SECRET=reader.pair[1], MINTMARK_CLIENT_ID='', MINTMARK_CLIENT_SECRET='')
    assert out.startswith('ey') and (reader.home / '.cache/acme').is_dir()


def test_own_sdk_in_c(reader):
    """With a stored pair, in the format that the tutorial prints."""
    text = block('ship-my-own-sdk', 'c', 'acme_client').replace('https://auth.acme.example', reader.server.issuer)
    (reader.folder / 'acme.c').write_text('#include <stdio.h>\n#include <mintmark/client.h>\n' + text.replace('https://api.acme.example', API) + """
int main(void)
{
	char token[MINTMARK_TOKEN_MAX];
	mintmark_client *client;
	if (acme_client(&client) < 0 || mintmark_client_token(client, token, sizeof(token)) < 0)
		return 1;
	puts(token);
	mintmark_client_free(client);
	return 0;
}
""")
    compiled(reader, 'cc acme.c $(pkg-config --cflags --libs mintmark) -o acme')
    [printed] = blocks('ship-my-own-sdk', 'json')
    document = json.loads(printed.replace('https://auth.acme.example', reader.server.issuer))
    document[reader.server.issuer][0].update(client_id=reader.pair[0], client_secret=reader.pair[1])
    stored = reader.home / '.config/acme/credentials.json'
    shutil.rmtree(stored.parent, ignore_errors=True)  # the login of a test before
    stored.parent.mkdir(parents=True, mode=0o700)
    stored.write_text(json.dumps(document))
    stored.chmod(0o600)
    assert reader.paste(f'LD_LIBRARY_PATH={harness.ROOT}/build/include ./acme').startswith('ey')
