/* SPDX-License-Identifier: Apache-2.0 */
/** @file store/file.h -- small files that are whole at every moment, whatever ends the process or the power.
 *
 *  Writing goes to PATH.new, which is synced and then takes the place of PATH; then the folder is synced.  So PATH holds the
 *  old content or the new, never a part, and once a call says OK the new one stays.  A PATH.new that a crash left is used
 *  again by the next write.  Two processes may write the same path at once: one of the contents stands in the end. */
#ifndef STORE_FILE_H
#define STORE_FILE_H

#include "base/status.h"
#include <sys/types.h>

enum store_how {
    STORE_REPLACE,          /**< whether or not it is there */
    STORE_CREATE            /**< only if it is not there: else E_EXISTS */
};

/** Writes the whole file.  A symbolic link at PATH is replaced, not followed.
 *  @param mode  of the file, whatever the umask says
 *  @return OK, E_EXISTS, E_LIMIT (the path is too long), E_SYSTEM (errno says why; PATH is as it was, unless only syncing
 *          its folder failed, which leaves the new content there but not sure to stay) */
MUST_CHECK enum status store_file_write(const char *path, const void *data, size_t bytes, mode_t mode, enum store_how how);

/** Reads the whole of a regular file.
 *  @param most  octets; more is E_LIMIT
 *  @param out   owned by the caller (mem_free), with a NUL behind it
 *  @return OK, E_NOT_FOUND, E_LIMIT, E_INVALID (no regular file), E_NOMEM, E_SYSTEM (errno says why) */
MUST_CHECK enum status store_file_read(const char *path, size_t most, char **out, size_t *bytes);

/** Removes it for good (the folder is synced).  @return OK, E_NOT_FOUND, E_SYSTEM */
MUST_CHECK enum status store_file_remove(const char *path);

/** Syncs the folder in which a path lies, so that names made or removed there stay.  @return OK, E_LIMIT, E_SYSTEM */
MUST_CHECK enum status store_file_sync_folder(const char *path);

/** An advisory lock between processes: a file that is created when needed, and stays.  The kernel drops the lock when the
 *  process ends, however it ends. */
struct store_lock { int fd; };

/** @param wait  whether to wait for whoever holds it
 *  @return OK, E_AGAIN (held, and not waiting), E_SYSTEM (errno says why) */
MUST_CHECK enum status store_lock_open(struct store_lock *lock, const char *path, bool wait);
/** Also for a zeroed lock, or one that could not be had: nothing happens.  (Descriptor 0 is never a lock.) */
void store_lock_close(struct store_lock *lock);

/** Makes a folder and those above it that are missing.  @param mode  of the ones made
 *  @return OK (also when it is there), E_LIMIT, E_INVALID (a part of the path is no folder), E_SYSTEM */
MUST_CHECK enum status store_folder_make(const char *path, mode_t mode);

/** Calls back with each name in a folder but those that begin with a point, in order of octets, until it returns false.
 *  @param most  names; more is E_LIMIT, before any call
 *  @return OK, E_NOT_FOUND (no folder), E_LIMIT, E_NOMEM, E_SYSTEM */
MUST_CHECK enum status store_folder_each(const char *path, size_t most, bool (*each)(void *context, const char *name), void *context);

#endif
