/* SPDX-License-Identifier: Apache-2.0 */
/** @file base/log.h -- one line per event: a constant sentence, then key=value.
 *
 *  `log_info(LOG_ZONE, "zone loaded", log_text("zone", name), log_u64("serial", s));`
 *  Thread-safe; one write(2) per line.  The only mutable global of the house lives behind this header. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/status.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_area { LOG_SERVER, LOG_CONFIG, LOG_ZONE, LOG_NET, LOG_CONTROL, LOG_TRANSFER, LOG_TAP, LOG_POLICY, LOG_AREA_COUNT };

struct log_field {
    const char *key;
    enum { LOG_END, LOG_TEXT, LOG_U64, LOG_I64 } kind;
    const char *text;
    uint64_t number;
};
static inline struct log_field log_text(const char *key, const char *value) { return (struct log_field){ key, LOG_TEXT, value, 0 }; }
static inline struct log_field log_u64(const char *key, uint64_t value) { return (struct log_field){ key, LOG_U64, NULL, value }; }
static inline struct log_field log_i64(const char *key, int64_t value) { return (struct log_field){ key, LOG_I64, NULL, (uint64_t)value }; }

#define log_error(area, ...) LOG_AT(LOG_LEVEL_ERROR, area, __VA_ARGS__, (struct log_field){ 0 })
#define log_warning(area, ...) LOG_AT(LOG_LEVEL_WARNING, area, __VA_ARGS__, (struct log_field){ 0 })
#define log_info(area, ...) LOG_AT(LOG_LEVEL_INFO, area, __VA_ARGS__, (struct log_field){ 0 })
#define log_debug(area, ...) LOG_AT(LOG_LEVEL_DEBUG, area, __VA_ARGS__, (struct log_field){ 0 })
#define LOG_AT(level, area, sentence, ...) \
    (log_wanted(level) ? log_line(level, area, sentence, (const struct log_field[]){ __VA_ARGS__ }) : (void)0)

struct log_options {
    enum log_level level;       /**< this and graver */
    bool json;
    bool timestamps;            /**< off when the journal adds its own */
    const char *file;           /**< NULL = stderr */
};
/** Opens the log.  On failure the old log stays. @return OK, E_SYSTEM. */
MUST_CHECK enum status log_open(const struct log_options *options);
/** Opens the file again under its name (after rotation). */
MUST_CHECK enum status log_reopen(void);
void log_close(void);

bool log_wanted(enum log_level level);
/** Fields end with a zeroed one.  Values are escaped: no control octet, no newline gets through. */
void log_line(enum log_level level, enum log_area area, const char *sentence, const struct log_field *fields);
/** At most one per `seconds` for each distinct caller-kept stamp; for events a stranger can cause at will. */
bool log_allowed(_Atomic uint64_t *stamp, unsigned seconds);

#endif
