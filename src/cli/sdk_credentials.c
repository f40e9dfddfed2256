/* mintmark credentials: the stored pairs of client id and secret (client/credentials.h). Must never print a secret. */
#include <stdio.h>

#include "base/clock.h"
#include "cli/print.h"
#include "cli/sdk.h"
#include "client/credentials.h"
#include "client/private_folder.h"
#include "client/settings.h"
#include "json/json.h"

enum { LOCK_MS = 10000, TEXT_MAX = 131072 };

/* The open file and what stands in it. */
struct store {
	struct settings settings;
	struct private_folder folder;
	struct arena arena;
	struct credentials list;
	int lock;
};

static void close_store(struct store *store)
{
	private_folder_closep(&store->lock);
	private_folder_close(&store->folder);
	settings_done(&store->settings);
	arena_done(&store->arena);
}

static int say(const struct trouble *trouble) { return args_fail(EXIT_FAILED, "%s", trouble->text); }

static int read_list(struct store *store, struct trouble *trouble)
{
	_cleanup_(buf_done) struct buf text;
	bool found;
	buf_init(&text, PRIVATE_FILE_MAX);
	store->list.n = 0;
	TRY(private_folder_read(&store->folder, CREDENTIALS_FILE, &text, &found, trouble));
	int rc = found ? credentials_parse(buf_str(&text), &store->arena, &store->list) : 0;
	if (rc == E_SYNTAX)
		return trouble_set(trouble, MINTMARK_ERROR_SYNTAX, "%s/" CREDENTIALS_FILE " is not what it should be.",
				   store->folder.path);
	return rc < 0 ? trouble_of(trouble, rc, CREDENTIALS_FILE) : MINTMARK_OK;
}

static int open_files(struct store *store, bool to_change, struct trouble *trouble)
{
	if (store->settings.config_dir.len == 0)
		return trouble_set(trouble, MINTMARK_ERROR_FILE, "There is no home folder: $HOME is not set.");
	TRY(private_folder_open(store->settings.config_dir.p, to_change ? PRIVATE_CREATE | PRIVATE_DURABLE : 0,
				&store->folder, trouble));
	if (to_change) {
		TRY(private_folder_lock_file(&store->folder, CREDENTIALS_LOCK, &store->lock, trouble));
		if (!private_folder_wait(store->lock, LOCK_MS))
			return trouble_set(trouble, MINTMARK_ERROR_TIMEOUT,
					   "Another process holds %s/" CREDENTIALS_LOCK ".", store->folder.path);
	}
	return read_list(store, trouble);
}

/* close_store() in any case. Exit status. */
static int open_store(struct cli *cli, bool to_change, struct store *store)
{
	mintmark_client_options options = {.size = sizeof(options)};
	struct trouble trouble;
	store->folder.fd = store->lock = -1;
	arena_init(&store->arena, CREDENTIALS_ARENA);
	int status = sdk_read_names(cli, &options);
	if (status != EXIT_OK)
		return status;
	if (settings_read(&options, &store->settings) < 0)
		return args_fail(EXIT_USAGE, "the options or the environment can not be used");
	return open_files(store, to_change, &trouble) < 0 ? say(&trouble) : EXIT_OK;
}

static int save(struct store *store)
{
	_cleanup_(buf_done) struct buf text;
	struct trouble trouble;
	buf_init(&text, PRIVATE_FILE_MAX);
	credentials_emit(&store->list, &text);
	if (buf_status(&text) < 0)
		return args_fail(EXIT_FAILED, "the stored credentials are too large");
	if (private_folder_write(&store->folder, CREDENTIALS_FILE, buf_str(&text), &trouble) < 0)
		return say(&trouble);
	return EXIT_OK;
}

static void put_pair(struct json_out *json, const struct credential *pair)
{
	json_open(json, NULL, '{');
	json_str(json, "client_id", pair->client_id);
	json_str(json, "issuer", pair->endpoint);
	json_str(json, "display_name", pair->display_name);
	json_str(json, "created_at", pair->created_at);
	json_str(json, "last_used", pair->last_used);
	json_close(json, '}');
}

/* Those of one issuer, or all; of each the one that was used last comes first. */
static void put_list(const struct store *store, struct buf *out)
{
	struct credentials left = store->list;
	struct str issuer = store->settings.issuer;
	struct json_out json;
	json_out_init(&json, out);
	json_open(&json, NULL, '{');
	json_bool(&json, "ok", true);
	json_open(&json, "credentials", '[');
	while (left.n > 0) {
		struct credential *pair = credentials_newest(&left, issuer.len > 0 ? issuer : left.v[0].endpoint);
		if (!pair)
			break;
		put_pair(&json, pair);
		credentials_remove(&left, pair);
	}
	json_close(&json, ']');
	json_close(&json, '}');
}

static void print(const struct store *store, bool as_json)
{
	_cleanup_(buf_done) struct buf text;
	_cleanup_(json_freep) struct json *document = NULL;
	const struct json *array;
	buf_init(&text, TEXT_MAX);
	put_list(store, &text);
	if (as_json)
		printf("%.*s\n", STR_ARG(buf_str(&text)));
	else if (json_parse_object_max(buf_str(&text), TEXT_MAX, &document) == 0 &&
		 json_get_array(document, "credentials", &array) == 0)
		print_table("credentials", array, true);
}

int sdk_credentials_list(struct cli *cli)
{
	_cleanup_(close_store) struct store store = {0};
	int status = open_store(cli, false, &store);
	if (status == EXIT_OK)
		print(&store, cli->json);
	return status;
}

static struct credential *find(struct cli *cli, struct store *store)
{
	struct credential *pair = credentials_find(&store->list, store->settings.issuer, str_of(cli->operands[0]));
	if (!pair)
		(void)args_fail(EXIT_NOT_FOUND, "%s is not stored%s%s", cli->operands[0],
				store->settings.issuer.len > 0 ? " for " : "",
				store->settings.issuer.len > 0 ? store->settings.issuer.p : "");
	return pair;
}

int sdk_credentials_use(struct cli *cli)
{
	_cleanup_(close_store) struct store store = {0};
	char text[40];
	struct buf now;
	int status = open_store(cli, true, &store);
	if (status != EXIT_OK)
		return status;
	struct credential *pair = find(cli, &store);
	if (!pair)
		return EXIT_NOT_FOUND;
	buf_init_fixed(&now, text, sizeof(text));
	credentials_put_time(&now, clock_now_us(&clock_system));
	pair->last_used = buf_str(&now);
	return save(&store);
}

int sdk_credentials_remove(struct cli *cli)
{
	_cleanup_(close_store) struct store store = {0};
	int status = open_store(cli, true, &store);
	if (status != EXIT_OK)
		return status;
	struct credential *pair = find(cli, &store);
	if (!pair)
		return EXIT_NOT_FOUND;
	credentials_remove(&store.list, pair);
	return save(&store);
}
