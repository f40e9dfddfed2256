"""mintmark series define and import: all of a file or nothing of it, by the command line."""
import json
import os
import pty
import signal
import sqlite3
import subprocess

import pytest

import harness

ID = '0188cf3a-6f5b-7c53-9a3b-1e8f0c9d2a41'
NAME = 'raalabs/IMO9000001/ME ShaftPower'
GOOD = f'{NAME},2024-01-01T00:00:00Z,1.5\n'
EXAMPLES = harness.ROOT / 'examples/series'


@pytest.fixture
def db(tmp_path):
    path = tmp_path / 'series.db'
    catalogue = tmp_path / 'series.json'
    catalogue.write_text(json.dumps({'series': [{'id': ID, 'names': {'raalabs': NAME.split('/', 1)[1]}}]}))
    harness.run(harness.BINARY, 'series', 'define', catalogue, '--db', path)
    return path


def load(db, text, *options, check=False):
    path = db.parent / 'points.csv'
    path.write_bytes(text.encode())
    return harness.run(harness.BINARY, 'series', 'import', path, '--db', db, *options, check=check)


def count(db):
    connection = sqlite3.connect(f'file:{db}?mode=ro', uri=True)
    try:
        return connection.execute('SELECT count(*) FROM point').fetchone()[0]
    finally:
        connection.close()


@pytest.mark.parametrize('line, says', [
    (f'{NAME},2024-01-01T00:00:00Z,nan\n', 'finite'),
    (f'{NAME},2024-01-01T00:00:00,1\n', 'time'),
    ('raalabs/IMO9000009/x,0,1\n', 'no series'),
    (f'{NAME},0\n', 'missing'),
    (f'{NAME},0,"1\n', 'CSV'),
])
def test_bad_line(db, line, says):
    text = 'id,timestamp,value\n' + GOOD + line + GOOD.replace('2024', '2025')
    done = load(db, text)
    assert done.returncode == 1 and 'points.csv:3: ' in done.stderr and says in done.stderr
    assert count(db) == 0
    done = load(db, text, '--skip-bad')
    assert done.returncode == 0 and '2 points stored; 1 bad lines skipped, the first is line 3' in done.stdout
    assert count(db) == 2
    answer = json.loads(load(db, text, '--skip-bad', '--json').stdout)
    assert answer == {'points': 2, 'lines': 3, 'bad': 1, 'bad_lines': [3]}


def test_nothing_of_the_file_reaches_the_terminal(db):
    done = load(db, 'id,timestamp,value\n\x1b[2Jevil,0,1\n')
    assert done.returncode == 1 and 'evil' not in done.stderr and '\x1b' not in done.stderr


@pytest.mark.parametrize('args, status', [
    (['import', '/does/not/exist.csv'], 3),
    (['import', '/dev/null', '--header', 'maybe'], 2),
    (['define', '/does/not/exist.json'], 3),
    (['define', '/dev/null'], 1),
])
def test_exit_statuses(db, args, status):
    assert harness.run(harness.BINARY, 'series', *args, '--db', db, check=False).returncode == status


def test_a_foreign_file_is_left_alone(db):
    other = db.parent / 'other.db'
    other.write_text('This is a letter to somebody, and no database at all.' * 20)
    before = other.read_bytes()
    done = harness.run(harness.BINARY, 'series', 'import', '/dev/null', '--db', other, check=False)
    assert done.returncode == 1 and 'no database of series' in done.stderr
    assert other.read_bytes() == before


def test_killed_import_leaves_nothing(db):
    """SIGKILL in the middle of the one transaction; the next import goes on as if it had never been."""
    process = subprocess.Popen([harness.BINARY, 'series', 'import', '-', '--db', db], stdin=subprocess.PIPE)
    lines = ''.join(f'{NAME},{second},1\n' for second in range(200000))
    process.stdin.write(lines.encode())
    process.stdin.flush()  # what the pipe does not hold was read: more than the first batch
    assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert count(db) == 0
    assert load(db, GOOD).returncode == 0
    assert count(db) == 1


def test_progress_bar_on_a_terminal(db):
    path = db.parent / 'many.csv'
    path.write_text(''.join(f'{ID},{second},1\n' for second in range(140000)))
    leader, follower = pty.openpty()
    process = subprocess.Popen([harness.BINARY, 'series', 'import', path, '--db', db], stdout=subprocess.PIPE, stderr=follower)
    os.close(follower)
    shown = b''
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # the other side is closed
            break
        if not chunk:
            break
        shown += chunk
    os.close(leader)
    assert b'140000 points stored' in process.communicate(timeout=60)[0] and process.returncode == 0
    assert b'#' in shown and b' %' in shown
    assert count(db) == 140000


def test_examples(tmp_path):
    """The demo's data: every file is good, and is stored once however often it is imported."""
    db = tmp_path / 'series.db'
    harness.run(harness.BINARY, 'series', 'define', EXAMPLES / 'series.json', '--db', db)
    for _ in range(2):
        for path in sorted(EXAMPLES.glob('*.csv')):
            harness.run(harness.BINARY, 'series', 'import', path, '--db', db)
    assert count(db) == 2225 + 732 + 309
    assert sum(path.stat().st_size for path in EXAMPLES.iterdir()) < 300 * 1024
