// SPDX-License-Identifier: Apache-2.0
// What tests do to a running devnet, as one object of functions; each takes one object of arguments and gives JSON.
// A write is signed by whoever may do it: the node lets us be anybody.
import { ethers, modern, own } from './artifacts.mjs';
import { Chain, contractAt } from './chain.mjs';
import { YEAR } from './deploy.mjs';
import { recordsHex } from './dns.mjs';

const { namehash, id: labelhash } = ethers;
const hex = ethers.toQuantity;
const CHUNK = 150;                                 // names of one block in bulk work

/** A running devnet behind its deployments JSON. */
export class World {
    constructor(deployments) {
        const d = deployments;
        this.d = d;
        this.chain = new Chain(d.rpc);
        this.mode = 'auto';
        this.held = false;
        if (d.ens) {
            this.registry = contractAt(modern('ENSRegistry'), d.ens.registry);
            this.base = contractAt(modern('BaseRegistrarImplementation'), d.ens.baseRegistrar);
            this.wrapper = contractAt(modern('NameWrapper'), d.ens.nameWrapper);
            this.reverse = contractAt(modern('ReverseRegistrar'), d.ens.reverseRegistrar);
            this.usd = contractAt(modern('DummyOracle'), d.ens.usdOracle);
        }
        this.resolverFace = contractAt(modern('PublicResolver'), ethers.ZeroAddress);
        this.labels = 0;
    }

    async open() {
        await this.chain.rpc('anvil_autoImpersonateAccount', true);
        const interval = await this.chain.rpc('anvil_getIntervalMining').catch(() => null);
        this.mode = interval ? 'interval' : await this.chain.rpc('anvil_getAutomine') ? 'auto' : 'manual';
        return this;
    }

    /** A contract by its path in the deployments ("ens.registry", "tests.ccip") or by address. */
    address(where) {
        if (where.startsWith('0x'))
            return ethers.getAddress(where);
        const found = where.split('.').reduce((node, key) => node?.[key], this.d);
        if (typeof found !== 'string')
            throw new Error(`no contract ${where}`);
        return found;
    }

    account(who) {
        const known = { deployer: 0, alice: 1, bob: 2, carol: 3, dave: 4 };
        return who in known ? this.d.accounts[known[who]] : typeof who === 'number' ? this.d.accounts[who] : ethers.getAddress(who);
    }

    async write(from, contract, name, args, options = {}) {
        from = ethers.getAddress(from);
        if (!this.d.accounts.includes(from) && !this.rich?.has(from)) {
            await this.chain.rpc('anvil_setBalance', from, hex(ethers.parseEther('1000')));
            (this.rich ??= new Set()).add(from);
        }
        await this.chain.write(from, contract, name, args, options);
    }

    /** Sends what was written as one block (in interval mode: waits for the blocks they come into). */
    async flush() {
        if (this.held)
            return null;
        const { chain } = this;
        let receipts;
        if (this.mode === 'interval') {
            receipts = await this.wait();
        } else {
            if (this.mode === 'auto')
                await chain.rpc('evm_setAutomine', false);
            try {
                receipts = await chain.flush();
            } finally {
                if (this.mode === 'auto')
                    await chain.rpc('evm_setAutomine', true);
            }
        }
        chain.nonces.clear();                      // others send from these accounts too
        return receipts.length > 0 ? Number(receipts[receipts.length - 1].blockNumber) : Number(await chain.rpc('eth_blockNumber'));
    }

    async wait() {
        const { chain } = this;
        const queue = chain.take();
        const hashes = await chain.batch(queue.map(({ tx }) => ['eth_sendTransaction', tx]));
        hashes.forEach((h, i) => { if (h instanceof Error) throw new Error(`${queue[i].what}: ${h.message}`); });
        for (;;) {
            const receipts = await chain.batch(hashes.map((h) => ['eth_getTransactionReceipt', h]));
            const failed = receipts.findIndex((r) => r && r.status !== '0x1');
            if (failed >= 0)
                throw new Error(`${queue[failed].what} failed: ${await chain.reason(queue[failed].tx, receipts[failed])}`);
            if (receipts.every((r) => r))
                return receipts;
            await new Promise((done) => setTimeout(done, 50));
        }
    }

    /** Who may write the records of a name, and where they are. */
    async about(name) {
        const node = namehash(name), { chain, registry, wrapper } = this;
        const holder = await chain.call(registry, 'owner', node);
        const wrapped = holder === wrapper.address;
        const owner = wrapped ? await chain.call(wrapper, 'ownerOf', node) : holder;
        return { node, owner, wrapped, holder, resolver: await chain.call(registry, 'resolver', node) };
    }

    /** The calls that set records: {addr: {60: "0x.."}, text: {url: ".."}, contenthash, dns: [[..]..], ...}. */
    recordCalls(node, records) {
        const face = this.resolverFace.interface, calls = [];
        const add = (name, ...args) => calls.push(face.encodeFunctionData(name, [node, ...args]));
        for (const [coin, value] of Object.entries(records.addr ?? {}))
            add('setAddr(bytes32,uint256,bytes)', coin, value);
        for (const [key, value] of Object.entries(records.text ?? {}))
            add('setText', key, value);
        if (records.contenthash !== undefined)
            add('setContenthash', records.contenthash);
        if (records.zonehash !== undefined)
            add('setZonehash', records.zonehash);
        if (records.pubkey)
            add('setPubkey', ...records.pubkey);
        for (const [type, value] of Object.entries(records.abi ?? {}))
            add('setABI', type, value);
        if (records.name !== undefined)
            add('setName', records.name);
        if (records.dns)
            add('setDNSRecords', typeof records.dns === 'string' ? records.dns : recordsHex(records.dns));
        if (records.interface)
            add('setInterface', ...records.interface);
        return calls;
    }

    async writeRecords(about, records) {
        const calls = this.recordCalls(about.node, records);
        if (calls.length === 0)
            return;
        const resolver = contractAt(modern('PublicResolver'), about.resolver);
        const size = calls.reduce((sum, c) => sum + c.length, 0);
        await this.write(about.owner, resolver, 'multicall', [calls],
            { gas: Math.min(200_000_000, 1_000_000 + calls.length * 200_000 + size * 800) });
    }

    /** Someone who may mint in the registrar without paying. */
    minter() { return this.d.accounts[0]; }

    fresh(prefix) { return `${prefix}${(this.labels++).toString(36)}-${Date.now().toString(36)}`; }
}

function wallet(w, who) {
    const index = w.d.accounts.indexOf(w.account(who));
    const { privateKey } = ethers.HDNodeWallet.fromPhrase(w.d.mnemonic, '', `m/44'/60'/0'/0/${index}`);
    return new ethers.Wallet(privateKey);
}

export const commands = {
    // --- the chain
    async mine(w, { blocks = 1, interval = 1 }) {
        await w.chain.rpc('anvil_mine', hex(blocks), hex(interval));
        return commands.head(w);
    },
    async warp(w, { seconds }) {
        await w.chain.rpc('evm_increaseTime', seconds);
        await w.chain.rpc('evm_mine');
        return commands.head(w);
    },
    async head(w) {
        const b = await w.chain.rpc('eth_getBlockByNumber', 'latest', false);
        return { number: Number(b.number), hash: b.hash, time: Number(b.timestamp) };
    },
    snapshot: (w) => w.chain.rpc('evm_snapshot'),
    async revert(w, { to }) {
        w.chain.nonces.clear();
        const done = await w.chain.rpc('evm_revert', to);
        const now = Math.floor(Date.now() / 1000), { time } = await commands.head(w);
        if (now > time && now - time < 3600)       // the node's clock went back too
            await w.chain.rpc('anvil_setTime', now);
        return done;
    },
    rpc: (w, { method, params = [] }) => w.chain.rpc(method, ...params),
    async mining(w, { mode, seconds = 1 }) {
        if (mode === 'interval') {
            await w.chain.rpc('evm_setIntervalMining', seconds);
        } else {
            await w.chain.rpc('evm_setIntervalMining', 0);
            await w.chain.rpc('evm_setAutomine', mode === 'auto');
        }
        w.mode = mode;
        return {};
    },
    /** Several commands in one block: {of: [{do: "text", ...}, ...]}. */
    async block(w, { of }) {
        w.held = true;
        const results = [];
        try {
            for (const { do: name, ...args } of of)
                results.push(await commands[name](w, args));
        } finally {
            w.held = false;
        }
        return { block: await w.flush(), results };
    },
    code: (w, { at, code }) => w.chain.rpc('anvil_setCode', w.address(at), code),
    getcode: (w, { at }) => w.chain.rpc('eth_getCode', w.address(at), 'latest'),
    storage: (w, { at, slot, value }) => w.chain.rpc('anvil_setStorageAt', w.address(at), slot, value),
    balance: (w, { of, wei }) => w.chain.rpc('anvil_setBalance', w.account(of), hex(wei)),
    /** {at, abi: "function f(uint256) view returns (address)", args} */
    async read(w, { at, abi, args = [], block = 'latest' }) {
        const face = new ethers.Interface([abi]), name = face.fragments[0].name;
        const data = await w.chain.rpc('eth_call', { to: w.address(at), data: face.encodeFunctionData(name, args) }, block);
        return face.decodeFunctionResult(name, data);
    },
    async write(w, { at, abi, args = [], from = 'deployer', value = 0, gas = 5_000_000 }) {
        const contract = { address: w.address(at), interface: new ethers.Interface([abi]) };
        await w.write(w.account(from), contract, contract.interface.fragments[0].name, args, { value: BigInt(value), gas });
        return w.flush();
    },
    async send(w, { from = 'deployer', to, value = 1, data = '0x' }) {
        await w.chain.send(w.account(from), w.account(to), data, { value: BigInt(value), gas: 1_000_000 });
        return w.flush();
    },

    /** The private key of an account, of a mnemonic that everybody knows; and a keystore file (version 3) with it. */
    key: (w, { who }) => wallet(w, who).privateKey,
    keystore: (w, { who, password }) => JSON.parse(ethers.encryptKeystoreJsonSync(wallet(w, who), password, { scrypt: { N: 4096 } })),

    // --- ENS: reading
    async about(w, { name }) {
        const about = await w.about(name), parts = name.split('.');
        if (parts.length === 2 && parts[1] === 'eth')
            about.expires = Number(await w.chain.call(w.base, 'nameExpires', labelhash(parts[0])));
        return about;
    },
    namehash: (w, { name }) => namehash(name),

    // --- ENS: records
    async records(w, { name, ...records }) {
        await w.writeRecords(await w.about(name), records);
        return w.flush();
    },
    /** Records of many names in one block: {names: {"a.eth": {...}, ...}}. */
    async manyrecords(w, { names }) {
        for (const [name, records] of Object.entries(names))
            await w.writeRecords(await w.about(name), records);
        return w.flush();
    },
    text: (w, { name, key, value }) => commands.records(w, { name, text: { [key]: value } }),
    addr: (w, { name, coin = 60, value }) => commands.records(w, { name, addr: { [coin]: value } }),
    contenthash: (w, { name, value }) => commands.records(w, { name, contenthash: value }),
    dns: (w, { name, records }) => commands.records(w, { name, dns: records }),
    async clear(w, { name }) {
        const about = await w.about(name);
        await w.write(about.owner, contractAt(modern('PublicResolver'), about.resolver), 'clearRecords', [about.node]);
        return w.flush();
    },

    // --- ENS: registry and registrar
    async resolver(w, { name, resolver }) {
        const about = await w.about(name);
        await w.write(about.owner, about.wrapped ? w.wrapper : w.registry, 'setResolver', [about.node, w.address(resolver)]);
        return w.flush();
    },
    async ttl(w, { name, ttl }) {
        const about = await w.about(name);
        await w.write(about.owner, about.wrapped ? w.wrapper : w.registry, 'setTTL', [about.node, ttl]);
        return w.flush();
    },
    async setowner(w, { name, owner }) {
        const about = await w.about(name);
        await w.write(about.holder, w.registry, 'setOwner', [about.node, w.account(owner)]);
        return w.flush();
    },
    async subname(w, { parent, label, owner = 'alice', resolver = 'ens.resolvers.2023', ttl = 0, ...records }) {
        const about = await w.about(parent), to = w.account(owner), by = w.address(resolver);
        if (about.wrapped)
            await w.write(about.owner, w.wrapper, 'setSubnodeRecord', [about.node, label, to, by, ttl, 0, 0]);
        else
            await w.write(about.owner, w.registry, 'setSubnodeRecord', [about.node, labelhash(label), to, by, ttl]);
        await w.writeRecords({ node: namehash(`${label}.${parent}`), owner: to, resolver: by }, records);
        return w.flush();
    },
    async removesubname(w, { parent, label }) {
        const about = await w.about(parent);
        await w.write(about.owner, w.registry, 'setSubnodeRecord',
            [about.node, labelhash(label), ethers.ZeroAddress, ethers.ZeroAddress, 0]);
        return w.flush();
    },
    /** Second-level names, without payment: {names: [{label, owner, wrapped, resolver, years, fuses, records}]}. */
    async register(w, { names }) {
        let block = null;
        for (let at = 0; at < names.length; at += CHUNK) {
            for (const n of names.slice(at, at + CHUNK)) {
                const owner = w.account(n.owner ?? 'alice'), node = namehash(`${n.label}.eth`);
                const resolver = n.resolver === null ? ethers.ZeroAddress : w.address(n.resolver ?? 'ens.resolvers.2023');
                const duration = n.seconds ?? YEAR * BigInt(n.years ?? 1);
                if (n.wrapped) {
                    await w.write(w.d.ens.controllers[2023], w.wrapper, 'registerAndWrapETH2LD',
                        [n.label, owner, duration, resolver, n.fuses ?? 0]);
                } else {
                    await w.write(w.minter(), w.base, 'register', [labelhash(n.label), owner, duration]);
                    if (resolver !== ethers.ZeroAddress)
                        await w.write(owner, w.registry, 'setResolver', [node, resolver]);
                }
                await w.writeRecords({ node, owner, resolver }, n.records ?? {});
            }
            block = await w.flush();
        }
        return block;
    },
    async renew(w, { label, years = 1 }) {
        await w.write(w.minter(), w.base, 'renew', [labelhash(label), YEAR * BigInt(years)]);
        return w.flush();
    },
    /** Blocks full of others' business: `registrations` of new names, `logs` of one resolver for a node nobody asks. */
    async noise(w, { blocks = 1, registrations = 50, logs = 300, resolver = 'ens.resolvers.2023' }) {
        const noisy = namehash('noise.eth'), at = contractAt(modern('PublicResolver'), w.address(resolver));
        if (await w.chain.call(w.registry, 'owner', noisy) === ethers.ZeroAddress)
            await commands.register(w, { names: [{ label: 'noise', owner: 'dave', resolver }] });
        const dave = w.account('dave');
        let block = null;
        for (let b = 0; b < blocks; b++) {
            for (let i = 0; i < registrations; i++)
                await w.write(w.minter(), w.base, 'register', [labelhash(w.fresh('n')), dave, YEAR]);
            const calls = new Array(logs).fill(w.recordCalls(noisy, { text: { k: String(b) } })[0]);
            if (logs > 0)
                await w.write(dave, at, 'multicall', [calls], { gas: 1_000_000 + logs * 60_000 });
            block = await w.flush();
        }
        return block;
    },
    /** The reverse record of an account, claiming a name (true or not). */
    async primary(w, { who, name }) {
        await w.write(w.account(who), w.reverse, 'setName', [name]);
        return w.flush();
    },
    /** US dollars an ether is worth: halving it doubles the prices. */
    async usd(w, { dollars }) {
        await w.write(w.d.accounts[0], w.usd, 'set', [BigInt(Math.round(dollars * 1e8))]);
        return w.flush();
    },

    // --- Unstoppable Domains
    async unsmint(w, { name, owner = 'alice', records = {}, seconds = null }) {
        const manager = contractAt(modern('MintingManager'), w.d.uns.mintingManager);
        const args = [w.account(owner), name.split('.'), Object.keys(records), Object.values(records)];
        if (seconds === null)
            await w.write(w.d.accounts[0], manager, 'issueWithRecords', [...args, false]);
        else
            await w.write(w.d.accounts[0], manager, 'issueExpirableWithRecords',
                [...args, (await commands.head(w)).time + seconds, false]);
        return w.flush();
    },
    async unsset(w, { name, records }) {
        const registry = contractAt(modern('UNSRegistry'), w.d.uns.registry);
        const owner = await w.chain.call(registry, 'ownerOf', namehash(name));
        await w.write(owner, registry, 'setMany', [Object.keys(records), Object.values(records), namehash(name)]);
        return w.flush();
    },
    /** Moves a name; `keep` keeps its records (setOwner), else they are cleared (transferFrom). */
    async unsmove(w, { name, to, keep = true }) {
        const registry = contractAt(modern('UNSRegistry'), w.d.uns.registry), token = namehash(name);
        const owner = await w.chain.call(registry, 'ownerOf', token);
        if (keep)
            await w.write(owner, registry, 'setOwner', [w.account(to), token]);
        else
            await w.write(owner, registry, 'transferFrom', [owner, w.account(to), token]);
        return w.flush();
    },
    async unsburn(w, { name }) {
        const registry = contractAt(modern('UNSRegistry'), w.d.uns.registry), token = namehash(name);
        await w.write(await w.chain.call(registry, 'ownerOf', token), registry, 'burn', [token]);
        return w.flush();
    },
    /** An account's primary name; without one, its removal. */
    async unsreverse(w, { who, name = null }) {
        const registry = contractAt(modern('UNSRegistry'), w.d.uns.registry);
        if (name === null)
            await w.write(w.account(who), registry, 'removeReverse', []);
        else
            await w.write(w.account(who), registry, 'setReverse', [name.split('.')]);
        return w.flush();
    },
    /** Puts the same code at another address behind a proxy: uns.registry, uns.proxyReader, ens.universalResolver. */
    async upgrade(w, { what }) {
        const code = await w.chain.deploy(w.d.accounts[0], ...{
            'uns.registry': () => [modern('UNSRegistry')], 'uns.proxyReader': () => [modern('ProxyReader')],
            'ens.universalResolver': () => [own('TestUniversalResolver'), w.d.ens.registry],
        }[what]());
        await w.write(w.d.accounts[9], { address: w.address(what), interface: new ethers.Interface(['function upgradeTo(address)']) },
            'upgradeTo', [code.address], { gas: 1_000_000 });
        return { block: await w.flush(), code: code.address };
    },

    // --- our test contracts
    /** {urls, mode: normal|sender|endless|rounds|cut|no-urls|refuse|giant|bomb, rounds, extended} */
    async ccip(w, { urls, mode = 'normal', rounds = 1, extended = true, at = 'tests.ccip' }) {
        const modes = ['normal', 'sender', 'endless', 'rounds', 'cut', 'no-urls', 'refuse', 'giant', 'bomb'];
        const g = w.d.gateway;
        const list = urls ?? [`${g}/500/{sender}/{data}.json`, `${g}/ok/{sender}/{data}.json`, `${g}/post/{sender}`];
        await w.write(w.d.accounts[0], contractAt(own('TestCcipResolver'), w.address(at)), 'configure',
            [list, modes.indexOf(mode), rounds, extended]);
        return w.flush();
    },
    /** What code that nobody knows does with a call it does not know: burn, revert, empty, short, loop. */
    async strange(w, { mode }) {
        await w.write(w.d.accounts[0], contractAt(own('TestStrangeResolver'), w.address('tests.strange')), 'configure',
            [['burn', 'revert', 'empty', 'short', 'loop'].indexOf(mode)]);
        return w.flush();
    },
    /** What the lying resolver answers to everything: {answer: hex, fails: whether as an error}. */
    async lying(w, { answer, fails = false }) {
        await w.write(w.d.accounts[0], contractAt(own('TestLyingResolver'), w.address('tests.lying')), 'configure', [answer, fails]);
        return w.flush();
    },
    /** The batch gateways that the Universal Resolver names. */
    async batchgateways(w, { urls = ['x-batch-gateway:true'] }) {
        await w.write(w.d.accounts[0], contractAt(own('TestUniversalResolver'), w.address('ens.universalResolver')), 'configure', [urls]);
        return w.flush();
    },
    /** Another contract from the packages or of our own: {from: "modern"|"own", name, args}; gives its address. */
    async deploy(w, { from = 'own', name, args = [] }) {
        const contract = await w.chain.deploy(w.d.accounts[0], from === 'own' ? own(name) : modern(name), ...args);
        await w.flush();
        return contract.address;
    },
};
