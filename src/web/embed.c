/* Finding what is embedded; see embed.h. */
#include "web/embed.h"

const struct embed_file *embed_find(struct str name)
{
	for (size_t i = 0; i < embed_n; i++)
		if (str_eq(str_of(embed_files[i].name), name))
			return &embed_files[i];
	return NULL;
}
