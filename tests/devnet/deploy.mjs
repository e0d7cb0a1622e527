// SPDX-License-Identifier: Apache-2.0
// Puts the contracts of ENS and Unstoppable Domains and some names on an empty chain.
// The contracts come from their makers' packages; those marked "own" are test contracts of this project.
import { contractAt } from './chain.mjs';
import { early, ethers, modern, own, registrar2020 } from './artifacts.mjs';
import { recordsHex } from './dns.mjs';

const { namehash, id: labelhash } = ethers;
const ZERO = ethers.ZeroAddress, ZERO32 = ethers.ZeroHash;
export const REGISTRY = '0x00000000000C2E074eC69A0dFb2997BA6C7d2e1e';
export const OLD_REGISTRY = '0x314159265dD8dbb310642f98f50C066173C1259b';
export const MULTICALL3 = '0xcA11bde05977b3631167028862bE2a173976CA11';
export const UNIVERSAL = '0xeEeEEEeE14D718C2B47D9923Deab1335E144EeEe';
const IMPLEMENTATION_SLOT = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc';   // EIP-1967
const ADMIN_SLOT = '0xb53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103';
const EVM = 0x80000000;                            // coin types of EVM chains begin here, ENSIP-11
export const DAY = 86400, YEAR = 31536000n;
const RATES = [0n, 0n, 20294266869609n, 5073566717402n, 158548959919n];   // attoUSD per second by length
export const CONTENT = '0xe3010170122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f';

/** Registry at the address it has on every public network, in front of the registry of 2017. */
async function registries(c) {
    const { chain, deployer } = c;
    const code = await chain.deploy(deployer, { ...early('ens', 'ENSRegistryWithFallback'), name: 'ENSRegistryWithFallback',
        abi: ['constructor(address old)'] }, OLD_REGISTRY);
    await chain.flush();
    await chain.batch([
        ['anvil_setCode', REGISTRY, await chain.rpc('eth_getCode', code.address, 'latest')],
        ['anvil_setCode', OLD_REGISTRY, early('ens', 'ENSRegistry').runtime],
        ['anvil_setCode', MULTICALL3, modern('Multicall3').runtime],
    ]);
    const rootSlot = ethers.keccak256(ethers.concat([ZERO32, ZERO32]));     // records[0].owner
    const ownerWord = ethers.zeroPadValue(deployer, 32);
    await chain.batch([
        ['anvil_setStorageAt', REGISTRY, rootSlot, ownerWord],
        ['anvil_setStorageAt', REGISTRY, ethers.toBeHex(2, 32), ethers.zeroPadValue(OLD_REGISTRY, 32)],
        ['anvil_setStorageAt', OLD_REGISTRY, rootSlot, ownerWord],
    ]);
    c.registry = contractAt(modern('ENSRegistry'), REGISTRY);
    c.oldRegistry = contractAt(modern('ENSRegistry'), OLD_REGISTRY);
}

async function ensContracts(c) {
    const { chain, deployer } = c;
    const deploy = (artifact, ...args) => chain.deploy(deployer, artifact, ...args);
    const write = (contract, name, ...args) => chain.write(deployer, contract, name, args);
    c.base = await deploy(modern('BaseRegistrarImplementation'), REGISTRY, namehash('eth'));
    c.reverse = await deploy(modern('ReverseRegistrar'), REGISTRY);
    await write(c.registry, 'setSubnodeOwner', ZERO32, labelhash('reverse'), deployer);
    await write(c.registry, 'setSubnodeOwner', namehash('reverse'), labelhash('addr'), c.reverse.address);
    await write(c.registry, 'setSubnodeOwner', ZERO32, labelhash('eth'), c.base.address);
    c.wrapper = await deploy(modern('NameWrapper'), REGISTRY, c.base.address, ZERO);
    c.usd = await deploy(modern('DummyOracle'), 160000000000n);             // 1600 USD, 8 decimals
    c.prices = await deploy(modern('StablePriceOracle'), c.usd.address, RATES);
    c.controller2023 = await deploy(modern('ETHRegistrarController'), c.base.address, c.prices.address, c.minimumAge, 86400,
        c.reverse.address, c.wrapper.address, REGISTRY);
    const prices2020 = await deploy(registrar2020('StablePriceOracle'), c.usd.address, RATES);
    c.controller2020 = await deploy(registrar2020('ETHRegistrarController'), c.base.address, prices2020.address,
        c.minimumAge, 86400);
    c.resolver2023 = await deploy(modern('PublicResolver'), REGISTRY, c.wrapper.address, c.controller2023.address,
        c.reverse.address);
    c.resolver2020 = await deploy(early('resolver', 'PublicResolver'), REGISTRY);
    await write(c.base, 'addController', c.wrapper.address);
    await write(c.base, 'addController', c.controller2020.address);
    await write(c.base, 'addController', deployer);                         // so that tests can fill the registrar
    await write(c.wrapper, 'setController', c.controller2023.address, true);
    await write(c.reverse, 'setController', c.controller2023.address, true);
    await write(c.reverse, 'setDefaultResolver', c.resolver2023.address);
    await write(c.base, 'setResolver', c.resolver2023.address);
    await chain.flush();
}

/** Own: the controller of 2025, a resolver that trusts it, and default primary names. */
async function controller2025(c) {
    const { chain, deployer } = c;
    const write = (contract, name, ...args) => chain.write(deployer, contract, name, args);
    c.defaultReverse = await chain.deploy(deployer, own('TestDefaultReverse'));
    c.controller2025 = await chain.deploy(deployer, own('TestController2025'), REGISTRY, c.base.address, c.prices.address,
        c.minimumAge, 86400, c.reverse.address, c.defaultReverse.address);
    c.resolver2025 = await chain.deploy(deployer, modern('PublicResolver'), REGISTRY, c.wrapper.address,
        c.controller2025.address, c.reverse.address);
    await write(c.base, 'addController', c.controller2025.address);
    await write(c.reverse, 'setController', c.controller2025.address, true);
    await write(c.defaultReverse, 'setController', c.controller2025.address, true);
    await write(c.registry, 'setResolver', namehash('reverse'), c.defaultReverse.address);
    await write(c.registry, 'setSubnodeRecord', namehash('reverse'), labelhash('default'), deployer,
        c.defaultReverse.address, 0);
    await chain.flush();
}

/** Own: a Universal Resolver at its address, behind a proxy as there. */
async function universalResolver(c) {
    const { chain, deployer, accounts } = c;
    const code = await chain.deploy(deployer, own('TestUniversalResolver'), REGISTRY);
    const proxy = await chain.deploy(deployer, modern('TransparentUpgradeableProxy'), code.address, accounts[9], '0x');
    await chain.flush();
    await chain.batch([
        ['anvil_setCode', UNIVERSAL, await chain.rpc('eth_getCode', proxy.address, 'latest')],
        ['anvil_setStorageAt', UNIVERSAL, IMPLEMENTATION_SLOT, ethers.zeroPadValue(code.address, 32)],
        ['anvil_setStorageAt', UNIVERSAL, ADMIN_SLOT, ethers.zeroPadValue(accounts[9], 32)],
    ]);
    c.universal = { ...contractAt(own('TestUniversalResolver'), UNIVERSAL), code: code.address };
    await chain.write(deployer, c.universal, 'configure', [['x-batch-gateway:true']]);
    await chain.flush();
}

/** Own: resolvers that behave in ways that clients must bear. */
async function testResolvers(c) {
    const { chain, deployer } = c;
    c.tests = {};
    for (const [name, contract] of [['ccip', 'Ccip'], ['strange', 'Strange'], ['wildcard', 'Wildcard'], ['lying', 'Lying']])
        c.tests[name] = await chain.deploy(deployer, own(`Test${contract}Resolver`));
    const urls = ['500', 'ok', 'post'].map((kind) => `${c.gateway}/${kind}/{sender}${kind === 'post' ? '' : '/{data}.json'}`);
    await chain.write(deployer, c.tests.ccip, 'configure', [urls, 0, 1, true]);
    await chain.flush();
}

const struct2025 = (w) => [w.label, w.owner, YEAR, w.secret, w.resolver, w.records, w.primary ? 3 : 0, ZERO32];

/** Commits to all registrations in one block and reveals them in another. */
async function register(c, wanted) {
    const { chain } = c;
    for (const w of wanted) {
        w.secret = labelhash(`${w.label} secret`);
        w.records ??= [];
        const [contract, make, args] = {
            2020: () => [c.controller2020, 'makeCommitmentWithConfig', [w.label, w.owner, w.secret, w.resolver, w.addr ?? ZERO]],
            2025: () => [c.controller2025, 'makeCommitment', [struct2025(w)]],
            2023: () => [c.controller2023, 'makeCommitment', [w.label, w.owner, YEAR, w.secret, w.resolver, w.records, !!w.primary, 0]],
        }[w.by]();
        w.contract = contract;
        await chain.write(w.owner, contract, 'commit', [await chain.call(contract, make, ...args)]);
    }
    await chain.flush();
    await chain.warp(c.minimumAge + 1);
    for (const w of wanted) {
        const value = ethers.parseEther('1');                               // the rest comes back
        if (w.by === 2020)
            await chain.write(w.owner, w.contract, 'registerWithConfig', [w.label, w.owner, YEAR, w.secret, w.resolver,
                w.addr ?? ZERO], { value });
        else if (w.by === 2025)
            await chain.write(w.owner, w.contract, 'register', [struct2025(w)], { value });
        else
            await chain.write(w.owner, w.contract, 'register', [w.label, w.owner, YEAR, w.secret, w.resolver, w.records,
                !!w.primary, 0], { value });
    }
    await chain.flush();
}

async function ensNames(c) {
    const { chain, alice, bob, carol } = c;
    const resolver = c.resolver2023.address, node = namehash('devnet.eth');
    const encode = (name, ...args) => c.resolver2023.interface.encodeFunctionData(name, args);
    await register(c, [
        { by: 2023, label: 'devnet', owner: alice, resolver, primary: true, records: [
            encode('setAddr(bytes32,address)', node, alice),
            encode('setAddr(bytes32,uint256,bytes)', node, 0, '0x0014751e76e8199196d454941c45d1b3a323f1433bd6'),
            encode('setText', node, 'url', 'https://devnet.example/'),
            encode('setText', node, 'email', 'alice@devnet.example'),
            encode('setContenthash', node, CONTENT),
        ] },
        { by: 2020, label: 'legacy', owner: bob, resolver: c.resolver2020.address, addr: bob },
        { by: 2020, label: 'offchain', owner: alice, resolver: c.tests.ccip.address },
        ...(c.controller2025 ? [{ by: 2025, label: 'current', owner: carol, resolver: c.resolver2025.address, primary: true,
            records: [60, EVM, EVM + 137].map((coin) =>
                encode('setAddr(bytes32,uint256,bytes)', namehash('current.eth'), coin, carol)) }] : []),
    ]);
    await chain.write(alice, c.resolver2023, 'setDNSRecords', [node, recordsHex([
        ['devnet.eth', 'A', 300, '192.0.2.1'], ['devnet.eth', 'A', 300, '192.0.2.2'],
        ['devnet.eth', 'AAAA', 300, '2001:db8::1'],
        ['devnet.eth', 'TXT', 60, '"hello world"'],
        ['devnet.eth', 'MX', 300, '10 mail.devnet.eth'],
        ['devnet.eth', 'CAA', 300, '0 issue "ca.example"'],
        ['mail.devnet.eth', 'A', 300, '192.0.2.25'],
        ['www.devnet.eth', 'CNAME', 120, 'devnet.eth'],
    ])]);
    await chain.write(alice, c.resolver2023, 'setZonehash',
        [node, '0xe40101fa011b20d1de9994b4d039f6548d191eb26786769f580809256b4685ef316805265ea162']);
    await chain.write(alice, c.wrapper, 'setSubnodeRecord', [node, 'sub', bob, resolver, 0n, 0, 0n]);
    await chain.flush();
    await chain.write(bob, c.resolver2023, 'setAddr(bytes32,address)', [namehash('sub.devnet.eth'), bob]);
    await chain.write(bob, c.wrapper, 'setSubnodeRecord', [namehash('sub.devnet.eth'), 'deep', bob, resolver, 0n, 0, 0n]);
    await chain.flush();
    await chain.write(bob, c.resolver2023, 'setDNSRecords', [namehash('deep.sub.devnet.eth'),
        recordsHex([['deep.sub.devnet.eth', 'A', 300, '192.0.2.33']])]);
    await chain.flush();
}

const ZONE = [
    ['zone.eth', 'SOA', 3600, 'ns1.zone.eth hostmaster.zone.eth 7 3600 600 1209600 60'],
    ['zone.eth', 'NS', 3600, 'ns1.zone.eth'],
    ['ns1.zone.eth', 'A', 3600, '192.0.2.53'],
    ['zone.eth', 'A', 300, '192.0.2.61'], ['zone.eth', 'A', 300, '192.0.2.62'],
    ['zone.eth', 'AAAA', 300, '2001:db8::61'],
    ['zone.eth', 'TXT', 60, '"the apex"'],
    ['alias.zone.eth', 'CNAME', 120, 'zone.eth'],
    ['away.zone.eth', 'CNAME', 120, 'www.example.com'],
    ['*.zone.eth', 'A', 240, '192.0.2.63'],
    ['a.b.c.zone.eth', 'TXT', 60, '"deep"'],
    ['child.zone.eth', 'NS', 3600, 'ns.child.zone.eth'],
    ['ns.child.zone.eth', 'A', 3600, '192.0.2.64'],
    ['bad.zone.eth', 'A', 300, '\\# 3 c00002'],
    ['bad.zone.eth', 'TXT', 300, '"this one is good"'],
];

/** Names entered without a controller: [label, owner, resolver, seconds of registration]. */
async function plainNames(c, list) {
    const { chain, deployer } = c;
    for (const [label, owner, resolver, duration] of list) {
        await chain.write(deployer, c.base, 'register', [labelhash(label), owner, duration]);
        if (resolver)
            await chain.write(owner, c.registry, 'setResolver', [namehash(`${label}.eth`), resolver.address]);
    }
    await chain.flush();
}

/** Names that have lapsed by the time the set-up ends, 200 days later: one beyond its grace period, one within. */
async function oldNames(c) {
    const { chain, deployer, dave } = c;
    await plainNames(c, [['lapsed', dave, c.resolver2023, 28 * DAY], ['grace', dave, c.resolver2023, 170 * DAY]]);
    for (const name of ['lapsed.eth', 'grace.eth'])
        await chain.write(dave, c.resolver2023, 'setAddr(bytes32,address)', [namehash(name), dave]);
    // known to the old registry only
    await chain.write(deployer, c.oldRegistry, 'setSubnodeOwner', [ZERO32, labelhash('eth'), deployer]);
    await chain.write(deployer, c.oldRegistry, 'setSubnodeOwner', [namehash('eth'), labelhash('ancient'), dave]);
    await chain.flush();
    await chain.write(dave, c.oldRegistry, 'setResolver', [namehash('ancient.eth'), c.resolver2020.address]);
    await chain.write(dave, c.resolver2020, 'setAddr(bytes32,address)', [namehash('ancient.eth'), dave]);
    await chain.flush();
}

async function moreNames(c) {
    const { chain, alice, bob, dave, tests } = c;
    const year = Number(YEAR), text = '\u{1F984}.eth';
    await plainNames(c, [
        ['zone', alice, c.resolver2023, year], ['\u{1F984}', alice, c.resolver2023, year], ['bare', dave, null, year],
        ['strange', dave, tests.strange, year], ['wildcard', dave, tests.wildcard, year], ['lying', dave, tests.lying, year],
        ['noone', dave, { address: '0x00000000000000000000000000000000000000ff' }, year],
    ]);
    await chain.write(alice, c.resolver2023, 'setDNSRecords', [namehash('zone.eth'), recordsHex(ZONE)]);
    await chain.write(alice, c.resolver2023, 'setAddr(bytes32,address)', [namehash(text), alice]);
    await chain.write(alice, c.resolver2023, 'setText', [namehash(text), 'url', 'https://unicorn.example/']);
    await chain.write(dave, tests.strange, 'setAddr', [namehash('strange.eth'), dave]);
    // unwrapped subnames below legacy.eth; the second has no resolver of its own
    const resolver = c.resolver2020.address;
    await chain.write(bob, c.registry, 'setSubnodeRecord', [namehash('legacy.eth'), labelhash('one'), bob, resolver, 0n]);
    await chain.write(bob, c.registry, 'setSubnodeRecord', [namehash('one.legacy.eth'), labelhash('two'), bob, resolver, 77n]);
    await chain.write(bob, c.registry, 'setSubnodeRecord', [namehash('one.legacy.eth'), labelhash('hollow'), bob, ZERO, 0n]);
    await chain.write(bob, c.resolver2020, 'setAddr(bytes32,address)', [namehash('two.one.legacy.eth'), bob]);
    await chain.write(bob, c.resolver2020, 'setDNSRecords', [namehash('two.one.legacy.eth'),
        recordsHex([['two.one.legacy.eth', 'A', 300, '192.0.2.21']])]);
    await chain.flush();
}

/** The registry of .crypto before UNS, on layer 1 only, with one name that never moved. */
async function cns(c) {
    const { chain, deployer, alice } = c;
    c.uns.cns = await chain.deploy(deployer, modern('CNSRegistry'));
    const minting = await chain.deploy(deployer, modern('MintingController'), c.uns.cns.address);
    const resolver = await chain.deploy(deployer, modern('Resolver'), c.uns.cns.address, minting.address);
    await chain.write(deployer, c.uns.cns, 'addController', [minting.address]);
    for (const label of ['old', 'both-registries'])
        await chain.write(deployer, minting, 'mintSLDWithResolver', [alice, label, resolver.address]);
    await chain.flush();
    for (const name of ['old.crypto', 'both-registries.crypto'])
        await chain.write(alice, resolver, 'setMany', [['dns.A', 'crypto.ETH.address'], ['["192.0.2.108"]', alice], namehash(name)]);
    await chain.flush();
}

async function unsContracts(c) {
    const { chain, deployer } = c;
    const behind = async (artifact) => {                                    // a proxy, as on the public chains
        const code = await chain.deploy(deployer, artifact);
        const proxy = await chain.deploy(deployer, modern('TransparentUpgradeableProxy'), code.address, c.accounts[9], '0x');
        return { ...contractAt(artifact, proxy.address), code: code.address };
    };
    const write = (contract, name, ...args) => chain.write(deployer, contract, name, args);
    c.uns = { registry: await behind(modern('UNSRegistry')), manager: await behind(modern('MintingManager')),
        reader: await behind(modern('ProxyReader')) };
    const { registry, manager, reader } = c.uns;
    if (c.layer === 1)
        await cns(c);
    await write(registry, 'initialize', manager.address, ZERO, ZERO, ZERO);
    await write(manager, 'initialize', registry.address, ZERO, ZERO, ZERO, ZERO, ZERO);
    await write(manager, 'addMinter', deployer);
    for (const [tld, expirable] of [['crypto', false], ['nft', false], ['wallet', false], ['x', true], ['id', false]])
        await write(manager, 'addTld', tld, expirable);
    await write(reader, 'initialize', registry.address, c.uns.cns?.address ?? ZERO);
    await write(manager, 'addProxyReaders', [reader.address]);
    await write(reader, 'addBlockchainNetworks(string[],string)', ['ETH', 'MATIC', 'BASE'], 'EVM');
    await chain.flush();
}

async function unsNames(c, layer) {
    const { chain, deployer, alice, bob } = c;
    const issue = (owner, name, records) => chain.write(deployer, c.uns.manager, 'issueWithRecords',
        [owner, name.split('.'), Object.keys(records), Object.values(records), false]);
    const expiring = (owner, name, records, expiry) => chain.write(deployer, c.uns.manager, 'issueExpirableWithRecords',
        [owner, name.split('.'), Object.keys(records), Object.values(records), expiry, false]);
    const now = Number((await chain.rpc('eth_getBlockByNumber', 'latest', false)).timestamp);
    const far = now + 10 * 365 * 86400;
    const on = (n) => `["192.0.2.${n}"]`;
    if (layer === 1) {
        await issue(alice, 'devnet.crypto', {
            'crypto.ETH.address': alice, 'token.EVM.ETH.ETH.address': alice,
            'ipfs.html.value': 'QmVaAtQbi3EtsfpKoLzALm6vXphdi2KjMgxEDKeGg6wHuK',
            'dns.ttl': '128', 'dns.A': '["192.0.2.51","192.0.2.52"]', 'dns.A.ttl': '90', 'dns.AAAA': '["2001:db8::5"]',
            'dns.TXT': '["\\"hello from devnet.crypto\\""]',
        });
        await chain.write(alice, c.uns.registry, 'setReverse', [['devnet', 'crypto']]);
        await issue(bob, 'both-registries.crypto', { 'dns.A': on(109) });
        await issue(alice, 'both.crypto', { 'dns.A': on(101), 'dns.AAAA': '["2001:db8::101"]', 'crypto.ETH.address': alice });
        await issue(alice, 'first.crypto', { 'dns.A': on(102), 'crypto.ETH.address': alice });
        await issue(alice, 'spoilt.crypto', { 'dns.A': 'this is not JSON', 'dns.AAAA': '["2001:db8::103"]',
            'dns.MX': '[1, 2]', 'dns.TXT': '[]' });
        await issue(alice, 'private.crypto', { 'dns.A': '["10.0.0.1","192.0.2.104"]' });
        await issue(alice, 'devnet.id', { 'dns.A': on(105) });
        await expiring(alice, 'lapsed.x', { 'dns.A': on(106), 'crypto.ETH.address': alice }, far);
        await expiring(alice, 'live.x', { 'dns.A': on(107) }, far);
    } else {
        await issue(bob, 'both.crypto', { 'dns.A': on(201), 'crypto.ETH.address': bob });
        await issue(bob, 'second.crypto', { 'dns.A': on(202), 'crypto.ETH.address': bob });
        await expiring(bob, 'lapsed.x', { 'dns.A': on(206), 'crypto.ETH.address': bob }, now + 60);
        await chain.flush();
        await chain.warp(120);
    }
    await chain.flush();
}

/** Builds everything; gives the contracts and accounts. `layer` is 1 for the chain that carries ENS too. */
export async function build(chain, options) {
    const accounts = (await chain.rpc('eth_accounts')).map((a) => ethers.getAddress(a));
    const c = { chain, accounts, deployer: accounts[0], alice: accounts[1], bob: accounts[2], carol: accounts[3],
        dave: accounts[4], tests: {}, ...options };
    await registries(c);
    if (options.with.has('ens')) {
        await ensContracts(c);
        await oldNames(c);
    }
    await chain.rpc('anvil_setTime', options.time - 600);
    if (options.with.has('ens')) {
        if (options.with.has('ur'))
            await universalResolver(c);
        if (options.with.has('controller2025'))
            await controller2025(c);
        await testResolvers(c);
        await ensNames(c);
        await moreNames(c);
    }
    if (options.with.has('uns')) {
        await unsContracts(c);
        await unsNames(c, options.layer);
    }
    return c;
}

/** The JSON that everything else reads. */
export function describe(c) {
    const a = (contract) => contract?.address ?? null;
    const out = { chainId: c.chainId, layer: c.layer, minCommitmentAge: c.minimumAge, accounts: c.accounts,
        multicall3: MULTICALL3, gateway: c.gateway };
    if (c.with.has('ens')) {
        out.ens = {
            registry: REGISTRY, oldRegistry: OLD_REGISTRY, baseRegistrar: a(c.base), nameWrapper: a(c.wrapper),
            reverseRegistrar: a(c.reverse), defaultReverseRegistrar: a(c.defaultReverse),
            priceOracle: a(c.prices), usdOracle: a(c.usd),
            controllers: { 2020: a(c.controller2020), 2023: a(c.controller2023), 2025: a(c.controller2025) },
            resolvers: { 2020: a(c.resolver2020), 2023: a(c.resolver2023), 2025: a(c.resolver2025) },
            universalResolver: a(c.universal), universalResolverCode: c.universal?.code ?? null,
            proxyAdmin: c.accounts[9],
        };
        out.tests = Object.fromEntries(Object.entries(c.tests).map(([name, contract]) => [name, a(contract)]));
    }
    if (c.with.has('uns'))
        out.uns = { registry: a(c.uns.registry), registryCode: c.uns.registry.code, cnsRegistry: a(c.uns.cns),
            mintingManager: a(c.uns.manager),
            proxyReader: a(c.uns.reader), proxyReaderCode: c.uns.reader.code, proxyAdmin: c.accounts[9] };
    return out;
}
