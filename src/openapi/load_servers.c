/*
 * `servers`: only the path of a server's URL counts here, as what stands before every path of the document. OpenAPI
 * 3.1.0 4.8.5, 4.8.6. See load.h.
 */
#include "openapi/load.h"

enum { URL_MAX = 2048, SERVERS_MAX = 256, CHOICES_MAX = 256 };

/* Whether text, the front of a URL, reaches into its path. */
static bool has_path(struct str text)
{
	struct str scheme, rest;
	if (str_cut(text, ':', &scheme, &rest) && str_has_prefix(rest, STR("//")))
		text = (struct str){rest.p + 2, rest.len - 2};
	return str_find(text, '/') < text.len;
}

/* In a host a choice does not matter; in a path each is another path. */
static bool is_uncertain(const struct tree *choice, struct str front)
{
	if (!tree_is(choice, TREE_LIST) || choice->n < 2)
		return false;
	bool uncertain = has_path(front);
	for (size_t i = 0; i < choice->n && i < CHOICES_MAX; i++)
		uncertain = uncertain || !tree_is(choice->items[i], TREE_STR) || has_path(choice->items[i]->text);
	return uncertain || choice->n > CHOICES_MAX;
}

/* The value that a variable in a server's URL has when nobody chooses another one. */
static int put_variable(const struct load *load, const struct tree *server, struct str name, struct buf *url)
{
	const struct tree *variable = tree_get(tree_get(server, STR("variables")), name);
	const struct tree *preset = tree_get(variable, STR("default")), *choice = tree_get(variable, STR("enum"));
	if (!tree_is(preset, TREE_STR))
		return tree_fail(&load->file, server->at, "the variable '%s' of the server has no default",
				 tree_show(name).text);
	if (is_uncertain(choice, buf_str(url)))
		return tree_fail(&load->file, server->at, "the variable '%s' makes the paths uncertain; give a prefix",
				 tree_show(name).text);
	buf_put(url, preset->text);
	return 0;
}

static int put_url(const struct load *load, const struct tree *server, struct str text, struct buf *url)
{
	struct str literal, name;
	while (str_cut(text, '{', &literal, &text)) {
		buf_put(url, literal);
		if (!str_cut(text, '}', &name, &text))
			return load_fail(load, server, "a '{' without '}' in the server's URL");
		TRY(put_variable(load, server, name, url));
	}
	buf_put(url, text);
	return buf_status(url) < 0 ? load_fail(load, server, "the server's URL is too long") : 0;
}

/* The path of an absolute URL or of "/path", without a slash at the end. */
static int cut_path(const struct load *load, const struct tree *server, struct str url, struct str *ret_path)
{
	struct str rest = url;
	if (str_find(url, '?') < url.len || str_find(url, '#') < url.len)
		return load_fail(load, server, "the server's URL has a query or fragment");
	if (str_has_prefix(url, STR("https://")) || str_has_prefix(url, STR("http://"))) {
		size_t scheme = str_find(url, '/') + 2;
		rest = (struct str){url.p + scheme, url.len - scheme};
		size_t host = str_find(rest, '/');
		rest = (struct str){rest.p + host, rest.len - host};
	} else if (url.len > 0 && url.p[0] != '/') {
		return load_fail(load, server,
				 "the server's URL is relative to where the document lies; give a prefix");
	}
	if (str_has_prefix(rest, STR("//")))
		return load_fail(load, server, "the server's URL has an empty host or segment");
	if (rest.len > 0 && rest.p[rest.len - 1] == '/')
		rest.len--;
	*ret_path = rest;
	return 0;
}

static int read_server(const struct load *load, const struct tree *server, struct buf *url, struct str *ret_path)
{
	struct str text = {0};
	if (!tree_is(server, TREE_MAP))
		return load_fail(load, server, "a server must be a mapping");
	TRY(load_check_members(load, server, " url description variables ", "a server"));
	TRY(load_text(load, server, STR("url"), &text));
	if (!text.p)
		return load_fail(load, server, "a server must have a url");
	TRY(put_url(load, server, text, url));
	return cut_path(load, server, buf_str(url), ret_path);
}

/* Each server of the array must have this path; *prefix.p == NULL: the first one decides. */
static int agree(const struct load *load, const struct tree *servers, struct str *prefix)
{
	if (!tree_is(servers, TREE_LIST) || servers->n > SERVERS_MAX)
		return load_fail(load, servers, "servers must be a list, and not too long a one");
	for (size_t i = 0; i < servers->n; i++) {
		char mem[URL_MAX];
		struct buf url;
		struct str path;
		buf_init_fixed(&url, mem, sizeof(mem));
		TRY(read_server(load, servers->items[i], &url, &path));
		if (!prefix->p)
			TRY(load_keep(load, path, prefix));
		else if (!str_eq(*prefix, path))
			return load_fail(load, servers->items[i],
				    "the servers have different paths; give the prefix that stands before every path");
	}
	return 0;
}

int load_servers(struct load *load)
{
	const struct tree *servers = tree_get(load->root, STR("servers"));
	struct str given = str_of(load->given_prefix);
	if (load->given_prefix) {
		if (given.len > 0 && given.p[given.len - 1] == '/')
			given.len--;
		if (given.len > 0 && given.p[0] != '/')
			return load_fail(load, load->root, "the prefix must begin with '/'");
		return load_keep(load, given, &load->prefix);
	}
	if (servers)
		TRY(agree(load, servers, &load->prefix));
	if (!load->prefix.p) /* OpenAPI 3.1.0 4.8.1: none means "/" */
		load->prefix = STR("");
	return 0;
}

int load_servers_check(const struct load *load, const struct tree *owner)
{
	const struct tree *servers = tree_get(owner, STR("servers"));
	struct str prefix = load->prefix;
	return servers && !load->given_prefix ? agree(load, servers, &prefix) : 0;
}
