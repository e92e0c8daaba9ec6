// Talks to yaml-language-server as an editor does (LSP over its standard input and output) and checks
// what it reports and completes for the cases in language_server_cases.js.
// Usage: node language_server.js NODE_MODULES SCHEMA_FILE
'use strict';
const { spawn } = require('child_process');
const path = require('path');
const { pathToFileURL } = require('url');

const [modules, schema] = process.argv.slice(2);
const server = spawn(process.execPath,
    [path.join(modules, 'yaml-language-server', 'bin', 'yaml-language-server'), '--stdio'],
    { stdio: ['pipe', 'pipe', 'inherit'] });
server.on('exit', (code) => { if (!finished) fail(`the language server ended with ${code}`); });

let finished = false, input = Buffer.alloc(0), nextId = 1;
const waiting = new Map(), diagnostics = new Map();

function fail(text) {
    console.error(text);
    finished = true;
    server.kill();
    process.exit(1);
}

function write(message) {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    server.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    server.stdin.write(body);
}

function request(method, params) {
    const id = nextId++;
    write({ id, method, params });
    return new Promise((resolve) => waiting.set(id, resolve));
}

function take(message) {
    if (message.method === undefined) {
        if (message.error) fail(JSON.stringify(message.error));
        waiting.get(message.id)(message.result);
    } else if (message.method === 'textDocument/publishDiagnostics') {
        const { uri } = message.params;
        if (diagnostics.has(uri)) diagnostics.get(uri)(message.params.diagnostics);
    } else if (message.id !== undefined) { // a question: settings are in what we sent, all else is empty
        const result = message.method === 'workspace/configuration'
            ? message.params.items.map((item) => (item.section === 'yaml' ? settings.yaml : null)) : null;
        write({ id: message.id, result });
    }
}

server.stdout.on('data', (data) => {
    input = Buffer.concat([input, data]);
    for (;;) {
        const end = input.indexOf('\r\n\r\n');
        if (end < 0) return;
        const length = Number(/Content-Length: (\d+)/i.exec(input.toString('latin1', 0, end))[1]);
        if (input.length < end + 4 + length) return;
        const message = JSON.parse(input.toString('utf8', end + 4, end + 4 + length));
        input = input.subarray(end + 4 + length);
        take(message);
    }
});

const settings = {
    yaml: {
        validate: true, completion: true, hover: true, format: { enable: false },
        schemaStore: { enable: false }, schemas: { [pathToFileURL(path.resolve(schema)).href]: '*.yaml' },
    },
};
let documents = 0;

// Opens a text and resolves with [uri, what the server reports of it].
function open(text) {
    const uri = pathToFileURL(path.resolve(`document-${documents++}.yaml`)).href;
    const reported = new Promise((resolve) => diagnostics.set(uri, resolve));
    write({ method: 'textDocument/didOpen',
            params: { textDocument: { uri, languageId: 'yaml', version: 1, text } } });
    return reported.then((list) => [uri, list]);
}

// The labels offered at the mark "|" of the text.
async function complete(marked) {
    const at = marked.indexOf('|');
    const before = marked.slice(0, at).split('\n');
    const [uri] = await open(marked.slice(0, at) + marked.slice(at + 1));
    const result = await request('textDocument/completion', {
        textDocument: { uri },
        position: { line: before.length - 1, character: before[before.length - 1].length },
    });
    return (result.items || result).map((item) => item.label);
}

async function main() {
    const cases = require('./language_server_cases.js');
    await request('initialize', { processId: process.pid, rootUri: null, capabilities: {
        textDocument: { completion: { completionItem: { snippetSupport: true } } },
        workspace: { configuration: true } } });
    write({ method: 'initialized', params: {} });
    write({ method: 'workspace/didChangeConfiguration', params: { settings } });
    let wrong = 0;
    const complain = (name, text) => { wrong++; console.error(`${name}: ${text}`); };
    for (const c of cases.right) {
        const [, list] = await open(c.text);
        if (list.length) complain(c.name, `is refused: ${list.map((d) => d.message).join('; ')}`);
    }
    for (const c of cases.wrong) {
        const [, list] = await open(c.text);
        const hit = list.some((d) => d.range.start.line === c.line - 1 && c.says.test(d.message));
        if (!hit)
            complain(c.name, `wanted ${c.says} in line ${c.line}, got ${JSON.stringify(
                list.map((d) => [d.range.start.line + 1, d.message]))}`);
    }
    for (const c of cases.complete) {
        const labels = await complete(c.text);
        for (const label of c.offers)
            if (!labels.includes(label)) complain(c.name, `"${label}" is not offered: ${labels.join(' ')}`);
        for (const label of c.not || [])
            if (labels.includes(label)) complain(c.name, `"${label}" is offered`);
    }
    const count = cases.right.length + cases.wrong.length + cases.complete.length;
    console.log(`${count} cases, ${wrong} complaints`);
    finished = true;
    server.kill();
    process.exit(wrong ? 1 : 0);
}

setTimeout(() => fail('the language server does not answer'), 90000);
main().catch((e) => fail(e.stack));
