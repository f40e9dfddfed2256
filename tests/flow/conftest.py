"""Fixtures of the flow tests; harness.py says how to use them."""
import pytest

import harness


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
