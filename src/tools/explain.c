/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz explain`: where an answer comes from and what it rests on, as sentences or JSON. */
#include "tools/control_client.h"

#include <string.h>
#include <time.h>

static void line(const char *label, const char *text)
{
    if (text != NULL)
        printf("  %-12s %s\n", label, text);
}

static uint64_t number(const struct json_value *object, const char *key)
{
    uint64_t n = 0;
    return json_value_get_u64(object, key, &n) ? n : 0;
}

static void records_print(const struct json_value *result)
{
    static const char *const sections[] = { "answer", "authority", "additional" };
    for (size_t s = 0; s < LENGTH_OF(sections); s++) {
        const struct json_value *list = json_value_get(result, sections[s]);
        for (size_t i = 0; i < json_value_count(list); i++)
            line(i == 0 ? sections[s] : "", json_value_as_text(json_value_at(list, i)));
    }
}

static const char *moment(uint64_t when, char out[64])
{
    time_t t = (time_t)when;
    struct tm tm;
    return gmtime_r(&t, &tm) != NULL && strftime(out, 64, "%Y-%m-%d %H:%M:%S UTC", &tm) > 0 ? out : "?";
}

static void proof_print(const struct json_value *proof)
{
    char text[300], when[64];
    uint64_t dependencies = number(proof, "dependencies"), valid;
    const char *owner = json_value_get_text(proof, "owner"), *sentence = json_value_get_text(proof, "sentence"), *chain = json_value_get_text(proof, "chain");
    snprintf(text, sizeof text, "block %llu of %s (chain %llu), %s; read %.1f s ago", (unsigned long long)number(proof, "block"), chain != NULL ? chain : "?",
             (unsigned long long)number(proof, "chain_id"), moment(number(proof, "block_time"), when), (double)number(proof, "age_ms") / 1000);
    line("read at", text);
    line("", json_value_get_text(proof, "block_hash"));
    line("checked", json_value_get_text(proof, "checked"));
    if (json_value_get_text(proof, "resolver") != NULL) {
        snprintf(text, sizeof text, "%s%s%s", json_value_get_text(proof, "resolver"), json_value_get_bool(proof, "wildcard_resolver") ? ", of a name above (wildcard)" : "",
                 json_value_get_bool(proof, "universal_resolver") ? ", by the Universal Resolver" : "");
        line("resolver", text);
    }
    line("owner", owner);
    if (number(proof, "expires"))
        line("expires", moment(number(proof, "expires"), when));
    if (json_value_get(proof, "chain_ttl") != NULL) {
        snprintf(text, sizeof text, "%llu on chain", (unsigned long long)number(proof, "chain_ttl"));
        line("ttl", text);
    }
    snprintf(text, sizeof text, "%llu round trips, %llu calls, %llu ms", (unsigned long long)number(proof, "round_trips"), (unsigned long long)number(proof, "calls"),
             (unsigned long long)number(proof, "elapsed_ms"));
    line("cost", text);
    if (json_value_get_bool(proof, "one_block"))
        snprintf(text, sizeof text, "the next block: it rests on code that is not known");
    else if (json_value_get_u64(proof, "valid_ms", &valid))
        snprintf(text, sizeof text, "%.1f s from now, or one of %llu things on the chain changes", (double)valid / 1000, (unsigned long long)dependencies);
    else
        snprintf(text, sizeof text, "one of %llu things on the chain changes", (unsigned long long)dependencies);
    line("good until", text);
    line("", sentence);
}

static void source_print(const struct json_value *result)
{
    char text[400];
    const struct json_value *zone = json_value_get(result, "zone"), *mount = json_value_get(result, "mount");
    const char *cache = json_value_get_text(result, "cache");
    if (zone != NULL) {
        snprintf(text, sizeof text, "the zone %s, serial %llu%s", json_value_get_text(zone, "name"), (unsigned long long)number(zone, "serial"),
                 json_value_get_bool(zone, "signed") ? ", signed" : "");
        line("from", text);
    } else if (mount != NULL) {
        snprintf(text, sizeof text, "the name system at %s (chain: %s), cache: %s", json_value_get_text(mount, "suffix"), json_value_get_text(mount, "health"),
                 cache != NULL ? cache : "miss");
        line("from", text);
    } else {
        line("from", "nowhere");
    }
}

int explain_run(const struct tool_call *call)
{
    struct json_value *args = json_value_object(), *reply = NULL;
    json_value_set_text(args, "name", call->arguments[0]);
    json_value_set_text(args, "type", call->count > 1 ? call->arguments[1] : NULL);
    json_value_set_text(args, "view", call->values[OPTION_VIEW]);
    int rc = control_ask(call, call->command->control_verb, args, &reply);
    if (rc != TOOL_DONE)
        return rc;
    const struct json_value *result = json_value_get(reply, "result");
    const char *rcode = json_value_get_text(result, "rcode"), *outcome = json_value_get_text(result, "outcome");
    if (call->values[OPTION_JSON] != NULL) {
        rc = control_print_json(call, result);
    } else {
        printf("%s %s: %s%s%s\n", json_value_get_text(result, "name"), json_value_get_text(result, "type"), rcode != NULL ? rcode : "SERVFAIL",
               outcome != NULL ? ", " : "", outcome != NULL ? outcome : "");
        line("because", json_value_get_text(result, "reason"));
        line("note", json_value_get_text(result, "note"));
        records_print(result);
        source_print(result);
        if (json_value_get(result, "proof") != NULL)
            proof_print(json_value_get(result, "proof"));
    }
    if (rc == TOOL_DONE && (rcode == NULL || strcmp(rcode, "SERVFAIL") == 0))
        rc = TOOL_FAILED;
    else if (rc == TOOL_DONE && strcmp(rcode, "NXDOMAIN") == 0)
        rc = TOOL_NEGATIVE;
    else if (rc == TOOL_DONE && strcmp(rcode, "REFUSED") == 0)
        rc = TOOL_REFUSED;
    json_value_free(reply);
    return rc;
}
