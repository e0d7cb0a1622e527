// SPDX-License-Identifier: Apache-2.0
// Resource records in uncompressed wire form, as the DNS profile of a resolver stores them (EIP-1185).
const TYPES = {
    A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33, DNAME: 39, DS: 43, HTTPS: 65, CAA: 257,
};

export const typeNumber = (type) => TYPES[type] ?? Number(String(type).replace(/^TYPE/, ''));

export function nameWire(name) {
    const labels = name.replace(/\.$/, '').split('.').filter((l) => l !== '');
    return Buffer.concat([...labels.map((l) => Buffer.concat([Buffer.from([Buffer.byteLength(l)]), Buffer.from(l)])),
        Buffer.from([0])]);
}

const number16 = (n) => Buffer.from([n >> 8, n & 255]);

function number32(n) {
    const b = Buffer.alloc(4);
    b.writeUInt32BE(n);
    return b;
}

function ipv6(text) {
    const [left, right] = text.split('::');
    const groups = (s) => (s ? s.split(':') : []);
    const head = groups(left), tail = right === undefined ? [] : groups(right);
    const zeros = new Array(8 - head.length - tail.length).fill('0');
    return Buffer.concat([...head, ...zeros, ...tail].map((g) => number16(parseInt(g, 16))));
}

const strings = (text) => [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map((m) => m[1] ?? m[2]);
const textWire = (text) => Buffer.concat(strings(text).map((s) => Buffer.concat([Buffer.from([s.length]), Buffer.from(s)])));

/** RDATA from presentation form; `\# N hex` for any type. */
export function rdataWire(type, text) {
    if (text.startsWith('\\#'))
        return Buffer.from(text.split(/\s+/).slice(2).join(''), 'hex');
    const words = text.split(/\s+/);
    switch (typeNumber(type)) {
    case 1: return Buffer.from(text.split('.').map(Number));
    case 28: return ipv6(text);
    case 16: return textWire(text);
    case 2: case 5: case 12: case 39: return nameWire(text);
    case 15: return Buffer.concat([number16(Number(words[0])), nameWire(words[1])]);
    case 33: return Buffer.concat([...words.slice(0, 3).map((w) => number16(Number(w))), nameWire(words[3])]);
    case 6: return Buffer.concat([nameWire(words[0]), nameWire(words[1]), ...words.slice(2).map((w) => number32(Number(w)))]);
    case 43: return Buffer.concat([number16(Number(words[0])), Buffer.from([Number(words[1]), Number(words[2])]),
        Buffer.from(words.slice(3).join(''), 'hex')]);
    case 257: return Buffer.concat([Buffer.from([Number(words[0]), words[1].length]), Buffer.from(words[1]),
        Buffer.from(strings(words.slice(2).join(' '))[0])]);
    default: throw new Error(`RDATA of type ${type} in text is not known here: write it as \\# N hex`);
    }
}

/** One record: [owner, type, ttl, rdata text]; empty RDATA text removes the RRset. */
export function recordWire([owner, type, ttl, text]) {
    const rdata = text === '' ? Buffer.alloc(0) : rdataWire(type, text);
    return Buffer.concat([nameWire(owner), number16(typeNumber(type)), number16(1), number32(ttl), number16(rdata.length), rdata]);
}

export const recordsHex = (records) => `0x${Buffer.concat(records.map(recordWire)).toString('hex')}`;
