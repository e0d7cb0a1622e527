/* SPDX-License-Identifier: Apache-2.0 */
#include "other.h"

#include <jansson.h>

void *other_parse(const char *text, size_t size, bool *beyond)
{
    json_error_t error;
    json_t *value = json_loadb(size ? text : "", size, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);
    enum json_error_code code = value ? json_error_unknown : json_error_code(&error);
    *beyond = code == json_error_numeric_overflow || code == json_error_null_byte_in_key || code == json_error_out_of_memory;
    return value;
}

void other_free(void *value) { json_decref(value); }

char other_kind(void *value)
{
    switch (json_typeof((json_t *)value)) {
    case JSON_OBJECT: return '{';
    case JSON_ARRAY: return '[';
    case JSON_STRING: return '"';
    case JSON_TRUE: return 't';
    case JSON_FALSE: return 'f';
    case JSON_NULL: return 'n';
    default: return '0';
    }
}

const char *other_text(void *value, size_t *length)
{
    *length = json_string_length(value);
    return json_string_value(value);
}

size_t other_count(void *array) { return json_array_size(array); }
void *other_at(void *array, size_t index) { return json_array_get(array, index); }

void *other_next(void *object, void *place, const char **name, void **member)
{
    place = place ? json_object_iter_next(object, place) : json_object_iter(object);
    if (place) {
        *name = json_object_iter_key(place);
        *member = json_object_iter_value(place);
    }
    return place;
}
