"""The Python package: its wheel is built, installed into an environment of its own, and used there."""
import json
import os
import shutil
import subprocess
import sys
import textwrap

import pytest

import harness
from issuer import Issuer
from test_client import issuer  # noqa: F401: a fixture

PYTHON = '/usr/bin/python3'


@pytest.fixture(scope='module')
def python(tmp_path_factory):
    """An interpreter that has the wheel. Its environment sees Debian's packages (cffi, requests, httpx), not our folder."""
    build, folder = harness.ROOT / 'build', tmp_path_factory.mktemp('wheel')
    if not (build / 'include/libmintmark.a').exists():
        pytest.skip('build/include/libmintmark.a is not built')
    if subprocess.run([PYTHON, '-c', 'import cffi, setuptools, wheel'], capture_output=True).returncode != 0:
        pytest.skip('python3-cffi, python3-setuptools or python3-wheel is not installed')
    shutil.copytree(harness.ROOT / 'python', folder / 'python', ignore=shutil.ignore_patterns('build', '*.egg-info', '*.so'))
    env = harness.clean_env(MINTMARK_BUILD=str(build), MINTMARK_INCLUDE=str(harness.ROOT / 'include'))
    harness.run(PYTHON, 'setup.py', '-q', 'bdist_wheel', '-d', folder, cwd=folder / 'python', env=env, timeout=300)
    [wheel] = folder.glob('*.whl')
    assert wheel.name.startswith('mintmark-0.1.0-cp39-abi3-')
    harness.run(PYTHON, '-m', 'venv', '--system-site-packages', folder / 'venv', timeout=120)
    installed = folder / 'venv/bin/python'
    harness.run(installed, '-m', 'pip', 'install', '-q', '--no-index', '--no-deps', wheel, timeout=120)
    shutil.rmtree(folder / 'python')
    return installed


@pytest.fixture
def run(python, issuer, tmp_path):
    def run(code, **env):
        env = harness.clean_env(HOME=str(tmp_path), MINTMARK_ISSUER=issuer.url, MINTMARK_CLIENT_ID='id-1',
                                MINTMARK_CLIENT_SECRET='s', **env)
        env.pop('XDG_CACHE_HOME', None)
        done = subprocess.run([str(python), '-I', '-c', textwrap.dedent(code)], env=env, capture_output=True, text=True,
                              timeout=60, cwd=tmp_path, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()
    return run


def test_client(run, issuer):
    out = run('''
        import json, mintmark
        client = mintmark.Client()
        print(client.token(), client.token(), json.dumps(client.whoami()['sub']))
        print(client.renew(client.token()), client.token(), client.renew(client.token()))
    ''')
    assert out == ['token-1', 'token-1', '"somebody"', 'True', 'token-2', 'False']
    assert run('import mintmark; print(mintmark.Client().token())') == ['token-2'] and len(issuer.requests) == 2


def test_typed_errors(run, issuer):
    issuer.token = lambda request: issuer.json({'error': 'invalid_client'}, 401)
    assert run('''
        import mintmark
        try:
            mintmark.Client().token()
        except mintmark.CredentialsError as error:
            print(error.code, 'secret' in str(error))
        try:
            mintmark.Client(prefix='OTHER', app='other').token()
        except mintmark.NoCredentialsError as error:
            print(error.code, '$OTHER_CLIENT_ID' in str(error))
        try:
            mintmark.Client(login_storage='cloud')
        except mintmark.MintmarkError as error:
            print(error.code)
        try:
            mintmark.Client(prefix='lower')
        except mintmark.MintmarkError as error:
            print(error.code)
    ''') == ['-13', 'True', '-12', 'True', '-1', '-1']


def test_where_the_credentials_are(run, issuer, tmp_path):
    """A login in a place that can't be reached from here is an error of its own; so is a file of a later version."""
    assert run('import mintmark; print(mintmark.Client(login_storage="keyring").source())') == 'client id-1 of $MINTMARK_CLIENT_ID'.split()
    folder = tmp_path / '.config/acme'
    folder.mkdir(parents=True)
    path = folder / 'logins.json'
    path.write_text(json.dumps({issuer.url: {'client_id': 'app', 'storage': 'secret-service'}}))
    path.chmod(0o600)
    assert run('''
        import mintmark
        client = mintmark.Client(prefix='ACME', app='acme', issuer=%r)
        print(client.source())
        for call in (client.token, client.logout):
            try:
                call()
            except mintmark.StorageError as error:
                print(error.code, 'session bus' in str(error))
    ''' % issuer.url) == 'a login to app, kept in the Secret Service -20 True -20 True'.split()


@pytest.mark.parametrize('call', [
    'requests.get(url, auth=client.requests_auth())',
    'httpx.get(url, auth=client.httpx_auth(), trust_env=False)',
    'asyncio.run(fetch())'])
def test_adapters_retry_once_after_401(run, issuer, call):
    """A fresh token after a 401, at most once."""
    api, seen = Issuer(), []
    good = {'Bearer token-2'}

    def answer(request):
        seen.append(request.headers['Authorization'])
        return api.json({}, 200 if seen[-1] in good else 401)
    api.metadata = answer
    code = f'''
        import asyncio, httpx, requests, mintmark
        url, client = {api.url!r}, mintmark.Client()
        async def fetch():
            async with httpx.AsyncClient(auth=client.httpx_auth(), trust_env=False) as session:
                return await session.get(url)
        print({call}.status_code)
        print({call}.status_code)
    '''
    assert run(code) == ['200', '200'] and seen == ['Bearer token-1', 'Bearer token-2', 'Bearer token-2']
    good.clear()
    seen.clear()
    assert run(code) == ['401', '401'] and seen == ['Bearer token-2', 'Bearer token-2']
    api.stop()


def test_another_host_gets_no_token_and_causes_none(run, issuer):
    """A redirect to another host goes without the token, and its 401 renews nothing."""
    api, other, seen = Issuer(), Issuer(), []
    api.metadata = lambda request: api.json({}, 302, [('Location', other.url.replace('127.0.0.1', 'localhost'))])
    other.metadata = lambda request: (seen.append(request.headers['Authorization']), other.json({}, 401))[1]
    try:
        assert run(f'''
            import asyncio, httpx, requests, mintmark
            url, client = {api.url!r}, mintmark.Client()
            async def fetch():
                async with httpx.AsyncClient(auth=client.httpx_auth(), trust_env=False, follow_redirects=True) as session:
                    return await session.get(url)
            print(requests.get(url, auth=client.requests_auth()).status_code)
            print(httpx.get(url, auth=client.httpx_auth(), trust_env=False, follow_redirects=True).status_code)
            print(asyncio.run(fetch()).status_code)
        ''') == ['401', '401', '401'] and seen == [None, None, None] and len(issuer.requests) == 1
    finally:
        api.stop()
        other.stop()


def test_the_interpreter_goes_on_during_input_and_output(run, issuer):
    issuer.delay_s = 3
    [counted] = run('''
        import threading, mintmark
        client, count = mintmark.Client(), 0
        thread = threading.Thread(target=client.token)
        thread.start()
        while thread.is_alive():
            count += 1
            thread.join(0.001)
        print(count)
    ''')
    assert int(counted) > 50  # with the lock held it would be 1


def test_verifier(run, server):
    """Against our own server: accepted, refused by scope, by audience, and after revocation of all."""
    audience = server.demo['API_AUDIENCE']
    token = server.token().json()
    out = run(f'''
        import mintmark
        verifier = mintmark.Verifier({server.issuer!r}, {audience!r})
        token = verifier.check({token['access_token']!r})
        print(token.subject, token.client_id, token.issuer, sorted(token.scopes) == sorted({token['scope']!r}.split()),
              token.claim('aud') is not None, token.claim('none'))
        for wanted in (dict(token='abc'), dict(token={token['access_token']!r}, scopes=['admin'])):
            try:
                verifier.check(**wanted)
            except mintmark.TokenError as error:
                print(error.status, error.reason)
    ''')
    client = server.demo['SERVICE_CLIENT_ID']
    assert out == [client, client, server.issuer, 'True', 'True', 'None', '401', out[7], '403', out[9]]


def test_middleware(run, server):
    token = server.token().json()['access_token']
    out = run(f'''
        import asyncio, httpx, mintmark, wsgiref.util
        from starlette.applications import Starlette
        from starlette.responses import PlainTextResponse
        from starlette.routing import Route
        verifier = mintmark.Verifier({server.issuer!r}, {server.demo['API_AUDIENCE']!r})
        async def home(request):
            return PlainTextResponse(request.scope['mintmark.token'].subject if 'mintmark.token' in request.scope else 'public')
        inner = Starlette(routes=[Route('/', home), Route('/health', home)])
        good = {{'Authorization': 'Bearer {token}'}}
        async def ask(app, path='/', headers={{}}):
            async with httpx.AsyncClient(app=app, base_url='http://x') as session:
                answer = await session.get(path, headers=headers)
                return answer.status_code, answer.headers.get('www-authenticate', '-').split(',')[0].replace(' ', '_')
        async def main():
            app = verifier.asgi(inner, public=['/health'])
            for args in (('/', good), ('/',), ('/health',), ('/', {{'Authorization': 'Bearer x'}})):
                print(*await ask(app, *args))
            print(*await ask(verifier.asgi(inner, scopes='nobody:has'), '/', good))
        asyncio.run(main())
        def plain(environ, start_response):
            start_response('200 OK', [])
            return [environ['mintmark.token'].subject.encode()]
        for header in ('Bearer {token}', 'Basic x', None):
            environ = {{'HTTP_AUTHORIZATION': header}} if header else {{}}
            wsgiref.util.setup_testing_defaults(environ)
            verifier.wsgi(plain)(environ, lambda status, headers: print(status.split()[0]))
    ''')
    assert out == ['200', '-', '401', 'Bearer', '200', '-', '401', 'Bearer_error="invalid_token"', '403',
                   'Bearer_error="insufficient_scope"', '200', '401', '401']


def test_fastapi_dependency(run, server):
    token = server.token().json()['access_token']
    out = run(f'''
        import asyncio, httpx, mintmark
        from starlette.applications import Starlette
        from starlette.exceptions import HTTPException
        from starlette.requests import Request
        verifier = mintmark.Verifier({server.issuer!r}, {server.demo['API_AUDIENCE']!r})
        def request(*values):
            return Request({{'type': 'http', 'headers': [(b'authorization', v.encode()) for v in values]}})
        check = verifier.requires()
        print(check(request('Bearer {token}')).subject)
        for values in ((), ('Bearer {token}', 'Bearer {token}'), ('Bearer x',)):
            try:
                check(request(*values))
            except HTTPException as error:
                print(error.status_code, error.headers['WWW-Authenticate'].split()[0])
        try:
            verifier.requires('nobody:has')(request('Bearer {token}'))
        except HTTPException as error:
            print(error.status_code)
    ''')
    assert out == [server.demo['SERVICE_CLIENT_ID'], '401', 'Bearer', '401', 'Bearer', '401', 'Bearer', '403']


def test_everything_public_is_documented_and_typed(run):
    assert run('''
        import inspect, mintmark
        for name in mintmark.__all__:
            thing = getattr(mintmark, name)
            assert thing.__doc__, name
            for member, function in inspect.getmembers(thing, inspect.isfunction):
                if not member.startswith('_'):
                    assert function.__doc__ and 'return' in function.__annotations__, (name, member)
        print('yes')
    ''') == ['yes']
