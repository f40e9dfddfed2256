/*
 * Logins in the Secret Service (freedesktop.org, Secret Storage Specification 0.2): GNOME Keyring, KWallet, KeePassXC.
 * One item in the default collection. It goes over the session bus as it is ("plain"), which only this user's processes
 * can listen to, and they could ask for it as well. Never opens a dialog: what is locked is reported.
 */
#include <errno.h>
#include <stdio.h>

#include "client/bus.h"

enum { PATH_MAX_LEN = 512, LABEL_MAX = 256 };

#define WORDS "The Secret Service"
#define PEER "org.freedesktop.secrets"
#define ROOT "/org/freedesktop/secrets"
#define SCHEMA "xdg:schema", "org.mintmark.Login"

/* A conversation with it. */
struct talk {
	struct bus bus;
	char session[PATH_MAX_LEN];
};

static void end(struct talk *talk) { bus_close(&talk->bus); }

static const struct bus_method *service(const char *name, struct bus_method *method)
{
	*method = (struct bus_method){PEER, ROOT, "org.freedesktop.Secret.Service", name};
	return method;
}

static int copy_path(struct talk *talk, const char *path, char ret_path[PATH_MAX_LEN])
{
	int len = snprintf(ret_path, PATH_MAX_LEN, "%s", path);
	return len < PATH_MAX_LEN ? MINTMARK_OK : bus_fail(&talk->bus, -ENAMETOOLONG);
}

/* One object path, behind others of the answer. */
static int read_path(struct talk *talk, sd_bus_message *answer, char ret_path[PATH_MAX_LEN])
{
	const char *path;
	int r = talk->bus.f->message_read(answer, "o", &path);
	return r > 0 ? copy_path(talk, path, ret_path) : bus_fail(&talk->bus, r < 0 ? r : -EBADMSG);
}

/* The first of an array of paths; "": it is empty. */
static int read_first(struct talk *talk, sd_bus_message *answer, char ret_path[PATH_MAX_LEN])
{
	const struct bus_functions *f = talk->bus.f;
	const char *path, *first = "";
	int r = f->message_enter(answer, 'a', "o");
	for (bool is_first = true; r >= 0 && (r = f->message_read(answer, "o", &path)) > 0; is_first = false)
		if (is_first)
			first = path;
	if (r >= 0)
		r = f->message_exit(answer);
	return r < 0 ? bus_fail(&talk->bus, r) : copy_path(talk, first, ret_path);
}

static int begin(struct storage_call *call, struct talk *talk)
{
	sd_bus_message *answer = NULL;
	struct bus_method method;
	TRY(bus_open(call, WORDS, &talk->bus));
	TRY(bus_ask(&talk->bus, service("OpenSession", &method), &answer, "sv", "plain", "s", ""));
	int r = talk->bus.f->message_read(answer, "v", "s", NULL);
	int rc = r < 0 ? bus_fail(&talk->bus, r) : read_path(talk, answer, talk->session);
	bus_done(&talk->bus, &answer);
	return rc;
}

static int say_locked(struct talk *talk)
{
	return trouble_set_passing(talk->bus.call->trouble, MINTMARK_ERROR_STORAGE,
				   WORDS " is locked. Unlock it (by a desktop's login, or the program that manages "
				   "passwords), or log in with another place.");
}

/* What needs nobody's password is opened by this; a dialog for what does is made, but never shown. */
static int unlock(struct talk *talk, const char *path)
{
	char open[PATH_MAX_LEN] = "";
	sd_bus_message *answer = NULL;
	struct bus_method method;
	TRY(bus_ask(&talk->bus, service("Unlock", &method), &answer, "ao", 1, path));
	int rc = read_first(talk, answer, open);
	bus_done(&talk->bus, &answer);
	TRY(rc);
	return open[0] ? MINTMARK_OK : say_locked(talk);
}

static int open_if_locked(struct talk *talk, const char *path)
{
	int locked = 0;
	sd_bus_message *answer = NULL;
	const struct bus_method get = {PEER, path, "org.freedesktop.DBus.Properties", "Get"};
	TRY(bus_ask(&talk->bus, &get, &answer, "ss", "org.freedesktop.Secret.Collection", "Locked"));
	int r = talk->bus.f->message_read(answer, "v", "b", &locked);
	bus_done(&talk->bus, &answer);
	if (r < 0)
		return bus_fail(&talk->bus, r);
	return locked ? unlock(talk, path) : MINTMARK_OK;
}

/* The collection that new things go into, open. */
static int find_collection(struct talk *talk, char ret_path[PATH_MAX_LEN])
{
	sd_bus_message *answer = NULL;
	struct bus_method method;
	TRY(bus_ask(&talk->bus, service("ReadAlias", &method), &answer, "s", "default"));
	int rc = read_path(talk, answer, ret_path);
	bus_done(&talk->bus, &answer);
	TRY(rc);
	if (strcmp(ret_path, "/") == 0)
		return trouble_set(talk->bus.call->trouble, MINTMARK_ERROR_STORAGE,
				   WORDS " has no default collection. Make one with the program that manages "
				   "passwords, or log in with another place.");
	return open_if_locked(talk, ret_path);
}

/* Our item, open; "": there is none. */
static int find_item(struct talk *talk, char ret_path[PATH_MAX_LEN])
{
	char locked[PATH_MAX_LEN];
	sd_bus_message *answer = NULL;
	struct bus_method method;
	TRY(bus_ask(&talk->bus, service("SearchItems", &method), &answer, "a{ss}", 2, SCHEMA, "id",
		    talk->bus.call->id));
	int rc = read_first(talk, answer, ret_path);
	if (rc == MINTMARK_OK)
		rc = read_first(talk, answer, locked);
	bus_done(&talk->bus, &answer);
	TRY(rc);
	if (ret_path[0] || !locked[0])
		return MINTMARK_OK;
	TRY(unlock(talk, locked));
	return copy_path(talk, locked, ret_path);
}

/* (session, parameters, value, content type) */
static int read_secret(struct talk *talk, sd_bus_message *answer, struct buf *out)
{
	const struct bus_functions *f = talk->bus.f;
	const void *value = NULL, *parameters;
	size_t len = 0, unused;
	int r = f->message_enter(answer, 'r', "oayays");
	if (r >= 0)
		r = f->message_read(answer, "o", NULL);
	if (r >= 0)
		r = f->message_read_array(answer, 'y', &parameters, &unused);
	if (r >= 0)
		r = f->message_read_array(answer, 'y', &value, &len);
	if (r < 0)
		return bus_fail(&talk->bus, r);
	buf_put_mem(out, value, len);
	return buf_status(out) < 0 ? trouble_of(talk->bus.call->trouble, buf_status(out), "the login") : MINTMARK_OK;
}

static int get(struct storage_call *call, struct buf *out, bool *ret_found)
{
	_cleanup_(end) struct talk talk = {0};
	char item[PATH_MAX_LEN];
	sd_bus_message *answer = NULL;
	TRY(begin(call, &talk));
	TRY(find_item(&talk, item));
	*ret_found = item[0] != '\0';
	if (!*ret_found)
		return MINTMARK_OK;
	const struct bus_method method = {PEER, item, "org.freedesktop.Secret.Item", "GetSecret"};
	TRY(bus_ask(&talk.bus, &method, &answer, "o", talk.session));
	(void)talk.bus.f->message_sensitive(answer);
	int rc = read_secret(&talk, answer, out);
	bus_done(&talk.bus, &answer);
	return rc;
}

/* Attributes are no secret: they are what it is found by, also by other programs. */
static int append_item(struct talk *talk, sd_bus_message *message, struct str secret)
{
	const struct bus_functions *f = talk->bus.f;
	const struct storage_call *call = talk->bus.call;
	char label[LABEL_MAX];
	snprintf(label, sizeof(label), "%.*s: login at %.*s", STR_ARG(call->app), STR_ARG(call->issuer));
	int r = f->message_append(message, "a{sv}", 2, "org.freedesktop.Secret.Item.Label", "s", label,
				  "org.freedesktop.Secret.Item.Attributes", "a{ss}", 6, SCHEMA, "kind", "login", "app",
				  call->app.p, "issuer", call->issuer.p, "client_id", call->client_id.p, "id",
				  call->id);
	if (r >= 0)
		r = f->message_open(message, 'r', "oayays");
	if (r >= 0)
		r = f->message_append(message, "o", talk->session);
	if (r >= 0)
		r = f->message_append_array(message, 'y', NULL, 0);
	if (r >= 0)
		r = f->message_append_array(message, 'y', secret.p, secret.len);
	if (r >= 0)
		r = f->message_append(message, "s", "text/plain");
	if (r >= 0)
		r = f->message_close(message);
	return r < 0 ? r : f->message_append(message, "b", 1); /* in the place of one with the same attributes */
}

static int create(struct talk *talk, const char *collection, struct str secret)
{
	char item[PATH_MAX_LEN];
	sd_bus_message *message = NULL, *answer = NULL;
	int r = talk->bus.f->message_new_call(talk->bus.connection, &message, PEER, collection,
					      "org.freedesktop.Secret.Collection", "CreateItem");
	if (r >= 0)
		r = talk->bus.f->message_sensitive(message);
	if (r >= 0)
		r = append_item(talk, message, secret);
	if (r < 0) {
		bus_done(&talk->bus, &message);
		return bus_fail(&talk->bus, r);
	}
	TRY(bus_send(&talk->bus, message, &answer));
	int rc = read_path(talk, answer, item);
	bus_done(&talk->bus, &answer);
	TRY(rc);
	return strcmp(item, "/") == 0 ? say_locked(talk) : MINTMARK_OK; /* it would ask somebody first */
}

static int put(struct storage_call *call, struct str secret)
{
	_cleanup_(end) struct talk talk = {0};
	char collection[PATH_MAX_LEN];
	TRY(begin(call, &talk));
	TRY(find_collection(&talk, collection));
	return create(&talk, collection, secret);
}

static int remove_item(struct storage_call *call)
{
	_cleanup_(end) struct talk talk = {0};
	char item[PATH_MAX_LEN], prompt[PATH_MAX_LEN];
	sd_bus_message *answer = NULL;
	TRY(begin(call, &talk));
	TRY(find_item(&talk, item));
	if (!item[0])
		return MINTMARK_OK;
	const struct bus_method method = {PEER, item, "org.freedesktop.Secret.Item", "Delete"};
	TRY(bus_ask(&talk.bus, &method, &answer, ""));
	int rc = read_path(&talk, answer, prompt);
	bus_done(&talk.bus, &answer);
	TRY(rc);
	return strcmp(prompt, "/") == 0 ? MINTMARK_OK : say_locked(&talk);
}

/* None is started for somebody who has not asked for it. */
static int check(struct storage_call *call)
{
	static const struct bus_method has_owner = {"org.freedesktop.DBus", "/org/freedesktop/DBus",
						    "org.freedesktop.DBus", "NameHasOwner"};
	_cleanup_(end) struct talk talk = {0};
	char collection[PATH_MAX_LEN];
	sd_bus_message *answer = NULL;
	int owned = 0;
	TRY(bus_open(call, WORDS, &talk.bus));
	TRY(bus_ask(&talk.bus, &has_owner, &answer, "s", PEER));
	int r = talk.bus.f->message_read(answer, "b", &owned);
	bus_done(&talk.bus, &answer);
	if (r < 0)
		return bus_fail(&talk.bus, r);
	if (!owned && !call->may_start)
		return trouble_set(call->trouble, MINTMARK_ERROR_STORAGE,
				   WORDS " can not be used: none runs in this session.");
	return find_collection(&talk, collection);
}

const struct storage storage_secret = {
	.name = "secret-service",
	.words = "the Secret Service",
	.end = "Somebody removed it there.",
	.check = check,
	.get = get,
	.put = put,
	.remove = remove_item,
};
