/* cc verify.c $(pkg-config --cflags --libs mintmark) -o verify; ./verify ISSUER AUDIENCE SCOPE <token */
#include <mintmark/verify.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	char token[16400] = "", why[1024];
	struct mintmark_policy policy = {.size = sizeof(policy)};
	mintmark_verifier *verifier = NULL;
	mintmark_token *accepted = NULL;
	if (argc != 4 || scanf("%16399s", token) != 1)
		return 2;
	policy.issuer = argv[1];
	policy.audience = argv[2];
	policy.algorithms = "ES256 RS256";
	int rc = mintmark_verifier_new(&policy, NULL, &verifier);
	if (rc < 0)
		return fprintf(stderr, "%s\n", mintmark_error_text(rc)), 2;
	if (mintmark_verifier_check(verifier, token, strlen(token), argv[3], &accepted) == MINTMARK_VERDICT_VALID) {
		printf("%s may %s\n", mintmark_token_subject(accepted), mintmark_token_scopes(accepted));
	} else {
		mintmark_verifier_explain(verifier, token, strlen(token), argv[3], why, sizeof(why));
		fprintf(stderr, "%s\n", why);
	}
	rc = accepted ? 0 : 1;
	mintmark_token_free(accepted);
	return mintmark_verifier_free(verifier), rc;
}
