/* SPDX-License-Identifier: Apache-2.0 */
/* What the name of a question is about, and the way between the two trees. */
#include "names/vzone_inside.h"

#include <string.h>

static bool other_tree(struct name_view name, struct name_view from, struct name_view to, struct name *out)
{
    if (!name_below(name, from) || name_equal(from, to)) {
        *out = name_copy(name);
        return true;
    }
    return name_replace_suffix(name, from, to, out) == OK;
}

bool tree_to_dns(const struct mount_options *mount, struct name_view name, struct name *out) { return other_tree(name, mount->base, mount->suffix, out); }
bool tree_from_dns(const struct mount_options *mount, struct name_view name, struct name *out) { return other_tree(name, mount->suffix, mount->base, out); }

static bool label_is(const uint8_t *label, const char *text) { return label[0] == strlen(text) && memcmp(label + 1, text, label[0]) == 0; }

static int hex_digit(uint8_t c)
{
    c = ascii_lower(c);
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_address(struct name_view question, struct name_view suffix, struct eth_address *out)
{
    if (question.labels != suffix.labels + 1 || question.wire[0] != 2 * sizeof out->octets)
        return false;
    for (size_t i = 0; i < sizeof out->octets; i++) {
        int high = hex_digit(question.wire[1 + 2 * i]), low = hex_digit(question.wire[2 + 2 * i]);
        if (high < 0 || low < 0)
            return false;
        out->octets[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool read_reverse(const struct mount_options *mount, struct name_view question, struct vzone_question *out)
{
    if (mount->reverse.labels == 0 || !name_below(question, mount->reverse))
        return false;
    if (mount->reverse.labels < mount->suffix.labels && name_below(question, mount->suffix))
        return false;
    out->kind = read_address(question, mount->reverse, &out->address) ? VZONE_REVERSE : VZONE_NOTHING;
    return true;
}

void vzone_question_read(const struct mount_options *mount, struct name_view question, struct vzone_question *out)
{
    struct name lower = name_copy(question);
    name_lower(lower.wire, lower.length);
    struct name_view name = name_view_of(&lower);
    *out = (struct vzone_question){ .kind = VZONE_NOTHING };
    if (read_reverse(mount, name, out))
        return;
    unsigned below = name.labels - (unsigned)mount->suffix.labels;
    if (label_is(name.wire, "_text") && below >= 3) {
        const uint8_t *key = question.wire + 1 + question.wire[0];
        out->key = slice_of((const char *)key + 1, key[0]);
        name = name_strip(name, 2);
        out->kind = tree_from_dns(mount, name, &out->name) ? VZONE_TEXT : VZONE_NOTHING;
        return;
    }
    if (!tree_from_dns(mount, name, &out->name))
        return;
    out->kind = VZONE_NAME;
    if (label_is(name.wire, "_dnslink") && below >= 2 && tree_from_dns(mount, name_strip(name, 1), &out->host))
        out->kind = VZONE_DNSLINK;
}
