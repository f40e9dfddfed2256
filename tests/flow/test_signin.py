"""Signing in, out and up by pages: who may, what is answered, what ends. ATTACKS 31, 47."""
import re

import pytest

import harness
import people
import world as worlds

NEW = 'quarry lantern mop bucket'
AGAIN = 'another wholly fresh sentence'


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    """Anybody may ask for an account; wrong passwords are throttled after three."""
    made = harness.Server(tmp_path_factory.mktemp('people') / 'var')
    worlds.configure(made, accounts__signup='open', accounts__failures=3, accounts__window_s=3600)
    made.start()
    yield made
    made.stop()


sources = iter(f'127.0.{i}.{j}' for i in range(1, 200) for j in range(1, 250))


@pytest.fixture
def browser(site):
    """From a source of its own, so that nobody else's failures count."""
    return people.Browser(site, source=next(sources))


@pytest.fixture
def alice(site):
    return people.sign_up_account(site, browser=people.Browser(site, source=next(sources)))


def wrong(site, address, password='nobody has this one', source=None):
    return people.sign_in(people.Browser(site, source=source or next(sources)),
                          people.Person(address, password, '', []), follow=False)


def signins(site):
    return {k: int(v) for k, v in re.findall(r'mintmark_signins_total\{outcome="(\w+)"\} (\d+)', site.get('/metrics').text)}


# Signing in

def test_signs_in_and_goes_on(site, browser, alice):
    page = people.sign_in(browser, alice, continue_to='/account/sessions?x=1', follow=False)
    assert page.status == 303 and page.location == '/account/sessions?x=1'
    assert browser.get('/account/sessions').status == 200


@pytest.mark.parametrize('target', ['https://evil.example/', '//evil.example', '/\\evil.example', 'evil', '/../x', '/%2e%2e/x', '/a\r\nX: y'])
def test_never_redirects_elsewhere(site, browser, alice, target):
    page = people.sign_in(browser, alice, continue_to=target, follow=False)
    assert page.status == 303 and page.headers['Location'] == '/' and 'X' not in page.headers


def test_cookie_flags(site, browser, alice):
    """RFC 6265bis 4.1.2: HttpOnly, SameSite, Path; Secure and __Host- are for https issuers."""
    page = people.sign_in(browser, alice, follow=False)
    cookie = page.headers['Set-Cookie']
    assert re.search(r'mintmark=mmb_\w{49};', cookie) and '; HttpOnly' in cookie and '; SameSite=Lax' in cookie and '; Path=/' in cookie
    assert page.headers['Cache-Control'] == 'no-store' and page.headers['Referrer-Policy'] == 'no-referrer'
    assert page.response.content == b''


def test_cookie_of_an_https_issuer_is_bound_to_its_host(new_server):
    server = new_server(start=False)
    worlds.configure(server, issuer='https://id.example', behind_proxy='true')
    server.start()
    browser = people.Browser(server)
    page = browser.get('/signin')
    assert re.match(r'__Host-mintmark-form=\S+; Path=/; HttpOnly; SameSite=Lax; Secure', page.headers['Set-Cookie'])
    assert page.headers['Strict-Transport-Security'].startswith('max-age=')


def test_session_fixation(site, browser, alice):
    """A session that was there before the sign-in is over, and a planted cookie never becomes one."""
    people.sign_in(browser, alice)
    before = browser.cookie()
    page = browser.get('/signin?reauth=1')
    browser.submit(page, '/signin', password=alice.password)
    after = browser.cookie()
    assert before and after and before != after
    old = people.Browser(site)
    old.session.cookies.set('mintmark', before, domain='127.0.0.1')
    assert not old.is_signed_in() and browser.is_signed_in()
    victim = people.Browser(site, source=next(sources))
    planted = 'mmb_' + 'A' * 49
    victim.session.cookies.set('mintmark', planted, domain='127.0.0.1', path='/')
    people.sign_in(victim, alice)
    assert planted not in victim.session.cookies.get_dict(path='/').values() or victim.cookie() != planted


def test_sign_out(site, browser, alice):
    people.sign_in(browser, alice)
    value = browser.cookie()
    assert browser.get('/signout').status == 405
    assert browser.is_signed_in()
    page = browser.submit(browser.get('/account/sessions'), '/signout', follow=False)
    assert page.status == 303 and 'Max-Age=0' in page.headers['Set-Cookie']
    browser.session.cookies.set('mintmark', value, domain='127.0.0.1', path='/')  # kept by somebody
    assert not browser.is_signed_in()


def test_the_page_is_small_and_loads_nothing_foreign(site, browser):
    page = browser.get('/signin')
    css = browser.get(re.search(r'href="([^"]+\.css[^"]*)"', page.html)[1])
    assert len(page.response.content) + len(css.response.content) < 15 * 1024
    assert not re.search(r'(?:src|href)="https?://', page.html) and 'style=' not in page.html and '<style' not in page.html
    assert "default-src 'none'" in page.headers['Content-Security-Policy']


# Not signing in

def refusals(site, alice):
    """Every way not to get in, as (address, password)."""
    site.cli('account', 'create', '--email', 'bare@example.com')
    off = people.sign_up_account(site)
    site.cli('account', 'disable', off.email)
    return [(alice.email, 'wrong'), ('nobody@example.com', alice.password), ('bare@example.com', alice.password),
            (off.email, off.password), ('no address', alice.password), (alice.email, 'x' * 5000), ("' or 1=1 --", 'x')]


def normal(page, address):
    return re.sub(r'value="[^"]*"', '', page.html.replace(address, '')), page.status


def test_same_answer_whoever_it_is(site, alice):
    """Unknown account, wrong password, no password, disabled: one answer, and one hash each."""
    rows = refusals(site, alice)
    before = signins(site)
    answers = {normal(wrong(site, address, password), address) for address, password in rows}
    assert len(answers) == 1 and next(iter(answers))[1] == 403, answers
    assert signins(site)['failed'] == before['failed'] + len(rows)


def test_nothing_typed_is_logged(site, alice):
    """People type their password where the address belongs; neither is anybody's business."""
    wrong(site, 'my secret as address', 'my secret as password')
    people.sign_in(people.Browser(site), alice)
    page = people.Browser(site).get('/reset/new?token=mml_' + 'x' * 49)
    assert page.status == 410
    log = site.log()
    assert 'my secret' not in log and alice.password not in log and 'mml_' not in log and 'token=' not in log


def test_throttled_by_pair_and_nobody_is_locked_out(site, alice):
    here = next(sources)
    pages = [wrong(site, alice.email, source=here) for _ in range(5)]
    assert [p.status for p in pages] == [403, 403, 403, 429, 429]
    assert int(pages[-1].headers['Retry-After']) >= 1 and 'Wait' in pages[-1].text
    assert wrong(site, alice.email, alice.password, here).status == 429   # not even the right one, from there
    assert wrong(site, alice.email, alice.password).status == 303         # the owner, from elsewhere
    other = people.sign_up_account(site)
    assert wrong(site, other.email, other.password, here).status == 303   # others from there
    assert signins(site)['throttled'] >= 3
    trail = worlds.control(site, 'audit.list', limit=500)['entries']
    assert any(e['action'] == 'throttle' and here in e['detail'] for e in trail)


def test_throttled_by_source_alone(site):
    """One password tried with many accounts."""
    here = next(sources)
    statuses = [wrong(site, f'spray{i}@example.com', source=here).status for i in range(32)]
    assert statuses[:29] == [403] * 29 and statuses[-1] == 429


def test_attack_31_all_of_a_long_password_counts(site, browser):
    """Bytes 73 to 100 differ."""
    long = 'Vb7#' + 'kQz9 wR2!' * 11
    person = people.sign_up_account(site, password=long[:100])
    assert wrong(site, person.email, long[:72] + 'x' * 28).status == 403
    assert wrong(site, person.email, long[:72]).status == 403
    assert wrong(site, person.email, long[:99]).status == 403
    assert people.sign_in(browser, person, follow=False).status == 303


def test_disabling_ends_sessions(site, browser):
    person = people.sign_up_account(site, browser=browser)
    assert browser.is_signed_in()
    site.cli('account', 'disable', person.email)
    assert not browser.is_signed_in()
    site.cli('account', 'enable', person.email)
    assert not browser.is_signed_in()
    assert people.sign_in(browser, person, follow=False).status == 303


# Forms (ATTACKS 47)

FORMS = [('/signin', '/signin', {'email': 'a@example.com', 'password': 'x'}), ('/reset', '/reset', {'email': 'a@example.com'}),
         ('/signup', '/signup', {'email': 'a@example.com'}),
         ('/account/password', '/account/password', {'current': people.PASSWORD, 'password': AGAIN}),
         ('/account/email', '/account/email', {'email': 'evil@example.com'}),
         ('/account/sessions', '/signout', {}), ('/account/sessions', '/account/sessions', {'all': '1'})]


@pytest.mark.parametrize('shown,action,fields', FORMS, ids=[f'{a}-{b}'.replace('/', '') for a, b, _ in FORMS])
def test_attack_47_no_form_can_be_sent_for_somebody(site, shown, action, fields):
    browser = people.Browser(site, source=next(sources))
    if shown.startswith('/account'):
        alice = people.sign_up_account(site, browser=browser)
        people.sign_in(people.Browser(site), alice)  # another session, so that "all others" is there
    page = browser.get(shown)
    forged = [dict(csrf=None), dict(csrf=''), dict(csrf='A' * 43),
              dict(csrf=people.Browser(site).get('/signin').form().fields['csrf'])]
    for extra in forged:
        assert browser.submit(page, action, follow=False, **{**fields, **extra}).status in (400, 403), extra
    for headers in ({'Sec-Fetch-Site': 'cross-site'}, {'Sec-Fetch-Site': 'same-site'}, {'Origin': 'https://evil.example'}):
        assert browser.submit(page, action, follow=False, headers=headers, **fields).status == 403, headers
    text = browser.request('POST', action, False, data='csrf=' + page.form(action).fields['csrf'], headers={'Content-Type': 'text/plain'})
    assert text.status in (400, 403)
    if shown.startswith('/account'):
        assert browser.is_signed_in()
        assert not people.mails(site, 'evil@example.com')


# Links

def test_looking_at_a_link_uses_nothing(site, browser):
    """Mail scanners open every link, some with HEAD first."""
    link = people.invite(site, 'looked@example.com')
    for _ in range(3):
        assert people.Browser(site).get(link).status == 200
        assert people.Browser(site).request('HEAD', link).status == 200
    page = browser.submit(browser.get(link), name='Looked', password=NEW, follow=False)
    assert page.status == 303
    assert people.Browser(site).get(link).status == 410


@pytest.mark.parametrize('path', ['/invite', '/reset/new', '/verify'])
@pytest.mark.parametrize('token', ['', 'x', 'mml_', 'mml_' + 'A' * 49, 'mms_' + 'A' * 49, 'A' * 5000, "'"])
def test_no_link_of_ours(site, browser, path, token):
    page = browser.get(path, params={'token': token})
    assert page.status == 410 and 'token' not in page.text and (len(token) < 3 or token not in page.html)


def test_a_link_is_good_for_its_kind_only(site, browser, alice):
    link = worlds.control(site, 'account.reset', account=alice.email)['link']
    token = link.partition('token=')[2]
    assert browser.get(f'/invite?token={token}').status == 410
    assert browser.get(f'/verify?token={token}').status == 410
    assert browser.get(f'/reset/new?token={token}').status == 200


def test_weak_passwords_are_refused_and_the_link_stays(site, browser):
    link = people.invite(site, 'weak.person@example.com')
    page = browser.get(link)
    for password in ('', 'br3v', 'password123', 'weak.person@example.com', 'qwertyuiop', 'x' * 1025):
        again = browser.submit(page, name='Weak Person', password=password, follow=False)
        assert again.status == 422 and 'role="alert"' in again.html, password
        assert not password or password == 'weak.person@example.com' or password not in again.html
    assert browser.submit(page, name='', password=NEW, follow=False).status == 422
    assert browser.submit(page, name='Weak Person', password=NEW, follow=False).status == 303


def test_invitation_gives_its_roles_and_no_others(site, browser):
    link = people.invite(site, 'roles@example.com', 'editor', 'dev')
    page = browser.get(link)
    assert browser.submit(page, name='R', password=NEW, follow=False, roles='Admin', email='other@example.com').status == 303
    found = site.cli('account', 'show', 'roles@example.com')
    assert found['roles'] == ['editor', 'dev'] and found['email_verified']


def test_an_invited_address_that_has_an_account_by_now(site, browser, alice):
    link = people.invite(site, 'twice@example.com')
    people.sign_up_account(site, email='twice@example.com')
    page = browser.submit(browser.get(link), name='R', password=NEW, follow=False)
    assert page.status == 409 and 'already' in page.text
    done = site.cli('account', 'invite', alice.email, check=False)
    assert done.returncode == 5 or done.returncode != 0


def test_first_administrator(new_server):
    server = new_server()
    link = re.search(r'http\S+/invite\?token=\S+', server.init_output)[0]
    browser = people.Browser(server)
    page = browser.submit(browser.get(link), email='Root@Example.COM', name='Root', password=NEW, follow=False)
    assert page.status == 303
    shown = server.cli('account', 'show', 'Root@example.com')
    assert shown['roles'] == ['Admin'] and not shown['email_verified'], 'nobody has read mail there'
    assert people.Browser(server).get(link).status == 410
    server.stop()
    again = harness.run(server.binary, 'init', '--var', server.var)
    assert '/invite?' not in again.stdout  # there is one
    server.start()


def test_signup_policies(new_server):
    server = new_server(start=False)
    worlds.configure(server, accounts__signup='invite')
    server.start()
    browser = people.Browser(server)
    page = browser.get('/signup')
    assert page.status == 200 and 'invitation' in page.text and '/signup' not in [f.action for f in page.forms]
    link = people.invite(server, 'early@example.com')
    worlds.configure(server, accounts__signup='off')
    worlds.reload(server)
    assert browser.get('/signup').status == 404 and browser.get(link).status == 410
    worlds.configure(server, accounts__signup='open')
    worlds.reload(server)
    assert '/signup' in [f.action for f in browser.get('/signup').forms]


def test_open_signup_says_the_same_for_a_taken_address(site, alice):
    def ask(address):
        browser = people.Browser(site, source=next(sources))
        return browser.submit(browser.get('/signup'), '/signup', email=address)
    fresh, taken = ask('fresh@example.com'), ask(alice.email)
    assert (fresh.status, fresh.text) == (taken.status, taken.text) == (200, fresh.text)
    assert 'already' in people.wait_for_mail(site, alice.email, 2)['Subject']
    link = people.link_in(people.wait_for_mail(site, 'fresh@example.com'))
    browser = people.Browser(site)
    assert worlds_absent(site, 'fresh@example.com')  # nothing exists before the address is verified
    assert browser.submit(browser.get(link), name='Fresh', password=NEW, follow=False).status == 303
    assert site.cli('account', 'show', 'fresh@example.com')['email_verified']


def worlds_absent(site, address):
    return site.cli('account', 'show', address, check=False).returncode != 0


# Reset, change, sessions

def ask_reset(site, address):
    browser = people.Browser(site, source=next(sources))
    return browser.submit(browser.get('/reset'), '/reset', email=address)


def test_reset_says_the_same_and_ends_everything(site, browser):
    """Sessions, and tokens at introspection, by the account's epoch."""
    alice = people.sign_up_account(site, browser=browser)
    api = site.cli('client', 'create', '--name', 'resource server', '--api', site.issuer.rstrip('/') + '/api/v1')
    made = site.cli('client', 'create', '--name', 'hers', '--account', alice.email, '--scope', 'openid email')
    token = site.access_token(auth=(made['client_id'], made['client_secret']))

    def active():
        auth = made['client_id'], made['client_secret']
        return site.post('/oauth2/introspect', {'token': token}, auth=auth).json()['active']
    del api
    assert active()
    known, unknown = ask_reset(site, alice.email), ask_reset(site, 'nobody.at.all@example.com')
    assert (known.status, known.text) == (unknown.status, unknown.text) and known.status == 200
    link = people.link_in(people.wait_for_mail(site, alice.email, 2))
    visitor = people.Browser(site, source=next(sources))
    page = visitor.get(link)
    page = visitor.submit(page, '/reset/new', password=NEW, follow=False)
    assert page.status == 303 and page.location == '/signin?changed=1&continue=%2Faccount%2Freview' and not visitor.cookie()
    assert not active() and not browser.is_signed_in()
    assert visitor.get(link).status == 410
    assert wrong(site, alice.email, alice.password).status == 403
    assert people.sign_in(visitor, alice, NEW, follow=False).status == 303
    assert not people.mails(site, 'nobody.at.all@example.com')
    assert people.wait_for_mail(site, alice.email, 3)['Subject'] == 'Your sign-in data were changed'


def test_one_source_asks_for_few_mails(site):
    browser = people.Browser(site, source=next(sources))
    page = browser.get('/reset')
    statuses = [browser.submit(page, '/reset', follow=False, email=f'm{i}@example.com').status for i in range(5)]
    assert statuses == [303, 303, 303, 429, 429]


def test_password_change(site, browser):
    alice = people.sign_up_account(site, browser=browser)
    other = people.Browser(site)
    people.sign_in(other, alice)
    page = browser.get('/account/password')
    assert browser.submit(page, current='wrong', password=NEW).status == 403
    assert browser.submit(page, current=alice.password, password='short').status == 422
    assert other.is_signed_in()
    page = browser.submit(page, current=alice.password, password=NEW)
    assert page.status == 200 and 'is changed' in page.text
    assert browser.is_signed_in() and not other.is_signed_in()
    assert wrong(site, alice.email, alice.password).status == 403 and wrong(site, alice.email, NEW).status == 303


def test_password_change_everywhere_ends_tokens(site, browser):
    alice = people.sign_up_account(site, browser=browser)
    made = site.cli('client', 'create', '--name', 'hers', '--account', alice.email, '--scope', 'openid email')
    auth = made['client_id'], made['client_secret']
    token = site.access_token(auth=auth)
    page = browser.submit(browser.get('/account/password'), current=alice.password, password=NEW)
    assert site.post('/oauth2/introspect', {'token': token}, auth=auth).json()['active']
    browser.submit(page, current=NEW, password=AGAIN, everywhere='1')
    assert not site.post('/oauth2/introspect', {'token': token}, auth=auth).json()['active']
    assert browser.is_signed_in()


def test_sessions_are_listed_and_ended(site, browser):
    alice = people.sign_up_account(site, browser=browser)
    phone = people.Browser(site, agent='Phone <script>alert(1)</script>', source=next(sources))
    desk = people.Browser(site, agent='Desk')
    people.sign_in(phone, alice)
    people.sign_in(desk, alice)
    page = browser.get('/account/sessions')
    assert 'Phone' in page.text and 'Desk' in page.text and '<script>' not in page.html and 'this browser' in page.text
    row = next(f for f in page.forms if f.fields.get('id') and 'Desk' in page.html.split(f.fields['id'])[0].rsplit('<tr>', 1)[1])
    browser.submit(page, form=row)
    assert not desk.is_signed_in() and phone.is_signed_in()
    eve = people.Browser(site)
    people.sign_up_account(site, browser=eve)
    eve_page = eve.get('/account/sessions')
    theirs = next(f for f in browser.get('/account/sessions').forms if f.fields.get('id'))
    eve.post('/account/sessions', {'csrf': eve_page.form('/signout').fields['csrf'], 'id': theirs.fields['id']})
    assert phone.is_signed_in()  # not hers to end
    browser.submit(browser.get('/account/sessions'), '/account/sessions', button='Sign out all others')
    assert not phone.is_signed_in() and browser.is_signed_in()


def test_address_change(site, browser):
    alice = people.sign_up_account(site, browser=browser)
    page = browser.submit(browser.get('/account/email'), email='bad address')
    assert page.status == 422
    browser.submit(browser.get('/account/email'), email='moved@Example.com')
    link = people.link_in(people.wait_for_mail(site, 'moved@example.com'))
    assert site.cli('account', 'show', alice.email)['email'] == alice.email  # not before it is confirmed
    anywhere = people.Browser(site)
    assert anywhere.get(link).path == '/signin'
    people.sign_in(anywhere, alice)
    page = anywhere.get(link)
    assert page.status == 200 and site.cli('account', 'show', alice.email)
    assert anywhere.submit(page, '/verify').status == 200
    assert site.cli('account', 'show', 'moved@example.com')['email_verified']
    assert people.wait_for_mail(site, alice.email, 2)['Subject'] == 'Your sign-in data were changed'
    taken = people.sign_up_account(site)
    browser.submit(browser.get('/account/email'), email=taken.email)
    link = people.link_in(people.wait_for_mail(site, taken.email, 2))
    page = anywhere.submit(anywhere.get(link), '/verify')
    assert page.status == 409 and site.cli('account', 'show', 'moved@example.com')


def test_nobody_fills_a_strangers_mailbox(site):
    """To one address only so many links go in an hour, whoever asks from wherever."""
    for address in ['stranger@example.net'] * 2 + ['last@example.net']:
        browser = people.Browser(site, source=next(sources))
        people.sign_up_account(site, browser=browser)
        for _ in range(3):
            assert browser.submit(browser.get('/account/email'), email=address).status == 200
    people.wait_for_mail(site, 'last@example.net')
    assert len([m for m in people.mails(site) if m['To'] == 'stranger@example.net']) == 5


def test_taking_the_account_back_ends_links(site, browser):
    """Who was in for a while asked for a link to an address of his own: it is worth nothing once the owner has a new password."""
    alice = people.sign_up_account(site, browser=browser)
    browser.submit(browser.get('/account/email'), email='thief@example.net')
    link = people.link_in(people.wait_for_mail(site, 'thief@example.net'))
    browser.submit(browser.get('/account/password'), current=alice.password, password=NEW)
    assert people.Browser(site).get(link).status == 410
    assert site.cli('account', 'show', alice.email)['email'] == alice.email


def test_links_to_the_old_address_end_with_it(site, browser):
    alice = people.sign_up_account(site, browser=browser)
    ask_reset(site, alice.email)
    reset = people.link_in(people.wait_for_mail(site, alice.email))
    browser.submit(browser.get('/account/email'), email='away@example.net')
    anywhere = people.Browser(site)
    people.sign_in(anywhere, alice)
    page = anywhere.get(people.link_in(people.wait_for_mail(site, 'away@example.net')))
    assert anywhere.submit(page, '/verify').status == 200
    assert people.Browser(site).get(reset).status == 410


def test_audit_trail(site, browser):
    alice = people.sign_up_account(site, browser=browser)
    browser.submit(browser.get('/account/password'), current=alice.password, password=NEW)
    browser.submit(browser.get('/account/sessions'), '/signout')
    account = site.cli('account', 'show', alice.email)['account_id']
    trail, after = [], 0
    while True:
        part = worlds.control(site, 'audit.list', limit=500, after_seq=after)['entries']
        trail += part
        if len(part) < 500:
            break
        after = part[-1]['seq']
    actions = [e['action'] for e in trail if e['actor'] == f'account:{account}']
    assert [a for a in actions if a in ('account.create', 'session.create', 'password.change', 'session.end')] == \
        ['account.create', 'session.create', 'password.change', 'session.end']
    assert NEW not in str(trail) and 'argon2' not in str(trail) and 'mml_' not in str(trail)
    assert site.cli('audit', 'verify')


# Management API and bounds

def test_only_who_may_do_everything_makes_admins(site):
    base = site.issuer.rstrip('/') + '/api/v1'
    made = site.cli('client', 'create', '--name', 'hr', '--scope', 'mintmark:accounts:read mintmark:accounts:write')
    token = site.access_token(auth=(made['client_id'], made['client_secret']), resource=base)
    root = people.sign_up_account(site, roles=['Admin'])
    headers = {'Authorization': f'Bearer {token}'}

    def call(method, path, body=None):
        return site.http.request(method, site.url('/api/v1' + path), json=body, headers=headers, timeout=60)
    good = call('POST', '/invitations', {'email': 'hr1@example.com', 'roles': ['dev']})
    assert good.status_code == 200 and '/invite?token=' in good.json()['link'] and good.json()['mailed'] is True
    for method, path, body in [('POST', '/invitations', {'email': 'hr2@example.com', 'roles': ['Admin']}),
                               ('POST', '/accounts', {'email': 'hr2@example.com', 'roles': ['Admin']}),
                               ('POST', f'/accounts/{root.email}/reset-link', None),
                               ('POST', f'/accounts/{root.email}/factors-reset', None),
                               ('PATCH', f'/accounts/{root.email}', {'email': 'mine@example.com'}),
                               ('PUT', f'/accounts/{good.json()["email"]}/roles', {'roles': ['Admin']})]:
        answer = call(method, path, body)
        assert answer.status_code in (403, 404) and 'link' not in answer.json(), (path, answer.text)


# Restart

def test_sessions_survive_a_restart(new_server):
    server = new_server()
    browser = people.Browser(server)
    people.sign_up_account(server, browser=browser)
    server.stop()
    server.start()
    assert browser.is_signed_in()
