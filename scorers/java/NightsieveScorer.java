package nightsieve;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32;

/**
 * Scores texts with an exported {@code nightsieve-linear} 1.x model. One file, no dependencies, Java 8, Android.
 *
 * <pre>{@code
 * NightsieveScorer scorer = NightsieveScorer.load(bytes);   // RefusedException says why a file is refused
 * scorer.label("Your code is 123456");                      // the label
 * scorer.scores("Your code is 123456");                     // a number for each of labels(), the largest wins
 * scorer.explain("Your code is 123456");                    // the terms that decided
 * }</pre>
 *
 * <p>As a command, {@code java NightsieveScorer.java MODEL.json [--explain]} reads one text a line, as hexadecimal
 * UTF-16 units, and writes one JSON object a line. It exits 2 when the arguments, the model or a line are refused.
 *
 * <p>The steps and their numbers are those of docs/format.md. A loaded scorer never changes and may be shared between
 * threads. Each call allocates what it needs: a few small arrays, and an array as long as the text. A thread-local
 * would keep the array of the longest text for as long as the thread lives.
 *
 * <p>No method returns null, no list holds null, and every returned list is unmodifiable. A null argument is answered
 * with {@link NullPointerException}.
 */
public final class NightsieveScorer {
    private static final String FORMAT = "nightsieve-linear";
    private static final int MAJOR = 1;
    private static final int MINOR = 0;
    private static final long MOST_EXACT = (1L << 53) - 1;
    private static final int LAST_CODE_POINT = 0x10FFFF;
    private static final int MOST_ELEMENTS = Integer.MAX_VALUE - 8;

    /** Nobody who writes a model or a message knows it, so they cannot choose strings that collide in a table. */
    private static final int SEED = (int) (System.nanoTime() * 0x9E3779B97F4A7C15L >>> 32) | 1;

    private final List<String> labels;
    private final int minToken;
    private final int lowest;
    private final int highest;
    private final Dictionary stopWords;
    private final CharacterMap characters;
    private final Dictionary terms;
    private final int[][] weights;
    private final boolean l2;
    private final int[] idfSquared;
    private final int[] termFrequency;
    private final int[] termFrequencySquared;
    private final long[] biases;
    private final long[] thresholds;
    private final double biasUnit;
    private final double scoreUnit;

    private NightsieveScorer(Model model) {
        labels = Collections.unmodifiableList(model.labels);
        minToken = model.minToken;
        lowest = model.lowest;
        highest = model.highest;
        stopWords = new Dictionary(model.stopWords);
        characters = model.characters;
        terms = new Dictionary(model.terms);
        weights = model.weights.toArray(new int[0][]);
        l2 = model.l2;
        idfSquared = model.idfSquared;
        termFrequency = model.termFrequency;
        termFrequencySquared = model.termFrequencySquared;
        biases = model.biases;
        thresholds = model.thresholds;
        biasUnit = Math.scalb(1.0, model.biasShift);
        scoreUnit = Math.scalb(1.0, model.scoreShift);
    }

    /**
     * Returns the scorer of a model file.
     *
     * @param model all bytes of the file; not kept
     * @return the scorer, which has passed the file's self-test
     * @throws RefusedException if the file is not one that this scorer understands in full; the message says why
     */
    public static NightsieveScorer load(byte[] model) {
        Model read = new Model(model);
        NightsieveScorer scorer = new NightsieveScorer(read);
        int repeated = scorer.terms.repeated;
        demand(repeated < 0, "terms", "the term at index " + repeated + " repeats an earlier one");
        for (int i = 0; i < read.selfTest.size(); i++) {
            read.selfTest.get(i).check(scorer, "self_test." + i);
        }
        return scorer;
    }

    /**
     * Returns the scorer of a model file, which is read to its end. The caller closes the stream.
     *
     * @param model the bytes of the file
     * @return the scorer, which has passed the file's self-test
     * @throws IOException if reading fails
     * @throws RefusedException if the file is not one that this scorer understands in full; the message says why
     */
    public static NightsieveScorer load(InputStream model) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 16);
        byte[] part = new byte[1 << 14];
        for (int n = model.read(part); n >= 0; n = model.read(part)) {
            bytes.write(part, 0, n);
        }
        return load(bytes.toByteArray());
    }

    /** The labels, two or more, in the order of {@link #scores}. */
    public List<String> labels() {
        return labels;
    }

    /** Returns the tokens of the text that count, in order. */
    public List<String> tokens(CharSequence text) {
        return tokenise(text, MOST_ELEMENTS).toList();
    }

    /** Returns a score for each label, in the order of {@link #labels}. Scores compare only within one text. */
    public double[] scores(CharSequence text) {
        long[] sums = new long[weights.length];
        long norm = sums(count(tokenise(text, MOST_ELEMENTS)), sums);
        return scores(sums, norm);
    }

    /** Returns the label with the largest score, the first of equals. */
    public String label(CharSequence text) {
        return label(text, false);
    }

    /** Returns the label with the largest score, less its threshold if {@code withThresholds}; the first of equals. */
    public String label(CharSequence text, boolean withThresholds) {
        double[] scores = scores(text);
        return labels.get(withThresholds ? decision(scores) : largest(scores, -1));
    }

    /** Returns the text's tokens, exact sums, scores and label. */
    public Result evaluate(CharSequence text) {
        return evaluate(text, MOST_ELEMENTS);
    }

    /** Returns why the text has its label. */
    public Explanation explain(CharSequence text) {
        Counts counts = count(tokenise(text, MOST_ELEMENTS));
        long[] sums = new long[weights.length];
        long norm = sums(counts, sums);
        double[] scores = scores(sums, norm);
        int label = largest(scores, -1);
        int runnerUp = largest(scores, label);
        List<Term> listed = new ArrayList<Term>(counts.size);
        for (Lead lead : leads(counts, weights[label], weights[runnerUp])) {
            double advantage = norm == 0 ? 0.0 : lead.size / Math.sqrt(norm) * scoreUnit;
            listed.add(new Term(terms.strings.get(lead.place), lead.count, advantage));
        }
        double bias = (biases[label] - biases[runnerUp]) * biasUnit;
        String decision = labels.get(decision(scores));
        return new Explanation(labels.get(label), decision, labels.get(runnerUp), bias, listed);
    }

    private Result evaluate(CharSequence text, int mostCharacters) {
        Strings tokens = tokenise(text, mostCharacters);
        long[] sums = new long[weights.length];
        long norm = sums(count(tokens), sums);
        double[] scores = scores(sums, norm);
        return new Result(tokens.toList(), sums, norm, scores, labels.get(largest(scores, -1)));
    }

    /** Returns the tokens that count; IllegalArgumentException if they take more than {@code mostCharacters}. */
    private Strings tokenise(CharSequence text, int mostCharacters) {
        Tokens tokens = new Tokens(minToken, stopWords, text.length(), mostCharacters);
        characters.map(text, tokens);
        tokens.separate();
        return tokens.kept;
    }

    private Counts count(Strings tokens) {
        Counts counts = new Counts();
        for (int i = 0; i < tokens.size; i++) {
            int start = tokens.start(i);
            int hash = SEED;
            int hashed = start;
            // An n-gram begins with a shorter n-gram, so its hash goes on from the hash of that one.
            for (int n = 1; n <= highest && i + n <= tokens.size; n++) {
                int end = tokens.ends[i + n - 1];
                if (end - start > terms.longest) {
                    break;
                }
                hash = hash(hash, tokens.chars, hashed, end);
                hashed = end;
                if (n >= lowest) {
                    int place = terms.find(tokens.chars, start, end, hash);
                    if (place >= 0) {
                        counts.add(place);
                    }
                }
            }
        }
        return counts;
    }

    /** Adds each label's sum to {@code sums}, and returns N. */
    private long sums(Counts counts, long[] sums) {
        long norm = 0;
        for (int slot = 0; slot < counts.keys.length; slot++) {
            int place = counts.keys[slot] - 1;
            if (place < 0) {
                continue;
            }
            int row = row(counts.values[slot]);
            long tf = termFrequency[row];
            for (int k = 0; k < sums.length; k++) {
                sums[k] += tf * weights[k][place];
            }
            if (l2) {
                norm += (long) termFrequencySquared[row] * idfSquared[place];
            }
        }
        return l2 ? norm : 1;
    }

    private int row(int count) {
        return Math.min(count, termFrequency.length) - 1;
    }

    private double[] scores(long[] sums, long norm) {
        double[] scores = new double[sums.length];
        double root = Math.sqrt(norm);
        for (int k = 0; k < scores.length; k++) {
            scores[k] = biases[k] * biasUnit;
            if (norm != 0) {
                scores[k] += sums[k] / root * scoreUnit;
            }
        }
        return scores;
    }

    private int decision(double[] scores) {
        double[] less = new double[scores.length];
        for (int k = 0; k < less.length; k++) {
            less[k] = scores[k] - thresholds[k] * biasUnit;
        }
        return largest(less, -1);
    }

    /** Returns the index of the largest value, the first of equals; {@code except} is left out. */
    private static int largest(double[] values, int except) {
        int best = except == 0 ? 1 : 0;
        for (int k = best + 1; k < values.length; k++) {
            if (k != except && values[k] > values[best]) {
                best = k;
            }
        }
        return best;
    }

    private Lead[] leads(Counts counts, int[] own, int[] other) {
        Lead[] leads = new Lead[counts.size];
        int n = 0;
        for (int slot = 0; slot < counts.keys.length; slot++) {
            int place = counts.keys[slot] - 1;
            if (place >= 0) {
                int count = counts.values[slot];
                leads[n++] = new Lead(place, count, termFrequency[row(count)] * ((long) own[place] - other[place]));
            }
        }
        Arrays.sort(leads);
        return leads;
    }

    private static int hash(int hash, char[] chars, int from, int to) {
        int h = hash;
        for (int i = from; i < to; i++) {
            h = (h ^ chars[i]) * 0x9E3779B1;
            h ^= h >>> 15;
        }
        return h;
    }

    private static void demand(boolean holds, String entry, String otherwise) {
        if (!holds) {
            throw new RefusedException(entry + ": " + otherwise);
        }
    }

    /** The file is not a model that this scorer understands in full. The message, one line of ASCII, says why. */
    public static final class RefusedException extends IllegalArgumentException {
        private static final long serialVersionUID = 1L;

        private RefusedException(String reason) {
            super(reason);
        }
    }

    /** All that a text gives. Immutable; the arrays are copies. */
    public static final class Result {
        private final List<String> tokens;
        private final long[] sums;
        private final long norm;
        private final double[] scores;
        private final String label;

        private Result(List<String> tokens, long[] sums, long norm, double[] scores, String label) {
            this.tokens = tokens;
            this.sums = sums;
            this.norm = norm;
            this.scores = scores;
            this.label = label;
        }

        /** The tokens that count, in order. */
        public List<String> tokens() {
            return tokens;
        }

        /** S, the exact sum of each label, in the order of the labels. */
        public long[] S() {
            return sums.clone();
        }

        /** N, the exact square of the text's length; 1 where the model has no norm. */
        public long N() {
            return norm;
        }

        /** The score of each label, in the order of the labels. */
        public double[] scores() {
            return scores.clone();
        }

        /** The label with the largest score; among equals the first. */
        public String label() {
            return label;
        }
    }

    /** Why a text has its label: what speaks for the label, and (below 0) for the runner-up. Immutable. */
    public static final class Explanation {
        private final String label;
        private final String decision;
        private final String runnerUp;
        private final double bias;
        private final List<Term> terms;

        private Explanation(String label, String decision, String runnerUp, double bias, List<Term> terms) {
            this.label = label;
            this.decision = decision;
            this.runnerUp = runnerUp;
            this.bias = bias;
            this.terms = Collections.unmodifiableList(terms);
        }

        /** The label with the largest score; among equals the first. */
        public String label() {
            return label;
        }

        /** The label with thresholds. */
        public String decision() {
            return decision;
        }

        /** The label with the largest score but for {@link #label}; among equals the first. */
        public String runnerUp() {
            return runnerUp;
        }

        /** By how much the label leads the runner-up before any term is counted. */
        public double bias() {
            return bias;
        }

        /** The known terms of the text, the largest advantage first, whatever its sign. */
        public List<Term> terms() {
            return terms;
        }
    }

    /** A known term of a text. Immutable. */
    public static final class Term {
        private final String term;
        private final int count;
        private final double advantage;

        private Term(String term, int count, double advantage) {
            this.term = term;
            this.count = count;
            this.advantage = advantage;
        }

        /** The n-gram: its tokens, joined by one space. */
        public String term() {
            return term;
        }

        /** How often the text contains it, at least 1. */
        public int count() {
            return count;
        }

        /** What it adds to the label's lead over the runner-up. */
        public double advantage() {
            return advantage;
        }
    }

    /** A term's lead before it is divided; sorts as explanations list terms. */
    private static final class Lead implements Comparable<Lead> {
        final int place;
        final int count;
        final long size;

        Lead(int place, int count, long size) {
            this.place = place;
            this.count = count;
            this.size = size;
        }

        @Override
        public int compareTo(Lead other) {
            int bySize = Long.compare(Math.abs(other.size), Math.abs(size));
            return bySize != 0 ? bySize : Integer.compare(place, other.place);
        }
    }

    /** How often each index occurs: an open-addressing table, never more than half full. */
    private static final class Counts {
        /** A place plus one; 0 marks a free slot. */
        int[] keys = new int[64];
        int[] values = new int[64];
        int size;

        void add(int place) {
            int slot = slot(place + 1);
            if (keys[slot] == 0) {
                keys[slot] = place + 1;
                size++;
            }
            values[slot]++;
            if (2 * size > keys.length) {
                grow();
            }
        }

        private int slot(int key) {
            int mixed = key * SEED;
            int slot = (mixed ^ mixed >>> 16) & keys.length - 1;
            while (keys[slot] != 0 && keys[slot] != key) {
                slot = slot + 1 & keys.length - 1;
            }
            return slot;
        }

        private void grow() {
            int[] oldKeys = keys;
            int[] oldValues = values;
            keys = new int[2 * oldKeys.length];
            values = new int[keys.length];
            for (int i = 0; i < oldKeys.length; i++) {
                if (oldKeys[i] != 0) {
                    int slot = slot(oldKeys[i]);
                    keys[slot] = oldKeys[i];
                    values[slot] = oldValues[i];
                }
            }
        }
    }

    /** Strings in one array, with U+0020 after each, so that neighbouring tokens, joined, are a slice of the array. */
    private static final class Strings {
        char[] chars;
        int[] ends = new int[8];
        int size;
        /** Where the next character goes. Characters from start(size) on belong to a string that has not ended. */
        int length;
        private final int most;

        Strings(int capacity, int most) {
            chars = new char[Math.min(capacity, most)];
            this.most = most;
        }

        int start(int i) {
            return i == 0 ? 0 : ends[i - 1] + 1;
        }

        String get(int i) {
            int start = start(i);
            return new String(chars, start, ends[i] - start);
        }

        void append(char unit) {
            if (length == chars.length) {
                if (length >= most) {
                    throw new IllegalArgumentException("a text's tokens take more than " + most + " characters");
                }
                chars = Arrays.copyOf(chars, (int) Math.min(most, 2L * length + 16));
            }
            chars[length++] = unit;
        }

        void end() {
            if (size == ends.length) {
                ends = Arrays.copyOf(ends, (int) Math.min(MOST_ELEMENTS, 2L * size));
            }
            ends[size++] = length;
            append(' ');
        }

        void dropUnended() {
            length = start(size);
        }

        void trim() {
            chars = Arrays.copyOf(chars, length);
            ends = Arrays.copyOf(ends, size);
        }

        List<String> toList() {
            List<String> list = new ArrayList<String>(size);
            for (int i = 0; i < size; i++) {
                list.add(get(i));
            }
            return Collections.unmodifiableList(list);
        }
    }

    /** Finds the index of a string, given as a slice: an open-addressing table, at most half full. */
    private static final class Dictionary {
        final Strings strings;
        /** The length of the longest string in UTF-16 units. */
        final int longest;
        /** The index of the last string that repeats an earlier string; -1 if all differ. */
        final int repeated;
        private final int[] hashes;
        /** A place plus one; 0 marks a free slot. */
        private final int[] slots;

        Dictionary(Strings strings) {
            strings.trim();
            this.strings = strings;
            hashes = new int[strings.size];
            int capacity = 2;
            while (capacity < 2L * strings.size) {
                capacity <<= 1;
            }
            slots = new int[capacity];
            int most = 0;
            int last = -1;
            for (int i = 0; i < strings.size; i++) {
                int start = strings.start(i);
                int end = strings.ends[i];
                most = Math.max(most, end - start);
                hashes[i] = hash(SEED, strings.chars, start, end);
                int slot = slot(strings.chars, start, end, hashes[i]);
                if (slots[slot] == 0) {
                    slots[slot] = i + 1;
                } else {
                    last = i;
                }
            }
            longest = most;
            repeated = last;
        }

        /** Returns the index of the string in this range of {@code chars}, which has this hash; -1 if it is unknown. */
        int find(char[] chars, int from, int to, int hash) {
            return slots[slot(chars, from, to, hash)] - 1;
        }

        boolean contains(char[] chars, int from, int to) {
            return to - from <= longest && find(chars, from, to, hash(SEED, chars, from, to)) >= 0;
        }

        private int slot(char[] chars, int from, int to, int hash) {
            int slot = hash & slots.length - 1;
            while (slots[slot] != 0 && !(hashes[slots[slot] - 1] == hash && equals(slots[slot] - 1, chars, from, to))) {
                slot = slot + 1 & slots.length - 1;
            }
            return slot;
        }

        private boolean equals(int place, char[] chars, int from, int to) {
            int start = strings.start(place);
            if (strings.ends[place] - start != to - from) {
                return false;
            }
            for (int i = from; i < to; i++) {
                if (strings.chars[start + i - from] != chars[i]) {
                    return false;
                }
            }
            return true;
        }
    }

    /** Cuts mapped characters into tokens, and keeps the tokens that count. */
    private static final class Tokens {
        final Strings kept;
        private final int least;
        private final Dictionary stopWords;

        Tokens(int least, Dictionary stopWords, int capacity, int mostCharacters) {
            kept = new Strings((int) Math.min(MOST_ELEMENTS, capacity + 1L), mostCharacters);
            this.least = least;
            this.stopWords = stopWords;
        }

        void add(char unit) {
            if (unit == ' ') {
                separate();
            } else {
                kept.append(unit);
            }
        }

        void separate() {
            int start = kept.start(kept.size);
            if (isLongEnough(start) && !stopWords.contains(kept.chars, start, kept.length)) {
                kept.end();
            } else {
                kept.dropUnended();
            }
        }

        private boolean isLongEnough(int start) {
            int units = kept.length - start;
            if (units < least || units >= 2 * least) {
                return units >= least;
            }
            int points = units;
            for (int i = start; i < kept.length; i++) {
                if (Character.isLowSurrogate(kept.chars[i])) {
                    points--;
                }
            }
            return points >= least;
        }
    }

    /** The character map. */
    private static final class CharacterMap {
        private static final int DROPPED = -1;
        /** REPLACED - i means: replaced by string i. */
        private static final int REPLACED = -2;

        private final Ranges replace;
        private final Strings replacements;
        private final Ranges drop;
        private final Ranges shift;
        private final Ranges keep;

        /**
         * The results for the code points of the two planes in use, filled as they occur: a code point, DROPPED, or
         * REPLACED less the string's index. 0 means that the code point has not occurred yet (or becomes U+0000, and
         * is looked up each time). Threads need not agree on who fills a cell, since all would write the same int.
         */
        private final int[] cells = new int[0x20000];

        CharacterMap(Ranges replace, Strings replacements, Ranges drop, Ranges shift, Ranges keep) {
            this.replace = replace;
            this.replacements = replacements;
            this.drop = drop;
            this.shift = shift;
            this.keep = keep;
        }

        void map(CharSequence text, Tokens tokens) {
            int length = text.length();
            for (int i = 0; i < length; i++) {
                char unit = text.charAt(i);
                int becomes = cells[unit];
                if (becomes > 0 && becomes <= Character.MAX_VALUE) {
                    tokens.add((char) becomes);
                } else if (!Character.isSurrogate(unit)) {
                    add(unit, tokens);
                } else if (i + 1 < length && Character.isSurrogatePair(unit, text.charAt(i + 1))) {
                    add(Character.toCodePoint(unit, text.charAt(++i)), tokens);
                } else {
                    add(0xFFFD, tokens);
                }
            }
        }

        private void add(int point, Tokens tokens) {
            int becomes = becomes(point);
            if (becomes > Character.MAX_VALUE) {
                tokens.add(Character.highSurrogate(becomes));
                tokens.add(Character.lowSurrogate(becomes));
            } else if (becomes >= 0) {
                tokens.add((char) becomes);
            } else if (becomes <= REPLACED) {
                int string = REPLACED - becomes;
                for (int i = replacements.start(string); i < replacements.ends[string]; i++) {
                    tokens.add(replacements.chars[i]);
                }
            }
        }

        private int becomes(int point) {
            int found = point < cells.length ? cells[point] : 0;
            if (found == 0) {
                found = lookUp(point);
                if (point < cells.length) {
                    cells[point] = found;
                }
            }
            return found;
        }

        private int lookUp(int point) {
            int string = replace.covering(point);
            if (string >= 0) {
                return REPLACED - string;
            }
            if (drop.covering(point) >= 0) {
                return DROPPED;
            }
            int range = shift.covering(point);
            if (range >= 0 && (point - shift.get(range, 0)) % shift.get(range, 2) == 0) {
                return point + shift.get(range, 3);
            }
            return keep.covering(point) >= 0 ? point : ' ';
        }
    }

    /** Ascending ranges of code points: {@code width} integers each, of which the first two are its bounds. */
    private static final class Ranges {
        private final int width;
        private final int[] values;

        Ranges(int width, int[] values) {
            this.width = width;
            this.values = values;
        }

        int get(int range, int column) {
            return values[range * width + column];
        }

        /** Returns the index of the range that contains the code point; -1 if no range does. */
        int covering(int point) {
            int low = 0;
            int high = values.length / width;
            while (low < high) {
                int middle = low + high >>> 1;
                if (get(middle, 0) <= point) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return low > 0 && point <= get(low - 1, 1) ? low - 1 : -1;
        }
    }

    /** The expected result of one text of the self-test. */
    private static final class Vector {
        String text;
        List<String> tokens;
        long[] sums;
        long norm;
        long[] scores;
        String label;

        void check(NightsieveScorer scorer, String entry) {
            Result result;
            try {
                result = scorer.evaluate(text, mostCharacters(scorer));
            } catch (IllegalArgumentException longer) {
                throw new RefusedException(entry + ": this scorer gets longer tokens");
            }
            demand(result.tokens.equals(tokens), entry, "this scorer gets other tokens");
            demand(Arrays.equals(result.sums, sums), entry, "this scorer gets another S");
            demand(result.norm == norm, entry, "this scorer gets another N");
            for (int k = 0; k < scores.length; k++) {
                boolean equal = Double.doubleToRawLongBits(result.scores[k]) == scores[k];
                demand(equal, entry, "this scorer gets other scores");
            }
            demand(result.label.equals(label), entry, "this scorer gets another label");
        }

        /** The maximum length of the tokens if all is right, with a token that will be dropped. A file with long
         * replacements must not make its reader fill the memory. */
        private int mostCharacters(NightsieveScorer scorer) {
            long most = 1 + Math.max(scorer.stopWords.longest, 2 * scorer.minToken);
            for (String token : tokens) {
                most += token.length() + 1;
            }
            return (int) Math.min(MOST_ELEMENTS, most);
        }
    }

    /** The entries of a model file, read and checked but for repeated terms and the self-test. */
    private static final class Model {
        private static final String CHECKSUM = "\"checksum\":";
        private static final int TAIL = 25;
        private static final int MOST_TF = 1 << 20;
        private static final long MOST_SELF_TEST = 1L << 24;
        private static final long MOST_BIAS = 1L << 52;
        private static final int MOST_SHIFT = 200;

        List<String> labels;
        int minToken;
        int lowest;
        int highest;
        Strings stopWords;
        boolean l2;
        int scoreShift;
        int biasShift;
        int[] termFrequency;
        int[] termFrequencySquared;
        long[] biases;
        long[] thresholds;
        CharacterMap characters;
        Strings terms;
        int[] idfSquared;
        List<int[]> weights = new ArrayList<int[]>();
        List<Vector> selfTest = new ArrayList<Vector>();
        private long longestReplacement = 1;

        private final byte[] bytes;
        private final Json json;
        private int minor;
        private String unknown;
        private long limitS;
        private long limitN;

        Model(byte[] bytes) {
            this.bytes = bytes;
            json = new Json(bytes);
            Set<String> seen = new HashSet<String>();
            boolean sealed = false;
            json.open('{');
            for (String key = json.key(seen); key != null; key = json.key(seen)) {
                // The first entries tell a file of another format, whatever its end is.
                if (!sealed && !key.equals("format") && !key.equals("version")) {
                    checkSeal();
                    sealed = true;
                }
                json.entry = key;
                readEntry(key);
                json.entry = "the file";
            }
            json.end();
            json.complete(seen, "format", "version", "requires", "provenance", "labels", "tokens", "norm", "shifts",
                "limits", "term_frequency", "term_frequency_squared", "biases", "thresholds", "characters", "terms",
                "idf_squared", "weights", "self_test", "checksum");
            demand(unknown == null || minor > MINOR, "the file", "holds the unknown entry " + unknown);
            checkLengths();
            completeWeights();
            checkLimits();
        }

        /** Checks that the file ends with the checksum of all that precedes it. */
        private void checkSeal() {
            int content = Math.max(0, bytes.length - TAIL);
            CRC32 crc = new CRC32();
            crc.update(bytes, 0, content);
            StringBuilder tail = new StringBuilder(CHECKSUM).append(" \"");
            appendHex(tail, crc.getValue(), 8);
            byte[] expected = tail.append("\"\n}\n").toString().getBytes(StandardCharsets.US_ASCII);
            byte[] found = Arrays.copyOfRange(bytes, content, bytes.length);
            boolean equal = Arrays.equals(found, expected);
            demand(equal, "checksum", "the file is cut short, or not what was written; copy it again");
        }

        private void readEntry(String key) {
            switch (key) {
                case "format":
                    json.demand(json.string().equals(FORMAT), "is not " + FORMAT);
                    break;
                case "version":
                    readVersion();
                    break;
                case "requires":
                    json.open('[');
                    if (json.more(']')) {
                        throw json.refusal("this scorer does not know " + quoted(json.string()) + "; use a newer one");
                    }
                    break;
                case "provenance":
                    readProvenance();
                    break;
                case "labels":
                    readLabels();
                    break;
                case "tokens":
                    readTokens();
                    break;
                case "norm":
                    String norm = json.string();
                    l2 = norm.equals("l2");
                    json.demand(l2 || norm.equals("none"), "is neither l2 nor none");
                    break;
                case "characters":
                    readCharacters();
                    break;
                case "terms":
                    terms = json.names();
                    json.demand(terms.size > 0, "is empty");
                    break;
                case "self_test":
                    readSelfTest();
                    break;
                case "checksum":
                    json.demand(json.at == bytes.length - TAIL + CHECKSUM.length(), "is not the last entry");
                    json.string();
                    break;
                default:
                    readNumbers(key);
            }
        }

        private void readNumbers(String key) {
            switch (key) {
                case "shifts":
                    readShifts();
                    break;
                case "limits":
                    readLimits();
                    break;
                case "term_frequency":
                    termFrequency = json.integers(1, MOST_TF);
                    checkTable(termFrequency);
                    json.demand(termFrequency.length > 0, "is empty");
                    break;
                case "term_frequency_squared":
                    termFrequencySquared = json.integers(1, Integer.MAX_VALUE);
                    checkTable(termFrequencySquared);
                    break;
                case "biases":
                    biases = json.longs(-MOST_BIAS, MOST_BIAS);
                    break;
                case "thresholds":
                    thresholds = json.longs(-MOST_BIAS, MOST_BIAS);
                    break;
                case "idf_squared":
                    idfSquared = json.integers(0, Integer.MAX_VALUE);
                    break;
                case "weights":
                    json.open('[');
                    while (json.more(']')) {
                        weights.add(json.integers(-Integer.MAX_VALUE, Integer.MAX_VALUE));
                    }
                    break;
                default:
                    unknown = quoted(key);
                    json.entry = unknown;
                    json.skip(Json.MOST_DEPTH);
            }
        }

        private void readVersion() {
            String version = json.string();
            String major = MAJOR + ".";
            int from = major.length();
            boolean known = version.startsWith(major) && version.length() > from && version.length() < from + 9;
            known = known && (version.charAt(from) != '0' || version.length() == from + 1);
            for (int i = from; known && i < version.length(); i++) {
                known = version.charAt(i) >= '0' && version.charAt(i) <= '9';
                minor = 10 * minor + version.charAt(i) - '0';
            }
            json.demand(known, quoted(version) + " is not " + MAJOR + ".x; use a scorer of that version");
        }

        private void readProvenance() {
            Set<String> seen = new HashSet<String>();
            json.open('{');
            while (json.key(seen) != null) {
                if (json.peek() != '{') {
                    json.scalar();
                    continue;
                }
                Set<String> inner = new HashSet<String>();
                json.open('{');
                while (json.key(inner) != null) {
                    json.string();
                }
            }
        }

        private void readLabels() {
            labels = json.names().toList();
            json.demand(labels.size() >= 2, "holds fewer than two");
            json.demand(new HashSet<String>(labels).size() == labels.size(), "holds one twice");
        }

        private void readTokens() {
            Set<String> seen = new HashSet<String>();
            json.open('{');
            for (String key = json.key(seen); key != null; key = json.key(seen)) {
                switch (key) {
                    case "min_token":
                        minToken = (int) json.integer(1, 1000);
                        break;
                    case "ngrams":
                        int[] bounds = json.integers(1, 8);
                        json.demand(bounds.length == 2 && bounds[0] <= bounds[1], "ngrams: not [lowest, highest]");
                        lowest = bounds[0];
                        highest = bounds[1];
                        break;
                    case "stop_words":
                        stopWords = json.names();
                        break;
                    default:
                        throw json.unknown(key);
                }
            }
            json.complete(seen, "min_token", "ngrams", "stop_words");
        }

        private void readShifts() {
            Set<String> seen = new HashSet<String>();
            json.open('{');
            for (String key = json.key(seen); key != null; key = json.key(seen)) {
                switch (key) {
                    case "score":
                        scoreShift = (int) json.integer(-MOST_SHIFT, MOST_SHIFT);
                        break;
                    case "bias":
                        biasShift = (int) json.integer(-MOST_SHIFT, MOST_SHIFT);
                        break;
                    default:
                        throw json.unknown(key);
                }
            }
            json.complete(seen, "score", "bias");
        }

        private void readLimits() {
            Set<String> seen = new HashSet<String>();
            json.open('{');
            for (String key = json.key(seen); key != null; key = json.key(seen)) {
                switch (key) {
                    case "S":
                        limitS = json.integer(0, MOST_EXACT);
                        break;
                    case "N":
                        limitN = json.integer(0, MOST_EXACT);
                        break;
                    default:
                        throw json.unknown(key);
                }
            }
            json.complete(seen, "S", "N");
        }

        private void readCharacters() {
            Ranges replace = null;
            Ranges drop = null;
            Ranges shift = null;
            Ranges keep = null;
            Strings replacements = new Strings(0, MOST_ELEMENTS);
            Set<String> seen = new HashSet<String>();
            json.open('{');
            for (String key = json.key(seen); key != null; key = json.key(seen)) {
                switch (key) {
                    case "replace":
                        replace = readRanges(2, replacements);
                        break;
                    case "drop":
                        drop = readRanges(2, null);
                        break;
                    case "shift":
                        shift = readRanges(4, null);
                        break;
                    case "keep":
                        keep = readRanges(2, null);
                        break;
                    default:
                        throw json.unknown(key);
                }
            }
            json.complete(seen, "replace", "drop", "shift", "keep");
            replacements.trim();
            for (int i = 0; i < replacements.size; i++) {
                longestReplacement = Math.max(longestReplacement, replacements.ends[i] - replacements.start(i));
            }
            characters = new CharacterMap(replace, replacements, drop, shift, keep);
        }

        /** Reads ranges of {@code width} integers; with {@code strings}, each ends with a string, which goes there. */
        private Ranges readRanges(int width, Strings strings) {
            int[] values = new int[16];
            int size = 0;
            json.open('[');
            while (json.more(']')) {
                if (size == values.length) {
                    values = Arrays.copyOf(values, 2 * size);
                }
                json.open('[');
                for (int i = 0; i < width; i++) {
                    json.demand(json.more(']'), "a range is too short");
                    values[size + i] = (int) json.integer(i < 3 ? 0 : -LAST_CODE_POINT, LAST_CODE_POINT);
                }
                if (strings != null) {
                    json.demand(json.more(']'), "a range has no string");
                    json.name(strings);
                }
                json.demand(!json.more(']'), "a range is too long");
                checkRange(values, size, width);
                size += width;
            }
            return new Ranges(width, Arrays.copyOf(values, size));
        }

        private void checkRange(int[] values, int at, int width) {
            int first = values[at];
            int last = values[at + 1];
            json.demand(first <= last, "a range ends before it begins");
            json.demand(at == 0 || values[at - width + 1] < first, "the ranges overlap or do not ascend");
            if (width == 4) {
                int from = first + values[at + 3];
                int to = last + values[at + 3];
                json.demand(values[at + 2] > 0, "a step is 0");
                json.demand(from >= 0 && to <= LAST_CODE_POINT, "a delta leaves the code points");
                json.demand(to < Character.MIN_SURROGATE || from > Character.MAX_SURROGATE, "a delta hits surrogates");
            }
        }

        private void readSelfTest() {
            json.open('[');
            while (json.more(']')) {
                Vector vector = new Vector();
                Set<String> seen = new HashSet<String>();
                json.open('{');
                for (String key = json.key(seen); key != null; key = json.key(seen)) {
                    readVector(vector, key);
                }
                json.complete(seen, "text", "tokens", "S", "N", "scores", "label");
                selfTest.add(vector);
            }
            json.demand(!selfTest.isEmpty(), "is empty");
        }

        private void readVector(Vector vector, String key) {
            switch (key) {
                case "text":
                    vector.text = readUnits();
                    break;
                case "tokens":
                    vector.tokens = readStrings();
                    break;
                case "S":
                    vector.sums = json.longs(-MOST_EXACT, MOST_EXACT);
                    break;
                case "N":
                    vector.norm = json.integer(0, MOST_EXACT);
                    break;
                case "scores":
                    vector.scores = readBits();
                    break;
                case "label":
                    vector.label = json.string();
                    break;
                default:
                    throw json.unknown(key);
            }
        }

        private List<String> readStrings() {
            List<String> strings = new ArrayList<String>();
            json.open('[');
            while (json.more(']')) {
                strings.add(json.string());
            }
            return strings;
        }

        private String readUnits() {
            String digits = json.string();
            json.demand(digits.length() % 4 == 0, "a text is not UTF-16 units of four digits");
            char[] units = new char[digits.length() / 4];
            for (int i = 0; i < units.length; i++) {
                units[i] = (char) readHex(digits, 4 * i, 4);
            }
            return new String(units);
        }

        private long[] readBits() {
            long[] bits = new long[2];
            int size = 0;
            json.open('[');
            while (json.more(']')) {
                String digits = json.string();
                json.demand(digits.length() == 16, "a score is not 16 digits");
                bits = size < bits.length ? bits : Arrays.copyOf(bits, 2 * size);
                bits[size++] = readHex(digits, 0, 16);
            }
            return Arrays.copyOf(bits, size);
        }

        private long readHex(String digits, int from, int length) {
            long value = 0;
            for (int i = from; i < from + length; i++) {
                int digit = hexDigit(digits.charAt(i));
                json.demand(digit >= 0, "not lower-case hexadecimal digits");
                value = value << 4 | digit;
            }
            return value;
        }

        private void checkTable(int[] table) {
            json.demand(table.length <= 65536, "holds more than 65,536 integers");
            for (int i = 1; i < table.length; i++) {
                json.demand(table[i - 1] <= table[i], "an integer is below the previous one");
            }
        }

        private void checkLengths() {
            int k = labels.size();
            checkLength("biases", biases.length, k);
            checkLength("thresholds", thresholds.length, k);
            checkLength("term_frequency_squared", termFrequencySquared.length, l2 ? termFrequency.length : 0);
            checkLength("idf_squared", idfSquared.length, l2 ? terms.size : 0);
            checkLength("weights", weights.size(), k - 1);
            for (int[] row : weights) {
                checkLength("weights: a row", row.length, terms.size);
            }
            for (int i = 0; i < selfTest.size(); i++) {
                checkLength("self_test." + i + ".S", selfTest.get(i).sums.length, k);
                checkLength("self_test." + i + ".scores", selfTest.get(i).scores.length, k);
            }
            checkSelfTestUnits();
        }

        private void checkSelfTestUnits() {
            long units = 0;
            for (Vector vector : selfTest) {
                units += vector.text.length();
            }
            demand(units * longestReplacement <= MOST_SELF_TEST, "self_test", "its texts become too long when mapped");
        }

        private static void checkLength(String entry, int length, int expected) {
            NightsieveScorer.demand(length == expected, entry, "has length " + length + " instead of " + expected);
        }

        /** Returns the last label's row, which is minus the sum of the others. */
        private void completeWeights() {
            int[] last = new int[terms.size];
            for (int t = 0; t < last.length; t++) {
                long sum = 0;
                for (int[] row : weights) {
                    sum += row[t];
                }
                demand(Math.abs(sum) <= Integer.MAX_VALUE, "weights", "one of the last label's is beyond 2^31 - 1");
                last[t] = (int) -sum;
            }
            weights.add(last);
        }

        private void checkLimits() {
            long largest = 0;
            for (int[] row : weights) {
                largest = Math.max(largest, sumOfSizes(row));
            }
            checkLimit("S", limitS, largest, termFrequency[termFrequency.length - 1]);
            if (l2) {
                checkLimit("N", limitN, sumOfSizes(idfSquared), termFrequencySquared[termFrequencySquared.length - 1]);
            } else {
                checkLimit("N", limitN, 1, 1);
            }
        }

        private static void checkLimit(String name, long said, long sum, int factor) {
            demand(sum <= MOST_EXACT / factor, "limits", "the terms make " + name + " larger than 2^53 - 1");
            demand(said == sum * factor, "limits", name + " is " + said + ", but the terms make it " + sum * factor);
        }

        private static long sumOfSizes(int[] values) {
            long sum = 0;
            for (int value : values) {
                sum += Math.abs((long) value);
            }
            return sum;
        }

        private static void demand(boolean holds, String entry, String otherwise) {
            NightsieveScorer.demand(holds, entry, otherwise);
        }
    }

    /** Reads the bytes of a file as the JSON that the format allows. A refusal names the entry and the byte. */
    private static final class Json {
        static final int MOST_DEPTH = 100;

        /** The entry that is being read, for the reasons of refusals. */
        String entry = "the file";
        /** The next byte. */
        int at;
        private final byte[] bytes;
        private final Strings scratch = new Strings(64, MOST_ELEMENTS);
        /** Whether an object or array has just been opened, so that no comma comes before its next member. */
        private boolean opened;

        Json(byte[] bytes) {
            this.bytes = bytes;
        }

        RefusedException refusal(String reason) {
            return new RefusedException(entry + ": " + reason + " (before byte " + at + ")");
        }

        RefusedException unknown(String key) {
            return refusal("holds the unknown entry " + quoted(key));
        }

        void demand(boolean holds, String otherwise) {
            if (!holds) {
                throw refusal(otherwise);
            }
        }

        void complete(Set<String> seen, String... keys) {
            for (String key : keys) {
                demand(seen.contains(key), "lacks " + key);
            }
        }

        /** Returns the next byte that is not white space, without passing it; -1 at the end. */
        int peek() {
            while (at < bytes.length) {
                int next = bytes[at];
                if (next != ' ' && next != '\n' && next != '\r' && next != '\t') {
                    return next;
                }
                at++;
            }
            return -1;
        }

        void end() {
            demand(peek() == -1, "there is more after the end");
        }

        void open(char bracket) {
            expect(bracket);
            opened = true;
        }

        /** Reads a comma and returns true if a member follows; else reads the closing bracket. */
        boolean more(char bracket) {
            boolean first = opened;
            opened = false;
            if (peek() == bracket) {
                at++;
                return false;
            }
            if (!first) {
                expect(',');
            }
            return true;
        }

        /** Reads the next key of an object and its colon; or the closing bracket, and returns null. */
        String key(Set<String> seen) {
            if (!more('}')) {
                return null;
            }
            String key = string();
            if (!seen.add(key)) {
                throw refusal("holds " + quoted(key) + " twice");
            }
            expect(':');
            return key;
        }

        private void expect(char expected) {
            if (peek() != expected) {
                throw refusal("not JSON: " + expected + " is missing");
            }
            at++;
        }

        String string() {
            scratch.dropUnended();
            string(scratch);
            return new String(scratch.chars, 0, scratch.length);
        }

        /** Reads a non-empty string without a lone surrogate, and appends it to {@code strings}. */
        void name(Strings strings) {
            int start = strings.length;
            string(strings);
            demand(strings.length > start, "holds an empty string");
            for (int i = start; i < strings.length; i++) {
                if (Character.isSurrogate(strings.chars[i])) {
                    char high = strings.chars[i++];
                    boolean pair = i < strings.length && Character.isSurrogatePair(high, strings.chars[i]);
                    demand(pair, "holds a lone surrogate");
                }
            }
            strings.end();
        }

        Strings names() {
            Strings names = new Strings(64, MOST_ELEMENTS);
            open('[');
            while (more(']')) {
                name(names);
            }
            return names;
        }

        private void string(Strings sink) {
            expect('"');
            while (at < bytes.length) {
                int next = bytes[at++];
                if (next == '"') {
                    return;
                }
                demand(next >= ' ', "a string holds a control character, or what is not ASCII");
                sink.append(next == '\\' ? escaped() : (char) next);
            }
            throw refusal("ends within a string");
        }

        private char escaped() {
            int next = at < bytes.length ? bytes[at++] : -1;
            switch (next) {
                case '"':
                case '\\':
                case '/':
                    return (char) next;
                case 'b':
                    return '\b';
                case 'f':
                    return '\f';
                case 'n':
                    return '\n';
                case 'r':
                    return '\r';
                case 't':
                    return '\t';
                case 'u':
                    return unit();
                default:
                    throw refusal("a string holds an unknown escape");
            }
        }

        private char unit() {
            demand(bytes.length - at >= 4, "ends within a string");
            int unit = 0;
            for (int i = 0; i < 4; i++) {
                int next = bytes[at++];
                int digit = hexDigit(next >= 'A' && next <= 'F' ? next + 'a' - 'A' : next);
                demand(digit >= 0, "a string holds a broken \\u escape");
                unit = unit << 4 | digit;
            }
            return (char) unit;
        }

        long integer(long least, long most) {
            boolean negative = peek() == '-';
            int start = negative ? ++at : at;
            long value = 0;
            while (at < bytes.length && bytes[at] >= '0' && bytes[at] <= '9') {
                value = 10 * value + bytes[at++] - '0';
                demand(value <= MOST_EXACT, "holds an integer beyond 2^53 - 1");
            }
            demand(at > start, "an integer is missing");
            demand(bytes[start] != '0' || at == start + 1 && !negative, "has -0, or an integer with a leading zero");
            boolean ends = at == bytes.length || bytes[at] != '.' && bytes[at] != 'e' && bytes[at] != 'E';
            demand(ends, "holds a number with a fraction or an exponent");
            value = negative ? -value : value;
            if (value < least || value > most) {
                throw refusal(value + " is not from " + least + " to " + most);
            }
            return value;
        }

        int[] integers(int least, int most) {
            int[] values = new int[16];
            int size = 0;
            open('[');
            while (more(']')) {
                if (size == values.length) {
                    values = Arrays.copyOf(values, (int) Math.min(MOST_ELEMENTS, 2L * size));
                }
                values[size++] = (int) integer(least, most);
            }
            return Arrays.copyOf(values, size);
        }

        long[] longs(long least, long most) {
            long[] values = new long[4];
            int size = 0;
            open('[');
            while (more(']')) {
                if (size == values.length) {
                    values = Arrays.copyOf(values, (int) Math.min(MOST_ELEMENTS, 2L * size));
                }
                values[size++] = integer(least, most);
            }
            return Arrays.copyOf(values, size);
        }

        /** Reads a string or an integer, and forgets it. */
        void scalar() {
            if (peek() == '"') {
                string();
            } else {
                integer(-MOST_EXACT, MOST_EXACT);
            }
        }

        /** Reads any value, not nested more deeply than {@code depth}, and forgets it. */
        void skip(int depth) {
            int next = peek();
            demand(depth > 0, "is nested too deeply");
            if (next == '{') {
                Set<String> seen = new HashSet<String>();
                open('{');
                while (key(seen) != null) {
                    skip(depth - 1);
                }
            } else if (next == '[') {
                open('[');
                while (more(']')) {
                    skip(depth - 1);
                }
            } else {
                scalar();
            }
        }
    }

    /** Returns the value of a lower-case hexadecimal digit; -1 for any other byte. */
    private static int hexDigit(int digit) {
        if (digit >= '0' && digit <= '9') {
            return digit - '0';
        }
        return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
    }

    private static void appendHex(StringBuilder line, long value, int digits) {
        for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
            line.append("0123456789abcdef".charAt((int) (value >>> shift) & 15));
        }
    }

    /** Returns the string, or its beginning, for a reason. */
    private static String quoted(String string) {
        StringBuilder quoted = new StringBuilder();
        appendQuoted(quoted, string.length() <= 40 ? string : string.substring(0, 40) + "...");
        return quoted.toString();
    }

    /** Appends the string as JSON in ASCII. */
    private static void appendQuoted(StringBuilder line, String string) {
        line.append('"');
        for (int i = 0; i < string.length(); i++) {
            char unit = string.charAt(i);
            int escape = "\"\\\b\t\n\f\r".indexOf(unit);
            if (escape >= 0) {
                line.append('\\').append("\"\\btnfr".charAt(escape));
            } else if (unit >= ' ' && unit <= '~') {
                line.append(unit);
            } else {
                appendHex(line.append("\\u"), unit, 4);
            }
        }
        line.append('"');
    }

    /**
     * The command: scores the lines of standard input. Exits 2, with a reason on standard error, when the arguments,
     * the model or a line are refused.
     *
     * @param arguments the path of a model, and {@code --explain} for explanations
     */
    public static void main(String[] arguments) {
        OutputStream out = new FileOutputStream(FileDescriptor.out);
        System.exit(new Command(System.in, out, System.err).run(arguments));
    }

    /** The command, with its streams. */
    private static final class Command {
        private static final String USAGE = "usage: java NightsieveScorer.java MODEL.json [--explain] < TEXTS";
        private static final String MALFORMED = "not UTF-16 units of four lower-case hexadecimal digits each";

        private final InputStream in;
        private final OutputStream out;
        private final PrintStream err;
        private final byte[] input = new byte[1 << 16];
        private int inputAt;
        private int inputEnd;
        private char[] units = new char[256];
        private final StringBuilder line = new StringBuilder();

        Command(InputStream in, OutputStream out, PrintStream err) {
            this.in = in;
            this.out = new BufferedOutputStream(out, 1 << 16);
            this.err = err;
        }

        /** Scores, and returns the exit code. */
        int run(String[] arguments) {
            String path = null;
            boolean explain = false;
            for (String argument : arguments) {
                if (argument.equals("--explain") && !explain) {
                    explain = true;
                } else if (path == null && !argument.startsWith("--")) {
                    path = argument;
                } else {
                    return refuse(USAGE);
                }
            }
            return path == null ? refuse(USAGE) : run(path, explain);
        }

        private int run(String path, boolean explain) {
            NightsieveScorer scorer;
            try (InputStream model = new FileInputStream(path)) {
                scorer = load(model);
            } catch (IOException error) {
                return refuse(path + ": cannot be read: " + error.getMessage());
            } catch (RefusedException refused) {
                return refuse(path + ": " + refused.getMessage());
            }
            try {
                return scoreLines(scorer, explain);
            } catch (IOException error) {
                String reason = String.valueOf(error.getMessage());
                // The reader has gone, as `head` does. Java reports it only by the system's message.
                return reason.contains("pipe") ? 0 : refuse("standard input or output: " + reason);
            }
        }

        private int refuse(String reason) {
            err.print(reason + "\n");
            err.flush();
            return 2;
        }

        private int scoreLines(NightsieveScorer scorer, boolean explain) throws IOException {
            long number = 1;
            try {
                for (String text = readLine(); text != null; text = readLine()) {
                    line.setLength(0);
                    if (explain) {
                        appendExplanation(scorer.explain(text));
                    } else {
                        appendResult(scorer.evaluate(text));
                    }
                    out.write(line.append('\n').toString().getBytes(StandardCharsets.US_ASCII));
                    number++;
                }
            } catch (IllegalArgumentException refused) {
                out.flush();
                return refuse("line " + number + ": " + refused.getMessage());
            }
            out.flush();
            return 0;
        }

        /** Returns the next line's text, null at the end of the input; IllegalArgumentException if it is not a text. */
        private String readLine() throws IOException {
            int next = read();
            if (next < 0) {
                return null;
            }
            int length = 0;
            for (; !endsLine(next) && next != '\r'; next = read()) {
                int unit = hexDigit(next);
                for (int i = 1; i < 4 && unit >= 0; i++) {
                    int digit = hexDigit(read());
                    unit = digit < 0 ? -1 : unit << 4 | digit;
                }
                if (unit < 0) {
                    throw new IllegalArgumentException(MALFORMED);
                }
                if (length == units.length) {
                    units = Arrays.copyOf(units, (int) Math.min(MOST_ELEMENTS, 2L * length));
                }
                units[length++] = (char) unit;
            }
            if (next == '\r' && !endsLine(read())) {
                throw new IllegalArgumentException(MALFORMED);
            }
            return new String(units, 0, length);
        }

        private static boolean endsLine(int next) {
            return next < 0 || next == '\n';
        }

        private int read() throws IOException {
            if (inputAt == inputEnd) {
                inputAt = 0;
                inputEnd = Math.max(0, in.read(input));
            }
            return inputEnd == 0 ? -1 : input[inputAt++] & 0xFF;
        }

        private void appendResult(Result result) {
            line.append("{\"tokens\":[");
            for (int i = 0; i < result.tokens.size(); i++) {
                appendQuoted(comma(i), result.tokens.get(i));
            }
            line.append("],\"S\":[");
            for (int k = 0; k < result.sums.length; k++) {
                comma(k).append(result.sums[k]);
            }
            line.append("],\"N\":").append(result.norm).append(",\"scores\":[");
            for (int k = 0; k < result.scores.length; k++) {
                comma(k);
                appendDouble(result.scores[k]);
            }
            line.append("],\"label\":");
            appendQuoted(line, result.label);
            line.append('}');
        }

        private void appendExplanation(Explanation explanation) {
            appendQuoted(line.append("{\"label\":"), explanation.label);
            appendQuoted(line.append(",\"decision\":"), explanation.decision);
            appendQuoted(line.append(",\"runner_up\":"), explanation.runnerUp);
            line.append(",\"bias\":");
            appendDouble(explanation.bias);
            line.append(",\"terms\":[");
            for (int i = 0; i < explanation.terms.size(); i++) {
                Term term = explanation.terms.get(i);
                appendQuoted(comma(i).append('['), term.term);
                line.append(',').append(term.count).append(',');
                appendDouble(term.advantage);
                line.append(']');
            }
            line.append("]}");
        }

        private StringBuilder comma(int i) {
            return i == 0 ? line : line.append(',');
        }

        private void appendDouble(double value) {
            line.append('"');
            appendHex(line, Double.doubleToRawLongBits(value), 16);
            line.append('"');
        }
    }
}
