#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes names.inc: names with their wire form and text as dnspython has them, in dnspython's canonical order.

usage: python3 make_names.py > names.inc
"""
import random
import dns.name

random.seed(4034)
names = set()
# RFC 4034 section 6.1 has these.
for text in ["example", "a.example", "yljkjljk.a.example", "Z.a.example", "zABC.a.EXAMPLE", "z.example",
             "\\001.z.example", "*.z.example", "\\200.z.example"]:
    names.add(dns.name.from_text(text))
alphabet = [b"a", b"B", b"b", b"Z", b"[", b"`", b"{", b"@", b"-", b"_", b"\x00", b" ", b".", b"\\", b'"', b"$", b"(",
            b")", b";", b"\x7f", b"\x80", b"\xc1", b"\xe1", b"\xff", b"0", b"9", b"*", b"/"]
lowered = {n.canonicalize() for n in names}
while len(names) < 300:
    labels = [b"".join(random.choices(alphabet, k=random.choice([1, 1, 1, 2, 2, 3, 8, 9, 63])))[:63]
              for _ in range(random.choice([0, 1, 1, 2, 2, 3, 4, 7]))]
    if random.random() < 0.7:
        labels += [b"Z", b"example"]
    try:
        name = dns.name.Name(labels + [b""])
    except dns.exception.DNSException:
        continue
    if name.canonicalize() not in lowered:
        lowered.add(name.canonicalize())
        names.add(name)


def c_string(octets):
    return '"' + "".join("\\%03o" % o for o in octets) + '"'


print("/* SPDX-License-Identifier: Apache-2.0 */")
print("/* Written by make_names.py with dnspython; in canonical order. */")
for name in sorted(names):
    wire = name.to_wire()
    text = name.to_text().replace("\\", "\\\\").replace('"', '\\"')
    print('{ "%s", %s, %d },' % (text, c_string(wire), len(wire)))
