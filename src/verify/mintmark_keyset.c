/* The public face of key sets; see mintmark/keyset.h. Must never pass an unchecked option on. */
#include "mintmark/keyset.h"

#include <inttypes.h>

#include "base/clock.h"
#include "http/http_out.h"
#include "verify/keyset.h"
#include "verify/public.h"

/* Room for what discovery appends. */
enum { URL_MAX = 2000 };

static int read_options(const struct mintmark_keyset_options *options, struct fetch_source *source,
			struct keyset_timing *timing)
{
	static const struct mintmark_keyset_options defaults = {.size = sizeof(defaults)};
	const struct mintmark_keyset_options *o = options ? options : &defaults;
	if (o->size != sizeof(*o) || (o->flags & ~(unsigned)MINTMARK_KEYSET_PLAIN_HTTP))
		return MINTMARK_ERROR_ARGUMENT;
	const struct public_number numbers[] = {
		{o->refresh_s, 1, 86400, 300, &timing->refresh_s},
		{o->interval_s, 1, 3600, 10, &timing->interval_s},
		{o->max_age_s, 1, 2592000, 86400, &timing->max_age_s},
		{o->timeout_ms, 1, 60000, 5000, &timing->timeout_ms},
	};
	if (!public_numbers_read(numbers, sizeof(numbers) / sizeof(numbers[0])))
		return MINTMARK_ERROR_ARGUMENT;
	timing->now_ns = clock_mono_ns;
	source->timeout_ms = timing->timeout_ms;
	source->plain_http = o->flags & MINTMARK_KEYSET_PLAIN_HTTP;
	source->ca_file = o->ca_file;
	return MINTMARK_OK;
}

static int public_of(int rc)
{
	if (rc == 0)
		return MINTMARK_OK;
	return rc == E_NOMEM ? MINTMARK_ERROR_MEMORY : MINTMARK_ERROR_SYSTEM;
}

static int new_fetched(struct fetch_source *source, const struct mintmark_keyset_options *options,
		       mintmark_keyset **ret_keyset)
{
	struct keyset_timing timing;
	struct str name = source->issuer.len > 0 ? source->issuer : source->url;
	if (!ret_keyset || name.len == 0 || name.len > URL_MAX)
		return MINTMARK_ERROR_ARGUMENT;
	int rc = read_options(options, source, &timing);
	return rc < 0 ? rc : public_of(keyset_new_fetched(source, &timing, ret_keyset));
}

int mintmark_keyset_discover(const char *issuer, const struct mintmark_keyset_options *options,
			     mintmark_keyset **ret_keyset)
{
	struct fetch_source source = {.issuer = str_of(issuer)};
	return new_fetched(&source, options, ret_keyset);
}

int mintmark_keyset_url(const char *url, const struct mintmark_keyset_options *options, mintmark_keyset **ret_keyset)
{
	struct fetch_source source = {.url = str_of(url)};
	return new_fetched(&source, options, ret_keyset);
}

static int error_of_parse(int rc)
{
	static const int rows[][2] = {{E_NOMEM, MINTMARK_ERROR_MEMORY},
				      {E_CRYPTO, MINTMARK_ERROR_SYSTEM},
				      {E_LIMIT, MINTMARK_ERROR_LIMIT}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i][0] == rc)
			return rows[i][1];
	return MINTMARK_ERROR_SYNTAX;
}

int mintmark_keyset_parse(const char *json, size_t len, mintmark_keyset **ret_keyset)
{
	_cleanup_(jwks_freep) struct jwks *jwks = NULL;
	if (!json || !ret_keyset)
		return MINTMARK_ERROR_ARGUMENT;
	int rc = jwks_parse(str_mem(json, len), FETCH_DOCUMENT_MAX, &jwks);
	if (rc < 0)
		return error_of_parse(rc);
	if (jwks->n == 0)
		return MINTMARK_ERROR_SYNTAX;
	rc = keyset_new_fixed(jwks, ret_keyset);
	if (rc == 0)
		jwks = NULL; /* the set's now */
	return public_of(rc);
}

int mintmark_keyset_wait(mintmark_keyset *keyset, uint32_t timeout_ms)
{
	struct keyset_state state;
	if (!keyset)
		return MINTMARK_ERROR_ARGUMENT;
	keyset_wait(keyset, timeout_ms);
	keyset_describe(keyset, &state);
	return state.has_set ? MINTMARK_OK : fetch_error(state.last);
}

int mintmark_keyset_explain(mintmark_keyset *keyset, char *ret_text, size_t size)
{
	struct keyset_state state;
	struct buf out;
	if (!keyset || !ret_text || size == 0)
		return MINTMARK_ERROR_ARGUMENT;
	keyset_describe(keyset, &state);
	char text[512];
	buf_init_fixed(&out, text, sizeof(text));
	keyset_put_text(&state, &out);
	public_put_text(&out, ret_text, size);
	return MINTMARK_OK;
}

void mintmark_keyset_free(mintmark_keyset *keyset) { keyset_unref(keyset); }
