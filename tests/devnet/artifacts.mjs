// SPDX-License-Identifier: Apache-2.0
// Where the fetched packages lie, and the contracts in them; our own test contracts are compiled once and kept beside.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = path.dirname(fileURLToPath(import.meta.url));

/** The folder of packages, fetched if it is not there yet. */
export const home = process.env.RHIZ_DEVNET_HOME
    ?? execFileSync(path.join(here, 'install'), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
export const require = createRequire(path.join(home, 'package.json'));
export const { ethers } = require('ethers');
export const anvilPath = path.join(home, 'node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil');

const load = (file) => JSON.parse(fs.readFileSync(path.join(home, file), 'utf8'));
const tidy = (json) => ({
    name: json.contractName, abi: json.abi, bytecode: json.bytecode, runtime: json.deployedBytecode,
});

/** Contracts of 2023 and those of Unstoppable Domains. */
export const modern = (name) => tidy(load(`vendor/uns/artifacts/${name}.json`));
/** The registrar's contracts of 2020. */
export const registrar2020 = (name) => tidy(load(`vendor/ethregistrar/build/contracts/${name}.json`));
/** Registry and resolver of 2017 to 2020; `pack` is ens or resolver. */
export const early = (pack, name) => tidy(load(`node_modules/@ensdomains/${pack}/build/contracts/${name}.json`));

const sourceFolder = path.join(here, 'contracts');
let compiled = null;

function compile(sources) {
    const solc = require('solc');
    const input = {
        language: 'Solidity',
        sources: Object.fromEntries(sources.map(([name, content]) => [name, { content }])),
        settings: {
            optimizer: { enabled: true, runs: 200 }, evmVersion: 'paris', viaIR: true,
            metadata: { bytecodeHash: 'none' },
            outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
        },
    };
    const find = (file) => {
        const found = sources.find(([name]) => name === path.basename(file));
        return found ? { contents: found[1] } : { error: 'not found' };
    };
    const output = JSON.parse(solc.compile(JSON.stringify(input), { import: find }));
    const errors = (output.errors ?? []).filter((e) => e.severity === 'error');
    if (errors.length > 0)
        throw new Error(errors.map((e) => e.formattedMessage).join('\n'));
    const contracts = {};
    for (const file of Object.values(output.contracts)) {
        for (const [name, c] of Object.entries(file)) {
            contracts[name] = {
                name, abi: c.abi, bytecode: `0x${c.evm.bytecode.object}`, runtime: `0x${c.evm.deployedBytecode.object}`,
            };
        }
    }
    return contracts;
}

/** A test contract of our own, from contracts/NAME.sol. */
export function own(name) {
    if (compiled === null) {
        const sources = fs.readdirSync(sourceFolder).filter((f) => f.endsWith('.sol')).sort()
            .map((f) => [f, fs.readFileSync(path.join(sourceFolder, f), 'utf8')]);
        const sum = createHash('sha256').update(JSON.stringify(sources)).digest('hex').slice(0, 16);
        const kept = path.join(home, `own-${sum}.json`);
        if (!fs.existsSync(kept)) {
            const draft = `${kept}.${process.pid}`;
            fs.writeFileSync(draft, JSON.stringify(compile(sources)));
            fs.renameSync(draft, kept);
        }
        compiled = JSON.parse(fs.readFileSync(kept, 'utf8'));
    }
    if (!(name in compiled))
        throw new Error(`no test contract ${name}`);
    return compiled[name];
}

/** An option of the command line: `--name value`. */
export function option(name, otherwise) {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? otherwise : process.argv[at + 1];
}
export const flag = (name) => process.argv.includes(`--${name}`);
