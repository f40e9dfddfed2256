"""libmintmark's verifier against a running server: the example, rotation, unknown keys by the thousand, hostile issuers."""
import base64
import concurrent.futures
import contextlib
import http.server
import json
import os
import re
import shutil
import ssl
import subprocess
import threading
import time

import harness
import pytest
from world import header_of, part_of

BUILD = harness.BINARY.parent
EXAMPLE = BUILD / 'examples/example_verify'
PROBE = BUILD / 'tests/unit/verify/verify_probe'


def example(server, token, scope='measurements:read', audience=None, **env):
    audience = audience or part_of(token, 1)['aud']
    return subprocess.run([EXAMPLE, server.issuer, audience, scope], input=token, capture_output=True, text=True,
                          timeout=60, env=harness.clean_env(**env))


def scope_of(token):
    return part_of(token, 1)['scope'].split()[0]


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def with_kid(token, kid):
    header = {**header_of(token), 'kid': kid}
    return '.'.join([b64(json.dumps(header).encode()), *token.split('.')[1:]])


class Probe:
    """A verifier in a process of its own that reads "<scopes> <token>" lines and answers each with its verdict."""

    def __init__(self, issuer, audience, **options):
        words = [f'{k}={v}' for k, v in options.items()]
        self.process = subprocess.Popen([PROBE, issuer, audience, *words], stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, env=harness.clean_env())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        assert self.process.wait(harness.STOP_S) == 0, 'the probe ended badly'

    def check(self, token, scopes='-'):
        return self.many([token], scopes)[0]

    def many(self, tokens, scopes='-'):
        answers = []
        for token in tokens:
            self.process.stdin.write(f'{scopes} {token}\n')
            self.process.stdin.flush()
            answers.append(self.process.stdout.readline().split()[0])
        return answers

    def explain(self):
        self.process.stdin.write('? ?\n')
        self.process.stdin.flush()
        return self.process.stdout.readline()


def jwks_requests(server):
    text = server.get('/metrics').text
    rows = re.findall(r'^mintmark_\w*requests\w*_total\{[^}]*endpoint="jwks"[^}]*\} (\d+)', text, re.M)
    assert rows, text
    return sum(map(int, rows))


# The example, as its first line says: built against the public headers, with the shared library.

def test_example_accepts_and_refuses(server):
    token = server.access_token()
    scope = scope_of(token)
    good = example(server, token, scope)
    assert good.returncode == 0 and good.stdout.startswith(f'{server.client()[0]} may '), good
    for refused, word in ((example(server, token, 'nobody:has'), 'missing: "nobody:has"'),
                          (example(server, token, scope, audience='https://other.example'), 'aud is'),
                          (example(server, token[:-4] + 'AAAA', scope), 'signature'),
                          (example(server, with_kid(token, 'x'), scope), 'kid is "x"')):
        assert refused.returncode == 1 and word in refused.stderr and not refused.stdout, refused
        assert refused.stderr.count('\n') == 1


def test_example_without_issuer(server):
    token = server.access_token()
    port = harness.free_port()
    done = subprocess.run([EXAMPLE, f'http://127.0.0.1:{port}', 'x', 'y'], input=token, capture_output=True, text=True,
                          timeout=60, env=harness.clean_env())
    assert done.returncode == 1 and 'no connection' in done.stderr


def test_installed_library_is_enough(server, tmp_path):
    """make install: headers, shared and static library and pkg-config, and the example's own compile line."""
    release = harness.RELEASE.parent
    if not (release / 'include/libmintmark.a').exists():
        pytest.skip('build/ is not built')
    env = {**os.environ, 'DESTDIR': str(tmp_path), 'PATH': '/usr/bin:/bin'}
    subprocess.run(['/usr/bin/meson', 'install', '-C', release, '--no-rebuild', '--quiet'], check=True, env=env,
                   capture_output=True)
    [pc] = tmp_path.rglob('mintmark.pc')
    env.update(PKG_CONFIG_PATH=str(pc.parent), PKG_CONFIG_SYSROOT_DIR=str(tmp_path))
    lib = pc.parents[1]
    assert {'libmintmark.so', 'libmintmark.so.0', 'libmintmark.a'} <= {f.name for f in lib.iterdir()}
    assert list(tmp_path.rglob('mintmark_verify.3'))
    assert sorted(f.name for f in next(tmp_path.rglob('include/mintmark')).iterdir()) == \
        sorted(f.name for f in (harness.ROOT / 'include/mintmark').glob('*.h'))
    needed = harness.run('readelf', '-d', lib / 'libmintmark.so').stdout
    assert not re.search('sqlite|cyaml|event|seccomp', needed)
    names = harness.run('nm', '-D', '--defined-only', lib / 'libmintmark.so').stdout.split('\n')
    assert all(n.split()[-1].startswith(('mintmark_', 'LIBMINTMARK_0')) for n in names if n)
    token = server.access_token()
    flags = harness.run('pkg-config', '--cflags', '--libs', 'mintmark', env=env).stdout.split()
    under = harness.run('pkg-config', '--libs', 'libcrypto', 'libsodium', 'jansson', 'libcurl').stdout.split()
    for how in ('shared', 'static'):
        if how == 'static':
            flags = [str(lib / 'libmintmark.a') if f == '-lmintmark' else f for f in flags] + under
        program = tmp_path / how
        subprocess.run(['cc', '-std=c99', '-pedantic', '-Wall', '-Wextra', '-Werror', harness.ROOT / 'examples/verify.c',
                        '-o', program, *flags], check=True)
        done = subprocess.run([program, server.issuer, part_of(token, 1)['aud'], scope_of(token)], input=token, timeout=60,
                              capture_output=True, text=True, env=harness.clean_env(LD_LIBRARY_PATH=str(lib)))
        assert done.returncode == 0, done


def test_headers_in_c99_and_cxx(tmp_path):
    source = tmp_path / 'all.c'
    for name in ('error', 'feed', 'keyset', 'verify'):
        source.write_text(f'#include <mintmark/{name}.h>\nint main(void) {{ return 0; }}\n')
        subprocess.run(['cc', '-std=c99', '-pedantic', '-Wall', '-Wextra', '-Werror', '-I', harness.ROOT / 'include',
                        '-fsyntax-only', source], check=True)
        if shutil.which('g++'):
            subprocess.run(['g++', '-std=c++11', '-pedantic', '-Wall', '-Wextra', '-Werror', '-I', harness.ROOT / 'include',
                            '-fsyntax-only', '-x', 'c++', source], check=True)


@pytest.mark.parametrize('test', ['verify/test_verifier.c', 'verify/test_keyset.c', 'verify/test_feed.c', 'client/test_client.c'])
def test_threads_under_tsan(tmp_path, test):
    """The unit tests of what threads share, built with ThreadSanitizer."""
    src = harness.ROOT / 'src'
    sources = [p for d in ('base', 'json', 'crypto', 'jose', 'verify', 'client') for p in sorted((src / d).glob('*.c'))
               if p.name != 'webauthn.c']  # the server's alone, with a library of its own
    sources += [*sorted((src / 'http').glob('http_out*.c')), harness.ROOT / 'tests/unit' / test]
    flags = ['-fsanitize=thread', '-g', '-O1', '-w', '-std=gnu17', '-D_GNU_SOURCE', '-DMINTMARK_VERSION="test"', '-I', src,
             '-I', harness.ROOT / 'include', '-I', harness.ROOT / 'tests/unit/jose']

    def build(job):
        number, source = job
        subprocess.run(['cc', '-c', *flags, source, '-o', tmp_path / f'{number}.o'], check=True)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(build, enumerate(sources)))
    libs = harness.run('pkg-config', '--libs', 'cmocka', 'libcrypto', 'libssl', 'libsodium', 'jansson', 'libcurl').stdout.split()
    program = tmp_path / 'program'
    subprocess.run(['cc', '-fsanitize=thread', '-o', program, *sorted(tmp_path.glob('*.o')), *libs], check=True)
    # gcc 12's runtime does not know the widest randomisation of addresses
    done = harness.run('setarch', '-R', program, check=False, timeout=300)
    if 'Operation not permitted' in done.stderr:
        done = harness.run(program, check=False, timeout=300)
    assert done.returncode == 0 and 'ThreadSanitizer' not in done.stderr, done.stderr[:6000]


# A verifier that lives longer.

def test_rotation_is_followed(new_server):
    """A key rotated at once: the new kid costs one fetch, older tokens stay good."""
    server = new_server()
    old = server.access_token()
    with Probe(server.issuer, part_of(old, 1)['aud'], interval_s=1) as probe:
        assert probe.check(old) == 'valid'
        time.sleep(1.1)  # the interval since the first fetch, by the clock of another process
        server.cli('key', 'rotate', '--now')
        new = harness.wait_until(lambda: (lambda t: header_of(t)['kid'] != header_of(old)['kid'] and t)(server.access_token()),
                                 'a token by the new key')
        assert probe.check(new) == 'valid'
        assert probe.check(old) == 'valid'


def test_attack_36_unknown_keys_by_the_thousand(new_server):
    """ATTACKS 36: the server counts the fetches; genuine tokens are served meanwhile."""
    server = new_server()
    token = server.access_token()
    with Probe(server.issuer, part_of(token, 1)['aud'], interval_s=3600) as probe:
        assert probe.check(token) == 'valid'
        before = jwks_requests(server)
        for i in range(20):
            assert set(probe.many([with_kid(token, f'k{i}-{k}') for k in range(100)])) == {'key_unknown'}
            assert probe.check(token) == 'valid'
        assert jwks_requests(server) == before
    with Probe(server.issuer, part_of(token, 1)['aud'], interval_s=1) as probe:
        began = time.monotonic()
        while time.monotonic() < began + 3 or (jwks_requests(server) - before < 2 and time.monotonic() < began + harness.PATIENCE_S):
            probe.many([with_kid(token, f'k{k}') for k in range(100)])
            assert probe.check(token) == 'valid'
        took = time.monotonic() - began
        assert 2 <= jwks_requests(server) - before <= 2 + took  # the first fetch, and one per second begun


class Hostile(http.server.BaseHTTPRequestHandler):
    """Metadata that are right and a key set that is as `answer` says."""
    protocol_version = 'HTTP/1.1'
    answer, hits, ends = None, 0, 0

    def do_GET(self):
        me = type(self)
        if self.path != '/jwks':
            return self.reply(200, {'Content-Type': 'application/json'},
                              json.dumps({'issuer': me.issuer, 'jwks_uri': me.issuer + '/jwks'}).encode())
        me.hits += 1
        me.answer(self)
        me.ends += 1

    def reply(self, status, headers, body):
        self.send_response(status)
        for name, value in {'Content-Length': len(body), **headers, 'Connection': 'close'}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def hostile(answer, certificate=None):
    handler = type('Handler', (Hostile,), {'answer': answer})
    httpd = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
    httpd.daemon_threads = True
    scheme = 'http'
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
        scheme = 'https'
    handler.issuer = f'{scheme}://127.0.0.1:{httpd.server_address[1]}'
    thread = threading.Thread(target=httpd.serve_forever, kwargs={'poll_interval': 0.02})
    thread.start()
    try:
        yield handler
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


JSON = {'Content-Type': 'application/json'}


def slow(handler):
    """A byte now and then, for ever: only a total limit ends it."""
    handler.send_response(200)
    handler.send_header('Content-Type', 'application/json')
    handler.send_header('Content-Length', '1000')
    handler.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(999):  # a minute
            handler.wfile.write(b' ')
            time.sleep(0.06)


def hundred_megabytes(handler):
    handler.send_response(200)
    handler.send_header('Content-Type', 'application/json')
    handler.send_header('Content-Length', str(100 << 20))
    handler.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(1600):
            handler.wfile.write(b' ' * 65536)


BAD = {
    'slow': slow,
    '500': lambda h: h.reply(500, JSON, b'{}'),
    'empty set': lambda h: h.reply(200, JSON, b'{"keys":[]}'),
    'empty body': lambda h: h.reply(200, JSON, b''),
    '100 MB': hundred_megabytes,
    'redirect': lambda h: h.reply(302, {'Location': 'http://127.0.0.1:1/'}, b''),
    'wrong type': lambda h: h.reply(200, {'Content-Type': 'text/html'}, b'{"keys":[]}'),
}


@pytest.mark.parametrize('kind', BAD)
def test_attack_37_last_good_set_then_refusal(server, kind):
    """ATTACKS 37: served from the last good set, closed at its age, and open again when the set is back."""
    token = server.access_token()
    keys = server.get('/.well-known/jwks.json').content
    good = lambda h: h.reply(200, JSON, keys)  # noqa: E731
    audience = part_of(token, 1)['aud']
    soon = {'interval_s': 1, 'refresh_s': 1}
    with hostile(good) as issuer, Probe(server.issuer, audience, url=f'{issuer.issuer}/jwks', timeout_ms=60000, **soon) as patient, \
            hostile(good) as other, Probe(server.issuer, audience, url=f'{other.issuer}/jwks', timeout_ms=500, max_age_s=3, **soon) as strict:
        assert patient.check(token) == 'valid'
        harness.wait_until(lambda: strict.check(token) == 'valid', 'a first set')
        issuer.answer = other.answer = BAD[kind]
        hits, ends = issuer.hits, issuer.ends
        harness.wait_until(lambda: issuer.hits > hits, 'a refresh')
        assert patient.check(token) == 'valid'
        assert kind != 'slow' or issuer.ends == ends  # nobody waits for a refresh
        harness.wait_until(lambda: strict.check(token) == 'keys', 'the age of the last good set')
        assert 'too old' in strict.explain()
        assert patient.check(token) == 'valid'
        issuer.answer = other.answer = good
        harness.wait_until(lambda: strict.check(token) == 'valid', 'the set being back')


def test_attack_35_37_key_taken_away_and_put_back(server):
    """ATTACKS 35, 37: a kept token goes with its key."""
    token = server.access_token()
    keys = server.get('/.well-known/jwks.json').json()
    rest = [k for k in keys['keys'] if k['kid'] != header_of(token)['kid']]
    if not rest:
        from jwcrypto.jwk import JWK
        rest = [{**JWK.generate(kty='EC', crv='P-256', kid='other').export_public(as_dict=True), 'alg': 'ES256'}]
    whole, less = (json.dumps(k).encode() for k in (keys, {'keys': rest}))
    with hostile(lambda h: h.reply(200, JSON, whole)) as issuer, \
            Probe(server.issuer, part_of(token, 1)['aud'], url=f'{issuer.issuer}/jwks', interval_s=1,
                  refresh_s=1) as probe:
        assert probe.many([token] * 3) == ['valid'] * 3
        issuer.answer = lambda h: h.reply(200, JSON, less)
        harness.wait_until(lambda: probe.check(token) == 'key_unknown', 'the key being gone')
        issuer.answer = lambda h: h.reply(200, JSON, whole)
        harness.wait_until(lambda: probe.check(token) == 'valid', 'the key being back')


def test_issuer_of_metadata_byte_by_byte(server):
    """RFC 8414 3.3."""
    token = server.access_token()
    with hostile(lambda h: h.reply(200, JSON, server.get('/.well-known/jwks.json').content)) as issuer:
        address, issuer.issuer = issuer.issuer, issuer.issuer + '/'
        with Probe(address, part_of(token, 1)['aud']) as probe:
            assert probe.check(token) == 'keys'
            assert 'another issuer' in probe.explain()


def test_certificates_are_checked(server, tmp_path):
    token = server.access_token()
    cert, key = tmp_path / 'cert.pem', tmp_path / 'key.pem'
    harness.run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key,
                '-out', cert, '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1')
    keys = server.get('/.well-known/jwks.json').content
    with hostile(lambda h: h.reply(200, JSON, keys), (cert, key)) as issuer:
        url = f'{issuer.issuer}/jwks'
        for more, verdict in (({}, 'keys'), ({'ca_file': cert}, 'valid')):
            with Probe(server.issuer, part_of(token, 1)['aud'], url=url, **more) as probe:
                assert probe.check(token) == verdict
        name = url.replace('127.0.0.1', 'localhost')
        with Probe(server.issuer, part_of(token, 1)['aud'], url=name, ca_file=cert) as probe:
            assert probe.check(token) == 'keys'  # trusted, but for another name
