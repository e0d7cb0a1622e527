/* SPDX-License-Identifier: Apache-2.0 */
/* What `rhiz query` prints of any reply whatever is plain ASCII text: nothing in it can steer a terminal; and what the reader counts
 * fits the octets that came.  The first octet chooses the form. */
#include "tools/query.h"

#include <stdlib.h>

#define HOLDS(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void form_choose(struct lookup *l, uint8_t form)
{
    l->multiline = form & 1;
    l->generic = form & 2;
    l->crypto = !(form & 4);
    l->brief = form & 8;
    l->yaml = (form & 0x30) == 0x10;
    l->json = (form & 0x30) == 0x20;
    l->ttl_units = form & 0x40;
    l->expand_aaaa = form & 0x80;
}

static void printed_check(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        HOLDS((text[i] >= 0x20 && text[i] < 0x7f) || text[i] == '\n' || text[i] == '\t');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct query_run *run = mem_alloc(sizeof *run);
    struct arena *arena = arena_new(0);
    struct reply_view view;
    char *text = NULL;
    size_t length = 0;
    HOLDS(run != NULL && arena != NULL);
    query_defaults(run);
    run->out = open_memstream(&text, &length);
    HOLDS(run->out != NULL);
    if (size > 0 && size <= 4096) {
        form_choose(&run->defaults, data[0]);
        const struct query_exchange exchange = { .server.address.family = 4, .label = "x", .cookie = (const uint8_t *)"12345678" };
        const struct print_context context = { run, &run->defaults, &exchange };
        if (query_reply_read(data + 1, size - 1, arena, &view)) {
            HOLDS(view.question_count * 5 + view.record_count * 11 + 12 <= size - 1);
            HOLDS(view.malformed || view.question_count == view.counts[SECTION_QUESTION]);
            query_print_message(run, &context, &view, false);
        }
    }
    fclose(run->out);
    printed_check(text, length);
    free(text);
    arena_free(arena);
    mem_free(run);
    return 0;
}
