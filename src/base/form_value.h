/* A decoded parameter: what http/form.h reads and the rules get, which know no HTTP. */
#ifndef BASE_FORM_VALUE_H
#define BASE_FORM_VALUE_H

#include "base/str.h"

/* Repeated ones are chained in order. Value and chain are in the arena of who read them. */
struct form_value {
	bool present; /* false for an empty value too: RFC 6749 3.2, empty = absent */
	struct str value;
	struct form_value *next;
};

#endif
