/* SPDX-License-Identifier: Apache-2.0 */
/** @file wire/name.h -- domain names in uncompressed wire form.  RFC 1035 §3.1.
 *
 *  `struct name` is a buffer, copied with `=`; `struct name_view` is how names pass: borrowed, valid as
 *  long as what it points to.  Any octet may stand in a label (RFC 2181 §11); case is kept and does not
 *  count (RFC 4343). */
#ifndef WIRE_NAME_H
#define WIRE_NAME_H

#include "base/text.h"
#include "wire/cursor.h"

enum {
    LABEL_MAX = 63,          /**< octets, RFC 1035 §2.3.4 */
    NAME_MAX_BYTES = 255,    /**< octets with the root label */
    NAME_MAX_LABELS = 127,   /**< without the root label */
    NAME_TEXT_ROOM = 1024    /**< enough for any name as text, with the terminator */
};

struct name {
    uint8_t length;                  /**< octets used in wire, 1..255, root label included */
    uint8_t wire[NAME_MAX_BYTES];
};

struct name_view {
    const uint8_t *wire;             /**< valid uncompressed name */
    uint8_t length;                  /**< octets, 1..255 */
    uint8_t labels;                  /**< without the root label, 0..127 */
};

extern const struct name_view name_root;

/** Reads one name, following compression pointers (RFC 1035 §4.1.4).
 *  @param c    at the first label; on OK, just behind the name or its first pointer
 *  @return OK, E_TRUNCATED, E_BAD_NAME (over 255 octets or a reserved label type), E_BAD_POINTER (a
 *          pointer that does not lead strictly backwards, or more than one per label: pointers to pointers
 *          without end would make names dear to read)
 *  Terminates: each pointer must aim below the one before it. */
MUST_CHECK enum status name_read(struct cursor *c, struct name *out);
/** The same where no compression is allowed: a pointer is E_BAD_POINTER.  The view borrows from the cursor's data. */
MUST_CHECK enum status name_read_plain(struct cursor *c, struct name_view *out);

/** Steps over a name in a message without following its pointer, which must aim below the name; for walks over
 *  records whose owners do not matter: what one costs is bounded by its own octets. @return as name_read. */
MUST_CHECK enum status name_skip(struct cursor *c);

struct name_view name_view_of(const struct name *name);
/** A view of valid uncompressed wire whose length is not known.  Cannot fail: the caller vouches for it. */
struct name_view name_view_wire(const uint8_t *wire);
struct name name_copy(struct name_view view);

/** Equal but for ASCII case. */
bool name_equal(struct name_view a, struct name_view b);
/** Equal to the letter. */
bool name_same(struct name_view a, struct name_view b);
/** Canonical order: labels from the right, ASCII case ignored (RFC 4034 §6.1). @return below, equal to or above zero. */
int name_compare(struct name_view a, struct name_view b);
/** a is at or below b. */
bool name_below(struct name_view a, struct name_view b);
/** A quick look before name_below: plain wire of `length` octets ends in the octets of `suffix`, whatever their case.  It may
 *  not lie below it all the same, for its labels may fall otherwise. */
bool name_ends_like(const uint8_t *wire, size_t length, struct name_view suffix);
/** How many labels from the right both share (root not counted). */
unsigned name_shared_labels(struct name_view a, struct name_view b);
/** The name without its first `count` labels; count <= labels. */
struct name_view name_strip(struct name_view name, unsigned count);
bool name_is_wildcard(struct name_view name);          /**< first label is `*` (RFC 4592 §2.1.1) */
/** Lower-cases ASCII in place. */
void name_lower(uint8_t *wire, size_t length);

/** prefix (relative: its labels without root) + suffix. @return OK, E_BAD_NAME when over 255 octets. */
MUST_CHECK enum status name_join(struct name_view prefix, struct name_view suffix, struct name *out);
/** One label in front. */
MUST_CHECK enum status name_prepend(const uint8_t *label, size_t length, struct name_view suffix, struct name *out);
/** Replaces suffix `from` by `to` (DNAME, RFC 6672 §2.2).  name must be below from. @return OK, E_BAD_NAME (YXDOMAIN). */
MUST_CHECK enum status name_replace_suffix(struct name_view name, struct name_view from, struct name_view to, struct name *out);

/** Master-file text: `\.`, `\DDD`, `@` for the origin; without a final dot the origin is appended.
 *  @param origin  .wire NULL = a relative name is completed by the root
 *  @return OK, E_BAD_TEXT (empty label, bad escape), E_BAD_NAME (too long) */
MUST_CHECK enum status name_parse(struct slice text, struct name_view origin, struct name *out);
/** Absolute, with the final dot; specials escaped (RFC 1035 §5.1, RFC 4343 §2.1). */
void name_print(struct text *text, struct name_view name);
/** Into a caller's buffer; @return out. */
char *name_to_text(struct name_view name, char out[NAME_TEXT_ROOM]);
/** Relative to origin where it is below it (`@` for the origin itself). */
void name_print_relative(struct text *text, struct name_view name, struct name_view origin);

/** The name for a reverse lookup: in-addr.arpa or ip6.arpa (RFC 1035 §3.5, 3596 §2.5).  octets: 4 or 16. */
void name_reverse(const uint8_t *address, size_t octets, struct name *out);
/** Letters, digits, hyphens, not at the ends of a label (RFC 1123 §2.1); a leading wildcard label is allowed when asked. */
bool name_is_host(struct name_view name, bool wildcard);

#endif
