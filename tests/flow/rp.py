"""A relying party for flow tests, over plain HTTP; id tokens are verified by Authlib, which knows nothing of us.

    app = App(server, '--scope', 'openid email')       # an app made by the command line; confidential unless --public
    answer = app.login(browser, person)                # authorize, sign in, agree: the parameters of the answer
    tokens = app.redeem(answer)                        # the token endpoint's JSON
    claims = app.check(tokens['id_token'], nonce=…)    # verified by Authlib
"""
import base64
import hashlib
import secrets
import urllib.parse
from urllib.parse import parse_qs, urlsplit

from authlib.jose import JsonWebKey, jwt
from authlib.oidc.core import CodeIDToken

import people

REDIRECT = 'https://app.example/cb'


def pair():
    """(code_verifier, code_challenge)"""
    verifier = secrets.token_urlsafe(48)
    return verifier, base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b'=').decode()


def one_each(query):
    """Parameters of an answer; none may come twice."""
    fields = parse_qs(query, strict_parsing=True, keep_blank_values=True)
    assert all(len(v) == 1 for v in fields.values()), query
    return {k: v[0] for k, v in fields.items()}


class App:
    def __init__(self, server, *options, redirect=REDIRECT, name='Sample app', scope='openid profile email roles offline_access',
                 family='oauth2'):
        self.server, self.redirect, self.family = server, redirect, family
        redirects = [redirect] if isinstance(redirect, str) else redirect
        self.redirect = redirects[0]
        self.made = server.cli('client', 'create', '--kind', 'app', '--name', name, '--scope', scope,
                               *(x for uri in redirects for x in ('--redirect-uri', uri)), *options)
        self.id, self.secret = self.made['client_id'], self.made.get('client_secret')
        self.verifier = None

    # Requests

    def params(self, **more):
        """A good authorization request; None leaves a parameter out."""
        self.verifier, challenge = pair()
        found = {'response_type': 'code', 'client_id': self.id, 'redirect_uri': self.redirect, 'scope': 'openid email',
                 'state': secrets.token_urlsafe(8), 'nonce': secrets.token_urlsafe(8), 'code_challenge': challenge,
                 'code_challenge_method': 'S256', **more}
        return {k: v for k, v in found.items() if v is not None}

    def path(self, **more):
        return f'/{self.family}/authorize?' + urllib.parse.urlencode(self.params(**more), doseq=True)

    def auth(self):
        return (self.id, self.secret) if self.secret else None

    def post(self, endpoint, form, auth='own'):
        auth = self.auth() if auth == 'own' else auth
        form = form if auth else {'client_id': self.id, **form}
        return self.server.post(f'/{self.family}/{endpoint}', form, auth=auth)

    def push(self, **more):
        return self.post('par', self.params(**more))

    # The way through the browser

    def answer(self, page):
        """Of a redirect to the app: its parameters."""
        assert page.status == 303, f'{page.status}: {page.text}'
        where = page.headers['Location']
        assert where.startswith(self.redirect), where
        return one_each(urlsplit(where).query)

    def walk(self, browser, page, person=None, button='Allow'):
        """Sign in and agree where asked, until the browser would leave."""
        for _ in range(4):
            if page.status == 303 or 'Back to' in page.title:
                return page
            if page.path.endswith('/signin'):
                page = browser.submit(page, '/signin', email=person.email, password=person.password)
            else:
                assert page.path.endswith('/authorize'), f'{page.url}: {page.text}'
                page = browser.submit(page, '/consent', button=button)
        raise AssertionError(f'no end: {page.url}')

    def login(self, browser, person=None, path=None, button='Allow', **more):
        return self.answer(self.walk(browser, browser.get(path or self.path(**more)), person, button))

    # The way beside it

    def redeem(self, answer, check=True, auth='own', **more):
        form = {'grant_type': 'authorization_code', 'code': answer['code'], 'redirect_uri': self.redirect,
                'code_verifier': self.verifier, **more}
        return self.token(form, check, auth)

    def refresh(self, token, check=True, auth='own', **more):
        return self.token({'grant_type': 'refresh_token', 'refresh_token': token, **more}, check, auth)

    def token(self, form, check=True, auth='own'):
        response = self.post('token', {k: v for k, v in form.items() if v is not None}, auth)
        assert response.headers['Cache-Control'] == 'no-store'
        assert not check or response.status_code == 200, response.text
        return response.json() if check else response

    def userinfo(self, token, method='GET'):
        return self.server.http.request(method, self.server.url(f'/{self.family}/userinfo'), timeout=60,
                                        headers={'Authorization': f'Bearer {token}'})

    def check(self, id_token, nonce=None, access_token=None, alg='RS256'):
        """OpenID Connect Core 3.1.3.7, by Authlib."""
        keys = JsonWebKey.import_key_set(self.server.get('/.well-known/jwks.json').json())
        claims = jwt.decode(id_token, keys, claims_cls=CodeIDToken,
                            claims_options={'iss': {'essential': True, 'value': self.server.issuer},
                                            'aud': {'essential': True, 'value': self.id}},
                            claims_params={'nonce': nonce, 'client_id': self.id, 'access_token': access_token})
        assert claims.header['alg'] == alg
        claims.validate()
        return claims


def signed_in(server, **more):
    """(browser, person) with a session."""
    browser = people.Browser(server)
    return browser, people.sign_up_account(server, browser=browser, **more)
