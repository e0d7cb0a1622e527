/* SPDX-License-Identifier: Apache-2.0 */
/** @file http/http.h -- the face of the room, in reading order. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "http/public.h"
#include "http/url.h"
#include "http/client.h"

#endif
