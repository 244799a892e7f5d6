package benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** What the drivers in Java share: the lines of standard input; see README.md. */
abstract class Driver {
    /** Loads the model; timed. */
    abstract void load() throws IOException;

    /** Reads the messages if that has not been done; not timed. */
    abstract void prepare() throws IOException;

    /** How many labels there are. */
    abstract int labels();

    /** The place of a message's label; timed. */
    abstract int label(int message);

    /** The same with all that can be had; timed. */
    abstract int evaluate(int message);

    final void run() throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            if (words[0].equals("load")) {
                long begun = System.nanoTime();
                load();
                System.out.println(System.nanoTime() - begun);
            } else {
                prepare();
                System.out.println(tally(words[0].equals("label"), Integer.parseInt(words[1])));
            }
        }
    }

    private String tally(boolean labelAlone, int count) {
        int[] found = new int[labels()];
        long begun = System.nanoTime();
        for (int i = 0; i < count; i++) {
            found[labelAlone ? label(i) : evaluate(i)]++;
        }
        StringBuilder answer = new StringBuilder().append(System.nanoTime() - begun);
        for (int n : found) {
            answer.append(' ').append(n);
        }
        return answer.toString();
    }
}
