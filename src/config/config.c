/*
 * From a file to an immutable struct config: read, scan (config_scan.c), load (config_schema.c), fill in defaults,
 * check (config_check.c). See config.h. It opens one file and nothing else; it never logs.
 */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "config/config_rows.h"

enum { ARENA_MAX = 1048576 };

static void *member(const struct config *config, unsigned row)
{
	return (char *)(uintptr_t)config + config_rows[row].offset;
}

/* The folder of a file with its slash; empty for the present folder. */
static struct str folder_of(const char *name)
{
	const char *slash = strrchr(name, '/');
	return slash ? str_mem(name, (size_t)(slash - name) + 1) : STR("");
}

/* Paths in a configuration are relative to its folder, wherever the process was started. */
static int resolve(struct config *config, struct str path, struct str *ret_path)
{
	bool as_is = path.len == 0 || path.p[0] == '/' || str_has_prefix(path, STR("env:")) ||
		str_has_prefix(path, STR("credential:"));
	struct str folder = as_is ? STR("") : folder_of(config->file.p);
	return arena_printf(&config->arena, ret_path, "%.*s%.*s", STR_ARG(folder), STR_ARG(path));
}

static int put_text(struct config *config, unsigned row, struct str text)
{
	struct str *to = member(config, row);
	if (config_rows[row].kind == CONFIG_PATH)
		return resolve(config, text, to);
	return arena_str(&config->arena, text, to);
}

static int put_list(struct config *config, unsigned row, const struct str *items, size_t n)
{
	struct str_list *to = member(config, row);
	struct str *copies = arena_array(&config->arena, n > 0 ? n : 1, sizeof(*copies));
	if (!copies)
		return E_NOMEM;
	for (size_t i = 0; i < n; i++)
		TRY(arena_str(&config->arena, items[i], &copies[i]));
	*to = (struct str_list){copies, n};
	return 0;
}

static int take_uint(struct config *config, const struct config_source *source, unsigned row, uint32_t value)
{
	if (value < config_rows[row].min || value > config_rows[row].max)
		return config_rows_fail_value(source, row, source->places[row].value, STR("out of range"));
	*(uint32_t *)member(config, row) = value;
	return 0;
}

static int take_text(struct config *config, const struct config_source *source, unsigned row, const char *value)
{
	struct str text = str_of(value);
	if (!config_rows[row].check->ok(text))
		return config_rows_fail_value(source, row, source->places[row].value, STR("not understood"));
	return put_text(config, row, text);
}

static int take_list(struct config *config, const struct config_source *source, unsigned row,
	const union config_slot *slot)
{
	struct str items[CONFIG_LIST_MAX];
	size_t n = slot->list.n;
	if (n > CONFIG_LIST_MAX)
		return config_rows_fail_value(source, row, source->places[row].value, STR("too many items"));
	for (size_t i = 0; i < n; i++) {
		items[i] = str_of(slot->list.v[i]);
		if (!config_rows[row].check->ok(items[i]))
			return config_rows_fail_value(source, row, source->places[row].items[i], STR("not understood"));
	}
	return put_list(config, row, items, n);
}

/* A value that stands in the file. */
static int take_value(struct config *config, const struct config_source *source, unsigned row,
	const union config_slot *slot)
{
	switch (config_rows[row].kind) {
	case CONFIG_UINT:
		return take_uint(config, source, row, slot->u);
	case CONFIG_BOOL:
		*(bool *)member(config, row) = slot->b;
		return 0;
	case CONFIG_ENUM:
		memcpy(member(config, row), &slot->u, sizeof(slot->u));
		return 0;
	case CONFIG_TEXT:
	case CONFIG_PATH:
		return take_text(config, source, row, slot->text);
	case CONFIG_LIST:
		return take_list(config, source, row, slot);
	}
	return E_INTERNAL;
}

static int preset_uint(struct config *config, unsigned row)
{
	uint64_t value;
	TRY(str_to_u64(str_of(config_rows[row].preset), UINT32_MAX, &value));
	*(uint32_t *)member(config, row) = (uint32_t)value;
	return 0;
}

static int preset_enum(struct config *config, unsigned row)
{
	const struct config_names *names = config_rows[row].names;
	uint32_t value = 0;
	while (value < names->n && strcmp(names->v[value], config_rows[row].preset) != 0)
		value++;
	if (value == names->n)
		return E_INTERNAL;
	memcpy(member(config, row), &value, sizeof(value));
	return 0;
}

static int preset_list(struct config *config, unsigned row)
{
	struct str items[CONFIG_LIST_MAX], rest = str_of(config_rows[row].preset);
	size_t n = 0;
	while (rest.len > 0 && n < CONFIG_LIST_MAX)
		if (!str_cut(rest, ' ', &items[n++], &rest)) {
			items[n - 1] = rest;
			break;
		}
	return put_list(config, row, items, n);
}

/* The default of an option that is not in the file. */
static int take_preset(struct config *config, const struct config_source *source, unsigned row)
{
	if (!config_rows[row].preset)
		return config_rows_fail_value(source, row, (struct config_mark){0}, STR("missing"));
	switch (config_rows[row].kind) {
	case CONFIG_UINT:
		return preset_uint(config, row);
	case CONFIG_BOOL:
		*(bool *)member(config, row) = strcmp(config_rows[row].preset, "true") == 0;
		return 0;
	case CONFIG_ENUM:
		return preset_enum(config, row);
	case CONFIG_TEXT:
	case CONFIG_PATH:
		return put_text(config, row, str_of(config_rows[row].preset));
	case CONFIG_LIST:
		return preset_list(config, row);
	}
	return E_INTERNAL;
}

/* What is made from the options. */
static int derive(struct config *config)
{
	struct config_endpoint *endpoints = arena_array(&config->arena, config->listen.n + 1, sizeof(*endpoints));
	struct addr_network *proxies = arena_array(&config->arena, config->trusted_proxies.n + 1, sizeof(*proxies));
	if (!endpoints || !proxies)
		return E_NOMEM;
	for (size_t i = 0; i < config->listen.n; i++)
		TRY(config_check_parse_endpoint(config->listen.v[i], &endpoints[i]));
	for (size_t i = 0; i < config->trusted_proxies.n; i++)
		TRY(addr_parse_network(config->trusted_proxies.v[i], &proxies[i]));
	config->endpoints = endpoints;
	config->proxies = proxies;
	config->tls_enabled = config->tls.certificate.len > 0 && config->tls.key.len > 0;
	return 0;
}

static bool is_equal(const struct config *a, const struct config *b, unsigned row)
{
	const void *x = member(a, row), *y = member(b, row);
	const struct str_list *one = x, *two = y;
	switch (config_rows[row].kind) {
	case CONFIG_UINT:
	case CONFIG_ENUM:
		return memcmp(x, y, sizeof(uint32_t)) == 0;
	case CONFIG_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case CONFIG_TEXT:
	case CONFIG_PATH:
		return str_eq(*(const struct str *)x, *(const struct str *)y);
	case CONFIG_LIST:
		break;
	}
	if (one->n != two->n)
		return false;
	for (size_t i = 0; i < one->n; i++)
		if (!str_eq(one->v[i], two->v[i]))
			return false;
	return true;
}

/*
 * Take over the old value of an option that needs a restart; copied, so that no chain of old configurations stays
 * alive.
 */
static int keep_old(struct config *config, const struct config *old, unsigned row)
{
	const void *from = member(old, row);
	const struct str_list *list = from;
	switch (config_rows[row].kind) {
	case CONFIG_UINT:
	case CONFIG_ENUM:
		memcpy(member(config, row), from, sizeof(uint32_t));
		return 0;
	case CONFIG_BOOL:
		memcpy(member(config, row), from, sizeof(bool));
		return 0;
	case CONFIG_TEXT:
	case CONFIG_PATH:
		return arena_str(&config->arena, *(const struct str *)from, member(config, row));
	case CONFIG_LIST:
		return put_list(config, row, list->v, list->n);
	}
	return E_INTERNAL;
}

static int fill(struct config *config, const struct config_source *source, const union config_slot *slots,
	const struct config *old)
{
	TRY(arena_str(&config->arena, str_of(source->name), &config->file));
	for (unsigned row = 0; row < CONFIG_ROWS; row++) {
		if (source->places[row].key.line > 0)
			TRY(take_value(config, source, row, &slots[row]));
		else
			TRY(take_preset(config, source, row));
	}
	TRY(derive(config));
	/*
	 * The file must make sense by itself, or the next restart would fail; then again with what stays from the old
	 * one.
	 */
	TRY(config_check_combined(config, source));
	for (unsigned row = 0; old && row < CONFIG_ROWS; row++)
		if (!config_rows[row].reload && !is_equal(config, old, row))
			TRY(keep_old(config, old, row));
	if (!old)
		return 0;
	TRY(derive(config));
	return config_check_combined(config, source);
}

static int build(const struct config_source *source, const union config_slot *slots, const struct config *old,
	struct config **ret_config)
{
	_cleanup_(config_unrefp) struct config *config = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*config));
	if (!config)
		return E_NOMEM;
	atomic_init(&config->refs, 1);
	arena_init(&config->arena, ARENA_MAX);
	TRY(fill(config, source, slots, old));
	*ret_config = TAKE(config);
	return 0;
}

/* Byte-level refusals, with the place of the first bad byte. */
static int check_bytes(const struct config_source *source)
{
	struct config_mark at = {1, 1};
	struct str text = source->text;
	if (text.len > CONFIG_TEXT_MAX)
		return config_rows_fail(source, at, "longer than %d bytes", CONFIG_TEXT_MAX);
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '\0')
			return config_rows_fail(source, at, "a NUL byte");
		at.line += text.p[i] == '\n';
		at.column = text.p[i] == '\n' ? 1 : at.column + 1;
	}
	at = (struct config_mark){1, 1};
	return str_is_utf8(text) ? 0 : config_rows_fail(source, at, "not UTF-8");
}

static int parse_source(struct config_source *source, const struct config *old, struct config **ret_config)
{
	union config_slot *slots = NULL;
	TRY(check_bytes(source));
	TRY(config_scan(source));
	TRY(config_schema_load(source, &slots));
	int rc = build(source, slots, old, ret_config);
	config_schema_free(slots);
	return rc;
}

static int parse(const char *name, struct str text, const struct config *old, struct config **ret_config,
	struct buf *ret_why)
{
	struct config_source *source = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*source));
	if (!source)
		return E_NOMEM;
	source->name = name;
	source->text = text;
	source->why = ret_why;
	int rc = parse_source(source, old, ret_config);
	free(source);
	return rc;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* The buffer has room for one byte more than allowed, so that a longer file is refused by check_bytes. */
static int read_file(const char *path, struct buf *out, struct buf *ret_why)
{
	_cleanup_(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int rc = fd >= 0 ? buf_read(out, fd) : E_IO;
	if (rc == E_IO)
		buf_printf(ret_why, "%s: %s", path, strerrordesc_np(errno));
	return rc == E_LIMIT ? 0 : rc;
}

int config_load(const char *path, struct config **ret_config, struct buf *ret_why)
{
	_cleanup_(buf_done) struct buf text;
	buf_init(&text, CONFIG_TEXT_MAX + 1);
	TRY(read_file(path, &text, ret_why));
	return parse(path, buf_str(&text), NULL, ret_config, ret_why);
}

int config_parse(const char *name, struct str text, struct config **ret_config, struct buf *ret_why)
{
	return parse(name, text, NULL, ret_config, ret_why);
}

unsigned config_reload_diff(const struct config *old, const struct config *new, struct buf *ret_text)
{
	unsigned n = 0;
	for (unsigned row = 0; row < CONFIG_ROWS; row++) {
		if (config_rows[row].reload || is_equal(old, new, row))
			continue;
		if (n++ > 0)
			buf_put(ret_text, STR(", "));
		config_rows_name(&config_rows[row], ret_text);
	}
	return n;
}

int config_reload(const struct config *old, struct str text, struct config **ret_config, struct buf *ret_restart,
	struct buf *ret_why)
{
	_cleanup_(config_unrefp) struct config *plain = NULL;
	TRY(parse(old->file.p, text, NULL, &plain, ret_why));
	TRY(parse(old->file.p, text, old, ret_config, ret_why));
	config_reload_diff(old, plain, ret_restart);
	return 0;
}

struct config *config_ref(struct config *config)
{
	atomic_fetch_add_explicit(&config->refs, 1, memory_order_relaxed);
	return config;
}

void config_unref(struct config *config)
{
	if (!config || atomic_fetch_sub_explicit(&config->refs, 1, memory_order_acq_rel) > 1)
		return;
	arena_done(&config->arena);
	free(config);
}

void config_unrefp(struct config **config) { config_unref(*config); }

bool config_trusts(const struct config *config, struct str addr)
{
	unsigned char bytes[16];
	if (str_eq(addr, STR("unix")))
		return config->behind_proxy;
	if (config->trusted_proxies.n == 0 || addr_parse(addr, bytes) < 0)
		return false;
	for (size_t i = 0; i < config->trusted_proxies.n; i++)
		if (addr_is_inside(&config->proxies[i], bytes))
			return true;
	return false;
}
