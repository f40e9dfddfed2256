/*
 * Getters of a valid token; see mintmark/verify.h. Claims beyond the usual ones are laid out in a table when the first
 * one is asked for; threads that race for it make two and keep one.
 */
#include "verify/token.h"

#include <stdlib.h>

#include "base/fault.h"
#include "json/json.h"

enum { TABLE_MAX = 1 << 18 };

/* For each claim its name, its string ("" when it is none), what it is ("s": a string) and its JSON, NUL-terminated. */
struct token_table {
	size_t n;
	char text[];
};

struct entry {
	const char *name, *string, *kind, *json;
};

const char *mintmark_token_subject(const mintmark_token *token) { return token->claims.sub.p; }
const char *mintmark_token_client_id(const mintmark_token *token) { return token->claims.client_id.p; }
const char *mintmark_token_issuer(const mintmark_token *token) { return token->claims.iss.p; }
const char *mintmark_token_jti(const mintmark_token *token) { return token->claims.jti.p; }
const char *mintmark_token_scopes(const mintmark_token *token) { return token->claims.scope.p; }
int64_t mintmark_token_expiry(const mintmark_token *token) { return token->claims.exp_s; }
int64_t mintmark_token_issued_at(const mintmark_token *token) { return token->claims.iat_s; }

int mintmark_token_has_scope(const mintmark_token *token, const char *scope)
{
	return jwt_has_scope(token->claims.scope, str_of(scope));
}

static void put_text(struct buf *text, struct str s)
{
	buf_put(text, s);
	buf_put_char(text, '\0');
}

static size_t put_claims(const struct json *doc, struct buf *text)
{
	void *iter = NULL;
	size_t n = 0;
	struct str name;
	const struct json *value;
	for (; json_each(doc, &iter, &name, &value); n++) {
		struct str string = {0};
		bool is_string = json_is_str(value, &string);
		put_text(text, name);
		put_text(text, string);
		put_text(text, is_string ? STR("s") : STR("x"));
		json_dump(value, text);
		buf_put_char(text, '\0');
	}
	return n;
}

static struct token_table *make_table(const struct mintmark_token *token)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	_cleanup_(buf_done) struct buf text;
	buf_init(&text, TABLE_MAX);
	if (json_parse_object(token->payload, &doc) < 0)
		return NULL;
	size_t n = put_claims(doc, &text);
	if (buf_status(&text) < 0)
		return NULL;
	struct token_table *table = fault_hit(FAULT_ALLOC) ? NULL : malloc(sizeof(*table) + text.len);
	if (!table)
		return NULL;
	table->n = n;
	if (text.len > 0)
		memcpy(table->text, text.p, text.len);
	return table;
}

static const struct token_table *get_table(struct mintmark_token *token)
{
	struct token_table *none = NULL, *table = atomic_load_explicit(&token->table, memory_order_acquire);
	if (table)
		return table;
	table = make_table(token);
	if (!table || atomic_compare_exchange_strong(&token->table, &none, table))
		return table;
	free(table);
	return none; /* another thread's */
}

static const char *next(const char **at)
{
	const char *text = *at;
	*at += strlen(text) + 1;
	return text;
}

static bool find(struct mintmark_token *token, const char *name, struct entry *ret_entry)
{
	const struct token_table *table = name ? get_table(token) : NULL;
	const char *at = table ? table->text : NULL;
	for (size_t i = 0; table && i < table->n; i++) {
		ret_entry->name = next(&at);
		ret_entry->string = next(&at);
		ret_entry->kind = next(&at);
		ret_entry->json = next(&at);
		if (strcmp(ret_entry->name, name) == 0)
			return true;
	}
	return false;
}

const char *mintmark_token_claim(mintmark_token *token, const char *name)
{
	struct entry entry;
	return find(token, name, &entry) && *entry.kind == 's' ? entry.string : NULL;
}

const char *mintmark_token_claim_json(mintmark_token *token, const char *name)
{
	struct entry entry;
	return find(token, name, &entry) ? entry.json : NULL;
}

void mintmark_token_free(mintmark_token *token) { token_unref(token); }
