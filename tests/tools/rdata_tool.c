/* SPDX-License-Identifier: Apache-2.0 */
/* Rdata of all types for the tests that compare with other programs.  Reads lines; answers one line each, but for -m.
 *   rdata-tool          `CLASS TYPE text`  ->  `wire HEX` (in capitals), or `error LINE:COLUMN CHECK: sentence`
 *   rdata-tool -r       `CLASS TYPE HEX`   ->  `text TEXT`, or `error STATUS`; HEX `-` for none
 *   rdata-tool -r -s N  the same, base64 and hex broken every N characters
 *   rdata-tool -m       the same as -r in multiline style, followed by a line `.`
 *   rdata-tool -l       lists the types */
#include "base/arena.h"
#include "wire/wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_ROOM = 400000 };

struct tool { bool reverse; struct rdata_style style; uint8_t *rdata; };

/* Cuts the first word off; false when there is none. */
static bool word_cut(char **line, char **word)
{
    *word = *line + strspn(*line, " \t");
    size_t length = strcspn(*word, " \t");
    *line = *word + length;
    if (**line != 0)
        *(*line)++ = 0;
    return length != 0;
}

static void parse_one(struct tool *tool, uint16_t klass, uint16_t type, const char *text)
{
    struct diagnostics *diag = diagnostics_new(10);
    struct text hex;
    size_t length = 0;
    enum status st = rdata_parse_line(type, klass, text, name_root, tool->rdata, RDATA_MAX_BYTES, &length, diag);

    text_growing(&hex);
    text_add_hex(&hex, tool->rdata, length, true);
    if (st == OK) {
        printf("wire %s\n", length != 0 ? hex.data : "");
    } else if (diagnostics_kept(diag) == 0) {
        printf("error 0:0 none: %s\n", status_text(st));
    } else {
        const struct diagnostic *d = diagnostics_get(diag, 0);
        printf("error %u:%u %s: %s\n", (unsigned)d->line, (unsigned)d->column, d->check, d->text);
    }
    text_clear(&hex);
    diagnostics_free(diag);
}

static void print_one(struct tool *tool, uint16_t klass, uint16_t type, const char *hex)
{
    struct text text;
    size_t length = 0;

    if (strcmp(hex, "-") != 0 && hex_decode(slice_string(hex), tool->rdata, RDATA_MAX_BYTES, &length) != OK) {
        printf("error not hex\n");
        return;
    }
    enum status st = rdata_check(type, klass, tool->rdata, length);
    if (st != OK) {
        printf("error %s\n", status_text(st));
        return;
    }
    text_growing(&text);
    rdata_print(&text, type, klass, tool->rdata, length, &tool->style);
    printf("text %s\n%s", text.data != NULL ? text.data : "", tool->style.multiline ? ".\n" : "");
    text_clear(&text);
}

static void list_types(void)
{
    size_t position = 0;
    uint16_t type;
    const char *mnemonic;

    while (rdata_type_next(&position, &type, &mnemonic))
        printf("%u %s\n", type, mnemonic);
}

static void line_run(struct tool *tool, char *line)
{
    char *class_text, *type_text;
    uint16_t klass, type;

    if (!word_cut(&line, &class_text) || !word_cut(&line, &type_text) || class_parse(slice_string(class_text), &klass) != OK ||
        type_parse(slice_string(type_text), &type) != OK)
        printf("error 0:0 usage: expected CLASS TYPE and the rest\n");
    else if (tool->reverse)
        print_one(tool, klass, type, line);
    else
        parse_one(tool, klass, type, line);
}

int main(int argc, char **argv)
{
    struct tool tool = { .rdata = malloc(RDATA_MAX_BYTES) };
    char *line = malloc(LINE_ROOM);

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-l") == 0)
            list_types();
        tool.reverse |= strcmp(argv[i], "-r") == 0 || strcmp(argv[i], "-m") == 0;
        tool.style.multiline |= strcmp(argv[i], "-m") == 0;
        tool.style.comments = tool.style.multiline;
        if (strcmp(argv[i], "-s") == 0 && i + 1 < argc)
            tool.style.split = (unsigned)strtoul(argv[++i], NULL, 10);
    }
    while (line != NULL && tool.rdata != NULL && (argc < 2 || strcmp(argv[1], "-l") != 0) && fgets(line, LINE_ROOM, stdin) != NULL) {
        line[strcspn(line, "\n")] = 0;
        line_run(&tool, line);
        fflush(stdout);
    }
    free(line);
    free(tool.rdata);
    return 0;
}
