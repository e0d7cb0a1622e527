/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "base/arena.h"
#include "base/status.h"

#include <stdlib.h>

static void objects_are_zeroed_and_aligned(void **state)
{
    (void)state;
    struct arena *arena = arena_new(256);
    assert_non_null(arena);
    for (int round = 0; round < 3; round++) {
        for (size_t size = 0; size < 300; size += 7) {
            uint8_t *bytes = arena_bytes(arena, size | 1);
            assert_non_null(bytes);
            memset(bytes, 0xff, size | 1);
            uint8_t *object = arena_alloc(arena, size);
            assert_non_null(object);
            assert_int_equal((uintptr_t)object % _Alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(object[i], 0);
            memset(object, 0xee, size);
        }
        arena_reset(arena);
    }
    arena_free(arena);
}

static void objects_do_not_overlap(void **state)
{
    (void)state;
    struct arena *arena = arena_new(128);
    uint8_t *objects[200];
    for (size_t i = 0; i < LENGTH_OF(objects); i++) {
        objects[i] = i % 2 ? arena_bytes(arena, i + 1) : arena_alloc(arena, i + 1);
        assert_non_null(objects[i]);
        memset(objects[i], (int)i, i + 1);
    }
    for (size_t i = 0; i < LENGTH_OF(objects); i++)
        for (size_t j = 0; j <= i; j++)
            assert_int_equal(objects[i][j], i);
    arena_free(arena);
}

static void copies_are_equal(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    assert_string_equal(arena_string(arena, "hello"), "hello");
    assert_string_equal(arena_string(arena, ""), "");
    assert_memory_equal(arena_copy(arena, "a\0b", 3), "a\0b", 3);
    assert_non_null(arena_copy(arena, NULL, 0));
    arena_free(arena);
    arena_free(NULL);
}

#ifndef RHIZ_ARENA_MALLOC
static void chunks_are_as_large_as_asked(void **state)
{
    (void)state;
    struct arena *arena = arena_new(512);
    assert_int_equal(arena_held(arena), 0);
    assert_non_null(arena_alloc(arena, 16));
    assert_int_equal(arena_held(arena), 512);
    /* Too large for a chunk: one of its own, and the first stays in use. */
    assert_non_null(arena_alloc(arena, 5000));
    size_t held = arena_held(arena);
    assert_true(held >= 5512 && held <= 5512 + 32);
    for (int i = 0; i < 20; i++)
        assert_non_null(arena_alloc(arena, 16));
    assert_int_equal(arena_held(arena), held);
    arena_reset(arena);
    assert_int_equal(arena_held(arena), 512);
    for (int i = 0; i < 25; i++)
        assert_non_null(arena_alloc(arena, 16));
    assert_int_equal(arena_held(arena), 512);
    arena_free(arena);
}
#endif

static void limit_holds(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1024);
    arena_limit(arena, 10 * 1024);
    size_t count = 0;
    while (arena_alloc(arena, 100))
        count++;
    assert_true(count >= 80 && count <= 102);
    assert_true(arena_held(arena) <= 10 * 1024);
    assert_null(arena_alloc(arena, 20000));
    assert_null(arena_alloc(arena, SIZE_MAX));
    assert_null(arena_alloc(arena, SIZE_MAX - 15));
    arena_reset(arena);
    assert_non_null(arena_alloc(arena, 100));
    arena_limit(arena, 0);
    assert_non_null(arena_alloc(arena, 20000));
    arena_free(arena);
}

static void faults_are_injected(void **state)
{
    (void)state;
    fault_after(2);
    void *first = mem_alloc(1), *second = mem_alloc(1), *third = mem_alloc(1);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    assert_int_equal(fault_count(), 3);
    fault_after(1);
    assert_null(mem_resize(first, 100));
    fault_after(1);
    assert_null(mem_string("x"));
    fault_after(1);
    assert_null(arena_new(0));
    fault_after(0);
    struct arena *arena = arena_new(0);
    fault_after(1);
    assert_null(arena_alloc(arena, 1));
    assert_non_null(arena_alloc(arena, 1));
    fault_after(0);
    arena_free(arena);
    char *text = mem_string("word");
    assert_string_equal(text, "word");
    mem_wipe(text, 4);
    assert_memory_equal(text, "\0\0\0\0", 4);
    mem_free(text);
    mem_free(first);
    mem_free(third);
    mem_free(NULL);
}

static void what_is_dropped_is_whole_large_pages(void **state)
{
    enum { LARGE = 2 << 20, BYTES = 7 << 20 };
    uint8_t *block = mem_room(BYTES);
    (void)state;
    assert_non_null(block);
    memset(block, 0x55, BYTES);
    uint8_t *next = mem_drop(block + 1, block + BYTES - 1);
    assert_true(next >= block + 1 && next < block + BYTES);
    assert_int_equal((uintptr_t)next % LARGE, 0);
    for (uint8_t *at = block; at < block + BYTES; at++) {
        bool inside = at >= block + 1 + (-(uintptr_t)(block + 1) & (LARGE - 1)) && at < next;
        if (*at != (inside ? 0 : 0x55))
            fail_msg("octet %zu is %u", (size_t)(at - block), *at);
    }
    assert_ptr_equal(mem_drop(next, next + LARGE - 1), next);       /* too little */
    assert_ptr_equal(mem_drop(next, next), next);
    assert_ptr_equal(mem_drop(block + 3, block + 2), block + 3);
    mem_free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_zeroed_and_aligned),
        cmocka_unit_test(objects_do_not_overlap),
        cmocka_unit_test(copies_are_equal),
#ifndef RHIZ_ARENA_MALLOC
        cmocka_unit_test(chunks_are_as_large_as_asked),
#endif
        cmocka_unit_test(limit_holds),
        cmocka_unit_test(what_is_dropped_is_whole_large_pages),
        cmocka_unit_test(faults_are_injected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
