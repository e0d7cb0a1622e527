# SPDX-License-Identifier: Apache-2.0
"""Hundreds of names of many kinds on a devnet, the same for the same seed: for comparisons with other clients."""
import random

ALPHABETS = ["abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz0123456789", "0123456789", "abcxyz-", "éèüöñåçà",
             "джифщюя", "漢字仮名日本語", "δθλξπψω", "한국어이름", "🦄🚀🌵🍕👻"]
TEXTS = {"url": ["https://{}.example/", "ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"],
         "avatar": ["https://{}.example/a.png", "eip155:1/erc721:0xb7F7F6C52F2e2fdb1963Eab30438024864c313F6/2430",
                    "data:image/svg+xml;base64,PHN2Zy8+"],
         "email": ["{}@mail.example"], "description": ["Größe, 価値, 🦄 and \"quotes\" \\ {}", "x" * 300, " "],
         "com.github": ["{}"], "notice": ["first line\nsecond line\tend"]}
CONTENTS = ["0xe3010170122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f",     # IPFS, CIDv1 dag-pb
            "0xe5010172002408011220", "0xe40101fa011b20", "0xb29910", "0xb2c605"]                 # beginnings; 32 octets follow
COINS = {0: "0014", 2: "76a914", 3: "76a914", 60: "", 2147483658: "", 2147483785: ""}             # script before 20 octets


def octets(rng, count):
    return rng.getrandbits(8 * count).to_bytes(count, "big").hex()


def content(rng):
    start = rng.choice(CONTENTS)
    if start == CONTENTS[0]:
        return start
    return {"0xb29910": "0x90b2ca05", "0xb2c605": "0x90b2c6050100"}.get(start, start) + octets(rng, 32)


def label(rng, used):
    while True:
        letters = rng.choice(ALPHABETS)
        text = "".join(rng.choice(letters) for _ in range(rng.choice([3, 4, 5, 7, 11, 20])))
        if "-" in text:
            text = "a" + text.replace("--", "-x").strip("-") + "z"
            text = text if text[2:4] != "--" else "q" + text
        if text not in used:
            used.add(text)
            return text


def records(rng, name):
    """What a name says, in the form of the devnet's `records`; not all kinds each time, sometimes nothing."""
    if rng.random() < 0.08:
        return {}
    out = {"addr": {}, "text": {}}
    for coin, start in COINS.items():
        if rng.random() < (0.8 if coin == 60 else 0.25):
            end = {"76a914": "88ac"}.get(start, "")
            out["addr"][str(coin)] = f"0x{start}{octets(rng, 20)}{end}"
    for key, values in TEXTS.items():
        if rng.random() < 0.4:
            out["text"][key] = rng.choice(values).replace("{}", f"n{rng.randrange(1000)}")
    if rng.random() < 0.4:
        out["contenthash"] = content(rng)
    if rng.random() < 0.5 and name.isascii():
        sets = [[[name, "A", rng.choice([60, 300, 3600]), f"192.0.2.{i}"] for i in rng.sample(range(1, 250), rng.choice([1, 2, 3]))],
                [[name, "AAAA", 300, f"2001:db8::{rng.randrange(1, 9999):x}"]],
                [[name, "TXT", 60, f'"text {rng.randrange(1000)}" "second"']],
                [[name, "MX", 300, f"10 mail.{name}"]]]
        out["dns"] = [record for group in sets if rng.random() < 0.6 for record in group]
    return {key: value for key, value in out.items() if value}


def populate(devnet, count=500, seed=1):
    """Registers `count` names, wrapped and not, of 2 to 4 labels, under both public resolvers; gives {name: what it says}.
    A tenth of them have no resolver at all."""
    rng = random.Random(seed)
    used, tops, below, said = set(), [], [], {}
    for _ in range(count // 2):
        text = label(rng, used)
        entry = {"label": text, "owner": rng.choice(["alice", "bob", "carol"]), "wrapped": rng.random() < 0.4,
                 "resolver": rng.choice(["ens.resolvers.2023", "ens.resolvers.2023", "ens.resolvers.2020", None])}
        entry["records"] = records(rng, f"{text}.eth") if entry["resolver"] == "ens.resolvers.2023" else {}
        tops.append(entry)
        said[f"{text}.eth"] = entry["records"]
    devnet.register(names=tops)
    parents = {f"{entry['label']}.eth": 2 for entry in tops}
    while len(said) < count:
        parent = rng.choice(list(parents))
        if parents[parent] == 4:
            continue
        text = label(rng, used)
        name = f"{text}.{parent}"
        parents[name] = parents[parent] + 1
        what = records(rng, name)
        below.append((parents[name], {"do": "subname", "parent": parent, "label": text, "owner": rng.choice(["alice", "bob"]), **what}))
        said[name] = what
    for depth in (3, 4):
        level = [command for at, command in below if at == depth]
        for start in range(0, len(level), 100):
            devnet.block(of=level[start:start + 100])
    return said
