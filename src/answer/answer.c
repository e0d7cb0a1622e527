/* SPDX-License-Identifier: Apache-2.0 */
#include "answer/answer.h"

struct answer_options answer_defaults(void) { return (struct answer_options){ .minimal = true, .minimal_any_udp = true }; }
