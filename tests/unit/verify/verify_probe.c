/*
 * A verifier by the public headers alone, driven by tests/flow: verify_probe ISSUER AUDIENCE [option=value …]; lines of
 * "SCOPES TOKEN" in ("-": no scopes), the verdict's name out; "? ?" asks for the key set's state.
 */
#include <mintmark/verify.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mintmark_feed_options feed_options = {.size = sizeof(feed_options)};
static struct mintmark_keyset_options options = {.size = sizeof(options)};
static struct mintmark_policy policy = {.size = sizeof(policy), .algorithms = "ES256 RS256 EdDSA PS256"};
static const char *url, *revocation = "off"; /* "on", "open" */
static mintmark_feed *feed;

static int set_option(char *word)
{
	const struct {
		const char *name;
		uint32_t *number;
		const char **text;
	} rows[] = {{"refresh_s", &options.refresh_s, NULL},   {"interval_s", &options.interval_s, NULL},
		    {"max_age_s", &options.max_age_s, NULL},   {"timeout_ms", &options.timeout_ms, NULL},
		    {"ca_file", NULL, &options.ca_file},       {"url", NULL, &url},
		    {"revocation", NULL, &revocation},         {"feed_url", NULL, &feed_options.url},
		    {"poll_s", &feed_options.poll_s, NULL},    {"feed_age_s", &feed_options.max_age_s, NULL},
		    {"feed_ms", &feed_options.timeout_ms, NULL}};
	char *value = strchr(word, '=');
	if (!value)
		return -1;
	*value++ = '\0';
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, word) != 0)
			continue;
		if (rows[i].text)
			*rows[i].text = value;
		else
			*rows[i].number = (uint32_t)strtoul(value, NULL, 10);
		return 0;
	}
	return -1;
}

static int make_feed(mintmark_keyset *keyset)
{
	policy.off = strcmp(revocation, "off") == 0	 ? MINTMARK_OFF_REVOCATION
		     : strcmp(revocation, "open") == 0 ? MINTMARK_OFF_REVOCATION_AGE
							 : 0;
	if (policy.off == MINTMARK_OFF_REVOCATION)
		return 0;
	int rc = mintmark_feed_new(policy.issuer, keyset, &feed_options, &feed);
	policy.feed = feed;
	return rc;
}

static void answer(mintmark_verifier *verifier, mintmark_keyset *keyset, const char *scopes, const char *token)
{
	char text[512];
	if (strcmp(token, "?") == 0) {
		(void)mintmark_keyset_explain(keyset, text, sizeof(text));
		printf("%s ", text);
		if (feed)
			(void)mintmark_feed_explain(feed, text, sizeof(text));
		puts(feed ? text : "");
		return;
	}
	enum mintmark_verdict verdict = mintmark_verifier_check(verifier, token, strlen(token),
								strcmp(scopes, "-") == 0 ? NULL : scopes, NULL);
	puts(mintmark_verdict_name(verdict));
}

int main(int argc, char **argv)
{
	static char scopes[256], token[17000];
	mintmark_keyset *keyset;
	mintmark_verifier *verifier;
	if (argc < 3)
		return 2;
	policy.issuer = argv[1];
	policy.audience = argv[2];
	for (int i = 3; i < argc; i++)
		if (set_option(argv[i]) < 0)
			return 2;
	int rc = url ? mintmark_keyset_url(url, &options, &keyset)
		     : mintmark_keyset_discover(argv[1], &options, &keyset);
	if (rc < 0 || make_feed(keyset) < 0 || mintmark_verifier_new(&policy, keyset, &verifier) < 0)
		return 3;
	while (scanf("%255s %16999s", scopes, token) == 2) {
		answer(verifier, keyset, scopes, token);
		fflush(stdout);
	}
	mintmark_verifier_free(verifier);
	mintmark_feed_free(feed);
	mintmark_keyset_free(keyset);
	return 0;
}
