"""What the peers written in Python share: the list of what was checked, and a person at a foreign provider."""
from urllib.parse import urljoin

import people
import requests

SECRET = 'a-secret-of-more-than-thirty-two-characters'
results = []


def check(what, good):
    print(('ok: ' if good else 'FAILED: ') + what)
    results.append(bool(good))


def finish():
    """The last line of a peer's run; its exit status."""
    print(f'{sum(results)} passed, {len(results) - sum(results)} failed')
    return 0 if all(results) and results else 1


def answer_pages(url, back, login):
    """Sign in and agree by the provider's own pages, until it sends the browser back: where to."""
    session = requests.Session()
    session.trust_env = False
    answer = session.get(url, allow_redirects=False, timeout=60)
    for _ in range(20):
        if answer.is_redirect:
            url = urljoin(answer.url, answer.headers['Location'])
            if url.startswith(back):
                return url
            answer = session.get(url, allow_redirects=False, timeout=60)
            continue
        reader = people.Reader()
        reader.feed(answer.text)
        form = reader.forms[0]
        data = {**form.fields, **({'login': login, 'password': 'x'} if 'login' in form.fields else {})}
        answer = session.post(urljoin(answer.url, form.action), data=data, allow_redirects=False, timeout=60)
    raise AssertionError(f'no way back from {answer.url}: {answer.text[:500]}')
