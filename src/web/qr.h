/* QR codes as SVG (ISO/IEC 18004, by libqrencode), black on white whatever the page's colours are. Thread-safe. */
#ifndef WEB_QR_H
#define WEB_QR_H

#include "base/buf.h"

enum { QR_TEXT_MAX = 512 };

/* Appends the picture; label: what it is, for those who can't see it. E_LIMIT: text too long. E_NOMEM, the buffer's. */
must_check int qr_svg(struct str text, const char *label, struct buf *out);

#endif
