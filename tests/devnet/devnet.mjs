// SPDX-License-Identifier: Apache-2.0
// Starts a node on 127.0.0.1 with the contracts of ENS and Unstoppable Domains, prints `READY {...}`, takes commands
// (driver.mjs) on its standard input, and ends with that or on SIGTERM.  Options: see docs/devnet.md.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { anvilPath, flag, option } from './artifacts.mjs';
import { Chain } from './chain.mjs';
import { build, describe } from './deploy.mjs';
import { drive } from './driver.mjs';
import { startGateway } from './gateway.mjs';

export const MNEMONIC = 'test test test test test test test test test test test junk';
const started = Date.now();
const note = (text) => flag('verbose') && console.error(`[${((Date.now() - started) / 1000).toFixed(2)} s] ${text}`);

function freePort() {
    return new Promise((resolve) => {
        const probe = net.createServer();
        probe.listen(0, '127.0.0.1', () => {
            const { port } = probe.address();
            probe.close(() => resolve(port));
        });
    });
}

const chainId = Number(option('chain-id', 31337));
const port = Number(option('port', 0)) || await freePort();
const fixed = option('fixed-time', null);
const blockTime = Number(option('block-time', 0));
const parts = new Set(option('with', 'ens,uns,ur,controller2025,tests').split(','));
for (const left of option('without', '').split(','))
    parts.delete(left);
const time = fixed === null ? Math.floor(Date.now() / 1000) : Number(fixed);
const start = time - 200 * 86400;                  // there are names that have lapsed
const args = ['--host', '127.0.0.1', '--port', String(port), '--mnemonic', MNEMONIC, '--chain-id', String(chainId),
    '--silent', '--hardfork', option('hardfork', 'prague'), '--timestamp', String(start), '--no-mining', '--order', 'fees',
    '--gas-limit', '300000000', '--base-fee', '1000000'];
if (option('ipc', null))
    args.push('--ipc', option('ipc', null));

// The node goes when this process goes, however that ends.
const leash = fs.existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'TERM', anvilPath] : [anvilPath];
const node = spawn(leash[0], [...leash.slice(1), ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
let ending = false;
function end(code) {
    ending = true;
    node.kill('SIGTERM');
    process.exit(code);
}
process.on('SIGTERM', () => end(0));
process.on('SIGINT', () => end(0));
process.on('SIGHUP', () => end(0));
node.on('exit', (code) => {
    if (!ending) {
        console.error(`devnet: the node ended (${code})`);
        process.exit(1);
    }
});

const url = `http://127.0.0.1:${port}`;
const chain = new Chain(url);
for (let tries = 0; ; tries++) {
    try {
        await chain.rpc('eth_chainId');
        break;
    } catch (e) {
        if (tries > 400) {
            console.error(`devnet: the node does not answer: ${e.message}`);
            end(1);
        }
        await new Promise((done) => setTimeout(done, 25));
    }
}
note('node up');
let deployments;
try {
    const gateway = await startGateway(Number(option('gateway-port', 0)));
    const built = await build(chain, { with: parts, chainId, time, layer: Number(option('layer', chainId === 31338 ? 2 : 1)),
        minimumAge: Number(option('min-commitment-age', 2)), gateway: `http://127.0.0.1:${gateway.port}` });
    await chain.rpc('anvil_setTime', fixed === null ? Math.floor(Date.now() / 1000) : time);
    await chain.rpc('evm_mine');
    if (blockTime > 0)
        await chain.rpc('evm_setIntervalMining', blockTime);
    else
        await chain.rpc('evm_setAutomine', true);
    const head = await chain.rpc('eth_getBlockByNumber', 'latest', false);
    deployments = { rpc: url, ipc: option('ipc', null), ...describe(built), mnemonic: MNEMONIC, nodePid: node.pid,
        block: Number(head.number), time: Number(head.timestamp) };
    if (option('out', null)) {
        fs.writeFileSync(`${option('out')}.part`, JSON.stringify(deployments, null, 1));
        fs.renameSync(`${option('out')}.part`, option('out'));
    }
    note(`block ${deployments.block}`);
    console.log(`READY ${JSON.stringify(deployments)}`);
} catch (e) {
    console.error(`devnet: ${e.stack}`);
    end(1);
}
if (flag('once'))
    end(0);
if (!flag('stay')) {
    await drive(deployments, process.stdin, process.stdout);
    end(0);
}
