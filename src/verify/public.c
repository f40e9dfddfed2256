/* Options in, texts out; see public.h. */
#include "verify/public.h"

bool public_numbers_read(const struct public_number *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct public_number *number = &numbers[i];
		*number->value = number->given > 0 ? number->given : number->preset;
		if (*number->value < number->least || *number->value > number->most)
			return false;
	}
	return true;
}

void public_put_text(const struct buf *text, char *ret_text, size_t size)
{
	size_t len = text->len < size - 1 ? text->len : size - 1;
	while (len > 0 && len < text->len && ((unsigned char)text->p[len] & 0xc0) == 0x80)
		len--;
	if (len > 0)
		memcpy(ret_text, text->p, len);
	ret_text[len] = '\0';
}
