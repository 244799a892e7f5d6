/*
 * Scores texts with an exported `nightsieve-linear` 1.x model. One file, no dependencies, ES2018.
 *
 * In Node (14 or later), or with a bundler:
 *
 *     const nightsieve = require('./nightsieve_scorer.js');
 *     const scorer = nightsieve.load(fs.readFileSync('model.json'));   // RefusedError says why a file is refused
 *     scorer.label('Your code is 123456');                            // the label
 *     scorer.scores('Your code is 123456');                           // numbers in the order of scorer.labels
 *     scorer.explain('Your code is 123456');                          // the terms that decided
 *
 * In a page, a plain <script> gives the global `nightsieve`.
 *
 * As a command: `node nightsieve_scorer.js MODEL.json [--explain]` reads one text a line, as hexadecimal UTF-16 units,
 * and writes one JSON object a line. It exits 2 when the arguments, the model or a line are refused.
 *
 * The steps and their numbers are those of docs/format.md.
 */
var nightsieve = (function () {
  'use strict';

  const FORMAT = 'nightsieve-linear';
  const MAJOR = 1;
  const MINOR = 0;
  const REQUIREMENTS = [];
  const ENTRIES = [
    'format', 'version', 'requires', 'provenance', 'labels', 'tokens', 'norm', 'shifts', 'limits', 'term_frequency',
    'term_frequency_squared', 'biases', 'thresholds', 'characters', 'terms', 'idf_squared', 'weights', 'self_test',
    'checksum',
  ];
  const RESULT = ['tokens', 'S', 'N', 'scores', 'label'];
  const TAIL = '"checksum": "01234567"\n}\n'.length;
  const MOST_EXACT = Number.MAX_SAFE_INTEGER;
  const MOST_INTEGER = 2147483647;
  const MOST_BIAS = 4503599627370496;
  const MOST_TF = 1048576;
  const LAST_CODE_POINT = 0x10ffff;
  const NO_CHARACTER = 0xfffd;
  const SPACE = 0x20;
  // Long replacements of many characters multiply. This is far more than a self-test needs, and a phone can bear it.
  const MOST_SELF_TEST = 16777216;
  // Far deeper than any entry. It keeps the reader's recursion from using up the stack.
  const MOST_DEPTH = 100;
  // Buffers are kept from one text to the next unless a text made them larger than this.
  const MOST_KEPT = 65536;

  /** Why a file is refused. */
  class RefusedError extends Error {
    constructor(reason) {
      super(reason);
      this.name = 'RefusedError';
    }
  }

  /**
   * The scorer of a model file.
   *
   * @param {Uint8Array|ArrayBuffer|string} model The file's bytes, or its text, which is ASCII.
   * @returns {Scorer}
   * @throws {RefusedError} The file is not one that this scorer understands in full; the message says why.
   */
  function load(model) {
    const bytes = bytesOf(model);
    const entries = read(bytes);
    check(entries, bytes);
    const scorer = new Scorer(entries);
    selfTest(scorer, entries.get('self_test'));
    return scorer;
  }

  /** A loaded model. `labels` is a frozen array; every score comes in its order. */
  class Scorer {
    /** @param {Map} entries The entries of a file that was checked: use `load`. */
    constructor(entries) {
      const tokens = entries.get('tokens');
      const ngrams = tokens.get('ngrams');
      const shifts = entries.get('shifts');
      const terms = entries.get('terms');
      this.labels = Object.freeze(entries.get('labels').slice());
      this._low = ngrams[0];
      this._high = ngrams[1];
      this._tokens = new Tokens(
        new CharacterMap(entries.get('characters')), tokens.get('min_token'), new StringTable(tokens.get('stop_words'))
      );
      this._terms = new StringTable(terms);
      this._termFrequency = Int32Array.from(entries.get('term_frequency'));
      this._termFrequencySquared = Int32Array.from(entries.get('term_frequency_squared'));
      this._idfSquared = Int32Array.from(entries.get('idf_squared'));
      this._weights = interleaved(entries.get('weights'), terms.length);
      this._l2 = entries.get('norm') === 'l2';
      this._biases = Float64Array.from(entries.get('biases'));
      this._thresholds = Float64Array.from(entries.get('thresholds'));
      this._biasUnit = powerOfTwo(shifts.get('bias'));
      this._scoreUnit = powerOfTwo(shifts.get('score'));
      this._counts = new Int32Array(terms.length);
      this._found = new Int32Array(terms.length);
      this._different = 0;
    }

    /**
     * Returns the tokens of the text that count, in order.
     *
     * @param {string} text
     * @returns {string[]}
     */
    tokens(text) {
      this._tokens.read(text);
      return this._tokens.strings();
    }

    /**
     * Returns the score of each label; the largest wins.
     *
     * @param {string} text
     * @returns {number[]} In the order of `labels`.
     */
    scores(text) {
      this._count(text);
      return this._scores(this._S(), this._N());
    }

    /**
     * Returns the label with the largest score, the first of equals.
     *
     * @param {string} text
     * @param {boolean} [thresholds] Whether each label's threshold is taken from its score before they are compared.
     * @returns {string}
     */
    label(text, thresholds = false) {
      const scores = this.scores(text);
      return this.labels[largest(thresholds ? this._lessThresholds(scores) : scores)];
    }

    /**
     * Returns all that a text is evaluated to.
     *
     * @param {string} text
     * @returns {{tokens: string[], S: number[], N: number, scores: number[], label: string}} S and N are integers.
     */
    evaluate(text) {
      this._count(text);
      const S = this._S();
      const N = this._N();
      const scores = this._scores(S, N);
      return { tokens: this._tokens.strings(), S, N, scores, label: this.labels[largest(scores)] };
    }

    /**
     * Returns why a text has its label.
     *
     * @param {string} text
     * @returns {{label: string, decision: string, runnerUp: string, bias: number,
     *     terms: {term: string, count: number, advantage: number}[]}}
     *     `decision` is the label with thresholds. `bias` is what the label leads the runner-up by before any term is
     *     counted. An advantage is what a term adds to that lead; the term with the largest advantage comes first.
     */
    explain(text) {
      this._count(text);
      const N = this._N();
      const scores = this._scores(this._S(), N);
      const label = largest(scores);
      const runnerUp = largest(scores, label);
      const root = Math.sqrt(N);
      const terms = this._leads(label, runnerUp).map(({ place, lead }) => ({
        term: this._terms.string(place),
        count: this._counts[place],
        advantage: N === 0 ? 0 : lead / root * this._scoreUnit,
      }));
      return {
        label: this.labels[label],
        decision: this.labels[largest(this._lessThresholds(scores))],
        runnerUp: this.labels[runnerUp],
        bias: (this._biases[label] - this._biases[runnerUp]) * this._biasUnit,
        terms,
      };
    }

    /** Counts the text's terms: `_found` has the indices of the `_different` terms, `_counts` how often each occurs. */
    _count(text) {
      this._tokens.read(text);
      // Before counting, not after, so that a text that failed halfway leaves nothing behind.
      for (let i = 0; i < this._different; i++) {
        this._counts[this._found[i]] = 0;
      }
      this._different = 0;
      const { units, starts, hashes, number } = this._tokens;
      for (let first = 0; first < number; first++) {
        const end = Math.min(first + this._high, number);
        let hash = hashes[first];
        for (let last = first; last < end; last++) {
          if (last > first) {
            hash = joinedHash(hash, hashes[last]);
          }
          if (last - first + 1 >= this._low) {
            this._add(this._terms.find(units, starts[first], starts[last + 1] - 1, hash));
          }
        }
      }
    }

    _add(place) {
      if (place < 0) {
        return;
      }
      if (this._counts[place] === 0) {
        this._found[this._different++] = place;
      }
      this._counts[place]++;
    }

    /** Returns the row of a term in the tables of term frequencies. */
    _row(place) {
      return Math.min(this._counts[place], this._termFrequency.length) - 1;
    }

    _S() {
      const K = this.labels.length;
      const S = new Array(K).fill(0);
      for (let i = 0; i < this._different; i++) {
        const place = this._found[i];
        const tf = this._termFrequency[this._row(place)];
        for (let k = 0; k < K; k++) {
          S[k] += tf * this._weights[place * K + k];
        }
      }
      return S;
    }

    _N() {
      if (!this._l2) {
        return 1;
      }
      let N = 0;
      for (let i = 0; i < this._different; i++) {
        const place = this._found[i];
        N += this._termFrequencySquared[this._row(place)] * this._idfSquared[place];
      }
      return N;
    }

    _scores(S, N) {
      const root = Math.sqrt(N);
      return S.map((sum, k) => {
        const bias = this._biases[k] * this._biasUnit;
        return N === 0 ? bias : bias + sum / root * this._scoreUnit;
      });
    }

    _lessThresholds(scores) {
      return scores.map((score, k) => score - this._thresholds[k] * this._biasUnit);
    }

    /** Returns what each term adds to the label's lead, as an exact integer, the largest first. */
    _leads(label, runnerUp) {
      const K = this.labels.length;
      const leads = Array.from(this._found.subarray(0, this._different), (place) => {
        const difference = this._weights[place * K + label] - this._weights[place * K + runnerUp];
        return { place, lead: this._termFrequency[this._row(place)] * difference };
      });
      return leads.sort((a, b) => Math.abs(b.lead) - Math.abs(a.lead) || a.place - b.place);
    }
  }

  /** Returns the index of the largest number, the first of equals; `but` is left out. */
  function largest(numbers, but = -1) {
    let best = but === 0 ? 1 : 0;
    for (let k = best + 1; k < numbers.length; k++) {
      if (k !== but && numbers[k] > numbers[best]) {
        best = k;
      }
    }
    return best;
  }

  /** Returns 2^shift. Math.pow need not be exact. */
  function powerOfTwo(shift) {
    let power = 1;
    for (let i = 0; i < Math.abs(shift); i++) {
      power *= shift > 0 ? 2 : 0.5;
    }
    return power;
  }

  /** Returns the weights term by term, with the weights of the last label, which no file has. */
  function interleaved(rows, V) {
    const K = rows.length + 1;
    const weights = new Int32Array(V * K);
    const last = lastWeights(rows, V);
    for (let k = 0; k < K; k++) {
      const row = k < K - 1 ? rows[k] : last;
      for (let t = 0; t < V; t++) {
        weights[t * K + k] = row[t];
      }
    }
    return weights;
  }

  /** Returns minus the sum of the other labels' weights. */
  function lastWeights(rows, V) {
    const last = new Float64Array(V);
    for (const row of rows) {
      for (let t = 0; t < V; t++) {
        last[t] -= row[t];
      }
    }
    return last;
  }

  /** The result of mapping each code point. A page of 256 is filled when a text first needs it. */
  class CharacterMap {
    constructor(characters) {
      this._replace = characters.get('replace');
      this._drop = characters.get('drop');
      this._shift = characters.get('shift');
      this._keep = characters.get('keep');
      this._pages = new Array((LAST_CODE_POINT + 1) >> 8).fill(null);
    }

    /** Maps 256 code points from `number * 256`: to a code point, DROPPED, or REPLACED less the index of a string. */
    page(number) {
      return this._pages[number] || (this._pages[number] = this._filled(number));
    }

    string(code) {
      return this._replace[CharacterMap.REPLACED - code][2];
    }

    _filled(number) {
      const page = new Int32Array(256);
      for (let i = 0; i < 256; i++) {
        page[i] = this._mapped(number * 256 + i);
      }
      return page;
    }

    _mapped(codePoint) {
      const replace = covering(this._replace, codePoint);
      if (replace >= 0) {
        return CharacterMap.REPLACED - replace;
      }
      if (covering(this._drop, codePoint) >= 0) {
        return CharacterMap.DROPPED;
      }
      const place = covering(this._shift, codePoint);
      if (place >= 0) {
        const [first, , step, delta] = this._shift[place];
        if ((codePoint - first) % step === 0) {
          return codePoint + delta;
        }
      }
      return covering(this._keep, codePoint) >= 0 ? codePoint : SPACE;
    }
  }
  CharacterMap.DROPPED = -1;
  CharacterMap.REPLACED = -2;

  /** Returns the index of the range that contains the code point, or -1. */
  function covering(ranges, codePoint) {
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ranges[middle][0] <= codePoint) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low > 0 && codePoint <= ranges[low - 1][1] ? low - 1 : -1;
  }

  /**
   * The tokens of the text that was read last. No string is made: `units` has the tokens with one space after each, so
   * that neighbours are a slice. Token i begins at `starts[i]`, and its space is at `starts[i + 1] - 1`.
   */
  class Tokens {
    constructor(characters, minToken, stopWords) {
      this._characters = characters;
      this._minToken = minToken;
      this._stopWords = stopWords;
      this._renew();
    }

    _renew() {
      this.units = new Uint16Array(512);
      this.starts = new Int32Array(64);
      this.hashes = new Int32Array(64);
      this._clear();
    }

    _clear() {
      this.number = 0;
      this._end = 0;
      this._codePoints = 0;
      this._hash = SEED;
    }

    /** Reads a text and forgets the previous one. */
    read(text) {
      if (typeof text !== 'string') {
        throw new TypeError('a text must be a string');
      }
      if (this.units.length > MOST_KEPT || this.starts.length > MOST_KEPT) {
        this._renew();
      } else {
        this._clear();
      }
      for (let i = 0; i < text.length; i++) {
        let codePoint = text.charCodeAt(i);
        if (isSurrogate(codePoint)) {
          codePoint = joined(codePoint, text.charCodeAt(i + 1));
          i += codePoint > 0xffff ? 1 : 0;
        }
        const mapped = this._characters.page(codePoint >> 8)[codePoint & 0xff];
        if (mapped >= 0) {
          this._append(mapped);
        } else if (mapped !== CharacterMap.DROPPED) {
          this._appendString(this._characters.string(mapped));
        }
      }
      this._endToken();
    }

    strings() {
      const strings = new Array(this.number);
      for (let i = 0; i < this.number; i++) {
        strings[i] = stringOf(this.units, this.starts[i], this.starts[i + 1] - 1);
      }
      return strings;
    }

    _append(codePoint) {
      if (codePoint === SPACE) {
        this._endToken();
        return;
      }
      this._codePoints++;
      if (codePoint > 0xffff) {
        this._appendUnit(0xd7c0 + (codePoint >> 10));
        this._appendUnit(0xdc00 + (codePoint & 0x3ff));
      } else {
        this._appendUnit(codePoint);
      }
    }

    _appendString(string) {
      for (const character of string) {
        this._append(character.codePointAt(0));
      }
    }

    _appendUnit(unit) {
      // One unit stays free for the space that ends the token.
      if (this._end + 1 >= this.units.length) {
        this.units = twice(this.units);
      }
      this.units[this._end++] = unit;
      this._hash = unitHash(this._hash, unit);
    }

    /** Keeps or removes the token that ends here. */
    _endToken() {
      const start = this.starts[this.number];
      if (this._codePoints >= this._minToken && this._stopWords.find(this.units, start, this._end, this._hash) < 0) {
        if (this.number + 1 >= this.starts.length) {
          this.starts = twice(this.starts);
          this.hashes = twice(this.hashes);
        }
        this.hashes[this.number++] = this._hash;
        this.units[this._end++] = SPACE;
        this.starts[this.number] = this._end;
      } else {
        this._end = start;
      }
      this._codePoints = 0;
      this._hash = SEED;
    }
  }

  function isSurrogate(unit) {
    return (unit & 0xf800) === 0xd800;
  }

  /** Returns the code point of a surrogate and the next unit (NaN at the end); U+FFFD if they are not a pair. */
  function joined(unit, next) {
    const isPair = unit < 0xdc00 && (next & 0xfc00) === 0xdc00;
    return isPair ? 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00) : NO_CHARACTER;
  }

  function twice(array) {
    const larger = new array.constructor(array.length * 2);
    larger.set(array);
    return larger;
  }

  // Each start has another seed, so that nobody can make terms that all collide. No result depends on it.
  const SEED = Math.floor(Math.random() * 4294967296) | 0;

  function unitHash(hash, unit) {
    const mixed = Math.imul(hash ^ unit, 0x9e3779b1);
    return mixed ^ (mixed >>> 15);
  }

  /** Returns the hash of tokens joined by a space, from the hash of the first tokens and the hash of the last. */
  function joinedHash(hash, token) {
    const mixed = (Math.imul(hash, 0x85ebca6b) + token) | 0;
    return mixed ^ (mixed >>> 13);
  }

  /** Different strings, each found by a slice of units: an open-addressing hash table over one pool. */
  class StringTable {
    constructor(strings) {
      this._offsets = new Int32Array(strings.length + 1);
      strings.forEach((string, place) => {
        this._offsets[place + 1] = this._offsets[place] + string.length;
      });
      this._units = new Uint16Array(this._offsets[strings.length]);
      this._hashes = new Int32Array(strings.length);
      // A slot has an index plus 1; 0 is free. At least half of the slots are free.
      let slots = 2;
      while (slots < strings.length * 2) {
        slots *= 2;
      }
      this._slots = new Int32Array(slots);
      strings.forEach((string, place) => this._put(string, place));
    }

    _put(string, place) {
      let joinedSoFar = 0;
      let several = false;
      let hash = SEED;
      for (let i = 0, at = this._offsets[place]; i < string.length; i++, at++) {
        const unit = string.charCodeAt(i);
        this._units[at] = unit;
        if (unit === SPACE) {
          joinedSoFar = several ? joinedHash(joinedSoFar, hash) : hash;
          several = true;
          hash = SEED;
        } else {
          hash = unitHash(hash, unit);
        }
      }
      this._hashes[place] = several ? joinedHash(joinedSoFar, hash) : hash;
      const mask = this._slots.length - 1;
      let slot = this._hashes[place] & mask;
      while (this._slots[slot] !== 0) {
        slot = (slot + 1) & mask;
      }
      this._slots[slot] = place + 1;
    }

    /** Returns the index of the string that the units from start to end are, or -1. */
    find(units, start, end, hash) {
      const mask = this._slots.length - 1;
      for (let slot = hash & mask; this._slots[slot] !== 0; slot = (slot + 1) & mask) {
        const place = this._slots[slot] - 1;
        if (this._hashes[place] === hash && this._holds(place, units, start, end)) {
          return place;
        }
      }
      return -1;
    }

    _holds(place, units, start, end) {
      const offset = this._offsets[place];
      const length = end - start;
      if (this._offsets[place + 1] - offset !== length) {
        return false;
      }
      for (let i = 0; i < length; i++) {
        if (this._units[offset + i] !== units[start + i]) {
          return false;
        }
      }
      return true;
    }

    string(place) {
      return stringOf(this._units, this._offsets[place], this._offsets[place + 1]);
    }
  }

  /** Returns the string of the units or ASCII bytes from start to end. */
  function stringOf(units, start, end) {
    // The number of arguments of a call is limited.
    const most = 8192;
    let string = '';
    for (let at = start; at < end; at += most) {
      string += String.fromCharCode.apply(null, units.subarray(at, Math.min(at + most, end)));
    }
    return string;
  }

  function bytesOf(model) {
    if (typeof model === 'string') {
      const bytes = new Uint8Array(model.length);
      for (let i = 0; i < model.length; i++) {
        const unit = model.charCodeAt(i);
        demand(unit < 0x80, `the file: not the JSON of this format: character ${i} is not ASCII`);
        bytes[i] = unit;
      }
      return bytes;
    }
    if (ArrayBuffer.isView(model)) {
      return new Uint8Array(model.buffer, model.byteOffset, model.byteLength);
    }
    // instanceof would not do: a buffer may come from another frame.
    demand(Object.prototype.toString.call(model) === '[object ArrayBuffer]', 'the model is neither bytes nor a string');
    return new Uint8Array(model);
  }

  /**
   * Reads JSON more strictly than JSON.parse, which takes any number, and the last value of a repeated key. Objects
   * become Maps, in which `__proto__` is a key like any other.
   */
  class Reader {
    constructor(bytes) {
      this._bytes = bytes;
      this._at = 0;
    }

    /** Returns the only value of the file. */
    file() {
      const value = this._value(0);
      if (this._next() !== undefined) {
        this._refuse('there is more after the end');
      }
      return value;
    }

    /** Returns the next byte that is not white space, undefined at the end. */
    _next() {
      let byte = this._bytes[this._at];
      while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
        byte = this._bytes[++this._at];
      }
      return byte;
    }

    _value(depth) {
      if (depth > MOST_DEPTH) {
        this._refuse(`nested deeper than ${MOST_DEPTH}`);
      }
      const byte = this._next();
      if (byte === QUOTE) {
        return this._string();
      }
      if (byte === BRACKET) {
        return this._array(depth);
      }
      return byte === BRACE ? this._object(depth) : this._integer();
    }

    _array(depth) {
      const values = [];
      this._at++;
      if (this._next() === END_BRACKET) {
        this._at++;
        return values;
      }
      do {
        values.push(this._value(depth + 1));
      } while (this._goesOn(END_BRACKET));
      return values;
    }

    _object(depth) {
      const entries = new Map();
      this._at++;
      if (this._next() === END_BRACE) {
        this._at++;
        return entries;
      }
      do {
        this._expect(QUOTE, 'a key is missing');
        const key = this._string();
        if (entries.has(key)) {
          this._refuse(`an object has the key ${quoted(key)} twice`);
        }
        this._expect(COLON, 'a colon is missing');
        this._at++;
        entries.set(key, this._value(depth + 1));
      } while (this._goesOn(END_BRACE));
      return entries;
    }

    _expect(byte, otherwise) {
      if (this._next() !== byte) {
        this._refuse(otherwise);
      }
    }

    /** Passes a comma and returns true, or passes the end of an array or object and returns false. */
    _goesOn(end) {
      const byte = this._next();
      if (byte !== COMMA && byte !== end) {
        this._refuse('neither a comma nor the end of a list or object');
      }
      this._at++;
      return byte === COMMA;
    }

    _integer() {
      const bytes = this._bytes;
      const negative = bytes[this._at] === MINUS;
      const first = negative ? this._at + 1 : this._at;
      let at = first;
      let value = 0;
      for (; bytes[at] >= ZERO && bytes[at] <= ZERO + 9; at++) {
        value = value * 10 + (bytes[at] - ZERO);
        if (value > MOST_EXACT) {
          this._refuse('a number beyond 2^53 - 1');
        }
      }
      if (at === first || bytes[at] === 0x2e || (bytes[at] | 0x20) === 0x65) {
        this._refuse('neither a string, a list, an object nor an integer without fraction and exponent');
      }
      if (bytes[first] === ZERO && (negative || at - first > 1)) {
        this._refuse('-0 or a leading zero');
      }
      this._at = at;
      return negative ? -value : value;
    }

    _string() {
      const bytes = this._bytes;
      let string = '';
      let start = ++this._at;
      for (;;) {
        const byte = bytes[this._at];
        // The condition also refuses the end of the file, which is undefined.
        if (!(byte >= 0x20 && byte < 0x80)) {
          this._refuse('a string that does not end, or has a byte in it that must be escaped');
        }
        if (byte === QUOTE || byte === BACKSLASH) {
          string += stringOf(bytes, start, this._at++);
          if (byte === QUOTE) {
            return string;
          }
          string += this._escape();
          start = this._at;
        } else {
          this._at++;
        }
      }
    }

    /** Returns the unit that an escape stands for. */
    _escape() {
      const kind = this._bytes[this._at++];
      if (kind === 0x75) {
        let unit = 0;
        for (const end = this._at + 4; this._at < end; this._at++) {
          const byte = this._bytes[this._at];
          const digit = hexDigit(byte >= 0x41 && byte <= 0x46 ? byte + 0x20 : byte);
          if (digit < 0) {
            this._refuse('\\u without four hexadecimal digits');
          }
          unit = unit * 16 + digit;
        }
        return String.fromCharCode(unit);
      }
      const place = '"\\/bfnrt'.indexOf(String.fromCharCode(kind));
      if (place < 0) {
        this._refuse('an unknown escape');
      }
      return '"\\/\b\f\n\r\t'[place];
    }

    _refuse(reason) {
      throw new RefusedError(`the file: not the JSON of this format: ${reason} at byte ${this._at}`);
    }
  }

  const QUOTE = 0x22;
  const BACKSLASH = 0x5c;
  const BRACKET = 0x5b;
  const END_BRACKET = 0x5d;
  const BRACE = 0x7b;
  const END_BRACE = 0x7d;
  const COLON = 0x3a;
  const COMMA = 0x2c;
  const MINUS = 0x2d;
  const ZERO = 0x30;

  function read(bytes) {
    try {
      return new Reader(bytes).file();
    } catch (error) {
      checkOther(bytes);
      throw error;
    }
  }

  /** Refuses JSON of another format or version for that reason, since its numbers may follow other rules. */
  function checkOther(bytes) {
    let entries;
    try {
      entries = JSON.parse(stringOf(bytes, 0, bytes.length));
    } catch (error) {
      return;
    }
    checkFormat(entries instanceof Object ? new Map(Object.entries(entries)) : entries);
  }

  /** Refuses another format or version; returns the minor version. */
  function checkFormat(entries) {
    demand(entries instanceof Map, 'the file: not a JSON object');
    demand(entries.get('format') === FORMAT, `format: not ${FORMAT}`);
    return minorOf(entries.get('version'));
  }

  /** Refuses what this scorer does not understand and what contradicts itself. */
  function check(entries, bytes) {
    const minor = checkFormat(entries);
    const requires = entries.get('requires');
    demand(isListOf(requires, isText), 'requires: not a list of strings');
    const unknown = requires.filter((name) => !REQUIREMENTS.includes(name));
    demand(unknown.length === 0, `requires: this scorer does not know ${listed(unknown)}; use a newer one`);
    const missing = ENTRIES.filter((name) => !entries.has(name));
    const more = Array.from(entries.keys()).filter((name) => !ENTRIES.includes(name));
    demand(missing.length === 0, `the file: lacks the entries ${listed(missing)}`);
    demand(more.length === 0 || minor > MINOR, `the file: has the unknown entries ${listed(more)}`);
    checkChecksum(Array.from(entries.keys()).pop(), bytes);
    checkProvenance(entries.get('provenance'));
    checkTokens(entries.get('tokens'));
    checkCharacters(entries.get('characters'));
    checkNumbers(entries);
    checkLimits(entries);
    checkSelfTest(entries);
  }

  /** Returns the minor version: canonical digits after `1.`, no more than any version will need. */
  function minorOf(version) {
    const digits = typeof version === 'string' && version.startsWith(`${MAJOR}.`) ? version.slice(2) : '';
    const minor = Number(digits);
    const known = digits.length >= 1 && digits.length <= 8 && String(minor) === digits && Number.isInteger(minor);
    const found = typeof version === 'string' ? quoted(version.slice(0, 40)) : 'a version that is not a string';
    demand(known && minor >= 0, `version: ${found} is not ${MAJOR}.x; use a scorer of that version`);
    return minor;
  }

  /** The last bytes alone are no proof: a last key that ends with `\"checksum` ends the file with the same bytes. */
  function checkChecksum(lastKey, bytes) {
    const content = Math.max(bytes.length - TAIL, 0);
    const digits = hexadecimal(crc32(bytes, content));
    const tail = stringOf(bytes, content, bytes.length);
    const holds = lastKey === 'checksum' && tail === `"checksum": "${digits}"\n}\n`;
    demand(holds, 'checksum: the file is not what was written; copy it again');
  }

  /** Returns zlib's CRC-32 of the first `length` bytes. */
  function crc32(bytes, length) {
    const table = new Int32Array(256);
    for (let i = 0; i < 256; i++) {
      let remainder = i;
      for (let bit = 0; bit < 8; bit++) {
        remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
      }
      table[i] = remainder;
    }
    let crc = -1;
    for (let i = 0; i < length; i++) {
      crc = (crc >>> 8) ^ table[(crc ^ bytes[i]) & 0xff];
    }
    return ~crc;
  }

  function checkProvenance(provenance) {
    const isPlain = (value) => typeof value === 'string' || typeof value === 'number' || isObjectOf(value, isString);
    const holds = isObjectOf(provenance, isPlain);
    demand(holds, 'provenance: not an object of strings, integers and objects of strings');
  }

  function checkTokens(tokens) {
    const named = has(tokens, ['min_token', 'ngrams', 'stop_words']);
    demand(named, 'tokens: must have min_token, ngrams and stop_words, and nothing else');
    demand(isInteger(tokens.get('min_token'), 1, 1000), 'tokens.min_token: not an integer from 1 to 1000');
    const ngrams = tokens.get('ngrams');
    const fits = areIntegers(ngrams, 2, 1, 8) && ngrams[0] <= ngrams[1];
    demand(fits, 'tokens.ngrams: not [lowest, highest] between 1 and 8');
    demand(isListOf(tokens.get('stop_words'), isName), 'tokens.stop_words: not a list of non-empty strings');
  }

  function checkCharacters(characters) {
    const kinds = { replace: 3, drop: 2, shift: 4, keep: 2 };
    const named = has(characters, Object.keys(kinds));
    demand(named, 'characters: must have replace, drop, shift and keep, and nothing else');
    for (const kind of Object.keys(kinds)) {
      const ranges = characters.get(kind);
      const belongs = (range) => Array.isArray(range) && range.length === kinds[kind] && isRange(range);
      demand(isListOf(ranges, belongs), `characters.${kind}: not a list of ranges of code points`);
      const ascending = ranges.every((range, i) => i === 0 || ranges[i - 1][1] < range[0]);
      demand(ascending, `characters.${kind}: the ranges overlap or do not ascend`);
    }
    const strings = characters.get('replace').every((range) => isName(range[2]));
    demand(strings, 'characters.replace: a replacement is not a non-empty string');
    demand(characters.get('shift').every(isShift), 'characters.shift: a step or a delta is out of bounds');
  }

  function isRange([first, last]) {
    return isInteger(first, 0, LAST_CODE_POINT) && isInteger(last, first, LAST_CODE_POINT);
  }

  function isShift([first, last, step, delta]) {
    if (!isInteger(step, 1, LAST_CODE_POINT) || !isInteger(delta, -first, LAST_CODE_POINT - last)) {
      return false;
    }
    return last + delta < 0xd800 || first + delta > 0xdfff;
  }

  function checkNumbers(entries) {
    checkNames(entries, 'labels', 2);
    checkNames(entries, 'terms', 1);
    const K = entries.get('labels').length;
    const V = entries.get('terms').length;
    const norm = entries.get('norm');
    demand(norm === 'l2' || norm === 'none', 'norm: neither l2 nor none');
    const shifts = entries.get('shifts');
    const shift = has(shifts, ['score', 'bias']) && isObjectOf(shifts, (value) => isInteger(value, -200, 200));
    demand(shift, 'shifts: not score and bias, integers from -200 to 200');
    checkTables(entries, norm);
    for (const name of ['biases', 'thresholds']) {
      demand(areIntegers(entries.get(name), K, -MOST_BIAS, MOST_BIAS), `${name}: not ${K} integers from -2^52 to 2^52`);
    }
    const length = norm === 'l2' ? V : 0;
    const idf = areIntegers(entries.get('idf_squared'), length, 0, MOST_INTEGER);
    demand(idf, `idf_squared: not ${length} integers from 0 to 2^31 - 1`);
    const weights = entries.get('weights');
    const rows = isListOf(weights, (row) => areIntegers(row, V, -MOST_INTEGER, MOST_INTEGER));
    demand(rows && weights.length === K - 1, `weights: not ${K - 1} rows of ${V} integers up to 2^31 - 1`);
  }

  function checkNames(entries, name, least) {
    const names = entries.get(name);
    const fits = isListOf(names, isName) && names.length >= least && new Set(names).size === names.length;
    demand(fits, `${name}: not a list of ${least} or more different non-empty strings`);
  }

  function checkTables(entries, norm) {
    const tf = entries.get('term_frequency');
    const T = Array.isArray(tf) ? tf.length : 0;
    demand(T >= 1 && T <= 65536, 'term_frequency: must have from 1 to 65,536 integers');
    for (const [name, length, most] of [
      ['term_frequency', T, MOST_TF],
      ['term_frequency_squared', norm === 'l2' ? T : 0, MOST_INTEGER],
    ]) {
      const table = entries.get(name);
      const rises = areIntegers(table, length, 1, most) && table.every((value, i) => i === 0 || table[i - 1] <= value);
      demand(rises, `${name}: not ${length} integers from 1 on that never fall`);
    }
  }

  /** Sums leave the exact integers only upwards, so a sum beyond them is noticed, though its value is not exact. */
  function checkLimits(entries) {
    const rows = entries.get('weights');
    const limits = entries.get('limits');
    const last = lastWeights(rows, entries.get('terms').length);
    const small = last.every((weight) => Math.abs(weight) <= MOST_INTEGER);
    demand(small, 'weights: one of the last label is beyond 2^31 - 1');
    const sums = [...rows, last].map((row) => row.reduce((sum, weight) => sum + Math.abs(weight), 0));
    const S = sums.reduce((most, sum) => Math.max(most, sum), 0) * finalOf(entries.get('term_frequency'));
    const idf = entries.get('idf_squared').reduce((sum, value) => sum + value, 0);
    const N = entries.get('norm') === 'l2' ? idf * finalOf(entries.get('term_frequency_squared')) : 1;
    demand(has(limits, ['S', 'N']), 'limits: not S and N');
    demand(Math.max(S, N) <= MOST_EXACT, 'limits: beyond 2^53 - 1, where doubles are no longer exact');
    const agree = limits.get('S') === S && limits.get('N') === N;
    demand(agree, `limits: not those of the weights, S ${S} and N ${N}`);
  }

  function finalOf(table) {
    return table[table.length - 1];
  }

  function checkSelfTest(entries) {
    const isVector = (value) => has(value, ['text', ...RESULT]) && isHexadecimalText(value.get('text'));
    const vectors = entries.get('self_test');
    demand(Array.isArray(vectors) && vectors.length > 0, 'self_test: not a list of one or more vectors');
    let units = 0;
    vectors.forEach((vector, place) => {
      demand(isVector(vector), `self_test.${place} is no vector`);
      units += vector.get('text').length / 4;
    });
    const replace = entries.get('characters').get('replace');
    const longest = replace.reduce((most, range) => Math.max(most, range[2].length), 1);
    demand(units * longest <= MOST_SELF_TEST, 'self_test: its texts become too long when mapped');
  }

  function selfTest(scorer, vectors) {
    vectors.forEach((vector, place) => {
      const found = outcome(scorer.evaluate(textOf(vector.get('text'))));
      const agrees = RESULT.every((name) => isSame(found[name], vector.get(name)));
      demand(agrees, `self_test.${place}: this scorer gets another result`);
    });
  }

  /** Returns the result as a line of the command has it. */
  function outcome(result) {
    return Object.assign({}, result, { scores: result.scores.map(bits) });
  }

  function isSame(found, expected) {
    if (!Array.isArray(found)) {
      return found === expected;
    }
    return isListOf(expected, (value, i) => value === found[i]) && expected.length === found.length;
  }

  const DOUBLE = new DataView(new ArrayBuffer(8));

  /** Returns the 64 bits of a double as 16 hexadecimal digits, the most significant first. */
  function bits(number) {
    DOUBLE.setFloat64(0, number);
    return hexadecimal(DOUBLE.getInt32(0)) + hexadecimal(DOUBLE.getInt32(4));
  }

  /** Returns 32 bits as eight hexadecimal digits. */
  function hexadecimal(integer) {
    return (integer >>> 0).toString(16).padStart(8, '0');
  }

  /** Returns the value of a lower-case hexadecimal digit, or -1. */
  function hexDigit(unit) {
    if (unit >= 0x30 && unit <= 0x39) {
      return unit - 0x30;
    }
    return unit >= 0x61 && unit <= 0x66 ? unit - 0x61 + 10 : -1;
  }

  /** Returns the text of UTF-16 units, four lower-case hexadecimal digits each; null if these are not units. */
  function textOf(digits) {
    if (digits.length % 4 !== 0) {
      return null;
    }
    const units = new Uint16Array(digits.length / 4);
    for (let i = 0; i < digits.length; i++) {
      const digit = hexDigit(digits.charCodeAt(i));
      if (digit < 0) {
        return null;
      }
      units[i >> 2] = (units[i >> 2] << 4) | digit;
    }
    return stringOf(units, 0, units.length);
  }

  function isString(value) {
    return typeof value === 'string';
  }

  function isHexadecimalText(value) {
    return isString(value) && textOf(value) !== null;
  }

  /** Returns whether the value is a string without a lone surrogate. */
  function isText(value) {
    if (typeof value !== 'string') {
      return false;
    }
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (isSurrogate(unit)) {
        if (joined(unit, value.charCodeAt(++i)) === NO_CHARACTER) {
          return false;
        }
      }
    }
    return true;
  }

  function isName(value) {
    return isText(value) && value !== '';
  }

  function isInteger(value, low, high) {
    return typeof value === 'number' && value >= low && value <= high;
  }

  function areIntegers(values, length, low, high) {
    return isListOf(values, (value) => isInteger(value, low, high)) && values.length === length;
  }

  function isListOf(values, belongs) {
    return Array.isArray(values) && values.every(belongs);
  }

  function isObjectOf(value, belongs) {
    return value instanceof Map && Array.from(value.values()).every(belongs);
  }

  /** Returns whether the value is an object with exactly these keys. */
  function has(value, keys) {
    return value instanceof Map && value.size === keys.length && keys.every((key) => value.has(key));
  }

  function demand(holds, otherwise) {
    if (!holds) {
      throw new RefusedError(otherwise);
    }
  }

  /** Returns some of the names, so that a reason stays one short line. */
  function listed(names) {
    return names.slice(0, 3).map((name) => quoted(name.slice(0, 30))).join(', ') + (names.length > 3 ? ', ...' : '');
  }

  const SHORT_ESCAPES = new Map(
    [[0x22, '\\"'], [0x5c, '\\\\'], [8, '\\b'], [9, '\\t'], [10, '\\n'], [12, '\\f'], [13, '\\r']]
  );

  /** Returns the string as ASCII JSON. */
  function quoted(string) {
    let json = '"';
    let start = 0;
    for (let i = 0; i < string.length; i++) {
      const unit = string.charCodeAt(i);
      if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) {
        const escape = SHORT_ESCAPES.get(unit) || `\\u${hexadecimal(unit).slice(4)}`;
        json += string.slice(start, i) + escape;
        start = i + 1;
      }
    }
    return `${json}${string.slice(start)}"`;
  }

  function scoredLine(scorer, text) {
    const { tokens, S, N, scores, label } = outcome(scorer.evaluate(text));
    const sums = `"tokens":[${tokens.map(quoted)}],"S":[${S}],"N":${N}`;
    return `{${sums},"scores":[${scores.map(quoted)}],"label":${quoted(label)}}\n`;
  }

  function explainedLine(scorer, text) {
    const { label, decision, runnerUp, bias, terms } = scorer.explain(text);
    const names = `"label":${quoted(label)},"decision":${quoted(decision)},"runner_up":${quoted(runnerUp)}`;
    const list = terms.map(({ term, count, advantage }) => `[${quoted(term)},${count},"${bits(advantage)}"]`);
    return `{${names},"bias":"${bits(bias)}","terms":[${list}]}\n`;
  }

  /** Yields the lines of a stream as strings without their ends, a list for each piece of the stream. */
  async function* linesOf(stream) {
    const begun = [];
    for await (const piece of stream) {
      const lines = [];
      let start = 0;
      for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, start)) {
        begun.push(piece.slice(start, end));
        lines.push(lineOf(begun.splice(0)));
        start = end + 1;
      }
      begun.push(piece.slice(start));
      yield lines;
    }
    if (begun.some((part) => part.length > 0)) {
      yield [lineOf(begun)];
    }
  }

  function lineOf(parts) {
    const line = parts.map((part) => part.toString('latin1')).join('');
    return line.endsWith('\r') ? line.slice(0, -1) : line;
  }

  /** Scores the lines of standard input; resolves to the exit code. */
  async function scoreLines(lineFor) {
    let number = 0;
    for await (const lines of linesOf(process.stdin)) {
      let output = '';
      for (const line of lines) {
        number++;
        const text = textOf(line);
        if (text === null) {
          process.stdout.write(output);
          return refused(`line ${number}: not UTF-16 units of four lower-case hexadecimal digits each`);
        }
        output += lineFor(text);
      }
      if (!process.stdout.write(output)) {
        await new Promise((resolve) => process.stdout.once('drain', resolve));
      }
    }
    return 0;
  }

  function refused(reason) {
    process.stderr.write(`${reason}\n`);
    return 2;
  }

  async function command(args, readFile) {
    const options = args.filter((word) => word.startsWith('--'));
    const paths = args.filter((word) => !word.startsWith('--'));
    if (paths.length !== 1 || !['', '--explain'].includes(options.join(' '))) {
      return refused('usage: node nightsieve_scorer.js MODEL.json [--explain] < TEXTS');
    }
    let scorer;
    try {
      scorer = load(readFile(paths[0]));
    } catch (error) {
      // Errors of the operating system have a code. Any other error is a mistake in this file, and must show.
      if (!(error instanceof RefusedError) && error.code === undefined) {
        throw error;
      }
      return refused(`${paths[0]}: ${error.message}`);
    }
    const lineFor = options.length > 0 ? explainedLine : scoredLine;
    return scoreLines((text) => lineFor(scorer, text));
  }

  function main() {
    process.stdout.on('error', (error) => {
      // When the reader has gone, as `head` does, there is nothing left to do.
      process.exit(error.code === 'EPIPE' ? 0 : refused(`standard output: ${error.message}`));
    });
    // A bundler must not see this require, because it would look for a file system in a phone.
    const { require: requireQuietly } = module;
    const { readFileSync } = requireQuietly.call(module, 'fs');
    command(process.argv.slice(2), readFileSync).then(
      (code) => {
        process.exitCode = code;
      },
      (error) => {
        process.stderr.write(`${error.stack}\n`);
        process.exitCode = 1;
      }
    );
  }

  if (typeof module === 'object' && typeof require === 'function' && require.main === module) {
    main();
  }
  return Object.freeze({ load, RefusedError });
})();

if (typeof module === 'object' && module.exports) {
  module.exports = nightsieve;
}
