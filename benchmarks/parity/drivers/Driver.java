package benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** Reads the lines of standard input and answers them; see README.md. */
abstract class Driver {
    /** Loads the model. It is timed. */
    abstract void load() throws IOException;

    /** Reads the messages, the first time. It is not timed. */
    abstract void prepare() throws IOException;

    /** Returns the number of labels. */
    abstract int labels();

    /** Returns the index of a message's label. It is timed. */
    abstract int label(int message);

    /** Returns the same, and finds tokens, sums and scores as well. It is timed. */
    abstract int evaluate(int message);

    final void run() throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            if (words[0].equals("load")) {
                long started = System.nanoTime();
                load();
                System.out.println(System.nanoTime() - started);
            } else {
                prepare();
                System.out.println(tally(words[0].equals("label"), Integer.parseInt(words[1])));
            }
        }
    }

    private String tally(boolean labelAlone, int count) {
        int[] counts = new int[labels()];
        long started = System.nanoTime();
        for (int i = 0; i < count; i++) {
            counts[labelAlone ? label(i) : evaluate(i)]++;
        }
        StringBuilder answer = new StringBuilder().append(System.nanoTime() - started);
        for (int n : counts) {
            answer.append(' ').append(n);
        }
        return answer.toString();
    }
}
