"""People in front of a browser, for flow tests: pages fetched, forms filled, redirects followed, cookies kept.

    browser = Browser(server)
    page = browser.get('/signin')                       # a Page: status, headers, title, forms, text
    page = browser.submit(page, email='…', password='…') # its first form, csrf and hidden fields included; follows 303
    alice = sign_up_account(server)                     # an account with a password, made by an invitation; a Person
    sign_in(browser, alice)                             # by the sign-in page; a Page
    mails(server)                                       # what went to the mail folder, oldest first
"""
import email
import email.policy
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

import harness

PASSWORD = 'tr0mbone gravel sunday kiln'
counter = iter(range(1, 1000000))


@dataclass
class Form:
    action: str = ''
    method: str = 'get'
    id: str = ''
    fields: dict = field(default_factory=dict)   # name: value as the page gives it
    buttons: list = field(default_factory=list)  # (name, value, label)


class Reader(HTMLParser):
    """Just enough of a browser: forms with their fields, headings, links, the text."""

    def __init__(self):
        super().__init__()
        self.forms, self.links, self.words, self.h1 = [], [], [], []
        self.form = self.button = self.select = self.area = self.heading = None

    def handle_starttag(self, tag, attrs):
        a = {k: v or '' for k, v in attrs}
        if tag == 'form':
            self.form = Form(a.get('action', ''), a.get('method', 'get').lower(), a.get('id', ''))
            self.forms.append(self.form)
        elif tag == 'a' and 'href' in a:
            self.links.append(a['href'])
        elif tag == 'h1':
            self.heading = []
        elif self.form is None:
            return
        elif tag == 'input' and a.get('name'):
            kind = a.get('type', 'text')
            if kind == 'submit':
                self.form.buttons.append((a['name'], a.get('value', ''), a.get('value', '')))
            elif kind not in ('checkbox', 'radio') or 'checked' in a:
                self.form.fields[a['name']] = a.get('value', 'on' if kind in ('checkbox', 'radio') else '')
        elif tag == 'button':
            self.button = (a.get('name', ''), a.get('value', ''), [])
        elif tag == 'select':
            self.select = a.get('name', '')
        elif tag == 'option' and self.select and (self.select not in self.form.fields or 'selected' in a):
            self.form.fields[self.select] = a.get('value', '')
        elif tag == 'textarea':
            self.area = a.get('name', '')
            self.form.fields[self.area] = ''

    def handle_endtag(self, tag):
        if tag == 'form':
            self.form = None
        elif tag == 'h1' and self.heading is not None:
            self.h1.append(''.join(self.heading).strip())
            self.heading = None
        elif tag == 'button' and self.button:
            self.form.buttons.append((self.button[0], self.button[1], ''.join(self.button[2]).strip()))
            self.button = None
        elif tag == 'select':
            self.select = None
        elif tag == 'textarea':
            self.area = None

    def handle_data(self, data):
        self.words.append(data)
        if self.heading is not None:
            self.heading.append(data)
        if self.button:
            self.button[2].append(data)
        if self.area is not None and self.form:
            self.form.fields[self.area] += data


class Page:
    def __init__(self, response):
        self.response, self.status, self.headers = response, response.status_code, response.headers
        self.html, self.url = response.text, response.url
        reader = Reader()
        if response.headers.get('Content-Type', '').startswith('text/html'):
            reader.feed(self.html)
        self.forms, self.links = reader.forms, reader.links
        self.title = reader.h1[0] if reader.h1 else ''
        self.text = re.sub(r'\s+', ' ', ' '.join(reader.words)).strip()

    @property
    def path(self):
        return urlsplit(self.url).path

    @property
    def location(self):
        """Path and query of a redirect that was not followed."""
        parts = urlsplit(urljoin(self.url, self.headers['Location']))
        return parts.path + ('?' + parts.query if parts.query else '')

    def form(self, action=None, button=None, **fields):
        """The first form whose action ends so (any but "Sign out" without), with this button, and which has these values already."""
        for form in self.forms:
            ours = not form.action.endswith('/signout') if action is None else urlsplit(form.action).path.endswith(action)
            ours = ours and (button is None or any(label == button for _, _, label in form.buttons))
            if ours and all(form.fields.get(k) == v for k, v in fields.items()):
                return form
        raise AssertionError(f'no such form on {self.url} ({self.status}): {self.text[:500]}')


class Browser:
    """One browser profile: a cookie jar. Redirects of ours are followed, one at a time; others are left to the caller."""

    def __init__(self, server, agent='Mozilla/5.0 (flow test)', source=None):
        self.server, self.session = server, requests.Session()
        self.session.trust_env = False
        self.session.headers.update({'User-Agent': agent, 'Accept': 'text/html'})
        if source:
            self.session.mount('http://', SourceAdapter(source))

    def url(self, path):
        return path if '://' in path else self.server.url(path)

    def request(self, method, path, follow=True, headers=None, **more):
        response = self.session.request(method, self.url(path), allow_redirects=False, timeout=60, headers=headers, **more)
        for _ in range(10):
            ours = follow and response.status_code == 303 and \
                urljoin(response.url, response.headers['Location']).startswith(self.server.url('/'))
            if not ours:
                return Page(response)
            response = self.session.get(urljoin(response.url, response.headers['Location']), allow_redirects=False,
                                        timeout=60, headers=headers)
        raise AssertionError(f'too many redirects, last to {response.headers["Location"]}')

    def get(self, path, follow=True, **more):
        return self.request('GET', path, follow, **more)

    def post(self, path, data=None, follow=True, **more):
        return self.request('POST', path, follow, data=data, **more)

    def submit(self, page, action=None, follow=True, button=None, headers=None, form=None, **fields):
        """Fill the form and send it as a browser does. button: the label of the one that is pressed. A value of None leaves the field out."""
        form = form or page.form(action, button)
        data = dict(form.fields)
        pressed = [b for b in form.buttons if button is None or b[2] == button]
        if pressed and pressed[0][0]:
            data[pressed[0][0]] = pressed[0][1]
        data.update(fields)
        data = {k: v for k, v in data.items() if v is not None}
        target = urljoin(page.url, form.action or page.url)
        origin = '{0.scheme}://{0.netloc}'.format(urlsplit(self.server.issuer))
        if form.method == 'post':
            return self.request('POST', target, follow, data=data,
                                headers={'Origin': origin, 'Sec-Fetch-Site': 'same-origin', **(headers or {})})
        return self.request('GET', target, follow, params=data, headers=headers)

    def cookie(self, name='mintmark'):
        for cookie in self.session.cookies:
            if cookie.name in (name, '__Host-' + name):
                return cookie.value
        return None

    def is_signed_in(self):
        return not self.get('/account/sessions').path.endswith('/signin')


class SourceAdapter(requests.adapters.HTTPAdapter):
    """Connections from another loopback address."""

    def __init__(self, source):
        self.source = source
        super().__init__()

    def init_poolmanager(self, *args, **more):
        super().init_poolmanager(*args, source_address=(self.source, 0), **more)


@dataclass
class Person:
    email: str
    password: str
    name: str
    roles: list


def invite(server, address, *roles):
    """The link of an invitation, by the command line."""
    made = server.cli('account', 'invite', address, *(x for role in roles for x in ('--role', role)))
    return made['link']


def sign_up_account(server, email=None, name=None, password=PASSWORD, roles=(), browser=None):
    """An account with a password; its owner stays signed in in `browser`, when one is given."""
    number = next(counter)
    person = Person(email or f'person{number}@example.com', password, name or f'Person {number}', list(roles))
    browser = browser or Browser(server)
    page = browser.get(invite(server, person.email, *roles))
    assert page.status == 200, page.text
    page = browser.submit(page, name=person.name, password=person.password, follow=False)
    assert page.status == 303, page.text
    return person


def sign_in(browser, person, password=None, continue_to=None, follow=True):
    """The page behind the sign-in, or the sign-in page with what was wrong."""
    page = browser.get('/signin', params={'continue': continue_to} if continue_to else None)
    return browser.submit(page, '/signin', follow=follow, email=person.email, password=password or person.password)


def mails(server, to=None):
    """Parsed messages of the mail folder."""
    found = []
    for path in sorted((server.var / 'mail').glob('*.eml')):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if to is None or message['To'] == to:
            found.append(message)
    return found


def wait_for_mail(server, to, count=1):
    """The newest of at least `count` mails to an address."""
    return harness.wait_until(lambda: (lambda m: len(m) >= count and m)(mails(server, to)), f'mail to {to}')[-1]


def link_in(message):
    """The one link of a mail."""
    links = re.findall(r'https?://\S+', message.get_content())
    return next(link for link in links if 'token=' in link)
