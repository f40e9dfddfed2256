#!/usr/bin/python3
"""The client's part of make bench: a token for a command, and in a process; beside Authlib and Go's x/oauth2."""
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, 'tests/flow'))
sys.dont_write_bytecode = True
import harness  # noqa: E402
AUTHLIB = '''
import os, sys, time
from authlib.integrations.requests_client import OAuth2Session
url = os.environ["MINTMARK_ISSUER"] + "/oauth2/token"
session = OAuth2Session(os.environ["MINTMARK_CLIENT_ID"], os.environ["MINTMARK_CLIENT_SECRET"], token_endpoint=url)
token = session.fetch_token(url, grant_type="client_credentials")
if len(sys.argv) == 1:
    print(token["access_token"])
else:
    start = time.perf_counter_ns()
    for _ in range(100000):
        session.ensure_active_token(session.token)
        session.token["access_token"]
    print((time.perf_counter_ns() - start) / 100000)
'''


def times_ms(command, env, rounds):
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        taken.append((time.perf_counter() - start) * 1e3)
    taken.sort()
    return statistics.median(taken), taken[int(len(taken) * 0.95)]


def build_go(folder):
    if not shutil.which('go'):
        return None
    out = os.path.join(folder, 'bench-go')
    env = {**os.environ, 'GOTOOLCHAIN': 'local', 'CGO_ENABLED': '0'}
    done = subprocess.run(['go', 'build', '-mod=readonly', '-buildvcs=false', '-o', out, '.'], cwd=os.path.join(HERE, 'go'),
                          env=env, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return out if done.returncode == 0 else None


def row(name, command, env, rounds):
    middle, late = times_ms(command, env, rounds)
    return f'| {name} | {middle:.1f} | {late:.1f} |'


def in_process(command, env):
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout


def tokens_issued(server):
    """Counted by the server itself; either path to the token endpoint."""
    text = server.http.get(server.url('/metrics'), timeout=20).text
    return sum(int(n) for n in re.findall(r'^mintmark_tokens_issued_total\{.*\} (\d+)$', text, re.M))


def at_once(mintmark, folder, env, server, processes=500):
    """A cold cache and a crowd: how many tokens the server gives, how many different ones arrive, how long it takes."""
    env, before = {**env, 'XDG_CACHE_HOME': os.path.join(folder, 'crowd')}, tokens_issued(server)
    start = time.perf_counter()
    crowd = [subprocess.Popen([mintmark, 'token', '--timeout', '60'], env=env, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
             for _ in range(processes)]
    tokens = [process.communicate(timeout=120)[0] for process in crowd]
    took = time.perf_counter() - start
    good = sum(process.returncode == 0 for process in crowd)
    return (f'* {processes} processes at once on a cold cache: {tokens_issued(server) - before} token request (aim: 1), {good} succeed with '
            f'{len(set(tokens))} token, {took:.1f} s in all')


def network(mintmark, env):
    """System calls on sockets of one warm `mintmark token`."""
    if not shutil.which('strace'):
        return '* skipped: strace is not installed, so no system calls were counted'
    done = subprocess.run(['strace', '-f', '-qq', '-e', 'trace=%network', '-o', '/dev/stdout', mintmark, 'token'], env=env, check=True,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    calls = [line for line in done.stdout.splitlines() if re.match(r'\d+ +\w+\(', line)]
    return f'* Network system calls of `mintmark token`, kept: {len(calls)} (aim: 0; strace)'


def size(folder):
    out = os.path.join(folder, 'stripped.so')
    subprocess.run(['strip', '-o', out, os.path.join(ROOT, 'build/include/libmintmark.so')], check=True)
    return f'* libmintmark.so, stripped: {os.path.getsize(out) / 1000:.0f} kB (aim: under 400)'


def lines(mintmark, program, folder, env, server):
    """env: MINTMARK_ISSUER, MINTMARK_CLIENT_ID, MINTMARK_CLIENT_SECRET, and a HOME of its own."""
    go, authlib = build_go(folder), [sys.executable, '-c', AUTHLIB]
    cold = {**env, 'XDG_CACHE_HOME': os.path.join(folder, 'none')}
    out = ['\n## Calling: a token for a command\n', 'Wall time of a whole process that prints a token, milliseconds; `true` is what starting any process costs here.\n',
           '| | median | p95 |', '|---|---|---|', row('`true`', ['true'], env, 60)]
    subprocess.run([mintmark, 'token'], env=env, check=True, stdout=subprocess.DEVNULL)
    out.append(row('**`mintmark token`, kept** (aim: under 5)', [mintmark, 'token'], env, 60))
    out.append(row('`mintmark token --fresh`', [mintmark, 'token', '--fresh'], cold, 20))
    if go:
        out.append(row('Go x/oauth2 (asks each time)', [go], env, 20))
    out.append(row('Authlib (asks each time)', authlib, env, 10))
    pairs = [tuple(map(float, line.split())) for line in in_process([program], env).splitlines()]
    out += ['\n### In a process\n', 'Nanoseconds for a kept token (aim: under 200, and no more on two threads at once).\n',
            '| | one thread | two threads |', '|---|---|---|',
            f'| **`mintmark_client_token()`**, a copy | {statistics.median(p[0] for p in pairs):.0f} | {statistics.median(p[1] for p in pairs):.0f} |']
    if go:
        out.append(f'| Go x/oauth2 `Token()` | {float(in_process([go, "x"], env)):.0f} | |')
    out.append(f'| Authlib `ensure_active_token` | {float(in_process([*authlib, "x"], env)):.0f} | |')
    return out + ['', network(mintmark, env), at_once(mintmark, folder, env, server), size(folder)]


def main():
    program = os.path.join(ROOT, 'build-bench/bench/client_bench')
    with tempfile.TemporaryDirectory() as folder:
        server = harness.Server(Path(folder) / 'var', binary=harness.RELEASE).start()
        try:
            env = harness.clean_env(HOME=folder, MINTMARK_ISSUER=server.issuer, NO_PROXY='127.0.0.1',
                                    MINTMARK_CLIENT_ID=server.demo['SERVICE_CLIENT_ID'],
                                    MINTMARK_CLIENT_SECRET=server.demo['SERVICE_CLIENT_SECRET'])
            env.pop('XDG_CACHE_HOME', None)
            print('\n'.join(lines(str(harness.RELEASE), program, folder, env, server)))
        finally:
            server.stop()


main()
