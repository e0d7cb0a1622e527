/* SPDX-License-Identifier: Apache-2.0 */
/* What the resolver's answers mean.  Silence is "no such record" only from code that is known, or from a contract that says that it has no such records;
 * from anybody else it is a failure. */
#include "names/ens_inside.h"
#include "names/ens_selectors.h"

#include "ethereum/abi.h"

enum { GATEWAY_AGE_SECONDS = 60 };

void ens_want_fail(struct ens_want *want, enum chain_failure failure, const char *reason)
{
    if (want->fact.state != FACT_NOT_ASKED)
        return;
    want->fact.state = FACT_FAILED;
    want->fact.failure = failure;
    want->fact.reason = reason;
}

void ens_note_age(struct ens_job *job, const struct state_result *result)
{
    if (!result->followed)
        return;
    uint32_t age = result->max_age_seconds < GATEWAY_AGE_SECONDS ? result->max_age_seconds : GATEWAY_AGE_SECONDS;
    job->followed = true;
    if (age < job->facts->max_age_seconds)
        job->facts->max_age_seconds = age;
}

/* ---- the code ---- */

static enum ens_tri answer_of(const struct state_result *result)
{
    struct slice word;
    if (!ens_word(result, &word))
        return ENS_UNKNOWN;
    struct abi_input input;
    struct abi_reader reader = abi_reader_of(&input, word);
    bool yes = abi_read_bool(&reader);
    return !abi_ok(&input) ? ENS_UNKNOWN : yes ? ENS_YES : ENS_NO;
}

/* What supportsInterface says counts from contracts that have EIP-165: yes to its own id, and no to the one that nobody has. */
void ens_settle_code(struct ens_job *job, const struct state_result *results)
{
    struct ens_code *code = &job->code;
    enum ens_tri itself = ENS_UNKNOWN, nobody = ENS_UNKNOWN;
    bool asked = false;
    for (size_t i = 0; i < job->read_count; i++) {
        const struct state_result *result = &results[i];
        struct slice word;
        if (job->asks[i].kind == ENS_ASK_CODE && ens_word(result, &word)) {
            struct eth_word hash;
            memcpy(hash.octets, word.data, sizeof hash.octets);
            code->profiles = code->profiles ? code->profiles : ens_known_code(&hash);
            job->no_code = ens_no_code(&hash);
        } else if (job->asks[i].kind == ENS_ASK_ERC165) {
            itself = answer_of(result);
            asked = true;
        } else if (job->asks[i].kind == ENS_ASK_NOT_ERC165) {
            nobody = answer_of(result);
        } else if (job->asks[i].kind == ENS_ASK_SUPPORTS) {
            code->supports[job->asks[i].index] = answer_of(result);
        }
    }
    if (asked && (itself != ENS_YES || nobody != ENS_NO))
        memset(code->supports, 0, sizeof code->supports);
    if (asked)
        code->burns = itself == ENS_UNKNOWN && !job->no_code;       /* the very old do, and they have no supportsInterface */
    job->extended = code->profiles == 0 && code->supports[ENS_PROFILE_EXTENDED] == ENS_YES;
}

/* ---- the values ---- */

static void settle_silence(struct ens_job *job, struct ens_want *want)
{
    if (job->code.profiles != 0 || job->code.supports[ens_want_profile(want)] == ENS_NO)
        want->fact.state = FACT_ABSENT;
    else if (job->no_code)
        ens_want_fail(want, CHAIN_FAILURE_BAD_REPLY, "its resolver is not a contract");
    else
        ens_want_fail(want, CHAIN_FAILURE_BAD_REPLY, "its resolver, whose code is not known, does not say whether there is such a record");
}

/* It says that it has none such, whatever becomes of asking all the same.  (One that takes all by resolve() says so of everything.) */
static bool says_no(const struct ens_job *job, const struct ens_want *want)
{
    return job->code.profiles == 0 && !job->extended && job->code.supports[ens_want_profile(want)] == ENS_NO;
}

static void settle_revert(struct ens_job *job, struct ens_want *want, struct slice data)
{
    if (data.length == 0)
        settle_silence(job, want);
    else if (says_no(job, want) || abi_selector(data) == ENS_ERROR_UNSUPPORTED_PROFILE)
        want->fact.state = FACT_ABSENT;
    else if (abi_selector(data) == ENS_ERROR_OFFCHAIN_LOOKUP && !job->followed_direct)
        job->must_follow = true;        /* open: it is asked again, and followed then */
    else if (abi_selector(data) == ENS_ERROR_HTTP || abi_selector(data) == ENS_ERROR_OFFCHAIN_LOOKUP)
        ens_want_fail(want, CHAIN_FAILURE_GATEWAY, NULL);
    else
        ens_want_fail(want, CHAIN_FAILURE_BAD_REPLY, "its resolver refuses to tell");
}

static void settle_value(struct ens_job *job, struct ens_want *want, struct slice returned, bool extended)
{
    if (extended) {
        struct abi_input input;
        struct abi_reader reader = abi_reader_of(&input, returned);
        struct slice inner = abi_read_bytes(&reader);
        if (returned.length >= 2 * ABI_WORD_BYTES && !abi_ok(&input)) {
            want->fact.state = FACT_BROKEN;
            want->fact.reason = "not what the resolver's function returns";
            return;
        }
        returned = abi_ok(&input) ? inner : slice_of(NULL, 0);
        if (returned.length > 0 && returned.length < ABI_WORD_BYTES) {
            want->fact.state = FACT_BROKEN;         /* nothing is how it says no; this is neither */
            want->fact.reason = "not what the resolver's function returns";
            return;
        }
    }
    switch (ens_want_read(want, returned, job->facts->arena)) {
    case ENS_READ_FINE: break;
    case ENS_READ_SHORT: settle_silence(job, want); break;
    case ENS_READ_NOMEM: job->nomem = true; break;
    }
}

static void settle(struct ens_job *job, struct ens_want *want, const struct state_result *result, bool extended)
{
    want->fact.proof = result->proof;
    ens_note_age(job, result);
    switch (result->outcome) {
    case STATE_VALUE: settle_value(job, want, result->data, extended); break;
    case STATE_REVERTED: settle_revert(job, want, result->data); break;
    case STATE_UNAVAILABLE:
        if (result->failure == CHAIN_FAILURE_GAS)
            settle_silence(job, want);
        else if (says_no(job, want))
            want->fact.state = FACT_ABSENT;
        else
            ens_want_fail(want, result->failure, NULL);
        break;
    }
}

/* The name that a record leads to has a resolver of its own: what this zone says of it does not count, and who wants to know looks that name up. */
static void settle_cut(struct ens_job *job, const struct ens_want *first, const struct state_result *result)
{
    struct slice word;
    struct eth_address resolver;
    if (ens_word(result, &word)) {
        memcpy(resolver.octets, word.data + 12, sizeof resolver.octets);
        if (eth_address_is_zero(&resolver))
            return;
    }
    for (size_t i = job->target_from; i < job->want_count; i++)
        if (name_equal(job->wants[i].owner, first->owner)) {
            job->wants[i].fact.state = FACT_ABSENT;
            job->wants[i].dropped = true;
        }
}

void ens_settle_wants(struct ens_job *job, const struct state_result *results, size_t from)
{
    enum ens_ask_kind counts = job->extended ? ENS_ASK_EXTENDED : ENS_ASK_DIRECT;
    for (size_t i = 0; i < job->read_count; i++)
        if (job->asks[i].kind == ENS_ASK_CUT)
            settle_cut(job, &job->wants[job->asks[i].index], &results[i]);
    for (size_t i = 0; i < job->read_count; i++) {
        if (job->asks[i].kind != counts || job->asks[i].index < from)
            continue;
        struct ens_want *want = &job->wants[job->asks[i].index];
        if (want->fact.state == FACT_NOT_ASKED)
            settle(job, want, &results[i], job->extended);
    }
}

bool ens_settle_rest(struct ens_job *job)
{
    bool open = false;
    for (size_t i = 0; i < job->want_count; i++) {
        struct ens_want *want = &job->wants[i];
        if (want->fact.state != FACT_NOT_ASKED)
            continue;
        if (ens_should_ask(job, want, job->extended))
            open = true;
        else
            want->fact.state = FACT_ABSENT;
    }
    return open;
}
