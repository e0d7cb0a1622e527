/* SPDX-License-Identifier: Apache-2.0 */
/** @file wire/wire.h -- the face of the room, in reading order. */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include "wire/cursor.h"
#include "wire/name.h"
#include "wire/codes.h"
#include "wire/rdata.h"
#include "wire/message.h"
#include "wire/serial.h"

#endif
