// SPDX-License-Identifier: Apache-2.0
// A node's JSON-RPC, and writing to it quickly: transactions of unlocked accounts are sent in one batch and mined together.
import http from 'node:http';
import { ethers } from './artifacts.mjs';

const GAS_DEPLOY = 8_000_000, GAS_CALL = 3_000_000;

export class RpcError extends Error {
    constructor(error) {
        super(`${error.message}${error.data ? ` (${JSON.stringify(error.data).slice(0, 200)})` : ''}`);
        this.code = error.code;
        this.data = error.data;
    }
}

export class Chain {
    constructor(url) {
        this.url = new URL(url);
        this.agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
        this.id = 0;
        this.queue = [];
        this.nonces = new Map();
    }

    post(body) {
        return new Promise((resolve, reject) => {
            const req = http.request(this.url, {
                method: 'POST', agent: this.agent, headers: { 'content-type': 'application/json' },
            }, (res) => {
                const parts = [];
                res.on('data', (part) => parts.push(part));
                res.on('end', () => {
                    try { resolve(JSON.parse(Buffer.concat(parts).toString())); } catch (e) { reject(e); }
                });
            });
            req.on('error', reject);
            req.end(body);
        });
    }

    async rpc(method, ...params) {
        const reply = await this.post(JSON.stringify({ jsonrpc: '2.0', id: ++this.id, method, params }));
        if (reply.error)
            throw new RpcError(reply.error);
        return reply.result;
    }

    /** Calls in one request; a failed one is an RpcError in its place. */
    async batch(calls) {
        if (calls.length === 0)
            return [];
        const first = this.id + 1;
        this.id += calls.length;
        const replies = await this.post(JSON.stringify(
            calls.map(([method, ...params], i) => ({ jsonrpc: '2.0', id: first + i, method, params }))));
        const results = new Array(calls.length);
        for (const reply of replies)
            results[reply.id - first] = reply.error ? new RpcError(reply.error) : reply.result;
        return results;
    }

    async call(contract, name, ...args) {
        const data = contract.interface.encodeFunctionData(name, args);
        const result = await this.rpc('eth_call', { to: contract.address, data }, 'latest');
        const values = contract.interface.decodeFunctionResult(name, result);
        return values.length === 1 ? values[0] : values;
    }

    async nonce(from) {
        const key = from.toLowerCase();
        if (!this.nonces.has(key))
            this.nonces.set(key, Number(await this.rpc('eth_getTransactionCount', from, 'pending')));
        const nonce = this.nonces.get(key);
        this.nonces.set(key, nonce + 1);
        return nonce;
    }

    /** Remembers a transaction for the next flush(). */
    async send(from, to, data, { value = 0n, gas = GAS_CALL, what = '' } = {}) {
        const nonce = await this.nonce(from);
        this.queue.push({ what: what || data.slice(0, 10), tx: {
            from, ...(to ? { to } : {}), data, value: ethers.toQuantity(value), gas: ethers.toQuantity(gas),
            nonce: ethers.toQuantity(nonce),
        } });
        return nonce;
    }

    /** Takes what is remembered. The node orders a block by fees: they fall, so that the order is ours across senders. */
    take() {
        const queue = this.queue;
        this.queue = [];
        queue.forEach(({ tx }, i) => {
            tx.maxFeePerGas = ethers.toQuantity(4_000_000_000 - i);
            tx.maxPriorityFeePerGas = ethers.toQuantity(1_000_000_000 - i);
        });
        return queue;
    }

    /** Remembers a contract's creation; its address is known at once. */
    async deploy(from, artifact, ...args) {
        const face = new ethers.Interface(artifact.abi);
        const data = ethers.concat([artifact.bytecode, face.encodeDeploy(args)]);
        const nonce = await this.send(from, null, data, { gas: GAS_DEPLOY, what: `deploy ${artifact.name}` });
        return contractAt(artifact, ethers.getCreateAddress({ from, nonce }));
    }

    /** Remembers a call of a contract's function. */
    async write(from, contract, name, args, options = {}) {
        const data = contract.interface.encodeFunctionData(name, args);
        await this.send(from, contract.address, data, { what: name, ...options });
    }

    /** Sends all that is remembered and, with `mine`, puts it into one block. Throws when one of them failed. */
    async flush({ mine = true } = {}) {
        const queue = this.take();
        if (queue.length === 0 && !mine)
            return [];
        const hashes = await this.batch(queue.map(({ tx }) => ['eth_sendTransaction', tx]));
        hashes.forEach((hash, i) => {
            if (hash instanceof Error)
                throw new Error(`${queue[i].what}: ${hash.message}`);
        });
        if (mine)
            await this.rpc('evm_mine');
        const receipts = await this.batch(hashes.map((hash) => ['eth_getTransactionReceipt', hash]));
        for (const [i, receipt] of receipts.entries()) {
            if (receipt && receipt.status !== '0x1')
                throw new Error(`${queue[i].what} failed: ${await this.reason(queue[i].tx, receipt)}`);
            if (!receipt && mine)
                throw new Error(`${queue[i].what} was not mined`);
        }
        return receipts;
    }

    async reason(tx, receipt) {
        try {
            await this.rpc('eth_call', { from: tx.from, to: tx.to, data: tx.data, value: tx.value },
                ethers.toQuantity(Number(receipt.blockNumber) - 1));
            return `gas ${Number(receipt.gasUsed)} of ${Number(tx.gas)}`;
        } catch (e) { return e.message; }
    }

    async warp(seconds) {
        await this.rpc('evm_increaseTime', seconds);
    }
}

export function contractAt(artifact, address) {
    return { name: artifact.name, address: ethers.getAddress(address), interface: new ethers.Interface(artifact.abi) };
}
