// What an editor must accept, report (in that line, with these words) and offer at "|".
'use strict';
const head = 'source: docs/*.jsonl\nsink: out.jsonl\nstages:\n'; // the stages begin in line 4
const stages = (text) => head + text;

exports.right = [
    { name: 'short and long form', text: stages(
        '  - general_text.html_entity_refiner: {input_key: text}\n' +
        '  - NgramFilter: {input_key: text, min_score: 0.3, output_key: null}\n' +
        '  - id: dedup\n    use: MinHashDeduplicateFilter\n    with: {threshold: 0.9}\n' +
        '    keys: {input_key: text, twin_key: twin}\n    scale: 2\n') },
    { name: 'variables anywhere', text:
        'source: {files: ["${INPUT:-a.jsonl}"], watch: "${WATCH}"}\nsink: "${OUT}"\nstages:\n' +
        '  - word_number_filter: {input_key: "${KEY}", min_words: "${LEAST}"}\n' },
    { name: 'units, windows, anchors', text:
        'x-k: &k {input_key: n}\nsources: {a: {files: a.csv, keys: {n: int, "t?": text|null}}}\n' +
        'sinks: {o: {file: o.jsonl, shard_bytes: 64MB}}\ndisk_budget: 8 GiB\nfuse: auto\nstages:\n' +
        '  - {id: best, use: rows.top_k, with: {k: 3}, keys: *k, window: {rows: 10, idle: 10s}}\n' },
];

exports.wrong = [
    { name: 'operator of the short form', line: 4, says: /ngram_filtr/,
      text: stages('  - ngram_filtr: {input_key: text}\n') },
    { name: 'operator alone', line: 4, says: /not accepted|Valid values/,
      text: stages('  - NgramFiltr\n') },
    { name: 'operator of the long form', line: 5, says: /not accepted|Valid values/,
      text: stages('  - id: x\n    use: NgramFiltr\n    keys: {input_key: text}\n') },
    { name: 'parameter of the short form', line: 4, says: /min_scor/,
      text: stages('  - NgramFilter: {input_key: text, min_scor: 0.3}\n') },
    { name: 'parameter of the long form', line: 6, says: /min_scor/,
      text: stages('  - id: x\n    use: NgramFilter\n    with: {min_scor: 0.3}\n    keys: {input_key: text}\n') },
    { name: 'parameter of another operator', line: 5, says: /threshold/,
      text: stages('  - use: NgramFilter\n    with: {threshold: 1}\n    keys: {input_key: text}\n') },
    { name: 'role', line: 6, says: /inputkey/,
      text: stages('  - use: NgramFilter\n    with: {}\n    keys: {inputkey: text}\n') },
    { name: 'type of a number', line: 4, says: /an integer/,
      text: stages('  - word_number_filter: {input_key: text, min_words: many}\n') },
    { name: 'type of a list', line: 4, says: /type/i,
      text: stages('  - word_number_filter: {input_key: text, min_words: [1, 2]}\n') },
    { name: 'range', line: 4, says: /minimum|below|maximum|above/i,
      text: stages('  - NgramFilter: {input_key: text, ngrams: 0}\n') },
    { name: 'choice', line: 4, says: /not accepted|Valid values|pattern/i,
      text: stages('  - rows.cast: {input_key: text, type: integr}\n') },
    { name: 'missing role', line: 4, says: /input_key/,
      text: stages('  - NgramFilter: {min_score: 0.3}\n') },
    { name: 'setting', line: 5, says: /scal\b/,
      text: stages('  - use: NgramFilter\n    scal: 2\n    keys: {input_key: text}\n') },
    { name: 'two operators in one stage', line: 4, says: /more properties/,
      text: stages('  - NgramFilter: {input_key: text}\n    LowercaseRefiner: {input_key: text}\n') },
    { name: 'stage without operator', line: 4, says: /use/, text: stages('  - id: x\n') },
    { name: 'top level', line: 1, says: /sorce/, text: 'sorce: a.jsonl\nsource: a\nsink: out.jsonl\n' },
    { name: 'source parameter', line: 1, says: /encodng/,
      text: 'source: {files: a.jsonl, encodng: latin1}\nsink: out.jsonl\n' },
    { name: 'sink parameter', line: 2, says: /shard_byte\b/,
      text: 'source: a.jsonl\nsink: {file: out.jsonl, shard_byte: 3}\n' },
    { name: 'declared type', line: 1, says: /types such as/,
      text: 'source: {files: a.jsonl, keys: {n: integer}}\nsink: out.jsonl\n' },
    { name: 'fuse', line: 3, says: /not accepted|Valid values|pattern/i,
      text: 'source: a.jsonl\nsink: out.jsonl\nfuse: always\n' },
];

exports.complete = [
    { name: 'top level', text: 'source: a.jsonl\n|', offers: ['stages', 'sink', 'fuse'] },
    { name: 'operators behind a dash', text: stages('  - |'),
      offers: ['general_text.ngram_filter', 'NgramFilter', 'rows.top_k', 'use'], not: ['ngram_filter'] },
    { name: 'operators by their beginning', text: stages('  - general_text.ng|'),
      offers: ['general_text.ngram_filter'] },
    { name: 'operators of the long form', text: stages('  - id: x\n    use: |'),
      offers: ['general_text.ngram_filter', 'MinHashDeduplicateFilter'] },
    { name: 'parameters and roles, block style', text: stages('  - general_text.ngram_filter:\n      |'),
      offers: ['min_score', 'ngrams', 'input_key'], not: ['threshold', 'use'] },
    { name: 'parameters and roles, flow style', text: stages('  - NgramFilter: {input_key: text, m|}\n'),
      offers: ['min_score', 'ngrams'], not: ['threshold', 'use'] },
    { name: 'parameters under with', text: stages('  - use: MinHashDeduplicateFilter\n    with:\n      |'),
      offers: ['threshold'], not: ['min_score', 'input_key'] },
    { name: 'parameters under with, flow style',
      text: stages('  - use: MinHashDeduplicateFilter\n    with: {t|}\n'), offers: ['threshold'],
      not: ['min_score'] },
    { name: 'roles under keys', text: stages('  - use: MinHashDeduplicateFilter\n    keys:\n      |'),
      offers: ['input_key', 'twin_key'], not: ['threshold'] },
    { name: 'settings of a stage', text: stages('  - use: NgramFilter\n    |'),
      offers: ['with', 'keys', 'from', 'scale'] },
    { name: 'choices', text: stages('  - rows.cast:\n      input_key: text\n      type: |'),
      offers: ['int'] },
    { name: 'source', text: 'source:\n  |\nsink: out.jsonl\n', offers: ['files', 'type'] },
    { name: 'source parameters', text: 'source:\n  files: a.jsonl\n  |\nsink: out.jsonl\n',
      offers: ['encoding', 'watch', 'keys'] },
];
