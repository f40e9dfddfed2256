/* Texts of the public codes; see mintmark/error.h. Constant data. */
#include "mintmark/error.h"

#include <stddef.h>

const char *mintmark_error_text(int code)
{
	static const char *const texts[] = {
		[-MINTMARK_OK] = "It succeeded.",
		[-MINTMARK_ERROR_ARGUMENT] = "A required argument is missing or out of its range.",
		[-MINTMARK_ERROR_MEMORY] = "Out of memory.",
		[-MINTMARK_ERROR_SYNTAX] = "A document is not what it should be.",
		[-MINTMARK_ERROR_LIMIT] = "A document is larger than allowed.",
		[-MINTMARK_ERROR_TIMEOUT] = "It took longer than allowed.",
		[-MINTMARK_ERROR_NETWORK] = "The server can not be reached, or is not trusted.",
		[-MINTMARK_ERROR_STATUS] = "The server's answer was not 200.",
		[-MINTMARK_ERROR_REFUSED] = "The scheme or the address may not be used.",
		[-MINTMARK_ERROR_ISSUER] = "The metadata name another issuer.",
		[-MINTMARK_ERROR_SYSTEM] = "A thread, a lock or the cryptography does not come up.",
		[-MINTMARK_ERROR_UNTRUSTED] = "A signed document does not verify.",
		[-MINTMARK_ERROR_NO_CREDENTIALS] = "There are no credentials.",
		[-MINTMARK_ERROR_CREDENTIALS] = "The server refuses the credentials.",
		[-MINTMARK_ERROR_SCOPE] = "The server refuses the scope or the audience.",
		[-MINTMARK_ERROR_BUSY] = "The server refuses for a while.",
		[-MINTMARK_ERROR_FILE] = "A file can not be used.",
		[-MINTMARK_ERROR_CANCELLED] = "It was cancelled.",
		[-MINTMARK_ERROR_REJECTED] = "The API refuses even a fresh token.",
		[-MINTMARK_ERROR_LOGIN] = "Somebody has to log in.",
		[-MINTMARK_ERROR_STORAGE] = "The place where a login is kept can not be used.",
	};
	if (code > 0 || code < MINTMARK_ERROR_STORAGE)
		return "There is no such error.";
	return texts[-code];
}
