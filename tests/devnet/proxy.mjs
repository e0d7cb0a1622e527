// SPDX-License-Identifier: Apache-2.0
// Providers that go wrong: JSON-RPC proxies in front of a node, each with rules that can be changed while it runs.
// Commands, one JSON object a line on standard input, answered in order on standard output (as in driver.mjs):
//   open {target, port}         a proxy more: {proxy: number, url}
//   rules {proxy, rules}        replaces its rules; {} to all calls, see RULES below
//   dead {proxy}, alive {proxy} refuses connections; takes them again on the same port
//   log {proxy, clear}          the requests seen: [{began, ended, calls: [{method, to, selector, inner, block, text}], batch, bytes}]
//   counts {proxy, clear}       {requests, calls, methods: {name: n}, rounds: requests that waited for one before them}
// RULES: a list of {methods, match, times, ...}; `methods` (left out: all) and `match` (a part of the parameters' JSON) say
// which calls, `times` how often. Then one or more of
//   delay: ms                   before the answer
//   fault: "hang" | "429" (retryAfter seconds) | STATUS | "drip" (ms a byte) | "cut" (half the JSON) | "broken" (half, then
//          closed) | "giant" (20 MB of JSON, or `bytes`) | "html" | "empty" | "close"      to the whole request
//   result: value, error: {code, message, data}           instead of the node's
//   replace: [[from, to], ...]  in the JSON text of the result
//   set: {field: value}         in a result that is an object (a header, say)
//   omit: text                  elements of a result that is a list whose JSON has the text ("" is all: no logs)
//   nobatch: true               refuses an array of requests as some providers do
import http from 'node:http';
import readline from 'node:readline';
import { performance } from 'node:perf_hooks';

const AGGREGATE3 = '0x82ad56cb';
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

/** The selectors of the calls in an aggregate3, read by hand: [(address, bool, bytes)]. */
function inner(data) {
    const word = (at) => parseInt(data.slice(10 + at * 2, 10 + at * 2 + 64) || '0', 16);
    const found = [], base = word(0), count = Math.min(word(base), 4096);
    for (let i = 0; i < count; i++) {
        const at = base + 32 + word(base + 32 + 32 * i), bytes = at + word(at + 64);
        found.push({ to: `0x${data.slice(10 + at * 2 + 24, 10 + at * 2 + 64)}`,
            selector: `0x${data.slice(10 + bytes * 2 + 64, 10 + bytes * 2 + 72)}` });
    }
    return found;
}

function summary(call) {
    const [first, second] = call.params ?? [];
    const out = { method: call.method };
    if (call.method === 'eth_call' && first?.data === undefined && first?.input !== undefined)
        first.data = first.input;
    if (call.method === 'eth_call' && first?.data) {
        Object.assign(out, { to: first.to, selector: first.data.slice(0, 10), block: second });
        if (out.selector === AGGREGATE3)
            out.inner = inner(first.data);
    }
    out.text = JSON.stringify(call.params ?? []).slice(0, 400);
    return out;
}

class Proxy {
    constructor(target) {
        this.target = new URL(target);
        this.rules = [];
        this.log = [];
        this.sockets = new Set();
        this.server = http.createServer((req, res) => this.take(req, res));
        this.server.keepAliveTimeout = 60000;
        this.server.on('connection', (socket) => {
            this.sockets.add(socket);
            socket.on('close', () => this.sockets.delete(socket));
        });
    }

    listen(port) {
        return new Promise((resolve, reject) => {
            this.server.once('error', reject);
            this.server.listen(port, '127.0.0.1', () => {
                this.port = this.server.address().port;
                resolve(this.port);
            });
        });
    }

    die() {
        return new Promise((resolve) => {
            this.server.close(() => resolve());
            for (const socket of this.sockets)
                socket.destroy();
        });
    }

    take(req, res) {
        const began = performance.now(), parts = [];
        req.on('data', (part) => parts.push(part));
        req.on('error', () => {});
        res.on('error', () => {});
        req.on('end', () => this.handle(Buffer.concat(parts), res, began).catch((e) => {
            if (!res.headersSent)
                res.writeHead(502, { 'content-type': 'text/plain' });
            res.end(`proxy: ${e.message}`);
        }));
    }

    /** The rules that meet a call, each used once more. */
    meet(call) {
        const text = JSON.stringify(call.params ?? []);
        const met = this.rules.filter((r) => (r.methods === undefined || r.methods.includes(call.method))
            && (r.match === undefined || text.toLowerCase().includes(r.match.toLowerCase()))
            && (r.times === undefined || r.times > 0));
        for (const rule of met) {
            if (rule.times !== undefined)
                rule.times -= 1;
        }
        return met;
    }

    async handle(body, res, began) {
        const asked = JSON.parse(body.toString());
        const calls = Array.isArray(asked) ? asked : [asked];
        const entry = { began, ended: null, batch: Array.isArray(asked), bytes: body.length, calls: calls.map(summary) };
        this.log.push(entry);
        const met = calls.map((call) => this.meet(call)), all = met.flat();
        const fault = all.find((r) => r.fault !== undefined);
        if (fault?.fault === 'hang')
            return;
        let answer;
        if (Array.isArray(asked) && all.some((r) => r.nobatch))
            answer = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32600, message: 'batch requests are not supported' } });
        else
            answer = await this.forward(body, met, all, calls);
        const delay = all.reduce((sum, r) => Math.max(sum, r.delay ?? 0), 0);
        const left = delay - (performance.now() - began);
        if (left > 0)
            await new Promise((done) => setTimeout(done, left));
        entry.ended = performance.now();
        if (fault === undefined) {
            res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) });
            res.end(answer);
        } else {
            await spoil(res, answer, fault, calls);
        }
    }

    async forward(body, met, all, calls) {
        const text = await this.post(body);
        if (!all.some((r) => ['result', 'error', 'replace', 'set', 'omit'].some((key) => key in r)))
            return text;
        const replies = JSON.parse(text), list = Array.isArray(replies) ? replies : [replies];
        calls.forEach((call, i) => {
            const at = list.findIndex((reply) => reply.id === call.id);
            for (const rule of met[i])
                list[at] = lie(list[at], rule);
        });
        return JSON.stringify(Array.isArray(replies) ? list : list[0]);
    }

    post(body) {
        return new Promise((resolve, reject) => {
            const req = http.request(this.target, { method: 'POST', agent,
                headers: { 'content-type': 'application/json', 'content-length': body.length } }, (res) => {
                const parts = [];
                res.on('data', (part) => parts.push(part));
                res.on('end', () => resolve(Buffer.concat(parts).toString()));
            });
            req.on('error', reject);
            req.end(body);
        });
    }

    counts() {
        const methods = {};
        let calls = 0, rounds = 0, edge = -1;
        for (const call of this.log.flatMap((entry) => entry.calls)) {
            methods[call.method] = (methods[call.method] ?? 0) + 1;
            calls += 1;
        }
        for (const entry of [...this.log].sort((a, b) => a.began - b.began)) {
            if (entry.began >= edge) {             // it began after one of the round before had ended
                rounds += 1;
                edge = entry.ended ?? Infinity;
            } else {
                edge = Math.min(edge, entry.ended ?? Infinity);
            }
        }
        return { requests: this.log.length, calls, methods, rounds };
    }
}

function lie(reply, rule) {
    const { jsonrpc = '2.0', id } = reply;
    if ('result' in rule)
        return { jsonrpc, id, result: rule.result };
    if ('error' in rule)
        return { jsonrpc, id, error: rule.error };
    let text = JSON.stringify(reply);
    for (const [from, to] of rule.replace ?? [])
        text = text.replaceAll(from, to);
    const changed = { ...JSON.parse(text), id };
    if (rule.set && changed.result && typeof changed.result === 'object')
        Object.assign(changed.result, rule.set);
    if (rule.omit !== undefined && Array.isArray(changed.result))
        changed.result = changed.result.filter((element) => !JSON.stringify(element).includes(rule.omit));
    return changed;
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

async function spoil(res, answer, rule, calls) {
    const json = { 'content-type': 'application/json' };
    switch (rule.fault) {
    case '429':
        res.writeHead(429, { ...json, 'retry-after': String(rule.retryAfter ?? 1) });
        return res.end('{"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"rate limit exceeded"}}');
    case 'drip':
        res.writeHead(200, json);
        return drip(res, answer, rule.ms ?? 100);
    case 'cut':
        res.writeHead(200, json);
        return res.end(answer.slice(0, answer.length / 2));
    case 'broken':
        res.writeHead(200, { ...json, 'content-length': Buffer.byteLength(answer) });
        return res.write(answer.slice(0, answer.length / 2), () => res.destroy());
    case 'giant':
        res.writeHead(200, json);
        return res.end(`{"jsonrpc":"2.0","id":${JSON.stringify(calls[0].id)},"result":"0x${'00'.repeat((rule.bytes ?? 20_000_000) / 2)}"}`);
    case 'html':
        res.writeHead(200, { 'content-type': 'text/html' });
        return res.end('<html><body>Welcome</body></html>');
    case 'empty':
        res.writeHead(200, json);
        return res.end();
    case 'close':
        return res.destroy();
    default:
        res.writeHead(Number(rule.fault), { 'content-type': 'text/plain' });
        return res.end(`status ${rule.fault}`);
    }
}

const proxies = [];
const commands = {
    async open({ target, port = 0 }) {
        const proxy = new Proxy(target);
        await proxy.listen(port);
        proxies.push(proxy);
        return { proxy: proxies.length - 1, url: `http://127.0.0.1:${proxy.port}` };
    },
    rules({ proxy, rules }) {
        proxies[proxy].rules = rules;
        return {};
    },
    dead: ({ proxy }) => proxies[proxy].die(),
    alive: ({ proxy }) => proxies[proxy].listen(proxies[proxy].port),
    log({ proxy, clear = true }) {
        const { log } = proxies[proxy];
        if (clear)
            proxies[proxy].log = [];
        return log;
    },
    counts({ proxy, clear = true }) {
        const counts = proxies[proxy].counts();
        if (clear)
            proxies[proxy].log = [];
        return counts;
    },
};

console.log('READY {}');
for await (const line of readline.createInterface({ input: process.stdin })) {
    let id = null, answer;
    try {
        const { id: given, do: name, ...args } = JSON.parse(line);
        id = given ?? null;
        answer = { id, ok: await commands[name](args) ?? null };
    } catch (e) {
        answer = { id, error: e.message };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
