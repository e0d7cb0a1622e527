/* SPDX-License-Identifier: Apache-2.0 */
/* tools/wallet.h -- where keys and state lie, and how passwords come in. */
#ifndef TOOLS_WALLET_H
#define TOOLS_WALLET_H

#include "config/config.h"
#include "tools/tools.h"
#include "wallet/wallet.h"

enum { TOOL_PATH_ROOM = 4096 };

/* In what follows `config` may be NULL: nothing is configured. */
/* --keystore, `wallet.keystore`, $RHIZ_KEYSTORE, or ~/.local/share/rhizome/keystore. @return TOOL_DONE, or complains */
int tools_keystore(const struct tool_call *call, const struct config *config, char out[TOOL_PATH_ROOM]);
/* `wallet.state`, $RHIZ_STATE, or ~/.local/state/rhizome: what is under way. */
int tools_state_folder(const struct tool_call *call, const struct config *config, char out[TOOL_PATH_ROOM]);
/* --password-file, `wallet.password-file`, $RHIZ_PASSWORD_FILE, or the terminal. @param twice  a new one: asked for twice */
int tools_password(const struct tool_call *call, const struct config *config, const char *prompt, bool twice, struct wallet_secret **out);
/* An address of 0x and 40 digits. `what`: which, for the complaint. */
int tools_address(const struct tool_call *call, const char *what, const char *text, uint8_t out[ETHEREUM_ADDRESS_BYTES]);

#endif
