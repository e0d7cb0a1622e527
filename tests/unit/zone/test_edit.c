/* SPDX-License-Identifier: Apache-2.0 */
#include "build.h"

#include "../../../fuzz/zone/edit_model.h"

/* The property of fuzz_edit with octets drawn here. */
static void like_a_builder(void **state)
{
    (void)state;
    enum { RUNS = 150, OCTETS = 1200 };
    static uint8_t octets[OCTETS];
    uint64_t dice = 7;
    for (int run = 0; run < RUNS; run++) {
        for (size_t i = 0; i < OCTETS; i++) {
            dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            octets[i] = (uint8_t)(dice >> 56);
        }
        model_run(octets, OCTETS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(like_a_builder) };
    return cmocka_run_group_tests_name("zone edits", tests, NULL, NULL);
}
