// SPDX-License-Identifier: Apache-2.0
// Asks the Universal Resolver as a client of ENSIP-23 does, with CCIP-Read and the local batch gateway of ENSIP-21, by ethers'
// coder: JSON on standard input, JSON on standard output.
// In:  {rpc, universal, names: [...], texts: [keys], coins: [numbers], addresses: [[address, coin type], ...], single: false}
// Out: {names: {NAME: {resolver, results: [hex ...]} | {error: name, args}}, primary: [...], rounds}
import { ethers } from './artifacts.mjs';
import { Chain } from './chain.mjs';

const face = new ethers.Interface([
    'function resolve(bytes,bytes) view returns (bytes, address)',
    'function reverse(bytes,uint256) view returns (string, address, address)',
    'function multicall(bytes[]) view returns (bytes[])',
    'function addr(bytes32,uint256) view returns (bytes)', 'function addr(bytes32) view returns (address)',
    'function text(bytes32,string) view returns (string)', 'function contenthash(bytes32) view returns (bytes)',
    'function query((address,string[],bytes)[]) view returns (bool[], bytes[])',
    'error OffchainLookup(address sender, string[] urls, bytes data, bytes4 callback, bytes extra)',
    'error ResolverNotFound(bytes)', 'error ResolverNotContract(bytes,address)', 'error UnsupportedResolverProfile(bytes4)',
    'error ResolverError(bytes)', 'error ReverseAddressMismatch(string,bytes)', 'error HttpError(uint16,string)',
    'error EmptyAddress()',
]);
const coder = ethers.AbiCoder.defaultAbiCoder();
let rounds = 0;

async function fetchOne(sender, urls, data) {
    let last = [500, 'no URL'];
    for (const template of urls) {
        if (template === 'x-batch-gateway:true')
            return batch(data);
        const url = template.replaceAll('{sender}', sender.toLowerCase()).replaceAll('{data}', data);
        const reply = await fetch(url, template.includes('{data}') ? {} : { method: 'POST',
            headers: { 'content-type': 'application/json' }, body: JSON.stringify({ data, sender }) });
        if (reply.ok)
            return (await reply.json()).data;
        last = [reply.status, (await reply.text()).slice(0, 100)];
    }
    throw Object.assign(new Error('gateway'), { encoded: face.encodeErrorResult('HttpError', last) });
}

async function batch(data) {
    const [requests] = face.decodeFunctionData('query', data);
    const results = await Promise.allSettled(requests.map(([sender, urls, inner]) => fetchOne(sender, [...urls], inner)));
    return coder.encode(['bool[]', 'bytes[]'], [results.map((r) => r.status === 'rejected'),
        results.map((r) => (r.status === 'fulfilled' ? r.value : r.reason.encoded ?? '0x'))]);
}

async function call(chain, to, data, depth = 0) {
    rounds += 1;
    try { return await chain.rpc('eth_call', { to, data }, 'latest'); } catch (e) {
        if (!e.data)
            throw e;
        const error = face.parseError(e.data);
        if (error?.name !== 'OffchainLookup')
            throw Object.assign(new Error(error?.name ?? e.data), { args: error ? [...error.args] : [] });
        if (error.args.sender.toLowerCase() !== to.toLowerCase() || depth >= 8)
            throw new Error(depth >= 8 ? 'too deep' : 'sender');
        const response = await fetchOne(to, [...error.args.urls], error.args.data);
        return call(chain, to, ethers.concat([error.args.callback, coder.encode(['bytes', 'bytes'], [response, error.args.extra])]), depth + 1);
    }
}

let text = '';
for await (const part of process.stdin)
    text += part;
const asked = JSON.parse(text), chain = new Chain(asked.rpc);
const out = { names: {}, primary: [] };
const failure = (e) => ({ error: e.message, args: (e.args ?? []).map(String) });
for (const name of asked.names ?? []) {
    const node = ethers.namehash(name);
    const calls = [face.encodeFunctionData('addr(bytes32)', [node]),
        ...(asked.coins ?? []).map((coin) => face.encodeFunctionData('addr(bytes32,uint256)', [node, coin])),
        ...(asked.texts ?? []).map((key) => face.encodeFunctionData('text', [node, key]))];
    const data = asked.single ? calls[calls.length - 1] : face.encodeFunctionData('multicall', [calls]);
    try {
        const reply = await call(chain, asked.universal, face.encodeFunctionData('resolve', [ethers.dnsEncode(name, 255), data]));
        const [result, resolver] = face.decodeFunctionResult('resolve', reply);
        out.names[name] = { resolver, results: asked.single ? [result] : [...face.decodeFunctionResult('multicall', result)[0]] };
    } catch (e) { out.names[name] = failure(e); }
}
for (const [address, coin] of asked.addresses ?? []) {
    try {
        const reply = await call(chain, asked.universal, face.encodeFunctionData('reverse', [address, coin]));
        out.primary.push([...face.decodeFunctionResult('reverse', reply)]);
    } catch (e) { out.primary.push(failure(e)); }
}
process.stdout.write(JSON.stringify({ ...out, rounds }), () => process.exit(0));
