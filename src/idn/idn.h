/* SPDX-License-Identifier: Apache-2.0 */
/** @file idn/idn.h -- internationalised names: U-labels to A-labels and back.  RFC 5890-5893, UTS 46 (non-transitional).
 *
 *  The only room that sees libidn2.  No state, no locale; input is UTF-8 and hostile. */
#ifndef IDN_IDN_H
#define IDN_IDN_H

#include "base/text.h"

enum {
    IDN_LABEL_ROOM = 64,        /**< an A-label with its terminator */
    IDN_NAME_ROOM = 256,        /**< an ASCII name as text with its terminator */
    IDN_UNICODE_ROOM = 1024     /**< a Unicode name as UTF-8 with its terminator */
};

/** A name, or one label, in UTF-8 to ASCII: mapped (case, width, normal form), each label checked, U-labels turned into
 *  A-labels.  ASCII labels that are not A-labels pass as they are but for case; a final dot stays.
 *  @param out  NUL-terminated, written on OK only
 *  @return OK, E_BAD_TEXT (not UTF-8, a NUL, or a label that IDNA2008 forbids), E_BAD_NAME (a label over 63 octets or a name
 *          too long), E_NOMEM */
MUST_CHECK enum status idn_to_ascii(struct slice utf8, char out[IDN_NAME_ROOM]);

/** The other way, for people to read: A-labels that are valid become U-labels, anything else stays.
 *  @return OK, E_BAD_NAME (longer than a name can be), E_BAD_TEXT, E_NOMEM */
MUST_CHECK enum status idn_to_unicode(struct slice ascii, char out[IDN_UNICODE_ROOM]);

/** The label starts with `xn--`, whatever the case. */
bool idn_label_is_prefixed(struct slice label);
/** A valid A-label: it decodes, what it decodes to is allowed, and encodes to the very same label (RFC 5890 2.3.2.1).
 *  False for any label without the prefix. */
bool idn_label_is_valid(struct slice label);

#endif
