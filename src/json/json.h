/* SPDX-License-Identifier: Apache-2.0 */
/** @file json/json.h -- JSON for files of our own, the control socket and --json.  RFC 8259.
 *
 *  A tree on the heap, meant for small things that are not on the query path.  Every function that takes a value
 *  may be given NULL: building up then does nothing and reading finds nothing, so that one check at the end (or the
 *  status of json_value_print) is enough after an allocation failed. */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include "base/base.h"

struct json_value;

enum { JSON_DEPTH_MAX = 32 };   /* of what json_value_parse takes */

/** Reads one value and nothing behind it but white space.  Member names may not repeat.
 *  @param out  owned by the caller
 *  @return OK, E_BAD_TEXT, E_LIMIT (nested deeper than JSON_DEPTH_MAX), E_NOMEM */
MUST_CHECK enum status json_value_parse(const char *text, size_t bytes, struct json_value **out);
/** NULL is fine. */
void json_value_free(struct json_value *value);

/* ---- building: NULL when out of memory ---- */
struct json_value *json_value_object(void);
struct json_value *json_value_array(void);
struct json_value *json_value_text(const char *text);      /**< octets that are not UTF-8 become U+FFFD */
struct json_value *json_value_u64(uint64_t number);        /**< over 2^63-1 becomes 2^63-1 */
struct json_value *json_value_bool(bool truth);

/** Takes `member`, whatever happens.  Sets or replaces. */
void json_value_set(struct json_value *object, const char *key, struct json_value *member);
void json_value_set_text(struct json_value *object, const char *key, const char *text);   /**< text NULL: nothing is set */
void json_value_set_u64(struct json_value *object, const char *key, uint64_t number);
void json_value_set_bool(struct json_value *object, const char *key, bool truth);
/** Takes `member`, whatever happens. */
void json_value_add(struct json_value *array, struct json_value *member);

/* ---- reading: what is returned is borrowed from the tree ---- */
bool json_value_is_object(const struct json_value *value);
bool json_value_is_array(const struct json_value *value);
/** NULL when there is none. */
struct json_value *json_value_get(const struct json_value *object, const char *key);
/** NULL when there is none or it is no string. */
const char *json_value_get_text(const struct json_value *object, const char *key);
/** @return false when there is none, or it is no whole number from 0 */
bool json_value_get_u64(const struct json_value *object, const char *key, uint64_t *out);
/** @return false when there is none, or it is false, or no boolean */
bool json_value_get_bool(const struct json_value *object, const char *key);
/** Elements of an array or members of an object; 0 for anything else. */
size_t json_value_count(const struct json_value *value);
struct json_value *json_value_at(const struct json_value *array, size_t index);
/** The value's own text or number: NULL, 0 when it is something else. */
const char *json_value_as_text(const struct json_value *value);
uint64_t json_value_as_u64(const struct json_value *value);
/** Calls back once per member, in the order in which they were set. */
void json_value_each(const struct json_value *object, void (*each)(void *context, const char *key, struct json_value *member), void *context);

/** Appends the value: on one line, or indented by two spaces.  Members in the order in which they were set.
 *  @return OK, E_NOMEM (also when value is NULL), E_NO_SPACE (out is full) */
MUST_CHECK enum status json_value_print(const struct json_value *value, bool indented, struct text *out);

#endif
