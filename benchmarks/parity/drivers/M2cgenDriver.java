package benchmarks;

import generated.Model;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;

/**
 * Drives what m2cgen generated: TERMS VECTORS. Its messages are tf-idf vectors, little-endian: the number of entries,
 * their indices (int), their values (double). Copying them into the dense array that the generated code reads is timed.
 */
final class M2cgenDriver extends Driver {
    private final double[] input;
    private final Path path;
    private int labels;
    private int[][] indices;
    private double[][] values;

    private M2cgenDriver(int terms, Path path) {
        this.input = new double[terms];
        this.path = path;
    }

    @Override
    void load() {
        labels = Model.score(input).length;
    }

    @Override
    void prepare() throws IOException {
        if (indices != null) {
            return;
        }
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        int messages = bytes.getInt();
        indices = new int[messages][];
        values = new double[messages][];
        for (int message = 0; message < messages; message++) {
            int entries = bytes.getInt();
            indices[message] = new int[entries];
            values[message] = new double[entries];
            for (int i = 0; i < entries; i++) {
                indices[message][i] = bytes.getInt();
            }
            for (int i = 0; i < entries; i++) {
                values[message][i] = bytes.getDouble();
            }
        }
    }

    @Override
    int labels() {
        return labels;
    }

    @Override
    int label(int message) {
        int[] index = indices[message];
        double[] value = values[message];
        for (int i = 0; i < index.length; i++) {
            input[index[i]] = value[i];
        }
        double[] scores = Model.score(input);
        int best = 0;
        for (int k = 1; k < scores.length; k++) {
            if (scores[k] > scores[best]) {
                best = k;
            }
        }
        for (int i : index) {
            input[i] = 0;
        }
        return best;
    }

    @Override
    int evaluate(int message) {
        return label(message);
    }

    public static void main(String[] arguments) throws IOException {
        new M2cgenDriver(Integer.parseInt(arguments[0]), Paths.get(arguments[1])).run();
    }
}
