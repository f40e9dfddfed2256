/* URLs of RFC 9728; see resource.h. */
#include "gate/resource.h"

static const struct str well_known = {"/.well-known/oauth-protected-resource", 37};

static size_t scheme_len(struct str url)
{
	return str_has_prefix(url, STR("https://")) ? 8 : str_has_prefix(url, STR("http://")) ? 7 : 0;
}

/* Where scheme and host end. */
static size_t host_end(struct str url)
{
	size_t at = scheme_len(url);
	while (at < url.len && url.p[at] != '/' && url.p[at] != '?')
		at++;
	return at;
}

/* Path and query; RFC 9728 3.1: a slash that ends the host is no path. */
static struct str tail_of(struct str url)
{
	size_t at = host_end(url);
	struct str tail = {url.p + at, url.len - at};
	return str_eq(tail, STR("/")) ? (struct str){"", 0} : tail;
}

bool resource_is_url(struct str resource)
{
	size_t scheme = scheme_len(resource);
	if (scheme == 0 || host_end(resource) == scheme)
		return false;
	for (size_t i = 0; i < resource.len; i++)
		if (resource.p[i] <= 0x20 || resource.p[i] >= 0x7f || strchr("\"\\#<>", resource.p[i]))
			return false;
	return true;
}

void resource_put_metadata_url(struct str resource, struct buf *out)
{
	buf_put(out, (struct str){resource.p, host_end(resource)});
	buf_put(out, well_known);
	buf_put(out, tail_of(resource));
}

bool resource_is_metadata_path(struct str resource, struct str path)
{
	struct str tail = tail_of(resource), want, rest;
	if (!str_has_prefix(path, well_known))
		return false;
	path = (struct str){path.p + well_known.len, path.len - well_known.len};
	want = tail;
	(void)str_cut(tail, '?', &want, &rest);
	return path.len == 0 || str_eq(path, want);
}
