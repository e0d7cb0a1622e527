/* SPDX-License-Identifier: Apache-2.0 */
/** @file base/base.h -- the face of the ground floor, in reading order. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include "base/status.h"
#include "base/arena.h"
#include "base/text.h"
#include "base/u256.h"
#include "base/diagnostics.h"
#include "base/log.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/table.h"
#include "base/prefix.h"
#include "base/epoch.h"

#endif
