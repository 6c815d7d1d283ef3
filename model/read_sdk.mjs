// SPDX-License-Identifier: Apache-2.0
//
// Reads the interface of one AWS service from its SDK package for JavaScript (Apache-2.0) and writes it as a neutral table:
// operations, structures, member types, wire names, what is required, enum values. Names and facts only, no prose.
// A maintainer runs it through update.sh; a plain build only reads the committed result.
//
//   node read_sdk.mjs --sdk DIR --service ec2 --out ec2.json [--serializers DIR] [--model service-2.json]
//
// --sdk          the extracted package, of the schema-based generation (dist-es/schemas)
// --serializers  an older package with generated serializers (dist-es/protocols): tells whole numbers from fractions, and
//                is a second witness for every wire name. Any disagreement ends the run.
// --model        an API model of botocore: third witness, and the source of the number types of inputs and of min/max.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SERVICES = {
    ec2: {
        protocol: 'ec2Query',
        version: '2016-11-15',
        namespace: 'http://ec2.amazonaws.com/doc/2016-11-15/',
    },
    sts: {
        protocol: 'awsQuery',
        version: '2011-06-15',
        namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    },
};

// The first element of a schema says its kind, and these are the codes of simple types (@smithy/core/schema).
const KIND = { simple: 0, list: 1, map: 2, structure: 3, error: -3, operation: 9 };
const SIMPLE = new Map([
    [0, 'string'], [1, 'number'], [2, 'boolean'], [4, 'timestamp'], [5, 'timestamp'], [7, 'timestamp'],
    [17, 'long'], [19, 'double'], [21, 'blob'],
]);
const LIST_MODIFIER = 64;

function main() {
    const options = parseArguments(process.argv.slice(2));
    const service = SERVICES[options.service];
    const reader = new SdkReader(options.sdk, service);
    const witnesses = [];
    if (options.serializers) witnesses.push(new SerializerWitness(options.serializers));
    if (options.model) witnesses.push(new BotocoreWitness(options.model));
    const model = reader.read();
    const report = reconcile(model, witnesses);
    const { name, version, license } = JSON.parse(readFileSync(join(options.sdk, 'package.json'), 'utf8'));
    const header = { service: options.service, ...service, source: `${name} ${version} (${license})` };
    writeFileSync(options.out, render(header, model));
    console.log(`${options.out}: ${Object.keys(model.operations).length} operations, ` +
        `${Object.keys(model.structures).length} structures, ${Object.keys(model.enums).length} enums`);
    for (const line of report.notes) console.log(line);
    if (report.conflicts.length > 0) {
        console.error(report.conflicts.join('\n'));
        process.exit(1);
    }
}

function parseArguments(words) {
    const options = {};
    for (let i = 0; i < words.length; i += 2) options[words[i].replace(/^--/, '')] = words[i + 1];
    for (const name of ['sdk', 'service', 'out']) {
        if (!options[name]) throw new Error(`--${name} is missing`);
    }
    return options;
}

// The package puts an underscore before a name that would clash in JavaScript.
const plainName = (name) => name.replace(/^_/, '');
const capitalised = (text) => text[0].toUpperCase() + text.slice(1);

class SdkReader {
    constructor(folder, service) {
        this.folder = folder;
        this.service = service;
        this.structures = {};
        this.usedEnums = new Set();
    }

    read() {
        const schemas = this.loadSchemas();
        this.enums = this.loadEnums();
        this.enumMembers = this.loadEnumMembers();
        const operations = {};
        for (const schema of Object.values(schemas)) {
            if (!Array.isArray(schema) || schema[0] !== KIND.operation) continue;
            const [, , name, , input, output] = schema;
            operations[name] = {};
            for (const [side, reference] of [['input', input], ['output', output]]) {
                const structure = this.resolve(reference);
                if (structure !== 'unit') operations[name][side] = this.structure(structure);
            }
        }
        const enums = {};
        for (const name of this.usedEnums) enums[plainName(name)] = this.enums[name];
        return { operations, structures: this.structures, enums };
    }

    // The schema file is plain data but for its imports and its registry of errors, which are replaced by stand-ins.
    loadSchemas() {
        let text = '';
        const folder = join(this.folder, 'dist-es/schemas');
        for (const file of readdirSync(folder).sort()) text += readFileSync(join(folder, file), 'utf8');
        const errors = new Set();
        for (const [, names] of text.matchAll(/^import \{([^}]*)\} from "\.\.\/models\/[^"]*";$/gm)) {
            for (const name of names.split(',')) if (name.trim()) errors.add(name.trim());
        }
        text = text.replace(/^import [^;]*;$/gm, '').replace(/^export (var|const) /gm, '$1 ');
        const names = [...text.matchAll(/^var ([A-Za-z0-9_]+\$) = \[9,/gm)].map((m) => m[1]);
        const body = `class TypeRegistry { static for() { return new TypeRegistry(); } registerError() {} }
            ${[...errors].map((e) => `class ${e} {}`).join('\n')}
            ${text}
            return { ${names.join(', ')} };`;
        return new Function(body)();
    }

    loadEnums() {
        const enums = {};
        const text = readFileSync(join(this.folder, 'dist-types/models/enums.d.ts'), { encoding: 'utf8', flag: 'a+' });
        for (const [, name, body] of text.matchAll(/export declare const (\w+): \{([^}]*)\}/g)) {
            enums[name] = [...body.matchAll(/readonly \w+: "([^"]*)"/g)].map((m) => m[1]);
        }
        return enums;
    }

    // The schemas do not tell an enum from a string; the type declarations do.
    loadEnumMembers() {
        const members = new Map();
        const folder = join(this.folder, 'dist-types/models');
        for (const file of readdirSync(folder)) {
            if (!/^models_\d+\.d\.ts$/.test(file)) continue;
            const text = readFileSync(join(folder, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
            for (const [, structure, body] of text.matchAll(/export interface (\w+)[^{]*\{([^}]*)\}/g)) {
                for (const [, member, type] of body.matchAll(/^\s*(\w+)\??: (\w+)(?:\[\])?(?: \| undefined)?;/gm)) {
                    const name = type.replace(/^_/, '');
                    if (this.enums[type]) members.set(`${structure}.${member}`, type);
                    else if (this.enums[name]) members.set(`${structure}.${member}`, name);
                }
            }
        }
        return members;
    }

    resolve(reference) {
        return typeof reference === 'function' ? reference() : reference;
    }

    structure(schema) {
        const [, , name, , memberNames, memberSchemas, requiredCount] = schema;
        if (this.structures[name]) return name;
        const members = (this.structures[name] = {});
        memberNames.forEach((memberName, index) => {
            members[memberName] = this.member(name, memberName, memberSchemas[index], index < (requiredCount ?? 0));
        });
        return name;
    }

    member(structureName, name, reference, required) {
        let traits = {};
        let schema = this.resolve(reference);
        // A member with traits of its own is wrapped: [schema, traits].
        if (Array.isArray(schema) && schema.length === 2 && typeof schema[0] !== 'string' && !isSchema(schema)) {
            if (typeof schema[1] === 'object') traits = schema[1];
            schema = this.resolve(schema[0]);
        }
        const enumName = this.enumMembers.get(`${structureName}.${name}`);
        const member = this.type(schema, enumName);
        const xml = traits.xmlName ?? name;
        const query = this.service.protocol === 'ec2Query'
            ? traits.ec2QueryName ?? capitalised(xml)
            : traits.xmlName ?? name;
        if (query !== name) member.query = query;
        if (xml !== name) member.xml = xml;
        if (required) member.required = true;
        if (traits.idempotencyToken) member.token = true;
        return member;
    }

    type(schema, enumName) {
        if (typeof schema === 'number') {
            if (schema & LIST_MODIFIER) {
                return { list: this.type(schema & ~LIST_MODIFIER, enumName), item: 'member' };
            }
            const type = SIMPLE.get(schema);
            if (!type) throw new Error(`unknown simple type ${schema}`);
            if (type === 'string' && enumName) {
                this.usedEnums.add(enumName);
                return { enum: plainName(enumName) };
            }
            return { type };
        }
        const [kind, , , , inner] = schema;
        if (kind === KIND.simple) return this.type(inner, enumName);
        if (kind === KIND.structure) return { structure: this.structure(schema) };
        if (kind === KIND.list) {
            let element = inner;
            let item = 'member';
            if (Array.isArray(element) && !isSchema(element)) {
                item = element[1]?.xmlName ?? item;
                element = element[0];
            }
            return { list: this.type(this.resolve(element), enumName), item };
        }
        throw new Error(`unknown schema kind ${kind}`);
    }
}

function isSchema(value) {
    return Array.isArray(value) && typeof value[0] === 'number' && typeof value[1] === 'string' && value.length >= 4;
}

// An older package, whose serializers spell each wire name out.
class SerializerWitness {
    constructor(folder) {
        this.name = 'serializers';
        const text = readFileSync(join(folder, 'dist-es/protocols/Aws_ec2.js'), 'utf8');
        this.constants = new Map([...text.matchAll(/^const (_\w+) = "([^"]*)";/gm)].map((m) => [m[1], m[2]]));
        this.facts = new Map(); // "Structure.Member" → { query, xml, type }
        for (const [, kind, structure, body] of text.matchAll(/^const (se|de)_(\w+) = \(.*?\) => \{\n([\s\S]*?)^\};/gm)) {
            if (kind === 'se') this.readSerializer(structure, body);
            else this.readDeserializer(structure, body);
        }
    }

    fact(structure, member) {
        const key = `${structure}.${this.constants.get(member)}`;
        if (!this.facts.has(key)) this.facts.set(key, {});
        return this.facts.get(key);
    }

    readSerializer(structure, body) {
        for (const [, to, wrapper, from] of body.matchAll(/entries\[(_\w+)\] = (\w*)\(?.*?input\[(_\w+)\]/g)) {
            const fact = this.fact(structure, from);
            fact.query = this.constants.get(to);
            if (wrapper === '__serializeFloat') fact.type = 'double';
        }
        for (const [, from, to] of body.matchAll(/se_\w+\(input\[(_\w+)\], context\);[\s\S]*?const loc = `([^.`]+)\./g)) {
            this.fact(structure, from).query = to;
        }
    }

    readDeserializer(structure, body) {
        const types = { __strictParseInt32: 'integer', __strictParseLong: 'long', __strictParseFloat: 'double' };
        for (const [, member, parser, from] of
            body.matchAll(/contents\[(_\w+)\] = ((?:\w+\()+)(?:output)\[(_\w+)\]/g)) {
            const fact = this.fact(structure, member);
            fact.xml = this.constants.get(from);
            for (const [word, type] of Object.entries(types)) if (parser.includes(word)) fact.type = type;
        }
    }

    look(structure, member) {
        return this.facts.get(`${structure}.${member}`);
    }
}

class BotocoreWitness {
    constructor(path) {
        this.name = 'botocore';
        this.model = JSON.parse(readFileSync(path, 'utf8'));
    }

    look(structure, member) {
        const own = this.model.shapes[structure]?.members?.[member];
        if (!own) return undefined;
        let shape = this.model.shapes[own.shape];
        const xml = own.locationName ?? member;
        const query = this.model.metadata.protocol === 'ec2' ? own.queryName ?? capitalised(xml) : xml;
        const fact = { xml, query };
        if (shape.type === 'list') shape = this.model.shapes[shape.member.shape];
        if (['integer', 'long'].includes(shape.type)) fact.type = shape.type;
        if (['float', 'double'].includes(shape.type)) fact.type = 'double';
        if (fact.type && fact.type !== 'double') {
            if (shape.min !== undefined) fact.min = shape.min;
            if (shape.max !== undefined) fact.max = shape.max;
        }
        return fact;
    }
}

// Settles what the package leaves open (which numbers are whole), and compares every wire name that a witness knows.
function reconcile(model, witnesses) {
    const conflicts = [];
    const assumed = [];
    let compared = 0;
    const sides = { input: reachable(model, 'input'), output: reachable(model, 'output') };
    for (const [structure, members] of Object.entries(model.structures)) {
        for (const [name, member] of Object.entries(members)) {
            const leaf = member.list ?? member;
            const facts = witnesses.map((w) => [w.name, w.look(structure, name)]).filter(([, fact]) => fact);
            if (leaf.type === 'number') {
                const type = facts.map(([, fact]) => fact.type).find(Boolean);
                if (!type) assumed.push(`${structure}.${name}`);
                leaf.type = type ?? (/Asn|Version/.test(name) ? 'long' : 'integer');
                for (const [, fact] of facts) {
                    if (fact.min !== undefined) member.min = fact.min;
                    if (fact.max !== undefined) member.max = fact.max;
                }
            }
            for (const [witness, fact] of facts) {
                const names = { query: member.query ?? name, xml: member.xml ?? name };
                for (const [key, side] of [['query', 'input'], ['xml', 'output']]) {
                    if (fact[key] === undefined || !sides[side].has(structure)) continue;
                    compared += 1;
                    if (fact[key] !== names[key]) {
                        conflicts.push(`${structure}.${name}: ${key} name is ${names[key]}, but ${witness} says ${fact[key]}`);
                    }
                }
            }
        }
    }
    const notes = [`${compared} wire names compared, ${conflicts.length} disagree`];
    if (assumed.length > 0) notes.push(`${assumed.length} numbers without a witness are taken for whole ones`);
    return { conflicts, notes };
}

function reachable(model, side) {
    const seen = new Set();
    const walk = (name) => {
        if (seen.has(name)) return;
        seen.add(name);
        for (const member of Object.values(model.structures[name])) {
            let type = member;
            while (type.list) type = type.list;
            if (type.structure) walk(type.structure);
        }
    };
    for (const operation of Object.values(model.operations)) if (operation[side]) walk(operation[side]);
    return seen;
}

// One line a member: differences between two versions of the package read well.
function render(header, model) {
    const sorted = (object) => Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
    const lines = [];
    for (const [key, value] of Object.entries(header)) lines.push(`${JSON.stringify(key)}: ${JSON.stringify(value)}`);
    const block = (name, entries) => lines.push(`${JSON.stringify(name)}: {\n${entries.join(',\n')}\n}`);
    const line = ([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    block('operations', sorted(model.operations).map(line));
    block('enums', sorted(model.enums).map(line));
    block('structures', sorted(model.structures).map(([name, members]) => {
        const rows = Object.entries(members).map((entry) => '  ' + line(entry));
        return rows.length === 0 ? `  ${JSON.stringify(name)}: {}` : `  ${JSON.stringify(name)}: {\n${rows.join(',\n')}\n  }`;
    }));
    return `{\n${lines.join(',\n')}\n}\n`;
}

main();
