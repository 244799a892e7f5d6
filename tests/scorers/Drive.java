package nightsieve;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;

/**
 * Loads many models by many Java scorers in one process: {@code java nightsieve.Drive TEXTS < JOBS}. drive.py says what
 * it does; here a scorer is a package, which has a driver of its own.
 */
public final class Drive {
    private Drive() {
    }

    public static void main(String[] arguments) throws IOException, ReflectiveOperationException {
        List<String> texts = new ArrayList<>();
        for (String line : Files.readAllLines(Paths.get(arguments[0]), StandardCharsets.US_ASCII)) {
            texts.add(decoded(line));
        }
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        BufferedReader jobs = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String job = jobs.readLine(); job != null; job = jobs.readLine()) {
            String[] words = job.split("\t");
            byte[] model = Files.readAllBytes(Paths.get(words[1]));
            Class<?> driver = Class.forName(words[0] + ".Drive");
            out.println(driver.getMethod("outcome", byte[].class, List.class).invoke(null, model, texts));
        }
    }

    /** Returns the answer to a job. */
    public static String outcome(byte[] model, List<String> texts) {
        try {
            NightsieveScorer scorer;
            try {
                scorer = NightsieveScorer.load(model);
            } catch (NightsieveScorer.RefusedException refused) {
                return "refused " + refused.getMessage();
            }
            List<String> lines = new ArrayList<>();
            for (String text : texts) {
                String whole = evaluated(scorer.evaluate(text)) + "/" + explained(scorer.explain(text));
                lines.add(whole + "/" + called(scorer, text));
            }
            return "scored " + String.join(";", lines);
        } catch (RuntimeException | Error crash) {
            return "CRASH " + crash.getClass().getSimpleName();
        }
    }

    private static String evaluated(NightsieveScorer.Result result) {
        List<String> sums = new ArrayList<>();
        for (long sum : result.S()) {
            sums.add(Long.toString(sum));
        }
        List<String> scores = new ArrayList<>();
        for (double score : result.scores()) {
            scores.add(bits(score));
        }
        return String.join(" ", listed(result.tokens()), String.join(",", sums), Long.toString(result.N()),
            String.join(",", scores), units(result.label()));
    }

    private static String explained(NightsieveScorer.Explanation why) {
        List<String> terms = new ArrayList<>();
        for (NightsieveScorer.Term term : why.terms()) {
            terms.add(units(term.term()) + ":" + term.count() + ":" + bits(term.advantage()));
        }
        return String.join(" ", units(why.label()), units(why.decision()), units(why.runnerUp()), bits(why.bias()),
            String.join(",", terms));
    }

    private static String called(NightsieveScorer scorer, String text) {
        double[] found = scorer.scores(text);
        List<String> scores = new ArrayList<>();
        for (int k = 0; k < found.length; k++) {
            scores.add(units(scorer.labels().get(k)) + ":" + bits(found[k]));
        }
        return String.join(" ", listed(scorer.tokens(text)), String.join(",", scores), units(scorer.label(text)),
            units(scorer.label(text, true)));
    }

    private static String listed(List<String> strings) {
        List<String> listed = new ArrayList<>();
        for (String string : strings) {
            listed.add(units(string));
        }
        return String.join(",", listed);
    }

    private static String decoded(String line) {
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < line.length(); at += 4) {
            text.append((char) Integer.parseInt(line.substring(at, at + 4), 16));
        }
        return text.toString();
    }

    private static String units(String text) {
        StringBuilder digits = new StringBuilder();
        for (int at = 0; at < text.length(); at++) {
            digits.append(String.format("%04x", (int) text.charAt(at)));
        }
        return digits.toString();
    }

    private static String bits(double number) {
        return String.format("%016x", Double.doubleToRawLongBits(number));
    }
}
