/*
 * A program that calls a protected API: cc call.c -lmintmark -lcurl.
 * Usage: call URL. Credentials: MINTMARK_ISSUER, MINTMARK_CLIENT_ID, MINTMARK_CLIENT_SECRET, or what is stored.
 */
#include <stdio.h>

#include <mintmark/client.h>
#include <mintmark/client_curl.h>

static int fail(mintmark_client *client)
{
	char why[1024];
	mintmark_client_explain(client, why, sizeof(why));
	fprintf(stderr, "call: %s\n", why);
	return 1;
}

static int call(mintmark_client *client, const char *url)
{
	long status = 0;
	CURLcode code = CURLE_OK;
	CURL *curl = curl_easy_init();
	if (!curl)
		return 1;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	int rc = mintmark_client_curl(client, curl, NULL, &code);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	if (rc == MINTMARK_ERROR_NETWORK && code != CURLE_OK) {
		fprintf(stderr, "call: %s\n", curl_easy_strerror(code));
		return 1;
	}
	if (rc < 0)
		return fail(client);
	return status == 200 ? 0 : 1;
}

int main(int argc, char **argv)
{
	mintmark_client *client;
	if (argc != 2 || mintmark_client_new(NULL, &client) < 0)
		return 2;
	int status = call(client, argv[1]);
	mintmark_client_free(client);
	return status;
}
