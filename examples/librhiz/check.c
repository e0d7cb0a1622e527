/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a zone file and prints the addresses of a name in it:
 *     cc check.c $(pkg-config --cflags --libs rhiz) -o check && ./check FILE NAME */
#include <rhiz.h>
#include <stdio.h>

static void report(void *context, const struct rhiz_diagnostic *d)
{
    (void)context;
    fprintf(stderr, "%s:%u:%u: %s: %s [%s]\n", d->file != NULL ? d->file : "-", d->line, d->column, d->error ? "error" : "warning", d->text, d->check);
}

static int show(void *context, const struct rhiz_record *r)
{
    (void)context;
    printf("%s %u %s\n", r->name, r->ttl, r->rdata_text);
    return 0;
}

int main(int argc, char **argv)
{
    struct rhiz_zone *zone = NULL;
    if (argc != 3)
        return 2;
    enum rhiz_status st = rhiz_zone_open(argv[1], NULL, report, NULL, &zone);
    if (st == RHIZ_OK)
        st = rhiz_zone_check(zone, report, NULL);
    if (st == RHIZ_OK)
        st = rhiz_zone_lookup(zone, argv[2], 1, show, NULL);
    if (st != RHIZ_OK)
        fprintf(stderr, "%s\n", rhiz_status_text(st));
    rhiz_zone_close(zone);
    return st != RHIZ_OK;
}
