/* SPDX-License-Identifier: Apache-2.0 */
/** @file peer.h -- a scripted server on loopback, one thread per connection: the path of a request says how it misbehaves. */
#ifndef TESTS_UNIT_HTTP_PEER_H
#define TESTS_UNIT_HTTP_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer;

/** Listens on a free port of 127.0.0.1 (family 4) or ::1 (family 6). */
struct peer *peer_start(int family);
/** On a Unix socket; `talk` runs for each connection and returns to close it. */
struct peer *peer_start_unix(const char *path, void (*talk)(struct peer *peer, int fd));
/** Ends all connections and joins their threads. */
void peer_stop(struct peer *peer);
uint16_t peer_port(const struct peer *peer);
/** Connections accepted, requests read, most requests being answered at once, so far. */
unsigned peer_connections(struct peer *peer);
unsigned peer_requests(struct peer *peer);
unsigned peer_most_at_once(struct peer *peer);
/** The last request's head and body, as text; valid after peer_stop too, until the next peer_start. */
const char *peer_last_request(struct peer *peer);
/** The peer is being stopped: for loops in scripts. */
bool peer_stopping(struct peer *peer);
/** Writes all, in one go. @return false when the other side is gone */
bool peer_write(int fd, const void *data, size_t bytes);

#endif
