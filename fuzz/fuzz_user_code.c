/* User codes: what parses has one spelling, and as it is shown it parses to itself. */
#include "oauth/user_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char code[USER_CODE_LEN + 1], shown[USER_CODE_SHOWN_LEN + 1], again[USER_CODE_LEN + 1];
	if (user_code_parse(str_mem(data, size), code) < 0)
		return 0;
	user_code_show(code, shown);
	if (strlen(code) != USER_CODE_LEN || user_code_parse(str_of(shown), again) < 0 || strcmp(code, again) != 0)
		__builtin_trap();
	return 0;
}
