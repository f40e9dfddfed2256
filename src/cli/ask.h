/* One administration request of `mintmark init`, built and taken apart in one call. Single-threaded. */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "cli/transport.h"
#include "json/json.h"

/*
 * args: the JSON text of the args object. 0: *ret_doc is the answer, *ret_result its result, both until json_free. Else
 * the answer's code (E_ABSENT, E_EXISTS ...), or E_IO when there was none; *ret_doc is untouched then.
 */
must_check int ask(struct transport *transport, const char *op, struct str args, struct json **ret_doc,
		   const struct json **ret_result);
/* The code behind "E_EXISTS"; E_INTERNAL when it is none of ours. */
int ask_code(struct str symbol);

#endif
