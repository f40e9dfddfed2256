/* The device grant: a code that a person enters somewhere else. RFC 8628. */
#include "base/err.h"
#include "client/login.h"
#include "client/token_request.h"
#include "http/http_out.h"
#include "json/json.h"

enum { INTERVAL_S = 5, INTERVAL_MAX_S = 1800 /* no login takes longer */, SLOWER_S = 5, CODE_MAX = 4096 };

struct device {
	struct str device_code, user_code, uri, complete_uri;
	int64_t interval_s;
};

static int copy(struct login *login, const struct json *document, const char *name, bool required,
		struct str *ret_value)
{
	struct str value;
	if (json_get_str(document, name, &value) < 0)
		return required ? trouble_set(login->trouble, MINTMARK_ERROR_SYNTAX,
					      "The device endpoint's answer has no %s.", name)
				: MINTMARK_OK;
	if (value.len > CODE_MAX || arena_str(login->arena, value, ret_value) < 0)
		return trouble_of(login->trouble, E_NOMEM, "the device code");
	return MINTMARK_OK;
}

/* RFC 8628 3.2. */
static int read_device(struct login *login, struct str text, struct device *device)
{
	_cleanup_(json_freep) struct json *document = NULL;
	int rc = json_parse_object(text, &document);
	if (rc == E_NOMEM)
		return trouble_of(login->trouble, rc, "the device code");
	if (rc < 0)
		return trouble_set(login->trouble, MINTMARK_ERROR_SYNTAX,
				   "The device endpoint's answer is no JSON object.");
	TRY(copy(login, document, "device_code", true, &device->device_code));
	TRY(copy(login, document, "user_code", true, &device->user_code));
	TRY(copy(login, document, "verification_uri", true, &device->uri));
	device->complete_uri = STR("");
	TRY(copy(login, document, "verification_uri_complete", false, &device->complete_uri));
	if (json_get_int(document, "interval", &device->interval_s) < 0 || device->interval_s < 1)
		device->interval_s = INTERVAL_S;
	if (device->interval_s > INTERVAL_MAX_S)
		device->interval_s = INTERVAL_MAX_S;
	if (!login_is_web(login, device->uri) || !login_is_shown_safely(device->user_code))
		return trouble_set(login->trouble, MINTMARK_ERROR_SYNTAX,
				   "The device endpoint's answer has an address or a code that can not be shown.");
	if (device->complete_uri.len > 0 && !login_is_web(login, device->complete_uri))
		device->complete_uri = STR("");
	return MINTMARK_OK;
}

static int begin(struct login *login, struct device *device)
{
	_cleanup_(buf_done) struct buf form, text;
	char error[64];
	buf_init(&form, TOKEN_REQUEST_FORM_MAX);
	buf_init(&text, TOKEN_REQUEST_ANSWER_MAX);
	token_request_put(&form, "scope", login->scope);
	token_request_put(&form, "resource", login->settings->audience);
	if (buf_status(&form) < 0)
		return trouble_of(login->trouble, buf_status(&form), "the device request");
	const struct token_request request = {
		.settings = login->settings,
		.endpoint = login->endpoints.device,
		.is_own = http_out_same_origin(login->endpoints.device, login->issuer),
		.id = login->client_id,
		.form = buf_str(&form),
		.timeout_ms = login->settings->timeout_ms,
	};
	TRY(token_request_post(&request, &text, error, login->trouble));
	return read_device(login, buf_str(&text), device);
}

static bool is_error(const char *error, int code) { return strcmp(error, err_row(code)->wire) == 0; }

/* RFC 8628 3.5: go on while it is pending, slower when told so or when the network fails. */
static int poll_once(struct login *login, struct str form, struct device *device, bool *ret_again)
{
	char error[64] = "";
	grant_done(login->grant);
	grant_init(login->grant);
	int rc = login_exchange(login, form, error);
	bool slower = is_error(error, E_POLLED_TOO_FAST) || (rc < 0 && login->trouble->is_passing);
	if (slower && device->interval_s < INTERVAL_MAX_S)
		device->interval_s += SLOWER_S;
	*ret_again = rc < 0 && (slower || is_error(error, E_AUTHORIZATION_PENDING));
	return rc;
}

static int wait_for_person(struct login *login, struct device *device)
{
	_cleanup_(buf_done) struct buf form;
	buf_init(&form, TOKEN_REQUEST_FORM_MAX);
	token_request_put(&form, "grant_type", STR("urn:ietf:params:oauth:grant-type:device_code"));
	token_request_put(&form, "device_code", device->device_code);
	if (buf_status(&form) < 0)
		return trouble_of(login->trouble, buf_status(&form), "the token request");
	while (login_pause(login, device->interval_s * 1000)) {
		bool again;
		int rc = poll_once(login, buf_str(&form), device, &again);
		if (!again)
			return rc;
	}
	return login_say_over(login);
}

int login_device(struct login *login)
{
	struct device device = {0};
	TRY(begin(login, &device));
	const mintmark_login_prompt prompt = {
		.way = MINTMARK_LOGIN_DEVICE,
		.url = device.uri.p,
		.user_code = device.user_code.p,
		.complete_url = device.complete_uri.p,
	};
	login_show(login, &prompt);
	return wait_for_person(login, &device);
}
