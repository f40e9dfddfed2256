/*
 * Scopes of the demo's series; see demo_series.h. Also completes the objects of an earlier version, which knew no
 * series: adding to what is there, never taking away.
 */
#include "cli/demo_series.h"

#include "cli/ask.h"

enum { ARGS_MAX = 32768, SCOPES_MAX = 16384 };

/* Of examples/series: two stations of three. */
#define READ_CO2         "series:read:raalabs/MLO/*"
#define READ_TEMPERATURE "series:read:parameters/NINO12/Ocean/SurfaceTemperature"

static const struct {
	const char *name, *description;
} scopes[] = {
	{"series:measurements", "Read points of time series"},
	{"series:statistics", "Read aggregates of time series"},
	{"series:metadata", "Read what time series there are"},
	{"series:write", "Store points of time series"},
	{READ_CO2, "Every series of the station MLO"},
	{READ_TEMPERATURE, "The sea surface temperature of NINO12"},
};

const char demo_series_granted[] =
	"series:measurements series:statistics series:metadata " READ_CO2 " " READ_TEMPERATURE;
const char demo_series_allowed[] = "/measurements/parameters/MLO/Atmosphere/CO2?year=1999";
const char demo_series_denied[] = "/measurements/parameters/NGDC/Sun/Sunspots?year=1999";

static bool has_scope(const struct json *array, const char *name)
{
	const struct json *object;
	struct str found;
	for (size_t i = 0; i < json_array_len(array); i++)
		if (json_at_object(array, i, &object) == 0 && json_get_str(object, "name", &found) == 0 &&
		    str_eq(found, str_of(name)))
			return true;
	return false;
}

/* Those it has, then those it lacks. Returns how many it lacks. */
static size_t put_scopes(const struct json *array, struct json_out *out)
{
	const struct json *object;
	size_t n = 0;
	for (size_t i = 0; i < json_array_len(array); i++) {
		_cleanup_(buf_done) struct buf text;
		buf_init(&text, ARGS_MAX);
		if (json_at_object(array, i, &object) == 0)
			json_dump(object, &text);
		json_raw(out, NULL, buf_str(&text));
	}
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		if (has_scope(array, scopes[i].name))
			continue;
		json_open(out, NULL, '{');
		json_str(out, "name", str_of(scopes[i].name));
		json_str(out, "description", str_of(scopes[i].description));
		json_close(out, '}');
		n++;
	}
	return n;
}

static int change(struct transport *transport, const char *op, const struct buf *args)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *result;
	TRY(buf_status(args));
	return ask(transport, op, buf_str(args), &doc, &result);
}

/* An object with one member, as arguments. */
static void begin_args(struct buf *args, struct json_out *out, const char *name, const char *value)
{
	buf_init(args, ARGS_MAX);
	json_out_init(out, args);
	json_open(out, NULL, '{');
	json_str(out, name, str_of(value));
}

static int get(struct transport *transport, const char *op, struct buf *args, struct json **ret_doc,
	       const struct json **ret_result)
{
	buf_put_char(args, '}');
	TRY(buf_status(args));
	return ask(transport, op, buf_str(args), ret_doc, ret_result);
}

int demo_series_complete_api(struct transport *transport, const char *audience)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	_cleanup_(buf_done) struct buf wanted, args;
	const struct json *api, *array;
	struct json_out out;
	begin_args(&wanted, &out, "api", audience);
	begin_args(&args, &out, "api", audience);
	TRY(get(transport, "api.get", &wanted, &doc, &api));
	TRY(json_get_array(api, "scopes", &array));
	json_open(&out, "scopes", '[');
	size_t n = put_scopes(array, &out);
	json_close(&out, ']');
	json_close(&out, '}');
	return n > 0 ? change(transport, "api.update", &args) : 0;
}

/* The APIs at which the client has grants, and the demo's. */
static void put_audiences(const struct json *client, struct str audience, struct json_out *out)
{
	const struct json *grants, *grant;
	struct str found;
	json_open(out, "audiences", '[');
	json_str(out, NULL, audience);
	if (json_get_array(client, "grants", &grants) == 0)
		for (size_t i = 0; i < json_array_len(grants); i++)
			if (json_at_object(grants, i, &grant) == 0 && json_get_str(grant, "audience", &found) == 0 &&
			    !str_eq(found, audience))
				json_str(out, NULL, found);
	json_close(out, ']');
}

/* scope and what it lacks of demo_series_granted. Returns how many that are. */
static size_t put_granted(struct str scope, struct buf *out)
{
	struct str word, rest = str_of(demo_series_granted);
	size_t n = 0;
	buf_put(out, scope);
	for (bool more = true; more;) {
		more = str_cut(rest, ' ', &word, &rest);
		word = more ? word : rest;
		if (str_has_word(scope, word))
			continue;
		if (out->len > 0)
			buf_put_char(out, ' ');
		buf_put(out, word);
		n++;
	}
	return n;
}

int demo_series_complete_client(struct transport *transport, const char *audience, const char *client_id)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	_cleanup_(buf_done) struct buf wanted, args, scope;
	const struct json *client;
	struct json_out out;
	struct str old;
	buf_init(&scope, SCOPES_MAX);
	begin_args(&wanted, &out, "client_id", client_id);
	begin_args(&args, &out, "client_id", client_id);
	TRY(get(transport, "client.get", &wanted, &doc, &client));
	TRY(json_get_str(client, "scope", &old));
	if (put_granted(old, &scope) == 0)
		return 0;
	TRY(buf_status(&scope));
	json_str(&out, "scope", buf_str(&scope));
	put_audiences(client, str_of(audience), &out);
	json_close(&out, '}');
	return change(transport, "client.update", &args);
}
