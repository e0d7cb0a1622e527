// SPDX-License-Identifier: Apache-2.0
// Commands, one JSON object a line: {"id": 1, "do": "text", "name": "devnet.eth", "key": "url", "value": "x"}
// Answers, one a line, in order: {"id": 1, "ok": ...} or {"id": 1, "error": "..."}.
// `node driver.mjs FILE` drives the devnet whose deployments FILE holds; devnet.mjs itself takes the same lines.
import fs from 'node:fs';
import readline from 'node:readline';
import { commands, World } from './commands.mjs';

const plain = (key, value) => (typeof value === 'bigint' ? value.toString() : value);

export async function drive(deployments, input, output) {
    const world = await new World(deployments).open();
    for await (const line of readline.createInterface({ input })) {
        let id = null, answer;
        try {
            const { id: given, do: name, ...args } = JSON.parse(line);
            id = given ?? null;
            if (!Object.hasOwn(commands, name))
                throw new Error(`no command ${name}`);
            answer = { id, ok: await commands[name](world, args) ?? null };
        } catch (e) {
            world.chain.queue = [];
            world.chain.nonces.clear();
            answer = { id, error: e.message };
        }
        output.write(`${JSON.stringify(answer, plain)}\n`);
    }
}

if (process.argv[1]?.endsWith('driver.mjs'))
    await drive(JSON.parse(fs.readFileSync(process.argv[2], 'utf8')), process.stdin, process.stdout);
