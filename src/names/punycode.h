/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/punycode.h -- Punycode without the rules of IDNA.  RFC 3492.
 *
 *  ENS names hold emoji and more that IDNA2008 forbids, so that libidn2 (room idn) refuses them; this is the bare code.
 *  No heap, no state.  The work grows with the square of the code points, so that callers give little room. */
#ifndef NAMES_PUNYCODE_H
#define NAMES_PUNYCODE_H

#include "base/text.h"

/** Decodes what stands behind `xn--`.  Digits count in either case, basic code points stay as they are.
 *  @param room   code points that fit
 *  @param count  written on OK only
 *  @return OK, E_BAD_TEXT (no Punycode, or no Unicode scalar value comes out), E_NO_SPACE */
MUST_CHECK enum status punycode_decode(struct slice text, uint32_t *points, size_t room, size_t *count);

/** Encodes code points, with digits in lower case, without `xn--` and without a terminator.
 *  @return OK, E_NO_SPACE, E_RANGE (over U+10FFFF, or so many that the arithmetic overflows) */
MUST_CHECK enum status punycode_encode(const uint32_t *points, size_t count, char *out, size_t room, size_t *length);

#endif
