"""Settings, Tokens: the pages on which people make, see, rotate and end client ids and secrets. ATTACKS 47."""
import html
import re

import pytest

import harness
from people import Browser, sign_in, sign_up_account

SECRET = re.compile(r'mms_[0-9A-Za-z]{49}')
ID = re.compile(r'mmc_[0-9A-Za-z]{22}')


@pytest.fixture(scope='module')
def alice(server):
    browser = Browser(server)
    sign_up_account(server, browser=browser)
    return browser


def tick(page, *scopes):
    """Values of the checkboxes of these scopes."""
    values = [html.unescape(v) for v in re.findall(r'name="scope" value="([^"]*)"', page.html)]
    found = [v for v in values if v.split(' ', 1)[1] in scopes]
    assert len(found) == len(scopes), values
    return found


def create(browser, name='nightly', scopes=('openid',), **fields):
    """A credential by the form: (page with the secret, client id, secret)."""
    page = browser.get('/tokens/new')
    assert page.status == 200, page.text
    page = browser.submit(page, '/tokens/new', name=name, scope=tick(page, *scopes), **{'expiry': '30', **fields})
    assert page.status == 200 and page.path == '/tokens/made', page.text
    return page, ID.search(page.html)[0], SECRET.search(page.html)[0]


def token(server, client_id, secret, **more):
    return server.token(auth=(client_id, secret), **more)


def test_made_used_rotated_ended(server, alice):
    page, client_id, secret = create(alice, 'nightly report')
    assert f"curl -u '{client_id}:{secret}'" in html.unescape(page.html)
    assert f"MINTMARK_CLIENT_SECRET='{secret}'" in html.unescape(page.html)
    assert token(server, client_id, secret).status_code == 200

    listed = alice.get('/tokens')
    assert 'nightly report' in listed.text and secret[-4:] in listed.html and secret not in listed.html
    assert 'ago from 127.0.0.1' in alice.get('/tokens').text
    assert 'Used 1 times in the last 30 days' in alice.get('/tokens').html

    page = alice.get('/tokens/rotate', params={'id': client_id})
    page = alice.submit(page, '/tokens/rotate', overlap='1h', expiry='never')
    fresh = SECRET.search(page.html)[0]
    assert fresh != secret
    assert token(server, client_id, secret).status_code == token(server, client_id, fresh).status_code == 200
    shown = alice.get('/tokens/show', params={'id': client_id})  # at once: nothing waits for usage.flush_s
    assert 'A rotation is under way' in shown.text and re.search(r'was last used \d+ \w+ ago from 1 host', shown.text)
    assert re.search(r'New secret: …\S{4} You 127\.0\.0\.1 .* Created You 127\.0\.0\.1', shown.text), shown.text

    old = re.search(r'/tokens/revoke\?id=' + client_id + r'&amp;secret=(mmk_\w+)', shown.html)[1]
    page = alice.get('/tokens/revoke', params={'id': client_id, 'secret': old})
    page = alice.submit(page, '/tokens/revoke')
    assert 'A rotation is under way' not in page.text
    assert token(server, client_id, secret).status_code == 401
    assert token(server, client_id, fresh).status_code == 200

    page = alice.submit(alice.get('/tokens/edit', params={'id': client_id}), '/tokens/edit', name='weekly <b>')
    assert 'weekly &lt;b&gt;' in page.html
    page = alice.submit(alice.get('/tokens/disable', params={'id': client_id}), '/tokens/disable')
    assert token(server, client_id, fresh).status_code == 401
    alice.submit(alice.get('/tokens/enable', params={'id': client_id}), '/tokens/enable')
    assert token(server, client_id, fresh).status_code == 200
    page = alice.submit(alice.get('/tokens/delete', params={'id': client_id}), '/tokens/delete')
    assert page.path == '/tokens' and client_id not in page.html
    assert token(server, client_id, fresh).status_code == 401


def test_a_rotation_is_not_called_finished_while_a_use_is_only_in_memory(server, alice):
    """The page knows of uses that wait for the next flush."""
    _, client_id, secret = create(alice, 'rotated')
    page = alice.submit(alice.get('/tokens/rotate', params={'id': client_id}), '/tokens/rotate', overlap='1h', expiry='never')
    assert SECRET.search(page.html)
    assert 'was never used' in alice.get('/tokens/show', params={'id': client_id}).text
    assert token(server, client_id, secret).status_code == 200
    shown = alice.get('/tokens/show', params={'id': client_id}).text
    assert 'Something uses it still' in shown and 'was never used' not in shown and 'Finish the rotation' not in shown


def test_rotation_without_overlap_ends_the_old_secret_and_regenerating_the_tokens_too(server, alice):
    _, client_id, first = create(alice)
    page = alice.submit(alice.get('/tokens/rotate', params={'id': client_id}), '/tokens/rotate', overlap='0', expiry='90')
    second = SECRET.search(page.html)[0]
    assert token(server, client_id, first).status_code == 401
    page = alice.submit(alice.get('/tokens/regenerate', params={'id': client_id}), '/tokens/regenerate', expiry='365')
    third = SECRET.search(page.html)[0]
    assert token(server, client_id, second).status_code == 401
    assert token(server, client_id, third).status_code == 200


def test_attack_47_a_secret_is_shown_once(server, alice):
    page, client_id, secret = create(alice)
    assert page.headers['Cache-Control'] == 'no-store'
    again = alice.get('/tokens/made', params={'id': client_id})  # reload, back, a second tab
    assert again.status == 200 and secret not in again.html and 'shown already' in again.text
    made = alice.submit(alice.get('/tokens/new'), '/tokens/new', follow=False, name='twice', scope=tick(alice.get('/tokens/new'), 'openid'),
                        expiry='30')
    cookie = '; '.join(f'{c.name}={c.value}' for c in alice.session.cookies)  # a browser that keeps what it should forget
    pages = [alice.get(made.location, headers={'Cookie': cookie}).html for _ in range(2)]
    assert [bool(SECRET.search(page)) for page in pages] == [True, False]
    stored = b''.join(f.read_bytes() for f in (server.var / 'store').iterdir() if f.is_file())
    assert secret.encode() not in stored


def test_attack_47_a_browser_that_asks_for_the_head_does_not_use_the_secret_up(server, alice):
    page = alice.get('/tokens/new')
    page = alice.submit(page, '/tokens/new', follow=False, name='x', scope=tick(page, 'openid'), expiry='30')
    assert page.status == 303
    alice.session.head(alice.url(page.location), timeout=60)
    assert SECRET.search(alice.get(page.location).html)


def test_attack_47_stored_markup_stays_text(server, alice):
    name = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{csrf}}'
    _, client_id, _ = create(alice, name)
    for path in ('/tokens', f'/tokens/show?id={client_id}', f'/tokens/edit?id={client_id}', f'/tokens/delete?id={client_id}'):
        page = alice.get(path)
        assert page.status == 200 and '<script>' not in page.html and '<img' not in page.html
        assert '&lt;script&gt;' in page.html and '{{csrf}}' in page.html


def test_attack_47_changes_need_the_forms_secret(server, alice):
    _, client_id, secret = create(alice)
    for path in ('rotate', 'regenerate', 'delete', 'disable', 'edit'):
        form = {'id': client_id, 'overlap': '0', 'expiry': '30', 'name': 'x'}
        for csrf in ({}, {'csrf': ''}, {'csrf': 'A' * 43}):
            page = alice.post(f'/tokens/{path}', data={**form, **csrf}, follow=False)
            assert page.status == 403 and 'was not accepted' in page.text
        page = alice.get(f'/tokens/{path}', params={'id': client_id})
        for headers in ({'Origin': 'https://evil.example'}, {'Sec-Fetch-Site': 'cross-site'}):
            assert alice.submit(page, f'/tokens/{path}', follow=False, headers=headers, overlap='0',
                                expiry='30').status == 403
    assert token(server, client_id, secret).status_code == 200


def test_attack_47_pages_can_not_be_framed_or_kept(server, alice):
    _, client_id, _ = create(alice)
    for path in ('/tokens', '/tokens/new', f'/tokens/show?id={client_id}', '/signin', '/tokens/show?id=none'):
        headers = alice.get(path).headers
        policy = headers['Content-Security-Policy']
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
        assert 'unsafe' not in policy and "form-action 'self'" in policy
        assert headers['X-Frame-Options'] == 'DENY' and headers['Cache-Control'] == 'no-store'
        assert headers['Referrer-Policy'] == 'no-referrer' and headers['X-Content-Type-Options'] == 'nosniff'


def test_attack_47_what_is_anothers_is_not_there(server, alice):
    _, client_id, secret = create(alice)
    bob = Browser(server)
    sign_up_account(server, browser=bob)
    service = server.client()[0]
    for target in (client_id, service, 'none', ''):
        for path in ('show', 'edit', 'rotate', 'regenerate', 'delete', 'disable', 'enable', 'made'):
            page = bob.get(f'/tokens/{path}', params={'id': target})
            assert page.status == 404 and client_id not in page.html
    csrf = bob.get('/tokens/new').form('/tokens/new').fields['csrf']
    for path in ('rotate', 'regenerate', 'delete', 'disable'):
        page = bob.post(f'/tokens/{path}', data={'csrf': csrf, 'id': client_id, 'overlap': '0', 'expiry': '30'})
        assert page.status == 404
    assert bob.get('/admin').status == bob.get('/admin/clients').status == 404  # as if there were no such page
    assert token(server, client_id, secret).status_code == 200


def test_nobody_signed_in_is_sent_to_sign_in_and_comes_back(server):
    browser = Browser(server)
    person = sign_up_account(server)
    page = browser.get('/tokens/new?x=1', follow=False)
    assert page.status == 303 and page.location.startswith('/signin?continue=%2Ftokens%2Fnew%3Fx%3D1')
    page = sign_in(browser, person, continue_to='/tokens/new?x=1')
    assert page.path == '/tokens/new' and page.status == 200


def test_networks_bound_where_a_credential_works(server, alice):
    _, client_id, secret = create(alice, 'elsewhere', networks='192.0.2.0/24\n2001:db8::/32')
    answer = token(server, client_id, secret)
    # Right secret, wrong network: not invalid_client, which makes SDKs throw their credentials away.
    assert answer.status_code == 400 and answer.json()['error'] == 'unauthorized_client'
    assert token(server, client_id, 'mms_' + 'a' * 49).status_code == 401
    for _ in range(3):
        assert token(server, client_id, secret).status_code == 400
    entries = server.cli('audit', 'list')['entries']
    assert [e['target'] for e in entries if e['action'] == 'client.network'] == [client_id]  # told once
    page = alice.submit(alice.get('/tokens/edit', params={'id': client_id}), '/tokens/edit', networks='127.0.0.0/8')
    assert '127.0.0.0/8' in page.text
    assert token(server, client_id, secret).status_code == 200
    page = alice.submit(alice.get('/tokens/edit', params={'id': client_id}), '/tokens/edit', networks='127.0.0.1/8')
    assert page.status == 400 and 'networks must be' in page.text


def test_what_can_not_be_read_is_said_and_kept(server, alice):
    page = alice.get('/tokens/new')
    for fields in ({'name': ''}, {'expiry': 'soon'}, {'expiry': 'date', 'day': '2020-01-01'}, {'expiry': 'date', 'day': 'x'},
                   {'networks': 'nonsense'}, {'name': 'a\x07b'}):
        form = {'name': 'kept', 'expiry': '30', 'scope': tick(page, 'openid'), **fields}
        answer = alice.submit(page, '/tokens/new', **form)
        assert answer.status == 400 and 'role="alert"' in answer.html, fields
        assert re.search(r'value="- openid" checked', answer.html)


def test_scopes_are_bounded_by_policy(server, alice):
    page = alice.get('/tokens/new')
    assert 'mintmark:' not in page.html  # the management API is nobody's by self-service
    apis = server.cli('api', 'list')['apis']
    management = next(a for a in apis if a['audience'].endswith('/api/v1'))
    answer = alice.submit(page, '/tokens/new', name='x', expiry='30',
                          scope=[f"{management['api_id']} {management['scopes'][0]['name']}"])
    assert answer.status == 400 and 'can not be given' in answer.text


def ticked(page):
    """What the page's checkboxes say: {scope: checked}."""
    boxes = re.findall(r'name="scope" value="\S+ ([^"]*)"( checked)?', page.html)
    return {html.unescape(scope): bool(on) for scope, on in boxes}


def test_a_credential_has_a_scope(server, alice):
    page = alice.get('/tokens/new')
    assert [scope for scope, on in ticked(page).items() if on] == ['openid', 'email']
    answer = alice.submit(page, '/tokens/new', name='useless', expiry='30', scope=None)
    assert answer.status == 400 and 'at least one scope' in answer.text
    assert 'useless' not in alice.get('/tokens').text


def test_scopes_are_changed(server, alice):
    """What the form ticks is what the next token may have; what self-service may not give is refused, or kept when it is there."""
    _, client_id, secret = create(alice, 'changing', ('openid', 'email'))
    page = alice.get('/tokens/edit', params={'id': client_id})
    assert [scope for scope, on in ticked(page).items() if on] == ['openid', 'email']
    page = alice.submit(page, '/tokens/edit', name='changed', scope=tick(page, 'profile', 'email'))
    assert page.path == '/tokens/show' and 'changed' in page.text
    assert set(token(server, client_id, secret).json()['scope'].split()) == {'profile', 'email'}
    assert token(server, client_id, secret, scope='openid').json()['error'] == 'invalid_scope'
    page = alice.get('/tokens/edit', params={'id': client_id})
    assert not ticked(page)['openid'] and 'offline_access' not in ticked(page)
    kept = alice.submit(page, '/tokens/edit', name='', scope=tick(page, 'roles'))
    assert kept.status == 400 and [scope for scope, on in ticked(kept).items() if on] == ['roles']
    assert alice.submit(page, '/tokens/edit', scope=None).status == 400
    apis = server.cli('api', 'list')['apis']
    management = next(a for a in apis if a['audience'].endswith('/api/v1'))
    assert 'mintmark:' not in page.html
    for foreign in ('- offline_access', f"{management['api_id']} mintmark:keys:read"):
        answer = alice.submit(page, '/tokens/edit', scope=[*tick(page, 'email'), foreign])
        assert answer.status == 400 or 'offline' in foreign
        assert set(token(server, client_id, secret).json()['scope'].split()) <= {'profile', 'email'}

    server.cli('client', 'update', client_id, '--scope', 'email mintmark:keys:read', '--api', management['audience'],
               '--hold-nothing')
    page = alice.get('/tokens/edit', params={'id': client_id})
    assert ticked(page)['mintmark:keys:read'] and 'mintmark:keys:write' not in ticked(page)
    alice.submit(page, '/tokens/edit', name='kept', scope=tick(page, 'email', 'openid', 'mintmark:keys:read'))
    shown = alice.get('/tokens/show', params={'id': client_id}).text
    assert 'mintmark:keys:read' in shown and 'openid' in shown


def test_what_an_administrator_did_its_owner_can_not_undo(server, alice, admin):
    _, client_id, secret = create(alice, 'watched', ('openid', 'email'))
    alice.submit(alice.get('/tokens/disable', params={'id': client_id}), '/tokens/disable')
    page = admin.get('/admin/clients/show', params={'id': client_id})
    assert 'Disabled by its owner' in page.text
    admin.submit(admin.get('/admin/clients/enable', params={'id': client_id}), '/admin/clients/enable')
    admin.submit(admin.get('/admin/clients/disable', params={'id': client_id}), '/admin/clients/disable')
    assert token(server, client_id, secret).status_code == 401

    page = alice.get('/tokens/show', params={'id': client_id})
    assert 'Disabled by an administrator' in page.text and not any('/tokens/enable' in link for link in page.links)
    page = alice.submit(alice.get('/tokens/enable', params={'id': client_id}), '/tokens/enable')  # typed by hand
    assert page.status == 400 and 'An administrator disabled this credential' in page.text
    assert token(server, client_id, secret).status_code == 401
    shown = server.cli('client', 'show', client_id)
    assert shown['disabled_by'] == 'admin' and shown['held'] == ['disabled']
    server.cli('client', 'enable', client_id)
    assert token(server, client_id, secret).status_code == 200

    server.cli('client', 'update', client_id, '--scope', 'openid', '--network', '192.0.2.0/24')
    page = alice.get('/tokens/edit', params={'id': client_id})
    offered = [html.unescape(v).split(' ', 1)[1] for v in re.findall(r'name="scope" value="([^"]*)"', page.html)]
    assert offered == ['openid'] and 'networks' not in page.form('/tokens/edit').fields
    for more in ({'scope': ['- openid', '- email']}, {'scope': ['- openid'], 'networks': ''}):
        page = alice.submit(alice.get('/tokens/edit', params={'id': client_id}), '/tokens/edit', **more)
    shown = server.cli('client', 'show', client_id)
    assert shown['scope'] == 'openid' and shown['networks'] == ['192.0.2.0/24'] and shown['held'] == ['scopes', 'networks']
    page = admin.get('/admin/clients/edit', params={'id': client_id})
    admin.submit(page, '/admin/clients/edit', scope=tick(page, 'openid'), release='1', networks='')
    alice.submit(alice.get('/tokens/edit', params={'id': client_id}), '/tokens/edit', scope=['- openid', '- email'],
                 networks='127.0.0.0/8')
    shown = server.cli('client', 'show', client_id)
    assert set(shown['scope'].split()) == {'openid', 'email'} and shown['networks'] == ['127.0.0.0/8'] and shown['held'] == []
    assert token(server, client_id, secret).status_code == 200


def test_history_has_no_end(server, alice):
    _, client_id, _ = create(alice, 'long lived')
    for path in ['disable', 'enable'] * 11:
        alice.submit(alice.get(f'/tokens/{path}', params={'id': client_id}), f'/tokens/{path}')
    page = alice.get('/tokens/show', params={'id': client_id})
    assert len(re.findall('(?:En|Dis)abled You', page.text)) == 20 and 'Created You' not in page.text
    older = next(html.unescape(link) for link in page.links if 'before=' in link)
    page = alice.get(older.split('#')[0])
    assert len(re.findall('(?:En|Dis)abled You', page.text)) == 2 and 'Created You' in page.text
    assert not any('before=' in link for link in page.links)
    assert alice.get('/tokens/show', params={'id': client_id, 'before': 'x'}).status == 404


def test_pages_are_small(server):
    browser = Browser(server)
    page = browser.get('/signin')
    assets = [html.unescape(a) for a in re.findall(r'(?:href|src)="([^"]*/static/[^"]+)"', page.html)]
    total = 0
    for path in [page.url, *assets]:
        answer = browser.session.get(browser.url(path), timeout=60)
        total += len(answer.content) + sum(len(k) + len(v) + 4 for k, v in answer.headers.items())
        if path in assets:
            assert answer.status_code == 200 and 'max-age=31536000' in answer.headers['Cache-Control']
            same = browser.session.get(browser.url(path), headers={'If-None-Match': answer.headers['ETag']}, timeout=60)
            assert same.status_code == 304
    assert len(assets) >= 2 and total < 15000
    assert not re.search(r'(?:src|href)="https?://', page.html)


def test_account_page_leads_everywhere(server):
    browser = Browser(server)
    person = sign_up_account(server, browser=browser)
    page = browser.get('/account')
    assert page.status == 200 and page.title == person.name and person.email in page.text
    assert 'Browsers: 1, this one included' in page.text
    assert browser.get('/account/apps').status == 200 and 'No app may act for you' in browser.get('/account/apps').text
    assert browser.get('/account/apps/end', params={'id': 'mmc_' + 'a' * 22}).status == 404


@pytest.fixture(scope='module')
def admin(server):
    browser = Browser(server)
    sign_up_account(server, browser=browser, roles=['Admin'])
    return browser


def test_admin_sees_everything_and_shows_figures(server, admin):
    server.token()
    server.token(auth=('mmc_' + 'a' * 22, 'wrong'))
    page = admin.get('/admin')
    assert page.status == 200 and 'The last hour, by minute' in page.text and '<path d="M' in page.html
    assert server.client()[0] in page.html and re.search(r'[1-9]\d* tokens, +[1-9]\d* failures', page.text)
    for name, bars in (('The last hour, by minute', 60), ('The last day, by hour', 24)):  # the same for who does not see the picture
        table = page.html.split(f'aria-label="{name}"')[1].split('</table>')[0]
        rows = re.findall(r'<th scope="row">\d\d:\d\d</th><td class="n">(\d+)</td><td class="n">(\d+)</td>', table)
        assert len(rows) == bars and sum(int(t) for t, _ in rows) > 0 < sum(int(f) for _, f in rows)
    for path in ('clients', 'accounts', 'apis', 'keys', 'audit'):
        page = admin.get(f'/admin/{path}')
        assert page.status == 200, (path, page.text)
    assert 'client.create' in page.text and 'Page 1 of' in page.text
    assert 'active' in admin.get('/admin/keys').text
    found = admin.get('/admin/audit', params={'search': server.client()[0]})
    assert server.client()[0] in found.html and 'account.create' not in found.text
    page = admin.submit(admin.get('/admin/audit/verify'), '/admin/audit/verify')
    assert 'entries fit' in page.text
    assert admin.get('/admin/clients/show', params={'id': server.client()[0]}).status == 200
    assert admin.get('/admin/clients', params={'find': server.client()[0]}).path == '/admin/clients/show'


def test_admin_invites_changes_and_deletes_accounts(server, admin):
    page = admin.submit(admin.get('/admin/accounts/invite'), '/admin/accounts/invite', email='carol@example.com', roles='Pilot')
    link = re.search(r'<pre id="link"[^>]*>([^<]+)</pre>', page.html)
    assert page.status == 200 and '/invite?token=' in html.unescape(link[1])
    bob = Browser(server)
    person = sign_up_account(server, browser=bob)
    listed = admin.get('/admin/accounts', params={'search': person.email})
    account = re.search(r'/admin/accounts/show\?id=(mma_\w+)', listed.html)[1]
    page = admin.submit(admin.get('/admin/accounts/roles', params={'id': account}), '/admin/accounts/roles', roles='Pilot Cook')
    assert page.path == '/admin/accounts/show' and 'Pilot Cook' in page.text
    assert bob.get('/tokens').path == '/tokens'
    admin.submit(admin.get('/admin/accounts/disable', params={'id': account}), '/admin/accounts/disable')
    assert bob.get('/tokens').path == '/signin'
    admin.submit(admin.get('/admin/accounts/enable', params={'id': account}), '/admin/accounts/enable')
    assert sign_in(bob, person).status == 200
    page = admin.submit(admin.get('/admin/accounts/delete', params={'id': account}), '/admin/accounts/delete')
    assert page.path == '/admin/accounts'
    assert admin.get('/admin/accounts/show', params={'id': account}).status == 404
    assert admin.submit(admin.get('/admin/accounts/invite'), '/admin/accounts/invite', email='no address').status == 400


OPENAPI = '''openapi: 3.0.3
info: {title: T, version: "1"}
paths:
  /pets:
    get: {security: [{o: ["pets:read"]}], responses: {"200": {description: ok}}}
    post: {security: [{o: ["pets:write", "pets:admin"]}, {o: ["pets:all"]}], responses: {"200": {description: ok}}}
    delete: {security: [{o: ["pets:drop"]}], responses: {"200": {description: ok}}}
  /open:
    get: {security: [], responses: {"200": {description: ok}}}
components:
  securitySchemes:
    o: {type: openIdConnect, openIdConnectUrl: "https://id.example/.well-known/openid-configuration"}
'''


def test_admin_makes_apis_imports_scopes_rotates_keys(server, admin):
    page = admin.submit(admin.get('/admin/apis/new'), '/admin/apis/new', audience='https://pets.example', name='Pets',
                        scopes='pets:list  Lists them\r\npets:drop\r\n')
    assert page.path == '/admin/apis', page.text
    api = re.search(r'/admin/apis/show\?id=(mmr_\w+)">https://pets.example', page.html)[1]
    assert 'pets:list Lists them' in admin.get('/admin/apis/show', params={'id': api}).text
    edit = admin.get('/admin/apis/edit', params={'id': api})
    assert edit.form('/admin/apis/edit').fields['scopes'].split() == ['pets:list', 'Lists', 'them', 'pets:drop']
    form = admin.get('/admin/apis/import', params={'id': api})
    assert admin.submit(form, '/admin/apis/import', scopes='{').status == 400
    page = admin.submit(form, '/admin/apis/import', scopes=OPENAPI)
    assert 'GET /pets pets:read ' in page.text and 'GET /open nothing: it is open to everybody' in page.text
    assert 'POST /pets pets:admin and pets:write, or pets:all' in page.text
    assert 'New pets:admin pets:all pets:read pets:write Stay pets:drop Go pets:list' in \
        re.sub(r'New ([^A-Z]*)', lambda m: f'New {" ".join(sorted(m[1].split()))} ', page.text)
    assert 'pets:list Lists them' in admin.get('/admin/apis/show', params={'id': api}).text  # nothing happened yet
    page = admin.submit(page, '/admin/apis/import')
    assert 'pets:read GET /pets' in page.text and 'pets:write POST /pets' in page.text and 'pets:list' not in page.text
    before = len(re.findall('<tr>', admin.get('/admin/keys').html))
    page = admin.submit(admin.get('/admin/keys/rotate'), '/admin/keys/rotate')
    assert page.path == '/admin/keys' and len(re.findall('<tr>', page.html)) >= before
    page = admin.submit(admin.get('/admin/apis/delete', params={'id': api}), '/admin/apis/delete')
    assert 'https://pets.example' not in page.text


def test_admin_pages_are_nobody_elses(server, alice):
    paths = re.findall(r'"(/admin[^"]*)"', (harness.ROOT / 'src/server/route.c').read_text())
    assert len(paths) > 25
    for path in paths:
        assert alice.get(path, follow=False).status == 404, path
        assert Browser(server).get(path, follow=False).status == 303, path
        assert alice.post(path, data={'csrf': 'x'}, follow=False).status in (404, 405), path


def test_admin_finds_clients_by_id_and_name(server, admin):
    ids = [server.cli('client', 'create', '--name', f'needle {i} <b>')['client_id'] for i in range(3)]
    page = admin.get('/admin/clients', params={'find': ids[1]})
    assert page.path == '/admin/clients/show' and 'needle 1 <b>' in page.text
    page = admin.get('/admin/clients', params={'find': 'eedle'})
    assert page.status == 200 and '3 found' in page.text and all(i in page.text for i in ids)
    for nothing in ('no such client', 'mmc_' + 'x' * 22, '"><script>absent', '%', 'x' * 150):
        page = admin.get('/admin/clients', params={'find': nothing})
        assert page.status == 200 and 'There is no such client' in page.text and '<script>absent' not in page.html, nothing
    assert admin.get('/admin/clients', params={'find': 'x' * 300}).status in (200, 400)


def test_find_is_for_admins(server, alice):
    """A person's own list has no search, so it tells nothing of others."""
    _, own, _ = create(alice, 'mine alone')
    other = server.cli('client', 'create', '--name', 'mine too')['client_id']
    for text in (other, 'mine'):
        page = alice.get('/tokens', params={'find': text})
        assert page.path == '/tokens' and own in page.text and other not in page.text
