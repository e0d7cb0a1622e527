/* SPDX-License-Identifier: Apache-2.0 */
/* Zones added at run time, kept across restarts: one JSON object per line, appended and synced before the verb says
 * done, so that adding one to a hundred thousand writes one line.  At the start, and when much
 * was removed since, the file is rewritten (rename, so it is whole at every moment).  A last line cut short by a crash was never confirmed. */
#include "daemon/inside.h"
#include "json/json.h"
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SLACK_LINES = 1000 };     /* what was removed may stand in the file until there is so much of it */

struct added *added_new(struct name_view name, uint16_t klass, const char *file)
{
    struct added *added = mem_alloc(sizeof *added + name.length);
    if (!added)
        return NULL;
    added->file = mem_string(file);
    if (!added->file) {
        mem_free(added);
        return NULL;
    }
    added->klass = klass;
    added->length = name.length;
    memcpy(added->name, name.wire, name.length);
    name_lower(added->name, name.length);
    added->options.klass = klass;
    added->zone = (struct config_zone){ .name = added->name, .file = added->file, .options = &added->options };
    return added;
}

void added_adopt(struct added *added, const struct config *config)
{
    added->options = *config_template_find(config, NULL);
    added->options.klass = added->klass;
}

void added_free(struct added *added)
{
    if (!added)
        return;
    mem_free(added->file);
    mem_free(added);
}

size_t added_key(uint8_t key[2 + NAME_MAX_BYTES], uint16_t klass, struct name_view name)
{
    memcpy(key, &klass, 2);
    memcpy(key + 2, name.wire, name.length);
    name_lower(key + 2, name.length);
    return 2u + name.length;
}

static enum status print_line(const struct added *added, bool removed, struct text *out)
{
    char name[NAME_TEXT_ROOM], klass[CODE_TEXT_ROOM];
    struct json_value *line = json_value_object();
    json_value_set_text(line, removed ? "remove" : "add", name_to_text(name_view_wire(added->name), name));
    json_value_set_text(line, "class", class_to_text(added->klass, klass));
    if (!removed)
        json_value_set_text(line, "file", added->file);
    enum status st = json_value_print(line, false, out);
    json_value_free(line);
    text_add_char(out, '\n');
    return out->full ? E_NOMEM : st;
}

static enum status write_whole(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, bytes, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return E_SYSTEM;
        bytes += done;
        size -= (size_t)done;
    }
    return OK;
}

/* What is in force now, under a new name that then replaces the old file. */
static enum status rewrite(struct keeper *keeper)
{
    struct text text;
    const void *key;
    size_t length;
    void *value;
    enum status st = OK;
    text_growing(&text);
    for (size_t at = 0; st == OK && table_next(keeper->added, &at, &key, &length, &value);)
        st = print_line(value, false, &text);
    if (st == OK)
        st = store_file_write(keeper->journal, text.data ? text.data : "", text.length, 0640, STORE_REPLACE);
    if (st == OK)
        keeper->journal_lines = table_count(keeper->added);
    text_clear(&text);
    return st;
}

/* Whether the file ends in half a line, which the next must not be glued to. */
static bool ends_badly(int fd, off_t end)
{
    char last = '\n';
    return end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n';
}

/* Writes all of it to the end of the file, or nothing. */
static enum status append_text(const struct keeper *keeper, const struct text *text)
{
    int fd = open(keeper->journal, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return E_SYSTEM;
    off_t end = lseek(fd, 0, SEEK_END);
    enum status st = ends_badly(fd, end) ? write_whole(fd, "\n", 1) : OK;
    if (st == OK)
        st = write_whole(fd, text->data, text->length);
    if (st == OK && fdatasync(fd) != 0)
        st = E_SYSTEM;
    int error = errno;
    if (st != OK && ftruncate(fd, end) != 0)
        log_error(LOG_ZONE, "the journal of added zones may have a broken line", log_text("file", keeper->journal));
    close(fd);
    if (st == OK && end == 0)
        (void)!store_file_sync_folder(keeper->journal);     /* a new file is only there to stay once its folder is written too */
    errno = error;
    return st;
}

enum status journal_append(struct keeper *keeper, const struct added *added, bool removed)
{
    struct text text;
    if (!keeper->journal)
        return OK;
    /* Zones that come and go all day must not fill the disk. */
    if (keeper->journal_lines > SLACK_LINES + 2 * table_count(keeper->added))
        (void)!rewrite(keeper);
    text_growing(&text);
    enum status st = print_line(added, removed, &text);
    if (st == OK)
        st = append_text(keeper, &text);
    keeper->journal_lines += st == OK;
    int error = errno;
    text_clear(&text);
    errno = error;
    return st;
}

static enum status apply_line(struct keeper *keeper, const char *line, size_t length)
{
    struct json_value *value = NULL;
    struct name name;
    uint16_t klass = CLASS_IN;
    uint8_t key[2 + NAME_MAX_BYTES];
    enum status st = json_value_parse(line, length, &value);
    if (st != OK)
        return st;
    const char *add = json_value_get_text(value, "add"), *gone = json_value_get_text(value, "remove");
    const char *file = json_value_get_text(value, "file"), *word = json_value_get_text(value, "class");
    const char *text = add ? add : gone;
    st = text && (gone || file) && name_parse(slice_string(text), name_root, &name) == OK &&
         (!word || class_parse(slice_string(word), &klass) == OK) ? OK : E_BAD_TEXT;
    if (st == OK) {
        size_t key_length = added_key(key, klass, name_view_of(&name));
        void *old = table_remove(keeper->added, key, key_length);
        struct added *added = add ? added_new(name_view_of(&name), klass, file) : NULL;
        added_free(old);
        if (add)
            st = added ? table_set(keeper->added, key, key_length, added, NULL) : E_NOMEM;
        if (st != OK)
            added_free(added);
    }
    json_value_free(value);
    return st;
}

enum status journal_read(struct keeper *keeper)
{
    char *line = NULL;
    size_t room = 0, lines = 0;
    ssize_t length;
    FILE *file = keeper->journal ? fopen(keeper->journal, "re") : NULL;
    if (!file) {
        if (keeper->journal && errno != ENOENT)
            log_error(LOG_ZONE, "cannot read the zones added at run time", log_text("file", keeper->journal), log_text("error", strerror(errno)));
        return OK;
    }
    enum status st = OK;
    bool broken = false;
    while (st != E_NOMEM && (length = getline(&line, &room, file)) > 0) {
        lines++;
        st = line[length - 1] == '\n' ? apply_line(keeper, line, (size_t)length) : E_BAD_TEXT;
        if (st != OK) {
            broken = true;
            log_warning(LOG_ZONE, "a line about an added zone makes no sense and is left out", log_text("file", keeper->journal), log_u64("line", lines));
        }
    }
    free(line);
    fclose(file);
    keeper->journal_lines = lines;
    if (st == E_NOMEM)
        return st;
    if ((broken || lines > table_count(keeper->added)) && rewrite(keeper) != OK)
        log_error(LOG_ZONE, "cannot write the zones added at run time", log_text("file", keeper->journal), log_text("error", strerror(errno)));
    return OK;
}
