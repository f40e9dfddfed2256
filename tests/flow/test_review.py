"""What an intruder made, after its owner chose a new password: /account/review lists all that can still act and ends it."""
import re
import time

import pytest

import rp
from authenticator import Authenticator
from foreign_provider import Provider
from harness import Server, wait_until
from people import Browser, link_in, mails, sign_in, sign_up_account
from test_console import create
from test_passkey import add
from test_passkey import sign_in as sign_in_by_passkey
from test_upstream import SECRET, configure
from test_upstream import sign_in as sign_in_elsewhere

NEW = 'seventeen lemon barge thistle'


@pytest.fixture(scope='module')
def provider():
    with Provider() as made:
        yield made


@pytest.fixture(scope='module')
def server(tmp_path_factory, provider):
    server = Server(tmp_path_factory.mktemp('review') / 'var', demo=False, env={'UPSTREAM_SECRET': SECRET})
    configure(server, 1, provider.issuer, create='true')
    server.start()
    yield server
    server.stop()


class Intruder:
    """Somebody who knew the password for a while, and made all that one can make."""

    def __init__(self, server, provider):
        self.server, self.browser = server, Browser(server)
        self.person = sign_up_account(server, browser=self.browser)
        _, self.client_id, self.secret = create(self.browser, 'left behind')
        self.device = Authenticator(server.issuer)
        add(self.browser, self.device, 'A strange key')
        page = self.browser.get('/account/upstream')
        page = self.browser.submit(page, form=next(f for f in page.forms if f.fields.get('action') == 'link'))
        provider.user = {'sub': self.person.email, 'email': 'intruder@example.net', 'email_verified': True}
        path, query = provider.approve(next(u for u in page.links if u.startswith(provider.issuer)))
        assert self.browser.get(path, params=query).path == '/account/upstream'
        self.app = rp.App(server, name='Strange app')
        self.app.redeem(self.app.login(self.browser))

    def ways_in(self, provider):
        """Which of what he made still gets in."""
        token = self.server.token(auth=(self.client_id, self.secret)).status_code == 200
        key = sign_in_by_passkey(Browser(self.server), self.device, '/account').path == '/account'
        provider.user = {'sub': self.person.email}
        linked = sign_in_elsewhere(Browser(self.server), provider).path == '/account'
        return [name for name, works in (('token', token), ('passkey', key), ('link', linked)) if works]


def reset(server, person):
    """The page behind the sign-in with the new password."""
    browser = Browser(server)
    browser.submit(browser.get('/reset'), '/reset', email=person.email)
    links = wait_until(lambda: [u for u in map(link_in, mails(server, person.email)) if '/reset/new' in u], 'mail')
    page = browser.get(links[-1])
    page = browser.submit(page, '/reset/new', password=NEW)
    assert page.path == '/signin' and 'Your password is changed' in page.text
    return browser, browser.submit(page, '/signin', email=person.email, password=NEW)


def boxes(page):
    return re.findall(r'type="checkbox" name="end" value="([^"]+)"', page.html)


def test_what_outlives_a_reset_is_shown_and_ended(server, provider):
    intruder = Intruder(server, provider)
    owner, page = reset(server, intruder.person)
    assert page.path == '/account/review', page.text
    assert intruder.ways_in(provider) == ['token', 'passkey', 'link']
    page = owner.get('/account/review')
    for text in ('left behind', intruder.client_id, 'A strange key', provider.issuer, 'intruder@example.net', 'Strange app'):
        assert text in page.text, text
    assert len(re.findall(r'Since \d{4}-\d\d-\d\d', page.text)) == 4 and 'last used' in page.text
    values = boxes(page)
    assert sorted(v.split(' ')[0] for v in values) == ['app', 'credential', 'link', 'passkey']

    # nothing ends before it was asked once more
    asked = owner.submit(page, '/account/review', button='End what is ticked …', end=values[:2])
    assert asked.path == '/account/review' and "can't be undone" in asked.text
    assert [v for v in values if f'value="{v}"' in asked.html] == values[:2]
    assert intruder.ways_in(provider) == ['token', 'passkey', 'link']
    page = owner.submit(asked, '/account/review', end=values[:2])
    assert page.status == 200 and 'Ended' in page.text and boxes(page) == values[2:]
    assert intruder.ways_in(provider) == ['link']

    page = owner.submit(page, '/account/review', button='End all of it …')
    page = owner.submit(page, '/account/review', end=re.findall(r'name="end" value="([^"]+)"', page.html))
    assert boxes(page) == [] and page.text.count('None.') == 4
    assert intruder.ways_in(provider) == []
    assert 'No app may act for you' in owner.get('/account/apps').text and owner.is_signed_in()
    actions = [e['action'] for e in server.cli('audit', 'list')['entries']]
    assert {'client.delete', 'passkey.delete', 'upstream.unlink', 'consent.delete'} <= set(actions)


def test_it_ends_nothing_else(server, provider):
    """ATTACKS 46: no form of another site. ATTACKS 47: what is another's can't be ended, and is not told from what is not there."""
    victim, other = Intruder(server, provider), Browser(server)
    sign_up_account(server, browser=other)
    page = other.get('/account/review')
    assert boxes(page) == []
    values = [f'credential {victim.client_id}', f'app {victim.app.id}', f'link {provider.issuer}', 'nonsense', 'credential ']
    form = page.form('/account/review')
    for action in ('ask', 'end', 'all'):
        form.fields['action'], form.buttons = action, []
        assert other.submit(page, form=form, end=values).status == 422
    mine = victim.browser.get('/account/review')
    fields = {**mine.form('/account/review').fields, 'action': 'end', 'end': boxes(mine)}
    assert victim.browser.post('/account/review', {**fields, 'csrf': 'x'},
                               headers={'Origin': server.issuer}).status == 403
    assert victim.browser.post('/account/review', fields,
                               headers={'Origin': 'https://evil.example'}).status == 403
    assert len(boxes(victim.browser.get('/account/review'))) == 4
    assert Browser(server).get('/account/review').path == '/signin'


def test_the_last_way_in_stays(server, provider):
    """An account without password, that another provider made."""
    browser = Browser(server)
    provider.user = {'sub': 'only', 'email': 'only@example.org', 'email_verified': True}
    provider.lie(bend={'auth_time': int(time.time())})
    assert sign_in_elsewhere(browser, provider).path == '/account'
    page = browser.get('/account/review')
    assert len(boxes(page)) == 1, page.text
    page = browser.submit(page, '/account/review', button='End all of it …')
    assert page.status == 409 and 'Nothing would be left' in page.text and len(boxes(page)) == 1


def test_the_way_there(server):
    browser = Browser(server)
    person = sign_up_account(server, browser=browser)
    assert any(link.endswith('/account/review') for link in browser.get('/account').links)
    page = browser.submit(browser.get('/account/password'), '/account/password', current=person.password, password=NEW)
    assert any(link.endswith('/account/review') for link in page.links)
    assert sign_in(Browser(server), person, NEW).status == 200
