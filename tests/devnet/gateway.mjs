// SPDX-License-Identifier: Apache-2.0
// A gateway for CCIP-Read (EIP-3668) that answers what any name asks from a rule, and misbehaves where its path says so.
//
//   /ok/{sender}/{data}.json  /ok/{sender}  (POST)      well behaved
//   /STATUS/...       that HTTP status (500, 404, 429 ...)      /post/...      405 for GET
//   /slow-MS/...      answers after MS milliseconds              /large-BYTES/... a body of that size
//   /bare/...         bare hex as text/plain                     /notjson/...   /cut/...   /hang/...   /drip-MS/...
//   /redirect-N/...   N redirects, then well behaved             /redirect-to?URL  to that place
//   /wrong/...        well-formed, of another shape than asked   /ttl-S/...     cache-control: max-age=S
// Control (same port): GET /control/log, DELETE /control/log, PUT /control/records {"name": {"addr.60": ..., "text.url": ...}}
import http from 'node:http';
import { ethers, option } from './artifacts.mjs';

const face = new ethers.Interface([
    'function resolve(bytes name, bytes data) view returns (bytes)',
    'function addr(bytes32) view returns (address)',
    'function addr(bytes32,uint256) view returns (bytes)',
    'function text(bytes32,string) view returns (string)',
    'function contenthash(bytes32) view returns (bytes)',
    'function multicall(bytes[]) view returns (bytes[])',
]);

/** The rule for names without records of their own: an address from the name's hash. */
export const ruleAddress = (name) => `0x${ethers.id(name).slice(-40)}`;

function dnsText(bytes) {
    const labels = [];
    for (let i = 0; bytes[i]; i += 1 + bytes[i])
        labels.push(Buffer.from(bytes.slice(i + 1, i + 1 + bytes[i])).toString());
    return labels.join('.');
}

/** A record; one that is {status} is an answer with that status. */
function told(value) {
    if (value?.status)
        throw Object.assign(new Error('a status as asked'), { status: value.status });
    return value;
}

/** What a resolver would give for `call`, of a name's text or, where only that is known, of its node. */
export function answerCall(call, name, records = {}) {
    const asked = face.parseTransaction({ data: call });
    const own = new Proxy(records[name] ?? {}, { get: (all, key) => told(all[key]) });
    if (!asked)
        return '0x';
    if (name === null)
        name = asked.args[0];
    switch (asked.signature) {
    case 'addr(bytes32)':
        return face.encodeFunctionResult('addr(bytes32)', [own['addr.60'] ?? ethers.getAddress(ruleAddress(name))]);
    case 'addr(bytes32,uint256)': {
        const value = own[`addr.${asked.args[1]}`] ?? (asked.args[1] === 60n ? ruleAddress(name) : '0x');
        return face.encodeFunctionResult('addr(bytes32,uint256)', [value]);
    }
    case 'text(bytes32,string)':
        return face.encodeFunctionResult('text', [own[`text.${asked.args[1]}`] ?? `${asked.args[1]} of ${name}`]);
    case 'contenthash(bytes32)':
        return face.encodeFunctionResult('contenthash', [own.contenthash
            ?? '0xe3010170122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f']);
    case 'multicall(bytes[])':
        return face.encodeFunctionResult('multicall', [asked.args[0].map((c) => answerCall(c, name, records))]);
    default:
        return '0x';
    }
}

function reply(state, data) {
    if (data.startsWith('0x9061b923')) {
        const [name, call] = face.decodeFunctionData('resolve', data);
        return answerCall(call, dnsText(ethers.getBytes(name)), state.records);
    }
    return answerCall(data, null, state.records);
}

function control(state, req, res, body) {
    const send = (value) => {
        res.writeHead(200, { 'content-type': 'application/json' });
        res.end(JSON.stringify(value));
    };
    if (req.url.startsWith('/control/records')) {
        state.records = JSON.parse(body);
        return send({});
    }
    const log = state.log;
    if (req.method === 'DELETE')
        state.log = [];
    return send(log);
}

function misbehave(kind, number, req, res) {
    switch (kind) {
    case 'hang': return true;
    case 'notjson':
        res.writeHead(200, { 'content-type': 'application/json' });
        res.end('<html>this is not JSON</html>');
        return true;
    case 'cut':
        res.writeHead(200, { 'content-type': 'application/json' });
        res.end('{"data":"0x1234');
        return true;
    case 'large':
        res.writeHead(200, { 'content-type': 'application/json' });
        res.end(`{"data":"0x${'00'.repeat(number / 2)}"}`);
        return true;
    case 'redirect':
        if (number === 0)
            return false;
        res.writeHead(302, { location: req.url.replace(/^\/redirect-\d+/, `/redirect-${number - 1}`) });
        res.end();
        return true;
    case 'redirect-to':
        res.writeHead(302, { location: decodeURIComponent(req.url.split('?')[1] ?? '') });
        res.end();
        return true;
    case 'post':
        if (req.method === 'POST')
            return false;
        res.writeHead(405, { 'content-type': 'application/json' });
        res.end('{"message":"POST only"}');
        return true;
    default:
        if (!/^\d{3}$/.test(kind))
            return false;
        res.writeHead(Number(kind), { 'content-type': 'application/json', ...(kind === '429' ? { 'retry-after': '1' } : {}) });
        res.end(`{"message":"status ${kind} as asked"}`);
        return true;
    }
}

async function drip(res, text, ms) {
    for (const letter of text) {
        if (res.destroyed)
            return;
        res.write(letter);
        await new Promise((done) => setTimeout(done, ms));
    }
    res.end();
}

function serve(state, req, res, body) {
    if (req.url.startsWith('/control/'))
        return control(state, req, res, body);
    state.log.push({ method: req.method, url: req.url.slice(0, 2000), host: req.headers.host,
        type: req.headers['content-type'] ?? null, body: body.slice(0, 2000) });
    const word = req.url.split('/')[1].split('?')[0];
    const [, kind, count] = /^(.*?)(?:-(\d+))?$/.exec(word);
    const number = Number(count ?? 0);
    if (misbehave(kind, number, req, res))
        return undefined;
    let data;
    try {
        const asked = req.method === 'POST' ? JSON.parse(body).data : req.url.split('/').pop().replace('.json', '');
        data = kind === 'wrong' ? '0x1234' : reply(state, asked);
    } catch (e) {
        res.writeHead(e.status ?? 400, { 'content-type': 'application/json' });
        return res.end(JSON.stringify({ message: String(e.message).slice(0, 200) }));
    }
    const bare = kind === 'bare';
    const text = bare ? data : JSON.stringify({ data });
    const headers = { 'content-type': bare ? 'text/plain' : 'application/json' };
    if (kind === 'ttl')
        headers['cache-control'] = `max-age=${number}`;
    setTimeout(() => {
        res.writeHead(200, headers);
        if (kind === 'drip')
            drip(res, text, number);
        else
            res.end(text);
    }, kind === 'slow' ? number : 0);
    return undefined;
}

/** Serves on 127.0.0.1; gives the port in use. */
export function startGateway(port = 0) {
    const state = { log: [], records: {} };
    const server = http.createServer((req, res) => {
        let body = '';
        req.on('data', (part) => { body += part; });
        req.on('end', () => serve(state, req, res, body));
    });
    return new Promise((resolve) => server.listen(port, '127.0.0.1', () => {
        server.unref();
        resolve({ server, state, port: server.address().port });
    }));
}

if (process.argv[1]?.endsWith('gateway.mjs')) {
    const { server, port } = await startGateway(Number(option('port', 0)));
    server.ref();
    console.log(`READY ${JSON.stringify({ gateway: `http://127.0.0.1:${port}` })}`);
    process.stdin.on('end', () => process.exit(0)).resume();
}
