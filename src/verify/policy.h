/* From a caller's struct mintmark_policy to the verifier's own form. */
#ifndef VERIFY_POLICY_H
#define VERIFY_POLICY_H

#include "mintmark/verify.h"
#include "verify/verify.h"

/* Strings go into the arena. ret_policy has no scopes. MINTMARK_ERROR_ARGUMENT, MINTMARK_ERROR_MEMORY. */
must_check int policy_read(const struct mintmark_policy *policy, struct arena *arena, struct verify_policy *ret_policy,
			   struct str_list *ret_scopes);
/* Scopes separated by single or more blanks, copied; NULL: none. E_SYNTAX, E_NOMEM. */
must_check int policy_scopes(const char *text, struct arena *arena, struct str_list *ret_scopes);

#endif
