/* SPDX-License-Identifier: Apache-2.0 */
/** @file other.h -- jansson, behind a few functions: its names for kinds are those of the tokenizer too. */
#ifndef FUZZ_JSON_OTHER_H
#define FUZZ_JSON_OTHER_H

#include <stdbool.h>
#include <stddef.h>

/** @param beyond  set when it is valid, perhaps, but more than jansson can hold.  @return NULL when it does not parse */
void *other_parse(const char *text, size_t size, bool *beyond);
void other_free(void *value);
/** One of `{ [ " 0 t f n`. */
char other_kind(void *value);
const char *other_text(void *value, size_t *length);
size_t other_count(void *array);
void *other_at(void *array, size_t index);
/** A walk over members: start with NULL. @return the place, NULL at the end */
void *other_next(void *object, void *place, const char **name, void **member);

#endif
