/* SPDX-License-Identifier: Apache-2.0 */
/** @file net/client.h -- blocking client sockets with a deadline: for tools, and NOTIFY from a thread of its own. */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include "base/base.h"

/** Sends one query and waits for datagrams from that peer until `accept` says yes or time is up.
 *  @param accept  NULL = the first; gets each datagram
 *  @param source  NULL = the kernel's choice
 *  @return OK, E_TIMEOUT, E_CLOSED (refused), E_SYSTEM, E_NO_SPACE */
MUST_CHECK enum status client_udp(const struct endpoint *server, const struct endpoint *source,
                                  const uint8_t *query, size_t query_bytes, uint32_t timeout_ms,
                                  bool (*accept)(void *context, const uint8_t *message, size_t bytes), void *context,
                                  uint8_t *reply, size_t reply_room, size_t *reply_bytes);

/** A TCP connection that carries length-prefixed messages (RFC 1035 §4.2.2). */
struct client_tcp;
MUST_CHECK enum status client_tcp_open(const struct endpoint *server, const struct endpoint *source, uint32_t timeout_ms, struct client_tcp **out);
void client_tcp_close(struct client_tcp *connection);
MUST_CHECK enum status client_tcp_send(struct client_tcp *connection, const uint8_t *message, size_t bytes, uint32_t timeout_ms);
/** @return OK, E_TIMEOUT, E_CLOSED, E_NO_SPACE, E_SYSTEM */
MUST_CHECK enum status client_tcp_receive(struct client_tcp *connection, uint8_t *message, size_t room, size_t *bytes, uint32_t timeout_ms);

#endif
