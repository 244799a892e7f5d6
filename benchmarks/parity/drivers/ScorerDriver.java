package benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.List;
import nightsieve.NightsieveScorer;

/** Drives the Java scorer: MODEL MESSAGES. */
final class ScorerDriver extends Driver {
    private final byte[] model;
    private final Path path;
    private NightsieveScorer scorer;
    private List<String> messages;

    private ScorerDriver(byte[] model, Path path) {
        this.model = model;
        this.path = path;
    }

    @Override
    void load() {
        scorer = NightsieveScorer.load(model);
    }

    @Override
    void prepare() throws IOException {
        if (messages == null) {
            messages = Files.readAllLines(path, StandardCharsets.US_ASCII);
            messages.replaceAll(ScorerDriver::decode);
        }
    }

    @Override
    int labels() {
        return scorer.labels().size();
    }

    @Override
    int label(int message) {
        return scorer.labels().indexOf(scorer.label(messages.get(message)));
    }

    @Override
    int evaluate(int message) {
        return scorer.labels().indexOf(scorer.evaluate(messages.get(message)).label());
    }

    private static String decode(String units) {
        char[] text = new char[units.length() / 4];
        for (int i = 0; i < text.length; i++) {
            text[i] = (char) Integer.parseInt(units.substring(4 * i, 4 * i + 4), 16);
        }
        return new String(text);
    }

    public static void main(String[] arguments) throws IOException {
        new ScorerDriver(Files.readAllBytes(Paths.get(arguments[0])), Paths.get(arguments[1])).run();
    }
}
