/* SPDX-License-Identifier: Apache-2.0 */
/* Aligned columns for people. */
#include "tools/tools.h"

#include <string.h>

struct columns_table {
    size_t columns, count, room;
    char **cells;
    bool failed;
};

struct columns_table *columns_new(size_t columns)
{
    struct columns_table *table = mem_alloc(sizeof *table);
    if (table != NULL)
        table->columns = columns;
    return table;
}

void columns_add(struct columns_table *table, const char *cell)
{
    if (table == NULL || table->failed)
        return;
    if (table->count == table->room) {
        size_t room = table->room == 0 ? 64 : table->room * 2;
        char **cells = mem_resize(table->cells, room * sizeof *cells);
        table->failed = cells == NULL;
        if (table->failed)
            return;
        table->cells = cells;
        table->room = room;
    }
    char *copy = mem_string(cell != NULL ? cell : "-");
    table->failed = copy == NULL;
    if (copy != NULL)
        table->cells[table->count++] = copy;
}

static int width_of(const struct columns_table *table, size_t column)
{
    size_t width = 0;
    for (size_t i = column; i < table->count; i += table->columns)
        if (strlen(table->cells[i]) > width)
            width = strlen(table->cells[i]);
    return (int)width;
}

void columns_print(const struct columns_table *table, FILE *out, unsigned right)
{
    int widths[16] = { 0 };
    bool colour = tools_colour(out);
    if (table == NULL || table->failed || table->columns > LENGTH_OF(widths)) {
        fputs("out of memory\n", stderr);
        return;
    }
    for (size_t i = 0; i < table->columns; i++)
        widths[i] = width_of(table, i);
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % table->columns;
        bool last = column + 1 == table->columns;
        if (i == 0 && colour)
            fputs("\033[1m", out);
        if (right & (1u << column))
            fprintf(out, "%*s", widths[column], table->cells[i]);
        else
            fprintf(out, "%-*s", last ? 0 : widths[column], table->cells[i]);
        if (i + 1 == table->columns && colour)
            fputs("\033[0m", out);
        fputs(last ? "\n" : "  ", out);
    }
}

void columns_free(struct columns_table *table)
{
    for (size_t i = 0; table != NULL && i < table->count; i++)
        mem_free(table->cells[i]);
    if (table != NULL)
        mem_free(table->cells);
    mem_free(table);
}
