"""Fixtures of the flow tests; harness.py says how to use them."""
import pytest

pytest.register_assert_rewrite('harness', 'world')

import harness
import world as worlds


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    """One running server with the demo objects, shared by the tests of a module."""
    made = harness.Server(tmp_path_factory.mktemp('mint') / 'var').start()
    yield made
    made.stop()


@pytest.fixture
def new_server(tmp_path):
    """A factory of servers of one's own; all are stopped at the end. start=False gives one that is only initialised."""
    made = []

    def make(name='var', start=True, **options):
        made.append(harness.Server(tmp_path / name, **options))
        return made[-1].start() if start else made[-1]
    yield make
    for server in made:
        server.stop()


@pytest.fixture
def release():
    """The optimised binary of `make run`."""
    if not harness.RELEASE.exists():
        pytest.skip('build/mintmark is not built')
    return harness.RELEASE


@pytest.fixture(scope='session')
def world(tmp_path_factory):
    """One server for all tests of the ledger, with the objects of world.py. Wrong secrets are not throttled, deadlines are far."""
    made = harness.Server(tmp_path_factory.mktemp('world') / 'var')
    worlds.configure(made, throttle__failures=1000000, throttle__window_s=1, limits__head_ms=600000, limits__body_ms=600000)
    made.start()
    yield worlds.World(made).populate()
    made.stop()


@pytest.fixture(scope='session')
def hurried(tmp_path_factory):
    """A server whose deadlines for head and body are 2 s: for the tests that are about them, and for no other."""
    made = harness.Server(tmp_path_factory.mktemp('hurried') / 'var')
    worlds.configure(made, limits__head_ms=2000, limits__body_ms=2000, limits__idle_ms=600000)
    yield worlds.World(made.start())
    made.stop()
