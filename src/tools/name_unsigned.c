/* SPDX-License-Identifier: Apache-2.0 */
/* --unsigned FILE: transactions for a key that is elsewhere. */
#include "tools/name_sender.h"

#include <errno.h>
#include <string.h>

#include "tools/control_client.h"

static void set_quantity(struct json_value *object, const char *key, struct u256 number)
{
    struct text text;
    char room[80];
    text_fixed(&text, room, sizeof room);
    u256_print_quantity(&text, number);
    json_value_set_text(object, key, room);
}

static struct json_value *step_json(struct sender *s, const struct op_step *step, uint64_t nonce)
{
    struct json_value *object = json_value_object();
    struct transaction tx = { .kind = s->legacy ? TRANSACTION_LEGACY : TRANSACTION_FEE_MARKET, .chain = s->chain_id, .nonce = u256_from_u64(nonce), .gas_limit = u256_from_u64(step->gas),
                              .gas_price = s->most_fee, .most_fee = s->most_fee, .priority_fee = s->priority, .value = step->call.value, .to = step->call.to,
                              .data = (const uint8_t *)step->call.data.data, .data_bytes = step->call.data.length };
    struct text does;
    size_t length = 0;
    text_growing(&does);
    write_describe(step->call.data, 0, &does);
    json_value_set_text(object, "what", step->call.what);
    json_value_set_text(object, "does", does.full ? "" : does.data);
    text_clear(&does);
    json_value_set_u64(object, "type", s->legacy ? 0 : 2);
    json_value_set_u64(object, "chainId", s->chain_id);
    json_value_set_text(object, "from", name_address(s->tool, &s->from));
    json_value_set_text(object, "to", name_address(s->tool, &step->call.to));
    set_quantity(object, "nonce", u256_from_u64(nonce));
    set_quantity(object, "gas", u256_from_u64(step->gas));
    if (s->legacy) {
        set_quantity(object, "gasPrice", s->most_fee);
    } else {
        set_quantity(object, "maxFeePerGas", s->most_fee);
        set_quantity(object, "maxPriorityFeePerGas", s->priority);
    }
    set_quantity(object, "value", step->call.value);
    json_value_set_text(object, "data", name_hex(s->tool, step->call.data.data, step->call.data.length));
    (void)!transaction_write(&tx, NULL, NULL, 0, &length);
    uint8_t *octets = arena_alloc(s->tool->arena, length + 1);
    if (octets != NULL && transaction_write(&tx, NULL, octets, length, &length) == OK)
        json_value_set_text(object, "unsigned", name_hex(s->tool, octets, length));
    return object;
}

int sender_unsigned(struct sender *s, const struct op *op, const char *path)
{
    struct json_value *object = json_value_object(), *list = json_value_array();
    struct u256 nonce;
    struct text text;
    const char *why = NULL;
    enum status st = sender_number(s->tool, s->chain, "eth_getTransactionCount", chain_tool_format(s->tool, "[\"%s\",\"pending\"]", name_hex(s->tool, s->from.octets, 20)), &nonce, &why);
    uint64_t next = u256_to_u64(nonce);
    for (size_t i = 0; i < op->step_count && st == OK; i++)
        if (!op->steps[i].done)
            json_value_add(list, step_json(s, &op->steps[i], next++));
    json_value_set_text(object, "verb", op->verb);
    json_value_set_text(object, "name", op->name);
    json_value_set(object, "transactions", list);
    text_growing(&text);
    if (st == OK)
        st = json_value_print(object, true, &text);
    if (st == OK) {
        text_add_char(&text, '\n');
        st = store_file_write(path, text.data, text.length, 0600, STORE_REPLACE);
        why = st == E_SYSTEM ? strerror(errno) : NULL;
    }
    text_clear(&text);
    json_value_free(object);
    if (st != OK)
        return tools_complain(s->tool->call, TOOL_FAILED, "%s: %s", path, why != NULL ? why : status_text(st));
    sender_say(s->tool, "written to %s; sign them in this order and send them with `rhiz name send FILE`", path);
    return TOOL_DONE;
}
