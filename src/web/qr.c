/* See qr.h. */
#include "web/qr.h"

#include <qrencode.h>

#include "base/fault.h"
#include "base/secret.h"

enum { QUIET = 4 }; /* modules of white around it: ISO/IEC 18004 5.3.8 */

static void free_code(QRcode **code)
{
	if (*code)
		secret_wipe((*code)->data, (size_t)(*code)->width * (size_t)(*code)->width);
	QRcode_free(*code);
}

/* One run of dark modules per command. */
static void put_row(const unsigned char *row, int width, int y, struct buf *out)
{
	for (int x = 0; x < width;) {
		int end = x;
		while (end < width && (row[end] & 1))
			end++;
		if (end > x)
			buf_printf(out, "M%d %dh%dv1H%dz", x + QUIET, y + QUIET, end - x, x + QUIET);
		x = end + 1;
	}
}

int qr_svg(struct str text, const char *label, struct buf *out)
{
	char copy[QR_TEXT_MAX + 1] = {0};
	if (text.len == 0 || text.len > QR_TEXT_MAX)
		return E_LIMIT;
	memcpy(copy, text.p, text.len);
	_cleanup_(free_code) QRcode *code =
		fault_hit(FAULT_ALLOC) ? NULL : QRcode_encodeString8bit(copy, 0, QR_ECLEVEL_M);
	secret_wipe(copy, sizeof(copy));
	if (!code)
		return E_NOMEM;
	int side = code->width + 2 * QUIET;
	buf_printf(out,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\" "
		   "shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path d=\"",
		   side, side, label, side, side);
	for (int y = 0; y < code->width; y++)
		put_row(code->data + (ptrdiff_t)y * code->width, code->width, y, out);
	buf_put(out, STR("\"/></svg>\n"));
	return buf_status(out);
}
