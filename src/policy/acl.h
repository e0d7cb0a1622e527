/* SPDX-License-Identifier: Apache-2.0 */
/** @file policy/acl.h -- who may: a set of address prefixes, immutable once built. */
#ifndef POLICY_ACL_H
#define POLICY_ACL_H

#include "base/base.h"

struct acl;

/** Refuses everybody until entries are added.  NULL when out of memory. */
struct acl *acl_new(void);
void acl_free(void *acl);       /**< void, so that it can be retired; NULL is fine */
/** Adds `any`, `none`, `PREFIX`, `!PREFIX`, `loopback` or `own` (loopback and the networks of this machine's interfaces); the longest match decides; for one prefix named twice the later one does.
 *  Named lists are resolved by the caller (acl_add_all). @return OK, E_BAD_TEXT, E_UNSUPPORTED (`key:...`), E_NOMEM */
MUST_CHECK enum status acl_add(struct acl *acl, struct slice entry);
MUST_CHECK enum status acl_add_all(struct acl *acl, const struct acl *other);
/** No lock, no heap.  A NULL acl refuses. */
bool acl_permits(const struct acl *acl, const struct address *address);

#endif
