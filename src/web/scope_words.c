/* See scope_words.h. */
#include "web/scope_words.h"

static const struct {
	const char *scope, *text;
} identity[] = {
	{"openid", "know which account here is yours"},
	{"profile", "read your name"},
	{"email", "read your e-mail address"},
	{"roles", "see which roles you have here"},
	{"offline_access", "go on when you are not there, until you end it"},
};

struct str scope_words(const struct api *api, struct str scope)
{
	for (size_t i = 0; i < sizeof(identity) / sizeof(identity[0]); i++)
		if (str_eq(scope, str_of(identity[i].scope)))
			return str_of(identity[i].text);
	for (size_t i = 0; api && i < api->n_scopes; i++)
		if (str_eq(api->scopes[i].name, scope))
			return api->scopes[i].description;
	return (struct str){0};
}
