/* SPDX-License-Identifier: Apache-2.0 */
#include "names/normalise.h"

const char *normalise_fault_text(enum normalise_fault fault)
{
    static const char *const texts[NORMALISE_FAULT_COUNT] = {
        [NORMALISE_FINE] = "nothing wrong",
        [NORMALISE_NOT_UTF8] = "not UTF-8",
        [NORMALISE_EMPTY] = "empty label",
        [NORMALISE_DISALLOWED] = "disallowed character",
        [NORMALISE_UNDERSCORE] = "underscore not at the start",
        [NORMALISE_LABEL_EXTENSION] = "hyphens in the third and fourth place",
        [NORMALISE_LEADING_MARK] = "combining mark with nothing to combine with",
        [NORMALISE_FENCED] = "apostrophe, fraction slash or middle dot at an end or doubled",
        [NORMALISE_MIXTURE] = "mixture of scripts",
        [NORMALISE_MARK_TWICE] = "the same non-spacing mark twice",
        [NORMALISE_MARKS_TOO_MANY] = "too many non-spacing marks",
        [NORMALISE_CONFUSABLE] = "looks like a label of another script",
        [NORMALISE_TOO_LONG] = "label too long",
        [NORMALISE_PUNYCODE] = "xn-- label that does not decode",
    };
    return (unsigned)fault < NORMALISE_FAULT_COUNT ? texts[fault] : "unknown fault";
}

void normalise_report_print(const struct normalise_report *why, struct text *out)
{
    text_add(out, normalise_fault_text(why->fault));
    if (why->fault == NORMALISE_FINE)
        return;
    if (why->point)
        text_add_format(out, " U+%04X", (unsigned)why->point);
    text_add_format(out, " in label %zu", why->label + 1);
}
