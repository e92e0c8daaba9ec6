// Holds topologies against a JSON Schema with ajv.
// Usage: node validate.js NODE_MODULES SCHEMA_FILE [--accept FILE...] [--refuse FILE...]
'use strict';
const fs = require('fs');
const path = require('path');

const [modules, schemaFile, ...rest] = process.argv.slice(2);
const Ajv = require(path.join(modules, 'ajv'));
const YAML = require(path.join(modules, 'yaml'));
// Not strict: an editor's own words (doNotSuggest, patternErrorMessage) stand in the schema, too.
const ajv = new Ajv({ strict: false, allErrors: true });
const schema = JSON.parse(fs.readFileSync(schemaFile, 'utf8'));
if (!ajv.validateSchema(schema)) {
    console.error(`${schemaFile} is no draft-07 schema: ${ajv.errorsText()}`);
    process.exit(1);
}
const validate = ajv.compile(schema);
let accept = true, wrong = 0, count = 0;
for (const word of rest) {
    if (word === '--accept' || word === '--refuse') {
        accept = word === '--accept';
        continue;
    }
    const value = YAML.parse(fs.readFileSync(word, 'utf8'), { merge: true, uniqueKeys: false });
    count++;
    if (validate(value) === accept) continue;
    wrong++;
    console.error(accept ? `${word}: ${ajv.errorsText(validate.errors)}` : `${word}: is not refused`);
}
console.log(`${count} files, ${wrong} complaints`);
process.exit(wrong || !count ? 1 : 0);
