/*
 * Reading a feed's answers; see feed_page.h. RFC 7515 5.2, RFC 7519 4.1, RFC 8725 3.11. Must never give a page that was
 * read in part.
 */
#include "verify/feed_page.h"

#include "jose/jwt.h"
#include "json/json.h"

enum verdict feed_page_verify(struct str text, const struct jwks *keys, const struct feed_rules *rules,
			      struct arena *arena, struct str *ret_claims)
{
	/* RFC 8725 3.11: an access token must not pass for a feed; 3.1: the keys say which algorithms */
	const struct jwt_policy policy = {.typ = STR("revocations+jwt"),
					  .issuer = rules->issuer,
					  .require = JWT_IAT,
					  .waive = JWT_ANY_AUDIENCE, /* it is for everybody */
					  .skew_s = rules->skew_s};
	struct jwt_claims claims;
	struct jws jws;
	enum verdict verdict = jws_parse_document(text, arena, &jws);
	if (verdict != VERDICT_VALID || (verdict = jws_verify(&jws, keys, JWK_ALGS_ALL)) != VERDICT_VALID)
		return verdict;
	if ((verdict = jwt_parse(jws.payload, arena, &claims)) != VERDICT_VALID ||
	    (verdict = jwt_check(&jws, &claims, &policy, rules->now_s)) != VERDICT_VALID)
		return verdict;
	*ret_claims = jws.payload;
	return VERDICT_VALID;
}

/* A whole number from least on. */
static int get_number(const struct json *object, const char *name, int64_t least, int64_t *ret_value)
{
	int64_t value;
	int rc = json_get_int(object, name, &value);
	if (rc < 0 || value < least)
		return E_SYNTAX;
	*ret_value = value;
	return 0;
}

/* A string of 1 to max bytes, copied. */
static int get_name(const struct json *object, const char *name, size_t max, struct arena *arena, struct str *ret_value)
{
	struct str value;
	if (json_get_str(object, name, &value) < 0 || value.len == 0 || value.len > max)
		return E_SYNTAX;
	return arena_str(arena, value, ret_value);
}

static int get_kind(const struct json *object, enum feed_kind *ret_kind, const char **ret_name)
{
	static const char *const names[FEED_KINDS] = {
		[FEED_CLIENT] = "client_id", [FEED_ACCOUNT] = "account", [FEED_JTI] = "jti"};
	int found = 0;
	for (enum feed_kind kind = 0; kind < FEED_KINDS; kind++) {
		if (!json_has(object, names[kind]))
			continue;
		*ret_kind = kind;
		*ret_name = names[kind];
		found++;
	}
	return found == 1 ? 0 : E_SYNTAX;
}

static int read_entry(const struct json *object, struct arena *arena, struct feed_entry *entry)
{
	const char *name;
	TRY(get_kind(object, &entry->kind, &name));
	TRY(get_name(object, name, FEED_NAME_MAX, arena, &entry->name));
	TRY(get_number(object, "seq", 1, &entry->seq));
	TRY(get_number(object, "until", 1, &entry->until_s));
	return entry->kind == FEED_JTI ? 0 : get_number(object, "epoch", 1, &entry->epoch);
}

static int read_entries(const struct json *list, struct arena *arena, struct feed_page *page)
{
	int64_t last = page->since;
	size_t n = json_array_len(list);
	if (n > FEED_PAGE_ENTRIES_MAX)
		return E_LIMIT;
	page->entries = arena_array(arena, n + 1, sizeof(*page->entries));
	if (!page->entries)
		return E_NOMEM;
	for (; page->n < n; page->n++) {
		struct feed_entry *entry = &page->entries[page->n];
		const struct json *object;
		TRY(json_at_object(list, page->n, &object));
		TRY(read_entry(object, arena, entry));
		if (entry->seq <= last || entry->seq > page->seq)
			return E_SYNTAX;
		last = entry->seq;
	}
	return page->more && n == 0 ? E_SYNTAX : 0;
}

static int read_page(const struct json *doc, struct arena *arena, struct feed_page *page)
{
	const struct json *list;
	TRY(get_name(doc, "feed", FEED_ID_MAX, arena, &page->feed));
	TRY(get_number(doc, "since", 0, &page->since));
	TRY(get_number(doc, "seq", page->since, &page->seq));
	TRY(get_number(doc, "iat", 0, &page->iat_s));
	if (json_get_bool(doc, "more", &page->more) < 0 || json_get_array(doc, "revocations", &list) < 0)
		return E_SYNTAX;
	return read_entries(list, arena, page);
}

int feed_page_parse(struct str claims, struct arena *arena, struct feed_page *ret_page)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	struct feed_page page = {0};
	TRY(json_parse_object(claims, &doc));
	TRY(read_page(doc, arena, &page));
	*ret_page = page;
	return 0;
}
