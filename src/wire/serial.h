/* SPDX-License-Identifier: Apache-2.0 */
/** @file wire/serial.h -- serial number arithmetic.  RFC 1982. */
#ifndef WIRE_SERIAL_H
#define WIRE_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

enum serial_order { SERIAL_EQUAL, SERIAL_LESS, SERIAL_GREATER, SERIAL_UNDEFINED };   /**< undefined: exactly 2^31 apart */
static inline enum serial_order serial_compare(uint32_t a, uint32_t b)
{
    if (a == b)
        return SERIAL_EQUAL;
    if (b - a == UINT32_C(0x80000000))
        return SERIAL_UNDEFINED;
    return b - a < UINT32_C(0x80000000) ? SERIAL_LESS : SERIAL_GREATER;
}

#endif
