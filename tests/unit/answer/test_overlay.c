/* SPDX-License-Identifier: Apache-2.0 */
#include "../zone/build.h"

#include "../../../fuzz/answer/overlay_model.h"

/* The property of fuzz_overlay with octets drawn here. */
static void like_a_builder(void **state)
{
    (void)state;
    enum { RUNS = 60, OCTETS = 2000 };
    static uint8_t octets[OCTETS];
    uint64_t dice = 11;
    for (int run = 0; run < RUNS; run++) {
        for (size_t i = 0; i < OCTETS; i++) {
            dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            octets[i] = (uint8_t)(dice >> 56);
        }
        overlay_run(octets, OCTETS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(like_a_builder) };
    return cmocka_run_group_tests_name("answers of edited zones", tests, NULL, NULL);
}
