/* SPDX-License-Identifier: Apache-2.0 */
/** @file policy/policy.h -- the face of the room: facts in, verdict out. */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "policy/acl.h"
#include "policy/cookie.h"
#include "policy/rrl.h"

#endif
