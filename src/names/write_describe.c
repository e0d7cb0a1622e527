/* SPDX-License-Identifier: Apache-2.0 */
/* Calls and errors of contracts as people read them: one table of signatures, from which everything else follows. */
#include "names/write.h"

#include <string.h>

#include "crypto/address.h"
#include "crypto/keccak.h"
#include "ethereum/abi.h"
#include "names/coin.h"
#include "names/contenthash.h"

enum { HEX_SHOWN = 64, TEXT_SHOWN = 200, ELEMENTS_SHOWN = 64, INDENT_MAX = 16, NESTED_INDENT = 10 };     /* calls deeper than that are octets: each level may double the work */

/* A function: what it is called with, and the names of the arguments, a word each.  `records` are those of the DNS, `content` a content hash,
 * `coin` a coin type that the argument behind it belongs to, `seconds` a time span. */
static const struct function { const char *signature, *arguments; } functions[] = {
    { "commit(bytes32)", "commitment" },
    { "register(string,address,uint256,bytes32)", "label owner seconds secret" },
    { "registerWithConfig(string,address,uint256,bytes32,address,address)", "label owner seconds secret resolver address" },
    { "register(string,address,uint256,bytes32,address,bytes[],bool,uint16)", "label owner seconds secret resolver records-set primary fuses" },
    { "register((string,address,uint256,bytes32,address,bytes[],uint8,bytes32))", "label owner seconds secret resolver records-set primary referrer" },
    { "renew(string,uint256)", "label seconds" },
    { "renew(string,uint256,bytes32)", "label seconds referrer" },
    { "setAddr(bytes32,address)", "node address" },
    { "setAddr(bytes32,uint256,bytes)", "node coin address" },
    { "setText(bytes32,string,string)", "node key value" },
    { "setContenthash(bytes32,bytes)", "node content" },
    { "setDNSRecords(bytes32,bytes)", "node records" },
    { "setZonehash(bytes32,bytes)", "node content" },
    { "clearRecords(bytes32)", "node" },
    { "setName(bytes32,string)", "node name" },
    { "multicall(bytes[])", "calls" },
    { "multicallWithNodeCheck(bytes32,bytes[])", "node calls" },
    { "setResolver(bytes32,address)", "node resolver" },
    { "setOwner(bytes32,address)", "node owner" },
    { "setTTL(bytes32,uint64)", "node ttl" },
    { "setRecord(bytes32,address,address,uint64)", "node owner resolver ttl" },
    { "setSubnodeOwner(bytes32,bytes32,address)", "node label-hash owner" },
    { "setSubnodeRecord(bytes32,bytes32,address,address,uint64)", "node label-hash owner resolver ttl" },
    { "setSubnodeRecord(bytes32,string,address,address,uint64,uint32,uint64)", "node label owner resolver ttl fuses expiry" },
    { "setSubnodeOwner(bytes32,string,address,uint32,uint64)", "node label owner fuses expiry" },
    { "setApprovalForAll(address,bool)", "operator approved" },
    { "reclaim(uint256,address)", "token owner" },
    { "safeTransferFrom(address,address,uint256)", "from to token" },
    { "transferFrom(address,address,uint256)", "from to token" },
    { "safeTransferFrom(address,address,uint256,uint256,bytes)", "from to token amount data" },
    { "setFuses(bytes32,uint16)", "node fuses" },
    { "extendExpiry(bytes32,bytes32,uint64)", "node label-hash expiry" },
    { "unwrapETH2LD(bytes32,address,address)", "label-hash registrant controller" },
    { "unwrap(bytes32,bytes32,address)", "node label-hash controller" },
    { "wrapETH2LD(string,address,uint16,address)", "label owner fuses resolver" },
    { "setName(string)", "name" },
    { "claim(address)", "owner" },
    { "set(string,string,uint256)", "key value token" },
    { "setMany(string[],string[],uint256)", "keys values token" },
    { "reconfigure(string[],string[],uint256)", "keys values token" },
    { "reset(uint256)", "token" },
    { "setOwner(address,uint256)", "owner token" },
    { "setReverse(string[])", "labels" },
    { "removeReverse()", "" },
    { "burn(uint256)", "token" },
    { "transfer(address,uint256)", "to amount" },
    { "approve(address,uint256)", "to token" },
};

static const struct failure { const char *signature; enum write_error kind; const char *sentence; } failures[] = {
    { "CommitmentTooNew(bytes32)", WRITE_ERROR_TOO_NEW, "the commitment is too young: the name can be registered a little later" },
    { "CommitmentTooNew(bytes32,uint256,uint256)", WRITE_ERROR_TOO_NEW, "the commitment is too young: the name can be registered a little later" },
    { "CommitmentTooOld(bytes32)", WRITE_ERROR_TOO_OLD, "the commitment is too old, or there is none: it must be made anew" },
    { "CommitmentTooOld(bytes32,uint256,uint256)", WRITE_ERROR_TOO_OLD, "the commitment is too old: it must be made anew" },
    { "CommitmentNotFound(bytes32)", WRITE_ERROR_NO_COMMITMENT, "the controller knows no such commitment" },
    { "UnexpiredCommitmentExists(bytes32)", WRITE_ERROR_UNEXPIRED, "this commitment was made already and is still good" },
    { "NameNotAvailable(string)", WRITE_ERROR_TAKEN, "the name is not to be had: somebody else has registered it" },
    { "DurationTooShort(uint256)", WRITE_ERROR_OTHER, "the time is too short: at least 28 days" },
    { "ResolverRequiredWhenDataSupplied()", WRITE_ERROR_OTHER, "records need a resolver" },
    { "ResolverRequiredForReverseRecord()", WRITE_ERROR_OTHER, "a primary name needs a resolver" },
    { "InsufficientValue()", WRITE_ERROR_PRICE, "too little ether was sent: the price has risen" },
    { "MaxCommitmentAgeTooLow()", WRITE_ERROR_OTHER, "the controller is set up wrongly" },
    { "Unauthorised(bytes32,address)", WRITE_ERROR_REFUSED, "this address may not change this name" },
    { "OperationProhibited(bytes32)", WRITE_ERROR_REFUSED, "a fuse of the name wrapper forbids it" },
    { "LabelTooShort()", WRITE_ERROR_OTHER, "the label is empty" },
    { "LabelTooLong(string)", WRITE_ERROR_OTHER, "the label has over 255 octets" },
    { "NameIsNotWrapped()", WRITE_ERROR_OTHER, "the name is not wrapped" },
    { "IncorrectTokenType()", WRITE_ERROR_OTHER, "that is a token of another contract" },
    { "CannotUpgrade()", WRITE_ERROR_OTHER, "the wrapper has no newer version" },
    { "OwnerQueryForNonexistentToken()", WRITE_ERROR_OTHER, "nobody owns it" },
    { "ERC721InsufficientApproval(address,uint256)", WRITE_ERROR_REFUSED, "this address is neither the owner nor approved" },
    { "Error(string)", WRITE_ERROR_OTHER, "the contract says" },
    { "Panic(uint256)", WRITE_ERROR_OTHER, "the contract failed in itself" },
};

static uint32_t selector_of(const char *signature)
{
    uint8_t digest[KECCAK256_BYTES];
    keccak256(signature, strlen(signature), digest);
    return (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 | digest[3];
}

const char *write_signature_at(size_t index, uint32_t *selector)
{
    const char *signature = NULL;
    if (index < LENGTH_OF(functions))
        signature = functions[index].signature;
    else if (index < LENGTH_OF(functions) + LENGTH_OF(failures))
        signature = failures[index - LENGTH_OF(functions)].signature;
    if (signature != NULL)
        *selector = selector_of(signature);
    return signature;
}

static const struct function *function_of(struct slice data)
{
    uint32_t selector = abi_selector(data);
    for (size_t i = 0; data.length >= ABI_SELECTOR_BYTES && i < LENGTH_OF(functions); i++)
        if (selector_of(functions[i].signature) == selector)
            return &functions[i];
    return NULL;
}

const char *write_function(struct slice data, char out[64])
{
    const struct function *f = function_of(data);
    if (f == NULL)
        return NULL;
    size_t length = strcspn(f->signature, "(");
    memcpy(out, f->signature, length);
    out[length] = 0;
    return out;
}

/* ---- arguments ---- */

struct show {
    struct text *out;
    unsigned indent;
    uint64_t coin;              /* that was named last */
};

static void indent_add(struct text *out, unsigned indent)
{
    for (unsigned i = 0; i < indent && i < INDENT_MAX; i++)
        text_add(out, "  ");
}

/* A new line, without a blank at the end of the one before. */
static void line_break(struct text *out)
{
    if (!out->full && out->length > 0 && out->data[out->length - 1] == ' ')
        out->data[--out->length] = 0;
    text_add_char(out, '\n');
}

static void hex_add(struct text *out, struct slice data)
{
    size_t shown = data.length < HEX_SHOWN ? data.length : HEX_SHOWN;
    text_add(out, "0x");
    text_add_hex(out, (const uint8_t *)data.data, shown, false);
    if (shown < data.length)
        text_add_format(out, "... (%zu octets)", data.length);
}

static void string_add(struct text *out, struct slice data)
{
    size_t shown = data.length < TEXT_SHOWN ? data.length : TEXT_SHOWN;
    text_add_quoted(out, (const uint8_t *)data.data, shown);
    if (shown < data.length)
        text_add_format(out, "... (%zu octets)", data.length);
}

/* DNS records in wire form, a line each. */
static void records_add(struct text *out, unsigned indent, struct slice data)
{
    struct cursor c = { (const uint8_t *)data.data, (const uint8_t *)data.data, (const uint8_t *)data.data + data.length, false };
    const struct rdata_style style = { 0 };
    struct name_view owner;
    while (c.pos < c.end && name_read_plain(&c, &owner) == OK) {
        uint16_t type = cursor_u16(&c), klass = cursor_u16(&c);
        uint32_t ttl = cursor_u32(&c);
        uint16_t size = cursor_u16(&c);
        const uint8_t *rdata = cursor_take(&c, size);
        if (rdata == NULL)
            break;
        line_break(out);
        indent_add(out, indent);
        if (size > 0) {
            record_print(out, owner, ttl, klass, type, rdata, size, &style);
        } else {
            name_print(out, owner);
            text_add_char(out, ' ');
            type_print(out, type);
            text_add(out, " is removed");
        }
    }
    if (c.failed || c.pos < c.end)
        text_add(out, " (malformed)");
}

static void bytes_add(struct show *show, const char *name, struct slice data)
{
    struct text *out = show->out;
    size_t before = out->length;
    if (data.length == 0) {
        text_add(out, "(empty: removed)");
    } else if (strcmp(name, "records") == 0) {
        records_add(out, show->indent + 1, data);
    } else if (strcmp(name, "content") == 0) {
        if (contenthash_print((const uint8_t *)data.data, data.length, out) != OK || out->length == before)
            hex_add(out, data);
    } else if (strcmp(name, "address") == 0 && show->coin != UINT64_MAX) {
        if (coin_print(show->coin, (const uint8_t *)data.data, data.length, out) != OK || out->length == before)
            hex_add(out, data);
    } else {
        hex_add(out, data);
    }
}

static void number_add(struct show *show, const char *name, struct u256 number)
{
    const struct coin *coin = NULL;
    struct text *out = show->out;
    u256_print(out, number);
    if (strcmp(name, "seconds") == 0 && u256_fits_u64(number) && number.limb[0] >= 86400)
        text_add_format(out, " (%llu days)", (unsigned long long)(number.limb[0] / 86400));
    if (strcmp(name, "coin") == 0 && u256_fits_u64(number)) {
        show->coin = number.limb[0];
        coin = coin_find(show->coin);
    }
    if (coin != NULL)
        text_add_format(out, " (%s)", coin->title);
}

/* Where the type that begins at `type` ends. */
static const char *type_end(const char *type)
{
    unsigned depth = 0;
    while (*type != '\0' && (depth > 0 || (*type != ',' && *type != ')'))) {
        depth += *type == '(';
        depth -= *type == ')';
        type++;
    }
    return type;
}

static bool type_is(const char *type, const char *end, const char *what)
{
    return (size_t)(end - type) == strlen(what) && strncmp(type, what, strlen(what)) == 0;
}

static void list_add(struct show *show, const char *type, const char *end, struct abi_reader *reader)
{
    size_t count = 0;
    struct abi_reader element = abi_read_array(reader, 1, &count);
    bool text = type_is(type, end, "string[]");
    if (count == 0)
        text_add(show->out, "none");
    for (size_t i = 0; i < count && i < ELEMENTS_SHOWN && abi_ok(reader->input); i++) {
        struct slice data = abi_read_bytes(&element);
        line_break(show->out);
        if (!text && show->indent < NESTED_INDENT) {
            write_describe(data, show->indent + 1, show->out);
            if (show->out->length > 0 && !show->out->full)
                show->out->data[--show->out->length] = 0;       /* its line feed: the caller adds one */
            continue;
        }
        indent_add(show->out, show->indent + 1);
        if (text)
            string_add(show->out, data);
        else
            hex_add(show->out, data);
    }
}

static void value_add(struct show *show, const char *type, const char *end, const char *name, struct abi_reader *reader)
{
    char address_text[EIP55_TEXT_ROOM];
    struct text *out = show->out;
    if (type_is(type, end, "address")) {
        struct eth_address address = abi_read_address(reader);
        text_add(out, eip55_print(address.octets, address_text));
    } else if (type_is(type, end, "bool")) {
        text_add(out, abi_read_bool(reader) ? "yes" : "no");
    } else if (type_is(type, end, "string")) {
        string_add(out, abi_read_bytes(reader));
    } else if (type_is(type, end, "bytes")) {
        bytes_add(show, name, abi_read_bytes(reader));
    } else if (end[-1] == ']') {
        list_add(show, type, end, reader);
    } else if (strncmp(type, "bytes", 5) == 0) {
        struct eth_word word = abi_read_word(reader);
        if (strcmp(name, "secret") == 0) {         /* of a commitment: it stands on terminals and in files of ours before it is told to the chain */
            text_add(out, "(not shown)");
            return;
        }
        text_add(out, "0x");
        text_add_hex(out, word.octets, sizeof word.octets, false);
    } else {
        number_add(show, name, abi_read_u256(reader));
    }
}

/* The arguments of a list of types, each on its line. */
static void arguments_add(struct show *show, const char *types, const char *names, struct abi_reader *reader)
{
    while (*types != ')' && *types != '\0') {
        char name[32];
        const char *end = type_end(types);
        size_t length = strcspn(names, " ");
        if (*types == '(') {
            struct abi_reader inside = abi_read_tuple(reader);
            arguments_add(show, types + 1, names, &inside);
            return;                                 /* the one tuple that there is stands alone */
        }
        snprintf(name, sizeof name, "%.*s", (int)length, names);
        names += length + (names[length] == ' ');
        indent_add(show->out, show->indent);
        text_add_format(show->out, "%s ", name);
        value_add(show, types, end, name, reader);
        text_add_char(show->out, '\n');
        types = *end == ',' ? end + 1 : end;
    }
}

void write_describe(struct slice data, unsigned indent, struct text *out)
{
    const struct function *f = function_of(data);
    struct abi_input input;
    indent_add(out, indent);
    if (f == NULL) {
        text_add(out, data.length == 0 ? "no call, ether alone" : "unknown call ");
        if (data.length > 0)
            hex_add(out, data);
        text_add_char(out, '\n');
        return;
    }
    const char *open = strchr(f->signature, '(');
    size_t mark = out->length;
    struct show show = { out, indent + 1, UINT64_MAX };
    struct abi_reader reader = abi_reader_call(&input, data, abi_selector(data));
    text_add_format(out, "%.*s\n", (int)(open - f->signature), f->signature);
    arguments_add(&show, open + 1, f->arguments, &reader);
    if (abi_ok(&input) || out->full)
        return;
    out->length = mark;
    out->data[mark] = 0;
    text_add_format(out, "%.*s with arguments that do not decode ", (int)(open - f->signature), f->signature);
    hex_add(out, data);
    text_add_char(out, '\n');
}

/* ---- errors ---- */

static const struct failure *failure_of(struct slice revert)
{
    uint32_t selector = abi_selector(revert);
    for (size_t i = 0; revert.length >= ABI_SELECTOR_BYTES && i < LENGTH_OF(failures); i++)
        if (selector_of(failures[i].signature) == selector)
            return &failures[i];
    return NULL;
}

enum write_error write_error_of(struct slice revert)
{
    const struct failure *f = failure_of(revert);
    return f == NULL ? WRITE_ERROR_NONE : f->kind;
}

void write_error_print(struct slice revert, struct text *out)
{
    const struct failure *f = failure_of(revert);
    struct slice reason;
    if (f == NULL) {
        text_add(out, revert.length == 0 ? "the contract refused it and does not say why" : "the contract refused it: error ");
        if (revert.length > 0)
            hex_add(out, revert);
        return;
    }
    text_add(out, f->sentence);
    if (abi_revert_reason(revert, &reason)) {
        text_add(out, ": ");
        string_add(out, reason);
        return;
    }
    text_add_format(out, " (%.*s)", (int)strcspn(f->signature, "("), f->signature);
}
