/* See scan_found.h. */
#include "cli/scan_found.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/rand.h"
#include "cli/cli.h"
#include "cli/print.h"

enum { SLOTS = 65536, JSON_MAX = 1 << 26, GROW = 64 };

int scan_found_init(struct scan_found *found, bool as_json)
{
	*found = (struct scan_found){.as_json = as_json};
	buf_init(&found->json, JSON_MAX);
	json_out_init(&found->out, &found->json);
	json_open(&found->out, NULL, '{');
	json_open(&found->out, "found", '[');
	found->slots = calloc(SLOTS, sizeof(*found->slots));
	if (!found->slots)
		return E_NOMEM;
	return rand_bytes((unsigned char *)&found->seed, sizeof(found->seed));
}

void scan_found_done(struct scan_found *found)
{
	for (size_t i = 0; i < found->n_secrets; i++) {
		secret_wipe(found->secrets[i].text, found->secrets[i].len);
		free(found->secrets[i].text);
	}
	free(found->secrets);
	free(found->slots);
	buf_done(&found->json);
}

/* Nobody who doesn't know the seed can make texts that meet. */
static size_t slot_of(const struct scan_found *found, struct str text)
{
	uint64_t hash = found->seed;
	for (size_t i = 0; i < text.len; i++) {
		hash = (hash ^ (unsigned char)text.p[i]) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 29;
	}
	return (size_t)(hash % SLOTS);
}

static int add(struct scan_found *found, const struct scan_hit *hit)
{
	size_t n = found->n_secrets;
	if (n == SCAN_SECRETS_MAX)
		return E_LIMIT;
	if (n % GROW == 0) {
		struct scan_secret *grown = realloc(found->secrets, (n + GROW) * sizeof(*grown));
		if (!grown)
			return E_LIMIT;
		found->secrets = grown;
	}
	char *text = malloc(hit->secret.len + 1);
	if (!text)
		return E_LIMIT;
	memcpy(text, hit->secret.p, hit->secret.len);
	text[hit->secret.len] = '\0';
	found->secrets[found->n_secrets++] = (struct scan_secret){text, hit->secret.len, hit->kind};
	return 0;
}

int scan_found_remember(struct scan_found *found, const struct scan_hit *hit, size_t *ret_i)
{
	size_t slot = slot_of(found, hit->secret);
	for (; found->slots[slot] > 0; slot = (slot + 1) % SLOTS) {
		size_t i = found->slots[slot] - 1;
		const struct scan_secret *known = &found->secrets[i];
		if (secret_eq(known->text, known->len, hit->secret.p, hit->secret.len)) {
			*ret_i = i;
			return 0;
		}
	}
	if (add(found, hit) < 0) {
		found->is_full = true;
		return E_LIMIT;
	}
	found->slots[slot] = (uint32_t)found->n_secrets;
	*ret_i = found->n_secrets - 1;
	return 0;
}

static const char *const forms[] = {
	[SCAN_PLAIN] = NULL, [SCAN_WIDE] = "utf-16", [SCAN_BASE64] = "base64",
};

static void put_json(struct scan_found *found, const struct scan_secret *secret, const struct scan_place *place)
{
	struct json_out *out = &found->out;
	const struct {
		const char *name;
		struct str value;
	} members[] = {{"repository", place->repository}, {"commit", place->commit}, {"object", place->object}};
	json_open(out, NULL, '{');
	json_str(out, "path", place->path);
	json_int(out, "line", (int64_t)place->line);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (members[i].value.len > 0)
			json_str(out, members[i].name, members[i].value);
	json_str(out, "kind", str_of(secret->kind));
	if (forms[place->form])
		json_str(out, "form", str_of(forms[place->form]));
	json_str(out, "hint", str_mem(secret->text + secret->len - ID_HINT_LEN, ID_HINT_LEN));
	json_close(out, '}');
}

/* The last characters are what lists of secrets show too (oauth/id.h, ID_HINT_LEN). */
static void put_line(const struct scan_secret *secret, const struct scan_place *place)
{
	if (place->repository.len > 0) {
		print_safe(stdout, place->repository);
		fputs(": ", stdout);
	}
	print_safe(stdout, place->path);
	printf(":%llu: %s %.4s...%s", (unsigned long long)place->line, secret->kind, secret->text,
	       secret->text + secret->len - ID_HINT_LEN);
	if (forms[place->form])
		printf(" (%s)", forms[place->form]);
	if (place->commit.len > 0)
		printf(" (commit %.12s)", place->commit.p);
	else if (place->object.len > 0)
		printf(" (object %.12s)", place->object.p);
	putchar('\n');
}

void scan_found_place(struct scan_found *found, size_t i, const struct scan_place *place)
{
	if (found->n_places == SCAN_PLACES_MAX) {
		found->is_full = true;
		return;
	}
	found->n_places++;
	if (found->as_json)
		put_json(found, &found->secrets[i], place);
	else
		put_line(&found->secrets[i], place);
}

void scan_found_complain(struct scan_found *found, const char *path, const char *why)
{
	found->has_trouble = true;
	(void)args_fail(EXIT_USAGE, "%s: %s", path, why);
}

int scan_found_finish(struct scan_found *found)
{
	json_close(&found->out, ']');
	json_close(&found->out, '}');
	if (!found->as_json)
		return EXIT_OK;
	if (buf_status(&found->json) < 0)
		return args_fail(EXIT_USAGE, "there is too much to report");
	printf("%.*s\n", STR_ARG(buf_str(&found->json)));
	return EXIT_OK;
}
