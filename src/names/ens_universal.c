/* SPDX-License-Identifier: Apache-2.0 */
/* The Universal Resolver (ENSIP-23): one call for all values of a name, whatever registry it is in. */
#include "names/ens_inside.h"
#include "names/ens_selectors.h"

#include "ethereum/abi.h"

void ens_universal_ask(struct ens_job *job)
{
    const struct eth_address *to = &job->options->universal_resolver;
    if (eth_address_is_zero(to) || job->normal != 0)
        return;
    struct text *text = ens_batch_text(job);
    struct abi_writer writer = abi_writer_call(text, ENS_FIND_RESOLVER, 1);
    abi_write_bytes(&writer, job->wire);
    ens_batch_call(job, ENS_ASK_FIND, 0, to, ens_batch_written(text), false);
    if (job->core_count == 0)
        return;

    struct text calls, whole;
    text_growing(&calls);
    text_growing(&whole);
    writer = abi_writer_call(&calls, ENS_MULTICALL, 1);
    struct abi_writer list = abi_write_array(&writer, job->core_count, 1);
    for (size_t i = 0; i < job->core_count; i++) {
        text = ens_batch_text(job);
        ens_want_write(&job->wants[i], &job->suffixes[0].node, false, text);
        abi_write_bytes(&list, ens_batch_written(text));
    }
    writer = abi_writer_call(&whole, ENS_RESOLVE, 2);
    abi_write_bytes(&writer, job->wire);
    abi_write_bytes(&writer, ens_batch_written(&calls));
    if (calls.full || whole.full)
        job->nomem = true;
    else
        ens_batch_call(job, ENS_ASK_UNIVERSAL, 0, to, ens_batch_written(&whole), true);
    text_clear(&calls);
    text_clear(&whole);
}

/* ---- what it says ---- */

/* The suffix that begins so many octets into the wire form; labels when there is none. */
static unsigned suffix_at(const struct ens_job *job, uint64_t offset)
{
    size_t at = 0;
    for (unsigned i = 0; i < job->labels && at < job->wire.length; i++) {
        if (at == offset)
            return i;
        at += 1u + (uint8_t)job->wire.data[at];
    }
    return job->labels;
}

static void read_find(struct ens_job *job, const struct state_result *result)
{
    if (result->outcome != STATE_VALUE)
        return;
    struct abi_input input;
    struct abi_reader reader = abi_reader_of(&input, result->data);
    struct eth_address resolver = abi_read_address(&reader);
    (void)abi_read_word(&reader);
    uint64_t offset = abi_read_u64(&reader);
    if (!abi_ok(&input))
        return;
    job->found_valid = true;
    job->found_resolver = resolver;
    job->found_zone = suffix_at(job, offset);
}

/* An element of the result that is no result: what was reverted with. */
static void read_error(struct ens_want *want, struct slice data)
{
    switch (abi_selector(data)) {
    case ENS_ERROR_UNSUPPORTED_PROFILE: want->fact.state = FACT_ABSENT; break;
    case ENS_ERROR_HTTP:
    case ENS_ERROR_HTTP_1: ens_want_fail(want, CHAIN_FAILURE_GATEWAY, NULL); break;
    default: break;         /* open: the resolver itself is asked */
    }
}

static void read_element(struct ens_job *job, struct ens_want *want, struct slice element, const struct state_result *result)
{
    if (element.length % ABI_WORD_BYTES != 0) {
        read_error(want, element);
        return;
    }
    want->fact.proof = result->proof;
    if (ens_want_read(want, element, job->facts->arena) == ENS_READ_NOMEM)
        job->nomem = true;
}

static void read_values(struct ens_job *job, const struct state_result *result)
{
    struct abi_input input, inner;
    struct abi_reader reader = abi_reader_of(&input, result->data);
    struct slice values = abi_read_bytes(&reader);
    (void)abi_read_address(&reader);
    if (!abi_ok(&input))
        return;
    size_t count;
    reader = abi_reader_of(&inner, values);
    struct abi_reader list = abi_read_array(&reader, 1, &count);
    if (!abi_ok(&inner) || count != job->core_count)
        return;
    job->universal = ENS_UNIVERSAL_ANSWERED;
    for (size_t i = 0; i < count; i++) {
        struct slice element = abi_read_bytes(&list);
        if (!abi_ok(&inner))
            return;
        read_element(job, &job->wants[i], element, result);
    }
}

static void fail_core(struct ens_job *job, enum chain_failure failure, const char *reason)
{
    for (size_t i = 0; i < job->core_count; i++)
        ens_want_fail(&job->wants[i], failure, reason);
}

static bool is_gateway(enum chain_failure failure)
{
    return failure == CHAIN_FAILURE_GATEWAY || failure == CHAIN_FAILURE_GATEWAY_REFUSED || failure == CHAIN_FAILURE_BUDGET;
}

/* The table of errors: ENSIP-23 and the version before it. */
static void read_revert(struct ens_job *job, struct slice data)
{
    switch (abi_selector(data)) {
    case ENS_ERROR_RESOLVER_NOT_FOUND:
    case ENS_ERROR_RESOLVER_NOT_FOUND_1:
    case ENS_ERROR_NO_WILDCARD_1: job->universal = ENS_UNIVERSAL_NOT_FOUND; break;
    case ENS_ERROR_NOT_CONTRACT:
        job->universal = ENS_UNIVERSAL_REFUSED;
        fail_core(job, CHAIN_FAILURE_NONE, "its resolver is not a contract");
        break;
    case ENS_ERROR_HTTP:
    case ENS_ERROR_HTTP_1:
        job->universal = ENS_UNIVERSAL_REFUSED;
        fail_core(job, CHAIN_FAILURE_GATEWAY, NULL);
        break;
    default: job->universal = ENS_UNIVERSAL_REFUSED; break;     /* the resolver itself is asked, and says why */
    }
}

bool ens_universal_read(struct ens_job *job, const struct state_result *results)
{
    for (size_t i = 0; i < job->read_count; i++) {
        const struct state_result *result = &results[i];
        if (job->asks[i].kind == ENS_ASK_FIND) {
            read_find(job, result);
            continue;
        }
        if (job->asks[i].kind != ENS_ASK_UNIVERSAL)
            continue;
        ens_note_age(job, result);
        if (result->outcome == STATE_VALUE) {
            read_values(job, result);
        } else if (result->outcome == STATE_REVERTED) {
            read_revert(job, result->data);
        } else if (is_gateway(result->failure)) {
            job->universal = ENS_UNIVERSAL_REFUSED;
            fail_core(job, result->failure, NULL);
        } else if (result->failure != CHAIN_FAILURE_GAS) {
            ens_fail(job, result->failure, NULL);
            return false;
        }
    }
    return true;
}
