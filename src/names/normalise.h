/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/normalise.h -- the one form of an ENS name.  ENSIP-15 (data of Unicode 17.0.0).
 *
 *  A name on the chain is found by a hash, so everybody must write it with the same octets.  What cannot be told from
 *  another name by eye, or cannot be written, is no name.  Normalising what is normal already changes nothing.
 *  No heap, no state, tables of 83 KiB, a stack of 33 KiB at most; 20 ns for a plain name, under a microsecond for others
 *  of usual length.  The work grows with the octets of the name, whatever they are. */
#ifndef NAMES_NORMALISE_H
#define NAMES_NORMALISE_H

#include "base/text.h"

enum {
    NORMALISE_LABEL_POINTS = 2048,  /**< a label decomposes into at most this many code points; the wire form takes 255 octets */
    NORMALISE_GROWTH = 6            /**< the result has at most this many octets for each one of the input (U+3316) */
};

enum normalise_fault {
    NORMALISE_FINE,
    NORMALISE_NOT_UTF8,         /**< at `offset` */
    NORMALISE_EMPTY,            /**< a label without a code point, or with ignored ones only */
    NORMALISE_DISALLOWED,       /**< `point` belongs in no name */
    NORMALISE_UNDERSCORE,       /**< only at the start of a label */
    NORMALISE_LABEL_EXTENSION,  /**< hyphens third and fourth in an ASCII label */
    NORMALISE_LEADING_MARK,     /**< combining mark `point` starts a label or follows an emoji */
    NORMALISE_FENCED,           /**< apostrophe, fraction slash or middle dot (`point`) at an end, or two together */
    NORMALISE_MIXTURE,          /**< of scripts that do not go together; `point` is the first that does not fit */
    NORMALISE_MARK_TWICE,       /**< the same non-spacing mark `point` twice in a run */
    NORMALISE_MARKS_TOO_MANY,   /**< non-spacing marks in a run, of which `point` is one too many */
    NORMALISE_CONFUSABLE,       /**< the whole label looks like one of another script */
    NORMALISE_TOO_LONG,         /**< a label over NORMALISE_LABEL_POINTS */
    NORMALISE_PUNYCODE,         /**< an `xn--` label of the DNS that does not decode (names/label.h only) */
    NORMALISE_FAULT_COUNT
};

/** What is wrong, and where. */
struct normalise_report {
    enum normalise_fault fault;
    uint32_t point;             /**< the code point at fault, or 0 */
    size_t label;               /**< which one, 0 = leftmost */
    size_t offset;              /**< octets into the input: of the code point (NOT_UTF8, most of DISALLOWED), else of its label */
};

/** Normalises a name, its labels parted by full stops.  The empty name is normal; an empty label is not, so that the
 *  caller takes a final dot off.
 *  @param out     not terminated; must not overlap the input.  Octets behind *length may have been written to
 *  @param length  octets of the result, written on OK only
 *  @param why     NULL, or written in any case (NORMALISE_FINE on OK and E_NO_SPACE)
 *  @return OK, E_BAD_NAME (`why` says more), E_BAD_TEXT (not UTF-8), E_LIMIT (NORMALISE_TOO_LONG), E_NO_SPACE */
MUST_CHECK enum status ens_normalise(struct slice utf8, char *out, size_t room, size_t *length, struct normalise_report *why);

/** The same for one label: a full stop in it is NORMALISE_DISALLOWED, and nothing at all NORMALISE_EMPTY. */
MUST_CHECK enum status ens_normalise_label(struct slice utf8, char *out, size_t room, size_t *length,
                                           struct normalise_report *why);

/** The name is what ens_normalise makes of it.  For names that a chain or a gateway gave. */
bool ens_is_normal(struct slice utf8);

/** A sentence fragment without the place, such as "underscore not at the start".  Never NULL. */
const char *normalise_fault_text(enum normalise_fault fault);
/** `disallowed character U+2554 in label 1`: ASCII, for EDE text and for people. */
void normalise_report_print(const struct normalise_report *why, struct text *out);

#endif
