/* The served document; see series_document.h. The placeholders are those of the source file. */
#include "series/series_document.h"

#include "openapi/tree_emit.h"

enum { DOCUMENT_MAX = 1 << 20 };

extern const char series_document_text[]; /* made from openapi/series.yaml */

static const char issuer_placeholder[] = "https://auth.example.com";
static const char server_placeholder[] = "- url: /\n";

/* As the inside of a YAML string in single quotes. */
static void put_quoted(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '\'')
			buf_put_char(out, '\'');
		buf_put_char(out, text.p[i]);
	}
}

/* RFC 8414 2: endpoints hang on the issuer without its slash. */
static struct str base_of(struct str issuer)
{
	if (issuer.len > 0 && issuer.p[issuer.len - 1] == '/')
		issuer.len--;
	return issuer;
}

static void put_text(const struct series_http_options *options, struct buf *out)
{
	const char *rest = series_document_text, *issuer, *server = strstr(rest, server_placeholder);
	if (server && options->environment) {
		buf_put_mem(out, rest, (size_t)(server - rest));
		buf_printf(out, "- url: /%s\n", options->environment);
		rest = server + sizeof(server_placeholder) - 1;
	}
	while ((issuer = strstr(rest, issuer_placeholder))) {
		buf_put_mem(out, rest, (size_t)(issuer - rest));
		put_quoted(out, base_of(options->issuer));
		rest = issuer + sizeof(issuer_placeholder) - 1;
	}
	buf_put(out, str_of(rest));
}

int series_document_make(const struct series_http_options *options, struct buf *ret_yaml, struct buf *ret_json)
{
	_cleanup_(buf_done) struct buf why;
	buf_init(&why, 1024);
	buf_init(ret_yaml, DOCUMENT_MAX);
	buf_init(ret_json, DOCUMENT_MAX);
	put_text(options, ret_yaml);
	TRY(buf_status(ret_yaml));
	TRY(tree_emit_json("series.yaml", buf_str(ret_yaml), ret_json, &why));
	return buf_status(ret_json);
}
