/* Choosing a format: "name\nAccept". Only what exists is chosen, JSON is chosen whenever anything will do. */
#include "series/accept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str name = {"", 0}, header = str_mem(data, size);
	enum accept_format format = ACCEPT_FORMATS;
	(void)str_cut(header, '\n', &name, &header);
	int rc = accept_choose(name, header, &format);
	if (rc == 0 ? format >= ACCEPT_FORMATS || accept_media_type(format).len == 0
		    : format != ACCEPT_FORMATS || (rc != E_INVALID_REQUEST && rc != E_NOT_ACCEPTABLE))
		__builtin_trap();
	if (name.len == 0 && str_trim_ows(header).len == 0 && (rc != 0 || format != ACCEPT_JSON))
		__builtin_trap();
	return 0;
}
