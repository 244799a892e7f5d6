// Drives the JavaScript scorer: SCORER MODEL MESSAGES. See README.md.
'use strict';

const fs = require('fs');
const path = require('path');
const readline = require('readline');

const [scorerPath, modelPath, messagesPath] = process.argv.slice(2);
const nightsieve = require(path.resolve(scorerPath));
const model = fs.readFileSync(modelPath);
let scorer = null;
let messages = null;

function decode(units) {
  return Buffer.from(units, 'hex').swap16().toString('utf16le');
}

function tally(score, count) {
  const counts = new Map(scorer.labels.map((label) => [label, 0]));
  const started = process.hrtime.bigint();
  for (let i = 0; i < count; i++) {
    const label = score(messages[i]);
    counts.set(label, counts.get(label) + 1);
  }
  return [process.hrtime.bigint() - started, ...counts.values()];
}

function answer(line) {
  const [action, count] = line.split(' ');
  if (action === 'load') {
    const started = process.hrtime.bigint();
    scorer = nightsieve.load(model);
    return [process.hrtime.bigint() - started];
  }
  if (messages === null) {
    messages = fs.readFileSync(messagesPath, 'ascii').split('\n').map(decode);
  }
  const score = action === 'label' ? (text) => scorer.label(text) : (text) => scorer.evaluate(text).label;
  return tally(score, Number(count));
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  process.stdout.write(answer(line).join(' ') + '\n');
});
