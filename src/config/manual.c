/* SPDX-License-Identifier: Apache-2.0 */
/* rhizd.yaml(5), from the table. */
#include "config/inside.h"

#include <string.h>

/* Text of the page: a line that begins with a dot, and backslashes, mean something to roff. */
static void roff(struct text *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        text_add(out, "\\&");
    for (; *text; text++) {
        if (*text == '\\')
            text_add(out, "\\e");
        else if (*text == '-')
            text_add(out, "\\-");
        else
            text_add_char(out, *text);
    }
}

void config_manual(struct text *out)
{
    struct config_key_help row;
    text_add(out, ".TH RHIZD.YAML 5 \"\" \"Rhizome " RHIZ_VERSION "\" \"File formats\"\n"
                  ".SH NAME\nrhizd.yaml \\- configuration of the Rhizome name server\n"
                  ".SH DESCRIPTION\nYAML, one file and what it includes.  Sizes take K, M and G; times must have a unit: ms, s, m, h, d or w.\n"
                  "Unknown keys, wrong types and values out of range are errors.  Relative paths count from the folder of the\n"
                  "main file; patterns of\n.B include\ncount from the file that they stand in.  A reload applies whole or not at all.\n"
                  ".PP\nA list of addresses takes any, none, loopback, own, PREFIX, !PREFIX and names of\n.B acl\nlists; the longest match decides.\n"
                  ".SH KEYS\n");
    for (size_t position = 0; config_key_next(&position, &row);) {
        if (row.later)
            continue;
        text_add(out, ".TP\n.B ");
        roff(out, row.path);
        text_add_char(out, '\n');
        roff(out, row.kind);
        if (row.fallback) {
            text_add(out, "; default ");
            roff(out, row.fallback);
        }
        text_add(out, ".\n.br\n");
        roff(out, row.help);
        text_add(out, ".\n");
    }
    text_add(out, ".SH NOT IN THIS VERSION\nThese keys are known and refused:\n");
    const char *comma = "";
    for (size_t position = 0; config_key_next(&position, &row);) {
        if (!row.later)
            continue;
        text_add(out, comma);
        roff(out, row.path);
        comma = ",\n";
    }
    text_add(out, ".\n.SH SEE ALSO\nrhizd(8), rhiz(1)\n");
}
