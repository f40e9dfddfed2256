/* See sign_in_with.h. */
#include "server/sign_in_with.h"

#include "base/log.h"
#include "http/http_out_mail.h"
#include "server/server.h"

/* A section, whose members have the same names in each. */
#define OPTIONS_OF(section)                                                          \
	(struct upstream_options)                                                    \
	{                                                                            \
		.label = (section).label, .issuer = (section).issuer,                \
		.client_id = (section).client_id, .scopes = (section).scopes,        \
		.domains = (section).domains, .create = (section).create,            \
		.asks_anew = (section).asks_anew,                                                    \
		.private_addresses = (section).private_addresses,                    \
		.ca_file = (section).ca_file.len > 0 ? (section).ca_file.p : NULL,   \
	}

static struct upstream_options options_of(const struct config *config, unsigned i)
{
	const struct upstream_options all[UPSTREAM_MAX] = {
		OPTIONS_OF(config->upstream1), OPTIONS_OF(config->upstream2), OPTIONS_OF(config->upstream3)};
	struct upstream_options options = all[i];
	options.slot = i + 1;
	if (options.label.len == 0)
		options.label = options.issuer;
	return options;
}

bool sign_in_with_is_on(const struct config *config)
{
	bool on = false;
	for (unsigned i = 0; i < UPSTREAM_MAX; i++)
		on |= options_of(config, i).issuer.len > 0;
	return on;
}

const char *sign_in_with_ca_file(const struct config *config, unsigned i) { return options_of(config, i).ca_file; }

int sign_in_with_prepare(const struct config *config, struct sign_in_with *ret_setup)
{
	const struct str places[UPSTREAM_MAX] = {config->upstream1.client_secret, config->upstream2.client_secret,
						 config->upstream3.client_secret};
	static const char *const names[UPSTREAM_MAX] = {"upstream1.client_secret", "upstream2.client_secret",
							"upstream3.client_secret"};
	for (unsigned i = 0; i < UPSTREAM_MAX; i++)
		TRY(secret_source_read(places[i], names[i], &ret_setup->secrets[i]));
	if (!sign_in_with_is_on(config) || http_out_mail_prepare())
		return 0;
	LOG(LOG_ERROR, "upstream_setup_failed", F("why", "libcurl can't be loaded"));
	return E_CONFIG;
}

int sign_in_with_start(struct server *server, const struct sign_in_with *setup)
{
	static struct upstream *upstreams[UPSTREAM_MAX + 1];
	for (unsigned i = 0; i < UPSTREAM_MAX; i++) {
		struct upstream_options options = options_of(server->config, i);
		const struct secret_source *secret = &setup->secrets[i];
		options.secret = (struct secret){(const unsigned char *)secret->bytes, secret->len};
		if (options.issuer.len > 0)
			TRY(upstream_new(&options, &upstreams[i]));
	}
	server->env.upstreams = upstreams;
	return 0;
}

void sign_in_with_stop(struct server *server)
{
	for (unsigned i = 0; server->env.upstreams && i < UPSTREAM_MAX; i++)
		upstream_free(server->env.upstreams[i]);
}
