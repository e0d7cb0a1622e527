// SPDX-License-Identifier: Apache-2.0
// Resolves names with ethers, a client that is not ours: JSON on standard input, JSON on standard output.
// In:  {rpc, registry, block ("latest" or a number), names: [...], texts: [keys], coins: [numbers], types: [DNS type numbers],
//       addresses: [...] (primary names), sequential: false, uns: {reader, names, keys}}
// Out: {names: {NAME: {error} | {resolver, address, coins, texts, avatar, contenthash, content, dns, owner}}, primary: {...},
//       uns: {...}, calls, ms}
// What is not there is null. Each record is asked for by itself; with `sequential` one after the other, as simple clients do.
import { ethers } from './artifacts.mjs';
import { nameWire } from './dns.mjs';

let calls = 0;
const face = new ethers.Interface([
    'function addr(bytes32,uint256) view returns (bytes)',
    'function text(bytes32,string) view returns (string)',
    'function contenthash(bytes32) view returns (bytes)',
    'function dnsRecord(bytes32,bytes32,uint16) view returns (bytes)',
    'function resolve(bytes,bytes) view returns (bytes)',
    'function owner(bytes32) view returns (address)',
]);

/** A provider that reads at one block and counts. */
class At extends ethers.JsonRpcProvider {
    constructor(asked, chainId) {
        const network = new ethers.Network('devnet', chainId);
        network.attachPlugin(new ethers.EnsPlugin(asked.registry ?? ethers.ZeroAddress, chainId));
        super(asked.rpc, network, { staticNetwork: network, cacheTimeout: -1, batchMaxCount: asked.sequential ? 1 : 100 });
        this.block = asked.block === undefined || asked.block === 'latest' ? 'latest' : Number(asked.block);
    }

    call(tx) {
        calls += 1;
        return super.call({ ...tx, blockTag: this.block });
    }
}

/** The bytes that a resolver's function gives, through resolve() where the resolver is extended; null for none. */
async function raw(provider, resolver, name, wildcard, fragment, args) {
    const data = face.encodeFunctionData(fragment, args);
    try {
        const tx = { to: resolver, enableCcipRead: true,
            data: wildcard ? face.encodeFunctionData('resolve', [ethers.dnsEncode(name, 255), data]) : data };
        let out = await provider.call(tx);
        if (wildcard)
            [out] = face.decodeFunctionResult('resolve', out);
        const [value] = face.decodeFunctionResult(fragment, out);
        return value === '0x' ? null : value;
    } catch (e) {
        if (e.code === 'CALL_EXCEPTION' || e.code === 'BAD_DATA')
            return null;
        throw e;
    }
}

async function quietly(promise) {
    try { return await promise; } catch (e) {
        if (['CALL_EXCEPTION', 'BAD_DATA', 'UNSUPPORTED_OPERATION'].includes(e.code))
            return null;
        throw e;
    }
}

/** Runs the steps at once, or one after the other. */
async function gather(sequential, steps) {
    if (!sequential)
        return Promise.all(steps.map((step) => step()));
    const results = [];
    for (const step of steps)
        results.push(await step());
    return results;
}

async function lookup(provider, asked, given) {
    const name = ethers.ensNormalize(given), node = ethers.namehash(name);
    const out = { name, resolver: null };
    const resolver = await provider.getResolver(name);
    if (resolver === null)
        return out;
    out.resolver = resolver.address;
    const wildcard = await quietly(resolver.supportsWildcard()) ?? false;
    const read = (fragment, ...args) => () => raw(provider, resolver.address, name, wildcard, fragment, args);
    const coins = asked.coins ?? [], texts = asked.texts ?? [], types = asked.types ?? [];
    const results = await gather(asked.sequential, [
        () => quietly(resolver.getAddress(60)),
        ...coins.map((coin) => read('addr', node, coin)),
        ...texts.map((key) => () => quietly(resolver.getText(key))),
        ...(asked.content === false ? [] : [read('contenthash', node), () => quietly(resolver.getContentHash())]),
        ...types.map((type) => read('dnsRecord', node, ethers.keccak256(nameWire(name)), type)),
    ]);
    out.address = results.shift();
    out.coins = Object.fromEntries(coins.map((coin) => [coin, results.shift()]));
    out.texts = Object.fromEntries(texts.map((key) => [key, results.shift() || null]));
    if (asked.content !== false)
        [out.contenthash, out.content] = [results.shift(), results.shift()];
    out.dns = Object.fromEntries(types.map((type) => [type, results.shift()]));
    return out;
}

async function uns(provider, asked) {
    const reader = new ethers.Interface(['function getData(string[],uint256) view returns (address, address, string[])']);
    const out = {};
    for (const name of asked.names) {
        const data = await provider.call({ to: asked.reader, data: reader.encodeFunctionData('getData', [asked.keys, ethers.namehash(name)]) });
        const [resolver, owner, values] = reader.decodeFunctionResult('getData', data);
        out[name] = { resolver, owner, values: Object.fromEntries(asked.keys.map((key, i) => [key, values[i]])) };
    }
    return out;
}

let text = '';
for await (const part of process.stdin)
    text += part;
const asked = JSON.parse(text);
const reply = await fetch(asked.rpc, { method: 'POST', headers: { 'content-type': 'application/json' },
    body: '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}' });
const provider = new At(asked, Number((await reply.json()).result));
const started = performance.now();
const names = {}, times = {};
const one = async (name) => {
    const began = performance.now();
    try { names[name] = await lookup(provider, asked, name); } catch (e) { names[name] = { error: e.shortMessage ?? e.message }; }
    times[name] = performance.now() - began;
};
if (asked.sequential) {
    for (const name of asked.names ?? [])
        await one(name);
} else {
    for (let at = 0; at < (asked.names ?? []).length; at += 40)
        await Promise.all(asked.names.slice(at, at + 40).map(one));
}
const primary = {};
for (const address of asked.addresses ?? [])
    primary[address] = await quietly(provider.lookupAddress(address));
const out = { names, primary, calls, ms: performance.now() - started, times };
if (asked.uns)
    out.uns = await uns(provider, asked.uns);
process.stdout.write(JSON.stringify(out), () => process.exit(0));
