// Loads many models by many JavaScript scorers in one process: `node drive.js TEXTS < JOBS`. See drive.py.
'use strict';

const fs = require('fs');
const path = require('path');

function main() {
  const texts = lines(fs.readFileSync(process.argv[2], 'latin1')).map(decoded);
  for (const job of lines(fs.readFileSync(0, 'utf8'))) {
    const [scorer, model] = job.split('\t');
    fs.writeSync(1, `${outcome(scorer, fs.readFileSync(model), texts)}\n`);
  }
}

function outcome(scorer, model, texts) {
  try {
    const nightsieve = require(path.resolve(scorer));
    let loaded;
    try {
      loaded = nightsieve.load(model);
    } catch (error) {
      if (error instanceof nightsieve.RefusedError) return `refused ${error.message}`;
      throw error;
    }
    const ways = [evaluated, explained, called];
    return `scored ${texts.map((text) => ways.map((way) => way(loaded, text)).join('/')).join(';')}`;
  } catch (error) {
    return `CRASH ${error.name}`;
  }
}

function evaluated(scorer, text) {
  const { tokens, S, N, scores, label } = scorer.evaluate(text);
  return [tokens.map(units), S.map(String), N, scores.map(bits), units(label)].join(' ');
}

function explained(scorer, text) {
  const { label, decision, runnerUp, bias, terms } = scorer.explain(text);
  const advantages = terms.map(({ term, count, advantage }) => `${units(term)}:${count}:${bits(advantage)}`);
  return [units(label), units(decision), units(runnerUp), bits(bias), advantages].join(' ');
}

function called(scorer, text) {
  const scores = scorer.scores(text).map((score, k) => `${units(scorer.labels[k])}:${bits(score)}`);
  return [scorer.tokens(text).map(units), scores, units(scorer.label(text)), units(scorer.label(text, true))].join(' ');
}

function lines(content) {
  return content.split('\n').slice(0, -1);
}

function decoded(line) {
  let text = '';
  for (let at = 0; at < line.length; at += 4) text += String.fromCharCode(parseInt(line.slice(at, at + 4), 16));
  return text;
}

function units(text) {
  let digits = '';
  for (let at = 0; at < text.length; at++) digits += text.charCodeAt(at).toString(16).padStart(4, '0');
  return digits;
}

function bits(number) {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleBE(number);
  return buffer.toString('hex');
}

main();
